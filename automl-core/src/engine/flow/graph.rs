//! A document's nodes and wires with their kinds: which wires fit, what comes before what.

use super::catalogue::{self, Kind};
use super::order::in_order;
use crate::diagnostic::Diagnostic;
use crate::document::{NodeId, PipelineDocument, PortRef, Wire};
use crate::engine::protocol::WireFinding;
use crate::kind::{Finding, PortType, nearest};
use std::collections::{BTreeMap, BTreeSet};

/// Wires by input port. Those that do not fit are not among them.
pub(super) type Wired = BTreeMap<String, Vec<PortRef>>;

/// See the module.
pub(super) struct Graph<'a> {
    pub document: &'a PipelineDocument,
    /// Wires that fit, as they are drawn.
    drawn: BTreeMap<&'a NodeId, Wired>,
    /// Every node after those that it gets something from; nodes of a circle, and behind one, are absent.
    pub order: Vec<&'a NodeId>,
    /// What is wrong with wires, by the node that it keeps from being run.
    pub findings: BTreeMap<&'a NodeId, Vec<Finding>>,
    /// The same by wire.
    of_wires: BTreeMap<&'a Wire, Vec<Diagnostic>>,
}

impl<'a> Graph<'a> {
    pub fn new(document: &'a PipelineDocument) -> Self {
        let mut graph = Self {
            document,
            drawn: BTreeMap::new(),
            order: Vec::new(),
            findings: BTreeMap::new(),
            of_wires: BTreeMap::new(),
        };
        for wire in document.wires() {
            match graph.fits(wire) {
                Ok(()) => {
                    let ports = graph.drawn.entry(&wire.to.node).or_default();
                    ports.entry(wire.to.port.clone()).or_default().push(wire.from.clone());
                }
                Err(finding) => {
                    graph.of_wires.entry(wire).or_default().push(finding.diagnostic.clone());
                    graph.findings.entry(&wire.to.node).or_default().push(finding);
                }
            }
        }
        graph.check_single_wires();
        graph.put_in_order();
        graph.sort();
        graph.check_bypassed();
        graph
    }

    /// The name that people know a node by.
    pub fn title(&self, id: &NodeId) -> String {
        let Some(node) = self.document.nodes().get(id) else { return id.0.clone() };
        match catalogue::find(&node.kind) {
            _ if !node.title.is_empty() => node.title.clone(),
            Some(kind) => kind.spec.title.clone(),
            None => node.kind.clone(),
        }
    }

    pub fn kind(&self, id: &NodeId) -> Option<&'static Kind> {
        let node = self.document.nodes().get(id)?;
        catalogue::find(&node.kind).filter(|kind| node.version <= kind.spec.version)
    }

    fn is_bypassed(&self, id: &NodeId) -> bool {
        self.document.nodes().get(id).is_some_and(|n| n.bypassed)
    }

    /// # Errors
    /// Why the wire leads nowhere.
    fn fits(&self, wire: &Wire) -> Result<(), Finding> {
        let (from, to) = (self.kind(&wire.from.node), self.kind(&wire.to.node));
        let port = &wire.to.port;
        // What an unknown kind has for ports is not known.
        let output = match from {
            None => None,
            Some(kind) => Some(kind.spec.output(&wire.from.port).ok_or_else(|| {
                let names = kind.spec.outputs.iter().map(|p| p.name.as_str());
                let title = self.title(&wire.from.node);
                no_port(&title, "output", &wire.from.port, names).at_port(port)
            })?),
        };
        let input = match to {
            None => return Ok(()),
            Some(kind) => kind.spec.input(port).ok_or_else(|| {
                let names = kind.spec.inputs.iter().map(|p| p.name.as_str());
                no_port(&self.title(&wire.to.node), "input", port, names).at_port(port)
            })?,
        };
        match output {
            Some(output) if output.ty != input.ty => {
                let diagnostic = Diagnostic::error(
                    "wire.type",
                    format!(
                        "\"{}\" gives {}, but \"{}\" takes {}.",
                        self.title(&wire.from.node),
                        a(output.ty),
                        input.title,
                        a(input.ty)
                    ),
                    format!("Remove the wire, and connect {} here.", a(input.ty)),
                );
                Err(Finding::at_port(port, diagnostic))
            }
            _ => Ok(()),
        }
    }

    fn check_single_wires(&mut self) {
        for (id, ports) in &mut self.drawn {
            let Some(node) = self.document.nodes().get(*id) else { continue };
            let Some(kind) = catalogue::find(&node.kind) else { continue };
            for (port, wires) in ports {
                let Some(spec) = kind.spec.input(port).filter(|p| !p.many && wires.len() > 1) else {
                    continue;
                };
                let diagnostic = Diagnostic::error(
                    "wire.too_many",
                    format!("{} wires lead to \"{}\", which takes one.", wires.len(), spec.title),
                    "Remove all but one, or join the tables before.",
                );
                let all = self.document.wires().iter();
                for wire in all.filter(|w| w.to.node == **id && w.to.port == *port && wires.contains(&w.from))
                {
                    self.of_wires.entry(wire).or_default().push(diagnostic.clone());
                }
                self.findings.entry(id).or_default().push(Finding::at_port(port, diagnostic));
                wires.truncate(1);
            }
        }
    }

    fn put_in_order(&mut self) {
        for (id, ports) in &mut self.drawn {
            let Some(node) = self.document.nodes().get(*id) else { continue };
            let Some(kind) = catalogue::find(&node.kind) else { continue };
            for (port, wires) in ports {
                if kind.spec.input(port).is_some_and(|p| p.many) {
                    in_order(node, wires);
                }
            }
        }
    }

    /// Wires through which nothing comes, since what is before them is switched off and lets nothing through.
    fn check_bypassed(&mut self) {
        for wire in self.document.wires() {
            let is_drawn = self.drawn.get(&wire.to.node).and_then(|ports| ports.get(&wire.to.port));
            let is_silent = is_drawn.is_some_and(|wires| wires.contains(&wire.from))
                && !self.is_bypassed(&wire.to.node)
                && self.order.contains(&&wire.from.node)
                && self.through(&wire.from).is_none();
            if is_silent {
                let message =
                    format!("Nothing comes through: \"{}\" is switched off.", self.title(&wire.from.node));
                let diagnostic =
                    Diagnostic::warning("wire.silent", message, "Switch it on, or remove the wire.");
                self.of_wires.entry(wire).or_default().push(diagnostic);
            }
        }
    }

    /// What is wrong with wires, in their order.
    pub fn wire_findings(&self) -> Vec<WireFinding> {
        let told = |(wire, all): (&&Wire, &Vec<Diagnostic>)| -> Vec<WireFinding> {
            let node = Some(wire.to.node.0.clone());
            let one = |d: &Diagnostic| Diagnostic { node: node.clone(), ..d.clone() };
            all.iter().map(|d| WireFinding { wire: (**wire).clone(), diagnostic: one(d) }).collect()
        };
        self.of_wires.iter().flat_map(told).collect()
    }

    /// Kahn's algorithm over all wires, fitting or not, so that a circle is told even where a wire of it does not fit.
    fn sort(&mut self) {
        let mut before: BTreeMap<&NodeId, BTreeSet<&NodeId>> =
            self.document.nodes().keys().map(|id| (id, BTreeSet::new())).collect();
        let mut after: BTreeMap<&NodeId, BTreeSet<&NodeId>> = BTreeMap::new();
        for wire in self.document.wires() {
            before.entry(&wire.to.node).or_default().insert(&wire.from.node);
            after.entry(&wire.from.node).or_default().insert(&wire.to.node);
        }
        let mut ready: BTreeSet<&NodeId> =
            before.iter().filter(|(_, b)| b.is_empty()).map(|(id, _)| *id).collect();
        while let Some(id) = ready.pop_first() {
            self.order.push(id);
            before.remove(id);
            for next in after.get(id).into_iter().flatten() {
                if let Some(waits_for) = before.get_mut(next) {
                    waits_for.remove(id);
                    if waits_for.is_empty() {
                        ready.insert(next);
                    }
                }
            }
        }
        if let Some(circle) = circle(&before) {
            let names: Vec<String> = circle.iter().map(|id| format!("\"{}\"", self.title(id))).collect();
            let diagnostic = Diagnostic::error(
                "wire.circle",
                format!("{} depend on each other in a circle.", names.join(", ")),
                "Remove one of the wires between them: something must come first.",
            );
            let next =
                |id: &NodeId| circle.iter().position(|c| *c == id).map(|at| circle[(at + 1) % circle.len()]);
            for wire in self.document.wires().iter().filter(|w| next(&w.from.node) == Some(&w.to.node)) {
                self.of_wires.entry(wire).or_default().push(diagnostic.clone());
            }
            for id in circle {
                self.findings.entry(id).or_default().push(diagnostic.clone().into());
            }
        }
    }

    /// What comes into a node, seen through bypassed nodes. A wire from a bypassed node that lets nothing through is
    /// absent.
    pub fn inputs(&self, id: &NodeId) -> Wired {
        let Some(ports) = self.drawn.get(id) else { return Wired::new() };
        let seen = ports.iter().map(|(port, wires)| {
            let wires: Vec<PortRef> = wires.iter().filter_map(|from| self.through(from)).collect();
            (port.clone(), wires)
        });
        seen.filter(|(_, wires)| !wires.is_empty()).collect()
    }

    /// Whether anything is drawn to a port.
    pub fn is_wired(&self, id: &NodeId, port: &str) -> bool {
        self.drawn.get(id).is_some_and(|ports| ports.contains_key(port))
    }

    /// The port that something really comes from: a bypassed node lets the first input of the port's type through.
    pub fn through(&self, from: &PortRef) -> Option<PortRef> {
        let mut at = from.clone();
        // A circle of bypassed nodes would lead round for ever.
        for _ in 0..=self.document.nodes().len() {
            if !self.is_bypassed(&at.node) {
                return Some(at);
            }
            let spec = &self.kind(&at.node)?.spec;
            let ty = spec.output(&at.port)?.ty;
            let input = spec.inputs.iter().find(|p| p.ty == ty)?;
            at = self.drawn.get(&at.node)?.get(&input.name)?.first()?.clone();
        }
        None
    }
}

/// A circle among nodes each of which waits for another.
fn circle<'a>(before: &BTreeMap<&'a NodeId, BTreeSet<&'a NodeId>>) -> Option<Vec<&'a NodeId>> {
    let mut path: Vec<&NodeId> = Vec::new();
    let mut at = *before.keys().next()?;
    loop {
        if let Some(start) = path.iter().position(|id| *id == at) {
            let mut circle = path.split_off(start);
            circle.reverse();
            return Some(circle);
        }
        path.push(at);
        // All that is left waits for something that is left.
        at = before.get(at)?.iter().find(|id| before.contains_key(*id)).copied()?;
    }
}

struct NoPort(Diagnostic);

impl NoPort {
    fn at_port(self, port: &str) -> Finding {
        Finding::at_port(port, self.0)
    }
}

fn no_port<'n>(title: &str, what: &str, port: &str, names: impl Iterator<Item = &'n str>) -> NoPort {
    let remedy = match nearest(port, names) {
        Some(near) => format!("Remove the wire, or connect \"{near}\"."),
        None => "Remove the wire.".to_owned(),
    };
    NoPort(Diagnostic::error("wire.no_port", format!("\"{title}\" has no {what} \"{port}\"."), remedy))
}

/// A type with its article.
pub(super) fn a(ty: PortType) -> &'static str {
    match ty {
        PortType::Table => "a table",
        PortType::Target => "a target",
        PortType::Model => "a model",
        PortType::Scores => "scores",
        PortType::Report => "a report",
    }
}
