//! The form that predicts one row.

use crate::store::Store;
use automl_core::engine::protocol::{Command, InputField, RowPrediction, Verdict};
use automl_core::table::ColumnType;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::format;
use web_sys::SubmitEvent;

/// Fields shown before "more"; the most important columns come first.
const SHOWN: usize = 8;

/// The fields, by importance of their columns.
fn ordered(verdict: &Verdict) -> Vec<InputField> {
    let place = |field: &InputField| {
        verdict.importance.iter().position(|i| i.column == field.column).unwrap_or(usize::MAX)
    };
    let mut fields = verdict.inputs.clone();
    fields.sort_by_key(place);
    fields
}

#[component]
fn Field(field: InputField, values: RwSignal<BTreeMap<String, String>>) -> impl IntoView {
    let name = field.column.clone();
    let hint = match (field.min, field.max) {
        (Some(min), Some(max)) => format!("{} to {}", format::number(min), format::number(max)),
        _ => field.ty.name().to_owned(),
    };
    let set = {
        let name = name.clone();
        move |value: String| values.update(|v| drop(v.insert(name.clone(), value)))
    };
    let is_list =
        matches!(field.ty, ColumnType::Categorical | ColumnType::Boolean) && !field.levels.is_empty();
    let control = if is_list {
        let options = field
            .levels
            .iter()
            .map(|l| view! { <option value=l.clone() selected=*l == field.typical>{l.clone()}</option> })
            .collect_view();
        view! {
            <select name=name.clone() on:change=move |e| set(event_target_value(&e))>
                {options}<option value="">"(missing)"</option>
            </select>
        }
        .into_any()
    } else {
        view! {
            <input name=name.clone() value=field.typical.clone() placeholder="missing" on:input=move |e| set(event_target_value(&e)) />
        }
        .into_any()
    };
    view! {
        <label class="field">
            <span class="ellipsis" title=field.column.clone()>{field.column.clone()}</span>
            {control}
            <span class="quiet small">{hint}</span>
        </label>
    }
}

fn shown(prediction: &RowPrediction) -> impl IntoView + use<> {
    let bars = prediction
        .probabilities
        .iter()
        .map(|(class, p)| {
            let width = format!("{:.1}%", 100.0 * p);
            view! {
                <li>
                    <span class="ellipsis">{class.clone()}</span>
                    <span class="bar thin"><span class="bar-fill" style:width=width></span></span>
                    <span class="num small">{format::percent(*p)}</span>
                </li>
            }
        })
        .collect_view();
    let answer = prediction.value.map_or_else(|| prediction.answer.clone(), format::number);
    let notes: Vec<String> =
        prediction.diagnostics.iter().map(|d| format!("{} {}", d.message, d.remedy)).collect();
    view! {
        <p class="answer">{answer}</p>
        <ol class="importance">{bars}</ol>
        <p class="quiet small">{notes.join(" ")}</p>
    }
}

#[component]
pub fn PredictForm(verdict: Arc<Verdict>) -> impl IntoView {
    let store: Store = expect_context();
    let fields = ordered(&verdict);
    let typical = fields.iter().map(|f| (f.column.clone(), f.typical.clone())).collect();
    let values: RwSignal<BTreeMap<String, String>> = RwSignal::new(typical);
    let mut fields = fields.into_iter();
    let first = fields.by_ref().take(SHOWN).map(|field| view! { <Field field values /> }).collect_view();
    let rest: Vec<InputField> = fields.collect();
    let more = (!rest.is_empty()).then(|| {
        let count = rest.len();
        let fields = rest.into_iter().map(|field| view! { <Field field values /> }).collect_view();
        view! {
            <details><summary>{format!("{count} more columns")}</summary><div class="fields form-grid">{fields}</div></details>
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        store.tell(&Command::PredictRow { values: values.get_untracked() });
    };
    // Full precision for who reads the page by program.
    let exact = move || {
        store.prediction.with(|p| {
            p.as_ref().map(|p| match p.value {
                Some(value) => format!("[[\"prediction\",{value}]]"),
                None => serde_json::to_string(&p.probabilities).unwrap_or_default(),
            })
        })
    };
    view! {
        <form class="predict" data-testid="predict-form" on:submit=submit>
            <div class="fields form-grid">{first}</div>
            {more}
            <button type="submit">"Predict this row"</button>
            <output data-testid="predict-result" data-probabilities=exact aria-live="polite">
                {move || store.prediction.get().map(|p| shown(&p))}
            </output>
        </form>
    }
}
