//! The page's state, as signals, and what changes it.

pub mod backend;
pub mod desk;
pub mod flow;
mod flow_data;
mod flow_files;
mod flow_keep;
mod flow_route;
pub mod flow_saved;
pub mod flow_server;
mod flow_shelf;
mod hear;
mod keep;
pub mod server;

use crate::client::network::{Network, NetworkError};
use crate::client::workers::{Beside, Broken, Pool};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::PredictOptions;
use automl_core::engine::protocol::{
    Board, Command, FlowCommand, Phase, RowPrediction, StudyRequest, TableInfo, TargetInfo, Verdict,
};
use automl_core::table::ReadOptions;
use flow::Flow;
use leptos::prelude::*;
use server::ServerSearch;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use trellis_page::files;
use trellis_page::latest::Latest;
use web_sys::Blob;

/// The share of rows whose true value an interval is to hold, where intervals are asked for.
const INTERVAL_LEVEL: f64 = 0.9;

/// Rows fetched at a time for the preview.
pub const PAGE_ROWS: u64 = 100;
/// Code of the alert that offers to open the last table again.
pub const BROKEN: &str = "engine.broken";
/// Code of the alert that offers to load the page again.
pub const NOT_STARTED: &str = "engine.not_started";

/// One fetched page of rows.
pub type RowsPage = Arc<Vec<Vec<Option<String>>>>;

/// A file that is being read. It takes the place of the open one once that has succeeded.
struct Pending {
    name: String,
    file: Blob,
    options: ReadOptions,
    /// For the next visit.
    keep: bool,
}

/// How far the predicting of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicting {
    /// Bytes of the file, of so many.
    Reading(u64, u64),
    /// Rows, of so many.
    Rows(u64, u64),
}

/// The way to the engine.
#[derive(Clone, Copy)]
pub struct Engine {
    pool: StoredValue<Option<Pool>, LocalStorage>,
}

impl Engine {
    pub fn ask(self, command: &Command, beside: Beside) {
        self.pool.with_value(|pool| {
            if let Some(pool) = pool {
                pool.ask(command, beside);
            }
        });
    }
}

/// Everything that the page shows.
#[derive(Clone, Copy)]
pub struct Store {
    engine: Engine,
    pub network: Network,
    pub flow: Flow,
    /// The open file, for reading it again in another way.
    file: StoredValue<Option<Blob>, LocalStorage>,
    pending: StoredValue<Option<Pending>, LocalStorage>,
    /// The graphics card that was found, or an empty name and why there is none; `None`: nobody asked.
    pub card: RwSignal<Option<(String, String)>>,
    /// Where models are computed from the next study on: `auto`, `cpu` or `gpu`.
    pub backend: RwSignal<String>,
    pub name: RwSignal<String>,
    pub options: RwSignal<ReadOptions>,
    /// (bytes read, bytes in all) while a file is read.
    pub reading: RwSignal<Option<(u64, u64)>>,
    pub table: RwSignal<Option<Arc<TableInfo>>>,
    pub rows: RwSignal<BTreeMap<u64, RowsPage>>,
    pub target: RwSignal<Option<Arc<TargetInfo>>>,
    /// A search was asked for, and its first word has not come.
    pub starting: RwSignal<bool>,
    pub board: RwSignal<Option<Arc<Board>>>,
    pub validation: RwSignal<String>,
    pub verdict: RwSignal<Option<Arc<Verdict>>>,
    pub prediction: RwSignal<Option<RowPrediction>>,
    predicting: StoredValue<Latest<Command>>,
    pub predicting_table: RwSignal<Option<Predicting>>,
    /// What has come of the predictions of a table.
    parts: StoredValue<Vec<Blob>, LocalStorage>,
    /// The last visit's result, until the engine has its model back.
    returning: StoredValue<Option<(Arc<Board>, Arc<Verdict>)>>,
    /// Why there is no engine, if so.
    not_started: StoredValue<Option<String>>,
    /// What went wrong last.
    pub alerts: RwSignal<Vec<Diagnostic>>,
    /// What happened last, for screen readers and as a passing note.
    pub news: RwSignal<String>,
    /// The model is to be kept and not handed to the person.
    keeping: RwSignal<bool>,
    /// What the last search was asked for.
    pub request: RwSignal<Option<StudyRequest>>,
    /// A model of a pipeline, or of a file, is to be shown as a result.
    adopting: StoredValue<bool>,
    /// The search that the server runs.
    pub server: ServerSearch,
}

impl Store {
    pub fn new() -> Self {
        let engine = Engine { pool: StoredValue::new_local(None) };
        let (alerts, news) = (RwSignal::default(), RwSignal::default());
        Self {
            engine,
            network: Network::new(),
            flow: Flow::new(engine, news, alerts),
            file: StoredValue::new_local(None),
            pending: StoredValue::new_local(None),
            card: RwSignal::default(),
            backend: RwSignal::new(backend::kept()),
            name: RwSignal::default(),
            options: RwSignal::default(),
            reading: RwSignal::default(),
            table: RwSignal::default(),
            rows: RwSignal::default(),
            target: RwSignal::default(),
            starting: RwSignal::default(),
            board: RwSignal::default(),
            validation: RwSignal::default(),
            verdict: RwSignal::default(),
            prediction: RwSignal::default(),
            predicting: StoredValue::new(Latest::default()),
            predicting_table: RwSignal::default(),
            parts: StoredValue::new_local(Vec::new()),
            returning: StoredValue::new(None),
            not_started: StoredValue::new(None),
            alerts,
            news,
            keeping: RwSignal::default(),
            request: RwSignal::default(),
            adopting: StoredValue::new(false),
            server: ServerSearch::default(),
        }
    }

    /// Loads the workers in the background, and brings back what the last visit left.
    pub fn start(self) {
        let listener = Rc::new(move |event, body| self.hear(event, body));
        let broken = Rc::new(move |broken| self.hear_broken(broken));
        let on_card = Rc::new(move |name: String, why_not: String, measured: String| {
            backend::keep_measured(&measured);
            self.card.set(Some((name, why_not)));
        });
        let hearing = (listener as _, broken as _, on_card as _);
        let computing = (self.backend.get_untracked(), backend::measured());
        self.engine.pool.set_value(Some(Pool::start(self.network, hearing, computing)));
        self.keep_backend();
        self.flow.ask(FlowCommand::Catalogue, Beside::Nothing);
        self.follow_address();
        self.keep_flow();
        self.heed_pins();
        self.fetch_what_is_selected();
        let is_embedded = self.is_embedded();
        if !is_embedded {
            self.watch_server();
        }
        wasm_bindgen_futures::spawn_local(async move {
            // What stands in another page begins with nothing.
            if !is_embedded {
                self.bring_flow_back().await;
                wasm_bindgen_futures::spawn_local(self.follow_flow_again());
                self.bring_back().await;
                self.follow_again().await;
            }
        });
    }

    /// The engine has lost all that it held.
    fn hear_broken(self, broken: Broken) {
        self.reading.set(None);
        self.pending.set_value(None);
        self.table.set(None);
        self.target.set(None);
        self.starting.set(false);
        self.board.set(None);
        self.verdict.set(None);
        self.prediction.set(None);
        self.predicting.set_value(Latest::default());
        self.predicting_table.set(None);
        self.flow.hear_broken();
        self.supply_again();
        self.bring_again();
        match broken {
            Broken::NotStarted(reason) => {
                self.not_started.set_value(Some(reason));
                self.alert_not_started();
            }
            Broken::Ended(reason) => self.alert(Diagnostic::error(
                BROKEN,
                format!(
                    "The engine broke down and was started again: {}.",
                    reason.trim_start_matches("Uncaught ")
                ),
                "Open the table again. If it is very large, use the command line for it.",
            )),
        }
    }

    /// Says that there is no engine, and why. Gives whether that is so.
    fn alert_not_started(self) -> bool {
        let Some(reason) = self.not_started.get_value() else { return false };
        self.alert(Diagnostic::error(
            NOT_STARTED,
            format!("The engine could not be started: {}.", reason.trim_start_matches("Uncaught ")),
            "Check the connection and load the page again. If that does not help, another browser may.",
        ));
        true
    }

    pub fn ask(self, command: &Command, beside: Beside) {
        self.engine.ask(command, beside);
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

    /// Opens a file, in place of what was open once it has been read.
    pub fn open(self, name: String, file: Blob, options: ReadOptions) {
        self.alerts.set(Vec::new());
        match files::unreadable_here(&name) {
            Some(diagnostic) => self.alert(diagnostic),
            None => self.read(name, file, options, true),
        }
    }

    fn read(self, name: String, file: Blob, options: ReadOptions, keep: bool) {
        if self.alert_not_started() {
            return self.reading.set(None);
        }
        // The engine gives up what it predicts, and ends a search before it reads.
        self.leave_server();
        self.end_predicting();
        if untrack(|| self.searching()) {
            self.board.set(None);
        }
        self.reading.set(Some((0, file.size() as u64)));
        let command = Command::Open { name: name.clone(), options: options.clone() };
        self.pending.set_value(Some(Pending { name, file: file.clone(), options, keep }));
        self.ask(&command, Beside::Blob(file));
    }

    /// Gives up the reading of a file. What was open stays open.
    pub fn stop_reading(self) {
        self.tell(&Command::Cancel);
        self.reading.set(None);
        self.pending.set_value(None);
    }

    /// Reads the open file again in another way.
    pub fn reread(self, change: impl FnOnce(&mut ReadOptions)) {
        let mut options = self.options.get_untracked();
        change(&mut options);
        if let Some(file) = self.file.get_value() {
            self.open(self.name.get_untracked(), file, options);
        }
    }

    /// Whether there is a file that can be read again.
    pub fn has_file(self) -> bool {
        self.file.with_value(Option::is_some)
    }

    /// Opens a bundled sample.
    pub fn open_sample(self, file: &'static str) {
        self.alerts.set(Vec::new());
        self.reading.set(Some((0, 0)));
        wasm_bindgen_futures::spawn_local(async move {
            let sample = self.network.bundled(&format!("/samples/{file}")).await;
            if self.reading.with_untracked(Option::is_none) {
                return;
            }
            let reason = match sample {
                Ok(blob) => return self.open(file.to_owned(), blob, ReadOptions::default()),
                Err(NetworkError::Unreachable) => "which cannot be reached just now".to_owned(),
                Err(NetworkError::BrokenOff) => "and the connection broke off".to_owned(),
                Err(NetworkError::Refused(status)) => format!("which refused it with status {status}"),
                Err(NetworkError::Browser(said)) => format!("and the browser says: {said}"),
            };
            self.reading.set(None);
            self.alert(Diagnostic::error(
                "sample.unreachable",
                format!("The sample lies on this page's server, {reason}."),
                "Try again once there is a connection, or drop a file of your own: that needs none.",
            ));
        });
    }

    /// Asks for a search. What an earlier one has found stays until this one has begun: it may be refused.
    pub fn search(self, request: StudyRequest) {
        self.alerts.set(Vec::new());
        self.starting.set(true);
        self.keep_request(&request);
        self.request.set(Some(request.clone()));
        self.tell(&Command::Start { request });
    }

    /// A search has begun.
    fn show_search(self, validation: String) {
        self.starting.set(false);
        self.verdict.set(None);
        self.board.set(None);
        self.prediction.set(None);
        self.validation.set(validation);
        // The search shows itself at the top.
        if let Some(window) = web_sys::window() {
            window.scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Predicts a row. While an answer is awaited only the latest row waits.
    pub fn predict_row(self, values: BTreeMap<String, String>) {
        let command = Command::PredictRow { values };
        if let Some(command) = self.predicting.try_update_value(|p| p.ask(command)).flatten() {
            self.tell(&command);
        }
    }

    /// The answer has come, or will not come: the next one is asked for.
    fn next_prediction(self) {
        if let Some(command) = self.predicting.try_update_value(Latest::answered).flatten() {
            self.tell(&command);
        }
    }

    /// Predicts the rows of another table, with intervals or sets of classes where these are wanted.
    pub fn predict_table(self, name: String, file: Blob, with_intervals: bool) {
        self.alerts.set(Vec::new());
        if let Some(diagnostic) = files::unreadable_here(&name) {
            return self.alert(diagnostic);
        }
        self.predicting_table.set(Some(Predicting::Reading(0, file.size() as u64)));
        let options = PredictOptions {
            interval: with_intervals.then_some(INTERVAL_LEVEL),
            ..PredictOptions::default()
        };
        self.ask(&Command::PredictTable { name, options }, Beside::Blob(file));
    }

    pub fn stop_predicting(self) {
        self.tell(&Command::Cancel);
        self.end_predicting();
    }

    fn end_predicting(self) -> Vec<Blob> {
        self.predicting_table.set(None);
        self.parts.try_update_value(std::mem::take).unwrap_or_default()
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
        self.leave_server();
        self.tell(&Command::Stop);
        self.stop_reading();
        self.end_predicting();
        self.file.set_value(None);
        self.table.set(None);
        self.target.set(None);
        self.starting.set(false);
        self.board.set(None);
        self.verdict.set(None);
        self.alerts.set(Vec::new());
        self.forget();
    }
}
