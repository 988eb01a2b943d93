//! The page's state, as signals, and what changes it.

use crate::client::workers::{Beside, Pool};
use crate::client::{network, save, storage};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{
    Board, Command, Event, Phase, RowPrediction, StudyRequest, TableInfo, TargetInfo, Verdict,
};
use automl_core::table::ReadOptions;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// Rows fetched at a time for the preview.
pub const PAGE_ROWS: u64 = 100;
/// Pages of rows that are kept.
const KEPT_PAGES: usize = 40;

/// One fetched page of rows.
pub type RowsPage = Arc<Vec<Vec<Option<String>>>>;

/// How the last table was opened, for the next visit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Kept {
    name: String,
    options: ReadOptions,
    target: Option<String>,
}

/// The result of the last search, for the next visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptResult {
    board: Board,
    verdict: Verdict,
}

/// Everything that the page shows.
#[derive(Clone, Copy)]
pub struct Store {
    pool: StoredValue<Option<Pool>, LocalStorage>,
    /// The open file, for reading it again in another way.
    file: StoredValue<Option<Blob>, LocalStorage>,
    pub name: RwSignal<String>,
    pub options: RwSignal<ReadOptions>,
    /// (bytes read, bytes in all) while a file is read.
    pub reading: RwSignal<Option<(u64, u64)>>,
    pub table: RwSignal<Option<Arc<TableInfo>>>,
    pub rows: RwSignal<BTreeMap<u64, RowsPage>>,
    pub target: RwSignal<Option<Arc<TargetInfo>>>,
    pub board: RwSignal<Option<Arc<Board>>>,
    pub validation: RwSignal<String>,
    pub verdict: RwSignal<Option<Arc<Verdict>>>,
    pub prediction: RwSignal<Option<RowPrediction>>,
    /// What went wrong last.
    pub alerts: RwSignal<Vec<Diagnostic>>,
    /// What happened last, for screen readers and as a passing note.
    pub news: RwSignal<String>,
    /// The model is to be kept and not handed to the person.
    keeping: RwSignal<bool>,
    /// Bytes that left this tab: nothing here sends any.
    pub bytes_sent: RwSignal<u64>,
}

impl Store {
    pub fn new() -> Self {
        Self {
            pool: StoredValue::new_local(None),
            file: StoredValue::new_local(None),
            name: RwSignal::default(),
            options: RwSignal::default(),
            reading: RwSignal::default(),
            table: RwSignal::default(),
            rows: RwSignal::default(),
            target: RwSignal::default(),
            board: RwSignal::default(),
            validation: RwSignal::default(),
            verdict: RwSignal::default(),
            prediction: RwSignal::default(),
            alerts: RwSignal::default(),
            news: RwSignal::default(),
            keeping: RwSignal::default(),
            bytes_sent: RwSignal::default(),
        }
    }

    /// Loads the workers in the background, and brings back what the last visit left.
    pub fn start(self) {
        let listener = Rc::new(move |event, body| self.hear(event, body));
        let broken = Rc::new(move |reason: String| {
            self.reading.set(None);
            self.table.set(None);
            self.board.set(None);
            self.alert(Diagnostic::error(
                "engine.broken",
                format!("The engine broke down and was started again: {reason}"),
                "Open the table again. If it is very large, use the command line for it.",
            ));
        });
        self.pool.set_value(Some(Pool::start(listener, broken)));
        wasm_bindgen_futures::spawn_local(self.bring_back());
    }

    pub fn ask(self, command: &Command, beside: Beside) {
        self.pool.with_value(|pool| {
            if let Some(pool) = pool {
                pool.ask(command, beside);
            }
        });
    }

    pub fn tell(self, command: &Command) {
        self.ask(command, Beside::Nothing);
    }

    pub fn alert(self, diagnostic: Diagnostic) {
        self.alerts.set(vec![diagnostic]);
    }

    /// Whether a search is under way.
    pub fn searching(self) -> bool {
        self.board.with(|b| b.as_ref().is_some_and(|b| b.phase != Phase::Done))
            && self.verdict.with(Option::is_none)
    }

    /// Opens a file, in place of what was open.
    pub fn open(self, name: String, file: Blob, options: ReadOptions) {
        self.alerts.set(Vec::new());
        self.reading.set(Some((0, file.size() as u64)));
        self.board.set(None);
        self.verdict.set(None);
        self.prediction.set(None);
        self.options.set(options.clone());
        self.name.set(name.clone());
        self.file.set_value(Some(file.clone()));
        self.ask(&Command::Open { name: name.clone(), options: options.clone() }, Beside::Blob(file.clone()));
        wasm_bindgen_futures::spawn_local(async move {
            // A browser without room or without storage still works; only the next visit starts empty.
            let kept = Kept { name, options, target: None };
            let _ = storage::forget(&[storage::MODEL, storage::RESULT]).await;
            let _ = storage::put(storage::FILE, &file).await;
            self.keep(&kept).await;
        });
    }

    async fn keep(self, kept: &Kept) {
        let json = serde_json::to_string(kept).unwrap_or_default();
        let _ = storage::put(storage::TABLE, &JsValue::from_str(&json)).await;
    }

    /// Reads the open file again in another way.
    pub fn reread(self, change: impl FnOnce(&mut ReadOptions)) {
        let mut options = self.options.get_untracked();
        change(&mut options);
        if let Some(file) = self.file.get_value() {
            self.open(self.name.get_untracked(), file, options);
        }
    }

    /// Opens a bundled sample.
    pub fn open_sample(self, file: &'static str) {
        self.reading.set(Some((0, 0)));
        wasm_bindgen_futures::spawn_local(async move {
            match network::bundled(&format!("/samples/{file}")).await {
                Ok(blob) => self.open(file.to_owned(), blob, ReadOptions::default()),
                Err(reason) => {
                    self.reading.set(None);
                    self.alert(Diagnostic::error(
                        "sample.unreachable",
                        format!("The sample could not be loaded: {reason}."),
                        "Check the connection and try again, or drop a file of your own: that needs no network.",
                    ));
                }
            }
        });
    }

    pub fn search(self, request: StudyRequest) {
        self.alerts.set(Vec::new());
        self.verdict.set(None);
        self.board.set(None);
        self.prediction.set(None);
        let kept = Kept {
            name: self.name.get_untracked(),
            options: self.options.get_untracked(),
            target: Some(request.target.clone()),
        };
        wasm_bindgen_futures::spawn_local(async move { self.keep(&kept).await });
        self.tell(&Command::Start { request });
        // The search shows itself at the top.
        if let Some(window) = web_sys::window() {
            window.scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Fetches a page of rows, unless it is there.
    pub fn fetch_rows(self, page: u64) {
        if self.rows.with_untracked(|rows| rows.contains_key(&page)) {
            return;
        }
        self.rows.update_untracked(|rows| {
            // Marked as asked for, so that scrolling does not ask again.
            rows.insert(page, Arc::new(Vec::new()));
        });
        self.tell(&Command::Rows { start: page * PAGE_ROWS, count: PAGE_ROWS as u32 });
    }

    /// Back to the beginning.
    pub fn close(self) {
        self.tell(&Command::Stop);
        self.file.set_value(None);
        self.table.set(None);
        self.target.set(None);
        self.board.set(None);
        self.verdict.set(None);
        self.reading.set(None);
        self.alerts.set(Vec::new());
        wasm_bindgen_futures::spawn_local(async {
            let keys = [storage::FILE, storage::TABLE, storage::MODEL, storage::RESULT];
            let _ = storage::forget(&keys).await;
        });
    }

    fn hear(self, event: Event, body: Option<ArrayBuffer>) {
        match event {
            Event::Reading { bytes, of } => self.reading.set(Some((bytes, of))),
            Event::Opened { table } => {
                self.reading.set(None);
                self.rows.set(BTreeMap::new());
                let chosen = self.target.get_untracked().map(|t| t.column.clone());
                let known = |c: &String| table.profile.columns.iter().any(|p| p.name == *c);
                match chosen.filter(known).filter(|_| self.table.with_untracked(Option::is_some)) {
                    Some(column) => self.tell(&Command::Inspect { column, task: None }),
                    None => self.target.set(table.target.clone().map(Arc::new)),
                }
                self.news.set(format!("{} is open.", table.name));
                self.table.set(Some(Arc::from(table)));
            }
            Event::Rows { start, rows } => self.rows.update(|pages| {
                if pages.len() > KEPT_PAGES {
                    pages.retain(|page, _| page.abs_diff(start / PAGE_ROWS) < KEPT_PAGES as u64 / 2);
                }
                pages.insert(start / PAGE_ROWS, Arc::new(rows));
            }),
            Event::Target { info } => self.target.set(Some(Arc::from(info))),
            Event::Started { plan } => self.validation.set(plan.validation),
            Event::Board { board } => self.hear_board(*board),
            Event::Finished { board, verdict } => {
                self.hear_board(*board);
                self.keep_result(&verdict);
                self.news.set(verdict.sentence.clone());
                self.verdict.set(Some(Arc::from(verdict)));
                self.keeping.set(true);
                self.tell(&Command::SaveModel);
            }
            Event::Restored { .. } => {}
            Event::RowPrediction { prediction } => self.prediction.set(Some(prediction)),
            Event::Predictions { rows, name, diagnostics } => {
                self.alerts.set(diagnostics);
                self.news.set(format!("{rows} rows predicted."));
                self.hand_over(&name, "text/csv", body);
            }
            Event::Model { name } if self.keeping.get_untracked() => {
                let _ = name;
                self.keeping.set(false);
                wasm_bindgen_futures::spawn_local(async move {
                    if let Some(body) = body {
                        let _ = storage::put(storage::MODEL, &body).await;
                    }
                });
            }
            Event::Model { name } => self.hand_over(&name, "application/octet-stream", body),
            Event::Report { name } => self.hand_over(&name, "text/html", body),
            Event::Failed { diagnostics } => {
                self.reading.set(None);
                if self.searching() {
                    self.board.set(None);
                }
                self.alerts.set(diagnostics);
            }
        }
    }

    fn hear_board(self, board: Board) {
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

    fn hand_over(self, name: &str, mime: &str, body: Option<ArrayBuffer>) {
        let Some(body) = body else { return };
        if save::download(name, mime, &body).is_err() {
            self.alert(Diagnostic::error(
                "download.refused",
                format!("The browser did not take the file {name}."),
                "Allow downloads for this page and try again.",
            ));
        }
    }

    fn keep_result(self, verdict: &Verdict) {
        let Some(board) = self.board.get_untracked() else { return };
        let result = KeptResult { board: (*board).clone(), verdict: verdict.clone() };
        wasm_bindgen_futures::spawn_local(async move {
            let json = serde_json::to_string(&result).unwrap_or_default();
            let _ = storage::put(storage::RESULT, &JsValue::from_str(&json)).await;
        });
    }

    /// What the last visit left: the file is read again, the model taken back.
    async fn bring_back(self) {
        let text = |value: Option<JsValue>| value.and_then(|v| v.as_string()).unwrap_or_default();
        let Ok(kept) = storage::get(storage::TABLE).await else { return };
        let Ok(kept) = serde_json::from_str::<Kept>(&text(kept)) else { return };
        let Ok(Some(file)) = storage::get(storage::FILE).await else { return };
        let Ok(file) = file.dyn_into::<Blob>() else { return };
        if self.table.with_untracked(Option::is_some) || self.reading.with_untracked(Option::is_some) {
            return;
        }
        self.name.set(kept.name.clone());
        self.options.set(kept.options.clone());
        self.file.set_value(Some(file.clone()));
        self.reading.set(Some((0, file.size() as u64)));
        self.ask(&Command::Open { name: kept.name, options: kept.options }, Beside::Blob(file));
        if let Some(column) = kept.target {
            self.tell(&Command::Inspect { column, task: None });
        }
        let result = storage::get(storage::RESULT).await.unwrap_or_default();
        let model = storage::get(storage::MODEL).await.unwrap_or_default();
        let Ok(result) = serde_json::from_str::<KeptResult>(&text(result)) else { return };
        let Some(model) = model.and_then(|m| m.dyn_into::<ArrayBuffer>().ok()) else { return };
        self.ask(&Command::Restore, Beside::Buffer(model));
        self.board.set(Some(Arc::new(result.board)));
        self.verdict.set(Some(Arc::new(result.verdict)));
    }
}
