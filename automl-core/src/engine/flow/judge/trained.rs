//! What a study gives to the ports of the node that ran it.

use super::{axis, bars, categories, model_name};
use crate::diagnostic::Diagnostic;
use crate::engine::flow::value::{TrainedModel, Value, short};
use crate::engine::protocol::{ModelScores, StudyRequest, Verdict};
use crate::engine::{Outcome, Scored};
use crate::kind::{Chart, Listing, Mark, Report};
use crate::metric;
use crate::numeric::{count, percent, sort_few_by_key};
use std::sync::Arc;

/// Columns of the chart of importance.
const MOST_BARS: usize = 20;

/// The values for a node with `ports` outputs: model, scores, and a report where there is a third.
pub(in crate::engine::flow) fn outputs(outcome: Outcome, ports: usize) -> Vec<Value> {
    let mut verdict = outcome.verdict;
    verdict.diagnostics.extend(derived(&outcome.artifact.header().request));
    let model = TrainedModel { artifact: outcome.artifact, board: outcome.board, verdict };
    let scores = Value::Scores(Arc::new(vec![scores(&model)]));
    let report = Value::Report(Arc::new(report(&model)));
    let mut all = vec![Value::Model(Arc::new(model)), scores, report];
    all.truncate(ports);
    all
}

/// What importance says of a model with steps of its own: it is of the columns that come into them.
pub(super) fn derived(request: &StudyRequest) -> Option<Diagnostic> {
    (!request.steps.is_empty()).then(|| {
        Diagnostic::info(
            "importance.derived",
            "Importance is of the columns as they come in, before the steps that are part of the model.",
            "What a step makes of a column is not listed by itself: it counts with the columns that it is made of.",
        )
    })
}

fn scored(id: &str, score: Option<f64>) -> Option<Scored> {
    let spec = metric::find(id)?;
    Some(Scored {
        id: spec.id.to_owned(),
        title: spec.title.to_owned(),
        greater_is_better: spec.greater_is_better,
        score,
    })
}

/// Scores on the locked rows; where there are none, the search's metric by cross-validation.
fn scores(model: &TrainedModel) -> ModelScores {
    let (verdict, header) = (&model.verdict, model.artifact.header());
    let locked = verdict.holdout.rows;
    let (on, rows, metrics): (String, u64, Vec<Scored>) = if locked > 0 {
        let of = |m: &(String, String, Option<f64>, Option<f64>)| scored(&m.0, m.2);
        let mut metrics: Vec<Scored> = verdict.metrics.iter().filter_map(of).collect();
        // What models were compared by comes first.
        sort_few_by_key(&mut metrics, |m| m.id != verdict.metric);
        (format!("{} rows that no model saw", count(locked)), locked, metrics)
    } else {
        let metrics = scored(&verdict.metric, header.board.best_score).into_iter().collect();
        (format!("cross-validation on {} rows", count(header.rows)), header.rows, metrics)
    };
    ModelScores {
        model: model_name(&header.request),
        on,
        rows,
        metrics,
        classes: verdict.classes.clone(),
        confusion: verdict.confusion.clone(),
        interval: verdict.holdout.low.zip(verdict.holdout.high),
    }
}

fn report(model: &TrainedModel) -> Report {
    let verdict = &model.verdict;
    let mut text = vec![verdict.sentence.clone(), verdict.explanation.clone()];
    text.extend(verdict.diagnostics.iter().map(|d| format!("{} {}", d.message, d.remedy)));
    Report {
        title: format!("Predicting {}", verdict.target),
        text,
        charts: importance(verdict).into_iter().collect(),
        listings: vec![members(verdict), metrics(verdict)],
    }
}

fn importance(verdict: &Verdict) -> Option<Chart> {
    let shown = &verdict.importance[..verdict.importance.len().min(MOST_BARS)];
    let names: Vec<String> = shown.iter().map(|i| i.column.clone()).collect();
    let bars = bars(shown.iter().map(|i| i.mean));
    (!shown.is_empty()).then(|| Chart {
        title: "Which columns matter".to_owned(),
        x: categories("Column", names),
        y: axis(&format!("Loss of {} when shuffled", verdict.metric_title)),
        marks: vec![Mark::Bars { name: "Importance".to_owned(), bars }],
        note: String::new(),
    })
}

fn members(verdict: &Verdict) -> Listing {
    Listing {
        title: "What the model consists of".to_owned(),
        columns: vec!["Model".to_owned(), "Share".to_owned()],
        numeric: vec![false, true],
        rows: verdict.members.iter().map(|(title, share)| vec![title.clone(), percent(*share)]).collect(),
    }
}

fn metrics(verdict: &Verdict) -> Listing {
    let row = |m: &(String, String, Option<f64>, Option<f64>)| {
        vec![m.1.clone(), metric::told(&m.0, m.2, short), metric::told(&m.0, m.3, short)]
    };
    Listing {
        title: "On rows that no model saw".to_owned(),
        columns: vec!["Metric".to_owned(), "Model".to_owned(), "Guessing".to_owned()],
        numeric: vec![false, true, true],
        rows: verdict.metrics.iter().map(row).collect(),
    }
}
