//! How good a model is on rows whose answers are known.

use super::curves::{precision_recall, residuals, roc};
use super::{at_port, categories, model_name};
use crate::engine::artifact::Answered;
use crate::engine::flow::batch::{Batch, Place, Said};
use crate::engine::flow::value::{TableValue, TrainedModel, Value, short};
use crate::engine::flow::work::{Begun, Ran, RunResult, Work};
use crate::engine::protocol::ModelScores;
use crate::kind::{Chart, Finding, Given, Listing, Mark, Report};
use crate::metric::told;
use crate::model::Target;
use crate::numeric::{count, sort_few_by_key};
use crate::table::Table;
use std::sync::Arc;

struct Evaluating {
    model: Arc<TrainedModel>,
    table: Arc<Table>,
    answered: Answered,
    threshold: Option<f64>,
    /// Rows × outputs.
    predicted: Vec<f64>,
    done: usize,
    findings: Vec<Finding>,
}

/// # Errors
/// A table that does not suit or has no answers; a threshold that cannot be.
pub(in crate::engine::flow) fn evaluate(
    model: Arc<TrainedModel>,
    table: TableValue,
    given: &Given<'_>,
) -> Result<Begun, Vec<Finding>> {
    let artifact = &model.artifact;
    let threshold = given.number("threshold");
    let options = crate::engine::PredictOptions { threshold, ..Default::default() };
    artifact.check_options(&options).map_err(|d| vec![Finding::at_param("threshold", d)])?;
    let mut found = artifact.check(&table.table).map_err(at_port("table"))?;
    let answered = artifact.answered(&table.table).map_err(at_port("table"))?;
    found.extend(answered.diagnostics.iter().cloned());
    let known = answered.known(&table.table).map_or(table.table, Arc::new);
    Ok(Begun::Long(Box::new(Evaluating {
        model,
        table: known,
        answered,
        threshold,
        predicted: Vec::new(),
        done: 0,
        findings: found.into_iter().map(|d| Finding::at_port("table", d)).collect(),
    })))
}

impl Work for Evaluating {
    fn batch(&mut self, place: Place) -> Option<Batch> {
        let (done, table) = (self.done, &self.table);
        (done < table.rows).then(|| Batch {
            rows: done..table.rows.min(done + place.rows(table)),
            ..Batch::whole(&self.model, table.clone())
        })
    }

    fn take(&mut self, said: Said) -> Result<(), Vec<Finding>> {
        self.predicted.extend(said.values);
        self.done = self.predicted.len() / self.model.artifact.header().outputs().max(1);
        Ok(())
    }

    fn finish(&mut self) -> RunResult {
        let scores = self.scores()?;
        let report = self.report(&scores);
        let findings = std::mem::take(&mut self.findings);
        let values = vec![Value::Scores(Arc::new(vec![scores])), Value::Report(Arc::new(report))];
        Ok(Ran { values, findings })
    }

    fn share(&self) -> f64 {
        self.done as f64 / self.table.rows.max(1) as f64
    }
}

impl Evaluating {
    fn scores(&self) -> Result<ModelScores, Vec<Finding>> {
        let header = self.model.artifact.header();
        let judged = self
            .model
            .artifact
            .judge(&self.answered, &self.predicted, self.threshold)
            .map_err(at_port("table"))?;
        let mut metrics = judged.scores;
        sort_few_by_key(&mut metrics, |m| m.id != header.metric);
        let rows = self.answered.rows.len() as u64;
        Ok(ModelScores {
            model: model_name(&header.request),
            on: format!("{} rows of the table", count(rows)),
            rows,
            metrics,
            classes: header.classes.clone(),
            confusion: judged.confusion,
            interval: None,
        })
    }

    fn report(&self, scores: &ModelScores) -> Report {
        let header = self.model.artifact.header();
        let rows = scores.metrics.iter().map(|m| vec![m.title.clone(), told(&m.id, m.score, short)]);
        let metrics = Listing {
            title: "Scores".to_owned(),
            columns: vec!["Metric".to_owned(), "Score".to_owned()],
            numeric: vec![false, true],
            rows: rows.collect(),
        };
        let charts = match &self.answered.target {
            Target::Values(actual) => residuals(actual, &self.predicted),
            Target::Classes { codes, classes } => vec![
                roc(codes, &self.predicted, *classes, &header.classes),
                precision_recall(codes, &self.predicted, *classes, &header.classes),
                confusion(scores),
            ],
        };
        Report {
            title: format!("{} on {}", scores.model, scores.on),
            text: Vec::new(),
            charts,
            listings: vec![metrics],
        }
    }
}

/// Actual classes upwards, predicted ones along.
fn confusion(scores: &ModelScores) -> Chart {
    let classes = scores.classes.len();
    let cells = scores.confusion.iter().enumerate();
    let cells = cells.map(|(i, n)| ((i % classes.max(1)) as u32, (i / classes.max(1)) as u32, *n as f64));
    Chart {
        title: "Which class is taken for which".to_owned(),
        x: categories("Predicted", scores.classes.clone()),
        y: categories("Actual", scores.classes.clone()),
        marks: vec![Mark::Cells { name: "Rows".to_owned(), cells: cells.collect() }],
        note: String::new(),
    }
}
