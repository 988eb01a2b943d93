//! The form of the selected node.

use super::field::{Findings, Slot, fields};
use super::help::KindHelp;
use super::source::SourcePanel;
use crate::store::Store;
use crate::ui::gloss::{Ask, Gloss};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, Node, NodeId};
use automl_core::kind::{FieldSpec, KindSpec};
use leptos::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use trellis_page::flow::glossary::of_kind;
use trellis_page::flow::words::{standing, state_word};

/// The parameters of a node as a form.
fn form(store: Store, id: &NodeId, kind: &KindSpec) -> AnyView {
    let flow = store.flow;
    let (reading, node) = (id.clone(), id.clone());
    let values = Memo::new(move |_| {
        flow.history
            .with(|h| h.document().nodes().get(&reading).map(|n| n.params.clone()).unwrap_or_default())
    });
    let slot = |field: FieldSpec| {
        let (node, name, title) = (node.clone(), field.name.clone(), field.title.clone());
        let key = format!("{node}.{name}");
        let id = node.clone();
        let set = Callback::new(move |value: Option<Value>| {
            let edit = Edit::SetParam { id: id.clone(), name: name.clone(), value };
            flow.edit_grouped(&format!("Set {title}"), &key, edit);
        });
        Slot { store, node, path: field.name.clone(), field, values: values.into(), set }
    };
    fields(&kind.fields, values.into(), slot)
}

#[component]
fn Title(id: NodeId, usual: String) -> impl IntoView {
    let store: Store = expect_context();
    let (flow, reading) = (store.flow, id.clone());
    let title = Memo::new(move |_| {
        flow.history.with(|h| h.document().nodes().get(&reading).map(|n| n.title.clone()).unwrap_or_default())
    });
    let rename = move |event| {
        let edit = Edit::RenameNode { id: id.clone(), title: event_target_value(&event) };
        flow.edit_grouped("Rename a node", &format!("{id}.title"), edit);
    };
    view! {
        <input class="node-title" type="text" aria-label="Title of the node" autocomplete="off" maxlength="200" placeholder=usual
            prop:value=move || title.get() on:input=rename />
    }
}

#[component]
fn Actions(id: NodeId) -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let (bypass, pin, run) = (id.clone(), id.clone(), id.clone());
    let reading = id.clone();
    let is_bypassed = Memo::new(move |_| {
        flow.history.with(|h| h.document().nodes().get(&reading).is_some_and(|n| n.bypassed))
    });
    let pinned = id;
    let is_pinned = Memo::new(move |_| flow.pinned.with(|p| p.contains(&pinned)));
    let toggle_bypass = move |_| {
        let bypassed = !is_bypassed.get_untracked();
        let label = if bypassed { "Bypass a node" } else { "No longer bypass a node" };
        flow.edit(label, Edit::Bypass { id: bypass.clone(), bypassed });
    };
    let toggle_pin = move |_| {
        flow.pinned.update(|all| {
            if !all.remove(&pin) {
                all.insert(pin.clone());
            }
        });
    };
    view! {
        <div class="node-actions">
            <button type="button" class="tiny primary" data-testid="run-to-here" on:click=move |_| store.start_flow(vec![run.clone()], false)>"Run to here"</button>
            <button type="button" class="tiny" aria-pressed=move || is_bypassed.get().to_string() on:click=toggle_bypass
                title="Lets what comes in through, untouched">"Bypass"</button>
            <Ask term="bypass" what="Bypass" />
            <button type="button" class="tiny" aria-pressed=move || is_pinned.get().to_string() on:click=toggle_pin
                title="Keeps the result that it has, whatever changes before it">"Pin"</button>
            <Ask term="pin" what="Pin" />
        </div>
    }
}

/// What is to be said of a node as a whole, or of its ports.
fn general(store: Store, id: &NodeId, kind: Option<&KindSpec>) -> Signal<Vec<Diagnostic>> {
    let (flow, id) = (store.flow, id.clone());
    let names: Vec<String> =
        kind.map(|k| k.fields.iter().map(|f| f.name.clone()).collect()).unwrap_or_default();
    Signal::derive(move || {
        flow.views.with(|views| {
            let found = views.get(&id).map(|v| v.findings.clone()).unwrap_or_default();
            let has_place = |param: &Option<String>| {
                param
                    .as_deref()
                    .is_some_and(|p| names.iter().any(|n| p == n || p.starts_with(&format!("{n}."))))
            };
            found.into_iter().filter(|f| !has_place(&f.param)).map(|f| f.diagnostic).collect()
        })
    })
}

#[component]
fn NodeForm(id: NodeId, kind_id: String, kind: Option<Arc<KindSpec>>) -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let usual = kind.as_ref().map_or(kind_id.clone(), |k| k.title.clone());
    let reading = id.clone();
    let state = move || {
        flow.views.with(|views| {
            views.get(&reading).map(|v| match v.text.is_empty() {
                true => state_word(standing(v)).to_owned(),
                false => format!("{} · {}", state_word(standing(v)), v.text),
            })
        })
    };
    let found = general(store, &id, kind.as_deref());
    let body = match &kind {
        Some(kind) => form(store, &id, kind),
        None => view! { <p>"This kind of node is not known here. It is kept as it is, and not run."</p> }
            .into_any(),
    };
    let order = kind.as_ref().map(|kind| super::order::orders(store, &id, kind));
    let help = kind.as_ref().map(|kind| view! { <KindHelp kind=kind.clone() /> });
    let about = kind.as_ref().map(|k| k.help.clone());
    let titled = match of_kind(&kind_id) {
        Some(term) => {
            let usual = usual.clone();
            view! { <Gloss term>{usual.clone()}</Gloss> }.into_any()
        }
        None => view! { {usual.clone()} }.into_any(),
    };
    let source = kind_id
        .starts_with("source.")
        .then(|| view! { <SourcePanel id=id.clone() kind_id=kind_id.clone() /> });
    view! {
        <Title id=id.clone() usual=usual.clone() />
        <p class="quiet small">{titled}" · "{state}</p>
        <p class="small">{about}</p>
        <Actions id=id.clone() />
        <div class="found"><Findings found /></div>
        {source}
        {body}
        {order}
        {help}
    }
}

/// What is shown while no node is selected.
#[component]
fn Nothing() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let findings =
        move || flow.plan.with(|p| p.findings.iter().map(|f| f.diagnostic.clone()).collect::<Vec<_>>());
    view! {
        <h2>"Nothing selected"</h2>
        <p class="quiet">"Select a node to set it. Select an output to see what comes out of it."</p>
        <Findings found=Signal::derive(findings) />
    }
}

#[component]
pub fn Inspector() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let subject = Memo::new(move |_| {
        let id = flow.selection.with(|s| s.subject().cloned())?;
        let kind = flow.history.with(|h| h.document().nodes().get(&id).map(|n: &Node| n.kind.clone()))?;
        // The form is made anew once its kind is known.
        let is_known = flow.kinds.with(|k| k.contains_key(&kind));
        Some((id, kind, is_known))
    });
    let body = move || match subject.get() {
        Some((id, kind_id, _)) => {
            let kind = untrack(|| flow.kind(&kind_id));
            view! { <NodeForm id kind_id kind /> }.into_any()
        }
        None => view! { <Nothing /> }.into_any(),
    };
    view! { <div class="inspector-body">{body}</div> }
}
