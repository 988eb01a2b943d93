//! What differs between two documents, in names of nodes; and the change that makes one the other.

use super::words::name_of;
use automl_core::document::{Edit, Node, NodeId, PipelineDocument, Wire};
use automl_core::kind::KindSpec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was done to a document, by the names of its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// Other settings, another name, or other wires that come in.
    pub changed: Vec<String>,
    pub is_retitled: bool,
    /// Nodes that are in both stand elsewhere, or frames or notes differ.
    pub is_drawn_otherwise: bool,
}

fn into<'a>(document: &'a PipelineDocument, id: &'a NodeId) -> impl Iterator<Item = &'a Wire> {
    document.wires().iter().filter(move |wire| wire.to.node == *id)
}

fn is_drawn_otherwise(before: &PipelineDocument, after: &PipelineDocument) -> bool {
    let (old, new) = (before.layout(), after.layout());
    let is_moved = |id: &NodeId| before.nodes().contains_key(id) && old.places.get(id) != new.places.get(id);
    after.nodes().keys().any(is_moved) || old.groups != new.groups || old.notes != new.notes
}

impl Differences {
    /// Of `after`, to somebody who knows `before`.
    pub fn between(
        before: &PipelineDocument,
        after: &PipelineDocument,
        kinds: &BTreeMap<String, Arc<KindSpec>>,
    ) -> Self {
        let names = |of: &PipelineDocument, is_told: &dyn Fn(&NodeId) -> bool| {
            of.nodes().keys().filter(|id| is_told(id)).map(|id| name_of(of, kinds, id)).collect()
        };
        let is_changed = |id: &NodeId| {
            let (old, new) = (before.nodes().get(id), after.nodes().get(id));
            old.is_some() && (old != new || !into(before, id).eq(into(after, id)))
        };
        Self {
            added: names(after, &|id| !before.nodes().contains_key(id)),
            removed: names(before, &|id| !after.nodes().contains_key(id)),
            changed: names(after, &is_changed),
            is_retitled: before.title() != after.title(),
            is_drawn_otherwise: is_drawn_otherwise(before, after),
        }
    }

    /// In a few words: `added A; removed B, C; changed D; another title`.
    pub fn words(&self) -> String {
        let part = |word: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{word} {}", names.join(", ")))
        };
        let drawn = [(self.is_retitled, "another title"), (self.is_drawn_otherwise, "drawn otherwise")];
        let drawn = drawn.into_iter().filter(|d| d.0).map(|d| d.1.to_owned());
        let parts =
            [part("added", &self.added), part("removed", &self.removed), part("changed", &self.changed)];
        let words: Vec<String> = parts.into_iter().flatten().chain(drawn).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join("; ") }
    }
}

/// Sets what differs in one node of the same kind.
fn node_edits(id: &NodeId, from: &Node, to: &Node, edits: &mut Vec<Edit>) {
    if from.title != to.title {
        edits.push(Edit::RenameNode { id: id.clone(), title: to.title.clone() });
    }
    if from.bypassed != to.bypassed {
        edits.push(Edit::Bypass { id: id.clone(), bypassed: to.bypassed });
    }
    let gone = from.params.keys().filter(|name| !to.params.contains_key(*name)).map(|name| (name, None));
    let set = to.params.iter().filter(|(name, value)| from.params.get(*name) != Some(value));
    for (name, value) in gone.chain(set.map(|(name, value)| (name, Some(value.clone())))) {
        edits.push(Edit::SetParam { id: id.clone(), name: name.clone(), value });
    }
}

/// The change after which `from` is what `to` is: one step, that can be taken back.
pub fn edit_to(from: &PipelineDocument, to: &PipelineDocument) -> Edit {
    let mut edits = Vec::new();
    let is_same = |id: &NodeId| match (from.nodes().get(id), to.nodes().get(id)) {
        (Some(a), Some(b)) => a.kind == b.kind && a.version == b.version && a.unknown == b.unknown,
        _ => false,
    };
    let stays = |wire: &Wire| is_same(&wire.from.node) && is_same(&wire.to.node);
    if from.title() != to.title() {
        edits.push(Edit::Title { title: to.title().to_owned() });
    }
    // Wires and frames first, so that none is left at a node that goes or comes.
    let no_longer = from.wires().iter().filter(|wire| !(stays(wire) && to.wires().contains(wire)));
    edits.extend(no_longer.map(|wire| Edit::Disconnect { wire: wire.clone() }));
    let (old, new) = (from.layout(), to.layout());
    let groups = old.groups.iter().filter(|(name, group)| new.groups.get(*name) != Some(group));
    edits.extend(groups.map(|(name, _)| Edit::Group { name: name.clone(), group: None }));
    let has_left = from.nodes().keys().filter(|id| !is_same(id));
    edits.extend(has_left.map(|id| Edit::RemoveNode { id: id.clone() }));
    for (id, node) in to.nodes() {
        let place = new.places.get(id).copied();
        match from.nodes().get(id).filter(|_| is_same(id)) {
            None => edits.push(Edit::AddNode { id: id.clone(), node: node.clone(), place }),
            Some(before) => {
                node_edits(id, before, node, &mut edits);
                if old.places.get(id).copied() != place {
                    edits.push(Edit::Move { id: id.clone(), place });
                }
            }
        }
    }
    let fresh = to.wires().iter().filter(|wire| !(stays(wire) && from.wires().contains(wire)));
    edits.extend(fresh.map(|wire| Edit::Connect { wire: wire.clone() }));
    // A frame may have lost a node that goes and comes again.
    let is_kept = |name: &String| old.groups.get(name) == new.groups.get(name);
    let groups = new.groups.iter().filter(|(name, g)| !is_kept(name) || !g.nodes.iter().all(is_same));
    edits.extend(groups.map(|(name, group)| Edit::Group { name: name.clone(), group: Some(group.clone()) }));
    let names = old.notes.keys().chain(new.notes.keys().filter(|name| !old.notes.contains_key(*name)));
    let notes = names.filter(|name| old.notes.get(*name) != new.notes.get(*name));
    edits.extend(notes.map(|name| Edit::Note { name: name.clone(), note: new.notes.get(name).cloned() }));
    Edit::All { edits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::templates::ALL;
    use automl_core::document::{Group, Place, PortRef, Sticky};
    use serde_json::json;
    use std::collections::BTreeSet;

    fn id(name: &str) -> NodeId {
        NodeId(name.to_owned())
    }

    fn made(edits: Vec<Edit>) -> PipelineDocument {
        let mut document = PipelineDocument::default();
        document.apply(Edit::All { edits }).expect("edits that can be made");
        document
    }

    fn add(name: &str, kind: &str) -> Edit {
        Edit::AddNode { id: id(name), node: Node::new(kind, 1), place: Some(Place { x: 1.0, y: 2.0 }) }
    }

    fn wire(from: &str, to: &str) -> Edit {
        Edit::Connect { wire: Wire { from: PortRef::new(from, "table"), to: PortRef::new(to, "table") } }
    }

    fn set(name: &str, value: i64) -> Edit {
        Edit::SetParam { id: id(name), name: "n".to_owned(), value: Some(json!(value)) }
    }

    fn base() -> Vec<Edit> {
        let group = Group { title: "G".to_owned(), nodes: BTreeSet::from([id("a"), id("b")]) };
        let place = Place { x: 0.0, y: 0.0 };
        let note = Sticky { text: "why".to_owned(), place, width: 100.0, height: 80.0 };
        vec![
            add("a", "source.file"),
            add("b", "table.sort"),
            add("c", "table.sort"),
            wire("a", "b"),
            wire("b", "c"),
            set("b", 1),
            Edit::Group { name: "g".to_owned(), group: Some(group) },
            Edit::Note { name: "n".to_owned(), note: Some(note) },
        ]
    }

    #[test]
    fn what_was_done_is_told_by_names() {
        let check = |more: Vec<Edit>, expected: &str| {
            let after = made(base().into_iter().chain(more).collect());
            let told = Differences::between(&made(base()), &after, &BTreeMap::new()).words();
            assert_eq!(told, expected);
        };
        let moved = |x: f64| Edit::Move { id: id("a"), place: Some(Place { x, y: 0.0 }) };
        let renamed = Edit::RenameNode { id: id("c"), title: "Last".to_owned() };
        let cut = Edit::Disconnect {
            wire: Wire { from: PortRef::new("b", "table"), to: PortRef::new("c", "table") },
        };
        check(vec![], "nothing");
        check(vec![set("b", 2)], "changed table.sort");
        check(vec![renamed], "changed Last");
        check(vec![cut], "changed table.sort");
        check(vec![moved(9.0)], "drawn otherwise");
        check(vec![Edit::Title { title: "T".to_owned() }], "another title");
        check(vec![Edit::RemoveNode { id: id("c") }], "removed table.sort");
        let more = vec![add("d", "table.head"), Edit::Move { id: id("d"), place: None }, set("b", 3)];
        check(more, "added table.head; changed table.sort");
    }

    #[test]
    fn a_document_becomes_another_by_one_step_and_back() {
        let mut kind = base();
        kind.splice(1..2, [add("b", "table.head")]);
        let others = [
            base(),
            kind,
            base().into_iter().chain([Edit::RemoveNode { id: id("b") }]).collect(),
            base().into_iter().chain([Edit::Title { title: "T".to_owned() }, set("b", 2)]).collect(),
            base().into_iter().chain([Edit::Note { name: "n".to_owned(), note: None }]).collect(),
            base().into_iter().chain([Edit::Bypass { id: id("c"), bypassed: true }]).collect(),
            vec![],
        ];
        let mut all: Vec<PipelineDocument> = others.into_iter().map(made).collect();
        all.extend(ALL.iter().take(3).map(|t| t.document()));
        for (i, from) in all.iter().enumerate() {
            for (j, to) in all.iter().enumerate() {
                let mut document = from.clone();
                let inverse =
                    document.apply(edit_to(from, to)).unwrap_or_else(|d| panic!("{i} to {j}: {d:?}"));
                assert_eq!(document.canonical(), to.canonical(), "{i} to {j}");
                document.apply(inverse).expect("its inverse");
                assert_eq!(document.canonical(), from.canonical(), "{i} to {j} and back");
            }
        }
    }
}
