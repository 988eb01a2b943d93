//! What differs between two documents, in names of nodes.

use super::words::name_of;
use automl_core::document::{NodeId, PipelineDocument};
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

impl Differences {
    /// Of `after`, to somebody who knows `before`.
    pub fn between(
        before: &PipelineDocument,
        after: &PipelineDocument,
        kinds: &BTreeMap<String, Arc<KindSpec>>,
    ) -> Self {
        let difference = before.difference(after);
        let name = |of: &PipelineDocument, id: &NodeId| name_of(of, kinds, id);
        let stayed = after.nodes().keys().filter(|id| before.nodes().contains_key(*id));
        Self {
            added: difference.added.iter().map(|(id, _)| name(after, id)).collect(),
            removed: difference.removed.iter().map(|(id, _)| name(before, id)).collect(),
            changed: stayed.filter(|id| difference.touches(id)).map(|id| name(after, id)).collect(),
            is_retitled: difference.is_retitled,
            is_drawn_otherwise: difference.is_drawn_otherwise,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::templates::ALL;
    use automl_core::document::{Edit, Group, Node, Place, PortRef, Sticky, Wire};
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
                    document.apply(from.edit_to(to)).unwrap_or_else(|d| panic!("{i} to {j}: {d:?}"));
                assert_eq!(document.canonical(), to.canonical(), "{i} to {j}");
                document.apply(inverse).expect("its inverse");
                assert_eq!(document.canonical(), from.canonical(), "{i} to {j} and back");
            }
        }
    }
}
