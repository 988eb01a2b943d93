//! A few kinds and a document for tests.

use super::scene::Kinds;
use automl_core::document::{Edit, Group, Node, NodeId, PipelineDocument, Place, PortRef, Sticky, Wire};
use automl_core::kind::{FieldSpec, Group as KindGroup, KindSpec, PortSpec, PortType, Rows, Wanted};
use serde_json::json;
use std::sync::Arc;

pub fn id(name: &str) -> NodeId {
    NodeId(name.to_owned())
}

pub fn wire(from: (&str, &str), to: (&str, &str)) -> Wire {
    Wire { from: PortRef::new(from.0, from.1), to: PortRef::new(to.0, to.1) }
}

pub fn kinds() -> Kinds {
    let table = || PortSpec::table();
    let spec = |id: &str, title: &str, group, inputs, outputs, fields| KindSpec {
        inputs,
        outputs,
        fields,
        ..KindSpec::new(id, title, group, Rows::Together, "It does this.")
    };
    let filter =
        FieldSpec::expression("where", "Rows where", "Which rows stay.", Wanted::Condition).required();
    let name = FieldSpec::text("name", "File", "Its name.", "");
    let budget = FieldSpec::number("budget", "Time", "How long.", 30.0, (1.0, 1e5), (5.0, 600.0)).unit("s");
    let target = PortSpec::new("target", "Target", PortType::Target);
    let model = PortSpec::new("model", "Model", PortType::Model);
    let scores = PortSpec::new("scores", "Scores", PortType::Scores);
    let left = || {
        vec![PortSpec::new("left", "Left", PortType::Table), PortSpec::new("right", "Right", PortType::Table)]
    };
    [
        spec("source.file", "File", KindGroup::Source, vec![], vec![table()], vec![name]),
        spec("table.filter", "Filter rows", KindGroup::Rows, vec![table()], vec![table()], vec![filter]),
        spec("table.join", "Join", KindGroup::Combine, left(), vec![table()], vec![]),
        spec("model.target", "Question", KindGroup::Model, vec![table()], vec![target.clone()], vec![]),
        spec(
            "model.search",
            "Search models",
            KindGroup::Model,
            vec![table(), target],
            vec![model.clone(), scores.clone()],
            vec![budget],
        ),
        spec("model.compare", "Compare", KindGroup::Judge, vec![scores.many()], vec![], vec![]),
        spec("model.predict", "Predict", KindGroup::Judge, vec![model, table()], vec![table()], vec![]),
    ]
    .into_iter()
    .map(|spec| (spec.id.clone(), Arc::new(spec)))
    .collect()
}

/// Two files, one filtered, joined, and a search; a group and a note.
pub fn churn() -> PipelineDocument {
    let mut document = PipelineDocument::default();
    let mut filter = Node::new("table.filter", 1);
    filter.params.insert("where".to_owned(), json!("age > 30"));
    let mut file = Node::new("source.file", 1);
    file.params.insert("name".to_owned(), json!("churn.csv"));
    let nodes = [
        ("file-1", file.clone(), 0.0, 0.0),
        ("file-2", file, 0.0, 160.0),
        ("filter-1", filter, 280.0, 0.0),
        ("join-1", Node::new("table.join", 1), 560.0, 80.0),
        ("target-1", Node::new("model.target", 1), 840.0, 200.0),
        ("search-1", Node::new("model.search", 1), 1120.0, 80.0),
    ];
    for (name, node, x, y) in nodes {
        apply(&mut document, Edit::AddNode { id: id(name), node, place: Some(Place { x, y }) });
    }
    for (from, to) in [
        (("file-1", "table"), ("filter-1", "table")),
        (("filter-1", "table"), ("join-1", "left")),
        (("file-2", "table"), ("join-1", "right")),
        (("join-1", "table"), ("search-1", "table")),
        (("join-1", "table"), ("target-1", "table")),
        (("target-1", "target"), ("search-1", "target")),
    ] {
        apply(&mut document, Edit::Connect { wire: wire(from, to) });
    }
    let group = Group { title: "Read".to_owned(), nodes: [id("file-1"), id("file-2")].into() };
    apply(&mut document, Edit::Group { name: "group-1".to_owned(), group: Some(group) });
    let place = Place { x: 280.0, y: -200.0 };
    let note = Sticky { text: "Who will leave?".to_owned(), place, width: 200.0, height: 80.0 };
    apply(&mut document, Edit::Note { name: "note-1".to_owned(), note: Some(note) });
    document
}

pub fn apply(document: &mut PipelineDocument, edit: Edit) {
    document.apply(edit).expect("an edit that can be made");
}
