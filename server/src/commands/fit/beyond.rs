//! `trellis fit` on a table that memory does not hold: the file is read several times, the search sees some of its rows,
//! and the models that it chose then learn from all.

use super::shelf::Folder;
use super::{request, usable_threads};
use crate::args::FitArgs;
use crate::beyond::{self, LOOK_SHARE, PART_SHARE, searched, size};
use crate::commands::drive::{drive, is_interrupted};
use crate::commands::progress::Progress;
use crate::failure::{Failure, warn};
use crate::reading;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::beyond::{Deal, Means, Rows, Told, train_on_all};
use automl_core::engine::protocol::StudyRequest;
use automl_core::engine::{Outcome, Prepared, prepare_within};
use automl_core::numeric::count;
use automl_core::platform::Cancel;
use automl_core::table::{CsvReader, Format, Looked, ReadOptions, Table, look_at_csv};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Where a file is too large to be read whole: its bytes, and those of memory that may be used. Files of other formats
/// than CSV are always read whole.
pub fn is_too_large(path: &Path, limit: Option<u64>) -> Option<(u64, u64)> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let limit = limit?;
    (Format::from_name(&name) == Format::Csv && beyond::is_too_large(meta.len(), limit))
        .then_some((meta.len(), limit))
}

/// A CSV file that is read again and again.
struct File<'a> {
    path: &'a Path,
    /// With the type of every column.
    options: ReadOptions,
}

impl File<'_> {
    /// The rows that `keep` says, as one table.
    fn some(&self, keep: impl FnMut(u64) -> bool + Send + 'static) -> Result<Table, Failure> {
        let mut reader = CsvReader::new(self.options.clone()).keeping(keep);
        reading::pass(self.path, &mut |chunk| reader.push(chunk))?;
        Ok(reader.finish().0)
    }
}

/// The columns that a model reads, of a file.
struct Columns<'a> {
    file: &'a File<'a>,
    names: BTreeSet<String>,
}

impl Rows for Columns<'_> {
    fn each(&mut self, visit: &mut dyn FnMut(&Table) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        let mut reader = CsvReader::new(self.file.options.clone()).only(self.names.clone());
        let mut done = Ok(());
        let read = reading::pass(self.file.path, &mut |chunk| {
            if done.is_ok() {
                reader.push(chunk);
                done = reader.take().map_or(Ok(()), |table| visit(&table));
            }
        });
        let broken = |e: Failure| Diagnostic::error("file.unreadable", e.what, e.help);
        read.map_err(broken).and(done)?;
        let rest = reader.finish().0;
        if rest.rows > 0 { visit(&rest) } else { Ok(()) }
    }
}

/// What the file holds.
fn look(path: &Path, options: &ReadOptions, bytes: u64, limit: u64) -> Result<Looked, Failure> {
    let held = (LOOK_SHARE * limit as f64) as usize;
    let looked = look_at_csv(options, bytes, held, |take| reading::pass(path, &mut |chunk| take(chunk)))?;
    if looked.rows == 0 || looked.columns.is_empty() {
        return Err(Failure::from_diagnostics(&looked.report.diagnostics));
    }
    Ok(looked)
}

/// Searches on some of the rows and trains on all; the model of the search is handed to `keep` before that.
///
/// # Errors
/// A file or a question that cannot be used; what `keep` says; a disk without room for the rows.
pub fn fit(
    args: &FitArgs,
    options: &ReadOptions,
    (bytes, limit): (u64, u64),
    keep: &mut dyn FnMut(&Outcome) -> Result<(), Failure>,
) -> Result<Outcome, Failure> {
    let mut progress = Progress::new(args.quiet);
    if !args.quiet {
        eprintln!(
            "note: the file has {} and {} of memory may be used: some of its rows are searched on, and the models \
             that are chosen then learn from all. Time for reading is not part of the budget, and learning from all rows \
             may take as long again as the search.",
            size(bytes),
            size(limit)
        );
    }
    progress.say("reading the file to see what it holds");
    let looked = look(&args.data, options, bytes, limit)?;
    if !args.quiet {
        warn(&looked.report.diagnostics);
    }
    let typed = ReadOptions {
        types: looked.columns.iter().cloned().collect(),
        day_first: options.day_first.or(looked.report.dialect.as_ref().and_then(|d| d.day_first)),
        ..options.clone()
    };
    let file = File { path: &args.data, options: typed };
    let deal = Deal::new(looked.rows, searched(limit, looked.bytes_a_row), args.seed);
    progress.say(&format!("drawing some of {} rows", count(looked.rows)));
    let sample = file.some(move |row| deal.is_searched(row))?;
    let asked = StudyRequest { max_memory_mb: Some(limit / 1_000_000), ..request(args) };
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
    let executors = prepared.executors_within(limit, threads);
    let outcome = drive(&prepared, asked.clone(), executors, Instant::now(), &mut progress)?;
    keep(&outcome)?;
    if is_interrupted() {
        return Ok(outcome);
    }
    whole(args, (&file, &looked, deal), (&prepared, outcome), (limit, threads), &mut progress)
}

/// Trains the models of a search again on all rows.
fn whole(
    args: &FitArgs,
    (file, looked, deal): (&File<'_>, &Looked, Deal),
    (prepared, outcome): (&Prepared, Outcome),
    (limit, threads): (u64, usize),
    progress: &mut Progress,
) -> Result<Outcome, Failure> {
    let kept = |failure: Failure| {
        let help = format!("{}; the search's own model is in {}", failure.help, args.out.display());
        Failure { help, ..failure }
    };
    let folder = args.out.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut shelf = Folder::new(folder).map_err(|e| kept(Failure::file("write", folder, &e)))?;
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
        fingerprint: looked.fingerprint.clone(),
        told: &mut told,
    };
    let mut rows = Columns { file, names };
    let trained = train_on_all(prepared, outcome, &mut rows, &mut shelf, &mut means);
    let trained = trained.map_err(|d| kept(Failure::from(d)))?;
    progress.end();
    if !args.quiet {
        eprintln!("note: {}", trained.diagnostic.message);
    }
    Ok(trained.outcome)
}
