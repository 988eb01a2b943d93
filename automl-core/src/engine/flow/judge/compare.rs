//! Scores of several models side by side.

use super::{axis, bars, categories};
use crate::diagnostic::Diagnostic;
use crate::engine::artifact::{numbers, texts};
use crate::engine::flow::value::{TableValue, Value, short};
use crate::engine::flow::work::{Ran, RunResult};
use crate::engine::protocol::ModelScores;
use crate::kind::{Chart, Finding, Listing, Mark, Report};
use crate::numeric::sort_few_by;
use crate::table::Table;
use std::sync::Arc;

/// # Errors
/// Where there are no scores.
pub(in crate::engine::flow) fn compare(scores: &[ModelScores]) -> RunResult {
    let Some(leading) = scores.first().and_then(|s| s.metrics.first()).cloned() else {
        let diagnostic = Diagnostic::error(
            "compare.nothing",
            "There are no scores to compare.",
            "Connect the scores of learners, searches or evaluations.",
        );
        return Err(vec![Finding::at_port("scores", diagnostic)]);
    };
    let of = |s: &ModelScores, id: &str| s.metrics.iter().find(|m| m.id == id).and_then(|m| m.score);
    let mut all: Vec<&ModelScores> = scores.iter().collect();
    let sign = if leading.greater_is_better { -1.0 } else { 1.0 };
    let rank = |s: &ModelScores| of(s, &leading.id).map_or(f64::INFINITY, |x| sign * x);
    sort_few_by(&mut all, |a, b| rank(a).total_cmp(&rank(b)));
    // All metrics, in the order in which they are met.
    let mut metrics: Vec<(String, String)> = Vec::new();
    for m in all.iter().flat_map(|s| &s.metrics) {
        if metrics.iter().all(|known| known.0 != m.id) {
            metrics.push((m.id.clone(), m.title.clone()));
        }
    }
    let rows = all.len();
    let mut columns = vec![
        texts("model", all.iter().map(|s| s.model.clone()).collect()),
        texts("on", all.iter().map(|s| s.on.clone()).collect()),
        numbers("rows", all.iter().map(|s| s.rows as f64).collect()),
    ];
    for (id, _) in &metrics {
        columns.push(numbers(id, all.iter().map(|s| of(s, id).unwrap_or(f64::NAN)).collect()));
    }
    let names: Vec<String> = all.iter().map(|s| s.model.clone()).collect();
    let shown = |s: &&&ModelScores| of(s, &leading.id).is_some();
    let chart = Chart {
        title: leading.title.clone(),
        x: categories("Model", all.iter().filter(shown).map(|s| s.model.clone()).collect()),
        y: axis(&leading.title),
        marks: vec![Mark::Bars {
            name: leading.title.clone(),
            bars: bars(all.iter().filter_map(|s| of(s, &leading.id))),
        }],
        note: String::new(),
    };
    let better = if leading.greater_is_better { "greater" } else { "smaller" };
    let text = format!("Best by {} ({better} is better): {}.", leading.title, names[0]);
    let report = Report {
        title: "Comparison".to_owned(),
        text: vec![text],
        charts: vec![chart],
        listings: vec![listing(&all, &metrics)],
    };
    let table = TableValue { table: Arc::new(Table { columns, rows }), read: Arc::default() };
    let values = vec![Value::Report(Arc::new(report)), Value::Table(table)];
    Ok(Ran { values, findings: other_rows(&all).into_iter().collect() })
}

fn listing(all: &[&ModelScores], metrics: &[(String, String)]) -> Listing {
    let head = ["Model", "On"].map(str::to_owned).into_iter().chain(metrics.iter().map(|m| m.1.clone()));
    let row = |s: &&ModelScores| {
        let score = |id: &String| s.metrics.iter().find(|m| m.id == *id).and_then(|m| m.score);
        let scores = metrics.iter().map(|m| score(&m.0).map_or("–".to_owned(), short));
        [s.model.clone(), s.on.clone()].into_iter().chain(scores).collect()
    };
    Listing {
        title: "Scores".to_owned(),
        columns: head.collect(),
        numeric: (0..metrics.len() + 2).map(|i| i >= 2).collect(),
        rows: all.iter().map(row).collect(),
    }
}

fn other_rows(all: &[&ModelScores]) -> Option<Finding> {
    let first = all.first()?;
    let other = all.iter().find(|s| s.on != first.on || s.rows != first.rows)?;
    let diagnostic = Diagnostic::warning(
        "compare.other_rows",
        format!("Not all scores are of the same rows: {}, and {}.", first.on, other.on),
        "Evaluate all models on one table, so that their scores can be compared.",
    );
    Some(Finding::at_port("scores", diagnostic))
}
