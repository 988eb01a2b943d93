//! Which texts of the file mean "no value", and other ones in their place.

use super::chip::ChipMenu;
use crate::store::Store;
use leptos::prelude::*;
use trellis_page::missing;

const PANEL: &str = "missing-panel";

#[component]
pub fn MissingChip(#[prop(into)] found: Signal<String>) -> impl IntoView {
    let store: Store = expect_context();
    let (text, empty) = (RwSignal::new(String::new()), RwSignal::new(true));
    // The form shows what the open file was read with.
    Effect::new(move |_| {
        let (texts, has_empty) = store.options.with(|o| missing::form(o.missing.as_deref()));
        text.set(texts);
        empty.set(has_empty);
    });
    let apply = move |_| {
        let tokens = missing::tokens(&text.get_untracked(), empty.get_untracked());
        store.reread(|options| options.missing = tokens);
    };
    view! {
        <ChipMenu id=PANEL testid="missing-chip" name="Missing" value=found>
            <p>"These texts mean that there is no value. "<span class="quiet">"Found in this file: "{move || found.get()}"."</span></p>
            <label class="check"><input type="checkbox" bind:checked=empty />"A field with nothing in it"</label>
            <label class="field">
                <span>"Other texts, with commas or line ends between"</span>
                <textarea rows="4" data-testid="missing-tokens" spellcheck="false" bind:value=text></textarea>
            </label>
            <div class="actions">
                <button type="button" class="primary" popovertarget=PANEL popovertargetaction="hide" on:click=apply>"Read again"</button>
                <button
                    type="button"
                    popovertarget=PANEL
                    popovertargetaction="hide"
                    on:click=move |_| store.reread(|options| options.missing = None)
                >
                    "The usual ones"
                </button>
            </div>
        </ChipMenu>
    }
}
