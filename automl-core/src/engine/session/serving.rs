//! What can be done with a model: predict, save, report, restore.

use super::searching::no_model;
use super::{Finished, Output, Predicting, Purpose, Session, event, failed};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::Event;
use crate::engine::report::report_html;
use crate::engine::{ModelArtifact, PredictOptions};
use crate::table::Table;
use std::collections::BTreeMap;

/// A file's name without its ending.
fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ if name.is_empty() => "model",
        _ => name,
    }
}

impl Session {
    pub(super) fn predict_row(&self, values: &BTreeMap<String, String>) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        match finished.artifact.predict_row(values) {
            Ok(prediction) => vec![event(Event::RowPrediction { prediction })],
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }

    pub(super) fn predict_table(&mut self, name: &str, options: PredictOptions, bytes: &[u8]) -> Vec<Output> {
        let mut out = self.predict_begin(name, options, bytes.len() as u64);
        out.extend(self.read_chunk(bytes));
        out.extend(self.read_end());
        while self.is_predicting() {
            out.extend(self.predict_block());
        }
        out
    }

    /// Begins to read a file of `bytes` bytes that is to be predicted. Its bytes go to [`Session::read_chunk`].
    pub fn predict_begin(&mut self, name: &str, options: PredictOptions, bytes: u64) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        if let Err(diagnostic) = finished.artifact.check_options(&options) {
            return failed(vec![diagnostic]);
        }
        let read = finished.artifact.read_options();
        self.read_begin(Purpose::Predict(options), name, bytes, read);
        Vec::new()
    }

    /// The table is whole: its rows are predicted by [`Session::predict_block`].
    pub(super) fn predict_read(
        &mut self,
        name: String,
        options: PredictOptions,
        table: Table,
        mut diagnostics: Vec<Diagnostic>,
    ) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        match finished.artifact.check(&table) {
            Ok(more) => {
                diagnostics.extend(more);
                self.predicting = Some(Predicting { name, options, table, done: 0, diagnostics });
                Vec::new()
            }
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }

    /// Whether rows wait for [`Session::predict_block`].
    pub fn is_predicting(&self) -> bool {
        self.predicting.is_some()
    }

    /// Predicts the next rows. So that a large table can be given up, and shows how far it is.
    pub fn predict_block(&mut self) -> Vec<Output> {
        let (Some(predicting), Some(finished)) = (&mut self.predicting, &self.finished) else {
            self.predicting = None;
            return Vec::new();
        };
        let of = predicting.table.rows as u64;
        let part =
            finished.artifact.predictions_part(&predicting.table, predicting.done, &predicting.options);
        let (csv, done) = match part {
            Ok(part) => part,
            Err(diagnostic) => {
                self.predicting = None;
                return failed(vec![diagnostic]);
            }
        };
        predicting.done = done;
        let rows = done as u64;
        let part = Event::PredictionsPart { rows, of };
        let mut out = vec![Output::Event(Box::new(part), Some(csv.into_bytes()))];
        if rows == of
            && let Some(predicting) = self.predicting.take()
        {
            let name = format!("{}.predictions.csv", stem(&predicting.name));
            out.push(event(Event::Predictions { rows, name, diagnostics: predicting.diagnostics }));
        }
        out
    }

    pub(super) fn save_model(&self) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        let name = format!("{}.trellis", stem(&finished.name));
        vec![Output::Event(Box::new(Event::Model { name }), Some(finished.artifact.to_bytes()))]
    }

    pub(super) fn save_report(&self) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        let html = report_html(finished.artifact.header(), &finished.board, &finished.verdict);
        let name = format!("{}.report.html", stem(&finished.name));
        vec![Output::Event(Box::new(Event::Report { name }), Some(html.into_bytes()))]
    }

    /// Takes back a model file. What is open stays open.
    pub(super) fn restore(&mut self, bytes: &[u8]) -> Vec<Output> {
        match ModelArtifact::from_bytes(bytes) {
            Ok(artifact) => {
                let (board, verdict) = (artifact.board(), artifact.verdict().clone());
                let told =
                    Event::Restored { board: Box::new(board.clone()), verdict: Box::new(verdict.clone()) };
                let name = self.opened.as_ref().map_or(String::new(), |o| o.name.clone());
                self.finished =
                    Some(Finished { name, artifact, board, verdict, is_ours: false, fitted: Vec::new() });
                vec![event(told)]
            }
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }
}
