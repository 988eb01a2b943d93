//! How far something is that takes a while, and a way out.

use crate::store::{Predicting, Store};
use leptos::prelude::*;
use trellis_page::format;

/// A bar, what is going on in words, and a button that ends it. It comes into sight only after a moment, as what is
/// done at once needs none.
#[component]
fn Progress(
    label: &'static str,
    testid: &'static str,
    /// (done, of)
    #[prop(into)]
    share: Signal<(u64, u64)>,
    #[prop(into)] text: Signal<String>,
    stop: fn(Store),
) -> impl IntoView {
    let store: Store = expect_context();
    let percent = move || {
        let (done, of) = share.get();
        if of == 0 { 0.0 } else { 100.0 * done as f64 / of as f64 }
    };
    view! {
        <div class="reading" data-testid=testid>
            <div class="bar" role="progressbar" aria-label=label aria-valuemin="0" aria-valuemax="100" aria-valuenow=move || format!("{:.0}", percent())>
                <div class="bar-fill" style:width=move || format!("{}%", percent())></div>
            </div>
            <div class="reading-foot">
                <span class="quiet">{move || text.get()}</span>
                <button type="button" data-testid=format!("stop-{testid}") on:click=move |_| stop(store)>"Cancel"</button>
            </div>
        </div>
    }
}

/// The file that is being opened.
#[component]
pub fn ReadingBar() -> impl IntoView {
    let store: Store = expect_context();
    let share = Signal::derive(move || store.reading.get().unwrap_or_default());
    let text = Signal::derive(move || match share.get() {
        (_, 0) => "Fetching the sample".to_owned(),
        (bytes, of) if bytes >= of => "Looking at the columns".to_owned(),
        (bytes, of) => format!("Reading {} of {}", format::bytes(bytes), format::bytes(of)),
    });
    view! { <Progress label="Reading the file" testid="reading" share text stop=Store::stop_reading /> }
}

/// The table that is being predicted.
#[component]
pub fn PredictingBar() -> impl IntoView {
    let store: Store = expect_context();
    let share = Signal::derive(move || match store.predicting_table.get() {
        Some(Predicting::Reading(bytes, of)) => (bytes, of),
        Some(Predicting::Rows(rows, of)) => (rows, of),
        None => (0, 0),
    });
    let text = Signal::derive(move || match store.predicting_table.get() {
        Some(Predicting::Reading(bytes, of)) if bytes < of => {
            format!("Reading {} of {}", format::bytes(bytes), format::bytes(of))
        }
        Some(Predicting::Rows(rows, of)) => {
            format!("Predicted {} of {} rows", format::count(rows), format::count(of))
        }
        _ => "Looking at the columns".to_owned(),
    });
    view! { <Progress label="Predicting the table" testid="predicting" share text stop=Store::stop_predicting /> }
}
