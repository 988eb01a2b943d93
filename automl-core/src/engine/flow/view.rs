//! Nodes as fronts see them.

use super::cache::Entry;
use super::plan::{Plan, Planned};
use super::supplied::wants;
use super::value::{Value, schema};
use super::workspace::Workspace;
use crate::document::{NodeId, PortRef};
use crate::engine::protocol::{NodeState, NodeView, OutputView};

impl Workspace {
    pub(super) fn view(&self, plan: &Plan, id: &NodeId) -> NodeView {
        let Some(planned) = plan.nodes.get(id) else { return NodeView::default() };
        let entry = planned.key.as_ref().and_then(|key| self.cache.get(key));
        let failure = planned.key.as_ref().and_then(|key| self.failures.get(key));
        let last = || self.last.get(id).and_then(|key| self.cache.get(key));
        let state = self.state(planned, id, entry.is_some(), failure.is_some());
        let shown = if state == NodeState::Bypassed { None } else { entry.or_else(last) };
        let mut findings = planned.findings.clone();
        findings.extend(entry.map(|e| e.findings.clone()).or_else(|| failure.cloned()).unwrap_or_default());
        NodeView {
            state,
            share: self.run.as_ref().and_then(|run| run.share(id)).filter(|_| state == NodeState::Running),
            text: self.text(planned, id, state, shown),
            findings,
            outputs: self.outputs(plan, planned, id, shown),
            wants: planned.wants.clone(),
            key: planned.key.clone().unwrap_or_default(),
            digest: shown.map_or(String::new(), |e| e.digest.clone()),
            secs: entry.map(|e| e.secs),
            bytes: entry.map(|e| e.bytes),
            peak_bytes: entry.map(|e| e.peak_bytes),
            brought: shown.is_some_and(|e| e.brought),
        }
    }

    fn state(&self, planned: &Planned, id: &NodeId, has_result: bool, has_failed: bool) -> NodeState {
        if planned.kind.is_none() {
            return NodeState::Unknown;
        }
        if planned.bypassed {
            return NodeState::Bypassed;
        }
        if let Some(state) = self.run.as_ref().and_then(|run| run.state(id, planned.key.as_deref())) {
            return state;
        }
        match () {
            () if has_result => NodeState::Done,
            () if has_failed => NodeState::Failed,
            () if !planned.is_runnable() => NodeState::NotSet,
            () if self.last.contains_key(id) => NodeState::Stale,
            () => NodeState::Ready,
        }
    }

    fn text(&self, planned: &Planned, id: &NodeId, state: NodeState, shown: Option<&Entry>) -> String {
        if state == NodeState::Running {
            return self.run.as_ref().map_or(String::new(), |run| run.text(id));
        }
        let failed = self.run.as_ref().and_then(|run| run.passed_over(id));
        match (state, &planned.wants, &planned.waits_for) {
            (NodeState::Done | NodeState::Stale, ..) => {
                shown.and_then(|e| e.values.first()).map_or(String::new(), Value::text)
            }
            (NodeState::NotSet, Some(wants), _) => format!("waits for {}", wants.name),
            (NodeState::NotSet, None, Some(title)) if !planned.has_errors() => format!("waits for {title}"),
            (NodeState::Ready, ..) => {
                failed.map_or_else(|| self.size(planned), |title| format!("not run: {title} failed"))
            }
            _ => String::new(),
        }
    }

    /// The size of the table that a source has been given; of other nodes nothing.
    fn size(&self, planned: &Planned) -> String {
        let wants = planned.kind.and_then(|kind| wants(&kind.spec, &planned.params));
        let supplied = wants.and_then(|wants| self.supplied.get(&wants.source));
        supplied.map_or(String::new(), |s| Value::Table(s.value.clone()).text())
    }

    fn outputs(&self, plan: &Plan, planned: &Planned, id: &NodeId, shown: Option<&Entry>) -> Vec<OutputView> {
        let Some(kind) = planned.kind else { return Vec::new() };
        let output = |(at, port): (usize, &crate::kind::PortSpec)| {
            let from = PortRef { node: id.clone(), port: port.name.clone() };
            // A bypassed node shows what it lets through.
            let value = match plan.through.get(&from) {
                Some(real) => self.value(&real.node.0, &real.port),
                None => shown.and_then(|e| e.values.get(at)),
            };
            let table = value.and_then(Value::table).map(|t| &t.table);
            OutputView {
                port: port.name.clone(),
                schema: planned
                    .sketches
                    .get(at)
                    .and_then(super::value::Sketch::schema)
                    .or_else(|| table.map(|t| schema(t))),
                rows: table.map(|t| t.rows as u64),
                has_result: value.is_some(),
            }
        };
        kind.spec.outputs.iter().enumerate().map(output).collect()
    }
}
