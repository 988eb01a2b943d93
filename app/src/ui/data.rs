//! The open table: what was found, the preview, and the question.

use super::alerts::Note;
use super::missing::MissingChip;
use super::preview::Preview;
use super::setup::Setup;
use crate::store::Store;
use automl_core::diagnostic::Diagnostic;
use automl_core::table::{Decimal, Dialect as DialectFound, Encoding, ReadOptions};
use leptos::prelude::*;
use trellis_page::{format, missing};

/// Findings shown before "more".
const SHOWN: usize = 4;

fn findings(store: Store) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    if let Some(table) = store.table.get() {
        out.extend(table.report.diagnostics.iter().cloned());
        out.extend(table.profile.diagnostics.iter().cloned());
        out.extend(table.profile.columns.iter().flat_map(|c| c.diagnostics.iter().cloned()));
    }
    if let Some(target) = store.target.get() {
        let about = target.diagnostics.iter().cloned();
        out = about.chain(out).collect();
    }
    out.sort_by_key(|d| std::cmp::Reverse(d.severity));
    out
}

/// A chip that says what was found out about the file, and is a menu to say otherwise.
#[component]
fn DialectChip(
    label: &'static str,
    #[prop(into)] value: Signal<String>,
    choices: Vec<(&'static str, &'static str)>,
    change: fn(&mut ReadOptions, &str),
) -> impl IntoView {
    let store: Store = expect_context();
    let options = choices
        .into_iter()
        .map(|(id, text)| view! { <option value=id selected=move || id == value.get()>{text}</option> })
        .collect_view();
    view! {
        <label class="chip select-chip">
            <span class="quiet">{label}</span>
            <select
                prop:value=move || value.get()
                on:change=move |event| {
                    let chosen = event_target_value(&event);
                    store.reread(move |options| change(options, &chosen));
                }
            >
                {options}
            </select>
        </label>
    }
}

fn encoding_id(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf8",
        Encoding::Utf16Le => "utf16le",
        Encoding::Utf16Be => "utf16be",
        Encoding::Windows1252 => "windows1252",
    }
}

fn delimiter_id(delimiter: u8) -> String {
    if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() }
}

/// The chips stay while the file is read again, so that the keyboard's focus stays too.
#[component]
fn Dialect() -> impl IntoView {
    let store: Store = expect_context();
    let of = move |f: fn(&DialectFound) -> String| {
        Signal::derive(move || {
            store
                .table
                .with(|t| t.as_ref().and_then(|t| t.report.dialect.as_ref()).map(f).unwrap_or_default())
        })
    };
    let is_csv =
        Memo::new(move |_| store.table.with(|t| t.as_ref().is_some_and(|t| t.report.dialect.is_some())));
    view! {
        <Show when=move || is_csv.get()>
            <div class="chips">
                <DialectChip
                    label="Delimiter"
                    value=of(|d| delimiter_id(d.delimiter))
                    choices=vec![(",", "comma"), (";", "semicolon"), ("tab", "tab"), ("|", "bar"), (" ", "space")]
                    change=|o, v| o.delimiter = Some(if v == "tab" { b'\t' } else { v.bytes().next().unwrap_or(b',') })
                />
                <DialectChip
                    label="Decimals"
                    value=of(|d| if d.decimal == Decimal::Comma { "comma" } else { "point" }.to_owned())
                    choices=vec![("point", "1.5"), ("comma", "1,5")]
                    change=|o, v| o.decimal = Some(if v == "comma" { Decimal::Comma } else { Decimal::Point })
                />
                <DialectChip
                    label="Encoding"
                    value=of(|d| encoding_id(d.encoding).to_owned())
                    choices=vec![("utf8", "UTF-8"), ("utf16le", "UTF-16 LE"), ("utf16be", "UTF-16 BE"), ("windows1252", "Windows-1252")]
                    change=|o, v| {
                        let all = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Windows1252];
                        o.encoding = all.into_iter().find(|e| encoding_id(*e) == v);
                    }
                />
                <DialectChip
                    label="First line"
                    value=of(|d| if d.has_header { "yes" } else { "no" }.to_owned())
                    choices=vec![("yes", "names"), ("no", "data")]
                    change=|o, v| o.has_header = Some(v == "yes")
                />
                <MissingChip found=of(|d| missing::found(&d.missing_tokens)) />
            </div>
        </Show>
    }
}

#[component]
pub fn Data() -> impl IntoView {
    let store: Store = expect_context();
    let size = move || {
        store.table.with(|t| t.as_ref().map(|t| format::size(t.rows, t.profile.columns.len() as u64)))
    };
    let notes = move |from: usize, to: usize| {
        findings(store)
            .into_iter()
            .skip(from)
            .take(to)
            .map(|diagnostic| view! { <Note diagnostic /> })
            .collect_view()
    };
    let more = Memo::new(move |_| findings(store).len().saturating_sub(SHOWN));
    view! {
        <section class="panel" aria-labelledby="data-title">
            <div class="panel-head">
                <h2 id="data-title" class="ellipsis" title=move || store.name.get()>{move || store.name.get()}</h2>
                <span class="quiet">{size}</span>
                <span class="spacer"></span>
                <button class="plain" on:click=move |_| store.close()>"Open another table"</button>
            </div>
            <Setup />
            <Dialect />
            <ul class="notes">{move || notes(0, SHOWN)}</ul>
            <Show when=move || { more.get() > 0 }>
                <details>
                    <summary>{move || format!("{} more findings", more.get())}</summary>
                    <ul class="notes">{move || notes(SHOWN, 100)}</ul>
                </details>
            </Show>
            <Preview />
        </section>
    }
}
