//! Looks a document over: what each node gets, whether it can be run, what will come out, and what its result depends on.

use super::cache::Cache;
use super::catalogue::{Does, Kind};
use super::chain::{self, Training};
use super::check;
use super::graph::{Graph, Wired};
use super::kinds::EngineKind;
use super::request::{heeded, question, trainer};
use super::sketch::{Sketches, sketch};
use super::supplied::{Supplied, wants};
use super::value::{Question, Sketch, json_bytes};
use crate::document::{NodeId, PipelineDocument, PortRef};
use crate::engine::protocol::{Wants, WireFinding};
use crate::kind::{Finding, Given, ORDER};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A node as it will be run.
pub(super) struct Planned {
    /// `None`: not known here.
    pub kind: Option<&'static Kind>,
    pub title: String,
    pub bypassed: bool,
    /// Without defaults.
    pub params: Map<String, Value>,
    /// What it is run on. For what trains: the table before the steps that are fitted in folds.
    pub inputs: Wired,
    pub findings: Vec<Finding>,
    pub wants: Option<Wants>,
    pub question: Option<Question>,
    pub training: Option<Training>,
    /// Hash of everything that its result depends on.
    pub key: Option<String>,
    /// One for each output.
    pub sketches: Vec<Sketch>,
    /// The node, by its title, without which it cannot be run.
    pub waits_for: Option<String>,
}

impl Planned {
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|f| f.diagnostic.is_error())
    }

    /// Could be run now, given those before it.
    pub fn is_runnable(&self) -> bool {
        self.key.is_some()
            && !self.bypassed
            && self.kind.is_some()
            && self.wants.is_none()
            && self.waits_for.is_none()
            && !self.has_errors()
    }

    /// The nodes whose results it is run on.
    pub fn needs(&self) -> Vec<&NodeId> {
        let trains = self.training.is_some();
        let ports = self.inputs.iter().filter(|(port, _)| !trains || *port == "table");
        let mut needs: Vec<&NodeId> = ports.flat_map(|(_, wires)| wires).map(|w| &w.node).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

/// Sketches that were made before, by key.
pub(super) type Memo = BTreeMap<String, Arc<Result<Vec<Sketch>, Vec<Finding>>>>;

/// What a plan may rest on.
pub(super) struct Known<'a> {
    pub supplied: &'a Supplied,
    pub cache: &'a Cache,
    /// Nodes that keep the result of this key.
    pub pinned: &'a BTreeMap<NodeId, String>,
}

/// A document as it will be run.
pub(super) struct Plan {
    pub hash: String,
    pub nodes: BTreeMap<NodeId, Planned>,
    /// Nodes after those that they need.
    pub order: Vec<NodeId>,
    pub in_folds: Vec<NodeId>,
    /// Where the outputs of bypassed nodes really come from.
    pub through: BTreeMap<PortRef, PortRef>,
    /// What is wrong with wires.
    pub findings: Vec<WireFinding>,
}

impl Plan {
    pub fn new(document: &PipelineDocument, known: &Known<'_>, memo: &mut Memo) -> Self {
        let graph = Graph::new(document);
        let order = graph.order.iter().map(|id| (*id).clone()).collect();
        let (hash, findings) = (document.hash().to_string(), graph.wire_findings());
        let mut plan = Self { hash, order, findings, ..Self::empty() };
        let mut kept = Memo::new();
        for id in &graph.order {
            let planned = plan.node(&graph, id, known, memo, &mut kept);
            plan.nodes.insert((*id).clone(), planned);
        }
        *memo = kept;
        // Nodes of circles come last, with nothing but their findings.
        for id in document.nodes().keys().filter(|id| !graph.order.contains(id)) {
            plan.nodes.insert(id.clone(), blank(&graph, id));
        }
        for planned in plan.nodes.values() {
            if let Some(training) = &planned.training {
                plan.in_folds.extend(training.chain.iter().filter(|c| c.is_fitted).map(|c| c.node.clone()));
            }
        }
        plan.in_folds.sort_unstable();
        plan.in_folds.dedup();
        plan
    }

    /// Of a document without nodes.
    pub fn empty() -> Self {
        Self {
            hash: String::new(),
            nodes: BTreeMap::new(),
            order: Vec::new(),
            in_folds: Vec::new(),
            through: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    /// The sketch of what comes out of a port.
    pub fn sketch(&self, from: &PortRef) -> Sketch {
        let Some(planned) = self.nodes.get(&from.node) else { return Sketch::Unknown };
        let place = planned.kind.and_then(|k| k.spec.outputs.iter().position(|p| p.name == from.port));
        place.and_then(|at| planned.sketches.get(at)).cloned().unwrap_or(Sketch::Unknown)
    }

    fn node(
        &mut self,
        graph: &Graph<'_>,
        id: &NodeId,
        known: &Known<'_>,
        memo: &Memo,
        kept: &mut Memo,
    ) -> Planned {
        let mut planned = blank(graph, id);
        let Some(kind) = planned.kind else { return planned };
        if planned.bypassed {
            for output in &kind.spec.outputs {
                let from = PortRef { node: id.clone(), port: output.name.clone() };
                if let Some(real) = graph.through(&from) {
                    planned.sketches.push(self.sketch(&real));
                    self.through.insert(from, real);
                } else {
                    planned.sketches.push(Sketch::Unknown);
                }
            }
            return planned;
        }
        let drawn = graph.inputs(id);
        let at_ports: Sketches = drawn
            .iter()
            .map(|(port, wires)| (port.clone(), wires.iter().map(|from| self.sketch(from)).collect()))
            .collect();
        if graph.is_wired(id, "target") {
            planned.params.retain(|name, _| !check::is_of_question(kind, name));
        }
        planned.question = self.question(kind, &planned.params, &drawn, &at_ports);
        planned.findings.extend(check::node(graph, id, kind, &at_ports, planned.question.as_ref()));
        planned.inputs = drawn;
        if let Some(trainer) = trainer(kind.does) {
            self.plan_training(graph, trainer, &mut planned);
        }
        self.rewind(kind, &mut planned);
        planned.wants =
            wants(&kind.spec, &planned.params).filter(|w| !known.supplied.contains_key(&w.source));
        planned.waits_for = self.waits_for(&planned);
        planned.key = self.key(kind, &planned, known);
        if let Some(pinned) = known.pinned.get(id).filter(|key| known.cache.get(key).is_some()) {
            planned.key = Some(pinned.clone());
        }
        self.look_ahead(kind, &mut planned, &at_ports, known, memo, kept);
        planned
    }

    /// What a node is asked to predict, or the model that comes in.
    fn question(
        &self,
        kind: &Kind,
        params: &Map<String, Value>,
        drawn: &Wired,
        at_ports: &Sketches,
    ) -> Option<Question> {
        let given = Given::new(&kind.spec, params);
        let Does::Engine(engine) = kind.does else { return None };
        let first = |port: &str| at_ports.get(port).and_then(|s| s.first());
        match engine {
            EngineKind::Question => Some(question(&given)),
            EngineKind::Learner(_) | EngineKind::Search => match first("target") {
                Some(Sketch::Target(question)) => Some(question.clone()),
                _ if drawn.contains_key("target") => None,
                // A parameter of a learner may be called as the weights are.
                _ if matches!(engine, EngineKind::Learner(_)) => {
                    Some(Question { weights: None, ..question(&given) })
                }
                _ => Some(question(&given)),
            },
            EngineKind::Ensemble => {
                let first = drawn.get("models")?.first()?;
                self.nodes.get(&first.node)?.question.clone()
            }
            _ => match first("model") {
                Some(Sketch::Model(question)) => Some(question.clone()),
                _ => None,
            },
        }
    }

    fn plan_training(&self, graph: &Graph<'_>, trainer: EngineKind, planned: &mut Planned) {
        let made = match trainer {
            EngineKind::Ensemble => chain::of_ensemble(self, planned),
            _ => chain::of_trainer(self, graph, trainer, planned),
        };
        match made {
            Ok((training, warnings)) => {
                planned.findings.extend(warnings);
                planned.inputs.insert("table".to_owned(), vec![training.base.clone()]);
                planned.training = Some(training);
            }
            Err(found) => planned.findings.extend(found),
        }
    }

    /// Where a model is given a table that has passed the model's own steps, the table before them is taken.
    fn rewind(&self, kind: &Kind, planned: &mut Planned) {
        if kind.spec.input("model").is_none() || kind.spec.input("table").is_none() {
            return;
        }
        let trained = planned.inputs.get("model").and_then(|w| w.first()).and_then(|m| self.training_of(m));
        let Some(training) = trained else { return };
        let chain: Vec<NodeId> = training.chain.iter().map(|c| c.node.clone()).collect();
        let base = training.base.clone();
        if let Some(table) = planned.inputs.get_mut("table").and_then(|w| w.first_mut())
            && chain.contains(&table.node)
        {
            *table = base.clone();
        }
        let judged = planned.inputs.get("table").and_then(|w| w.first());
        let judges = matches!(kind.does, Does::Engine(EngineKind::Evaluate | EngineKind::Importance));
        if judges && judged.is_some_and(|table| self.comes_from(&base, table)) {
            planned.findings.push(check::rows_of_training());
        }
    }

    /// Whether a table is made of another, or is that one.
    fn comes_from(&self, table: &PortRef, origin: &PortRef) -> bool {
        let (mut waiting, mut met) = (vec![table], BTreeSet::new());
        while let Some(at) = waiting.pop() {
            if at == origin {
                return true;
            }
            if met.insert(at) {
                let before = self.nodes.get(&at.node).map(|n| n.inputs.values().flatten());
                waiting.extend(before.into_iter().flatten());
            }
        }
        false
    }

    /// How the model that comes out of a port is trained.
    pub fn training_of(&self, from: &PortRef) -> Option<&Training> {
        let mut at = self.nodes.get(&from.node)?;
        // Files let models through; no more of them in a row than there are nodes.
        for _ in 0..=self.nodes.len() {
            if at.training.is_some() {
                return at.training.as_ref();
            }
            at = self.nodes.get(&at.inputs.get("model")?.first()?.node)?;
        }
        None
    }

    /// The first of what a node needs that cannot be run.
    fn waits_for(&self, planned: &Planned) -> Option<String> {
        let all = planned.inputs.values().flatten().map(|w| &w.node);
        let chain = planned.training.iter().flat_map(|t| t.chain.iter().map(|c| &c.node));
        let mut missing = all.chain(chain).filter_map(|id| self.nodes.get(id)).filter(|n| !n.is_runnable());
        missing.next().map(|n| n.title.clone())
    }

    /// BLAKE3 of the kind, its version, its parameters, and the keys at its inputs. Titles, places and bypassed nodes do
    /// not enter.
    fn key(&self, kind: &Kind, planned: &Planned, known: &Known<'_>) -> Option<String> {
        if planned.has_errors() || planned.waits_for.is_some() {
            return None;
        }
        let mut inputs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (port, wires) in &planned.inputs {
            let keys = wires.iter().map(|from| {
                let key = self.nodes.get(&from.node)?.key.as_ref()?;
                Some(format!("{key}.{}", from.port))
            });
            inputs.insert(port, keys.collect::<Option<Vec<String>>>()?);
        }
        let chain = planned.training.iter().flat_map(|t| &t.chain);
        let steps = chain.map(|c| self.nodes.get(&c.node)?.key.clone()).collect::<Option<Vec<String>>>()?;
        let data = match wants(&kind.spec, &planned.params) {
            Some(wants) => Some(known.supplied.get(&wants.source)?.key.as_str()),
            None if matches!(kind.does, Does::Source) => return None,
            None => None,
        };
        let parts = serde_json::json!({
            "engine": env!("CARGO_PKG_VERSION"),
            "kind": kind.spec.id,
            "version": kind.spec.version,
            "params": if data.is_some() { None } else { Some(&planned.params) },
            "inputs": inputs,
            "steps": steps,
            "data": data,
        });
        Some(blake3::hash(&json_bytes(&parts)).to_hex().to_string())
    }

    /// What will come out: as it came out before, or by a run without rows, whose errors are the node's.
    fn look_ahead(
        &self,
        kind: &'static Kind,
        planned: &mut Planned,
        at_ports: &Sketches,
        known: &Known<'_>,
        memo: &Memo,
        kept: &mut Memo,
    ) {
        let question = planned.question.as_ref();
        let cached = planned.key.as_ref().and_then(|key| known.cache.get(key));
        if let Some(entry) = cached {
            planned.sketches = entry.values.iter().map(|v| Sketch::of(v, question)).collect();
            return;
        }
        if let Does::Source = kind.does {
            let wants = wants(&kind.spec, &planned.params);
            let table = wants.and_then(|w| known.supplied.get(&w.source)).map(|s| s.value.table.take(&[]));
            planned.sketches = vec![table.map_or(Sketch::Unknown, |t| Sketch::Table(Arc::new(t)))];
            return;
        }
        if planned.has_errors() {
            planned.sketches = vec![Sketch::Unknown; kind.spec.outputs.len()];
            return;
        }
        let remembered = planned.key.as_ref().and_then(|key| memo.get(key)).cloned();
        let made = remembered.unwrap_or_else(|| {
            Arc::new(sketch(kind, &Given::new(&kind.spec, &planned.params), at_ports, question))
        });
        if let Some(key) = &planned.key {
            kept.insert(key.clone(), made.clone());
        }
        match made.as_ref() {
            Ok(sketches) => planned.sketches.clone_from(sketches),
            Err(found) => {
                planned.findings.extend(found.iter().cloned());
                planned.sketches = vec![Sketch::Unknown; kind.spec.outputs.len()];
                if planned.has_errors() {
                    planned.key = None;
                }
            }
        }
    }
}

/// A node with what wires alone tell.
fn blank(graph: &Graph<'_>, id: &NodeId) -> Planned {
    let node = graph.document.nodes().get(id);
    let kind = graph.kind(id);
    let mut params = match (kind, node) {
        (Some(kind), Some(node)) => heeded(&kind.spec, &node.params),
        _ => Map::new(),
    };
    if kind.is_some_and(|k| k.spec.inputs.iter().any(|p| p.many)) {
        // The inputs are in this order already.
        params.remove(ORDER);
    }
    let mut findings = graph.findings.get(id).cloned().unwrap_or_default();
    if let (None, Some(node)) = (kind, node) {
        findings.push(check::unknown(node).into());
    }
    Planned {
        kind,
        title: graph.title(id),
        bypassed: node.is_some_and(|n| n.bypassed),
        params,
        inputs: Wired::new(),
        findings,
        wants: None,
        question: None,
        training: None,
        key: None,
        sketches: Vec::new(),
        waits_for: None,
    }
}
