//! Runs a document: a state machine that does one part of the work at a time, in whatever order is ready, which decides
//! no result.

use super::cache::Entry;
use super::current::Current;
use super::judge;
use super::plan::{Plan, Planned};
use super::value::{Value, short};
use super::work::{RunResult, Values};
use super::workspace::Workspace;
use crate::diagnostic::Diagnostic;
use crate::document::{NodeId, PipelineDocument};
use crate::engine::protocol::{Board, FlowEvent, NodeState, Pins, RunEnd, StudyRequest};
use crate::engine::{Outcome, Prepared, prepare_within};
use crate::kind::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a front asks to be run.
#[derive(Debug, Clone, Default)]
pub struct RunRequest {
    /// These and all that they need; none: everything.
    pub nodes: Vec<String>,
    /// Keep the results that they have.
    pub pinned: Pins,
    /// Are run even if they have results.
    pub afresh: Vec<String>,
}

/// A study that the caller runs; its outcome goes to [`Workspace::trained`].
#[derive(Debug)]
pub struct StudyToRun {
    pub node: String,
    pub prepared: Prepared,
    pub request: StudyRequest,
}

/// What a step did.
#[derive(Debug, Default)]
pub struct Stepped {
    pub events: Vec<FlowEvent>,
    pub study: Option<StudyToRun>,
}

/// A study under way.
struct Studying {
    node: NodeId,
    began: f64,
    share: f64,
    text: String,
}

/// A run under way.
pub(super) struct Run {
    pub(super) plan: Arc<Plan>,
    /// In the order of the plan.
    todo: Vec<NodeId>,
    pub(super) current: Option<Current>,
    study: Option<Studying>,
    /// Nodes that gave nothing, and nodes that were passed over for one of them: by the title of the one that failed.
    lost: BTreeMap<NodeId, String>,
    began: f64,
    ran: u32,
    kept: u32,
    failed: u32,
}

impl Run {
    fn key(&self, id: &NodeId) -> Option<&String> {
        self.plan.nodes.get(id)?.key.as_ref()
    }

    /// Keys of results that what is left will be run on.
    pub fn needed(&self) -> BTreeSet<String> {
        let current = self.current.iter().map(|c| &c.node);
        let left = self.todo.iter().chain(current).filter_map(|id| self.plan.nodes.get(id));
        left.flat_map(Planned::needs).filter_map(|id| self.key(id).cloned()).collect()
    }

    fn is_under_way(&self, id: &NodeId) -> bool {
        self.current.as_ref().is_some_and(|c| c.node == *id)
            || self.study.as_ref().is_some_and(|s| s.node == *id)
    }

    /// How a node stands in the run, if its state is the one that is run.
    pub fn state(&self, id: &NodeId, key: Option<&str>) -> Option<NodeState> {
        if key.is_none() || self.key(id).map(String::as_str) != key {
            return None;
        }
        if self.is_under_way(id) {
            return Some(NodeState::Running);
        }
        self.todo.contains(id).then_some(NodeState::Waiting)
    }

    pub fn share(&self, id: &NodeId) -> Option<f64> {
        match (&self.study, &self.current) {
            (Some(study), _) if study.node == *id => Some(study.share),
            (_, Some(current)) if current.node == *id => current.work.as_ref().map(|w| w.share()),
            _ => None,
        }
    }

    pub fn text(&self, id: &NodeId) -> String {
        match &self.study {
            Some(study) if study.node == *id => study.text.clone(),
            _ => String::new(),
        }
    }

    /// The title of the node for whose failure this one was passed over.
    pub fn passed_over(&self, id: &NodeId) -> Option<&str> {
        self.lost.get(id).map(String::as_str)
    }
}

impl Workspace {
    /// Begins a run, in place of one that is under way.
    pub fn run(&mut self, document: &PipelineDocument, asked: &RunRequest, now: f64) -> Vec<FlowEvent> {
        let mut events = self.stop(now);
        self.pin(&asked.pinned);
        self.document_is(document);
        for id in asked.afresh.iter().filter(|id| !asked.pinned.contains_key(*id)) {
            let key = self.plan.nodes.get(&NodeId(id.clone())).and_then(|n| n.key.clone());
            if let Some(key) = key {
                self.cache.remove(&key);
            }
        }
        self.failures.clear();
        self.document_is(document);
        let plan = self.plan.clone();
        let named = |id: &&NodeId| asked.nodes.is_empty() || asked.nodes.contains(&id.0);
        let wanted: Vec<&NodeId> = plan.order.iter().filter(named).collect();
        let (todo, kept, runnable) = self.selected(&plan, &wanted);
        let mut run = Run {
            plan: plan.clone(),
            todo,
            current: None,
            study: None,
            lost: BTreeMap::new(),
            began: now,
            ran: 0,
            kept,
            failed: 0,
        };
        if !runnable {
            events.push(FlowEvent::Planned { plan: Box::new(self.plan_view()) });
            events.push(ended(&run, RunEnd::Refused, now));
            return events;
        }
        for planned in run.todo.iter().filter_map(|id| plan.nodes.get(id)) {
            planned.needs().into_iter().filter_map(|id| run.key(id)).for_each(|key| self.cache.touch(key));
        }
        run.todo.dedup();
        let todo = run.todo.clone();
        self.run = Some(run);
        events.push(FlowEvent::Planned { plan: Box::new(self.plan_view()) });
        events.extend(todo.iter().map(|id| self.node_event(&plan, id)));
        events
    }

    /// What is to be run of the wanted nodes and of all that they need, how many have their results, and whether any
    /// can be run at all.
    fn selected(&self, plan: &Plan, wanted: &[&NodeId]) -> (Vec<NodeId>, u32, bool) {
        let mut chosen: BTreeSet<&NodeId> = BTreeSet::new();
        let mut waiting: Vec<&NodeId> = wanted.to_vec();
        let (mut kept, mut runnable) = (0, false);
        let mut met: BTreeSet<&NodeId> = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            let Some(planned) = plan.nodes.get(id).filter(|p| p.is_runnable()) else { continue };
            if !met.insert(id) {
                continue;
            }
            runnable = true;
            if planned.key.as_ref().is_some_and(|key| self.cache.get(key).is_some()) {
                kept += 1;
                continue;
            }
            chosen.insert(id);
            waiting.extend(planned.needs());
        }
        (plan.order.iter().filter(|id| chosen.contains(id)).cloned().collect(), kept, runnable)
    }

    /// Ends the run. What is done stays done. Whoever runs the study drops it.
    pub fn stop(&mut self, now: f64) -> Vec<FlowEvent> {
        let Some(run) = self.run.take() else { return Vec::new() };
        self.end(&run, RunEnd::Stopped, now)
    }

    fn end(&mut self, run: &Run, end: RunEnd, now: f64) -> Vec<FlowEvent> {
        // Columns are known better now than before.
        self.replan();
        vec![ended(run, end, now), FlowEvent::Planned { plan: Box::new(self.plan_view()) }]
    }

    /// The node whose study is under way.
    pub fn studying(&self) -> Option<&str> {
        self.run.as_ref()?.study.as_ref().map(|s| s.node.0.as_str())
    }

    /// Whether [`Workspace::step`] has something to do at once. `can_study`: the caller could begin a study.
    pub fn has_work(&self, can_study: bool) -> bool {
        let Some(run) = &self.run else { return false };
        if run.current.as_ref().is_some_and(|c| c.away.is_some()) {
            return false;
        }
        run.current.is_some()
            || run.study.is_none() && run.todo.is_empty()
            || self.next_ready(run, can_study).is_some()
    }

    /// The first node that can be run now.
    fn next_ready(&self, run: &Run, can_study: bool) -> Option<NodeId> {
        let may = |id: &&NodeId| {
            let Some(planned) = run.plan.nodes.get(*id) else { return false };
            let trains = planned.training.is_some();
            let has_result = |need: &&NodeId| run.key(need).is_some_and(|key| self.cache.get(key).is_some());
            let lost = planned.needs().iter().any(|need| run.lost.contains_key(*need));
            lost || planned.needs().iter().all(has_result) && (!trains || can_study && run.study.is_none())
        };
        run.todo.iter().find(may).cloned()
    }

    /// Does the next part of the run: begins a node, works on it, or gives a study to run where `can_study`.
    pub fn step(&mut self, can_study: bool, now: f64) -> Stepped {
        if !self.has_work(can_study) {
            return Stepped::default();
        }
        let Some(mut run) = self.run.take() else { return Stepped::default() };
        if let Some(current) = run.current.take() {
            self.run = Some(run);
            return self.work_on(current, now);
        }
        if let Some(id) = self.next_ready(&run, can_study) {
            run.todo.retain(|t| *t != id);
            let plan = run.plan.clone();
            let lost =
                plan.nodes.get(&id).and_then(|p| p.needs().iter().find_map(|n| run.lost.get(*n)).cloned());
            if let Some(title) = lost {
                run.lost.insert(id.clone(), title);
            } else if run.key(&id).is_some_and(|key| self.cache.get(key).is_some()) {
                // Another node of the same content was run before.
                run.kept += 1;
                self.last.extend(run.key(&id).map(|key| (id.clone(), key.clone())));
            } else {
                run.current = Some(Current::new(id.clone()));
            }
            self.run = Some(run);
            return Stepped { events: vec![self.node_event(&plan, &id)], study: None };
        }
        if run.todo.is_empty() && run.study.is_none() {
            return Stepped { events: self.end(&run, RunEnd::Done, now), study: None };
        }
        self.run = Some(run);
        Stepped::default()
    }

    /// What comes into a node.
    pub(super) fn values(&self, plan: &Plan, planned: &Planned) -> Values {
        let value = |from: &crate::document::PortRef| {
            let source = plan.nodes.get(&from.node)?;
            let at = source.kind?.spec.outputs.iter().position(|p| p.name == from.port)?;
            self.cache.get(source.key.as_ref()?)?.values.get(at).cloned()
        };
        let ports = planned.inputs.iter();
        ports.map(|(port, wires)| (port.clone(), wires.iter().filter_map(value).collect())).collect()
    }

    pub(super) fn begin_study(&mut self, id: &NodeId, planned: &Planned, now: f64) -> Stepped {
        let Some(plan) = self.run.as_ref().map(|run| run.plan.clone()) else { return Stepped::default() };
        let values = self.values(&plan, planned);
        let table = values.get("table").and_then(|v| v.first()).and_then(Value::table).cloned();
        let (Some(table), Some(training)) = (table, &planned.training) else {
            self.done(&plan, id, Err(Vec::new()), 0.0);
            return Stepped { events: vec![self.node_event(&plan, id)], study: None };
        };
        let next = table.read.as_ref().clone();
        match prepare_within(&table.table, next, &training.request, self.memory) {
            Ok(prepared) => {
                if let Some(run) = &mut self.run {
                    let node = id.clone();
                    run.study = Some(Studying { node, began: now, share: 0.0, text: String::new() });
                }
                let study = StudyToRun { node: id.0.clone(), prepared, request: training.request.clone() };
                Stepped { events: vec![self.node_event(&plan, id)], study: Some(study) }
            }
            Err(found) => {
                let found = found.into_iter().map(|d| at_place(planned, d)).collect();
                self.done(&plan, id, Err(found), 0.0);
                Stepped { events: vec![self.node_event(&plan, id)], study: None }
            }
        }
    }

    /// The study under way has a new board.
    pub fn study_board(&mut self, board: Board) -> Vec<FlowEvent> {
        let Some(run) = &mut self.run else { return Vec::new() };
        let Some(study) = &mut run.study else { return Vec::new() };
        study.share = board.progress;
        study.text =
            board.best_score.map_or(String::new(), |s| format!("{} {}", board.metric_title, short(s)));
        let (id, plan) = (study.node.clone(), run.plan.clone());
        let told = FlowEvent::Board { node: id.0.clone(), board: Box::new(board) };
        vec![told, self.node_event(&plan, &id)]
    }

    /// The study under way has ended.
    pub fn trained(&mut self, outcome: Result<Outcome, Diagnostic>, now: f64) -> Vec<FlowEvent> {
        let Some(run) = &mut self.run else { return Vec::new() };
        let Some(study) = run.study.take() else { return Vec::new() };
        let plan = run.plan.clone();
        let Some(planned) = plan.nodes.get(&study.node) else { return Vec::new() };
        let ports = planned.kind.map_or(0, |k| k.spec.outputs.len());
        let mut events = Vec::new();
        let result = match outcome {
            Ok(outcome) => {
                let board = Box::new(outcome.board.clone());
                events.push(FlowEvent::Board { node: study.node.0.clone(), board });
                let found = outcome.verdict.diagnostics.iter().cloned();
                let findings = found.map(|d| at_place(planned, d)).collect();
                Ok(super::work::Ran { values: judge::outputs(outcome, ports), findings })
            }
            Err(diagnostic) => Err(vec![at_place(planned, diagnostic)]),
        };
        self.done(&plan, &study.node, result, now - study.began);
        events.push(self.node_event(&plan, &study.node));
        events
    }

    pub(super) fn done(&mut self, plan: &Plan, id: &NodeId, result: RunResult, secs: f64) {
        let Some(planned) = plan.nodes.get(id) else { return };
        let Some(key) = planned.key.clone() else { return };
        match result {
            Ok(ran) => {
                let mut entry = Entry::new(ran.values, ran.findings, secs, self.cache.bytes());
                // What is made of something that was brought is no more sure than that.
                let brought = |key: &String| self.cache.get(key).is_some_and(|e| e.brought);
                let keys = planned.needs().into_iter().filter_map(|n| plan.nodes.get(n)?.key.as_ref());
                entry.brought = keys.into_iter().any(brought);
                self.put(&key, entry);
                self.last.insert(id.clone(), key);
                if let Some(run) = &mut self.run {
                    run.ran += 1;
                }
            }
            Err(found) => {
                self.failures.insert(key, found);
                if let Some(run) = &mut self.run {
                    run.failed += 1;
                    run.lost.insert(id.clone(), planned.title.clone());
                }
            }
        }
    }
}

/// What a study says, at the parameter that it is about, or else at the node that it names.
fn at_place(planned: &Planned, diagnostic: Diagnostic) -> Finding {
    let word = diagnostic.code.split('.').next().unwrap_or_default().to_owned();
    let field = planned.kind.and_then(|k| k.spec.field(&word)).map(|f| f.name.clone());
    match field {
        Some(name) => Finding::at_param(&name, diagnostic),
        None => diagnostic.into(),
    }
}

fn ended(run: &Run, end: RunEnd, now: f64) -> FlowEvent {
    let secs = (now - run.began).max(0.0);
    FlowEvent::Ended { end, ran: run.ran, kept: run.kept, failed: run.failed, secs }
}
