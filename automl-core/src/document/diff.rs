//! What differs between two documents, and the change that makes one the other.

use super::{Edit, Node, NodeId, PipelineDocument, Wire};
use std::collections::BTreeSet;

/// What differs between two documents, each part in the order of its ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference<'a> {
    pub added: Vec<(&'a NodeId, &'a Node)>,
    pub removed: Vec<(&'a NodeId, &'a Node)>,
    /// Nodes that both have and that are not the same: before and after. Their wires do not count.
    pub changed: Vec<(&'a NodeId, &'a Node, &'a Node)>,
    pub wires_added: Vec<&'a Wire>,
    pub wires_removed: Vec<&'a Wire>,
    pub is_retitled: bool,
    /// Nodes that both have stand elsewhere, or groups or notes differ.
    pub is_drawn_otherwise: bool,
}

impl<'a> Difference<'a> {
    fn between(before: &'a PipelineDocument, after: &'a PipelineDocument) -> Self {
        let (old, new) = (before.nodes(), after.nodes());
        let wires_only_in = |these: &'a BTreeSet<Wire>, others| these.difference(others).collect();
        let changed = |(id, node): (&'a NodeId, &'a Node)| {
            old.get(id).filter(|before| *before != node).map(|before| (id, before, node))
        };
        Self {
            added: new.iter().filter(|(id, _)| !old.contains_key(*id)).collect(),
            removed: old.iter().filter(|(id, _)| !new.contains_key(*id)).collect(),
            changed: new.iter().filter_map(changed).collect(),
            wires_added: wires_only_in(after.wires(), before.wires()),
            wires_removed: wires_only_in(before.wires(), after.wires()),
            is_retitled: before.title() != after.title(),
            is_drawn_otherwise: is_drawn_otherwise(before, after),
        }
    }

    /// Whether a node that both have is another one, or is fed by other wires.
    pub fn touches(&self, id: &NodeId) -> bool {
        self.changed.iter().any(|(changed, ..)| *changed == id)
            || self.wires_added.iter().chain(&self.wires_removed).any(|wire| wire.to.node == *id)
    }
}

fn is_drawn_otherwise(before: &PipelineDocument, after: &PipelineDocument) -> bool {
    let (old, new) = (before.layout(), after.layout());
    let is_moved = |id: &NodeId| before.nodes().contains_key(id) && old.places.get(id) != new.places.get(id);
    after.nodes().keys().any(is_moved) || old.groups != new.groups || old.notes != new.notes
}

impl PipelineDocument {
    /// What differs in `after`.
    pub fn difference<'a>(&'a self, after: &'a Self) -> Difference<'a> {
        Difference::between(self, after)
    }

    /// The change after which this document is what `to` is: one step, that can be taken back. Fields that this
    /// version does not know are carried over with their nodes.
    pub fn edit_to(&self, to: &Self) -> Edit {
        edit_to(self, to)
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

/// What [`PipelineDocument::edit_to`] gives.
fn edit_to(from: &PipelineDocument, to: &PipelineDocument) -> Edit {
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
