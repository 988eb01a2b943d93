//! `trellis beyond`: reads a table that memory does not hold, as often as it has to, from standard input.

use super::shelf::Blocks;
use super::wire::{Draw, Drawn, END, End, Job, LARGEST, Look, PASS, PIECE, RANGE, TOLD, Told, Train, USUAL};
use super::{PART_SHARE, held, searched};
use crate::Done;
use crate::failure::because;
use crate::jobs::executor;
use crate::look::about_table;
use crate::source::{Again, Cached, Columns, Passes, Take, look};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::beyond::{Deal, Means, Told as Training, train_on_all};
use automl_core::engine::{Outcome, WorkerState};
use automl_core::platform::Cancel;
use automl_core::table::{Format, Ranges};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
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

/// The table, which is fed again for each pass, or at the places that are asked for.
struct Fed {
    format: Format,
    bytes: u64,
}

/// The places of the table that were read last.
struct Fetched(Cached);

impl Ranges for Fetched {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<()> {
        // One at a time, as the cache sees to.
        self.0.read_at(at, into, |range| {
            let [from, length] = [range.start, range.end - range.start].map(u64::to_le_bytes);
            say(RANGE, &[from, length].concat())?;
            whole().map(Into::into)
        })
    }
}

impl Passes for Fed {
    type Error = Error;

    fn format(&self) -> Format {
        self.format
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes)
    }

    fn pass(&self, take: Take<'_>) -> Result<()> {
        say(PASS, &[])?;
        let mut wanted = ControlFlow::Continue(());
        each(|piece| {
            // What is not wanted has to be read past all the same.
            if wanted.is_continue() {
                wanted = take(piece);
            }
        })
    }

    fn ranges(&self) -> Result<Arc<dyn Ranges>> {
        Ok(Arc::new(Fetched(Cached::new(self.bytes))))
    }

    fn unreadable(&self, error: &Error) -> Error {
        Error::new(error.kind(), error.to_string())
    }

    fn in_words(&self, error: Error) -> Diagnostic {
        broken("the table broke off", &error)
    }
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
            Job::Look(Look { format, options, bytes, most_held }) => {
                End::Looked(about_table(look(&Fed { format, bytes }, &options, most_held)?))
            }
            Job::Draw(job) => draw(&job)?,
            Job::Train(job) => train(&job)?,
        };
        say(END, &serde_json::to_vec(&end)?)
    };
    done().map_err(|e: Error| because("the reading of a table broke off", e, "begin the run again"))
}

fn draw(job: &Draw) -> Result<End> {
    let fed = Fed { format: job.format, bytes: job.bytes };
    let looked = look(&fed, &job.options, held(job.limit))?;
    if looked.rows == 0 || looked.columns.is_empty() {
        return Ok(End::Refused(looked.report.diagnostics));
    }
    let drawn = Drawn {
        format: job.format,
        options: looked.options_for_next(&job.options),
        report: looked.report,
        rows: looked.rows,
        searched: searched(job.limit, looked.bytes_a_row),
        fingerprint: looked.fingerprint,
    };
    let deal = Deal::new(drawn.rows, drawn.searched, job.seed);
    let again = Again { source: &fed, options: drawn.options.clone() };
    let table = again.some(move |row| deal.is_searched(row))?;
    let bytes = postcard::to_allocvec(&table).map_err(Error::other)?;
    drop(table);
    give(&bytes)?;
    Ok(End::Drawn(Box::new(drawn)))
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
        let fed = Fed { format: job.drawn.format, bytes: job.drawn.report.bytes };
        let again = Again { source: &fed, options: job.drawn.options.clone() };
        let mut rows = Columns { table: &again, names, is_stopped: || false };
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
