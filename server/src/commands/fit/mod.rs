//! `trellis fit`

mod beyond;
mod executors;

use super::card::{Asked, AtEnd, told as told_of_card, told_of_populations};
use super::drive::drive;
use super::progress::Progress;
use super::{print, print_json, show, timings};
use crate::args::{FitArgs, TaskArg};
use crate::beyond::most_whole;
use crate::failure::{Failure, warn};
use crate::source::Source;
use crate::{Done, memory, reading};
use automl_core::compute::Card;
use automl_core::engine::protocol::{Board, StudyRequest, Verdict};
use automl_core::engine::{Outcome, prepare_within};
use automl_core::model::Task;
use automl_core::table::ReadOptions;
use executors::Executors;
use std::sync::Arc;
use std::time::Instant;

/// Seconds of a search where neither time nor trials are given.
const USUAL_BUDGET: f64 = 60.0;
/// Bytes of memory where the system does not say.
const UNKNOWN_MEMORY: u64 = 1 << 40;
/// Rows of the leaderboard that are printed.
const SHOWN: usize = 15;

fn request(args: &FitArgs) -> StudyRequest {
    StudyRequest {
        target: args.target.clone(),
        task: match args.task {
            TaskArg::Auto => None,
            TaskArg::Binary => Some(Task::Binary),
            TaskArg::Multiclass => Some(Task::Multiclass),
            TaskArg::Regression => Some(Task::Regression),
        },
        metric: args.metric.clone(),
        ignore: args.ignore.clone(),
        budget_secs: args.budget.or(args.max_trials.is_none().then_some(USUAL_BUDGET)),
        max_trials: args.max_trials,
        seed: args.seed,
        reproducible: args.reproducible,
        learners: args.learners.clone(),
        populations: args.populations,
        weights: args.weights.clone(),
        monotone: args.monotone.iter().cloned().collect(),
        interactions: args.interact.clone(),
        max_predict_us_per_row: args.max_predict_us_per_row,
        max_memory_mb: args.max_memory,
        ..StudyRequest::default()
    }
}

/// Threads that were asked for, else one a core.
pub fn usable_threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.map_or_else(cores, usize::from)
}

/// Searches, prints the leaderboard and writes the model.
///
/// # Errors
/// A table or a request that cannot be used, or a file that cannot be written.
pub fn run(args: &FitArgs, started: Instant) -> Done {
    reading::check_writable(&args.out)?;
    let asked = Asked::begin(args.backend, args.populations)?;
    let mut options = args.dialect.apply(ReadOptions::default());
    options.types.extend(args.types.iter().cloned());
    let limit = args.max_memory.map(|mb| mb.saturating_mul(1_000_000)).or_else(memory::available);
    let source = Source::open(&args.data, args.dialect.query.as_deref())?;
    let mut executors = Executors::of(args)?;
    let read = match &executors {
        Some(_) => executors::check(&source).map(|()| None)?,
        None => reading::whole(&source, &options, limit.map(most_whole))?,
    };
    let Some((table, report)) = read else {
        let limit = limit.unwrap_or(UNKNOWN_MEMORY);
        let told =
            beyond::fit(args, (&source, &options), (limit, asked), executors.as_mut(), &mut |outcome| {
                write(args, outcome)
            })?;
        return tell(args, &told, started);
    };
    if !args.quiet {
        warn(&report.diagnostics);
    }
    let asked = asked.for_table(table.rows, table.columns.len());
    let request = request(args);
    let next = report.options_for_next(&table, &options);
    let free = memory::available();
    let prepared = prepare_within(&table, next, &request, free).map_err(|d| Failure::from_diagnostics(&d))?;
    drop(table);
    if !args.quiet {
        warn(&prepared.diagnostics);
    }
    let mut progress = Progress::new(args.quiet);
    let wanted = usable_threads(args.threads);
    let threads = limit.map_or(wanted, |bytes| prepared.executors_within(bytes, wanted));
    if threads < wanted && !args.quiet {
        eprintln!(
            "note: {threads} of {wanted} threads are used, so that memory suffices; the model is the same"
        );
    }
    let card = AtEnd(card(args, asked));
    let outcome =
        drive(&Arc::new(prepared), request, (threads, Some(card.0.clone())), started, &mut progress)?;
    let bytes = write(args, &outcome)?;
    tell(args, &Told { board: outcome.board, verdict: outcome.verdict, bytes }, started)
}

/// The card that was asked for, once it is known; says what is used.
fn card(args: &FitArgs, asked: Asked) -> Card {
    let card = asked.card();
    if !args.quiet {
        eprintln!("note: {}", told_of_card(&card, args.backend));
        if args.populations {
            eprintln!("note: {}", told_of_populations(&card));
        }
    }
    card.exact(args.reproducible)
}

/// What is told of a model that was written.
struct Told {
    board: Board,
    verdict: Verdict,
    /// Bytes of the model.
    bytes: usize,
}

/// Writes the model and its timings; says how many bytes the model has.
fn write(args: &FitArgs, outcome: &Outcome) -> Result<usize, Failure> {
    let bytes = outcome.artifact.to_bytes();
    reading::write(&args.out, &bytes)?;
    timings::write(&args.out, &bytes, &outcome.board)?;
    Ok(bytes.len())
}

fn tell(args: &FitArgs, told: &Told, started: Instant) -> Done {
    if args.json {
        return print_json(&serde_json::json!({
            "model": args.out,
            "board": told.board,
            "verdict": told.verdict,
        }));
    }
    print(&show::board(&told.board, SHOWN))?;
    print(&format!("\n{}\n{}\n", told.verdict.sentence, told.verdict.explanation))?;
    print(&show::trust(&told.verdict))?;
    if !args.quiet {
        eprintln!(
            "wrote {} ({:.1} MB) after {:.1} s",
            args.out.display(),
            told.bytes as f64 / 1e6,
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
