//! What a kind does, and its example.

use crate::store::Store;
use automl_core::document::{Edit, Node, PortRef, Wire};
use automl_core::kind::KindSpec;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::words::example_params;

/// The kind that holds a small table as text, and its parameter.
const PASTE: &str = "source.paste";
const TEXT: &str = "text";

/// Puts the example's tables and a node that is set as in it on the canvas, beside what is there.
fn put_example(store: Store, kind: &KindSpec) {
    let Some(example) = &kind.example else { return };
    let flow = store.flow;
    let mut edits = Vec::new();
    flow.with_document(|document| {
        let lowest = document.layout().places.values().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
        let y = if lowest.is_finite() { lowest + 160.0 } else { 80.0 };
        let place = |x: f64, y: f64| Some(automl_core::document::Place { x, y });
        let mut planned = document.clone();
        let mut add = |edit: Edit| {
            if planned.apply(edit.clone()).is_ok() {
                edits.push(edit);
            }
            planned.free_id(PASTE)
        };
        let mut node = Node::new(kind.id.clone(), kind.version);
        node.params = example.params.clone();
        let id = document.free_id(&kind.id);
        let mut next = add(Edit::AddNode { id: id.clone(), node, place: place(340.0, y) });
        for (number, (port, csv)) in example.tables.iter().enumerate() {
            let mut node = Node::new(PASTE, 1);
            node.params.insert(TEXT.to_owned(), csv.as_str().into());
            let source = next.clone();
            next = add(Edit::AddNode {
                id: source.clone(),
                node,
                place: place(40.0, y + 130.0 * number as f64),
            });
            let wire = Wire {
                from: PortRef { node: source, port: "table".to_owned() },
                to: PortRef { node: id.clone(), port: port.clone() },
            };
            add(Edit::Connect { wire });
        }
    });
    flow.edit(&format!("Add the example of {}", kind.title), Edit::All { edits });
}

#[component]
pub fn KindHelp(kind: Arc<KindSpec>) -> impl IntoView {
    let store: Store = expect_context();
    let more = kind.more.lines().map(|l| view! { <p class="small">{l.to_owned()}</p> }).collect_view();
    let example = kind.example.clone().map(|example| {
        let tables = example.tables.iter().map(|(port, csv)| {
            view! { <p class="quiet small">{format!("Input \"{port}\"")}</p><pre class="csv" tabindex="0">{csv.clone()}</pre> }
        });
        let tables = tables.collect_view();
        let set = example_params(&kind).into_iter().map(|(title, value)| {
            view! { <div><dt>{title}</dt><dd><code>{value}</code></dd></div> }
        });
        let set = set.collect_view();
        let kind = kind.clone();
        view! {
            <h3>"Example"</h3>
            {tables}
            <dl class="parameters small" data-testid="example-params">{set}</dl>
            <p class="small"><strong>"What comes out: "</strong>{example.outcome}</p>
            <button type="button" class="tiny" data-testid="put-example" on:click=move |_| put_example(store, &kind)>"Put this example on the canvas"</button>
        }
    });
    view! { <details class="more"><summary>"Help and example"</summary>{more}{example}</details> }
}
