//! A search that the server runs. What it tells is heard as if it came from this tab.

use super::Store;
use crate::client::server::{Place, Server};
use crate::client::workers::Beside;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{Command, Event, StudyRequest};
use gloo_storage::{LocalStorage as LocalStore, Storage};
use leptos::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use trellis_page::sse::Told;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

/// Where the run that is listened to is written down.
const KEPT: &str = "trellis-server-run";
/// How often it is looked whether the last visit's table is back, and how long between.
const TABLE_LOOKS: u32 = 150;
const LOOK_MS: u32 = 200;

/// How far a search on the server is.
#[derive(Debug, Clone, PartialEq)]
pub enum OnServer {
    /// It is shown what would be sent, and waits for a word.
    Offered(Box<StudyRequest>),
    /// The table is on its way.
    Sending,
    Running(Place),
}

/// The search on the server, if there is one.
#[derive(Clone, Copy)]
pub struct ServerSearch {
    pub stage: RwSignal<Option<OnServer>>,
    following: StoredValue<Option<AbortController>, LocalStorage>,
}

impl Default for ServerSearch {
    fn default() -> Self {
        Self { stage: RwSignal::default(), following: StoredValue::new_local(None) }
    }
}

impl Store {
    /// Bytes that a search on the server would send, unless it has them already.
    pub fn bytes_to_send(self) -> u64 {
        self.file.with_value(|file| file.as_ref().map_or(0, |f| f.size() as u64))
    }

    /// Sends the open table to this page's server, and has the search run there.
    pub fn search_on_server(self, request: StudyRequest) {
        let Some(file) = self.file.get_value() else { return };
        let (name, options) = (self.name.get_untracked(), self.options.get_untracked());
        let stage = self.server.stage;
        stage.set(Some(OnServer::Sending));
        self.alerts.set(Vec::new());
        self.keep_request(&request);
        self.request.set(Some(request.clone()));
        spawn_local(async move {
            let server = Server(self.network);
            match server.search(&name, &file, &options, &request).await {
                Ok(place) => {
                    // What cannot be written down is not followed by the next visit.
                    let _ = LocalStore::set(KEPT, &place);
                    stage.set(Some(OnServer::Running(place.clone())));
                    self.follow(server, place).await;
                }
                Err(diagnostic) => self.end_on_server(Some(diagnostic)),
            }
        });
    }

    /// Goes on listening to the run that the last visit began, once its table is back.
    pub(super) async fn follow_again(self) {
        let Ok(place) = LocalStore::get::<Place>(KEPT) else { return };
        for _ in 0..TABLE_LOOKS {
            if self.table.with_untracked(Option::is_some) {
                self.server.stage.set(Some(OnServer::Running(place.clone())));
                return self.follow(Server(self.network), place).await;
            }
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
        }
    }

    async fn follow(self, server: Server, place: Place) {
        let Ok(controller) = AbortController::new() else { return };
        self.server.following.set_value(Some(controller.clone()));
        let mut done = None;
        let signal = controller.signal();
        let hear = |told: &Told| done = self.hear_server(told).or(done.take());
        if let Err(diagnostic) = server.follow(&place, &signal, hear).await {
            return self.end_on_server(Some(diagnostic));
        }
        if signal.aborted() {
            return;
        }
        let Some((board, verdict)) = done else { return };
        match server.model(&place).await {
            Ok(model) => {
                self.keep_model(model.slice(0));
                self.returning.set_value(Some((board, verdict)));
                self.ask(&Command::Restore, Beside::Buffer(model));
                self.end_on_server(None);
            }
            Err(diagnostic) => self.end_on_server(Some(diagnostic)),
        }
    }

    /// Hears what a run tells; the final board and verdict once they come.
    fn hear_server(self, told: &Told) -> Option<Ended> {
        if told.kind == "ended" {
            self.hear_end(&told.data);
            return None;
        }
        match serde_json::from_str(&told.data).ok()? {
            event @ (Event::Started { .. } | Event::Board { .. }) => {
                self.hear(event, None);
                None
            }
            Event::Finished { board, verdict } => {
                self.hear_board(*board);
                self.keep_result(&verdict);
                self.news.set(verdict.sentence.clone());
                let board = self.board.get_untracked()?;
                Some((board, Arc::from(verdict)))
            }
            _ => None,
        }
    }

    /// A run that failed or was cancelled says so.
    fn hear_end(self, data: &str) {
        let ended: Value = serde_json::from_str(data).unwrap_or_default();
        if ended["state"] == "done" {
            return;
        }
        let told: Vec<Diagnostic> = serde_json::from_value(ended["diagnostics"].clone()).unwrap_or_default();
        let cancelled = || {
            Diagnostic::error(
                "server.ended",
                "The search on the server was ended without a result.",
                "Begin it again, here or there.",
            )
        };
        self.board.set(None);
        self.end_on_server(Some(told.into_iter().next().unwrap_or_else(cancelled)));
    }

    fn end_on_server(self, diagnostic: Option<Diagnostic>) {
        self.server.stage.set(None);
        self.server.following.set_value(None);
        LocalStore::delete(KEPT);
        if let Some(diagnostic) = diagnostic {
            self.alert(diagnostic);
        }
    }

    /// Stops listening to the server; the run goes on there.
    pub(super) fn leave_server(self) {
        if let Some(controller) = self.server.following.try_update_value(Option::take).flatten() {
            controller.abort();
            LocalStore::delete(KEPT);
        }
        self.server.stage.set(None);
    }

    /// A word to the search that is under way, wherever it runs.
    pub fn steer(self, command: &Command) {
        let Some(OnServer::Running(place)) = self.server.stage.get_untracked() else {
            return self.tell(command);
        };
        let wish = match command {
            Command::Pause => "pause",
            Command::Resume => "go_on",
            _ => "stop",
        };
        spawn_local(async move {
            if let Err(diagnostic) = Server(self.network).wish(&place, wish).await {
                self.alert(diagnostic);
            }
        });
    }
}

/// The final board and verdict.
type Ended = (Arc<automl_core::engine::protocol::Board>, Arc<automl_core::engine::protocol::Verdict>);
