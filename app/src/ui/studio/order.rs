//! The order of what is connected where several wires end.

use crate::store::Store;
use automl_core::document::{Edit, NodeId, PortRef};
use automl_core::engine::flow::{order_of, sources};
use automl_core::kind::{KindSpec, ORDER};
use leptos::prelude::*;
use trellis_page::flow::words::name_of;

/// The lists of a node, one for each input that takes several wires; nothing where fewer than two end.
pub(super) fn orders(store: Store, id: &NodeId, kind: &KindSpec) -> AnyView {
    let many = kind.inputs.iter().filter(|p| p.many);
    let list = |port: &automl_core::kind::PortSpec| {
        let input = PortRef { node: id.clone(), port: port.name.clone() };
        view! { <Order store input title=port.title.clone() /> }
    };
    many.map(list).collect_view().into_any()
}

#[component]
fn Order(store: Store, input: PortRef, title: String) -> impl IntoView {
    let flow = store.flow;
    let reading = input.clone();
    let all = Memo::new(move |_| flow.history.with(|h| sources(h.document(), &reading)));
    let swap = move |at: usize, other: usize| {
        let mut order = all.get_untracked();
        if at < order.len() && other < order.len() {
            order.swap(at, other);
            let (id, name) = (input.node.clone(), ORDER.to_owned());
            flow.edit("Change the order", Edit::SetParam { id, name, value: Some(order_of(&order)) });
        }
    };
    let swap = StoredValue::new(swap);
    // Those of one name are told apart by their nodes' ids.
    let names = move |all: &[PortRef]| {
        let name = |source: &PortRef| {
            flow.kinds.with(|kinds| flow.history.with(|h| name_of(h.document(), kinds, &source.node)))
        };
        let names: Vec<String> = all.iter().map(name).collect();
        let is_one = |name: &String| names.iter().filter(|n| *n == name).count() == 1;
        let told = names.iter().zip(all);
        told.map(|(n, s)| if is_one(n) { n.clone() } else { format!("{n} ({})", s.node) }).collect::<Vec<_>>()
    };
    let entry = move |(at, name): (usize, String), of: usize| {
        view! {
            <li class="entry">
                <div class="param-head">
                    <span class="small">{name.clone()}</span>
                    <span class="spacer"></span>
                    <button type="button" class="plain tiny" disabled=at == 0 aria-label=format!("Move {name} up")
                        on:click=move |_| swap.with_value(|swap| swap(at, at - 1))>"↑"</button>
                    <button type="button" class="plain tiny" disabled={at + 1 >= of} aria-label=format!("Move {name} down")
                        on:click=move |_| swap.with_value(|swap| swap(at, at + 1))>"↓"</button>
                </div>
            </li>
        }
    };
    let label = format!("Order of {}", title.to_lowercase());
    move || {
        let all = all.get();
        let of = all.len();
        (of > 1).then(|| {
            view! {
                <div class="param" role="group" aria-label=label.clone() data-testid="order">
                    <div class="param-head"><span>{label.clone()}</span></div>
                    <ol class="entries">{names(&all).into_iter().enumerate().map(|one| entry(one, of)).collect_view()}</ol>
                </div>
            }
        })
    }
}
