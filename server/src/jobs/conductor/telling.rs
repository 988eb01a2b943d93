//! What a session tells of a run: events are written down, files kept.

use super::{BOARD, Drive, JobError};
use crate::store::{RunFile, RunState};
use automl_core::engine::protocol::{Board, Command, Event, FlowCommand, FlowEvent, NodeState, RunEnd};
use std::time::Instant;

impl Drive {
    /// Writes an event down, and takes note of what it means for the run.
    pub(super) async fn tell(&mut self, event: Event, body: Option<Vec<u8>>) -> Result<(), JobError> {
        let json = serde_json::to_string(&event).unwrap_or_default();
        match &event {
            Event::Board { board } => self.board = Some((json, best(board))),
            Event::Flow { tell } => match tell.as_ref() {
                FlowEvent::Saved { name } => self.keep_file(name.clone(), body.unwrap_or_default()).await?,
                tell => return self.flow_told(tell, json).await,
            },
            // Others of its table's rows are learned from first.
            Event::Finished { board, .. } if self.is_to_learn_more() => self.found(board.clone()),
            Event::Finished { board, .. } => {
                self.add_event("finished", &json, best(board)).await?;
                for command in [Command::SaveModel, Command::SaveReport] {
                    let outputs = self.session.handle(command, None, self.now());
                    Box::pin(self.carry(outputs)).await?;
                }
                self.ended = Some((RunState::Done, std::mem::take(&mut self.remarks)));
            }
            Event::Model { name } | Event::Report { name } => {
                let name = name.clone();
                self.keep_file(name, body.unwrap_or_default()).await?;
            }
            Event::Failed { diagnostics } => {
                self.ended = Some((RunState::Failed, diagnostics.clone()));
            }
            Event::Started { .. } => self.add_event("started", &json, None).await?,
            _ => {}
        }
        Ok(())
    }

    async fn flow_told(&mut self, tell: &FlowEvent, json: String) -> Result<(), JobError> {
        match tell {
            FlowEvent::Board { board, .. } => self.board = Some((json, best(board))),
            FlowEvent::Node { node, view } if matches!(view.state, NodeState::Running) => {
                // Progress goes the way of boards: only the newest counts.
                self.moving.insert(node.clone(), json);
            }
            FlowEvent::Node { node, view } => {
                if view.state == NodeState::Failed {
                    let errors = view.findings.iter().map(|f| &f.diagnostic).filter(|d| d.is_error());
                    self.faults.extend(errors.cloned());
                }
                let kind = format!("node {node}");
                self.moving.remove(node);
                self.tell_board(true).await?;
                self.add_event(&kind, &json, None).await?;
            }
            FlowEvent::Ended { end, failed, .. } => {
                self.add_event("flow_ended", &json, None).await?;
                let state = match end {
                    RunEnd::Stopped => RunState::Cancelled,
                    RunEnd::Done if *failed == 0 => RunState::Done,
                    RunEnd::Done | RunEnd::Refused => RunState::Failed,
                };
                self.ended = Some((state, std::mem::take(&mut self.faults)));
            }
            FlowEvent::Planned { .. } => self.add_event("planned", &json, None).await?,
            FlowEvent::Failed { diagnostics } => {
                self.ended = Some((RunState::Failed, diagnostics.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) async fn add_event(&self, kind: &str, json: &str, best: Option<f64>) -> Result<(), JobError> {
        // It tells of what is in the table: levels, importances, scores.
        let hidden = self.place.hide(&event(&self.run.id, kind), json)?;
        self.jobs.store.add_event((&self.run.id, self.run.fence), kind, &hidden, true, best).await?;
        self.jobs.tell();
        Ok(())
    }

    /// Writes the newest board and the progress of nodes down, not too often unless `at_once`.
    pub(super) async fn tell_board(&mut self, at_once: bool) -> Result<(), JobError> {
        if !at_once && self.told.elapsed() < BOARD {
            return Ok(());
        }
        for (node, json) in std::mem::take(&mut self.moving) {
            self.told = Instant::now();
            self.add_event(&format!("node {node}"), &json, None).await?;
        }
        let Some((json, best)) = self.board.take() else { return Ok(()) };
        // While it is gone through again, what was told before stands.
        if !self.is_pipeline && !at_once && best < self.resumed {
            return Ok(());
        }
        self.told = Instant::now();
        self.add_event("board", &json, best).await
    }

    /// Results of nodes, for whoever opens the pipeline, and the files that it exports once all of it is done.
    pub(super) async fn keep_results(&mut self, is_done: bool) -> Result<(), JobError> {
        for (node, port) in std::mem::take(&mut self.exports).into_iter().filter(|_| is_done) {
            self.ask(FlowCommand::Save { node, port }, None).await?;
        }
        for key in self.session.fresh_results() {
            if let Some(bytes) = self.session.cache_bytes(&key) {
                self.keep_file(format!("result/{key}"), bytes).await?;
            }
        }
        Ok(())
    }

    async fn keep_file(&mut self, name: String, bytes: Vec<u8>) -> Result<(), JobError> {
        let put = self.place.put(bytes).await?;
        self.files.retain(|file| file.name != name);
        self.files.push(RunFile { name, blob: put.hash, bytes: put.bytes as i64 });
        Ok(())
    }
}

/// What an event is hidden as.
pub fn event(run: &str, kind: &str) -> String {
    format!("event {run} {kind}")
}

/// The best score of a board, higher is better.
pub(super) fn best(board: &Board) -> Option<f64> {
    board.best_score.map(|score| if board.greater_is_better { score } else { -score })
}
