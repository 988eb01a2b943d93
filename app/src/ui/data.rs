//! The open table: what was found, the preview, and the question.

use super::alerts::Note;
use super::preview::Preview;
use super::setup::Setup;
use crate::store::Store;
use automl_core::diagnostic::Diagnostic;
use automl_core::table::{Decimal, Encoding, ReadOptions};
use leptos::prelude::*;
use trellis_page::format;

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
    value: String,
    choices: Vec<(&'static str, &'static str)>,
    change: fn(&mut ReadOptions, &str),
) -> impl IntoView {
    let store: Store = expect_context();
    let options = choices
        .into_iter()
        .map(|(id, text)| view! { <option value=id selected=id == value>{text}</option> })
        .collect_view();
    view! {
        <label class="chip select-chip">
            <span class="quiet">{label}</span>
            <select on:change=move |event| {
                let chosen = event_target_value(&event);
                store.reread(move |options| change(options, &chosen));
            }>{options}</select>
        </label>
    }
}

#[component]
fn Dialect() -> impl IntoView {
    let store: Store = expect_context();
    move || {
        let dialect = store.table.get()?.report.dialect.clone()?;
        let delimiter = match dialect.delimiter {
            b'\t' => "tab".to_owned(),
            other => char::from(other).to_string(),
        };
        let encoding = match dialect.encoding {
            Encoding::Utf8 => "utf8",
            Encoding::Utf16Le => "utf16le",
            Encoding::Utf16Be => "utf16be",
            Encoding::Windows1252 => "windows1252",
        };
        let header = if dialect.has_header { "yes" } else { "no" };
        let decimal = if dialect.decimal == Decimal::Comma { "comma" } else { "point" };
        Some(view! {
            <div class="chips">
                <DialectChip
                    label="Delimiter"
                    value=delimiter
                    choices=vec![(",", "comma"), (";", "semicolon"), ("tab", "tab"), ("|", "bar"), (" ", "space")]
                    change=|o, v| o.delimiter = Some(if v == "tab" { b'\t' } else { v.bytes().next().unwrap_or(b',') })
                />
                <DialectChip
                    label="Decimals"
                    value=decimal.to_owned()
                    choices=vec![("point", "1.5"), ("comma", "1,5")]
                    change=|o, v| o.decimal = Some(if v == "comma" { Decimal::Comma } else { Decimal::Point })
                />
                <DialectChip
                    label="Encoding"
                    value=encoding.to_owned()
                    choices=vec![("utf8", "UTF-8"), ("utf16le", "UTF-16 LE"), ("utf16be", "UTF-16 BE"), ("windows1252", "Windows-1252")]
                    change=|o, v| {
                        o.encoding = Some(match v {
                            "utf16le" => Encoding::Utf16Le,
                            "utf16be" => Encoding::Utf16Be,
                            "windows1252" => Encoding::Windows1252,
                            _ => Encoding::Utf8,
                        });
                    }
                />
                <DialectChip
                    label="First line"
                    value=header.to_owned()
                    choices=vec![("yes", "names"), ("no", "data")]
                    change=|o, v| o.has_header = Some(v == "yes")
                />
                <span class="chip" title="Texts in this file that mean: no value">
                    <span class="quiet">"Missing "</span>
                    {if dialect.missing_tokens.is_empty() {
                        "none".to_owned()
                    } else {
                        dialect.missing_tokens.iter().map(|t| if t.is_empty() { "empty".to_owned() } else { t.clone() }).collect::<Vec<_>>().join(", ")
                    }}
                </span>
            </div>
        })
    }
}

#[component]
pub fn Data() -> impl IntoView {
    let store: Store = expect_context();
    let size = move || {
        store.table.with(|t| {
            t.as_ref().map(|t| {
                format!(
                    "{} rows × {} columns",
                    format::count(t.rows),
                    format::count(t.profile.columns.len() as u64)
                )
            })
        })
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
