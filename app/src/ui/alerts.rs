//! What went wrong, where, and what to do.

use crate::store::Store;
use automl_core::diagnostic::{Diagnostic, Severity};
use leptos::prelude::*;

/// The word and the class of a severity; colour is never the only sign.
fn sign(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Info => ("Note", "note info"),
        Severity::Warning => ("Beware", "note warning"),
        Severity::Error => ("Error", "note error"),
    }
}

/// One finding.
#[component]
pub fn Note(diagnostic: Diagnostic) -> impl IntoView {
    let (word, class) = sign(diagnostic.severity);
    let place = diagnostic.row.map(|row| format!(" Row {row}."));
    view! {
        <li class=class>
            <strong>{word}": "</strong>
            {diagnostic.message}
            {place}
            " "
            <span class="remedy">{diagnostic.remedy}</span>
        </li>
    }
}

#[component]
pub fn Alerts() -> impl IntoView {
    let store: Store = expect_context();
    view! {
        <Show when=move || store.alerts.with(|a| !a.is_empty())>
            <section class="alerts" role="alert">
                <ul class="notes">
                    {move || {
                        store.alerts.get().into_iter().take(8).map(|diagnostic| view! { <Note diagnostic /> }).collect_view()
                    }}
                </ul>
                <button class="plain" on:click=move |_| store.alerts.set(Vec::new())>"Dismiss"</button>
            </section>
        </Show>
    }
}
