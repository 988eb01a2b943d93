//! The first page's search.

use super::driver::Told;
use super::open::nothing_open;
use super::{Finished, Output, Session, event, failed};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::{Event, StudyRequest};
use crate::engine::{Study, prepare_within};

impl Session {
    pub(super) fn start(&mut self, request: StudyRequest, now: f64) -> Vec<Output> {
        let mut out = self.end_study();
        let Some(opened) = &self.opened else { return nothing_open() };
        let next = opened.report.options_for_next(&opened.table, &opened.options);
        let prepared = match prepare_within(&opened.table, next, &request, self.memory) {
            Ok(mut prepared) => {
                // What was drawn is not all that is learned from.
                prepared.diagnostics.retain(|d| !opened.is_drawn || d.code != "data.sampled");
                prepared
            }
            Err(diagnostics) => {
                out.extend(failed(diagnostics));
                return out;
            }
        };
        // One study runs at a time.
        out.extend(self.flow_stop(now));
        self.finished = None;
        let plan = self.driver.start(prepared, request, now);
        out.push(event(Event::Started { plan: Box::new(plan) }));
        out.extend(self.tick(now));
        out
    }

    /// Ends a search that is under way without a result. A pipeline's study goes on.
    pub(super) fn end_study(&mut self) -> Vec<Output> {
        if self.flow.studying().is_some() { Vec::new() } else { self.driver.end() }
    }

    pub(super) fn with_study(&mut self, now: f64, change: impl FnOnce(&mut Study)) -> Vec<Output> {
        if self.flow.studying().is_none() {
            self.driver.with_study(change);
        }
        self.tick(now)
    }

    /// Takes a worker's answer.
    pub fn worker_message(&mut self, worker: u32, bytes: &[u8], now: f64) -> Vec<Output> {
        self.driver.worker_message(worker, bytes, now);
        self.tick(now)
    }

    /// A worker broke down and was started afresh: its job failed.
    pub fn worker_lost(&mut self, worker: u32, reason: &str, now: f64) -> Vec<Output> {
        self.driver.worker_lost(worker, reason, now);
        self.tick(now)
    }

    /// Moves on: hands out jobs, keeps the deadline, tells the board, does a part of a pipeline. Call it every tenth of a
    /// second or so while anything runs, and at once while [`Session::has_work`].
    pub fn tick(&mut self, now: f64) -> Vec<Output> {
        let (mut out, told) = self.driver.tick(now);
        if self.flow.studying().is_some() {
            out.extend(self.flow_told(told, now));
        } else {
            out.extend(told.map(|told| self.search_told(told)).into_iter().flatten());
        }
        out.extend(self.flow_step(now));
        out
    }

    fn search_told(&mut self, told: Told) -> Vec<Output> {
        let outcome = match told {
            Told::Board(board) => return vec![event(Event::Board { board })],
            Told::Ended(outcome) => *outcome,
        };
        match outcome {
            Ok(outcome) => {
                let (board, verdict, fitted) = (outcome.board, outcome.verdict, outcome.fitted);
                let name = self.opened.as_ref().map_or(String::new(), |o| o.name.clone());
                let told = (Box::new(board.clone()), Box::new(verdict.clone()));
                self.finished = Some(Finished {
                    name,
                    artifact: outcome.artifact,
                    board,
                    verdict,
                    is_ours: true,
                    fitted,
                });
                vec![event(Event::Finished { board: told.0, verdict: told.1 })]
            }
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }
}

pub(super) fn no_model() -> Vec<Output> {
    failed(vec![Diagnostic::error(
        "session.no_model",
        "There is no model yet.",
        "Start a search and let it end.",
    )])
}
