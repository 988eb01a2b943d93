//! The one page: start, data, search, result, one below the other.

use crate::store::Store;
use crate::ui::canvas::{Canvas, CanvasCtl, Outline};
use crate::ui::{
    alerts::Alerts, data::Data, header::Header, reading::ReadingBar, result::ResultSection, search::Search,
    start::Start,
};
use automl_core::document::PipelineDocument;
use gloo_events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::DragEvent;

/// The file of a drop, if it is one.
fn dropped(event: &DragEvent) -> Option<web_sys::File> {
    event.data_transfer()?.files()?.get(0)
}

/// Files may be dropped anywhere on the page.
fn accept_drops(store: Store, over: RwSignal<bool>) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    for kind in ["dragover", "dragleave", "drop"] {
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&document, kind, options, move |event| {
            event.prevent_default();
            over.set(kind == "dragover");
            if kind == "drop"
                && let Some(file) = event.dyn_ref::<DragEvent>().and_then(dropped)
            {
                store.open(file.name(), file.into(), Default::default());
            }
        })
        .forget();
    }
}

/// The pipeline of the page's own link, if it is a link to one.
fn linked() -> Option<PipelineDocument> {
    let hash = web_sys::window()?.location().hash().ok()?;
    PipelineDocument::from_link(hash.strip_prefix("#p=")?).ok()
}

/// The pipeline that is open, drawn and as a tree.
#[component]
fn Builder() -> impl IntoView {
    let store: Store = expect_context();
    CanvasCtl::provide(store.flow);
    let link = move || store.flow.history.with(|h| h.document().to_link());
    view! {
        <div class="builder">
            <Canvas />
            <Outline />
            <output class="visually-hidden" data-testid="share-url">{link}</output>
        </div>
    }
}

#[component]
pub fn Home() -> impl IntoView {
    let store: Store = expect_context();
    if let Some(document) = linked() {
        store.flow.open(document);
    }
    let over = RwSignal::new(false);
    accept_drops(store, over);
    let open = Memo::new(move |_| store.table.with(Option::is_some));
    let searched = Memo::new(move |_| store.board.with(Option::is_some));
    let judged = Memo::new(move |_| store.verdict.with(Option::is_some));
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <Header />
        <main id="main" class:dropping=move || over.get()>
            <Alerts />
            <Show when=move || store.flow.is_open.get()><Builder /></Show>
            <Show when=move || open.get() && store.reading.with(Option::is_some)><ReadingBar /></Show>
            <Show when=move || !open.get() && !store.flow.is_open.get()><Start /></Show>
            <Show when=move || judged.get()><ResultSection /></Show>
            <Show when=move || searched.get()><Search /></Show>
            <Show when=move || open.get()><Data /></Show>
        </main>
        <footer class="footer">
            "Everything is computed in this tab. Nothing leaves this device: no upload, no account, no tracking."
        </footer>
        <div class="visually-hidden" role="status" aria-live="polite">{move || store.news.get()}</div>
    }
}
