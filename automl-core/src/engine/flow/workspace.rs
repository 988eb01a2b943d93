//! Documents, tables and results of one front.

use super::cache::{Cache, Entry};
use super::plan::{Known, Memo, Plan};
use super::runner::Run;
use super::supplied::{Supplied, SuppliedTable};
use super::value::Value;
use crate::document::{NodeId, PipelineDocument, PortRef};
use crate::engine::protocol::{FlowEvent, Pins, PlanView};
use crate::kind::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of results that a tab keeps in memory.
pub const TAB_CACHE_BYTES: u64 = 512 << 20;

/// See the module. Does no I/O: tables are supplied, studies are run by the caller, time is told.
pub struct Workspace {
    pub(super) supplied: Supplied,
    pub(super) cache: Cache,
    memo: Memo,
    document: PipelineDocument,
    pub(super) plan: Arc<Plan>,
    /// The key of the last result of each node.
    pub(super) last: BTreeMap<NodeId, String>,
    /// Why nodes gave nothing, by key.
    pub(super) failures: BTreeMap<String, Vec<Finding>>,
    /// Nodes that keep a result, with its key where the front knows it.
    pub(super) pinned: BTreeMap<NodeId, String>,
    pub(super) run: Option<Run>,
    /// Batches that were given away so far.
    pub(super) tickets: u64,
    /// Bytes of memory for a study; `None`: no limit.
    pub(super) memory: Option<u64>,
}

impl Workspace {
    /// `cache_bytes`: how much results may take; `memory`: bytes of memory for a study, as
    /// [`crate::engine::prepare_within`] takes them.
    pub fn new(cache_bytes: u64, memory: Option<u64>) -> Self {
        let mut workspace = Self {
            supplied: Supplied::new(),
            cache: Cache::new(cache_bytes),
            memo: Memo::new(),
            document: PipelineDocument::default(),
            plan: Arc::new(Plan::empty()),
            last: BTreeMap::new(),
            failures: BTreeMap::new(),
            pinned: BTreeMap::new(),
            run: None,
            tickets: 0,
            memory,
        };
        workspace.replan();
        workspace
    }

    /// Brings a table from outside, under the name by which the plan wants it.
    pub fn supply(&mut self, source: &str, table: SuppliedTable) {
        self.supplied.insert(source.to_owned(), table);
        self.replan();
    }

    /// Nodes that keep the results that they have, whatever changes before them, from the next plan on.
    pub fn pin(&mut self, nodes: &Pins) {
        self.pinned = nodes.iter().map(|(id, key)| (NodeId(id.clone()), key.clone())).collect();
    }

    /// Looks a document over. Nothing is run.
    pub fn plan(&mut self, document: &PipelineDocument) -> PlanView {
        self.document = document.clone();
        self.replan();
        self.plan_view()
    }

    /// The plan of the document that was looked over last, as it stands now.
    pub fn plan_view(&self) -> PlanView {
        let nodes = self.plan.nodes.keys().map(|id| (id.0.clone(), self.view(&self.plan, id)));
        PlanView {
            hash: self.plan.hash.clone(),
            nodes: nodes.collect(),
            findings: self.plan.findings.clone(),
            in_folds: self.plan.in_folds.iter().map(|id| id.0.clone()).collect(),
        }
    }

    pub(super) fn replan(&mut self) {
        self.look_over();
        if self.drop_misfits() {
            self.look_over();
        }
    }

    fn look_over(&mut self) {
        let kept = |(id, key): (&NodeId, &String)| {
            let known = [Some(key), self.last.get(id)].into_iter().flatten();
            let kept = known.into_iter().find(|key| self.cache.get(key).is_some())?;
            Some((id.clone(), kept.clone()))
        };
        let pinned = self.pinned.iter().filter_map(kept).collect();
        let known = Known { supplied: &self.supplied, cache: &self.cache, pinned: &pinned };
        self.plan = Arc::new(Plan::new(&self.document, &known, &mut self.memo));
        // What is there already, from before or from elsewhere, is a node's last result.
        for (id, planned) in &self.plan.nodes {
            if let Some(key) = planned.key.as_ref().filter(|key| self.cache.get(key).is_some()) {
                self.last.insert(id.clone(), key.clone());
            }
        }
        let ids = &self.plan.nodes;
        self.last.retain(|id, _| ids.contains_key(id));
    }

    pub(super) fn document_is(&mut self, document: &PipelineDocument) {
        self.document = document.clone();
        self.replan();
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Keys of all results that the document's nodes could have.
    pub(super) fn current_keys(&self) -> BTreeSet<String> {
        let planned = self.plan.nodes.values().filter_map(|n| n.key.clone());
        planned.chain(self.last.values().cloned()).collect()
    }

    pub(super) fn put(&mut self, key: &str, entry: Entry) {
        let needed = self.run.as_ref().map(Run::needed).unwrap_or_default();
        let current = self.current_keys();
        self.cache.put(key, entry, &current, &needed);
    }

    /// The result of a node: of its present state, or else its last one.
    pub(super) fn result(&self, id: &NodeId) -> Option<&Entry> {
        let key = self.plan.nodes.get(id).and_then(|n| n.key.as_ref());
        let present = key.and_then(|key| self.cache.get(key));
        present.or_else(|| self.cache.get(self.last.get(id)?))
    }

    /// What came out of a port.
    pub(super) fn value(&self, node: &str, port: &str) -> Option<&Value> {
        let mut from = PortRef::new(node, port);
        if let Some(real) = self.plan.through.get(&from) {
            from = real.clone();
        }
        let kind = self.plan.nodes.get(&from.node)?.kind?;
        let at = kind.spec.outputs.iter().position(|p| p.name == from.port)?;
        self.result(&from.node)?.values.get(at)
    }

    pub(super) fn node_event(&self, plan: &Plan, id: &NodeId) -> FlowEvent {
        FlowEvent::Node { node: id.0.clone(), view: Box::new(self.view(plan, id)) }
    }
}
