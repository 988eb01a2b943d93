//! `trellis beyond`: reads a table that memory does not hold, as often as it has to, from standard input.

use super::shelf::Blocks;
use super::wire::{Draw, Drawn, END, End, Job, LARGEST, PASS, PIECE, TOLD, Told, Train, USUAL};
use super::{LOOK_SHARE, PART_SHARE, searched};
use crate::Done;
use crate::failure::because;
use crate::jobs::executor;
use crate::look::about_table;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::beyond::{Deal, Means, Rows, Told as Training, train_on_all};
use automl_core::engine::{Outcome, WorkerState};
use automl_core::platform::Cancel;
use automl_core::table::{CsvReader, ReadOptions, Table, look_at_csv};
use std::collections::BTreeSet;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::time::{Duration, Instant};

/// How often it is told how far it is.
const OFTEN: Duration = Duration::from_millis(200);

/// What the process is told.
#[derive(Debug, clap::Args)]
pub struct BeyondArgs {
    /// Most memory that this process may take for what it holds, in megabytes
    #[arg(long)]
    max_memory: Option<u64>,
}

/// The next stream, piece by piece.
fn each(mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut piece = Vec::new();
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length == 0 {
            return Ok(());
        }
        if length > LARGEST {
            return Err(Error::new(ErrorKind::InvalidData, "a piece is too long"));
        }
        piece.resize(length as usize, 0);
        input.read_exact(&mut piece)?;
        take(&piece);
    }
}

/// The next stream as a whole.
fn whole() -> Result<Vec<u8>> {
    let mut all = Vec::new();
    each(|piece| all.extend_from_slice(piece))?;
    Ok(all)
}

fn say(what: u8, bytes: &[u8]) -> Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(&[what])?;
    output.write_all(&(bytes.len() as u32).to_le_bytes())?;
    output.write_all(bytes)?;
    output.flush()
}

/// All bytes of the table.
fn pass(take: impl FnMut(&[u8])) -> Result<()> {
    say(PASS, &[])?;
    each(take)
}

fn give(bytes: &[u8]) -> Result<()> {
    bytes.chunks(USUAL).try_for_each(|piece| say(PIECE, piece))
}

/// Does the job that comes on standard input, and says on standard output what came of it.
///
/// # Errors
/// Input or output that fails.
pub fn run(args: &BeyondArgs) -> Done {
    executor::end_with_parent();
    executor::limit_data(args.max_memory);
    let done = || {
        let end = match serde_json::from_slice(&whole()?)? {
            Job::Look(job) => {
                let most_held = usize::try_from(job.most_held).unwrap_or(usize::MAX);
                let looked = look_at_csv(&job.options, job.bytes, most_held, |take| pass(take))?;
                End::Looked(about_table(looked))
            }
            Job::Draw(job) => draw(&job)?,
            Job::Train(job) => train(&job)?,
        };
        say(END, &serde_json::to_vec(&end)?)
    };
    done().map_err(|e: Error| because("the reading of a table broke off", e, "begin the run again"))
}

fn draw(job: &Draw) -> Result<End> {
    let held = (LOOK_SHARE * job.limit as f64) as usize;
    let looked = look_at_csv(&job.options, job.bytes, held, |take| pass(take))?;
    if looked.rows == 0 || looked.columns.is_empty() {
        return Ok(End::Refused(looked.report.diagnostics));
    }
    let drawn = Drawn {
        options: looked.options_for_next(&job.options),
        report: looked.report,
        rows: looked.rows,
        searched: searched(job.limit, looked.bytes_a_row),
        fingerprint: looked.fingerprint,
    };
    let deal = Deal::new(drawn.rows, drawn.searched, job.seed);
    let mut reader = CsvReader::new(drawn.options.clone()).keeping(move |row| deal.is_searched(row));
    pass(|piece| reader.push(piece))?;
    let table = reader.finish().0;
    let bytes = postcard::to_allocvec(&table).map_err(Error::other)?;
    drop(table);
    give(&bytes)?;
    Ok(End::Drawn(Box::new(drawn)))
}

/// The columns that a model reads.
struct Columns {
    options: ReadOptions,
    names: BTreeSet<String>,
}

impl Rows for Columns {
    fn each(
        &mut self,
        visit: &mut dyn FnMut(&Table) -> std::result::Result<(), Diagnostic>,
    ) -> std::result::Result<(), Diagnostic> {
        let mut reader = CsvReader::new(self.options.clone()).only(self.names.clone());
        let mut done = Ok(());
        let read = pass(|piece| {
            if done.is_ok() {
                reader.push(piece);
                done = reader.take().map_or(Ok(()), |table| visit(&table));
            }
        });
        read.map_err(|e| broken("the table broke off", &e)).and(done)?;
        let rest = reader.finish().0;
        if rest.rows > 0 { visit(&rest) } else { Ok(()) }
    }
}

fn broken(what: &str, error: &Error) -> Diagnostic {
    Diagnostic::error("study.all_rows", format!("It broke off: {what} ({error})."), "Begin the run again.")
}

fn train(job: &Train) -> Result<End> {
    let (found, data) = (whole()?, whole()?);
    let outcome = Outcome::from_bytes(&found);
    let prepared = WorkerState::data_in(&data);
    drop((found, data));
    let trained = outcome.and_then(|outcome| {
        let gone = || Error::other("the study's data did not arrive whole");
        let prepared = prepared.ok_or_else(gone).map_err(|e| broken("nothing can be trained", &e))?;
        let shelf = Blocks::new(&job.folder, job.is_sealed);
        let mut shelf = shelf.map_err(|e| broken("there is no room for rows on the disk", &e))?;
        let names = outcome.artifact.header().read.types.keys().cloned().collect();
        let mut rows = Columns { options: job.drawn.options.clone(), names };
        let mut told = None::<Instant>;
        let mut tell = |training: Training<'_>| {
            if told.is_some_and(|at| at.elapsed() < OFTEN) {
                return;
            }
            told = Some(Instant::now());
            let told = match training {
                Training::Read(rows) => Told::Read(rows),
                Training::Round(model, round) => Told::Round(model.to_owned(), round),
            };
            // Whoever does not hear it has ended this process, or will.
            let _ = serde_json::to_vec(&told).map(|bytes| say(TOLD, &bytes));
        };
        let mut means = Means {
            deal: Deal::new(job.drawn.rows, job.drawn.searched, job.seed),
            part_bytes: (PART_SHARE * job.limit as f64) as u64,
            threads: job.threads.max(1),
            cluster: None,
            secs: job.secs,
            cancel: &Cancel::new(),
            fingerprint: job.drawn.fingerprint.clone(),
            told: &mut tell,
        };
        train_on_all(&prepared, outcome, &mut rows, &mut shelf, &mut means)
    });
    match trained {
        Ok(trained) => {
            give(&trained.outcome.artifact.to_bytes())?;
            Ok(End::Trained(trained.diagnostic))
        }
        Err(diagnostic) => Ok(End::Refused(vec![diagnostic])),
    }
}
