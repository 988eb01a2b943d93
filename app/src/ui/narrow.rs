//! A list of columns that may be long: a few are shown, and the rest found by a part of the name.

use leptos::prelude::*;
use trellis_page::narrow::{MOST, shown};

/// `each`: what is shown for a column; `is_set`: columns that are always in sight.
#[component]
pub fn Narrowed<V: IntoView + 'static>(
    /// Class of the list.
    class: &'static str,
    names: Signal<Vec<String>>,
    is_set: impl Fn(&str) -> bool + Copy + Send + Sync + 'static,
    each: impl Fn(String) -> V + Copy + Send + 'static,
) -> impl IntoView {
    let part = RwSignal::new(String::new());
    let found = Memo::new(move |_| shown(&names.read(), &part.read(), is_set));
    let is_long = Memo::new(move |_| names.read().len() > MOST);
    let told = move || match (found.read().0.len(), found.read().1) {
        _ if names.read().is_empty() => String::new(),
        (0, _) => "No column has this in its name.".to_owned(),
        (_, 0) => String::new(),
        (_, more) => format!("{more} more: find them by a part of the name."),
    };
    view! {
        <Show when=move || is_long.get()>
            <label class="field find">
                <span>"Find a column"</span>
                <input type="search" autocomplete="off" spellcheck="false" bind:value=part />
            </label>
        </Show>
        <div class=class>
            <For each=move || found.get().0 key=Clone::clone children=each />
        </div>
        <p class="quiet small" role="status">{told}</p>
    }
}
