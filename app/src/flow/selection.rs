//! What is selected on the canvas.

use automl_core::document::{NodeId, PipelineDocument, Wire};
use std::collections::BTreeSet;

/// Something that can be selected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    Node(NodeId),
    Wire(Wire),
    /// By its name in the layout.
    Note(String),
    Group(String),
}

/// What is selected; the one chosen last comes first in forms and previews.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    items: BTreeSet<Item>,
    last: Option<Item>,
}

impl Selection {
    pub fn of(items: impl IntoIterator<Item = Item>) -> Self {
        let mut selection = Self::default();
        items.into_iter().for_each(|item| selection.add(item));
        selection
    }

    pub fn contains(&self, item: &Item) -> bool {
        self.items.contains(item)
    }

    pub fn items(&self) -> &BTreeSet<Item> {
        &self.items
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The nodes among what is selected.
    pub fn nodes(&self) -> BTreeSet<NodeId> {
        let node = |item: &Item| if let Item::Node(id) = item { Some(id.clone()) } else { None };
        self.items.iter().filter_map(node).collect()
    }

    /// The node that the inspector shows: the one chosen last.
    pub fn subject(&self) -> Option<&NodeId> {
        fn node(item: &Item) -> Option<&NodeId> {
            if let Item::Node(id) = item { Some(id) } else { None }
        }
        self.last.as_ref().and_then(node).or_else(|| self.items.iter().find_map(node))
    }

    pub fn add(&mut self, item: Item) {
        self.items.insert(item.clone());
        self.last = Some(item);
    }

    /// Takes it in or out.
    pub fn toggle(&mut self, item: Item) {
        if self.items.remove(&item) {
            self.last = self.items.first().cloned();
        } else {
            self.add(item);
        }
    }

    /// Without what is no longer in the document.
    pub fn retain_of(&mut self, document: &PipelineDocument) {
        let layout = document.layout();
        self.items.retain(|item| match item {
            Item::Node(id) => document.nodes().contains_key(id),
            Item::Wire(wire) => document.wires().contains(wire),
            Item::Note(name) => layout.notes.contains_key(name),
            Item::Group(name) => layout.groups.contains_key(name),
        });
        if self.last.as_ref().is_some_and(|last| !self.items.contains(last)) {
            self.last = self.items.first().cloned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_core::document::{Edit, Node};

    fn node(name: &str) -> Item {
        Item::Node(NodeId(name.to_owned()))
    }

    #[test]
    fn the_last_is_the_subject() {
        let mut selection = Selection::of([node("b"), node("a")]);
        assert_eq!(selection.subject(), Some(&NodeId("a".to_owned())));
        selection.toggle(node("a"));
        assert_eq!(selection.subject(), Some(&NodeId("b".to_owned())));
        selection.add(Item::Note("n".to_owned()));
        assert_eq!(selection.subject(), Some(&NodeId("b".to_owned())));
        assert_eq!(selection.nodes().len(), 1);
    }

    #[test]
    fn what_is_gone_is_not_selected() {
        let mut document = PipelineDocument::default();
        let add = Edit::AddNode { id: NodeId("a".to_owned()), node: Node::new("table.sort", 1), place: None };
        document.apply(add).expect("an empty document takes a node");
        let mut selection = Selection::of([node("a"), node("b")]);
        selection.retain_of(&document);
        assert_eq!(selection, Selection::of([node("a")]));
    }
}
