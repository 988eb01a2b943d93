//! Changes of a document, each with its inverse.

use super::{
    Group, Node, NodeId, PipelineDocument, Place, Sticky, Wire, at, check_node, check_note, check_places,
    check_text,
};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change. What takes several is one [`Edit::All`], so that it is undone as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    Title {
        title: String,
    },
    AddNode {
        id: NodeId,
        node: Node,
        place: Option<Place>,
    },
    /// Removes a node with its wires and its place.
    RemoveNode {
        id: NodeId,
    },
    /// Another title of a node.
    RenameNode {
        id: NodeId,
        title: String,
    },
    Bypass {
        id: NodeId,
        bypassed: bool,
    },
    /// Sets a parameter, or takes it away so that its default counts.
    SetParam {
        id: NodeId,
        name: String,
        value: Option<Value>,
    },
    Connect {
        wire: Wire,
    },
    Disconnect {
        wire: Wire,
    },
    /// Draws a node elsewhere; `None`: wherever there is room.
    Move {
        id: NodeId,
        place: Option<Place>,
    },
    /// Sets a group, or takes it away.
    Group {
        name: String,
        group: Option<Group>,
    },
    /// Sets a note, or takes it away.
    Note {
        name: String,
        note: Option<Sticky>,
    },
    /// All of these in order, or none.
    All {
        edits: Vec<Edit>,
    },
}

/// What an edit may have made unsound.
enum Touched {
    Nothing,
    Title,
    NewNode(NodeId),
    Node(NodeId),
    Wire(Wire),
    Place(NodeId),
    Group(String),
    Note(String),
}

impl Touched {
    fn of(edit: &Edit) -> Self {
        match edit {
            Edit::Title { .. } => Self::Title,
            Edit::AddNode { id, .. } => Self::NewNode(id.clone()),
            Edit::RenameNode { id, .. } | Edit::SetParam { id, value: Some(_), .. } => Self::Node(id.clone()),
            Edit::Connect { wire } => Self::Wire(wire.clone()),
            Edit::Move { id, .. } => Self::Place(id.clone()),
            Edit::Group { name, .. } => Self::Group(name.clone()),
            Edit::Note { name, .. } => Self::Note(name.clone()),
            // What takes away breaks nothing: a node goes with its wires and out of its groups.
            Edit::RemoveNode { .. }
            | Edit::Bypass { .. }
            | Edit::SetParam { value: None, .. }
            | Edit::Disconnect { .. }
            | Edit::All { .. } => Self::Nothing,
        }
    }
}

impl PipelineDocument {
    /// Makes a change and gives its inverse: applied next, it brings back the same document. Where the change cannot be
    /// made the document stays as it was.
    ///
    /// # Errors
    /// Why the change cannot be made.
    pub fn apply(&mut self, edit: Edit) -> Result<Edit, Diagnostic> {
        match edit {
            Edit::All { edits } => self.apply_all(edits),
            edit => {
                let touched = Touched::of(&edit);
                let inverse = self.apply_one(edit)?;
                match self.check_touched(&touched) {
                    Ok(()) => Ok(inverse),
                    Err(diagnostic) => {
                        // The inverse of what was just done can always be done.
                        drop(self.apply_one(inverse));
                        Err(diagnostic)
                    }
                }
            }
        }
    }

    fn apply_all(&mut self, edits: Vec<Edit>) -> Result<Edit, Diagnostic> {
        let mut inverses = Vec::with_capacity(edits.len());
        for edit in edits {
            match self.apply(edit) {
                Ok(inverse) => inverses.push(inverse),
                Err(diagnostic) => {
                    inverses.into_iter().rev().for_each(|inverse| drop(self.apply(inverse)));
                    return Err(diagnostic);
                }
            }
        }
        inverses.reverse();
        Ok(Edit::All { edits: inverses })
    }

    /// Whether what was touched is sound. The rest was so before: a thousand edits do not check a document a thousand
    /// times. Finds the same as [`Self::check`] of the whole.
    fn check_touched(&self, touched: &Touched) -> Result<(), Diagnostic> {
        let place_of = |id: &NodeId| self.layout.places.get(id).map_or(Ok(()), |p| check_places(&[p.x, p.y]));
        match touched {
            Touched::Nothing => Ok(()),
            Touched::Title => check_text("The title", &self.title),
            Touched::NewNode(id) => {
                self.check_size()?;
                self.nodes.get(id).map_or(Ok(()), |node| check_node(id, node))?;
                place_of(id)
            }
            Touched::Node(id) => self.nodes.get(id).map_or(Ok(()), |node| check_node(id, node)),
            Touched::Wire(wire) => {
                self.check_size()?;
                self.check_wire(wire)
            }
            Touched::Place(id) => place_of(id),
            Touched::Group(name) => {
                self.layout.groups.get(name).map_or(Ok(()), |group| self.check_group(name, group))
            }
            Touched::Note(name) => self.layout.notes.get(name).map_or(Ok(()), check_note),
        }
    }

    /// Makes a change, sound or not.
    pub(super) fn apply_one(&mut self, edit: Edit) -> Result<Edit, Diagnostic> {
        Ok(match edit {
            Edit::Title { title } => Edit::Title { title: std::mem::replace(&mut self.title, title) },
            Edit::AddNode { id, node, place } => self.add(id, node, place)?,
            Edit::RemoveNode { id } => self.remove(id)?,
            Edit::RenameNode { id, title } => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.title, title);
                Edit::RenameNode { id, title: before }
            }
            Edit::Bypass { id, bypassed } => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.bypassed, bypassed);
                Edit::Bypass { id, bypassed: before }
            }
            Edit::SetParam { id, name, value } => {
                let params = &mut self.node_mut(&id)?.params;
                let before = match value {
                    Some(value) => params.insert(name.clone(), value),
                    None => params.remove(&name),
                };
                Edit::SetParam { id, name, value: before }
            }
            Edit::Connect { wire } => {
                if !self.wires.insert(wire.clone()) {
                    return Err(Diagnostic::error(
                        "document.wire_twice",
                        format!("\"{}\" and \"{}\" are connected so already.", wire.from.node, wire.to.node),
                        "Nothing needs to be done.",
                    ));
                }
                Edit::Disconnect { wire }
            }
            Edit::Disconnect { wire } => {
                if !self.wires.remove(&wire) {
                    return Err(Diagnostic::error(
                        "document.no_wire",
                        format!("There is no such wire from \"{}\" to \"{}\".", wire.from.node, wire.to.node),
                        "It may have been removed already.",
                    ));
                }
                Edit::Connect { wire }
            }
            Edit::Move { id, place } => {
                self.node_mut(&id)?;
                Edit::Move { place: set(&mut self.layout.places, id.clone(), place), id }
            }
            Edit::Group { name, group } => {
                Edit::Group { group: set(&mut self.layout.groups, name.clone(), group), name }
            }
            Edit::Note { name, note } => {
                Edit::Note { note: set(&mut self.layout.notes, name.clone(), note), name }
            }
            Edit::All { edits } => self.apply_all(edits)?,
        })
    }

    fn node_mut(&mut self, id: &NodeId) -> Result<&mut Node, Diagnostic> {
        self.nodes.get_mut(id).ok_or_else(|| {
            let message = format!("\"{id}\" is no node of the pipeline.");
            at(id, Diagnostic::error("document.no_node", message, "It may have been removed already."))
        })
    }

    fn add(&mut self, id: NodeId, node: Node, place: Option<Place>) -> Result<Edit, Diagnostic> {
        if self.nodes.contains_key(&id) {
            let message = format!("There is a node \"{id}\" already.");
            return Err(at(&id, Diagnostic::error("document.node_twice", message, "Choose another id.")));
        }
        self.nodes.insert(id.clone(), node);
        if let Some(place) = place {
            self.layout.places.insert(id.clone(), place);
        }
        Ok(Edit::RemoveNode { id })
    }

    /// The inverse adds the node and then all that went with it.
    fn remove(&mut self, id: NodeId) -> Result<Edit, Diagnostic> {
        self.node_mut(&id)?;
        let wires: Vec<Wire> = self.wires_at(&id).cloned().collect();
        let mut inverse = Vec::new();
        if let Some(node) = self.nodes.remove(&id) {
            inverse.push(Edit::AddNode { id: id.clone(), node, place: self.layout.places.remove(&id) });
        }
        for wire in wires {
            self.wires.remove(&wire);
            inverse.push(Edit::Connect { wire });
        }
        for (name, group) in &mut self.layout.groups {
            if group.nodes.contains(&id) {
                inverse.push(Edit::Group { name: name.clone(), group: Some(group.clone()) });
                group.nodes.remove(&id);
            }
        }
        self.layout.groups.retain(|_, group| !group.nodes.is_empty());
        Ok(Edit::All { edits: inverse })
    }
}

/// Sets or takes away an entry and gives what was there.
fn set<K: Ord, V>(map: &mut std::collections::BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}
