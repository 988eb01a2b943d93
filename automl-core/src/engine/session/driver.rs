//! Runs one study at a time on workers, whoever asks for it.

use super::Output;
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::{Board, PlanInfo, StudyRequest};
use crate::engine::worker::ToWorker;
use crate::engine::{JobFailure, JobResult, Outcome, Prepared, Study};
use std::sync::Arc;

/// Seconds between two boards.
const BOARD_SECS: f64 = 0.1;

/// What a worker is doing.
#[derive(Debug, Clone, Default)]
pub(super) struct Worker {
    /// Has the study's data.
    prepared: bool,
    pub job: Option<u64>,
}

/// What a study tells.
pub(super) enum Told {
    Board(Box<Board>),
    /// The study is over.
    Ended(Box<Result<Outcome, Diagnostic>>),
}

/// See the module.
pub(super) struct Driver {
    pub workers: Vec<Worker>,
    study: Option<Box<Study>>,
    /// The study's data as [`ToWorker`] bytes.
    prepared: Vec<u8>,
    /// When the board was last told, on the caller's clock.
    told: f64,
    board_changed: bool,
}

impl Driver {
    pub fn new(workers: u32) -> Self {
        Self {
            workers: vec![Worker::default(); workers.max(1) as usize],
            study: None,
            prepared: Vec::new(),
            told: f64::NEG_INFINITY,
            board_changed: false,
        }
    }

    pub fn is_busy(&self) -> bool {
        self.study.is_some()
    }

    /// Begins a study, which takes the place of any other.
    pub fn start(&mut self, prepared: Prepared, request: StudyRequest, now: f64) -> PlanInfo {
        // Serialised once; each worker gets a copy when it gets its first job.
        let message = ToWorker::Prepare(Box::new(prepared));
        self.prepared = message.to_bytes();
        // What was wrapped a line ago.
        let ToWorker::Prepare(prepared) = message else { unreachable!("a message of another kind") };
        self.workers.iter_mut().for_each(|w| w.prepared = false);
        let study = Study::new(Arc::from(prepared), request, self.workers.len() as u32, now, 0.0);
        let plan = study.plan();
        self.study = Some(Box::new(study));
        self.board_changed = true;
        plan
    }

    /// Ends a study that is under way without a result.
    pub fn end(&mut self) -> Vec<Output> {
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

    /// Changes the study, if there is one.
    pub fn with_study(&mut self, change: impl FnOnce(&mut Study)) {
        if let Some(study) = &mut self.study {
            change(study);
            self.board_changed = true;
        }
    }

    /// Takes a worker's answer.
    pub fn worker_message(&mut self, worker: u32, bytes: &[u8], now: f64) {
        let Some(slot) = self.workers.get_mut(worker as usize) else { return };
        let Some(job) = slot.job.take() else { return };
        let mut result = JobResult::from_bytes(bytes)
            .unwrap_or_else(|what| JobResult::failed(job, JobFailure::Failed(what)));
        // A worker has one job at a time, so an answer is about that one.
        result.id = job;
        self.with_study(|study| study.job_done(result, now));
    }

    /// A worker broke down and was started afresh: its job failed.
    pub fn worker_lost(&mut self, worker: u32, reason: &str, now: f64) {
        let Some(slot) = self.workers.get_mut(worker as usize) else { return };
        slot.prepared = false;
        if let Some(job) = slot.job.take() {
            let what = format!("its worker broke down: {reason}");
            self.with_study(|study| study.job_done(JobResult::failed(job, JobFailure::Failed(what)), now));
        }
    }

    /// Moves on: hands out jobs, keeps the deadline. Also what there is to tell.
    pub fn tick(&mut self, now: f64) -> (Vec<Output>, Option<Told>) {
        let mut out = Vec::new();
        let Some(study) = &mut self.study else { return (out, None) };
        study.tick(now);
        if study.must_abort_running() {
            out.extend(self.reset_busy());
        }
        out.extend(self.hand_out(now));
        (out, self.tell(now))
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
            out.push(Output::ToWorker { worker: number, bytes: ToWorker::run(job).to_bytes() });
        }
        out
    }

    /// The board where it changed or the time went on, and the end.
    fn tell(&mut self, now: f64) -> Option<Told> {
        let study = self.study.as_mut()?;
        if let Some(outcome) = study.outcome() {
            self.study = None;
            self.prepared = Vec::new();
            return Some(Told::Ended(Box::new(outcome)));
        }
        let wait = if self.board_changed { BOARD_SECS } else { 5.0 * BOARD_SECS };
        if now - self.told < wait {
            return None;
        }
        self.told = now;
        self.board_changed = false;
        Some(Told::Board(Box::new(study.board(now))))
    }
}
