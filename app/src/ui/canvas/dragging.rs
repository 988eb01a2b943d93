//! Nodes and notes on the move. Only their elements and the wires at them are touched, and nothing is measured.

use super::adding::insertion_at;
use super::state::{CanvasCtl, Drag, dom_id, page};
use automl_core::document::{Edit, NodeId, Place, Sticky, Wire};
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use trellis_page::flow::geometry::{Curve, Rect, moved};
use trellis_page::flow::selection::Item;
use trellis_page::flow::snap::snap;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Pixels within which things are drawn into line.
const SNAP_REACH: f64 = 6.0;

/// A wire at least one of whose ends moves.
struct Moving {
    curve: Curve,
    has_from: bool,
    has_to: bool,
    paths: Vec<Element>,
}

pub(super) struct Dragging {
    nodes: Arc<BTreeSet<NodeId>>,
    notes: BTreeSet<String>,
    rect: Rect,
    others: Vec<Rect>,
    elements: Vec<HtmlElement>,
    wires: Vec<Moving>,
    by: Place,
    /// The wire that takes the node in when it is let go.
    onto: Option<(Wire, Vec<Edit>)>,
}

fn element_of(item: &Item) -> Option<HtmlElement> {
    page()?.get_element_by_id(&dom_id(item))?.dyn_into().ok()
}

fn paths_of(wire: &Wire) -> Vec<Element> {
    let group = page().and_then(|d| d.get_element_by_id(&dom_id(&Item::Wire(wire.clone()))));
    let children = group.map(|g| g.children());
    children.map_or(Vec::new(), |c| (0..c.length()).filter_map(|i| c.item(i)).collect())
}

/// Draws a note in another size.
pub(super) fn size_note(name: &str, rect: Rect) {
    if let Some(element) = element_of(&Item::Note(name.to_owned())) {
        let style = element.style();
        // Plain lengths are always taken.
        let _ = style.set_property("width", &format!("{}px", rect.width));
        let _ = style.set_property("height", &format!("{}px", rect.height));
    }
}

impl Dragging {
    /// What moves when `item` is dragged: all that is selected, if it is.
    pub fn of(ctl: CanvasCtl, item: &Item) -> Self {
        let selection = ctl.flow.selection.get_untracked();
        let items: BTreeSet<Item> =
            if selection.contains(item) { selection.items().clone() } else { BTreeSet::from([item.clone()]) };
        ctl.with(|document, scene, _| {
            let (mut nodes, mut notes) = (BTreeSet::new(), BTreeSet::new());
            for item in &items {
                match item {
                    Item::Node(id) => nodes.extend([id.clone()]),
                    Item::Note(name) => notes.extend([name.clone()]),
                    Item::Group(name) => {
                        nodes.extend(
                            document.layout().groups.get(name).into_iter().flat_map(|g| g.nodes.clone()),
                        );
                    }
                    Item::Wire(_) => {}
                }
            }
            let (moving, still): (Vec<_>, Vec<_>) =
                scene.nodes.iter().partition(|(id, _)| nodes.contains(*id));
            let own_notes = scene.notes.iter().filter(|(name, _)| notes.contains(*name)).map(|(_, r)| *r);
            let rect = Rect::around_all(moving.iter().map(|(_, s)| s.rect()).chain(own_notes));
            let (width, height) = ctl.size.get_untracked();
            let seen = ctl.viewport.get_untracked().seen(width, height);
            let others = still.iter().map(|(_, s)| s.rect()).filter(|r| r.touches(seen)).collect();
            let at_nodes = document
                .wires()
                .iter()
                .filter(|w| nodes.contains(&w.from.node) || nodes.contains(&w.to.node));
            let wires = at_nodes.filter_map(|w| {
                Some(Moving {
                    curve: scene.curve(w)?,
                    has_from: nodes.contains(&w.from.node),
                    has_to: nodes.contains(&w.to.node),
                    paths: paths_of(w),
                })
            });
            let wires = wires.collect();
            let elements = nodes
                .iter()
                .map(|id| Item::Node(id.clone()))
                .chain(notes.iter().map(|n| Item::Note(n.clone())));
            let elements = elements.filter_map(|item| element_of(&item)).collect();
            Self {
                nodes: Arc::new(nodes),
                notes,
                rect: rect.unwrap_or_default(),
                others,
                elements,
                wires,
                by: Place::default(),
                onto: None,
            }
        })
    }

    /// Draws everything moved by `raw`, drawn into line with others where `snaps`.
    pub fn step(&mut self, ctl: CanvasCtl, raw: Place, snaps: bool) {
        let (mut by, mut guides) = (raw, Vec::new());
        if snaps {
            let reach = SNAP_REACH / ctl.viewport.get_untracked().zoom;
            let (more, lines) = snap(self.rect.moved(raw), &self.others, reach);
            (by, guides) = (moved(raw, more), lines);
        }
        self.draw(by);
        self.onto = match (self.nodes.len(), self.nodes.first()) {
            (1, Some(id)) => {
                let rect = self.rect.moved(by);
                let aim = Rect { y: rect.y + 16.0, height: rect.height - 32.0, ..rect };
                ctl.with(|document, scene, _| insertion_at(document, scene, id, aim))
            }
            _ => None,
        };
        let onto = self.onto.as_ref().map(|(wire, _)| wire.clone());
        ctl.drag.set(Some(Drag { nodes: self.nodes.clone(), by, guides, onto }));
    }

    fn draw(&mut self, by: Place) {
        self.by = by;
        let translate = format!("{}px {}px", by.x, by.y);
        for element in &self.elements {
            // Plain lengths are always taken.
            let _ = element.style().set_property("translate", &translate);
        }
        for wire in &self.wires {
            let mut curve = wire.curve;
            if wire.has_from {
                curve.from = moved(curve.from, by);
            }
            if wire.has_to {
                curve.to = moved(curve.to, by);
            }
            let path = curve.path();
            for element in &wire.paths {
                let _ = element.set_attribute("d", &path);
            }
        }
    }

    /// Elements are drawn by their places again.
    fn let_go(&self, ctl: CanvasCtl) {
        ctl.drag.set(None);
        for element in &self.elements {
            let _ = element.style().remove_property("translate");
        }
    }

    pub fn cancel(mut self, ctl: CanvasCtl) {
        self.draw(Place::default());
        self.let_go(ctl);
    }

    /// Makes it a change of the document.
    pub fn end(mut self, ctl: CanvasCtl) {
        let by = self.by;
        if by == Place::default() {
            return self.cancel(ctl);
        }
        let mut edits: Vec<Edit> = ctl.with(|document, scene, _| {
            let nodes = self.nodes.iter().filter_map(|id| Some((id, scene.nodes.get(id)?.place)));
            let nodes = nodes.map(|(id, place)| Edit::Move { id: id.clone(), place: Some(moved(place, by)) });
            let notes = self.notes.iter().filter_map(|name| {
                let note = document.layout().notes.get(name)?;
                let note = Sticky { place: moved(note.place, by), ..note.clone() };
                Some(Edit::Note { name: name.clone(), note: Some(note) })
            });
            nodes.chain(notes).collect()
        });
        let label = match (&self.onto, self.nodes.is_empty()) {
            (Some((wire, _)), _) => {
                format!("Insert {} into {}", ctl.told(&self.nodes), ctl.wire_name(wire))
            }
            (None, true) => "Move a note".to_owned(),
            (None, false) => format!("Move {}", ctl.told(&self.nodes)),
        };
        let is_inserted = self.onto.is_some();
        edits.extend(self.onto.take().into_iter().flat_map(|(_, edits)| edits));
        if !ctl.edit(&label, edits) {
            self.draw(Place::default());
        } else if is_inserted {
            ctl.say(format!("{label}: done."));
        }
        self.let_go(ctl);
    }
}
