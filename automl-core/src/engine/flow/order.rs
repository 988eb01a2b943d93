//! The order of wires where an input takes several.
//!
//! It is a parameter of the node ([`ORDER`]): it changes what comes out, so it counts in the document's hash. Wires
//! themselves are a set, so that documents with the same wires have the same bytes; where nodes are drawn must not count,
//! and titles change. A document that names no order has the bytes that it always had.

use crate::document::{Node, NodeId, PipelineDocument, PortRef};
use crate::kind::ORDER;
use crate::numeric::sort_few_by_key;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a source is called in [`ORDER`].
fn name(source: &PortRef) -> String {
    format!("{}.{}", source.node, source.port)
}

/// Puts sources first that the node's parameter names, in its order. The others stay in the order of the wires, which
/// is by the ids of their nodes.
pub(super) fn in_order(node: &Node, sources: &mut [PortRef]) {
    let Some(Value::Array(named)) = node.params.get(ORDER) else { return };
    let named = named.iter().enumerate().rev();
    let places: BTreeMap<&str, usize> =
        named.filter_map(|(at, source)| Some((source.as_str()?, at))).collect();
    sort_few_by_key(sources, |source| places.get(name(source).as_str()).copied().unwrap_or(usize::MAX));
}

/// What is connected to an input, in the order in which it comes in.
pub fn sources(document: &PipelineDocument, input: &PortRef) -> Vec<PortRef> {
    let wires = document.wires().iter().filter(|w| w.to == *input);
    let mut sources: Vec<PortRef> = wires.map(|w| w.from.clone()).collect();
    if let Some(node) = document.nodes().get(&input.node) {
        in_order(node, &mut sources);
    }
    sources
}

/// Calls the sources in a node's order by the new names of their nodes; those whose nodes have none are left out.
pub fn rename_order(node: &mut Node, names: &BTreeMap<&NodeId, NodeId>) {
    let Some(Value::Array(order)) = node.params.get_mut(ORDER) else { return };
    let renamed = order.iter().filter_map(|source| {
        let (node, port) = source.as_str()?.rsplit_once('.')?;
        let node = names.get(&NodeId(node.to_owned()))?;
        Some(Value::String(format!("{node}.{port}")))
    });
    *order = renamed.collect();
    if order.is_empty() {
        node.params.remove(ORDER);
    }
}

/// The value of [`ORDER`] for an order of sources.
pub fn order_of(sources: &[PortRef]) -> Value {
    sources.iter().map(name).collect()
}
