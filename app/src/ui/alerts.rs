//! What went wrong, where, and what to do.

use crate::store::{BROKEN, NOT_STARTED, Store};
use automl_core::diagnostic::{Diagnostic, Severity};
use leptos::prelude::*;
use trellis_page::format::count;

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
    let is_named = |row: &u64| diagnostic.message.contains(&format!("row {}", count(*row)));
    let place = diagnostic.row.filter(|row| !is_named(row)).map(|row| format!(" Row {}.", count(row)));
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

/// What can be done about the alerts by one click.
#[component]
fn Actions() -> impl IntoView {
    let store: Store = expect_context();
    let has = move |code: &'static str| store.alerts.with(|a| a.iter().any(|d| d.code == code));
    let reload = move |_| {
        if let Some(window) = web_sys::window() {
            // A page that cannot be loaded again stays as it is.
            let _ = window.location().reload();
        }
    };
    view! {
        <div class="actions">
            <Show when=move || has(NOT_STARTED)><button on:click=reload>"Load the page again"</button></Show>
            <Show when=move || has(BROKEN) && store.has_file()>
                <button on:click=move |_| store.reread(|_| {})>{move || format!("Open {} again", store.name.get())}</button>
            </Show>
            <button class="plain" on:click=move |_| store.alerts.set(Vec::new())>"Dismiss"</button>
        </div>
    }
}

/// They stay in sight while the page is scrolled: what failed may be asked for from anywhere.
#[component]
pub fn Alerts() -> impl IntoView {
    let store: Store = expect_context();
    let is_mild = move || !store.alerts.with(|a| a.iter().any(Diagnostic::is_error));
    let notes = move || {
        let all = store.alerts.get().into_iter().take(8);
        all.map(|diagnostic| view! { <Note diagnostic /> }).collect_view()
    };
    view! {
        <Show when=move || store.alerts.with(|a| !a.is_empty())>
            <section class="alerts" class:mild=is_mild role="alert">
                <ul class="notes">{notes}</ul>
                <Actions />
            </section>
        </Show>
    }
}
