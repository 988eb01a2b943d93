//! What is fitted inside the folds, whatever the drawing: the longest unbroken run of row-wise nodes directly before a node
//! that trains.

use super::catalogue::Kind;
use super::graph::Graph;
use super::kinds::EngineKind;
use super::plan::{Plan, Planned};
use super::request::{of_search, of_settings, setting};
use crate::diagnostic::Diagnostic;
use crate::document::{NodeId, PortRef};
use crate::engine::protocol::{ChainStep, StudyRequest};
use crate::kind::{Finding, Given, PortType, Rows};
use crate::search::Setting;
use std::collections::BTreeSet;

/// Nodes whose early fitting is warned of, at most.
const MOST_WARNINGS: usize = 3;

/// A step that is done inside the folds.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub node: NodeId,
    /// It learns from rows.
    pub is_fitted: bool,
}

/// A study that a node runs.
#[derive(Debug, Clone)]
pub(super) struct Training {
    /// The table that it starts from: what comes before the steps.
    pub base: PortRef,
    pub chain: Vec<Link>,
    pub request: StudyRequest,
}

type Made = Result<(Training, Vec<Finding>), Vec<Finding>>;

/// The training of a learner or a search.
pub(super) fn of_trainer(plan: &Plan, graph: &Graph<'_>, trainer: EngineKind, planned: &Planned) -> Made {
    let wire = planned.inputs.get("table").and_then(|w| w.first());
    let (Some(wire), Some(question), Some(kind)) = (wire, &planned.question, planned.kind) else {
        // What is missing was found before.
        return Err(Vec::new());
    };
    let (base, chain) = run_before(plan, wire);
    let given = Given::new(&kind.spec, &planned.params);
    let mut request = match trainer {
        EngineKind::Learner(learner) => of_settings(question, vec![setting(learner, &given)], &given),
        _ => of_search(question, &given),
    };
    let step = |link: &Link| {
        let planned = plan.nodes.get(&link.node)?;
        let spec = &planned.kind?.spec;
        Some(ChainStep {
            node: link.node.0.clone(),
            kind: spec.id.clone(),
            version: spec.version,
            params: planned.params.clone(),
        })
    };
    request.steps = chain.iter().filter_map(step).collect();
    let warnings = fitted_early(plan, graph, &base);
    Ok((Training { base, chain, request }, warnings))
}

/// The row-wise nodes before a wire, first to last, and where they begin.
fn run_before(plan: &Plan, wire: &PortRef) -> (PortRef, Vec<Link>) {
    let (mut base, mut chain) = (wire.clone(), Vec::new());
    while let Some(planned) = plan.nodes.get(&base.node) {
        let Some(kind) = planned.kind.filter(|k| k.is_row_wise()) else { break };
        let Some(before) = kind.spec.inputs.first().and_then(|p| planned.inputs.get(&p.name)?.first()) else {
            break;
        };
        chain.push(Link { node: base.node.clone(), is_fitted: is_fitted(kind) });
        base = before.clone();
    }
    chain.reverse();
    (base, chain)
}

fn is_fitted(kind: &Kind) -> bool {
    kind.spec.rows == Rows::Fitted
}

/// Warnings of nodes that learn from all rows, since something that is not row-wise stands between them and training.
fn fitted_early(plan: &Plan, graph: &Graph<'_>, base: &PortRef) -> Vec<Finding> {
    let mut met: BTreeSet<NodeId> = BTreeSet::new();
    // A node, and the last one on the way to it that is not row-wise.
    let mut waiting = vec![(base.node.clone(), base.node.clone())];
    let mut found = Vec::new();
    while let Some((id, between)) = waiting.pop() {
        if !met.insert(id.clone()) {
            continue;
        }
        let Some(planned) = plan.nodes.get(&id) else { continue };
        let Some(kind) = planned.kind else { continue };
        if is_fitted(kind) {
            found.push(early(&graph.title(&id), &graph.title(&between), &id));
        }
        let between = if kind.is_row_wise() { between } else { id };
        for port in kind.spec.inputs.iter().filter(|p| p.ty == PortType::Table) {
            let wires = planned.inputs.get(&port.name).into_iter().flatten();
            waiting.extend(wires.map(|w| (w.node.clone(), between.clone())));
        }
    }
    found.truncate(MOST_WARNINGS);
    found
}

fn early(fitted: &str, between: &str, id: &NodeId) -> Finding {
    let mut diagnostic = Diagnostic::warning(
        "flow.fitted_on_all_rows",
        format!(
            "\"{fitted}\" has learned from all rows, those that judge too: \"{between}\" stands between it and the training. \
             Scores may look better than they are."
        ),
        format!("Move \"{fitted}\" behind \"{between}\", so that it is fitted inside each fold."),
    );
    diagnostic.node = Some(id.0.clone());
    Finding::at_port("table", diagnostic)
}

/// The training of learners together.
pub(super) fn of_ensemble(plan: &Plan, planned: &Planned) -> Made {
    let members = planned.inputs.get("models").map(Vec::as_slice).unwrap_or_default();
    let (Some(question), Some(kind)) = (&planned.question, planned.kind) else { return Err(Vec::new()) };
    let mut settings: Vec<Setting> = Vec::new();
    let mut first: Option<&Training> = None;
    for member in members {
        let Some(training) = plan.nodes.get(&member.node).and_then(|m| m.training.as_ref()) else {
            return Err(vec![not_together("Only learners can be combined, each set by itself.")]);
        };
        if training.request.settings.is_empty() {
            return Err(vec![not_together("A search combines its models itself: connect learners.")]);
        }
        let shared = first.get_or_insert(training);
        let asks = |t: &Training| {
            let r = &t.request;
            (r.target.clone(), r.task, r.metric.clone(), r.ignore.clone(), r.weights.clone(), r.steps.clone())
        };
        if shared.base != training.base || asks(shared) != asks(training) {
            let what = "The learners do not have the same table, steps and target.";
            return Err(vec![not_together(what)]);
        }
        settings.extend(training.request.settings.iter().filter(|s| !settings.contains(s)).cloned().collect::<Vec<_>>());
    }
    let Some(first) = first else { return Err(Vec::new()) };
    let request = of_settings(question, settings, &Given::new(&kind.spec, &planned.params));
    let request = StudyRequest { steps: first.request.steps.clone(), ..request };
    Ok((Training { base: first.base.clone(), chain: first.chain.clone(), request }, Vec::new()))
}

fn not_together(what: &str) -> Finding {
    let remedy = "Connect learners that get the same table and the same target.";
    Finding::at_port("models", Diagnostic::error("flow.not_together", what, remedy))
}
