//! `trellis fit` on a table that memory does not hold: the file is read several times, the search sees some of its rows,
//! and the models that it chose then learn from all.

use super::executors::Executors;
use super::{request, usable_threads};
use crate::args::FitArgs;
use crate::beyond::{Blocks, PART_SHARE, held, searched, size};
use crate::commands::card::{Asked, AtEnd};
use crate::commands::drive::{drive, is_interrupted};
use crate::commands::progress::Progress;
use crate::failure::{Failure, warn};
use crate::source::{Again, Columns, Passes, Source, interrupted, look};
use automl_core::engine::beyond::{Deal, Means, Told, train_on_all};
use automl_core::engine::protocol::StudyRequest;
use automl_core::engine::{Outcome, Prepared, prepare_within};
use automl_core::learner::cluster::Cluster;
use automl_core::numeric::count;
use automl_core::platform::Cancel;
use automl_core::table::{Looked, ReadOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Searches on some of the rows and trains on all; `keep` writes models, that of the search among them, and says how many
/// bytes they have.
///
/// # Errors
/// A table or a question that cannot be used; what `keep` says; a disk without room for the rows.
pub fn fit(
    args: &FitArgs,
    (source, options): (&Source, &ReadOptions),
    (limit, card): (u64, Asked),
    executors: Option<&mut Executors>,
    keep: &mut dyn FnMut(&Outcome) -> Result<usize, Failure>,
) -> Result<super::Told, Failure> {
    let mut progress = Progress::new(args.quiet);
    if !args.quiet {
        let table =
            source.bytes().map_or("the table is large".to_owned(), |b| format!("the table has {}", size(b)));
        eprintln!(
            "note: {table} and {} of memory may be used: some of its rows are searched on, and the models \
             that are chosen then learn from all. Time for reading is not part of the budget, and learning from all rows \
             may take as long again as the search.",
            size(limit)
        );
    }
    progress.say("reading the table to see what it holds");
    let written = source.as_written(options);
    let looked = look(source, &written, held(limit))?;
    if looked.rows == 0 || looked.columns.is_empty() {
        return Err(source.no_rows(&looked.report.diagnostics));
    }
    if !args.quiet {
        warn(&looked.report.diagnostics);
    }
    let table = Again { source, options: looked.options_for_next(&written) };
    let deal = Deal::new(looked.rows, searched(limit, looked.bytes_a_row), args.seed);
    progress.say(&format!("drawing some of {} rows", count(looked.rows)));
    let sample = table.some(move |row| deal.is_searched(row))?;
    let asked = StudyRequest { max_memory_mb: Some(limit / 1_000_000), ..request(args) };
    let card = card.for_table(sample.rows, sample.columns.len());
    let next = looked.report.options_for_next(&sample, options);
    let mut prepared =
        prepare_within(&sample, next, &asked, Some(limit)).map_err(|d| Failure::from_diagnostics(&d))?;
    drop(sample);
    // What was drawn is not all that is learned from.
    prepared.diagnostics.retain(|d| d.code != "data.sampled");
    if !args.quiet {
        warn(&prepared.diagnostics);
    }
    let threads = usable_threads(args.threads);
    let prepared = Arc::new(prepared);
    let at_once = prepared.executors_within(limit, threads);
    let card = AtEnd(super::card(args, card));
    let on = (at_once, Some(card.0.clone()));
    let outcome = drive(&prepared, asked.clone(), on, Instant::now(), &mut progress)?;
    // What follows learns on the processor.
    drop(card);
    let told = |outcome: &Outcome, bytes: usize| super::Told {
        board: outcome.board.clone(),
        verdict: outcome.verdict.clone(),
        bytes,
    };
    let of_search = told(&outcome, keep(&outcome)?);
    if is_interrupted() {
        return Ok(of_search);
    }
    let found = (&*prepared, outcome);
    match whole(args, (&table, &looked, deal), found, (limit, threads), executors, &mut progress)? {
        Some(outcome) => Ok(told(&outcome, keep(&outcome)?)),
        None => Ok(of_search),
    }
}

/// Trains the models of a search again on all rows; none where somebody does not want to wait until they are read.
fn whole(
    args: &FitArgs,
    (table, looked, deal): (&Again<'_, Source>, &Looked, Deal),
    (prepared, outcome): (&Prepared, Outcome),
    (limit, threads): (u64, usize),
    mut executors: Option<&mut Executors>,
    progress: &mut Progress,
) -> Result<Option<Outcome>, Failure> {
    let kept = |failure: Failure| {
        let help = format!("{}; the search's own model is in {}", failure.help, args.out.display());
        Failure { help, ..failure }
    };
    let folder = args.out.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut shelf = Blocks::new(folder, false).map_err(|e| kept(Failure::file("write", folder, &e)))?;
    let cancel = Cancel::new();
    let header = outcome.artifact.header();
    let names = header.read.types.keys().cloned().collect();
    let (secs, all) = (header.request.budget_secs, looked.rows);
    let stop = cancel.clone();
    let mut told = |told: Told<'_>| {
        if is_interrupted() {
            stop.cancel();
        }
        progress.line(|| match told {
            Told::Read(rows) => {
                format!("learning from all rows: {} of {} read", count(rows), count(all))
            }
            Told::Round(model, round) => format!("learning from all rows: {model}, round {round}"),
        });
    };
    let mut means = Means {
        deal,
        part_bytes: (PART_SHARE * limit as f64) as u64,
        threads,
        secs,
        cancel: &cancel,
        cluster: executors.as_mut().map(|all| &mut **all as &mut dyn Cluster),
        fingerprint: looked.fingerprint.clone(),
        told: &mut told,
    };
    let mut rows = Columns { table, names, is_stopped: is_interrupted };
    let trained = match train_on_all(prepared, outcome, &mut rows, &mut shelf, &mut means) {
        Err(diagnostic) if diagnostic == interrupted() => {
            progress.end();
            if !args.quiet {
                eprintln!("note: not all rows were learned from, so the search's own model is kept");
            }
            return Ok(None);
        }
        trained => trained.map_err(|d| kept(Failure::from(d)))?,
    };
    progress.end();
    if !args.quiet {
        eprintln!("note: {}", trained.diagnostic.message);
        executors.iter().for_each(|all| eprintln!("note: {}", all.note()));
    }
    Ok(Some(trained.outcome))
}
