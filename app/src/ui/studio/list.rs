//! A list of entries with fields of their own.

use super::field::{Slot, fields};
use automl_core::kind::FieldKind;
use leptos::prelude::*;
use serde_json::{Map, Value};
use trellis_page::flow::forms;

#[component]
pub fn ListField(param: Slot) -> impl IntoView {
    let slot = param;
    let FieldKind::List { item, fields: specs, .. } = slot.field.kind.clone() else { return ().into_any() };
    let value = slot.value();
    let count = Memo::new(move |_| value.with(|v| v.as_array().map_or(0, Vec::len)));
    let change = {
        let slot = slot.clone();
        move |how: &dyn Fn(&Value) -> Value| slot.write(how(&value.get_untracked()))
    };
    let entries = {
        let (slot, item, change) = (slot.clone(), item.clone(), change.clone());
        move || {
            let one = |at: usize| {
                let entry = Signal::derive(move || {
                    let entry = value.with(|v| v.get(at).and_then(Value::as_object).cloned());
                    entry.unwrap_or_else(Map::new)
                });
                let inner = |field: automl_core::kind::FieldSpec| {
                    let (outer, written) = (slot.clone(), field.clone());
                    let set = Callback::new(move |new: Option<Value>| {
                        let list = outer.value_now();
                        outer.write(forms::with_entry(&list, at, &written, new));
                    });
                    let path = format!("{}.{at}.{}", slot.path, field.name);
                    Slot { store: slot.store, node: slot.node.clone(), path, field, values: entry, set }
                };
                let body = fields(&specs, entry, inner);
                let title = format!("{item} {}", at + 1);
                let (up, down, remove) = (change.clone(), change.clone(), change.clone());
                let found = Slot { path: format!("{}.{at}", slot.path), ..slot.clone() }.findings();
                view! {
                    <li class="entry" role="group" aria-label=title.clone()>
                        <div class="param-head">
                            <span class="quiet small">{title.clone()}</span>
                            <span class="spacer"></span>
                            <button type="button" class="plain tiny" disabled=at == 0 aria-label=format!("Move {title} up")
                                on:click=move |_| up(&|v| forms::swapped(v, at, at - 1))>"↑"</button>
                            <button type="button" class="plain tiny" aria-label=format!("Move {title} down") disabled=move || { at + 1 >= count.get() }
                                on:click=move |_| down(&|v| forms::swapped(v, at, at + 1))>"↓"</button>
                            <button type="button" class="plain tiny" aria-label=format!("Remove {title}")
                                on:click=move |_| remove(&|v| forms::without(v, at))>"Remove"</button>
                        </div>
                        {body}
                        <super::field::Findings found />
                    </li>
                }
            };
            (0..count.get()).map(one).collect_view()
        }
    };
    let add = format!("Add a {item}");
    view! {
        <ol class="entries">{entries}</ol>
        <button type="button" class="tiny" on:click=move |_| change(&forms::with_added)>{add}</button>
    }
    .into_any()
}

impl Slot {
    /// The value, without following it.
    fn value_now(&self) -> Value {
        self.values.with_untracked(|values| forms::value(&self.field, values))
    }
}
