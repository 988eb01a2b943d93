//! Parts of a pipeline as text, for the clipboard. What is pasted comes from anywhere and is checked as files are.

use super::geometry::{Rect, moved};
use super::scene::{NODE_WIDTH, Scene};
use super::selection::{Item, Selection};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, Group, NodeId, PipelineDocument, Place, PortRef, Wire};
use automl_core::engine::flow::rename_order;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What marks a text as part of a pipeline, and its version.
const MARKER: &str = "trellis_fragment";
const VERSION: u64 = 1;
/// Texts that are longer are no fragments.
const MOST_BYTES: usize = 4 << 20;

/// The selected nodes with the wires among them, the groups whose nodes all are selected, and the selected notes. All
/// with their places. `None` where nothing of that is selected.
pub fn part(document: &PipelineDocument, scene: &Scene, selection: &Selection) -> Option<PipelineDocument> {
    let mut ids = selection.nodes();
    let (mut notes, mut groups) = (BTreeSet::<&String>::new(), BTreeSet::<&String>::new());
    for item in selection.items() {
        match item {
            Item::Note(name) => notes.extend([name]),
            Item::Group(name) => groups.extend([name]),
            Item::Node(_) | Item::Wire(_) => {}
        }
    }
    let layout = document.layout();
    ids.extend(groups.iter().filter_map(|g| layout.groups.get(*g)).flat_map(|g| g.nodes.iter().cloned()));
    let mut edits = Vec::new();
    for id in &ids {
        let (Some(node), Some(shape)) = (document.nodes().get(id), scene.nodes.get(id)) else { continue };
        edits.push(Edit::AddNode { id: id.clone(), node: node.clone(), place: Some(shape.place) });
    }
    let is_inner = |w: &&Wire| ids.contains(&w.from.node) && ids.contains(&w.to.node);
    edits.extend(document.wires().iter().filter(is_inner).map(|w| Edit::Connect { wire: w.clone() }));
    for (name, group) in layout.groups.iter().filter(|(_, g)| g.nodes.is_subset(&ids)) {
        edits.push(Edit::Group { name: name.clone(), group: Some(group.clone()) });
    }
    for (name, note) in layout.notes.iter().filter(|(name, _)| notes.contains(name)) {
        edits.push(Edit::Note { name: name.clone(), note: Some(note.clone()) });
    }
    if edits.is_empty() {
        return None;
    }
    let mut part = PipelineDocument::default();
    // A part of a sound document is sound.
    part.apply(Edit::All { edits }).ok()?;
    Some(part)
}

/// The text of a part.
pub fn to_text(part: &PipelineDocument) -> String {
    // What was written just now can be read.
    let document: Value = serde_json::from_slice(&part.canonical()).unwrap_or_default();
    json!({ MARKER: VERSION, "pipeline": document }).to_string()
}

/// A part out of a text; `None` where the text is no part of a pipeline. Whole pipelines are taken too.
///
/// # Errors
/// Why a text that says that it is one cannot be read.
pub fn from_text(text: &str) -> Option<Result<PipelineDocument, Diagnostic>> {
    let text = text.trim();
    if !text.starts_with('{') || text.len() > MOST_BYTES {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    match value.get(MARKER) {
        Some(version) if version.as_u64() == Some(VERSION) => {
            let document = value.get("pipeline").unwrap_or(&Value::Null);
            Some(PipelineDocument::from_json(document.to_string().as_bytes()))
        }
        Some(_) => Some(Err(Diagnostic::error(
            "clipboard.newer",
            "What was copied comes from another version of Trellis.",
            "Copy it again from this version, or open the pipeline as a file.",
        ))),
        None if value.get("format").is_some() => Some(PipelineDocument::from_json(text.as_bytes())),
        None => None,
    }
}

/// The smallest rectangle around a part, as far as it says where it is.
fn bounds(part: &PipelineDocument) -> Option<Rect> {
    let layout = part.layout();
    let nodes = layout.places.values().map(|p| Rect::new(*p, NODE_WIDTH, 80.0));
    Rect::around_all(nodes.chain(layout.notes.values().map(|n| Rect::new(n.place, n.width, n.height))))
}

/// The shift that brings the middle of a part to `at`, in whole steps of the grid.
pub fn shift_to(part: &PipelineDocument, at: Place) -> Place {
    let centre = bounds(part).map_or(at, Rect::centre);
    super::geometry::on_grid(Place { x: at.x - centre.x, y: at.y - centre.y })
}

/// A name beginning with `stem` that is not taken.
pub fn free_name(stem: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut n = 1;
    loop {
        let name = format!("{stem}-{n}");
        if !is_taken(&name) {
            return name;
        }
        n += 1;
    }
}

/// Edits that add a part under new names, moved `by`; and what they add.
pub fn paste(document: &PipelineDocument, part: &PipelineDocument, by: Place) -> (Vec<Edit>, Vec<Item>) {
    let (mut edits, mut items, mut ids) = (Vec::new(), Vec::new(), BTreeMap::<&NodeId, NodeId>::new());
    let mut taken: BTreeSet<String> = document.nodes().keys().map(|id| id.0.clone()).collect();
    for (old, node) in part.nodes() {
        let stem = document.free_id(&node.kind).0;
        let stem = stem.rsplit_once('-').map_or(stem.as_str(), |(stem, _)| stem).to_owned();
        let id = NodeId(free_name(&stem, |name| taken.contains(name)));
        taken.insert(id.0.clone());
        ids.insert(old, id);
    }
    for (old, id) in &ids {
        let mut node = part.nodes()[*old].clone();
        rename_order(&mut node, &ids);
        let place = part.layout().places.get(*old).map(|p| moved(*p, by));
        edits.push(Edit::AddNode { id: id.clone(), node, place });
        items.push(Item::Node(id.clone()));
    }
    let end = |port: &PortRef| Some(PortRef { node: ids.get(&port.node)?.clone(), port: port.port.clone() });
    for wire in part.wires() {
        if let (Some(from), Some(to)) = (end(&wire.from), end(&wire.to)) {
            edits.push(Edit::Connect { wire: Wire { from, to } });
        }
    }
    let layout = document.layout();
    let mut names: BTreeSet<String> = layout.groups.keys().chain(layout.notes.keys()).cloned().collect();
    let mut name = |stem: &str| {
        let name = free_name(stem, |name| names.contains(name));
        names.insert(name.clone());
        name
    };
    for group in part.layout().groups.values() {
        let nodes = group.nodes.iter().filter_map(|id| ids.get(id).cloned()).collect();
        let group = Group { title: group.title.clone(), nodes };
        edits.push(Edit::Group { name: name("group"), group: Some(group) });
    }
    for note in part.layout().notes.values() {
        let (name, mut note) = (name("note"), note.clone());
        note.place = moved(note.place, by);
        items.push(Item::Note(name.clone()));
        edits.push(Edit::Note { name, note: Some(note) });
    }
    (edits, items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{apply, churn, id, kinds, wire};
    use automl_core::document::Node;
    use automl_core::kind::ORDER;
    use automl_core::numeric::Rng;

    fn everything(document: &PipelineDocument) -> Selection {
        let nodes = document.nodes().keys().map(|id| Item::Node(id.clone()));
        Selection::of(nodes.chain(document.layout().notes.keys().map(|n| Item::Note(n.clone()))))
    }

    fn cut(document: &PipelineDocument, selection: &Selection) -> PipelineDocument {
        part(document, &Scene::of(document, &kinds()), selection).expect("something is selected")
    }

    #[test]
    fn what_is_copied_is_pasted_under_new_names_with_its_inner_wires() {
        let mut document = churn();
        let copied = to_text(&cut(&document, &everything(&document)));
        let part = from_text(&copied).expect("a fragment").expect("a sound one");
        let (edits, items) = paste(&document, &part, Place { x: 24.0, y: 24.0 });
        apply(&mut document, Edit::All { edits });
        assert_eq!((document.nodes().len(), document.wires().len(), items.len()), (12, 12, 7));
        assert_eq!((document.layout().groups.len(), document.layout().notes.len()), (2, 2));
        let places = &document.layout().places;
        assert_eq!(places[&id("filter-2")], moved(places[&id("filter-1")], Place { x: 24.0, y: 24.0 }));
        assert_eq!(document.nodes()[&id("filter-2")].params["where"], json!("age > 30"));
        // And into an empty one, from another tab.
        let (edits, _) = paste(&PipelineDocument::default(), &part, Place::default());
        let mut other = PipelineDocument::default();
        apply(&mut other, Edit::All { edits });
        assert_eq!((other.nodes().len(), other.wires().len()), (6, 6));
    }

    #[test]
    fn the_order_of_a_union_is_pasted() {
        let mut document = PipelineDocument::default();
        let mut union = Node::new("table.union", 1);
        union.params.insert(ORDER.to_owned(), json!(["paste-2.table", "paste-3.table", "paste-1.table"]));
        let add = |name: &str, node: Node| Edit::AddNode { id: id(name), node, place: None };
        apply(&mut document, add("union-1", union));
        for name in ["paste-1", "paste-2", "paste-3"] {
            apply(&mut document, add(name, Node::new("source.paste", 1)));
            apply(&mut document, Edit::Connect { wire: wire((name, "table"), ("union-1", "tables")) });
        }
        let check = |document: &mut PipelineDocument, some: &[&str], expected: Value| {
            let selection = Selection::of(some.iter().map(|name| Item::Node(id(name))));
            let (edits, _) = paste(document, &cut(document, &selection), Place::default());
            apply(document, Edit::All { edits });
            let (_, pasted) =
                document.nodes().iter().rfind(|(_, n)| n.kind == "table.union").expect("a union");
            assert_eq!(pasted.params.get(ORDER).unwrap_or(&Value::Null), &expected);
        };
        let all = ["paste-1", "paste-2", "paste-3", "union-1"];
        check(&mut document, &all, json!(["paste-5.table", "paste-6.table", "paste-4.table"]));
        check(&mut document, &["paste-1", "paste-2", "union-1"], json!(["paste-8.table", "paste-7.table"]));
        check(&mut document, &["union-1"], Value::Null);
    }

    #[test]
    fn wires_to_what_is_left_behind_are_left_too() {
        let document = churn();
        let some = Selection::of([Item::Node(id("join-1")), Item::Node(id("search-1"))]);
        let part = cut(&document, &some);
        assert_eq!((part.nodes().len(), part.wires().len(), part.layout().groups.len()), (2, 1, 0));
        assert_eq!(shift_to(&part, Place { x: 944.0, y: 120.0 }), Place { x: 0.0, y: 0.0 });
        let group = Selection::of([Item::Group("group-1".to_owned())]);
        assert_eq!(cut(&document, &group).nodes().len(), 2);
        assert_eq!(super::part(&document, &Scene::of(&document, &kinds()), &Selection::default()), None);
    }

    #[test]
    fn other_texts_are_let_be() {
        assert!(
            from_text("age,churn").is_none() && from_text("{}").is_none() && from_text("{\"a\":").is_none()
        );
        let whole = String::from_utf8(churn().canonical()).expect("text");
        assert_eq!(from_text(&whole).expect("a pipeline").expect("a sound one"), churn());
        let newer = from_text("{\"trellis_fragment\":2}").expect("a fragment");
        assert_eq!(newer.expect_err("of another version").code, "clipboard.newer");
        assert!(from_text("{\"trellis_fragment\":1}").expect("a fragment").is_err());
    }

    #[test]
    fn ten_thousand_mutated_fragments_are_pasted_or_refused() {
        let document = churn();
        let text = to_text(&cut(&document, &everything(&document)));
        let mut rng = Rng::new(5);
        let mut pasted = 0;
        for _ in 0..10_000 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=rng.below(4) {
                let at = rng.below(bytes.len());
                match rng.below(4) {
                    0 => bytes[at] = rng.below(256) as u8,
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"{}[]\",:0-9e.\\u"[rng.below(14)]),
                    _ => {
                        let from = rng.below(bytes.len());
                        let piece = bytes[from..(from + rng.below(40)).min(bytes.len())].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
            }
            let Some(Ok(part)) = from_text(&String::from_utf8_lossy(&bytes)) else { continue };
            let (edits, _) = paste(&document, &part, shift_to(&part, Place { x: 100.0, y: 100.0 }));
            let mut target = document.clone();
            // Too far out after the shift is refused, and then nothing has changed.
            match target.apply(Edit::All { edits }) {
                Ok(_) => pasted += 1,
                Err(_) => assert_eq!(target, document),
            }
            assert_eq!(Scene::of(&target, &kinds()).nodes.len(), target.nodes().len());
        }
        assert!(pasted > 500, "{pasted} of the mutated were pasted: the others test little");
    }
}
