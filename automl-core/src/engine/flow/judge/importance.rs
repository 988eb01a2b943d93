//! Permutation importance of the columns that a model reads (Breiman, 2001; Fisher, Rudin and Dominici, 2019): of raw
//! columns, through the model's own steps.

use super::trained::derived;
use super::{at_port, axis, bars, categories, sample};
use crate::engine::artifact::{Answered, numbers, texts};
use crate::engine::flow::batch::{Batch, Place, Said};
use crate::engine::flow::value::{TableValue, TrainedModel, Value};
use crate::engine::flow::work::{Begun, Ran, RunResult, Work};
use crate::kind::{Chart, Finding, Given, Listing, Mark, Report};
use crate::metric::{self, MetricSpec};
use crate::numeric::{Rng, figure, mean, sort_few_by, sum};
use crate::table::{Column, Table};
use std::sync::Arc;

const MOST_BARS: usize = 30;

struct Explaining {
    model: Arc<TrainedModel>,
    table: Arc<Table>,
    answered: Answered,
    metric: &'static MetricSpec,
    repeats: usize,
    seed: u64,
    /// Score with nothing shuffled, once it is known.
    whole: Option<f64>,
    /// Columns of the model that the table has.
    columns: Vec<String>,
    /// Orders of the rows for the column that is being shuffled; none: not begun.
    orders: Vec<Vec<u32>>,
    /// By how much the score is worse, of the shuffles of that column that are done.
    drops: Vec<f64>,
    /// (mean, standard deviation) of the loss of score, of the columns that are done.
    losses: Vec<(f64, f64)>,
    findings: Vec<Finding>,
}

/// # Errors
/// A table that does not suit or has no answers.
pub(in crate::engine::flow) fn importance(
    model: Arc<TrainedModel>,
    table: &Table,
    given: &Given<'_>,
) -> Result<Begun, Vec<Finding>> {
    let artifact = &model.artifact;
    let found = artifact.check(table).map_err(at_port("table"))?;
    let all = artifact.answered(table).map_err(at_port("table"))?;
    let most = given.integer("rows").and_then(|n| usize::try_from(n).ok()).unwrap_or(2_000);
    let seed = given.integer("seed").unwrap_or(0) as u64;
    let chosen: Vec<u32> =
        sample(all.rows.len(), most, seed).into_iter().map(|i| all.rows[i as usize]).collect();
    let table = table.take(&chosen);
    let answered = artifact.answered(&table).map_err(at_port("table"))?;
    let metric = metric::find(&artifact.header().metric);
    let fields = artifact.header().inputs.iter().map(|f| f.column.clone());
    let columns = fields.filter(|c| table.column(c).is_some()).collect();
    Ok(Begun::Long(Box::new(Explaining {
        metric: metric.unwrap_or_else(|| metric::default_for(answered.seen().actual.question())),
        repeats: given.integer("repeats").and_then(|n| usize::try_from(n).ok()).unwrap_or(5).max(1),
        model,
        table: Arc::new(table),
        answered,
        seed,
        whole: None,
        columns,
        orders: Vec::new(),
        drops: Vec::new(),
        losses: Vec::new(),
        findings: found.into_iter().map(|d| Finding::at_port("table", d)).collect(),
    })))
}

impl Explaining {
    /// `predicted`: of all rows, rows × outputs.
    fn score(&self, predicted: &[f64]) -> Result<f64, Vec<Finding>> {
        let judged = self.model.artifact.judge(&self.answered, predicted, None).map_err(at_port("table"))?;
        let score = judged.scores.iter().find(|s| s.id == self.metric.id).and_then(|s| s.score);
        score.ok_or_else(|| {
            let diagnostic = crate::diagnostic::Diagnostic::error(
                "importance.no_score",
                format!("{} has no value on these rows.", self.metric.title),
                "Give more rows, in which the answers differ.",
            );
            vec![Finding::at_port("table", diagnostic)]
        })
    }

    /// The rows in the orders of the next shuffles of a column, one below the other: as many as a batch is to have rows.
    fn shuffled(&mut self, number: usize, place: Place) -> Table {
        let rows = self.table.rows;
        if self.orders.is_empty() {
            let mut rng = Rng::for_stream(self.seed, &[0x1390, number as u64]);
            self.orders.resize_with(self.repeats, || {
                let mut order: Vec<u32> = (0..rows as u32).collect();
                rng.shuffle(&mut order);
                order
            });
        }
        let left = &self.orders[self.drops.len()..];
        let some = &left[..left.len().min((place.rows(&self.table) / rows.max(1)).max(1))];
        let as_they_are: Vec<u32> = some.iter().flat_map(|_| 0..rows as u32).collect();
        let shuffled = self.table.column_index(&self.columns[number]);
        let column = |(at, column): (usize, &Column)| {
            if shuffled == Some(at) { column.take(&some.concat()) } else { column.take(&as_they_are) }
        };
        let columns = self.table.columns.iter().enumerate().map(column).collect();
        Table { columns, rows: as_they_are.len() }
    }

    /// The column that is being shuffled is done: mean and standard deviation of what it loses.
    fn end_column(&mut self) {
        let losses = std::mem::take(&mut self.drops);
        self.orders.clear();
        let centre = mean(&losses);
        let squares: Vec<f64> = losses.iter().map(|l| (l - centre) * (l - centre)).collect();
        let sd = if losses.len() > 1 { (sum(&squares) / (losses.len() - 1) as f64).sqrt() } else { 0.0 };
        self.losses.push((centre, sd));
    }

    fn ran(&mut self) -> Ran {
        let mut all: Vec<(String, f64, f64)> = std::mem::take(&mut self.columns)
            .into_iter()
            .zip(&self.losses)
            .map(|(name, loss)| (name, loss.0, loss.1))
            .collect();
        sort_few_by(&mut all, |a, b| b.1.total_cmp(&a.1));
        let rows = all.len();
        let columns = vec![
            texts("column", all.iter().map(|a| a.0.clone()).collect()),
            numbers("importance", all.iter().map(|a| a.1).collect()),
            numbers("sd", all.iter().map(|a| a.2).collect()),
        ];
        let mut report = self.report(&all);
        let named = all.iter().filter(|a| a.1 > 0.0).filter_map(|a| self.table.column(&a.0));
        let alike = crate::explain::alike::notes(&named.collect::<Vec<_>>());
        let derived = derived(&self.model.artifact.header().request);
        report.text.extend(alike.iter().chain(&derived).map(|d| format!("{} {}", d.message, d.remedy)));
        let table = TableValue { table: Arc::new(Table { columns, rows }), read: Arc::default() };
        let findings = std::mem::take(&mut self.findings);
        Ran { values: vec![Value::Table(table), Value::Report(Arc::new(report))], findings }
    }

    fn report(&self, all: &[(String, f64, f64)]) -> Report {
        let shown = &all[..all.len().min(MOST_BARS)];
        let chart = Chart {
            title: "Which columns matter".to_owned(),
            x: categories("Column", shown.iter().map(|a| a.0.clone()).collect()),
            y: axis(&format!("Loss of {} when shuffled", self.metric.title)),
            marks: vec![Mark::Bars { name: "Importance".to_owned(), bars: bars(shown.iter().map(|a| a.1)) }],
            note: format!("Each column was shuffled {} times.", self.repeats),
        };
        let listing = Listing {
            title: "Importance".to_owned(),
            columns: ["Column", "Loss", "Spread"].map(str::to_owned).to_vec(),
            numeric: vec![false, true, true],
            rows: all.iter().map(|a| vec![a.0.clone(), figure(a.1), figure(a.2)]).collect(),
        };
        let text = format!(
            "With all columns as they are, {} is {}.",
            self.metric.title,
            figure(self.whole.unwrap_or(f64::NAN))
        );
        Report {
            title: "Importance".to_owned(),
            text: vec![text],
            charts: vec![chart],
            listings: vec![listing],
        }
    }
}

impl Work for Explaining {
    fn batch(&mut self, place: Place) -> Option<Batch> {
        let table = match self.losses.len() {
            _ if self.whole.is_none() => self.table.clone(),
            number if number < self.columns.len() => Arc::new(self.shuffled(number, place)),
            _ => return None,
        };
        Some(Batch::whole(&self.model, table))
    }

    fn take(&mut self, said: Said) -> Result<(), Vec<Finding>> {
        let Some(whole) = self.whole else {
            self.whole = Some(self.score(&said.values)?);
            return Ok(());
        };
        let cells = self.table.rows * self.model.artifact.header().outputs();
        for predicted in said.values.chunks(cells.max(1)) {
            let drop = whole - self.score(predicted)?;
            self.drops.push(if self.metric.greater_is_better { drop } else { -drop });
        }
        if self.drops.len() >= self.repeats {
            self.end_column();
        }
        Ok(())
    }

    fn finish(&mut self) -> RunResult {
        Ok(self.ran())
    }

    fn share(&self) -> f64 {
        let of_column = self.drops.len() as f64 / self.repeats as f64;
        (self.losses.len() as f64 + of_column) / self.columns.len().max(1) as f64
    }
}
