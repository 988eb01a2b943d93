//! The link to the pipeline, and to the result that the preview shows.

use crate::store::Store;
use leptos::html::Input;
use leptos::prelude::*;
use trellis_page::flow::share::length_hint;
use trellis_page::format;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[component]
pub fn ShareDialog() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let with_result = RwSignal::new(false);
    let (copied, field) = (RwSignal::new(String::new()), NodeRef::<Input>::new());
    let has_result = Memo::new(move |_| store.claim().is_some());
    let link = Memo::new(move |_| {
        flow.history.track();
        store.link(with_result.get() && has_result.get())
    });
    let chars = move || link.with(|l| l.chars().count());
    let copy = move |_| {
        let link = link.get_untracked();
        if let Some(field) = field.get_untracked() {
            field.select();
        }
        spawn_local(async move {
            let clipboard = web_sys::window().map(|w| w.navigator().clipboard());
            let done = match clipboard {
                Some(clipboard) => JsFuture::from(clipboard.write_text(&link)).await.is_ok(),
                None => false,
            };
            copied.set(if done { "Copied." } else { "Copy the selected link by hand." }.to_owned());
        });
    };
    view! {
        <button type="button" class="tool" popovertarget="share-panel" data-testid="share-link" on:click=copy>"Share"</button>
        <div id="share-panel" class="panel-small" popover="auto" role="group" aria-label="Share">
            <p>"The link holds the pipeline itself, and no data. Opening it runs nothing."</p>
            <input type="text" readonly node_ref=field aria-label="Link to the pipeline" data-testid="share-url" prop:value=move || link.get() />
            <p class="quiet small" role="status">{move || format!("{} characters. {}", format::count(chars() as u64), copied.get())}</p>
            <p class="field-warning small">{move || length_hint(chars())}</p>
            <Show when=move || has_result.get() fallback=|| view! {
                <p class="quiet small">"To share a result with it, show scores or a model in the preview first."</p>
            }>
                <label class="check">
                    <input type="checkbox" data-testid="share-result" prop:checked=move || with_result.get()
                        on:change=move |e| with_result.set(event_target_checked(&e)) />
                    <span>"With the figures of the preview, to be replayed with the same data"</span>
                </label>
            </Show>
            <div class="actions">
                <button type="button" class="tiny" on:click=copy>"Copy again"</button>
                <button type="button" class="tiny" on:click=move |_| store.save_pipeline()>"Save as a file"</button>
            </div>
        </div>
    }
}
