//! What can be done with a model: predict, save, report, restore.

use super::searching::no_model;
use super::{Finished, Output, Session, event, failed};
use crate::diagnostic::Diagnostic;
use crate::engine::ModelArtifact;
use crate::engine::protocol::Event;
use crate::engine::report::report_html;
use crate::table::{Format, read};
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

    pub(super) fn predict_table(&self, name: &str, bytes: &[u8]) -> Vec<Output> {
        let Some(finished) = &self.finished else { return no_model() };
        let (table, report) = read(bytes, Format::from_name(name), &finished.artifact.read_options());
        if table.rows == 0 {
            let mut found = report.diagnostics;
            found.push(Diagnostic::error(
                "table.no_rows",
                format!("\"{name}\" holds no rows to predict."),
                "Choose a file with the columns that the model was trained on.",
            ));
            return failed(found);
        }
        match finished.artifact.predictions_csv(&table) {
            Ok((csv, more)) => {
                let mut diagnostics = report.diagnostics;
                diagnostics.extend(more);
                let name = format!("{}.predictions.csv", stem(name));
                let told = Event::Predictions { rows: table.rows as u64, name, diagnostics };
                vec![Output::Event(Box::new(told), Some(csv.into_bytes()))]
            }
            Err(diagnostic) => failed(vec![diagnostic]),
        }
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
                self.finished = Some(Finished { name, artifact, board, verdict });
                vec![event(told)]
            }
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }
}
