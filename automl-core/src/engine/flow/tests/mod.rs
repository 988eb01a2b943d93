//! Pipelines planned and run by hand.

mod any;
mod batches;
mod brought;
mod plan;
mod run;
mod whole;

use super::*;
use crate::document::{Edit, Node, NodeId, PipelineDocument, PortRef, Wire};
use crate::engine::protocol::{FlowEvent, Look, NodeState, Pins, PlanView, RunEnd};
use crate::engine::tests::{csv, run as run_study, table};
use crate::model::Task;
use crate::table::{Format, ReadOptions, read};
use serde_json::{Value, json};
use std::sync::Arc;

/// Nodes as (id, kind, parameters), wires as `from.port to.port`.
pub(super) fn document(nodes: &[(&str, &str, Value)], wires: &[&str]) -> PipelineDocument {
    let mut document = PipelineDocument::default();
    let mut edits = Vec::new();
    for (id, kind, params) in nodes {
        let mut node = Node::new(*kind, 1);
        node.params = params.as_object().cloned().unwrap_or_default();
        edits.push(Edit::AddNode { id: NodeId((*id).to_owned()), node, place: None });
    }
    for wire in wires {
        let port = |text: &str| {
            let (node, port) = text.split_once('.').expect("node.port");
            PortRef::new(node, port)
        };
        let (from, to) = wire.split_once(' ').expect("from to");
        edits.push(Edit::Connect { wire: Wire { from: port(from), to: port(to) } });
    }
    document.apply(Edit::All { edits }).expect("a sound document");
    document
}

pub(super) fn supplied(text: &str) -> SuppliedTable {
    let options = ReadOptions::default();
    let (table, report) = read(text.as_bytes(), Format::Csv, &options);
    SuppliedTable::new(table, report, &options)
}

/// A workspace whose studies are run at once.
pub(super) struct Desk {
    pub workspace: Workspace,
    pub told: Vec<FlowEvent>,
    pub ended: Option<(RunEnd, u32, u32, u32)>,
}

impl Desk {
    pub fn new() -> Self {
        Self { workspace: Workspace::new(TAB_CACHE_BYTES, None), told: Vec::new(), ended: None }
    }

    /// With `shop.csv`.
    pub fn with_shop(task: Task) -> Self {
        let mut desk = Self::new();
        desk.workspace.supply("file:shop.csv", supplied(&csv(task)));
        desk
    }

    pub fn run(&mut self, document: &PipelineDocument) -> PlanView {
        self.run_asked(document, &RunRequest::default())
    }

    pub fn run_asked(&mut self, document: &PipelineDocument, asked: &RunRequest) -> PlanView {
        let begun = self.workspace.run(document, asked, 0.0);
        self.hear(begun);
        for number in 0..100_000 {
            if !self.workspace.is_running() {
                return self.workspace.plan_view();
            }
            assert!(self.workspace.has_work(true), "a run that cannot go on");
            let stepped = self.workspace.step(true, f64::from(number));
            self.hear(stepped.events);
            if let Some(study) = stepped.study {
                let outcome = run_study(&Arc::new(study.prepared), &study.request, 2);
                let events = self.workspace.trained(outcome, f64::from(number) + 0.5);
                self.hear(events);
            }
        }
        panic!("the run does not end");
    }

    fn hear(&mut self, events: Vec<FlowEvent>) {
        for event in &events {
            if let FlowEvent::Ended { end, ran, kept, failed, .. } = event {
                self.ended = Some((*end, *ran, *kept, *failed));
            }
        }
        self.told.extend(events);
    }
}

/// `node: code@place` of every finding that is an error or a warning.
pub(super) fn found(plan: &PlanView) -> Vec<String> {
    let mut out = Vec::new();
    for (id, view) in &plan.nodes {
        for f in view.findings.iter().filter(|f| f.diagnostic.severity > crate::diagnostic::Severity::Info) {
            let place = f.param.clone().or(f.port.clone()).unwrap_or_default();
            assert!(!f.diagnostic.remedy.is_empty(), "{f:?}");
            out.push(format!("{id}: {}@{place}", f.diagnostic.code));
        }
    }
    out
}

pub(super) fn states(plan: &PlanView) -> Vec<(String, NodeState)> {
    plan.nodes.iter().map(|(id, v)| (id.clone(), v.state)).collect()
}

pub(super) fn all_done(plan: &PlanView) {
    for (id, view) in &plan.nodes {
        assert_eq!(view.state, NodeState::Done, "{id}: {:?}", view.findings);
    }
}
