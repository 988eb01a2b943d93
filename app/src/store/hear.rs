//! What the engine tells, and what becomes of it.

use super::flow::Subject;
use super::{PAGE_ROWS, Predicting, Store};
use crate::client::save;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::NodeId;
use automl_core::engine::protocol::{Board, Command, Event, FlowEvent, TableInfo};
use js_sys::{Array, ArrayBuffer};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pages of rows that are kept.
const KEPT_PAGES: usize = 40;

impl Store {
    pub(super) fn hear(self, event: Event, body: Option<ArrayBuffer>) {
        let is_closed = self.table.with_untracked(Option::is_none);
        match event {
            // The last words of a search whose table has been closed.
            Event::Started { .. } | Event::Board { .. } | Event::Finished { .. } if is_closed => {}
            Event::Reading { bytes, of } => self.hear_reading(bytes, of),
            Event::Opened { table } => self.hear_opened(*table),
            Event::Rows { start, rows } => self.rows.update(|pages| {
                if pages.len() > KEPT_PAGES {
                    pages.retain(|page, _| page.abs_diff(start / PAGE_ROWS) < KEPT_PAGES as u64 / 2);
                }
                pages.insert(start / PAGE_ROWS, Arc::new(rows));
            }),
            Event::Target { info } => {
                self.target.set(Some(Arc::from(info)));
                // One that was refused is no longer asked about.
                self.alerts.update(|all| all.retain(|d| !d.code.starts_with("target.")));
            }
            Event::Started { plan } => self.show_search(plan.validation),
            Event::Board { board } => self.hear_board(*board),
            Event::Finished { board, verdict } => {
                self.hear_board(*board);
                self.keep_result(&verdict);
                self.news.set(verdict.sentence.clone());
                self.verdict.set(Some(Arc::from(verdict)));
                self.keeping.set(true);
                self.tell(&Command::SaveModel);
            }
            Event::Restored { board, verdict } if self.adopting.get_value() => {
                self.adopting.set_value(false);
                // No search of the first page made it.
                self.request.set(None);
                self.board.set(Some(Arc::from(board)));
                self.verdict.set(Some(Arc::from(verdict)));
                self.prediction.set(None);
                self.go_to_start();
            }
            Event::Restored { .. } => {
                if let Some((board, verdict)) = self.returning.try_update_value(Option::take).flatten() {
                    self.board.set(Some(board));
                    self.verdict.set(Some(verdict));
                }
            }
            Event::RowPrediction { prediction } => {
                self.prediction.set(Some(prediction));
                self.next_prediction();
            }
            Event::Predicting { bytes, of } if self.is_predicting() => {
                self.parts.set_value(Vec::new());
                self.predicting_table.set(Some(Predicting::Reading(bytes, of)));
            }
            Event::PredictionsPart { rows, of } if self.is_predicting() => {
                self.predicting_table.set(Some(Predicting::Rows(rows, of)));
                // Kept as blobs, which a browser may put on the disk.
                let part = body.map(|body| save::blob("text/csv", &Array::of1(&body)));
                self.parts.update_value(|parts| parts.extend(part.and_then(Result::ok)));
            }
            Event::Predictions { rows, name, diagnostics } if self.is_predicting() => {
                let parts = self.end_predicting();
                self.alerts.set(diagnostics);
                self.news.set(format!("{rows} rows predicted."));
                self.hand_over(&name, "text/csv", &parts.iter().collect());
            }
            // Words about a table that was given up.
            Event::Predicting { .. } | Event::PredictionsPart { .. } | Event::Predictions { .. } => {}
            Event::Model { .. } if self.keeping.get_untracked() => {
                self.keeping.set(false);
                if let Some(body) = body {
                    self.keep_model(body);
                }
            }
            Event::Model { name } => {
                self.hand_over(&name, "application/octet-stream", &body.iter().collect())
            }
            Event::Report { name } => self.hand_over(&name, "text/html", &body.iter().collect()),
            Event::Flow { tell } => self.hear_flow(*tell, body),
            Event::Failed { diagnostics } => self.hear_failed(diagnostics),
        }
    }

    /// What is told about pipelines, after which tables are given and what comes next is done.
    fn hear_flow(self, tell: FlowEvent, body: Option<ArrayBuffer>) {
        match &tell {
            FlowEvent::Saved { name } => return self.hear_saved(name, body),
            FlowEvent::Kept { key, .. } => return self.hear_kept(key, body),
            FlowEvent::Brought { refused, .. } => return self.hear_brought(refused.len()),
            _ => {}
        }
        let plan = if let FlowEvent::Planned { plan } = &tell { Some(plan.clone()) } else { None };
        let has_ended = matches!(tell, FlowEvent::Ended { .. });
        if let FlowEvent::Refused { source, .. } = &tell {
            self.give_up(source);
        }
        if let FlowEvent::Failed { .. } = tell {
            self.flow.desk.packing.set_value(None);
            self.flow.desk.next.set_value(None);
            self.flow.desk.takes_search.set_value(None);
            self.flow.desk.reading.set(BTreeMap::new());
            self.adopting.set_value(false);
        }
        self.flow.hear(tell);
        if let Some(plan) = plan {
            self.hear_wishes(&plan);
        }
        if has_ended {
            self.show_claimed();
        }
    }

    /// The result that a link claims is shown once it has been computed here.
    fn show_claimed(self) {
        let claim = self.flow.desk.linked.with_untracked(|l| l.as_ref().and_then(|l| l.claim.clone()));
        if let Some(claim) = claim {
            self.flow.show(Some(Subject { node: NodeId(claim.node), port: claim.port }));
        }
    }

    /// Words about a reading that was given up may still come.
    fn hear_reading(self, bytes: u64, of: u64) {
        if self.reading.with_untracked(Option::is_some) {
            self.reading.set(Some((bytes, of)));
        }
    }

    fn hear_opened(self, table: TableInfo) {
        let opened = self.pending.with_value(|p| p.as_ref().is_some_and(|p| p.name == table.name));
        let pending = if opened { self.pending.try_update_value(Option::take).flatten() } else { None };
        self.reading.set(None);
        self.rows.set(BTreeMap::new());
        let chosen = self.target.get_untracked().map(|t| t.column.clone());
        let known = |c: &String| table.profile.columns.iter().any(|p| p.name == *c);
        match chosen.filter(known).filter(|_| self.table.with_untracked(Option::is_some)) {
            Some(column) => self.tell(&Command::Inspect { column, task: None }),
            None => self.target.set(table.target.clone().map(Arc::new)),
        }
        if let Some(pending) = pending {
            self.board.set(None);
            self.verdict.set(None);
            self.prediction.set(None);
            self.name.set(pending.name);
            self.options.set(pending.options);
            self.file.set_value(Some(pending.file.clone()));
            if pending.keep {
                self.keep_file(pending.file);
            }
        }
        self.news.set(format!("{} is open.", table.name));
        self.table.set(Some(Arc::new(table)));
    }

    fn hear_failed(self, diagnostics: Vec<Diagnostic>) {
        self.reading.set(None);
        self.pending.set_value(None);
        self.end_predicting();
        self.starting.set(false);
        if self.searching() {
            self.board.set(None);
        }
        self.next_prediction();
        self.alerts.set(diagnostics);
    }

    pub(super) fn hear_board(self, board: Board) {
        let old = self.board.with_untracked(|b| b.as_ref().and_then(|b| b.best_score));
        if let (Some(new), true) = (board.best_score, old != board.best_score) {
            let best = board.rows.first().map_or("", |r| r.title.as_str());
            self.news.set(format!(
                "New best: {best}, {} {}",
                board.metric_title,
                trellis_page::format::number(new)
            ));
        }
        self.board.set(Some(Arc::new(board)));
    }

    fn is_predicting(self) -> bool {
        self.predicting_table.with_untracked(Option::is_some)
    }

    /// `parts`: buffers and blobs, one after the other.
    pub fn hand_over(self, name: &str, mime: &str, parts: &Array) {
        if parts.length() > 0 && save::download(name, mime, parts).is_err() {
            self.alert(Diagnostic::error(
                "download.refused",
                format!("The browser did not take the file {name}."),
                "Allow downloads for this page and try again.",
            ));
        }
    }
}
