//! Choosing columns of the table that comes in.

use super::field::Slot;
use automl_core::kind::{FieldKind, Schema};
use automl_core::table::ColumnType;
use leptos::prelude::*;
use serde_json::Value;
use trellis_page::flow::forms;
use trellis_page::narrow;

fn fitting(schema: Option<Schema>, types: &[ColumnType]) -> Vec<(String, ColumnType)> {
    let fits = |c: &(String, ColumnType)| types.is_empty() || types.contains(&c.1);
    schema.unwrap_or_default().into_iter().filter(fits).collect()
}

/// One column.
#[component]
pub fn ColumnField(param: Slot) -> impl IntoView {
    let slot = param;
    let FieldKind::Column { port, types } = slot.field.kind.clone() else { return ().into_any() };
    let (schema, text, id) = (slot.schema(&port), slot.text(), slot.id());
    let options = Memo::new(move |_| {
        let mut all: Vec<(String, String)> = fitting(schema.get(), &types)
            .into_iter()
            .map(|(name, ty)| (name, ty.name().to_owned()))
            .collect();
        let chosen = text.get();
        if !chosen.is_empty() && all.iter().all(|(name, _)| *name != chosen) {
            all.push((chosen, "not in the table".to_owned()));
        }
        all
    });
    let is_unknown = move || schema.with(Option::is_none);
    let optional = if slot.field.required { "Choose a column" } else { "none" };
    let shown = move || {
        let chosen = text.get();
        let option = |(name, about): (String, String)| {
            let is_chosen = name == chosen;
            view! { <option value=name.clone() selected=is_chosen>{format!("{name} ({about})")}</option> }
        };
        options.get().into_iter().map(option).collect_view()
    };
    view! {
        <select id=id prop:value=move || text.get() on:change=move |e| slot.write(event_target_value(&e).into())>
            <option value="" selected=move || text.with(String::is_empty)>{optional}</option>
            {shown}
        </select>
        <Show when=is_unknown><p class="quiet small">"The columns are known once a table is connected and read."</p></Show>
    }
    .into_any()
}

fn names(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Several columns: a list to tick, with a search where it is long.
#[component]
pub fn ColumnsField(param: Slot) -> impl IntoView {
    let slot = param;
    let FieldKind::Columns { port, types } = slot.field.kind.clone() else { return ().into_any() };
    let (schema, value) = (slot.schema(&port), slot.value());
    let part = RwSignal::new(String::new());
    let offered = slot.clone();
    let all = Memo::new(move |_| {
        let can_choose = |name: &String| offered.values.with(|v| forms::can_choose(&offered.field, v, name));
        let mut all: Vec<String> =
            fitting(schema.get(), &types).into_iter().map(|c| c.0).filter(can_choose).collect();
        let missing = names(&value.get()).into_iter().filter(|n| !all.contains(n));
        let missing: Vec<String> = missing.collect();
        all.extend(missing);
        all
    });
    let chosen = Memo::new(move |_| names(&value.get()));
    let write = {
        let slot = slot.clone();
        move |names: Vec<String>| slot.write(Value::from(names))
    };
    let toggle = {
        let write = write.clone();
        move |name: &str, on: bool| {
            // In the table's order, whatever the order of ticking.
            let keep = |n: &String| if n == name { on } else { chosen.with_untracked(|c| c.contains(n)) };
            write(all.get_untracked().into_iter().filter(keep).collect());
        }
    };
    let list = move || {
        let (shown, hidden) =
            all.with(|all| chosen.with(|c| narrow::shown(all, &part.get(), |n| c.iter().any(|o| o == n))));
        let toggle = toggle.clone();
        let one = move |name: String| {
            let (is_on, toggle) = (chosen.with(|c| c.contains(&name)), toggle.clone());
            let label = name.clone();
            view! {
                <label class="check">
                    <input type="checkbox" prop:checked=is_on on:change=move |e| toggle(&name, event_target_checked(&e)) />
                    <span class="ellipsis">{label}</span>
                </label>
            }
        };
        let rest = (hidden > 0)
            .then(|| view! { <p class="quiet small">{format!("{hidden} more: search for them.")}</p> });
        view! { {shown.into_iter().map(one).collect_view()}{rest} }
    };
    let (select_all, select_none) = (write.clone(), write);
    let title = slot.field.title.clone();
    let find = format!("Search columns for {title}");
    let count = move || format!("{} of {}", chosen.with(Vec::len), all.with(Vec::len));
    view! {
        <div class="columns-field">
            <div class="param-head">
                <span class="quiet small">{count}</span>
                <span class="spacer"></span>
                <button type="button" class="plain tiny" aria-label=format!("All, {title}") on:click=move |_| select_all(all.get_untracked())>"All"</button>
                <button type="button" class="plain tiny" aria-label=format!("None, {title}") on:click=move |_| select_none(Vec::new())>"None"</button>
            </div>
            <Show when=move || { all.with(Vec::len) > narrow::MOST }>
                <input type="search" class="find" aria-label=find.clone() placeholder="Search columns"
                    on:input=move |e| part.set(event_target_value(&e)) />
            </Show>
            <div class="checks">{list}</div>
            <Show when=move || all.with(Vec::is_empty)>
                <p class="quiet small">"The columns are known once a table is connected and read."</p>
            </Show>
        </div>
    }
    .into_any()
}
