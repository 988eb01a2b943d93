//! The one page: start, data, search, result, one below the other.

use crate::store::Store;
use crate::ui::{
    alerts::Alerts, data::Data, header::Header, reading::ReadingBar, result::ResultSection, search::Search,
    start::Start,
};
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

#[component]
pub fn Home() -> impl IntoView {
    let store: Store = expect_context();
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
            <Show when=move || open.get() && store.reading.with(Option::is_some)><ReadingBar /></Show>
            <Show when=move || !open.get()><Start /></Show>
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
