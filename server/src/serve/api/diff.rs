//! What differs between two versions of a pipeline, as data.

use super::super::access::Action;
use super::super::problem::Problem;
use super::super::state::State;
use super::{Json, Path, Route};
use automl_core::document::{Node, NodeId, PipelineDocument, PortRef, Wire};
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "GET",
            "/api/v1/projects/{project}/versions/{number}/diff/{other}",
            Action::SeeProject,
            "Tells what changed from one version of the pipeline to another: nodes, parameters and wires",
            get(diff),
        )
        .gives::<Difference>(),
    ]
}

async fn diff(
    shared: State,
    Path((project, number, other)): Path<(String, i64, i64)>,
) -> Result<Json<Difference>, Problem> {
    let (before, after) =
        (shared.store.version(&project, number).await?, shared.store.version(&project, other).await?);
    let [before, after] = [&before, &after].map(|v| PipelineDocument::from_json(v.document.as_bytes()));
    Ok(Json(between((number, &before?), (other, &after?))))
}

/// What changed from one pipeline to another.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Difference {
    from: i64,
    to: i64,
    /// The title of the pipeline, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Changed>,
    nodes_added: Vec<Named>,
    nodes_removed: Vec<Named>,
    nodes_changed: Vec<NodeChanged>,
    wires_added: Vec<Joined>,
    wires_removed: Vec<Joined>,
    /// Places of nodes that both have, groups or notes differ.
    layout_changed: bool,
}

/// A node that only one of the two has.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Named {
    node: String,
    kind: String,
    title: String,
    params: Map<String, Value>,
}

/// A node that both have and that is not the same.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct NodeChanged {
    node: String,
    /// Its kind in the second.
    kind: String,
    /// Its kind, version, title, and whether it is bypassed.
    fields: Vec<Changed>,
    params: Vec<Changed>,
}

/// A value before and after; one that was not set is absent.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Changed {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

/// A wire from an output to an input.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Joined {
    from: End,
    to: End,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct End {
    node: String,
    port: String,
}

impl From<&PortRef> for End {
    fn from(port: &PortRef) -> Self {
        Self { node: port.node.0.clone(), port: port.port.clone() }
    }
}

fn between((from, before): (i64, &PipelineDocument), (to, after): (i64, &PipelineDocument)) -> Difference {
    let difference = before.difference(after);
    let changed_node = |(id, old, new): &(&NodeId, &Node, &Node)| {
        let (fields, params) = changes(old, new);
        NodeChanged { node: id.0.clone(), kind: new.kind.clone(), fields, params }
    };
    Difference {
        from,
        to,
        title: changed("title", Some(&before.title().into()), Some(&after.title().into())),
        nodes_added: difference.added.iter().map(named).collect(),
        nodes_removed: difference.removed.iter().map(named).collect(),
        nodes_changed: difference.changed.iter().map(changed_node).collect(),
        wires_added: difference.wires_added.iter().map(joined).collect(),
        wires_removed: difference.wires_removed.iter().map(joined).collect(),
        layout_changed: difference.is_drawn_otherwise,
    }
}

fn named((id, node): &(&NodeId, &Node)) -> Named {
    Named {
        node: id.0.clone(),
        kind: node.kind.clone(),
        title: node.title.clone(),
        params: node.params.clone(),
    }
}

fn joined(wire: &&Wire) -> Joined {
    Joined { from: (&wire.from).into(), to: (&wire.to).into() }
}

/// Fields and parameters that differ.
fn changes(before: &Node, after: &Node) -> (Vec<Changed>, Vec<Changed>) {
    let fields = |node: &Node| {
        let mut all = node.unknown.clone();
        all.insert("kind".to_owned(), json!(node.kind));
        all.insert("version".to_owned(), json!(node.version));
        all.insert("title".to_owned(), json!(node.title));
        all.insert("bypassed".to_owned(), json!(node.bypassed));
        all
    };
    (changed_in(&fields(before), &fields(after)), changed_in(&before.params, &after.params))
}

fn changed_in(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Changed> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter_map(|name| changed(name, before.get(name), after.get(name))).collect()
}

fn changed(name: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Changed> {
    (before != after).then(|| Changed {
        name: name.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(pipeline: Value) -> PipelineDocument {
        let text = json!({ "format": "trellis.pipeline", "version": 1, "pipeline": pipeline }).to_string();
        PipelineDocument::from_json(text.as_bytes()).unwrap_or_else(|d| panic!("{d:?}"))
    }

    #[test]
    fn what_came_went_and_changed_is_told() {
        let before = document(json!({
            "title": "a",
            "nodes": {
                "file": { "kind": "source.file", "version": 1, "params": { "name": "a.csv" } },
                "split": { "kind": "table.split", "version": 1, "params": { "share": 0.2, "seed": 1 } },
                "gone": { "kind": "table.sort", "version": 1 },
            },
            "wires": [["file", "table", "split", "table"], ["split", "train", "gone", "table"]],
        }));
        let after = document(json!({
            "title": "a",
            "nodes": {
                "file": { "kind": "source.file", "version": 1, "params": { "name": "a.csv" } },
                "split": { "kind": "table.split", "version": 1, "params": { "share": 0.3, "by": null }, "bypassed": true },
                "new": { "kind": "table.filter", "version": 1, "params": { "keep": "x > 1" } },
            },
            "wires": [["file", "table", "split", "table"], ["split", "train", "new", "table"]],
        }));
        let told = serde_json::to_value(between((1, &before), (2, &after))).unwrap_or_default();
        let joined = |from: &str, to: &str| json!({ "from": { "node": from, "port": "train" }, "to": { "node": to, "port": "table" } });
        let expected = json!({
            "from": 1, "to": 2,
            "nodes_added": [{ "node": "new", "kind": "table.filter", "title": "", "params": { "keep": "x > 1" } }],
            "nodes_removed": [{ "node": "gone", "kind": "table.sort", "title": "", "params": {} }],
            "nodes_changed": [{
                "node": "split", "kind": "table.split",
                "fields": [{ "name": "bypassed", "before": false, "after": true }],
                "params": [
                    { "name": "by", "after": null }, { "name": "seed", "before": 1 },
                    { "name": "share", "before": 0.2, "after": 0.3 },
                ],
            }],
            "wires_added": [joined("split", "new")],
            "wires_removed": [joined("split", "gone")],
            "layout_changed": false,
        });
        assert_eq!(told, expected);
        let same = between((1, &before), (1, &before));
        assert!(same.nodes_changed.is_empty() && same.wires_added.is_empty() && same.title.is_none());
    }
}
