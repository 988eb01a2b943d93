//! The pipeline document: what was drawn, and nothing else. No data, no results, no Rust names.
//!
//! A document changes only through [`Edit`]s, whose inverses undo them. [`canonical`](PipelineDocument::canonical)
//! bytes are the same for equal documents on every machine; the [`hash`](PipelineDocument::hash) is of the pipeline
//! without its layout, so that moving a node changes no result. What kinds of nodes there are, and whether a wire
//! fits, is not known here: unknown kinds and fields survive a round trip.

mod canonical;
mod diff;
mod edit;
mod format;
mod link;

#[cfg(test)]
mod tests;

pub use canonical::DocumentHash;
pub(crate) use canonical::canonical;
pub use diff::Difference;
pub use edit::Edit;
pub use link::{HINT_CHARS, MOST_CHARS};

use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Most nodes and wires of a document that is read: far more than a person draws, little enough to draw.
pub const MOST_NODES: usize = 2_000;
pub const MOST_WIRES: usize = 10_000;
/// Most characters of an id, of a kind, a port or a parameter's name.
const MOST_NAME: usize = 64;
/// Most characters of a title or a note.
const MOST_TEXT: usize = 10_000;
/// Farthest that a place on the canvas may be from its origin.
const FARTHEST: f64 = 1e6;

/// The id of a node: letters, digits, `-` and `_`, stable for the node's life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub String);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One node of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Stable name of what it does, for example `table.filter`.
    pub kind: String,
    /// Version of the kind's parameters.
    pub version: u32,
    #[serde(default)]
    pub params: Map<String, Value>,
    /// What the person calls it; empty where it bears its kind's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Lets what comes in through, untouched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bypassed: bool,
    /// Fields of a later version, kept as they came.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Node {
    pub fn new(kind: impl Into<String>, version: u32) -> Self {
        Self {
            kind: kind.into(),
            version,
            params: Map::new(),
            title: String::new(),
            bypassed: false,
            unknown: Map::new(),
        }
    }
}

/// A port of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRef {
    pub node: NodeId,
    pub port: String,
}

impl PortRef {
    pub fn new(node: impl Into<String>, port: impl Into<String>) -> Self {
        Self { node: NodeId(node.into()), port: port.into() }
    }
}

/// From an output to an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Wire {
    pub from: PortRef,
    pub to: PortRef,
}

/// A place on the canvas, in units of a pixel at 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    pub x: f64,
    pub y: f64,
}

/// A text on the canvas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sticky {
    pub text: String,
    pub place: Place,
    pub width: f64,
    pub height: f64,
}

/// Nodes that are drawn inside one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub title: String,
    pub nodes: BTreeSet<NodeId>,
}

/// How a pipeline is drawn; no part of what it does.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Layout {
    #[serde(default)]
    pub places: BTreeMap<NodeId, Place>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Group>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, Sticky>,
}

/// What a person draws.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PipelineDocument {
    pub(crate) title: String,
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) wires: BTreeSet<Wire>,
    pub(crate) layout: Layout,
    /// Fields of a later version of the same major form, kept as they came.
    pub(crate) unknown: Map<String, Value>,
}

impl PipelineDocument {
    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn nodes(&self) -> &BTreeMap<NodeId, Node> {
        &self.nodes
    }

    pub fn wires(&self) -> &BTreeSet<Wire> {
        &self.wires
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// An id that no node bears, beginning with the last word of `kind`.
    pub fn free_id(&self, kind: &str) -> NodeId {
        let stem: String =
            kind.rsplit('.').next().unwrap_or("node").chars().filter(|c| is_id_char(*c)).take(40).collect();
        let stem = if stem.is_empty() { "node".to_owned() } else { stem };
        // As many numbers as nodes cannot all be taken.
        (1..=self.nodes.len() + 1)
            .map(|n| NodeId(format!("{stem}-{n}")))
            .find(|id| !self.nodes.contains_key(id))
            .unwrap_or(NodeId(stem))
    }

    /// The wires at a node, coming in and going out.
    pub fn wires_at<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a Wire> {
        self.wires.iter().filter(move |w| w.from.node == *id || w.to.node == *id)
    }

    /// Everything that makes a document sound by itself, whatever its kinds are.
    fn check(&self) -> Result<(), Diagnostic> {
        self.check_size()?;
        check_text("The title", &self.title)?;
        for (id, node) in &self.nodes {
            check_node(id, node)?;
        }
        for wire in &self.wires {
            self.check_wire(wire)?;
        }
        self.check_layout()
    }

    fn check_size(&self) -> Result<(), Diagnostic> {
        if self.nodes.len() > MOST_NODES || self.wires.len() > MOST_WIRES {
            return Err(Diagnostic::error(
                "document.too_large",
                format!("The pipeline has {} nodes and {} wires.", self.nodes.len(), self.wires.len()),
                format!(
                    "At most {MOST_NODES} nodes and {MOST_WIRES} wires can be drawn. Split it into several pipelines."
                ),
            ));
        }
        Ok(())
    }

    fn check_wire(&self, wire: &Wire) -> Result<(), Diagnostic> {
        for end in [&wire.from, &wire.to] {
            check_name("The port", &end.port)?;
            if !self.nodes.contains_key(&end.node) {
                return Err(Diagnostic::error(
                    "document.wire_to_nothing",
                    format!("A wire leads to \"{}\", which is no node of the pipeline.", end.node),
                    "Remove the wire, or add the node.",
                ));
            }
        }
        if wire.from.node == wire.to.node {
            return Err(at(
                &wire.from.node,
                Diagnostic::error(
                    "document.wire_to_itself",
                    format!("A wire leads from \"{}\" to itself.", wire.from.node),
                    "Connect it to another node.",
                ),
            ));
        }
        Ok(())
    }

    fn check_layout(&self) -> Result<(), Diagnostic> {
        self.layout.places.values().try_for_each(|p| check_places(&[p.x, p.y]))?;
        self.layout.notes.values().try_for_each(check_note)?;
        self.layout.groups.iter().try_for_each(|(name, group)| self.check_group(name, group))
    }

    fn check_group(&self, name: &str, group: &Group) -> Result<(), Diagnostic> {
        check_name("The group", name)?;
        check_text("A group's title", &group.title)?;
        if group.nodes.is_empty() || group.nodes.iter().any(|id| !self.nodes.contains_key(id)) {
            return Err(Diagnostic::error(
                "document.group",
                format!("The group \"{}\" holds nothing, or what is no node of the pipeline.", group.title),
                "Remove the group, or add the node.",
            ));
        }
        Ok(())
    }
}

/// Whether lengths on the canvas are such that they can be drawn.
fn check_places(lengths: &[f64]) -> Result<(), Diagnostic> {
    if lengths.iter().all(|v| v.is_finite() && v.abs() <= FARTHEST) {
        return Ok(());
    }
    Err(Diagnostic::error(
        "document.place",
        format!("A node or a note is drawn farther out than {FARTHEST:.0}."),
        "Move it nearer, or leave its place out.",
    ))
}

fn check_note(note: &Sticky) -> Result<(), Diagnostic> {
    check_places(&[note.place.x, note.place.y, note.width, note.height])?;
    check_text("A note", &note.text)
}

/// The diagnostic with its node.
fn at(id: &NodeId, mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.node = Some(id.0.clone());
    diagnostic
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn check_node(id: &NodeId, node: &Node) -> Result<(), Diagnostic> {
    if id.0.is_empty() || id.0.len() > MOST_NAME || !id.0.chars().all(is_id_char) {
        return Err(Diagnostic::error(
            "document.node_id",
            format!("\"{}\" cannot be the id of a node.", shortened(&id.0)),
            format!("Use up to {MOST_NAME} letters, digits, - and _."),
        ));
    }
    let named = |result: Result<(), Diagnostic>| result.map_err(|d| at(id, d));
    named(check_name("The kind", &node.kind))?;
    named(check_text("The title", &node.title))?;
    node.params.keys().try_for_each(|name| named(check_name("The parameter", name)))
}

fn check_name(what: &str, name: &str) -> Result<(), Diagnostic> {
    if name.is_empty() || name.len() > MOST_NAME || name.chars().any(char::is_control) {
        return Err(Diagnostic::error(
            "document.name",
            format!("{what} \"{}\" is no name.", shortened(name)),
            format!("Use 1 to {MOST_NAME} characters."),
        ));
    }
    Ok(())
}

fn check_text(what: &str, text: &str) -> Result<(), Diagnostic> {
    if text.chars().count() > MOST_TEXT {
        return Err(Diagnostic::error(
            "document.text",
            format!("{what} is longer than {MOST_TEXT} characters."),
            "Shorten it.",
        ));
    }
    Ok(())
}

/// A name for a message.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}
