//! A search on rows that were drawn from a table that memory does not hold: its model is then trained on all rows
//! elsewhere, and comes back.

use super::{Opened, Output, Session, event};
use crate::diagnostic::Diagnostic;
use crate::engine::ModelArtifact;
use crate::engine::beyond::found_bytes;
use crate::engine::protocol::Event;
use crate::table::{ReadOptions, ReadReport, Table};

impl Session {
    /// Opens rows that were drawn from a larger table, in place of what was open. `report` and `options`: of the reading
    /// of all of it.
    pub fn open_drawn(
        &mut self,
        name: &str,
        table: Table,
        report: ReadReport,
        options: ReadOptions,
    ) -> Vec<Output> {
        let out = self.end_study();
        self.finished = None;
        self.opened = Some(Opened { name: name.to_owned(), table, report, options, is_drawn: true });
        out
    }

    /// Lets go of the open table's rows, once a search has begun, which has its own.
    pub fn let_go_of_rows(&mut self) {
        if let Some(opened) = &mut self.opened {
            opened.table = Table::default();
        }
    }

    /// What the search that has ended found, for [`crate::engine::Outcome::from_bytes`].
    pub fn found(&self) -> Option<Vec<u8>> {
        self.finished.as_ref().map(|f| found_bytes(&f.artifact, &f.fitted))
    }

    /// Takes the model that was trained on all rows in place of the search's own, and tells the end of the search again.
    ///
    /// # Errors
    /// Bytes that are no model.
    pub fn take_trained(&mut self, model: &[u8]) -> Result<Vec<Output>, Diagnostic> {
        let artifact = ModelArtifact::from_bytes(model)?;
        let Some(finished) = &mut self.finished else { return Ok(Vec::new()) };
        finished.verdict = artifact.verdict().clone();
        finished.artifact = artifact;
        Ok(self.tell_finished())
    }

    /// Keeps the search's own model, which says `why`, and tells the end of the search again.
    pub fn keep_found(&mut self, why: Diagnostic) -> Vec<Output> {
        if let Some(finished) = &mut self.finished {
            finished.verdict.diagnostics.push(why);
            finished.artifact.set_verdict(finished.verdict.clone());
        }
        self.tell_finished()
    }

    fn tell_finished(&self) -> Vec<Output> {
        let told = self.finished.iter().map(|finished| {
            let (board, verdict) = (finished.board.clone(), finished.verdict.clone());
            event(Event::Finished { board: Box::new(board), verdict: Box::new(verdict) })
        });
        told.collect()
    }
}
