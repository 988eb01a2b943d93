//! The pages, and which of them is shown.

mod home;
mod studio;

use crate::store::Store;
use gloo_events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use trellis_page::flow::project::{Sort, sort};
use wasm_bindgen::JsCast;
use web_sys::DragEvent;

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

#[component]
pub fn Page() -> impl IntoView {
    let store: Store = expect_context();
    let over = RwSignal::new(false);
    accept_drops(store, over);
    let is_builder = Memo::new(move |_| store.flow.is_open.get());
    view! {
        <Show when=move || is_builder.get() fallback=move || view! { <home::Home over /> }><studio::Studio /></Show>
        <div class="visually-hidden" role="status" aria-live="polite">{move || store.news.get()}</div>
    }
}
