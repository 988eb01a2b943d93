//! A session: one open table, one study, one model, one pipeline. What a page talks to.
//!
//! It takes commands and messages of workers, and gives events for the page and messages for workers; whoever
//! drives it carries them.

mod drawn;
mod driver;
mod flow;
mod open;
mod searching;
mod serving;
#[cfg(test)]
mod tests;

use super::flow::{TAB_CACHE_BYTES, Workspace};
use super::memory::TAB_BYTES;
use super::protocol::{Board, Command, Event, Verdict};
use super::study::Fitted;
use super::{ModelArtifact, PredictOptions};
use crate::diagnostic::Diagnostic;
use crate::table::{CsvReader, ReadOptions, ReadReport, Table};
use driver::Driver;

/// Something to be carried to where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// To the page, with the bytes beside it.
    Event(Box<Event>, Option<Vec<u8>>),
    /// To a worker, for [`super::WorkerState::handle`].
    ToWorker { worker: u32, bytes: Vec<u8> },
    /// End the worker and start a fresh one; messages after this go to the fresh one.
    ResetWorker { worker: u32 },
}

fn event(event: Event) -> Output {
    Output::Event(Box::new(event), None)
}

fn failed(diagnostics: Vec<Diagnostic>) -> Vec<Output> {
    vec![event(Event::Failed { diagnostics })]
}

/// A table that was read.
struct Opened {
    name: String,
    table: Table,
    report: ReadReport,
    options: ReadOptions,
    /// Its rows were drawn from a larger table, which is learned from in the end.
    is_drawn: bool,
}

/// What a file is read for.
#[derive(Debug, Clone, PartialEq)]
enum Purpose {
    Open,
    Predict(PredictOptions),
    /// For the source of a pipeline that is named so.
    Supply(String),
}

/// A file that is being read.
struct Reading {
    purpose: Purpose,
    name: String,
    bytes: u64,
    read: u64,
    options: ReadOptions,
    parser: Parser,
}

enum Parser {
    Csv(Box<CsvReader>),
    /// Other formats are read whole.
    Whole(Vec<u8>),
}

/// A model with the board and the verdict that go with it.
struct Finished {
    name: String,
    artifact: ModelArtifact,
    board: Board,
    verdict: Verdict,
    /// It was trained in this session, and came from no file.
    is_ours: bool,
    /// How its models were fitted, where a search of this session did.
    fitted: Vec<Fitted>,
}

/// A table that is being predicted, a block of rows at a time.
struct Predicting {
    name: String,
    options: PredictOptions,
    table: Table,
    /// Rows that are done.
    done: usize,
    diagnostics: Vec<Diagnostic>,
}

/// See the module.
pub struct Session {
    driver: Driver,
    reading: Option<Reading>,
    predicting: Option<Predicting>,
    opened: Option<Opened>,
    finished: Option<Finished>,
    flow: Workspace,
    /// Bytes of memory for a study; `None`: no limit.
    memory: Option<u64>,
}

impl Session {
    /// A tab's session. `workers`: how many workers there are to run jobs, at least 1.
    pub fn new(workers: u32) -> Self {
        Self::within(workers, TAB_CACHE_BYTES, Some(TAB_BYTES))
    }

    /// A session with so many bytes for results of pipelines, and so many for a study (`None`: no limit).
    pub fn within(workers: u32, cache_bytes: u64, memory: Option<u64>) -> Self {
        Self {
            driver: Driver::new(workers),
            reading: None,
            predicting: None,
            opened: None,
            finished: None,
            flow: Workspace::new(cache_bytes, memory),
            memory,
        }
    }

    /// Does what the page asks. `body`: the bytes beside the command.
    pub fn handle(&mut self, command: Command, body: Option<&[u8]>, now: f64) -> Vec<Output> {
        match command {
            Command::Open { name, options } => {
                let body = body.unwrap_or(&[]);
                let mut out = self.open_begin(&name, body.len() as u64, options);
                out.extend(self.read_chunk(body));
                out.extend(self.read_end());
                out
            }
            Command::Cancel => self.cancel(),
            Command::Retype { column, to } => self.retype(&column, to),
            Command::Inspect { column, task } => self.inspect(&column, task),
            Command::Rows { start, count } => self.rows(start, count),
            Command::Start { request } => self.start(request, now),
            Command::Pause => self.with_study(now, |study| study.pause(now)),
            Command::Resume => self.with_study(now, |study| study.resume(now)),
            Command::Stop => self.with_study(now, |study| study.stop(now)),
            Command::PredictRow { values } => self.predict_row(&values),
            Command::PredictTable { name, options } => {
                self.predict_table(&name, options, body.unwrap_or(&[]))
            }
            Command::SaveModel => self.save_model(),
            Command::SaveReport => self.save_report(),
            Command::Restore => self.restore(body.unwrap_or(&[])),
            Command::Flow { ask } => self.flow_command(ask, body, now),
        }
    }
}
