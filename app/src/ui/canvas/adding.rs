//! Adding nodes, and offering what fits.

use super::state::{CanvasCtl, Choice, Entry, Popup, Surface};
use automl_core::document::{Edit, Node, NodeId, PipelineDocument, Place, PortRef, Wire};
use automl_core::kind::KindSpec;
use leptos::prelude::*;
use trellis_page::flow::connect::{self, type_id, wire_of};
use trellis_page::flow::geometry::{Rect, on_grid};
use trellis_page::flow::judged;
use trellis_page::flow::scene::{NODE_WIDTH, Scene, Shape, Side};
use trellis_page::flow::selection::Item;
use trellis_page::flow::words;

/// Type of what is dragged from a palette onto the canvas: the id of a kind (`dataTransfer.setData(KIND_MIME, id)`).
pub const KIND_MIME: &str = "application/x-trellis-kind";

impl CanvasCtl {
    /// Adds a node of a kind. `at`: its upper left corner; where that is on a wire that it fits into, it is inserted.
    /// `None`: beside the one selected node, connected to it where a port fits. With nothing selected it goes on from
    /// the node seen last or else from the last that fits ([`connect::follows`]), and else stands in the middle of what
    /// is seen.
    pub fn add_kind(self, kind_id: &str, at: Option<Place>) {
        if let Some(at) = at {
            return drop(self.add_node(kind_id, on_grid(at), None, true));
        }
        let selected = self.selected_nodes();
        let beside = self.with(|document, scene, kinds| {
            let spec = kinds.get(kind_id)?;
            let port = match (selected.len(), selected.first()) {
                (0, _) => {
                    let seen_last = self.seen_last.get_value();
                    connect::follows(document, scene, spec, seen_last.as_ref())?
                }
                (1, Some(id)) => {
                    let outputs = &mut scene.nodes.get(id)?.outputs.iter();
                    let fits =
                        outputs.find(|p| connect::first_fitting(spec, p.ty, Side::Output).is_some())?;
                    PortRef { node: id.clone(), port: fits.name.clone() }
                }
                _ => return None,
            };
            let bare = Shape::of(spec);
            let place = scene.nodes.get(&port.node)?.beside(&bare);
            Some((scene.free_place(place, &bare), port))
        });
        match beside {
            Some((place, port)) => drop(self.add_node(kind_id, place, Some((port, Side::Output)), false)),
            None => {
                let (width, height) = self.size.get_untracked();
                let middle = self.to_world(Place { x: width / 2.0, y: height / 2.0 });
                let wish = Place { x: middle.x - NODE_WIDTH / 2.0, y: middle.y - 40.0 };
                let place = self.with(|_, scene, kinds| {
                    kinds.get(kind_id).map_or(wish, |spec| scene.free_place(wish, &Shape::of(spec)))
                });
                drop(self.add_node(kind_id, place, None, false));
            }
        }
    }

    /// Adds a node at a place, connects it to a port or inserts it into the wire that it lies on, and selects it.
    pub(super) fn add_node(
        self,
        kind_id: &str,
        place: Place,
        from: Option<(PortRef, Side)>,
        may_insert: bool,
    ) -> Option<NodeId> {
        let spec = self.kinds().get(kind_id).cloned()?;
        let (id, edits, linked) = self.with(|document, _, kinds| {
            let id = document.free_id(kind_id);
            let node = Node::new(kind_id, spec.version);
            let add = Edit::AddNode { id: id.clone(), node, place: Some(place) };
            // What fits is asked of the document with the node in it.
            let mut with_node = document.clone();
            let mut edits = vec![add.clone()];
            if with_node.apply(add).is_err() {
                return (id, edits, None);
            }
            let scene = Scene::of(&with_node, kinds);
            let link = match &from {
                Some((port, side)) => {
                    let ty = scene.port(*side, port).and_then(|p| p.ty);
                    let own = connect::first_fitting(&spec, ty, *side);
                    let wire = own.map(|own| wire_of(port, &PortRef { node: id.clone(), port: own }, *side));
                    wire.and_then(|wire| connect::connect(&with_node, &scene, &wire).ok())
                }
                None if may_insert => insertion(&with_node, &scene, &id).map(|(_, edits)| edits),
                None => None,
            };
            let name = |id: &NodeId| words::name_of(document, kinds, id);
            let mut linked = link.is_some().then(|| match &from {
                Some((port, _)) => format!(", connected to {}", name(&port.node)),
                None => ", inserted into the wire".to_owned(),
            });
            edits.extend(link.into_iter().flatten());
            // A judge of a model looks at the rows that were kept from it.
            let model = from.as_ref().filter(|(_, side)| linked.is_some() && *side == Side::Output);
            let rows = model.and_then(|(port, _)| judged::test_rows(document, &spec, &id, port));
            if let Some(wire) = rows {
                linked
                    .iter_mut()
                    .for_each(|l| *l += &format!(" and to the test rows of {}", name(&wire.from.node)));
                edits.push(Edit::Connect { wire });
            }
            (id, edits, linked)
        });
        if !self.edit(&format!("Add {}", spec.title), edits) {
            return None;
        }
        self.say(format!("{} added{}.", spec.title, linked.unwrap_or_default()));
        self.select([Item::Node(id.clone())]);
        self.focus_on(Item::Node(id.clone()));
        Some(id)
    }

    /// Offers the ports that fit the selected node's.
    pub fn connect_dialog(self) {
        let node = self.flow.selection.with_untracked(|s| s.subject().cloned());
        match node {
            Some(id) => {
                let at = self.rect_of(&Item::Node(id.clone())).unwrap_or_default();
                let at = self.to_client(Place { x: at.right(), y: at.y });
                self.offer_ports(Surface::Canvas, at, &id, None);
            }
            None => self.say("Select the node to connect first."),
        }
    }

    /// Offers the ports that fit all ports of a node, or one of them.
    pub(super) fn offer_ports(self, surface: Surface, at: Place, id: &NodeId, only: Option<(Side, &str)>) {
        let entries: Vec<Entry> = self.with(|document, scene, kinds| {
            let Some(shape) = scene.nodes.get(id) else { return Vec::new() };
            let own = [Side::Output, Side::Input]
                .into_iter()
                .flat_map(|side| shape.ports(side).iter().map(move |port| (side, port)));
            let own = own.filter(|(side, port)| only.is_none_or(|o| o == (*side, port.name.as_str())));
            let mut entries = Vec::new();
            for (side, port) in own {
                let from = PortRef { node: id.clone(), port: port.name.clone() };
                for to in connect::targets(document, scene, &from, side) {
                    let there = words::port_name(document, scene, kinds, side.other(), &to);
                    let title = match side {
                        Side::Output => format!("{} → {there}", port.title),
                        Side::Input => format!("{} ← {there}", port.title),
                    };
                    let input = if side == Side::Output { &to } else { &from };
                    let many = scene.port(Side::Input, input).is_some_and(|p| p.many);
                    let old = document.wires().iter().find(|w| w.to == *input && !many);
                    let detail = old.map_or(String::new(), |w| {
                        format!("in place of {}", words::name_of(document, kinds, &w.from.node))
                    });
                    let words = format!("{} {}", type_id(port.ty), to.node);
                    entries.push(Entry {
                        title,
                        detail,
                        words,
                        choice: Choice::Wire { from: from.clone(), side, to },
                    });
                }
            }
            entries
        });
        if entries.is_empty() {
            return self.say("There is no port that fits. Add a node first.");
        }
        let title = format!("Connect {} to", self.name_of(id));
        self.open(surface, at, Popup::Pick { title, entries, place: None, from: None });
    }

    /// Offers all kinds, by search.
    pub fn quick_add(self) {
        let wanted = self.wanted();
        let world = self.to_world(wanted);
        let place = Place { x: world.x - NODE_WIDTH / 2.0, y: world.y - 40.0 };
        let at_pointer = self.by_pointer.get_value() && self.pointer.get_value().is_some();
        self.offer_kinds(self.to_client(world), at_pointer.then_some(place), None);
    }

    /// Offers the kinds that fit a port, or all of them. `place`: where the node is put, if not beside the selected.
    pub(super) fn offer_kinds(self, at: Place, place: Option<Place>, from: Option<(PortRef, Side)>) {
        let kinds = self.kinds();
        let order = self.flow.kind_order.get_untracked();
        let fitting = match &from {
            Some((port, side)) => {
                let ty = self.with(|_, scene, _| scene.port(*side, port).and_then(|p| p.ty));
                connect::fitting_kinds(&kinds, &order, ty, *side)
            }
            None => order.iter().filter_map(|id| kinds.get(id).cloned()).collect(),
        };
        let entry = |spec: &std::sync::Arc<KindSpec>| Entry {
            title: spec.title.clone(),
            detail: spec.group.title().to_owned(),
            words: format!("{} {} {}", spec.words, spec.group.title(), spec.id),
            choice: Choice::Kind(spec.id.clone()),
        };
        let entries: Vec<Entry> = fitting.iter().map(entry).collect();
        if entries.is_empty() {
            return self.say("No kind of node fits here.");
        }
        let title = match &from {
            Some((port, _)) => format!("Add after {}", self.name_of(&port.node)),
            None => "Add a node".to_owned(),
        };
        self.open(Surface::Canvas, at, Popup::Pick { title, entries, place, from });
    }

    /// Does what was chosen from a list.
    pub(super) fn choose(self, choice: &Choice, place: Option<Place>, from: Option<(PortRef, Side)>) {
        match (choice, place) {
            (Choice::Wire { from, side, to }, _) => {
                self.close();
                self.connect(&wire_of(from, to, *side));
            }
            (Choice::Kind(id), Some(place)) => {
                self.opened.set(None);
                let may_insert = from.is_none();
                drop(self.add_node(id, on_grid(place), from, may_insert));
            }
            (Choice::Kind(id), None) => {
                self.opened.set(None);
                self.add_kind(id, None);
            }
        }
    }
}

/// The wire that a node lies on and fits into, and the edits that insert it.
pub(super) fn insertion(
    document: &PipelineDocument,
    scene: &Scene,
    id: &NodeId,
) -> Option<(Wire, Vec<Edit>)> {
    let rect = scene.nodes.get(id)?.rect();
    // The middle of the node is what a person aims with.
    let aim = Rect { y: rect.y + 16.0, height: rect.height - 32.0, ..rect };
    insertion_at(document, scene, id, aim)
}

/// As [`insertion`], with the node at another place.
pub(super) fn insertion_at(
    document: &PipelineDocument,
    scene: &Scene,
    id: &NodeId,
    rect: Rect,
) -> Option<(Wire, Vec<Edit>)> {
    let near = document.wires().iter().filter(|w| scene.curve(w).is_some_and(|c| c.crosses(rect)));
    let centre = rect.centre();
    let distance = |w: &Wire| scene.curve(w).map_or(f64::INFINITY, |c| c.distance(centre));
    let mut near: Vec<(f64, &Wire)> = near.map(|w| (distance(w), w)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.into_iter().find_map(|(_, w)| Some((w.clone(), connect::insert(document, scene, id, w)?)))
}
