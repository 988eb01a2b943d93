//! The kinds of nodes that can be added.

use crate::store::Store;
use crate::ui::canvas::{CanvasCtl, KIND_MIME};
use automl_core::kind::{Group, KindSpec};
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::find;
use web_sys::{DragEvent, KeyboardEvent};

#[component]
fn Item(kind: Arc<KindSpec>) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let (added, dragged) = (kind.id.clone(), kind.id.clone());
    let drag = move |event: DragEvent| {
        if let Some(data) = event.data_transfer() {
            // What cannot be dragged can still be clicked.
            let _ = data.set_data(KIND_MIME, &dragged);
            data.set_effect_allowed("copy");
        }
    };
    view! {
        <li>
            <button type="button" class="kind" draggable="true" data-kind=kind.id.clone() aria-label=format!("Add {}", kind.title) title=kind.help.clone()
                on:dragstart=drag on:click=move |_| ctl.add_kind(&added, None)>
                {kind.title.clone()}
            </button>
        </li>
    }
}

#[component]
pub fn Palette() -> impl IntoView {
    let store: Store = expect_context();
    let ctl: CanvasCtl = expect_context();
    let flow = store.flow;
    let search = RwSignal::new(String::new());
    let all = Memo::new(move |_| {
        let kinds = flow.kinds.get();
        flow.kind_order.with(|order| order.iter().filter_map(|id| kinds.get(id).cloned()).collect::<Vec<_>>())
    });
    let found = Memo::new(move |_| {
        let query = search.get();
        all.with(|all| {
            let words: Vec<String> = all.iter().map(|k| format!("{} {} {}", k.words, k.help, k.id)).collect();
            let texts = all.iter().zip(&words).map(|(k, w)| (k.title.as_str(), w.as_str()));
            find::found(&query, texts).into_iter().filter_map(|i| all.get(i).cloned()).collect::<Vec<_>>()
        })
    });
    let groups = move || {
        let query = search.get();
        let found = found.get();
        if !query.trim().is_empty() {
            let items = found.into_iter().map(|kind| view! { <Item kind /> }).collect_view();
            return view! { <ul class="kinds" aria-label="Found">{items}</ul> }.into_any();
        }
        let group = |group: Group| {
            let items: Vec<_> = found.iter().filter(|k| k.group == group).cloned().collect();
            (!items.is_empty()).then(|| {
                let items = items.into_iter().map(|kind| view! { <Item kind /> }).collect_view();
                view! {
                    <details class="kind-group" open><summary>{group.title()}</summary><ul class="kinds">{items}</ul></details>
                }
            })
        };
        Group::ALL.into_iter().map(group).collect_view().into_any()
    };
    let first = move |event: KeyboardEvent| {
        if event.key() == "Enter"
            && let Some(kind) = found.with_untracked(|f| f.first().cloned())
        {
            event.prevent_default();
            ctl.add_kind(&kind.id, None);
        }
    };
    let count = move || match found.with(Vec::len) {
        0 if all.with(Vec::is_empty) => "Loading".to_owned(),
        0 => "Nothing found: try another word.".to_owned(),
        1 => "1 kind".to_owned(),
        n => format!("{n} kinds"),
    };
    view! {
        <div class="palette-body">
            <input type="search" class="palette-search" aria-label="Search kinds of nodes" placeholder="Search kinds"
                prop:value=move || search.get() on:input=move |e| search.set(event_target_value(&e)) on:keydown=first />
            <p class="quiet small" role="status">{count}</p>
            {groups}
        </div>
    }
}
