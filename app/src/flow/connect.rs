//! Which ports fit, and the edits that connect them.

use super::scene::{Kinds, Scene, Shape, Side};
use automl_core::document::{Edit, NodeId, PipelineDocument, PortRef, Wire};
use automl_core::kind::{KindSpec, PortType};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why two ports cannot be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    NoPort,
    Itself,
    /// What comes out is not what goes in.
    Types(PortType, PortType),
    Cycle,
    Already,
}

impl Misfit {
    pub fn message(self) -> String {
        match self {
            Self::NoPort => "There is no such port.".to_owned(),
            Self::Itself => "A node cannot be connected to itself.".to_owned(),
            Self::Types(out, into) => {
                format!("{} does not fit where {} goes in.", capital(type_name(out)), type_name(into))
            }
            Self::Cycle => "That would lead in a circle: nothing could run first.".to_owned(),
            Self::Already => "They are connected so already.".to_owned(),
        }
    }
}

/// What flows, with its article.
pub fn type_name(ty: PortType) -> &'static str {
    match ty {
        PortType::Table => "a table",
        PortType::Target => "a target",
        PortType::Model => "a model",
        PortType::Scores => "scores",
        PortType::Report => "a report",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// What a name of a type is in attributes that style sheets read.
pub fn type_id(ty: Option<PortType>) -> &'static str {
    match ty {
        Some(PortType::Table) => "table",
        Some(PortType::Target) => "target",
        Some(PortType::Model) => "model",
        Some(PortType::Scores) => "scores",
        Some(PortType::Report) => "report",
        None => "unknown",
    }
}

fn may_flow(out: Option<PortType>, into: Option<PortType>) -> Result<(), Misfit> {
    match (out, into) {
        (Some(out), Some(into)) if out != into => Err(Misfit::Types(out, into)),
        // What is not known here is not refused.
        _ => Ok(()),
    }
}

/// The nodes that lie down- or upstream of a node, itself among them.
pub fn stream(document: &PipelineDocument, from: &NodeId, side: Side) -> BTreeSet<NodeId> {
    let mut next = std::collections::BTreeMap::<&NodeId, Vec<&NodeId>>::new();
    for wire in document.wires() {
        let (a, b) = match side {
            Side::Output => (&wire.from.node, &wire.to.node),
            Side::Input => (&wire.to.node, &wire.from.node),
        };
        next.entry(a).or_default().push(b);
    }
    let (mut seen, mut open) = (BTreeSet::from([from.clone()]), vec![from]);
    while let Some(id) = open.pop() {
        for &to in next.get(id).into_iter().flatten() {
            if seen.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    seen
}

/// The ports that the port `from`, on its `side`, can be connected to.
pub fn targets(document: &PipelineDocument, scene: &Scene, from: &PortRef, side: Side) -> Vec<PortRef> {
    let Some(port) = scene.port(side, from) else { return Vec::new() };
    // A wire from here to a node upstream would close a circle.
    let closed = stream(document, &from.node, side.other());
    let mut found = Vec::new();
    for id in scene.order.iter().filter(|id| !closed.contains(*id)) {
        let Some(shape) = scene.nodes.get(id) else { continue };
        for other in shape.ports(side.other()) {
            let to = PortRef { node: id.clone(), port: other.name.clone() };
            let (out, into) = if side == Side::Output { (port, other) } else { (other, port) };
            if may_flow(out.ty, into.ty).is_ok() && !document.wires().contains(&wire_of(from, &to, side)) {
                found.push(to);
            }
        }
    }
    found
}

/// The wire between two ports, whose first is on `side`.
pub fn wire_of(a: &PortRef, b: &PortRef, side: Side) -> Wire {
    let (from, to) = if side == Side::Output { (a, b) } else { (b, a) };
    Wire { from: from.clone(), to: to.clone() }
}

/// The edits that draw a wire. An input of one wire loses the one that it has.
///
/// # Errors
/// Why it cannot be drawn.
pub fn connect(document: &PipelineDocument, scene: &Scene, wire: &Wire) -> Result<Vec<Edit>, Misfit> {
    let out = scene.port(Side::Output, &wire.from).ok_or(Misfit::NoPort)?;
    let into = scene.port(Side::Input, &wire.to).ok_or(Misfit::NoPort)?;
    if wire.from.node == wire.to.node {
        return Err(Misfit::Itself);
    }
    may_flow(out.ty, into.ty)?;
    if document.wires().contains(wire) {
        return Err(Misfit::Already);
    }
    if stream(document, &wire.from.node, Side::Input).contains(&wire.to.node) {
        return Err(Misfit::Cycle);
    }
    let mut edits = Vec::new();
    if !into.many {
        let old = document.wires().iter().filter(|w| w.to == wire.to);
        edits.extend(old.map(|w| Edit::Disconnect { wire: w.clone() }));
    }
    edits.push(Edit::Connect { wire: wire.clone() });
    Ok(edits)
}

/// The wire that is lifted off a port: the only one of an input that takes one.
pub fn lifted(document: &PipelineDocument, scene: &Scene, side: Side, port: &PortRef) -> Option<Wire> {
    let takes_one = side == Side::Input && scene.port(side, port).is_some_and(|p| !p.many);
    document.wires().iter().find(|w| takes_one && w.to == *port).cloned()
}

/// The document as it would be without a wire.
pub fn without(document: &PipelineDocument, wire: &Wire) -> PipelineDocument {
    let mut document = document.clone();
    // A wire that is not there need not be taken away.
    let _ = document.apply(Edit::Disconnect { wire: wire.clone() });
    document
}

/// The edits that lead a wire elsewhere; none where it stays.
///
/// # Errors
/// Why it cannot lead there.
pub fn reconnect(
    document: &PipelineDocument,
    scene: &Scene,
    old: &Wire,
    new: &Wire,
) -> Result<Vec<Edit>, Misfit> {
    if old == new {
        return Ok(Vec::new());
    }
    let mut edits = vec![Edit::Disconnect { wire: old.clone() }];
    edits.extend(connect(&without(document, old), scene, new)?);
    Ok(edits)
}

/// The only output of a node that a kind can take up.
fn only_output(shape: &Shape, spec: &KindSpec) -> Option<String> {
    let mut fitting =
        shape.outputs.iter().filter(|p| p.ty.is_some() && first_fitting(spec, p.ty, Side::Output).is_some());
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.name.clone())
}

/// The port that a new node of a kind goes on from: of the node seen last, or else of the last in reading order one of
/// whose outputs is free; in either case the only output that fits.
pub fn follows(
    document: &PipelineDocument,
    scene: &Scene,
    spec: &KindSpec,
    seen_last: Option<&NodeId>,
) -> Option<PortRef> {
    let of = |id: &NodeId| Some(PortRef { node: id.clone(), port: only_output(scene.nodes.get(id)?, spec)? });
    let is_free = |port: &PortRef| document.wires().iter().all(|w| w.from != *port);
    seen_last.and_then(of).or_else(|| scene.order.iter().rev().filter_map(of).find(is_free))
}

/// The edits that put a node between the two ends of a wire, where its ports fit and its input is free.
pub fn insert(document: &PipelineDocument, scene: &Scene, node: &NodeId, wire: &Wire) -> Option<Vec<Edit>> {
    let shape = scene.nodes.get(node)?;
    if wire.from.node == *node || wire.to.node == *node {
        return None;
    }
    let out = scene.port(Side::Output, &wire.from)?;
    let into = scene.port(Side::Input, &wire.to)?;
    let is_free = |name: &str| document.wires().iter().all(|w| w.to.node != *node || w.to.port != name);
    let input =
        shape.inputs.iter().find(|p| p.ty.is_some() && p.ty == out.ty && (p.many || is_free(&p.name)))?;
    let output = shape.outputs.iter().find(|p| p.ty.is_some() && p.ty == into.ty)?;
    let is_circle = stream(document, node, Side::Output).contains(&wire.from.node)
        || stream(document, node, Side::Input).contains(&wire.to.node);
    if is_circle {
        return None;
    }
    let end = |name: &str| PortRef { node: node.clone(), port: name.to_owned() };
    Some(vec![
        Edit::Disconnect { wire: wire.clone() },
        Edit::Connect { wire: Wire { from: wire.from.clone(), to: end(&input.name) } },
        Edit::Connect { wire: Wire { from: end(&output.name), to: wire.to.clone() } },
    ])
}

/// The first port of a kind that a port of this type on `side` can be connected to.
pub fn first_fitting(spec: &KindSpec, ty: Option<PortType>, side: Side) -> Option<String> {
    let ports = if side == Side::Output { &spec.inputs } else { &spec.outputs };
    ports.iter().find(|p| ty.is_none_or(|ty| p.ty == ty)).map(|p| p.name.clone())
}

/// The kinds, in the palette's order, that a port of this type on `side` can be connected to.
pub fn fitting_kinds(
    kinds: &Kinds,
    order: &[String],
    ty: Option<PortType>,
    side: Side,
) -> Vec<Arc<KindSpec>> {
    let specs = order.iter().filter_map(|id| kinds.get(id));
    specs.filter(|spec| first_fitting(spec, ty, side).is_some()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{apply, churn, id, kinds, wire};
    use automl_core::document::Node;

    fn port(node: &str, name: &str) -> PortRef {
        PortRef::new(node, name)
    }

    #[test]
    fn only_what_fits_is_connected() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let check = |from, to, expected: Result<usize, Misfit>| {
            let found = connect(&document, &scene, &wire(from, to)).map(|edits| edits.len());
            assert_eq!(found, expected, "{from:?} {to:?}");
        };
        check(("file-1", "table"), ("target-1", "table"), Ok(2));
        check(
            ("search-1", "model"),
            ("join-1", "left"),
            Err(Misfit::Types(PortType::Model, PortType::Table)),
        );
        check(("join-1", "table"), ("filter-1", "table"), Err(Misfit::Cycle));
        check(("join-1", "table"), ("join-1", "left"), Err(Misfit::Itself));
        check(("file-1", "table"), ("filter-1", "table"), Err(Misfit::Already));
        check(("file-1", "other"), ("filter-1", "table"), Err(Misfit::NoPort));
        assert!(Misfit::Types(PortType::Model, PortType::Table).message().starts_with("A model does not"));
    }

    #[test]
    fn ports_light_up_both_ways() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let found = targets(&document, &scene, &port("file-1", "table"), Side::Output);
        let inputs = [("target-1", "table"), ("search-1", "table")];
        assert!(inputs.iter().all(|(n, p)| found.contains(&port(n, p))));
        assert!(found.contains(&port("join-1", "right")) && !found.contains(&port("filter-1", "table")));
        let back = targets(&document, &scene, &port("filter-1", "table"), Side::Input);
        assert_eq!(back, [port("file-2", "table")]);
        // Whatever is offered can be drawn.
        for (side, at) in [(Side::Output, port("join-1", "table")), (Side::Input, port("search-1", "table"))]
        {
            for to in targets(&document, &scene, &at, side) {
                assert!(connect(&document, &scene, &wire_of(&at, &to, side)).is_ok(), "{to:?}");
            }
        }
    }

    #[test]
    fn a_new_wire_replaces_the_old_one_unless_there_is_room_for_many() {
        let (mut document, kinds) = (churn(), kinds());
        for (name, kind) in [("compare-1", "model.compare"), ("search-2", "model.search")] {
            apply(&mut document, Edit::AddNode { id: id(name), node: Node::new(kind, 1), place: None });
        }
        let scene = Scene::of(&document, &kinds);
        for from in ["search-1", "search-2"] {
            let edits = connect(&document, &scene, &wire((from, "scores"), ("compare-1", "scores")));
            apply(&mut document, Edit::All { edits: edits.expect("scores fit") });
        }
        assert_eq!(document.wires_at(&id("compare-1")).count(), 2);
        let edits = connect(&document, &scene, &wire(("file-2", "table"), ("filter-1", "table")));
        apply(&mut document, Edit::All { edits: edits.expect("tables fit") });
        let to_filter: Vec<&Wire> = document.wires().iter().filter(|w| w.to.node == id("filter-1")).collect();
        assert_eq!(to_filter, [&wire(("file-2", "table"), ("filter-1", "table"))]);
    }

    #[test]
    fn a_wire_is_led_elsewhere_or_stays() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let old = wire(("filter-1", "table"), ("join-1", "left"));
        assert_eq!(lifted(&document, &scene, Side::Input, &old.to), Some(old.clone()));
        assert_eq!(lifted(&document, &scene, Side::Output, &old.from), None);
        let check = |from, to, expected: Result<&[(&str, &str)], Misfit>| {
            let found = reconnect(&document, &scene, &old, &wire(from, to)).map(|edits| {
                let mut after = document.clone();
                apply(&mut after, Edit::All { edits });
                let into = after.wires().iter().filter(|w| w.to.node == id("join-1"));
                into.map(|w| (w.from.node.0.clone(), w.to.port.clone())).collect::<Vec<_>>()
            });
            let own = |pairs: &[(&str, &str)]| {
                pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
            };
            assert_eq!(found, expected.map(own), "{from:?} {to:?}");
        };
        let (filter, join) = (("filter-1", "table"), "join-1");
        check(filter, (join, "left"), Ok(&[("file-2", "right"), ("filter-1", "left")]));
        // The other input gives up its wire.
        check(filter, (join, "right"), Ok(&[("filter-1", "right")]));
        check(("file-1", "table"), (join, "left"), Ok(&[("file-1", "left"), ("file-2", "right")]));
        check(("search-1", "model"), (join, "left"), Err(Misfit::Types(PortType::Model, PortType::Table)));
        check(("join-1", "table"), (join, "left"), Err(Misfit::Itself));
        check(filter, ("filter-1", "table"), Err(Misfit::Itself));
        check(filter, ("search-1", "table"), Ok(&[("file-2", "right")]));
    }

    #[test]
    fn new_nodes_go_on_from_what_was_seen_last() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let check = |kind: &str, last: Option<&str>, expected: Option<(&str, &str)>| {
            let last = last.map(id);
            let found = follows(&document, &scene, &kinds[kind], last.as_ref());
            assert_eq!(found, expected.map(|(n, p)| port(n, p)), "{kind} {last:?}");
        };
        check("table.filter", Some("join-1"), Some(("join-1", "table")));
        check("model.compare", Some("join-1"), Some(("search-1", "scores")));
        // Of all tables one is used already.
        check("table.filter", None, None);
        check("table.filter", Some("search-1"), None);
        check("table.filter", Some("gone"), None);
        check("source.file", Some("join-1"), None);
        check("model.predict", Some("search-1"), Some(("search-1", "model")));
    }

    #[test]
    fn nodes_are_put_between() {
        let (mut document, kinds) = (churn(), kinds());
        for (name, kind) in [("filter-2", "table.filter"), ("compare-1", "model.compare")] {
            apply(&mut document, Edit::AddNode { id: id(name), node: Node::new(kind, 1), place: None });
        }
        let scene = Scene::of(&document, &kinds);
        let at = wire(("join-1", "table"), ("search-1", "table"));
        let edits = insert(&document, &scene, &id("filter-2"), &at).expect("a filter fits");
        assert_eq!(insert(&document, &scene, &id("compare-1"), &at), None);
        assert_eq!(insert(&document, &scene, &id("filter-1"), &at), None, "its input is taken");
        apply(&mut document, Edit::All { edits });
        assert!(document.wires().contains(&wire(("filter-2", "table"), ("search-1", "table"))));
        assert!(!document.wires().contains(&at));
    }

    #[test]
    fn kinds_are_offered_for_a_loose_end() {
        let kinds = kinds();
        let order: Vec<String> = kinds.keys().cloned().collect();
        let ids = |ty, side| -> Vec<String> {
            fitting_kinds(&kinds, &order, Some(ty), side).iter().map(|k| k.id.clone()).collect()
        };
        assert_eq!(ids(PortType::Scores, Side::Output), ["model.compare"]);
        assert_eq!(ids(PortType::Target, Side::Input), ["model.target"]);
        assert_eq!(ids(PortType::Report, Side::Input), [""; 0]);
        assert_eq!(
            first_fitting(&kinds["model.predict"], Some(PortType::Table), Side::Output),
            Some("table".into())
        );
    }
}
