//! What is wrong with a node, seen without its rows.

use super::catalogue::{self, Kind};
use super::graph::{Graph, a};
use super::sketch::Sketches;
use super::value::{Question, Sketch, schema};
use crate::diagnostic::Diagnostic;
use crate::document::{Node, NodeId};
use crate::kind::{self, Finding, KindSpec, PortSpec, Schema, nearest};

/// Whether a wired target takes the place of a field.
pub(super) fn is_of_question(kind: &Kind, field: &str) -> bool {
    let asks = ["target", "task", "metric", "ignore"].contains(&field);
    // A parameter of a learner may be called as the weights are.
    kind.trains() && (asks || field == "weights" && kind.spec.id == "automl.search")
}

/// A kind that is not known, or of a later version.
pub(super) fn unknown(node: &Node) -> Diagnostic {
    let kept = "It is kept as it is and not run. Open the pipeline with the Trellis that wrote it, or remove the node.";
    match catalogue::find(&node.kind) {
        Some(kind) => Diagnostic::error(
            "kind.newer",
            format!(
                "\"{}\" is of version {}; this program knows versions up to {}.",
                kind.spec.title, node.version, kind.spec.version
            ),
            kept,
        ),
        None => {
            Diagnostic::error("kind.unknown", format!("\"{}\" is no kind of node here.", node.kind), kept)
        }
    }
}

/// Everything wrong with a node's inputs and parameters.
pub(super) fn node(
    graph: &Graph<'_>,
    id: &NodeId,
    kind: &Kind,
    at_ports: &Sketches,
    question: Option<&Question>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for port in &kind.spec.inputs {
        found.extend(empty_port(graph, id, port, at_ports));
    }
    let schema_at = |port: &str| -> Option<Schema> {
        let table = at_ports.get(port)?.first()?.table()?;
        Some(schema(table))
    };
    let wired = kind.trains() && graph.is_wired(id, "target");
    if let Some(node) = graph.document.nodes().get(id) {
        let unquestioned: KindSpec;
        let spec = if wired {
            unquestioned = without_question(kind);
            &unquestioned
        } else {
            &kind.spec
        };
        let params = &node.params;
        let checked = kind::check(spec, params, &schema_at);
        // What the wired target takes the place of is not unknown.
        let passed_over = |f: &Finding| {
            f.diagnostic.code == "param.unknown"
                && f.param.as_deref().is_some_and(|p| kind.spec.field(p).is_some())
        };
        found.extend(checked.into_iter().filter(|f| !passed_over(f)));
    }
    if let (true, Some(question), Some(schema)) = (wired, question, schema_at("table")) {
        found.extend(absent_columns(question, &schema));
    }
    found
}

fn without_question(kind: &Kind) -> KindSpec {
    let mut spec = kind.spec.clone();
    spec.fields.retain(|f| !is_of_question(kind, &f.name));
    spec
}

/// Nothing comes in where something must.
fn empty_port(graph: &Graph<'_>, id: &NodeId, port: &PortSpec, at_ports: &Sketches) -> Option<Finding> {
    if at_ports.get(&port.name).is_some_and(|s| !s.is_empty()) {
        return None;
    }
    let wired = graph.is_wired(id, &port.name);
    // What is wrong with the wire that is there says it already.
    let is_told =
        graph.findings.get(id).is_some_and(|f| f.iter().any(|f| f.port.as_ref() == Some(&port.name)));
    if !wired && (port.optional || is_told) {
        return None;
    }
    let title = &port.title;
    let diagnostic = if wired {
        Diagnostic::error(
            "port.nothing_through",
            format!(
                "Nothing comes in at \"{title}\": what is connected is switched off and lets no {} through.",
                a(port.ty).trim_start_matches("a ")
            ),
            "Switch it on, or connect something else.",
        )
    } else {
        Diagnostic::error(
            "port.empty",
            format!("Nothing is connected to \"{title}\"."),
            format!("Connect {} to it.", a(port.ty)),
        )
    };
    Some(Finding::at_port(&port.name, diagnostic))
}

/// Columns of a wired question that the table has not.
fn absent_columns(question: &Question, schema: &Schema) -> Vec<Finding> {
    let names = std::iter::once(&question.target).chain(&question.weights);
    let absent = names.filter(|name| !name.is_empty() && !schema.iter().any(|(n, _)| n == *name));
    absent
        .map(|name| {
            let remedy = match nearest(name, schema.iter().map(|(n, _)| n.as_str())) {
                Some(near) => format!("Did you mean \"{near}\"? Choose it at the target that is connected."),
                None => "Choose another column at the target that is connected.".to_owned(),
            };
            let message = format!("There is no column \"{name}\" in the table that comes in.");
            let diagnostic = Diagnostic::error("param.no_column", message, remedy).at_column(name);
            Finding::at_port("target", diagnostic)
        })
        .collect()
}

impl Sketch {
    /// Columns of the table, where they are known.
    pub fn schema(&self) -> Option<Schema> {
        self.table().map(|t| schema(t))
    }
}

/// The warning of a judge whose rows trained the model.
pub(super) fn rows_of_training() -> Finding {
    let message =
        "These rows are among those that the model was trained on, so it looks better here than it is.";
    let remedy = "Put a Split before the training, and connect its test rows here.";
    Finding::at_port("table", Diagnostic::warning("flow.rows_of_training", message, remedy))
}
