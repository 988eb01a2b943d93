//! Looks into a file that came from elsewhere, in a process of its own: one that is made to take all memory or all time
//! takes nothing else along.

use crate::Done;
use crate::beyond::{parent, wire};
use crate::blobs::Received;
use crate::failure::because;
use crate::jobs::{child::this_program, executor};
use crate::reading::chunks;
use crate::source::Opened;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::ModelArtifact;
use automl_core::table::{
    ColumnType, CsvReader, Format, Looked, Ranges, ReadOptions, look_at_columnar, look_at_csv, read,
};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

/// Files that are looked into at once.
static TURNS: Semaphore = Semaphore::const_new(2);
/// How long it may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Megabytes that it may take where little is left, or where the system does not say.
const LEAST_MB: u64 = 512;
/// Columns and remarks that are told at most: what is told lies in the database, and is listed.
const MOST_TOLD: usize = 2_000;
/// Characters of a column's name that are told.
const LONGEST_NAME: usize = 200;
/// Columns that are held at a time take one part in so many of the memory: a column that is being ended has to fit
/// beside them, and the program itself.
const HELD_ONE_IN: u64 = 3;

/// What a process of ours ends with that comes upon a fault of its own.
const PANICKED: i32 = 101;

/// What a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    Table,
    Model,
}

/// What the process is told.
#[derive(Debug, clap::Args)]
pub struct LookArgs {
    #[arg(long)]
    what: What,
    /// Name of the file, whose ending says what kind of table it is
    #[arg(long, default_value = "")]
    name: String,
    /// The file, where it may be read more than once; without it, standard input is read
    #[arg(long)]
    file: Option<PathBuf>,
    /// How a table is read, as JSON
    #[arg(long)]
    options: Option<String>,
    /// Most memory that this process may take, in megabytes
    #[arg(long)]
    max_memory: Option<u64>,
}

/// What is known of a table once it was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct AboutTable {
    rows: u64,
    /// How many columns it has.
    width: u64,
    /// The first of them.
    columns: Vec<(String, ColumnType)>,
    /// About how many bytes it takes in memory.
    held: u64,
    /// Content of the table, whatever the file.
    fingerprint: String,
    diagnostics: Vec<Diagnostic>,
}

/// What is known of a model file.
#[derive(Debug, Clone, Serialize)]
struct AboutModel {
    id: String,
    target: String,
    task: automl_core::model::Task,
    classes: Vec<String>,
    metric: String,
    sentence: String,
    fingerprint: String,
}

/// What came of a look.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// What is known of it.
    Known(serde_json::Value),
    /// Why it cannot be used.
    Refused(Vec<Diagnostic>),
}

/// Why nothing was seen.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error("it cannot be used")]
    Refused(Vec<Diagnostic>),
    /// The process ended before it could say anything.
    #[error("it took more than {0} MB, or broke down")]
    Broke(u64),
    /// A fault of this program, and not of what it may take.
    #[error("its reader broke down")]
    Fault,
    #[error("it took more than {} s", LONGEST.as_secs())]
    TooLong,
    #[error("no process can be started: {0}")]
    Start(#[from] std::io::Error),
}

/// Hands a process what came, as it came; one that ends before it has read all is heard by what it says.
async fn feed(came: &Received, mut to: tokio::process::ChildStdin) -> std::io::Result<()> {
    let mut parts = came.parts().await?;
    while let Some(part) = parts.next().await {
        if let Err(error) = to.write_all(&part?).await {
            return if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) };
        }
    }
    Ok(())
}

/// Why a process said nothing that ended with this code.
fn broke(code: Option<i32>, megabytes: u64) -> LookError {
    if code == Some(PANICKED) { LookError::Fault } else { LookError::Broke(megabytes) }
}

/// What is in a file that came, as JSON; `most_mb`: what looking may take, where that is set.
///
/// # Errors
/// A file that is something else, or that cannot be read within bounds.
pub async fn look(
    what: What,
    came: &Received,
    (name, options): (&str, &str),
    most_mb: Option<u64>,
) -> Result<String, LookError> {
    // The semaphore is never closed.
    let _turn = TURNS.acquire().await;
    let share = || Some(crate::memory::available()? / 2_000_000);
    let megabytes = most_mb.or_else(share).unwrap_or(0).max(LEAST_MB);
    let format = Format::from_name(name);
    if what == What::Table && came.as_it_came().is_none() && format.is_read_in_parts() {
        return look_in_passes(came, format, options, megabytes).await;
    }
    let what = if what == What::Table { "table" } else { "model" };
    // What is sealed lies nowhere as it came, so it goes through a pipe.
    let path = came.as_it_came().map(|file| {
        let mut argument = OsString::from("--file=");
        argument.push(file);
        argument
    });
    let mut command = tokio::process::Command::new(this_program()?);
    command
        .args(["look", "--what", what, "--max-memory", &megabytes.to_string()])
        .args([format!("--name={name}"), format!("--options={options}")])
        .args(&path)
        .env_clear()
        .stdin(if path.is_some() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let fed = async {
        match input {
            Some(input) => feed(came, input).await,
            None => Ok(()),
        }
    };
    let both = async { tokio::try_join!(fed, child.wait_with_output()) };
    let ((), done) = tokio::time::timeout(LONGEST, both).await.map_err(|_| LookError::TooLong)??;
    match serde_json::from_slice(&done.stdout) {
        Ok(Seen::Known(about)) if done.status.success() => Ok(about.to_string()),
        Ok(Seen::Refused(diagnostics)) => Err(LookError::Refused(diagnostics)),
        _ => Err(broke(done.status.code(), megabytes)),
    }
}

/// What is in a file that does not lie as it came: the process is fed it again for each pass, or the places that it asks for.
async fn look_in_passes(
    came: &Received,
    format: Format,
    options: &str,
    megabytes: u64,
) -> Result<String, LookError> {
    let limit = megabytes.saturating_mul(1_000_000);
    let job = wire::Look {
        format,
        options: serde_json::from_str(options).unwrap_or_default(),
        bytes: came.bytes(),
        most_held: limit / HELD_ONE_IN,
    };
    let (told, _) = tokio::sync::watch::channel(None);
    let job = wire::Job::Look(job);
    let ask =
        parent::ask(parent::Ask { job, given: Vec::new(), table: parent::Source::Came(came), limit, told });
    match tokio::time::timeout(LONGEST, ask).await.map_err(|_| LookError::TooLong)? {
        Ok((wire::End::Looked(Seen::Known(about)), _)) => Ok(about.to_string()),
        Ok((wire::End::Looked(Seen::Refused(diagnostics)), _)) => Err(LookError::Refused(diagnostics)),
        Ok(_) | Err(parent::Broken::Child(_)) => Err(LookError::Broke(megabytes)),
        Err(parent::Broken::Start(error)) => Err(error.into()),
        Err(parent::Broken::Source(error)) => Err(std::io::Error::other(error).into()),
    }
}

/// `trellis look`: reads a file or standard input, says what it is on standard output.
///
/// # Errors
/// Input or output that fails.
pub fn run(args: &LookArgs) -> Done {
    executor::end_with_parent();
    executor::limit(args.max_memory);
    let failed = |e: &dyn std::fmt::Display| because("the look broke off", e, "send the file again");
    let input = args.file.as_ref().map(File::open).transpose().map_err(|e| failed(&e))?;
    let seen = match args.what {
        What::Table => {
            let options =
                args.options.as_deref().filter(|o| !o.is_empty()).map(serde_json::from_str).transpose();
            let options = options.map_err(|e| failed(&e))?.unwrap_or_default();
            let format = Format::from_name(&args.name);
            match input {
                Some(file) if format.is_read_in_parts() => {
                    let megabytes = args.max_memory.unwrap_or(LEAST_MB);
                    let most_held = megabytes.saturating_mul(1_000_000) / HELD_ONE_IN;
                    in_passes(file, format, &options, usize::try_from(most_held).unwrap_or(usize::MAX))
                }
                Some(file) => table(file, format, options),
                None => table(std::io::stdin().lock(), format, options),
            }
        }
        What::Model => input.map_or_else(|| model(std::io::stdin().lock()), model),
    };
    let seen = seen.map_err(|e| failed(&e))?;
    serde_json::to_writer(std::io::stdout().lock(), &seen).map_err(|e| failed(&e))
}

fn known(about: &impl Serialize) -> Seen {
    Seen::Known(serde_json::to_value(about).unwrap_or_default())
}

/// A file that can be read as often as its columns ask for.
fn in_passes(
    mut file: File,
    format: Format,
    options: &ReadOptions,
    most_held: usize,
) -> std::io::Result<Seen> {
    let looked = if format == Format::Csv {
        let bytes = file.metadata()?.len();
        look_at_csv(options, bytes, most_held, |take| {
            file.rewind()?;
            every_chunk(&file, take)
        })?
    } else {
        let file: Arc<dyn Ranges> = Arc::new(Opened::of(file)?);
        look_at_columnar(options, format, &file, most_held)?
    };
    Ok(about_table(looked))
}

fn every_chunk(input: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    chunks(input, &mut |chunk| {
        take(chunk);
        ControlFlow::Continue(())
    })
}

/// A table that has to be read in one go, and is held.
fn table(mut input: impl Read, format: Format, options: ReadOptions) -> std::io::Result<Seen> {
    let (table, report) = if format == Format::Csv {
        let mut reader = CsvReader::new(options);
        every_chunk(input, |chunk| reader.push(chunk))?;
        reader.finish()
    } else {
        let mut whole = Vec::new();
        input.read_to_end(&mut whole)?;
        read(&whole, format, &options)
    };
    Ok(about_table(Looked::of(&table, report)))
}

/// What is told of a table.
pub fn about_table(looked: Looked) -> Seen {
    let diagnostics = looked.report.diagnostics;
    if looked.columns.is_empty() || looked.rows == 0 {
        return Seen::Refused(if diagnostics.is_empty() {
            let remedy = "Send a table with a header and at least one row.";
            vec![Diagnostic::error("table.empty", "This file holds no rows.", remedy)]
        } else {
            diagnostics
        });
    }
    let told = |name: &str| name.chars().take(LONGEST_NAME).collect();
    known(&AboutTable {
        rows: looked.rows,
        width: looked.columns.len() as u64,
        held: (looked.bytes_a_row * looked.rows as f64) as u64,
        columns: looked.columns.iter().take(MOST_TOLD).map(|(name, ty)| (told(name), *ty)).collect(),
        fingerprint: looked.fingerprint,
        diagnostics: diagnostics.into_iter().take(MOST_TOLD).collect(),
    })
}

fn model(mut input: impl Read) -> std::io::Result<Seen> {
    let mut whole = Vec::new();
    input.read_to_end(&mut whole)?;
    let artifact = match ModelArtifact::from_bytes(&whole) {
        Ok(artifact) => artifact,
        Err(diagnostic) => return Ok(Seen::Refused(vec![diagnostic])),
    };
    let header = artifact.header();
    Ok(known(&AboutModel {
        id: artifact.id(),
        target: header.target.clone(),
        task: header.task,
        classes: header.classes.clone(),
        metric: header.metric.clone(),
        sentence: header.verdict.sentence.clone(),
        fingerprint: header.fingerprint.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_reader_is_not_taken_for_want_of_memory() {
        let panicked = std::process::Command::new("sh").args(["-c", "exit 101"]).status();
        let killed = std::process::Command::new("sh").args(["-c", "kill -9 $$"]).status();
        let of =
            |status: std::io::Result<std::process::ExitStatus>| broke(status.expect("it ends").code(), 512);
        assert!(matches!(of(panicked), LookError::Fault));
        assert!(matches!(of(killed), LookError::Broke(512)));
    }
}
