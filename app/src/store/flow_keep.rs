//! The open pipeline, kept in this browser after each change, and brought back by the next visit.

use super::Store;
use super::desk::{Story, Supplied};
use super::flow_saved::Link;
use crate::client::storage;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::table::ReadOptions;
use gloo_timers::callback::Timeout;
use js_sys::Array;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use trellis_page::flow::history::History;
use trellis_page::flow::templates::template;
use trellis_page::flow::viewport::{LEAST_ZOOM, MOST_ZOOM, Viewport};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

/// Milliseconds without a change after which the pipeline is kept.
const QUIET_MS: u32 = 400;

/// What is kept of the builder.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Kept {
    document: String,
    is_open: bool,
    #[serde(default)]
    pinned: BTreeSet<NodeId>,
    #[serde(default)]
    kept_keys: BTreeMap<NodeId, String>,
    /// What was seen of the canvas: x, y, zoom.
    #[serde(default)]
    view: Option<(f64, f64, f64)>,
    /// The pipeline that was open before a link was.
    #[serde(default)]
    before: Option<String>,
    /// The changes that led here ([`History::kept`]).
    #[serde(default)]
    history: Option<String>,
    /// A [`KeptStory`]; what cannot be read as one is let go.
    #[serde(default)]
    story: Value,
    /// Where it is saved: a [`Link`], or nothing that can be read as one.
    #[serde(default)]
    saved: Value,
}

/// A template's story, and how far it was told.
#[derive(Serialize, Deserialize)]
struct KeptStory {
    template: String,
    at: usize,
    is_told: bool,
}

fn story_of(kept: Value) -> Option<Story> {
    let kept: KeptStory = serde_json::from_value(kept).ok()?;
    let template = template(&kept.template).filter(|t| kept.at < t.story.len())?;
    Some(Story { id: template.id, at: kept.at, is_told: kept.is_told })
}

/// The changes as text, by the document and the revision that they led to: to look elsewhere is no change.
type Written = Option<((u32, u64), String)>;

fn text_of(document: &PipelineDocument) -> String {
    String::from_utf8(document.canonical()).unwrap_or_default()
}

fn document_of(text: &str) -> Option<PipelineDocument> {
    PipelineDocument::from_json(text.as_bytes()).ok()
}

impl Store {
    /// Keeps the pipeline whenever it has changed and then been left alone for a moment.
    pub(super) fn keep_flow(self) {
        self.keep_results();
        let waiting: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
        let written: StoredValue<Written> = StoredValue::new(None);
        let flow = self.flow;
        Effect::new(move |has_begun: Option<bool>| {
            flow.history.with(|_| ());
            flow.is_open.track();
            flow.pinned.track();
            // What is pinned may have got its result.
            flow.desk.ended.track();
            flow.desk.before.track();
            flow.desk.view.track();
            flow.desk.story.track();
            flow.desk.saved.link.track();
            // What is there at the beginning was kept by the last visit, and has not been brought back yet.
            if has_begun.is_some() && !self.is_embedded() {
                let keep = Timeout::new(QUIET_MS, move || self.keep_flow_now(written));
                // An earlier one that still waits is given up.
                waiting.set_value(Some(keep));
            }
            true
        });
    }

    /// Keeps the results that came with the open project, as long as it is open.
    fn keep_results(self) {
        Effect::new(move |has_begun: Option<bool>| {
            let all = Array::new();
            self.flow.desk.brought.with(|brought| {
                for (key, blob) in brought {
                    all.push(&key.as_str().into());
                    all.push(blob);
                }
            });
            if has_begun.is_some() && !self.is_embedded() {
                spawn_local(async move {
                    let _ = storage::put(storage::FLOW_RESULTS, &all).await;
                });
            }
            true
        });
    }

    /// Has the document looked over whenever other nodes are pinned.
    pub(super) fn heed_pins(self) {
        let flow = self.flow;
        Effect::new(move |before: Option<BTreeSet<NodeId>>| {
            let pinned = flow.pinned.get();
            if before.is_some_and(|before| before != pinned) {
                flow.look_over();
            }
            pinned
        });
    }

    fn keep_flow_now(self, written: StoredValue<Written>) {
        let flow = self.flow;
        flow.note_kept();
        let state = (flow.desk.opened.get_untracked(), flow.history.with_untracked(History::revision));
        let known = written.with_value(|w| w.clone().filter(|w| w.0 == state));
        let history = known.map_or_else(|| flow.history.with_untracked(History::kept), |w| w.1);
        written.set_value(Some((state, history.clone())));
        let story = flow.desk.story.get_untracked().map(|s| KeptStory {
            template: s.id.to_owned(),
            at: s.at,
            is_told: s.is_told,
        });
        let kept = Kept {
            document: flow.document_text(),
            is_open: flow.is_open.get_untracked(),
            pinned: flow.pinned.get_untracked(),
            kept_keys: flow.kept_keys.get_value(),
            view: flow.desk.view.get_untracked().map(|v| (v.x, v.y, v.zoom)),
            before: flow.desk.before.with_untracked(|b| b.as_ref().map(text_of)),
            history: Some(history),
            story: serde_json::to_value(story).unwrap_or_default(),
            saved: serde_json::to_value(flow.desk.saved.link.get_untracked()).unwrap_or_default(),
        };
        spawn_local(async move {
            let json = serde_json::to_string(&kept).unwrap_or_default();
            // Without storage only the next visit starts empty.
            let _ = storage::put(storage::FLOW, &JsValue::from_str(&json)).await;
        });
    }

    /// Keeps the tables that were supplied.
    pub(super) fn keep_data(self) {
        if self.is_embedded() {
            return;
        }
        let all = Array::new();
        self.flow.desk.supplied.with_value(|supplied| {
            for (source, s) in supplied {
                let options = serde_json::to_string(&s.options).unwrap_or_default();
                let item = Array::of3(&source.into(), &s.name.as_str().into(), &options.into());
                item.push(&s.blob);
                all.push(&item);
            }
        });
        spawn_local(async move {
            let _ = storage::put(storage::FLOW_DATA, &all).await;
        });
    }

    /// What the last visit left of the builder. What has been opened meanwhile stays.
    pub(super) async fn bring_flow_back(self) {
        let flow = self.flow;
        let is_untouched =
            || flow.history.with_untracked(|h| h.revision() == 0 && h.document().nodes().is_empty());
        let kept = storage::get(storage::FLOW).await.unwrap_or_default().and_then(|v| v.as_string());
        let kept: Kept = kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default();
        let data = storage::get(storage::FLOW_DATA).await.unwrap_or_default();
        let data = data.and_then(|d| d.dyn_into::<Array>().ok()).unwrap_or_default();
        let document = document_of(&kept.document).filter(|d| !d.nodes().is_empty());
        if !flow.desk.supplied.with_value(|all| all.is_empty()) {
            return;
        }
        for item in data.iter() {
            let item: Array = item.unchecked_into();
            let word = |at: u32| item.get(at).as_string().unwrap_or_default();
            let options: ReadOptions = serde_json::from_str(&word(2)).unwrap_or_default();
            if let Ok(blob) = item.get(3).dyn_into::<Blob>() {
                self.supply(&word(0), Supplied { name: word(1), options, blob });
            }
        }
        let Some(document) = document else { return };
        let results = storage::get(storage::FLOW_RESULTS).await.unwrap_or_default();
        let results = results.and_then(|r| r.dyn_into::<Array>().ok()).unwrap_or_default();
        if is_untouched() {
            let sound = |v: &(f64, f64, f64)| (LEAST_ZOOM..=MOST_ZOOM).contains(&v.2);
            let view = kept.view.filter(sound).map(|(x, y, zoom)| Viewport { x, y, zoom });
            flow.desk.next_view.set_value(view);
            // A past that does not fit is let go, and the document stays.
            let history = kept.history.and_then(|kept| History::with_kept(document.clone(), &kept));
            flow.load_with(history.unwrap_or_else(|| History::new(document)));
            self.bring_kept(&results);
            flow.desk.story.set(story_of(kept.story));
            flow.kept_keys.set_value(kept.kept_keys);
            flow.desk.saved.link.set(serde_json::from_value::<Link>(kept.saved).ok());
            flow.pinned.set(kept.pinned);
            flow.desk.returned.set(true);
            flow.desk.before.set(kept.before.as_deref().and_then(document_of));
            // A link that was refused says so first.
            if kept.is_open && flow.desk.refused.with_untracked(Option::is_none) {
                self.go_to_builder();
            }
            return;
        }
        if flow.with_document(|open| *open == document) {
            // A link to what was open before.
            self.bring_kept(&results);
            return flow.desk.saved.link.set(serde_json::from_value::<Link>(kept.saved).ok());
        }
        // They came with what is not open.
        flow.desk.brought.set(Vec::new());
        if flow.desk.before.with_untracked(Option::is_none) {
            // A link was opened: what was there before can be gone back to.
            flow.desk.before.set(Some(document));
        }
    }

    fn bring_kept(self, results: &Array) {
        let results: Vec<JsValue> = results.iter().collect();
        let result = |pair: &[JsValue]| Some((pair[0].as_string()?, pair[1].clone().dyn_into().ok()?));
        let results: Vec<(String, Blob)> = results.chunks_exact(2).filter_map(result).collect();
        if !results.is_empty() {
            self.bring(results);
        }
    }

    /// An empty pipeline in place of the one that is open, which can be brought back by going back in the history.
    pub fn discard_flow(self) {
        let flow = self.flow;
        flow.desk.returned.set(false);
        flow.desk.story.set(None);
        flow.desk.linked.set(None);
        flow.load(PipelineDocument::default());
        flow.desk.supplied.set_value(Default::default());
        self.keep_data();
    }
}
