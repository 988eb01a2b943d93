//! Driving a study with workers.

use super::open::nothing_open;
use super::{Finished, Output, Session, event, failed};
use crate::diagnostic::Diagnostic;
use crate::engine::memory::TAB_BYTES;
use crate::engine::protocol::{Event, StudyRequest};
use crate::engine::worker::ToWorker;
use crate::engine::{JobFailure, JobResult, Study, prepare_within};
use std::sync::Arc;

/// Seconds between two boards.
const BOARD_SECS: f64 = 0.1;

impl Session {
    pub(super) fn start(&mut self, request: StudyRequest, now: f64) -> Vec<Output> {
        let mut out = self.end_study();
        let Some(opened) = &self.opened else { return nothing_open() };
        let next = opened.report.options_for_next(&opened.table, &opened.options);
        let prepared = match prepare_within(&opened.table, next, &request, Some(TAB_BYTES)) {
            Ok(prepared) => prepared,
            Err(diagnostics) => {
                out.extend(failed(diagnostics));
                return out;
            }
        };
        self.finished = None;
        // Serialised once; each worker gets a copy when it gets its first job.
        let message = ToWorker::Prepare(Box::new(prepared));
        self.prepared = message.to_bytes();
        let ToWorker::Prepare(prepared) = message else { return out };
        self.workers.iter_mut().for_each(|w| w.prepared = false);
        let study = Study::new(Arc::from(prepared), request, self.workers.len() as u32, now, 0.0);
        out.push(event(Event::Started { plan: Box::new(study.plan()) }));
        self.study = Some(Box::new(study));
        self.board_changed = true;
        out.extend(self.tick(now));
        out
    }

    /// Ends a study that is under way without a result.
    pub(super) fn end_study(&mut self) -> Vec<Output> {
        self.study = None;
        self.prepared = Vec::new();
        self.reset_busy()
    }

    /// Fresh workers in place of those that run something.
    fn reset_busy(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        for (worker, number) in self.workers.iter_mut().zip(0..) {
            worker.prepared &= worker.job.is_none();
            if worker.job.take().is_some() {
                out.push(Output::ResetWorker { worker: number });
            }
        }
        out
    }

    pub(super) fn with_study(&mut self, now: f64, change: impl FnOnce(&mut Study)) -> Vec<Output> {
        let Some(study) = &mut self.study else { return Vec::new() };
        change(study);
        self.board_changed = true;
        self.tick(now)
    }

    /// Takes a worker's answer.
    pub fn worker_message(&mut self, worker: u32, bytes: &[u8], now: f64) -> Vec<Output> {
        let Some(slot) = self.workers.get_mut(worker as usize) else { return Vec::new() };
        let Some(job) = slot.job.take() else { return Vec::new() };
        let mut result = JobResult::from_bytes(bytes)
            .unwrap_or_else(|what| JobResult::failed(job, JobFailure::Failed(what)));
        // A worker has one job at a time, so an answer is about that one.
        result.id = job;
        if let Some(study) = &mut self.study {
            study.job_done(result, now);
        }
        self.board_changed = true;
        self.tick(now)
    }

    /// A worker broke down and was started afresh: its job failed.
    pub fn worker_lost(&mut self, worker: u32, reason: &str, now: f64) -> Vec<Output> {
        let Some(slot) = self.workers.get_mut(worker as usize) else { return Vec::new() };
        slot.prepared = false;
        if let (Some(job), Some(study)) = (slot.job.take(), &mut self.study) {
            let what = format!("its worker broke down: {reason}");
            study.job_done(JobResult::failed(job, JobFailure::Failed(what)), now);
        }
        self.board_changed = true;
        self.tick(now)
    }

    /// Moves on: hands out jobs, keeps the deadline, tells the board. Call it every tenth of a second or so while a
    /// search runs.
    pub fn tick(&mut self, now: f64) -> Vec<Output> {
        let mut out = Vec::new();
        let Some(study) = &mut self.study else { return out };
        study.tick(now);
        if study.must_abort_running() {
            out.extend(self.reset_busy());
        }
        out.extend(self.hand_out(now));
        out.extend(self.tell(now));
        out
    }

    fn hand_out(&mut self, now: f64) -> Vec<Output> {
        let mut out = Vec::new();
        let Some(study) = &mut self.study else { return out };
        for (worker, number) in self.workers.iter_mut().zip(0..) {
            if worker.job.is_some() {
                continue;
            }
            let Some(job) = study.next_job(now) else { break };
            if !worker.prepared {
                out.push(Output::ToWorker { worker: number, bytes: self.prepared.clone() });
                worker.prepared = true;
            }
            worker.job = Some(job.id);
            self.board_changed = true;
            out.push(Output::ToWorker { worker: number, bytes: ToWorker::Run(job).to_bytes() });
        }
        out
    }

    /// The board where it changed or the time went on, and the end.
    fn tell(&mut self, now: f64) -> Vec<Output> {
        let Some(study) = &mut self.study else { return Vec::new() };
        if let Some(outcome) = study.outcome() {
            self.study = None;
            self.prepared = Vec::new();
            return match outcome {
                Ok(outcome) => {
                    let (board, verdict) = (outcome.board, outcome.verdict);
                    let name = self.opened.as_ref().map_or(String::new(), |o| o.name.clone());
                    let told = (Box::new(board.clone()), Box::new(verdict.clone()));
                    self.finished = Some(Finished { name, artifact: outcome.artifact, board, verdict });
                    vec![event(Event::Finished { board: told.0, verdict: told.1 })]
                }
                Err(diagnostic) => failed(vec![diagnostic]),
            };
        }
        let wait = if self.board_changed { BOARD_SECS } else { 5.0 * BOARD_SECS };
        if now - self.told < wait {
            return Vec::new();
        }
        self.told = now;
        self.board_changed = false;
        vec![event(Event::Board { board: Box::new(study.board(now)) })]
    }
}

pub(super) fn no_model() -> Vec<Output> {
    failed(vec![Diagnostic::error(
        "session.no_model",
        "There is no model yet.",
        "Start a search and let it end.",
    )])
}
