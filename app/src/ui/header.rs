//! The bar at the top: name, where it computes, what was sent, light or dark.

use super::chip::ChipMenu;
use crate::client::workers::executors;
use crate::store::Store;
use crate::store::backend::CHOICES;
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

/// What the panel says of the graphics card.
fn about_card(card: Option<(String, String)>) -> String {
    match card {
        None => "The graphics card (WebGPU) is asked for where a table is large enough for it to be quicker; nobody has asked yet.".into(),
        Some((_, why_not)) if !why_not.is_empty() => format!("The graphics card (WebGPU) is not used: {why_not}."),
        Some((name, _)) if name.is_empty() => "The graphics card (WebGPU) is not used, as you chose.".into(),
        Some((name, _)) => format!("One worker uses the graphics card {name} (WebGPU) for trees, neighbours and populations of networks, where it is quicker."),
    }
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
    let found =
        move || store.card.get().is_some_and(|(name, why_not)| !name.is_empty() && why_not.is_empty());
    let backend = Signal::derive(move || {
        let what = if found() { "WebGPU" } else { "WASM" };
        format!("{what} · {workers} worker{}", if workers == 1 { "" } else { "s" })
    });
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
                <p>{move || about_card(store.card.get())}</p>
                <label class="field">
                    <span>"Compute on"</span>
                    <select
                        data-testid="backend-choice"
                        on:change=move |event| store.backend.set(event_target_value(&event))
                        prop:value=move || store.backend.get()
                    >
                        {CHOICES.map(|(value, label)| view! { <option value=value>{label}</option> })}
                    </select>
                </label>
                <p class="quiet">"Holds from the next search on. Boosted trees are the same to the last bit on both."</p>
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
