//! How a run ended, in a few words, and where to look.

use super::words::name_of;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::engine::protocol::{NodeState, NodeView, RunEnd};
use automl_core::kind::{KindSpec, PortSpec, PortType};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub end: RunEnd,
    pub ran: u32,
    pub kept: u32,
    pub failed: u32,
}

impl Ended {
    pub fn has_failed(self) -> bool {
        self.failed > 0 || self.end == RunEnd::Refused
    }

    /// In a few words: the same for all who read, hear or see them.
    pub fn words(self) -> String {
        let (ran, failed) = (self.ran, self.failed);
        match (self.end, ran, failed) {
            (RunEnd::Refused, ..) => "Nothing could be run".to_owned(),
            (RunEnd::Stopped, ..) => format!("Stopped: {ran} done"),
            (RunEnd::Done, _, 1..) => format!("Run ended: {failed} of {} failed", ran + failed),
            (RunEnd::Done, 0, _) => "Run ended: all was up to date".to_owned(),
            (RunEnd::Done, ..) => format!("Run ended: {ran} done"),
        }
    }
}

/// What a port's result is worth looking at first.
fn rank(ty: PortType) -> u32 {
    match ty {
        PortType::Scores => 4,
        PortType::Model => 3,
        PortType::Report => 2,
        PortType::Table => 1,
        PortType::Target => 0,
    }
}

/// What is looked at first of what comes out of a kind: the report, whose chart is read at once, rather than the table
/// that it was drawn from.
pub fn shown_first(kind: &KindSpec) -> Option<&PortSpec> {
    let first = kind.outputs.first()?;
    let report = kind.outputs.iter().find(|p| first.ty == PortType::Table && p.ty == PortType::Report);
    Some(report.unwrap_or(first))
}

/// A node that a run of everything passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    pub node: NodeId,
    pub name: String,
    pub why: String,
}

/// The nodes that could not be run for want of something of their own, in the order of their names; those that only wait
/// for one of these, or for a table from outside, are not among them.
pub fn passed_over(
    document: &PipelineDocument,
    kinds: &BTreeMap<String, Arc<KindSpec>>,
    views: &BTreeMap<NodeId, Arc<NodeView>>,
) -> Vec<PassedOver> {
    let one = |(id, view): (&NodeId, &Arc<NodeView>)| {
        // A view may outlast its node for a moment.
        let is_there = document.nodes().contains_key(id) && view.wants.is_none();
        let is_left = is_there && matches!(view.state, NodeState::NotSet | NodeState::Unknown);
        let wrong = view.findings.iter().map(|f| &f.diagnostic).find(|d| is_left && d.is_error())?;
        let why = format!("{} {}", wrong.message, wrong.remedy);
        Some(PassedOver { node: id.clone(), name: name_of(document, kinds, id), why: why.trim().to_owned() })
    };
    let mut all: Vec<PassedOver> = views.iter().filter_map(one).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The node that a run was about, with its port: one that failed, or else the judgement, the model, the chart or the
/// table that stands last, as it is read from left to right. `None`: there is nothing to look at.
pub fn to_look_at(
    document: &PipelineDocument,
    kinds: &BTreeMap<String, Arc<KindSpec>>,
    views: &BTreeMap<NodeId, Arc<NodeView>>,
) -> Option<(NodeId, String)> {
    let places = &document.layout().places;
    let nodes = document.nodes().iter().filter_map(|(id, node)| {
        let (view, kind) = (views.get(id)?, kinds.get(&node.kind)?);
        let failed = view.state == NodeState::Failed;
        let missing = view.state == NodeState::NotSet;
        let port = shown_first(kind)?;
        let first = kind.outputs.first()?;
        let worth = match view.state {
            _ if failed => 6,
            NodeState::Done => rank(first.ty),
            // Where nothing came out, what lacks something is why.
            _ if missing => 0,
            _ => return None,
        };
        let x = places.get(id).map_or(0.0, |p| p.x);
        let is_done = view.state == NodeState::Done || failed;
        Some(((is_done, worth), x, id, port))
    });
    let best = nodes.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(b.2.cmp(a.2)))?;
    Some((best.2.clone(), best.3.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::templates::template;
    use automl_core::engine::flow::catalogue;

    #[test]
    fn a_run_is_told_in_words() {
        let check = |end: RunEnd, ran: u32, failed: u32, expected: &str| {
            assert_eq!(Ended { end, ran, kept: 2, failed }.words(), expected);
        };
        check(RunEnd::Done, 6, 0, "Run ended: 6 done");
        check(RunEnd::Done, 5, 1, "Run ended: 1 of 6 failed");
        check(RunEnd::Done, 0, 0, "Run ended: all was up to date");
        check(RunEnd::Stopped, 2, 0, "Stopped: 2 done");
        check(RunEnd::Refused, 0, 0, "Nothing could be run");
    }

    #[test]
    fn what_was_passed_over_says_why() {
        use automl_core::diagnostic::Diagnostic;
        let document = template("churn").expect("a template").document();
        let kinds: BTreeMap<String, Arc<KindSpec>> =
            catalogue().into_iter().map(|k| (k.id.clone(), Arc::new(k))).collect();
        let finding = || {
            Diagnostic::error("port.empty", "Nothing is connected to \"Table\".", "Connect a table to it.")
        };
        let view = |state: NodeState, wrong: bool| {
            let findings = if wrong { vec![finding().into()] } else { Vec::new() };
            Arc::new(NodeView { state, findings, ..NodeView::default() })
        };
        let states = [
            ("search", NodeState::Done, false),
            ("evaluate", NodeState::NotSet, true),
            ("chart", NodeState::NotSet, false),
        ];
        let views = states.map(|(id, state, wrong)| (NodeId(id.to_owned()), view(state, wrong)));
        let found = passed_over(&document, &kinds, &views.into());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].node.0, "evaluate");
        assert_eq!(found[0].why, "Nothing is connected to \"Table\". Connect a table to it.");
    }

    #[test]
    fn charts_come_before_their_tables() {
        let check = |id: &str, expected: &str| {
            let kind = catalogue().into_iter().find(|k| k.id == id).expect("a kind");
            assert_eq!(shown_first(&kind).map(|p| p.name.as_str()), Some(expected), "{id}");
        };
        check("model.importance", "report");
        check("model.evaluate", "scores");
        check("automl.search", "model");
        check("table.filter", "table");
    }

    #[test]
    fn failures_come_first_then_judgements() {
        let document = template("churn").expect("a template").document();
        let kinds: BTreeMap<String, Arc<KindSpec>> =
            catalogue().into_iter().map(|k| (k.id.clone(), Arc::new(k))).collect();
        let check = |states: &[(&str, NodeState)], expected: Option<&str>| {
            let view = |state: NodeState| Arc::new(NodeView { state, ..NodeView::default() });
            let views = states.iter().map(|(id, s)| (NodeId((*id).to_owned()), view(*s))).collect();
            let found = to_look_at(&document, &kinds, &views);
            assert_eq!(found.as_ref().map(|(id, _)| id.0.as_str()), expected, "{states:?}");
        };
        use NodeState::{Done, Failed, NotSet, Ready};
        check(
            &[("data", Done), ("search", Done), ("evaluate", Done), ("importance", Done)],
            Some("evaluate"),
        );
        check(&[("data", Done), ("search", Done), ("evaluate", Failed)], Some("evaluate"));
        check(&[("data", Done), ("search", Failed), ("evaluate", Ready)], Some("search"));
        check(&[("data", Done), ("search", Done), ("chart", Done), ("evaluate", NotSet)], Some("search"));
        check(&[("data", NotSet)], Some("data"));
        check(&[("data", Ready)], None);
        check(&[], None);
    }
}
