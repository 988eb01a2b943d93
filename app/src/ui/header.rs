//! The bar at the top: name, where it computes, what was sent, light or dark.

use super::chip::ChipMenu;
use crate::client::workers::executors;
use crate::store::Store;
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;
use trellis_page::format;

const THEME: &str = "trellis-theme";

/// Sets `data-theme` on the document; without one, the system decides.
fn set_theme(theme: &str) {
    if let Some(root) = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        // Both names are plain, so setting the attribute cannot fail.
        let _ = root.set_attribute("data-theme", theme);
    }
}

fn system_is_dark() -> bool {
    let query = web_sys::window().and_then(|w| w.match_media("(prefers-color-scheme: dark)").ok().flatten());
    query.is_some_and(|q| q.matches())
}

#[component]
pub fn Header() -> impl IntoView {
    let store: Store = expect_context();
    let kept: Option<String> = LocalStorage::get(THEME).ok();
    if let Some(theme) = &kept {
        set_theme(theme);
    }
    let dark = RwSignal::new(kept.map_or_else(system_is_dark, |t| t == "dark"));
    let toggle = move |_| {
        dark.update(|d| *d = !*d);
        let theme = if dark.get() { "dark" } else { "light" };
        set_theme(theme);
        // Without storage the choice lasts for this visit.
        let _ = LocalStorage::set(THEME, theme);
    };
    let workers = executors();
    let backend = format!("WASM · {workers} worker{}", if workers == 1 { "" } else { "s" });
    let sent = Signal::derive(move || format!("{} sent", format::bytes(store.network.bytes_sent())));
    view! {
        <header class="header">
            <a class="brand" href="/" aria-label="Trellis, start page">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M8 26 16 6l8 20M5 13h22M6 20h20" />
                </svg>
                <span>"Trellis"</span>
            </a>
            <span class="spacer"></span>
            <ChipMenu id="backend-panel" testid="backend-chip" value=backend>
                <p>"Models are computed on this device's processor, in WebAssembly, by as many workers as suit it."</p>
                <p>"This build does not use the graphics card (WebGPU): the results are the same with and without one."</p>
            </ChipMenu>
            <ChipMenu id="sent-panel" testid="bytes-sent" value=sent>
                <p>"What this page has sent to anyone since it was opened, counted where requests are made."</p>
                <p>"Your table, your models and your predictions stay in this tab, but for what you tell it to run or to save on its own server."</p>
            </ChipMenu>
            <button class="icon" on:click=toggle aria-pressed=move || dark.get().to_string() aria-label="Dark mode">
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9Z" /></svg>
            </button>
        </header>
    }
}
