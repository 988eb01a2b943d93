//! `trellis check`

use super::drive::drive;
use super::fit::usable_threads;
use super::progress::Progress;
use super::{print, print_json};
use crate::args::CheckArgs;
use crate::failure::{Failure, warn};
use crate::{Done, reading};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{StudyRequest, Verdict};
use automl_core::engine::{SharedRows, prepare, shared_rows, target_info, with_shuffled_answers};
use automl_core::metric::{self, MetricSpec};
use automl_core::numeric::count;
use automl_core::table::{ReadOptions, Table, profile};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// One look at the data: whether it found something, and what.
struct Finding {
    name: &'static str,
    bad: bool,
    text: String,
}

/// Looks for what makes scores better than they will be: columns that give the answer away, rows that are there twice, and
/// answers that reach the models.
///
/// # Errors
/// Tables that cannot be read, or a target that cannot be predicted.
pub fn run(args: &CheckArgs, started: Instant) -> Done {
    let options = args.dialect.apply(ReadOptions::default());
    let (table, report) = reading::table(&args.data, args.dialect.query.as_deref(), &options)?;
    let next = report.options_for_next(&table, &options);
    let mut findings = vec![columns(&table, args)?, repeated(&table)];
    if let Some(path) = &args.against {
        let (other, more) = reading::table(path, None, &args.dialect.apply(next.clone()))?;
        if !args.quiet {
            warn(&more.diagnostics);
        }
        findings.push(shared(shared_rows(&table, &other, &args.target)?));
    }
    let request = StudyRequest {
        target: args.target.clone(),
        ignore: args.ignore.clone(),
        max_trials: Some(args.max_trials),
        seed: args.seed,
        reproducible: true,
        ..StudyRequest::default()
    };
    // The question is that of the answers as they are: shuffled they look the same.
    let shuffled = with_shuffled_answers(&table, &args.target, args.seed)?;
    let prepared = prepare(&shuffled, next, &request).map_err(|d| Failure::from_diagnostics(&d))?;
    drop((table, shuffled));
    let mut progress = Progress::new(args.quiet);
    let threads = usable_threads(args.threads);
    let outcome = drive(&Arc::new(prepared), request, (threads, None), started, &mut progress)?;
    findings.push(chance(&outcome.verdict));
    tell(args, &findings)
}

fn tell(args: &CheckArgs, findings: &[Finding]) -> Done {
    if args.json {
        let each =
            findings.iter().map(|f| json!({ "check": f.name, "suspicious": f.bad, "finding": f.text }));
        return print_json(&each.collect::<Vec<_>>());
    }
    let width = findings.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for finding in findings {
        let mark = if finding.bad { "look" } else { "ok" };
        print(&format!("{mark:<4}  {:<width$}  {}\n", finding.name, finding.text))?;
    }
    Ok(())
}

/// Columns that predict the answer alone.
fn columns(table: &Table, args: &CheckArgs) -> Result<Finding, Failure> {
    let info = target_info(table, Some(&args.target), None)?;
    let ignored = |d: &Diagnostic| d.column.as_ref().is_some_and(|c| args.ignore.contains(c));
    let leaks: Vec<&Diagnostic> =
        info.diagnostics.iter().filter(|d| d.code == "target.leak" && !ignored(d)).collect();
    let text = match leaks.as_slice() {
        [] => "No single column predicts the answer almost perfectly.".to_owned(),
        found => {
            let each: Vec<String> = found.iter().map(|d| d.message.clone()).collect();
            format!("{} {}", each.join(" "), found[0].remedy)
        }
    };
    Ok(Finding { name: "columns", bad: !leaks.is_empty(), text })
}

/// Rows that repeat another of the same table.
fn repeated(table: &Table) -> Finding {
    let repeated = profile(table).duplicate_rows;
    let text = if repeated == 0 {
        format!("Each of the {} rows is there once.", count(table.rows as u64))
    } else {
        format!(
            "{} of the {} rows {} an earlier row. Copies on both sides of a split make scores too good; leave them out unless they are rows of their own.",
            count(repeated),
            count(table.rows as u64),
            if repeated == 1 { "repeats" } else { "repeat" }
        )
    };
    Finding { name: "repeated rows", bad: repeated > 0, text }
}

/// Rows of the other table that are in this one.
fn shared(shared: SharedRows) -> Finding {
    let of = count(shared.of);
    let text = if shared.same_features == 0 {
        format!("None of the {of} rows of the other table is in this one.")
    } else {
        format!(
            "{} of the {of} rows of the other table have the values of a row of this one in every column that is learned from, {} of them with the same answer. A score on them says how well the model remembers, not how well it predicts.",
            count(shared.same_features),
            count(shared.same_answer)
        )
    };
    Finding { name: "shared rows", bad: shared.same_features > 0, text }
}

/// What a search makes of answers in random order.
fn chance(verdict: &Verdict) -> Finding {
    let h = verdict.holdout;
    let metric = metric::find(&verdict.metric);
    let beats = |metric: &MetricSpec, baseline: f64| {
        let worst = if metric.greater_is_better { h.low } else { h.high };
        worst.is_some_and(|w| metric.is_better(w, baseline))
    };
    let bad = metric.zip(h.baseline).is_some_and(|(m, b)| beats(m, b));
    let shown = |v: Option<f64>| v.map_or("undefined".to_owned(), |v| format!("{v:.4}"));
    let scores = format!(
        "With the answers shuffled among the rows, the best model has {} {} (95 % interval {} to {}) on {} locked rows, guessing {}",
        verdict.metric_title,
        shown(h.score),
        shown(h.low),
        shown(h.high),
        count(h.rows),
        shown(h.baseline)
    );
    let text = if bad {
        format!(
            "{scores}: better than it can be, unless by chance, which happens in one of 40 runs. Try another --seed; if it stays, please report it."
        )
    } else {
        format!("{scores}: no better, as it must be.")
    };
    Finding { name: "shuffled answers", bad, text }
}
