//! The pages, and which of them is shown.

mod home;
mod studio;

use crate::store::Store;
use gloo_events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use trellis_page::flow::project::{Sort, sort};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, KeyboardEvent};

/// The file of a drop, if it is one.
fn dropped(event: &DragEvent) -> Option<web_sys::File> {
    event.data_transfer()?.files()?.get(0)
}

/// Whether a file's name alone says that it belongs to the builder.
fn is_builders(name: &str) -> bool {
    name.to_lowercase().ends_with(".trellis") || sort(name, &[]) == Sort::Pipeline
}

/// Files may be dropped anywhere: on the first page a table is opened, in the builder a node is added for it.
fn accept_drops(store: Store, over: RwSignal<bool>) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    for kind in ["dragover", "dragleave", "drop"] {
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&document, kind, options, move |event| {
            event.prevent_default();
            over.set(kind == "dragover");
            let file = event.dyn_ref::<DragEvent>().and_then(dropped).filter(|_| kind == "drop");
            let Some(file) = file else { return };
            if store.flow.is_open.get_untracked() || is_builders(&file.name()) {
                store.take_file(file, None);
            } else {
                store.open(file.name(), file.into(), Default::default());
            }
        })
        .forget();
    }
}

/// Undo and redo go wherever the keyboard is in the builder, but for fields, which undo by themselves.
fn accept_undo(store: Store) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&document, "keydown", options, move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        let in_field = event
            .target()
            .and_then(|t| t.dyn_into::<Element>().ok())
            .is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
        let is_ours = store.flow.is_open.get_untracked() && (event.ctrl_key() || event.meta_key());
        if in_field || !is_ours || event.default_prevented() {
            return;
        }
        match (event.key().to_lowercase().as_str(), event.shift_key()) {
            ("z", false) => store.flow.undo(),
            ("z", true) | ("y", _) => store.flow.redo(),
            _ => return,
        }
        event.prevent_default();
    })
    .forget();
}

#[component]
pub fn Page() -> impl IntoView {
    let store: Store = expect_context();
    let over = RwSignal::new(false);
    accept_drops(store, over);
    accept_undo(store);
    let is_builder = Memo::new(move |_| store.flow.is_open.get());
    view! {
        <Show when=move || is_builder.get() fallback=move || view! { <home::Home over /> }><studio::Studio /></Show>
        <div class="visually-hidden" role="status" aria-live="polite">{move || store.news.get()}</div>
    }
}
