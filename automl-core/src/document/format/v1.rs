//! Version 1 of the form.

use super::super::{Layout, Node, NodeId, PipelineDocument, PortRef, Wire};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default)]
    nodes: BTreeMap<NodeId, Node>,
    /// `[from node, from port, to node, to port]`.
    #[serde(default)]
    wires: Vec<[String; 4]>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

pub(super) fn read(mut envelope: Map<String, Value>) -> Result<PipelineDocument, Diagnostic> {
    let damaged = |what: &str, e: serde_json::Error| {
        Diagnostic::error(
            "document.damaged",
            format!("The {what} cannot be read: {e}."),
            "If the file was edited by hand, undo the last change; else ask for it again.",
        )
    };
    let body = envelope.remove("pipeline").unwrap_or(Value::Object(Map::new()));
    let body: Body = serde_json::from_value(body).map_err(|e| damaged("pipeline", e))?;
    let layout = envelope.remove("layout").unwrap_or(Value::Object(Map::new()));
    let layout: Layout = serde_json::from_value(layout).map_err(|e| damaged("layout", e))?;
    let mut document = PipelineDocument {
        title: body.title,
        nodes: body.nodes,
        layout,
        unknown: body.unknown,
        ..PipelineDocument::default()
    };
    for [from, out, to, into] in body.wires {
        let wire = Wire { from: PortRef::new(from, out), to: PortRef::new(to, into) };
        document.wires.insert(wire);
    }
    let nodes = &document.nodes;
    document.layout.places.retain(|id, _| nodes.contains_key(id));
    for group in document.layout.groups.values_mut() {
        group.nodes.retain(|id| nodes.contains_key(id));
    }
    document.layout.groups.retain(|_, group| !group.nodes.is_empty());
    Ok(document)
}

pub(super) fn write(document: &PipelineDocument, layout: bool, envelope: &mut Map<String, Value>) {
    let wire =
        |w: &Wire| [w.from.node.0.clone(), w.from.port.clone(), w.to.node.0.clone(), w.to.port.clone()];
    let body = Body {
        title: document.title.clone(),
        nodes: document.nodes.clone(),
        wires: document.wires.iter().map(wire).collect(),
        unknown: document.unknown.clone(),
    };
    // Maps of strings to plain values always serialise.
    envelope.insert("pipeline".to_owned(), serde_json::to_value(body).unwrap_or_default());
    if layout {
        envelope.insert("layout".to_owned(), serde_json::to_value(&document.layout).unwrap_or_default());
    }
}
