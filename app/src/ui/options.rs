//! Weights of rows, constraints on predictions, limits on time and memory.

use super::narrow::Narrowed;
use crate::store::Store;
use automl_core::engine::protocol::{Direction, TargetInfo};
use automl_core::model::Task;
use leptos::prelude::*;
use trellis_page::asked::{Asked, Offered};

/// Which column weighs rows.
#[component]
pub fn Weights(asked: RwSignal<Asked>, offered: Memo<Offered>) -> impl IntoView {
    let names = Memo::new(move |_| offered.read().weights.clone());
    let option = move |name: String| {
        let (value, key) = (name.clone(), name.clone());
        view! { <option value=value prop:selected=move || asked.read().weights == key>{name}</option> }
    };
    view! {
        <label class="field">
            <span>"Rows count by"</span>
            <select
                data-testid="weights-select"
                aria-describedby="weights-help"
                on:change=move |e| asked.update(|a| a.weights = event_target_value(&e))
            >
                <option value="" prop:selected=move || asked.read().weighing(&names.read()).is_none()>"all alike"</option>
                <For each=move || names.get() key=Clone::clone children=option />
            </select>
        </label>
    }
}

/// Whether predictions are held to one direction of a column.
#[component]
fn Way(name: String, asked: RwSignal<Asked>) -> impl IntoView {
    let (key, shown) = (name.clone(), name.clone());
    let way = Memo::new(move |_| asked.read().directions.get(&key).copied());
    let choose = move |event| {
        let direction = match event_target_value(&event).as_str() {
            "up" => Some(Direction::Up),
            "down" => Some(Direction::Down),
            _ => None,
        };
        asked.update(|a| match direction {
            Some(direction) => drop(a.directions.insert(name.clone(), direction)),
            None => drop(a.directions.remove(&name)),
        });
    };
    let options = [
        ("", "either way", None),
        ("up", "only up", Some(Direction::Up)),
        ("down", "only down", Some(Direction::Down)),
    ]
    .map(|(id, text, direction)| {
        view! { <option value=id prop:selected=move || way.get() == direction>{text}</option> }
    });
    view! {
        <label class="field">
            <span class="ellipsis" title=shown.clone()>{shown.clone()}</span>
            <select on:change=choose>{options.collect_view()}</select>
        </label>
    }
}

/// What is held to a direction, or why nothing can be.
fn directions_help(target: &TargetInfo) -> String {
    match (target.task, target.classes.get(1)) {
        (Task::Multiclass, _) => {
            "Probabilities of more than two classes cannot all rise, or all fall, so there are no directions to choose.".to_owned()
        }
        (Task::Binary, Some((second, _))) => format!(
            "As a number rises, the probability of \"{second}\" may be made to go only up, or only down. Only kinds of models that keep to it are tried."
        ),
        _ => "As a number rises, predictions may be made to go only up, or only down. Only kinds of models that keep to it are tried.".to_owned(),
    }
}

/// What predictions must keep to.
#[component]
pub fn Constraints(asked: RwSignal<Asked>, offered: Memo<Offered>) -> impl IntoView {
    let store: Store = expect_context();
    let help = move || store.target.with(|t| t.as_ref().map(|t| directions_help(t)));
    let names = Memo::new(move |_| offered.read().directions.clone());
    let count = move || {
        let (asked, names) = (asked.read(), names.read());
        let ways = asked.directions.keys().filter(|c| names.contains(c)).count();
        let groups = asked.groups.lines().filter(|l| !l.trim().is_empty()).count();
        let told = [(ways, "direction"), (groups, "group")].into_iter().filter(|(n, _)| *n > 0);
        told.map(|(n, what)| format!("{n} {what}{}", if n > 1 { "s" } else { "" }))
            .collect::<Vec<_>>()
            .join(", ")
    };
    view! {
        <details data-testid="constraints">
            <summary>"What predictions must keep to "<span class="quiet">{count}</span></summary>
            <p class="quiet small" id="directions-help">{help}</p>
            <div role="group" aria-label="Directions" aria-describedby="directions-help">
                <Narrowed
                    class="form-grid"
                    names=names.into()
                    is_set=move |name| asked.read().directions.contains_key(name)
                    each=move |name| view! { <Way name asked /> }
                />
            </div>
            <label class="field">
                <span>"Columns that may act together"</span>
                <textarea
                    rows="2"
                    spellcheck="false"
                    data-testid="groups-input"
                    placeholder="age, income"
                    aria-describedby="groups-help"
                    prop:value=move || asked.read().groups.clone()
                    on:input=move |e| asked.update(|a| a.groups = event_target_value(&e))
                ></textarea>
            </label>
            <p class="quiet small" id="groups-help">
                "A line for each group, names with commas between. Columns that no line names are one more group. Empty: all with all."
            </p>
        </details>
    }
}

/// A limit, as it is typed.
#[component]
fn Limit(
    label: &'static str,
    testid: &'static str,
    inputmode: &'static str,
    placeholder: &'static str,
    asked: RwSignal<Asked>,
    get: fn(&Asked) -> &String,
    set: fn(&mut Asked, String),
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                inputmode=inputmode
                autocomplete="off"
                data-testid=testid
                placeholder=placeholder
                aria-describedby="limits-help"
                prop:value=move || get(&asked.read()).clone()
                on:input=move |e| asked.update(|a| set(a, event_target_value(&e)))
            />
        </label>
    }
}

/// Limits on the time of a prediction and on memory.
#[component]
pub fn Limits(asked: RwSignal<Asked>) -> impl IntoView {
    view! {
        <Limit
            label="Most µs to predict a row"
            testid="predict-limit-input"
            inputmode="decimal"
            placeholder="no limit"
            asked
            get=|a| &a.microseconds
            set=|a, text| a.microseconds = text
        />
        <Limit
            label="Most memory, MB"
            testid="memory-input"
            inputmode="numeric"
            placeholder="usually 536"
            asked
            get=|a| &a.megabytes
            set=|a, text| a.megabytes = text
        />
    }
}
