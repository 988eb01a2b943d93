//! What is drawn of a document: where nodes, ports, wires, frames and notes are.
//!
//! Sizes follow from the number of ports alone, so that nothing has to be measured in a browser.

use super::blocks;
use super::geometry::{Curve, Rect};
use super::tidy::Tile;
use automl_core::document::{Node, NodeId, PipelineDocument, Place, PortRef, Wire};
use automl_core::kind::{KindSpec, PortSpec, PortType};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Kinds by id.
pub type Kinds = BTreeMap<String, Arc<KindSpec>>;

pub const NODE_WIDTH: f64 = 208.0;
const LEAST_HEIGHT: f64 = 80.0;
/// From one port to the next.
const PORT_STEP: f64 = 24.0;
/// Between nodes and the frame of their group, and for its title.
const FRAME_MARGIN: f64 = 24.0;
const FRAME_HEAD: f64 = 32.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Input,
    Output,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Input => Self::Output,
            Self::Output => Self::Input,
        }
    }
}

/// A port as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    pub title: String,
    /// `None`: a port that its kind, as far as it is known here, does not have.
    pub ty: Option<PortType>,
    pub many: bool,
    pub optional: bool,
}

impl Port {
    fn of(spec: &PortSpec) -> Self {
        Self {
            name: spec.name.clone(),
            title: spec.title.clone(),
            ty: Some(spec.ty),
            many: spec.many,
            optional: spec.optional,
        }
    }

    fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), title: name.to_owned(), ty: None, many: false, optional: true }
    }
}

/// A node as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    pub place: Place,
    pub height: f64,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
}

fn height(inputs: &[Port], outputs: &[Port]) -> f64 {
    LEAST_HEIGHT.max(inputs.len().max(outputs.len()) as f64 * PORT_STEP + 16.0)
}

impl Shape {
    /// A node of a kind, without a place.
    pub fn of(spec: &KindSpec) -> Self {
        let ports = |all: &[PortSpec]| all.iter().map(Port::of).collect::<Vec<_>>();
        let (inputs, outputs) = (ports(&spec.inputs), ports(&spec.outputs));
        Self { place: Place::default(), height: height(&inputs, &outputs), inputs, outputs }
    }

    pub fn rect(&self) -> Rect {
        Rect::new(self.place, NODE_WIDTH, self.height)
    }

    pub fn ports(&self, side: Side) -> &[Port] {
        match side {
            Side::Input => &self.inputs,
            Side::Output => &self.outputs,
        }
    }

    pub fn port(&self, side: Side, name: &str) -> Option<&Port> {
        self.ports(side).iter().find(|p| p.name == name)
    }

    /// How far below the node's upper edge the port at `index` is.
    pub fn port_top(&self, side: Side, index: usize) -> f64 {
        let half = (self.ports(side).len().max(1) - 1) as f64 / 2.0;
        self.height / 2.0 + (index as f64 - half) * PORT_STEP
    }

    /// Where wires of a port end.
    pub fn port_place(&self, side: Side, name: &str) -> Option<Place> {
        let index = self.ports(side).iter().position(|p| p.name == name)?;
        let x = if side == Side::Input { self.place.x } else { self.place.x + NODE_WIDTH };
        Some(Place { x, y: self.place.y + self.port_top(side, index) })
    }
}

/// The frame of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub title: String,
    pub rect: Rect,
}

/// Everything that is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    pub nodes: BTreeMap<NodeId, Arc<Shape>>,
    /// Nodes from sources to ends; beside each other from top to bottom.
    pub order: Vec<NodeId>,
    pub frames: BTreeMap<String, Frame>,
    pub notes: BTreeMap<String, Rect>,
}

fn unplaced(node: &Node, kinds: &Kinds) -> Shape {
    let bare =
        || Shape { place: Place::default(), height: LEAST_HEIGHT, inputs: Vec::new(), outputs: Vec::new() };
    kinds.get(&node.kind).map_or_else(bare, |spec| Shape::of(spec))
}

/// The frame around these rectangles, with room for its title.
pub(super) fn framed(rects: impl Iterator<Item = Rect>) -> Option<Rect> {
    let rect = Rect::around_all(rects)?.grown(FRAME_MARGIN);
    Some(Rect { y: rect.y - FRAME_HEAD + 8.0, height: rect.height + FRAME_HEAD - 8.0, ..rect })
}

fn frame(title: &str, rects: impl Iterator<Item = Rect>) -> Option<Frame> {
    Some(Frame { title: title.to_owned(), rect: framed(rects)? })
}

impl Scene {
    pub fn of(document: &PipelineDocument, kinds: &Kinds) -> Self {
        let mut shapes: BTreeMap<NodeId, Shape> =
            document.nodes().iter().map(|(id, node)| (id.clone(), unplaced(node, kinds))).collect();
        for wire in document.wires() {
            for (end, is_input) in [(&wire.to, true), (&wire.from, false)] {
                let Some(shape) = shapes.get_mut(&end.node) else { continue };
                let ports = if is_input { &mut shape.inputs } else { &mut shape.outputs };
                if ports.iter().all(|p| p.name != end.port) {
                    ports.push(Port::unknown(&end.port));
                }
            }
        }
        for shape in shapes.values_mut() {
            shape.height = height(&shape.inputs, &shape.outputs);
        }
        place_all(document, &mut shapes);
        let order = reading_order(document, &shapes);
        let rects = |ids: &BTreeSet<NodeId>| -> Vec<Rect> {
            ids.iter().filter_map(|id| shapes.get(id)).map(Shape::rect).collect()
        };
        let layout = document.layout();
        let frames = layout.groups.iter().filter_map(|(name, group)| {
            Some((name.clone(), frame(&group.title, rects(&group.nodes).into_iter())?))
        });
        let frames = frames.collect();
        let notes = layout.notes.iter().map(|(name, note)| {
            (name.clone(), Rect::new(note.place, note.width.max(40.0), note.height.max(40.0)))
        });
        let notes = notes.collect();
        let nodes = shapes.into_iter().map(|(id, shape)| (id, Arc::new(shape))).collect();
        Self { nodes, order, frames, notes }
    }

    pub fn port(&self, side: Side, port: &PortRef) -> Option<&Port> {
        self.nodes.get(&port.node)?.port(side, &port.port)
    }

    pub fn port_place(&self, side: Side, port: &PortRef) -> Option<Place> {
        self.nodes.get(&port.node)?.port_place(side, &port.port)
    }

    pub fn curve(&self, wire: &Wire) -> Option<Curve> {
        let from = self.port_place(Side::Output, &wire.from)?;
        let to = self.port_place(Side::Input, &wire.to)?;
        Some(Curve { from, to })
    }

    /// What flows along a wire, where that is known.
    pub fn wire_type(&self, wire: &Wire) -> Option<PortType> {
        let output = self.port(Side::Output, &wire.from).and_then(|p| p.ty);
        output.or_else(|| self.port(Side::Input, &wire.to).and_then(|p| p.ty))
    }

    /// The frame around these nodes, some of which are on the move.
    pub fn frame_rect(&self, nodes: &BTreeSet<NodeId>, moving: &BTreeSet<NodeId>, by: Place) -> Option<Rect> {
        let rect = |id: &NodeId| {
            let rect = self.nodes.get(id)?.rect();
            Some(if moving.contains(id) { rect.moved(by) } else { rect })
        };
        framed(nodes.iter().filter_map(rect))
    }

    /// The smallest rectangle around everything.
    pub fn bounds(&self) -> Option<Rect> {
        let nodes = self.nodes.values().map(|s| s.rect());
        Rect::around_all(
            nodes.chain(self.frames.values().map(|f| f.rect)).chain(self.notes.values().copied()),
        )
    }

    /// The ports of a side within `reach` of a point, the nearest first.
    pub fn ports_near(&self, side: Side, at: Place, reach: f64) -> Vec<PortRef> {
        let mut found = Vec::new();
        for (id, shape) in &self.nodes {
            if !shape.rect().grown(reach).contains(at) {
                continue;
            }
            for port in shape.ports(side) {
                let Some(p) = shape.port_place(side, &port.name) else { continue };
                let (dx, dy) = (p.x - at.x, p.y - at.y);
                let distance = (dx * dx + dy * dy).sqrt();
                if distance <= reach {
                    found.push((distance, PortRef { node: id.clone(), port: port.name.clone() }));
                }
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        found.into_iter().map(|(_, port)| port).collect()
    }

    /// The node at a point.
    pub fn node_at(&self, at: Place) -> Option<&NodeId> {
        self.nodes.iter().rev().find(|(_, shape)| shape.rect().contains(at)).map(|(id, _)| id)
    }
}

/// Gives every node its place; those that have none are laid out, all together or below the others.
fn place_all(document: &PipelineDocument, shapes: &mut BTreeMap<NodeId, Shape>) {
    let places = &document.layout().places;
    for (id, shape) in shapes.iter_mut() {
        if let Some(place) = places.get(id) {
            shape.place = *place;
        }
    }
    let homeless: BTreeMap<NodeId, Tile> = shapes
        .iter()
        .filter(|(id, _)| !places.contains_key(*id))
        .map(|(id, s)| (id.clone(), s.tile()))
        .collect();
    if homeless.is_empty() {
        return;
    }
    let placed = shapes.iter().filter(|(id, _)| places.contains_key(*id)).map(|(_, s)| s.rect());
    let corner =
        Rect::around_all(placed).map_or(Place::default(), |r| Place { x: r.x, y: r.bottom() + 48.0 });
    let groups = document.layout().groups.values().map(|g| &g.nodes);
    for (id, place) in blocks::tidied(&homeless, groups, document.wires(), corner) {
        if let Some(shape) = shapes.get_mut(&id) {
            shape.place = place;
        }
    }
}

/// Sources first; of those that may come next the leftmost, then the uppermost. Nodes on a cycle come last.
fn reading_order(document: &PipelineDocument, shapes: &BTreeMap<NodeId, Shape>) -> Vec<NodeId> {
    let ids: Vec<&NodeId> = shapes.keys().collect();
    let index: BTreeMap<&NodeId, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut rank: Vec<usize> = (0..ids.len()).collect();
    let at = |i: &usize| shapes[ids[*i]].place;
    rank.sort_by(|a, b| at(a).x.total_cmp(&at(b).x).then(at(a).y.total_cmp(&at(b).y)).then(a.cmp(b)));
    let mut turn = vec![0; ids.len()];
    rank.iter().enumerate().for_each(|(at, i)| turn[*i] = at);
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); ids.len()];
    let mut before = vec![0_usize; ids.len()];
    for wire in document.wires() {
        if let (Some(&a), Some(&b)) = (index.get(&wire.from.node), index.get(&wire.to.node))
            && after[a].insert(b)
        {
            before[b] += 1;
        }
    }
    let mut free: BTreeSet<(usize, usize)> =
        (0..ids.len()).filter(|i| before[*i] == 0).map(|i| (turn[i], i)).collect();
    let (mut order, mut done) = (Vec::with_capacity(ids.len()), vec![false; ids.len()]);
    while let Some((_, i)) = free.pop_first() {
        order.push(ids[i].clone());
        done[i] = true;
        for &next in &after[i] {
            before[next] -= 1;
            if before[next] == 0 {
                free.insert((turn[next], next));
            }
        }
    }
    order.extend(rank.into_iter().filter(|i| !done[*i]).map(|i| ids[i].clone()));
    order
}

/// Where an arrow key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

impl Direction {
    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "ArrowLeft" => Some(Self::Left),
            "ArrowRight" => Some(Self::Right),
            "ArrowUp" => Some(Self::Up),
            "ArrowDown" => Some(Self::Down),
            _ => None,
        }
    }

    pub fn step(self, by: f64) -> Place {
        match self {
            Self::Left => Place { x: -by, y: 0.0 },
            Self::Right => Place { x: by, y: 0.0 },
            Self::Up => Place { x: 0.0, y: -by },
            Self::Down => Place { x: 0.0, y: by },
        }
    }
}

impl Scene {
    /// The node that is nearest in a direction; aside counts double.
    pub fn neighbour(&self, from: &NodeId, direction: Direction) -> Option<&NodeId> {
        let start = self.nodes.get(from)?.rect().centre();
        let unit = direction.step(1.0);
        let cost = |shape: &Shape| {
            let centre = shape.rect().centre();
            let (dx, dy) = (centre.x - start.x, centre.y - start.y);
            let along = dx * unit.x + dy * unit.y;
            let aside = (dx * unit.y).abs() + (dy * unit.x).abs();
            // Nodes are flat: beside means far more pixels than below.
            (along > 1.0 && aside <= 3.0 * along.max(LEAST_HEIGHT)).then_some(along + 2.0 * aside)
        };
        let others = self.nodes.iter().filter(|(id, _)| *id != from);
        let costs = others.filter_map(|(id, shape)| Some((cost(shape)?, id)));
        costs.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1))).map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{churn, id, kinds};

    #[test]
    fn ports_lie_at_the_sides_and_wires_between_them() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let wire = document.wires().iter().next().expect("a wire");
        let curve = scene.curve(wire).expect("both ends are drawn");
        let (a, b) = (&scene.nodes[&wire.from.node], &scene.nodes[&wire.to.node]);
        assert_eq!((curve.from.x, curve.to.x), (a.rect().right(), b.place.x));
        assert!(a.rect().contains(curve.from) && b.rect().contains(curve.to));
        let join = &scene.nodes[&id("join-1")];
        assert_eq!(join.port_top(Side::Input, 1) - join.port_top(Side::Input, 0), PORT_STEP);
        let near = scene.ports_near(Side::Input, curve.to, 10.0);
        assert_eq!(near.iter().collect::<Vec<_>>(), [&wire.to]);
        assert_eq!(scene.node_at(b.rect().centre()), Some(&wire.to.node));
    }

    #[test]
    fn unknown_kinds_have_the_ports_that_wires_name() {
        let scene = Scene::of(&churn(), &Kinds::new());
        let join = &scene.nodes[&id("join-1")];
        assert_eq!(join.inputs.len(), 2);
        assert_eq!(join.inputs[0].ty, None);
    }

    #[test]
    fn nodes_are_read_from_sources_to_ends() {
        let document = churn();
        let scene = Scene::of(&document, &kinds());
        let at = |id: &NodeId| scene.order.iter().position(|o| o == id);
        assert_eq!(scene.order.len(), document.nodes().len());
        assert!(document.wires().iter().all(|w| at(&w.from.node) < at(&w.to.node)));
    }

    #[test]
    fn arrows_lead_to_neighbours() {
        let scene = Scene::of(&churn(), &kinds());
        let check = |from: &str, direction, expected: Option<&str>| {
            let found = scene.neighbour(&id(from), direction).map(|n| n.0.as_str());
            assert_eq!(found, expected, "{from} {direction:?}");
        };
        check("file-1", Direction::Right, Some("filter-1"));
        check("filter-1", Direction::Left, Some("file-1"));
        check("file-1", Direction::Down, Some("file-2"));
        check("file-1", Direction::Left, None);
        check("file-1", Direction::Up, None);
    }
}
