//! Weights of rows, constraints on predictions, limits on time and memory.

use crate::store::Store;
use automl_core::engine::protocol::Direction;
use automl_core::table::ColumnType;
use leptos::prelude::*;
use trellis_page::asked::Asked;

/// Columns offered; beyond, the command line serves.
const MOST_OPTIONS: usize = 2_000;

/// The columns of the table and their types.
fn columns(store: Store) -> Vec<(String, ColumnType)> {
    let table = store.table.get();
    let columns = table.iter().flat_map(|t| t.profile.columns.iter().take(MOST_OPTIONS));
    columns.map(|c| (c.name.clone(), c.ty)).collect()
}

/// Which column weighs rows; beside the target.
#[component]
pub fn Weights(asked: RwSignal<Asked>) -> impl IntoView {
    let store: Store = expect_context();
    let names = move || {
        let target = store.target.get().map(|t| t.column.clone());
        let offered = |(name, ty): &(String, ColumnType)| {
            Some(name) != target.as_ref() && !matches!(ty, ColumnType::Text | ColumnType::Datetime)
        };
        columns(store)
            .into_iter()
            .filter(offered)
            .map(|(name, _)| view! { <option value=name.clone()>{name.clone()}</option> })
            .collect_view()
    };
    view! {
        <label class="field">
            <span>"Rows count by"</span>
            <select
                data-testid="weights-select"
                aria-describedby="weights-help"
                prop:value=move || asked.read().weights.clone()
                on:change=move |e| asked.update(|a| a.weights = event_target_value(&e))
            >
                <option value="">"all alike"</option>
                {names}
            </select>
        </label>
    }
}

#[component]
fn Way(name: String, asked: RwSignal<Asked>) -> impl IntoView {
    let (key, shown) = (name.clone(), name.clone());
    let way = move || match asked.read().directions.get(&key) {
        None => "",
        Some(Direction::Up) => "up",
        Some(Direction::Down) => "down",
    };
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
    view! {
        <label class="field">
            <span>{shown}</span>
            <select prop:value=way on:change=choose>
                <option value="">"either way"</option>
                <option value="up">"predictions only rise"</option>
                <option value="down">"predictions only fall"</option>
            </select>
        </label>
    }
}

/// What predictions must keep to.
#[component]
pub fn Constraints(asked: RwSignal<Asked>) -> impl IntoView {
    let store: Store = expect_context();
    let ways = move || {
        let features = store.target.get().map(|t| t.features.clone()).unwrap_or_default();
        columns(store)
            .into_iter()
            .filter(|(name, ty)| *ty == ColumnType::Numeric && features.contains(name))
            .map(|(name, _)| view! { <Way name asked /> })
            .collect_view()
    };
    view! {
        <details data-testid="constraints">
            <summary>"What predictions must keep to"</summary>
            <p class="quiet small">
                "As a number rises, predictions (of two classes: the probability of the second) may be held to one direction. Only kinds of models that keep to it are tried."
            </p>
            <div class="fields">{ways}</div>
            <label class="field">
                <span>"Columns that may act together"</span>
                <textarea
                    rows="2"
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

/// Limits on the time of a prediction and on memory.
#[component]
pub fn Limits(asked: RwSignal<Asked>) -> impl IntoView {
    view! {
        <label class="field">
            <span>"Most µs a row"</span>
            <input
                inputmode="decimal"
                data-testid="predict-limit-input"
                placeholder="no limit"
                aria-describedby="limits-help"
                prop:value=move || asked.read().microseconds.clone()
                on:input=move |e| asked.update(|a| a.microseconds = event_target_value(&e))
            />
        </label>
        <label class="field">
            <span>"Most memory, MB"</span>
            <input
                inputmode="numeric"
                data-testid="memory-input"
                placeholder="536"
                aria-describedby="limits-help"
                prop:value=move || asked.read().megabytes.clone()
                on:input=move |e| asked.update(|a| a.megabytes = event_target_value(&e))
            />
        </label>
    }
}
