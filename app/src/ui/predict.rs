//! The form that predicts one row.

use crate::store::Store;
use automl_core::engine::protocol::{InputField, RowInterval, RowPrediction, Verdict};
use automl_core::table::ColumnType;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::format;
use trellis_page::slider::Slider;
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

/// What the form holds, and what becomes of a change.
#[derive(Clone, Copy)]
struct Row {
    store: Store,
    values: RwSignal<BTreeMap<String, String>>,
}

impl Row {
    fn get(self, column: &str) -> String {
        self.values.with(|v| v.get(column).cloned().unwrap_or_default())
    }

    fn predict(self) {
        self.store.predict_row(self.values.get_untracked());
    }

    /// Takes a value. It is predicted at once where the answer is looked at: after a first prediction, or `live`.
    fn set(self, column: &str, value: String, live: bool) {
        self.values.update(|v| drop(v.insert(column.to_owned(), value)));
        if live || self.store.prediction.with_untracked(Option::is_some) {
            self.predict();
        }
    }
}

/// A slider beside a number. It bears no name: the number is what counts.
#[component]
fn NumberSlider(column: String, slider: Slider, row: Row) -> impl IntoView {
    let (low, high) = slider.ends();
    let key = column.clone();
    let position = Memo::new(move |before: Option<&String>| {
        let text = row.get(&key);
        // What is no number, or missing, leaves the slider where it was.
        let number = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
        if number { text.trim().to_owned() } else { before.cloned().unwrap_or_default() }
    });
    let label = format!("{column}, slider");
    let slide = move |event| {
        if let Ok(stop) = event_target_value(&event).parse::<f64>() {
            row.set(&column, slider.value(stop), true);
        }
    };
    view! {
        <input
            type="range"
            class="slider"
            aria-label=label
            aria-valuetext=move || position.get()
            min=low
            max=high
            step=slider.step.to_string()
            prop:value=move || position.get()
            on:input=slide
        />
    }
}

/// The slider of a field, where it has a range.
fn slider(field: &InputField) -> Option<Slider> {
    let (min, max) = (field.min?, field.max?);
    Slider::new(min, max, Slider::seems_whole(min, max, &field.typical))
}

#[component]
fn Field(field: InputField, row: Row) -> impl IntoView {
    let name = field.column.clone();
    let hint = match (field.min, field.max) {
        (Some(min), Some(max)) => format!("{} to {}", format::plain(min), format::plain(max)),
        _ => field.ty.name().to_owned(),
    };
    let set = {
        let name = name.clone();
        move |event| row.set(&name, event_target_value(&event), false)
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
            <select name=name.clone() on:change=set>
                {options}<option value="">"(missing)"</option>
            </select>
        }
        .into_any()
    } else {
        let key = name.clone();
        view! {
            <input name=name.clone() value=field.typical.clone() prop:value=move || row.get(&key) placeholder="missing" on:input=set />
        }
        .into_any()
    };
    let slider = slider(&field).map(|slider| view! { <NumberSlider column=name.clone() slider row /> });
    view! {
        <div class="field">
            <label class="field">
                <span class="ellipsis" title=name.clone()>{name.clone()}</span>
                {control}
            </label>
            {slider}
            <span class="quiet small">{hint}</span>
        </div>
    }
}

/// What surrounds a prediction: an interval, or a set of classes.
fn surrounding(interval: &RowInterval) -> Option<String> {
    let level = format::percent(interval.level);
    match (interval.low, interval.high, interval.classes.as_slice()) {
        (Some(low), Some(high), _) => {
            Some(format!("Between {} and {} in {level} of rows.", format::number(low), format::number(high)))
        }
        (_, _, []) => None,
        (_, _, [class]) => Some(format!("\"{class}\" and nothing else, at a level of {level}.")),
        (_, _, classes) => Some(format!("One of {} in {level} of rows.", classes.join(", "))),
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
        <p class="small" data-testid="predict-interval">{prediction.interval.as_ref().and_then(surrounding)}</p>
        <ol class="importance">{bars}</ol>
        <p class="quiet small">{notes.join(" ")}</p>
    }
}

#[component]
pub fn PredictForm(verdict: Arc<Verdict>) -> impl IntoView {
    let store: Store = expect_context();
    let fields = ordered(&verdict);
    let hint = if fields.is_empty() {
        "The model reads no column: its answer is the same for every row."
    } else {
        "A typical row to begin with. Move a slider, and the answer follows."
    };
    let typical = fields.iter().map(|f| (f.column.clone(), f.typical.clone())).collect();
    let row = Row { store, values: RwSignal::new(typical) };
    let mut fields = fields.into_iter();
    let first = fields.by_ref().take(SHOWN).map(|field| view! { <Field field row /> }).collect_view();
    let rest: Vec<InputField> = fields.collect();
    let more = (!rest.is_empty()).then(|| {
        let count = rest.len();
        let fields = rest.into_iter().map(|field| view! { <Field field row /> }).collect_view();
        view! {
            <details><summary>{format!("{count} more columns")}</summary><div class="fields form-grid">{fields}</div></details>
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        row.predict();
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
            <p class="quiet small">{hint}</p>
            <div class="fields form-grid">{first}</div>
            {more}
            <button type="submit">"Predict this row"</button>
            <output data-testid="predict-result" data-probabilities=exact aria-live="polite">
                {move || store.prediction.get().map(|p| shown(&p))}
            </output>
        </form>
    }
}
