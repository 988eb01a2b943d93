//! What is kept for the next visit, and brought back by it. A browser without storage still works; only the next visit
//! starts empty, so failures to keep something are let pass.

use super::Store;
use crate::client::storage;
use crate::client::workers::Beside;
use automl_core::engine::protocol::{Board, Command, Event, StudyRequest, Verdict};
use automl_core::table::ReadOptions;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

/// How the last table was opened.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Kept {
    name: String,
    options: ReadOptions,
    target: Option<String>,
    /// What the last search was asked for: a [`StudyRequest`], or nothing that can be read as one.
    #[serde(default)]
    request: Value,
}

/// The result of the last search.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct KeptResult {
    board: Board,
    verdict: Verdict,
}

/// A kept result. It is read as the event that told it, since a second reader of boards would make the page larger.
fn result_of(kept: &str) -> Option<(Board, Verdict)> {
    let event = format!("{{\"event\":\"finished\",{}", kept.strip_prefix('{')?);
    match serde_json::from_str(&event) {
        Ok(Event::Finished { board, verdict }) => Some((*board, *verdict)),
        _ => None,
    }
}

async fn put_table(kept: Kept) {
    let json = serde_json::to_string(&kept).unwrap_or_default();
    let _ = storage::put(storage::TABLE, &JsValue::from_str(&json)).await;
}

fn text(value: Option<JsValue>) -> String {
    value.and_then(|v| v.as_string()).unwrap_or_default()
}

impl Store {
    /// The file that has been opened, in place of all that was kept.
    pub(super) fn keep_file(self, file: Blob) {
        let kept = Kept {
            name: self.name.get_untracked(),
            options: self.options.get_untracked(),
            ..Kept::default()
        };
        spawn_local(async move {
            let _ = storage::forget(&[storage::MODEL, storage::RESULT]).await;
            let _ = storage::put(storage::FILE, &file).await;
            put_table(kept).await;
        });
    }

    /// How the table is read, and what is asked about it.
    pub(super) fn keep_request(self, request: &StudyRequest) {
        let kept = Kept {
            name: self.name.get_untracked(),
            options: self.options.get_untracked(),
            target: Some(request.target.clone()),
            request: serde_json::to_value(request).unwrap_or_default(),
        };
        spawn_local(put_table(kept));
    }

    pub(super) fn keep_result(self, verdict: &Verdict) {
        let Some(board) = self.board.get_untracked() else { return };
        let result = KeptResult { board: (*board).clone(), verdict: verdict.clone() };
        spawn_local(async move {
            let json = serde_json::to_string(&result).unwrap_or_default();
            let _ = storage::put(storage::RESULT, &JsValue::from_str(&json)).await;
        });
    }

    pub(super) fn keep_model(self, model: ArrayBuffer) {
        spawn_local(async move {
            let _ = storage::put(storage::MODEL, &model).await;
        });
    }

    pub(super) fn forget(self) {
        spawn_local(async {
            let keys = [storage::FILE, storage::TABLE, storage::MODEL, storage::RESULT];
            let _ = storage::forget(&keys).await;
        });
    }

    /// What the last visit left: the file is read again, the model taken back.
    pub(super) async fn bring_back(self) {
        let Ok(kept) = storage::get(storage::TABLE).await else { return };
        let Ok(kept) = serde_json::from_str::<Kept>(&text(kept)) else { return };
        let Ok(Some(file)) = storage::get(storage::FILE).await else { return };
        let Ok(file) = file.dyn_into::<Blob>() else { return };
        if self.table.with_untracked(Option::is_some) || self.reading.with_untracked(Option::is_some) {
            return;
        }
        self.read(kept.name, file, kept.options, false);
        if let Some(column) = kept.target {
            self.tell(&Command::Inspect { column, task: None });
        }
        let request: Option<StudyRequest> = serde_json::from_value(kept.request).ok();
        let result = storage::get(storage::RESULT).await.unwrap_or_default();
        let model = storage::get(storage::MODEL).await.unwrap_or_default();
        let Some((board, verdict)) = result_of(&text(result)) else { return };
        let Some(model) = model.and_then(|m| m.dyn_into::<ArrayBuffer>().ok()) else { return };
        self.ask(&Command::Restore, Beside::Buffer(model));
        self.request.set(request);
        self.returning.set_value(Some((Arc::new(board), Arc::new(verdict))));
    }
}
