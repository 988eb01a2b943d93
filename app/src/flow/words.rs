//! What nodes, wires and changes are called, for eyes, ears and the list of changes.

use super::scene::{Kinds, Scene, Side};
use automl_core::diagnostic::Severity;
use automl_core::document::{Node, NodeId, PipelineDocument, PortRef, Wire};
use automl_core::engine::protocol::{NodeState, NodeView};
use automl_core::kind::{FieldKind, FieldSpec, KindSpec};
use serde_json::Value;

/// Characters of a summary, and of a name in a label.
const MOST_SUMMARY: usize = 48;
const MOST_NAME: usize = 32;

/// The text, cut at so many characters.
pub fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// What a node is called: its title; else, where it reads something, the name of that; else its kind's title.
pub fn name(node: &Node, kinds: &Kinds) -> String {
    let title = node.title.trim();
    if !title.is_empty() {
        return title.to_owned();
    }
    match kinds.get(&node.kind) {
        Some(spec) if spec.inputs.is_empty() => match node.params.get("name").and_then(Value::as_str) {
            Some(name) if !name.trim().is_empty() => name.trim().to_owned(),
            _ => spec.title.clone(),
        },
        Some(spec) => spec.title.clone(),
        None => node.kind.clone(),
    }
}

/// The name of a node of a document, as it is told in labels of changes.
pub fn name_of(document: &PipelineDocument, kinds: &Kinds, id: &NodeId) -> String {
    let name = document.nodes().get(id).map_or_else(|| id.0.clone(), |node| name(node, kinds));
    shortened(&name, MOST_NAME)
}

/// The parameters that say most, in a few words; empty where none is set.
pub fn summary(node: &Node, spec: &KindSpec) -> String {
    let heeded = |field: &&FieldSpec| {
        !field.advanced
            && field.only_if.as_ref().is_none_or(|(name, values)| {
                let default = spec.field(name).map_or(Value::Null, FieldSpec::default_value);
                values.contains(node.params.get(name).unwrap_or(&default))
            })
    };
    let told = |field: &FieldSpec| {
        let value = node.params.get(&field.name)?;
        let text = value_text(value, field)?;
        (text != name_text(node)).then_some(text)
    };
    let parts: Vec<String> = spec.fields.iter().filter(heeded).filter_map(told).take(2).collect();
    shortened(&parts.join(" · "), MOST_SUMMARY)
}

/// What a source reads stands in its name already.
fn name_text(node: &Node) -> &str {
    node.params.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn value_text(value: &Value, field: &FieldSpec) -> Option<String> {
    let unit = |unit: &String| if unit.is_empty() { String::new() } else { format!("\u{a0}{unit}") };
    let text = match (&field.kind, value) {
        (FieldKind::Hidden, _) | (_, Value::Null | Value::Object(_) | Value::Bool(false)) => return None,
        (FieldKind::Choice { options, .. }, Value::String(id)) => {
            options.iter().find(|o| o.id == *id).map_or_else(|| id.clone(), |o| o.title.clone())
        }
        (FieldKind::Number { unit: u, .. } | FieldKind::Integer { unit: u, .. }, Value::Number(n)) => {
            format!("{n}{}", unit(u))
        }
        (_, Value::Bool(true)) => field.title.clone(),
        (_, Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        (_, Value::Number(n)) => n.to_string(),
        (_, Value::Array(items)) => items_text(items)?,
    };
    (!text.is_empty()).then_some(text)
}

/// `age, income and 3 more`; of objects their first text.
fn items_text(items: &[Value]) -> Option<String> {
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => fields.values().find_map(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let shown: Vec<String> = items.iter().filter_map(text).take(2).collect();
    match (shown.is_empty(), items.len().saturating_sub(shown.len())) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// The parameters of a kind's example, as a form shows them: title and value, an entry of a list a line.
pub fn example_params(spec: &KindSpec) -> Vec<(String, String)> {
    let Some(example) = &spec.example else { return Vec::new() };
    let mut out = Vec::new();
    told_params(&spec.fields, &example.params, "", &mut out);
    out
}

fn told_params(
    fields: &[FieldSpec],
    params: &serde_json::Map<String, Value>,
    before: &str,
    out: &mut Vec<(String, String)>,
) {
    for field in fields {
        let title = format!("{before}{}", field.title);
        match (&field.kind, params.get(&field.name)) {
            (FieldKind::List { item, fields, .. }, Some(Value::Array(items))) => {
                for (at, entry) in items.iter().enumerate() {
                    let number = if items.len() > 1 { format!(" {}", at + 1) } else { String::new() };
                    if let Value::Object(entry) = entry {
                        told_params(fields, entry, &format!("{before}{item}{number}, "), out);
                    }
                }
            }
            (FieldKind::Columns { .. }, Some(Value::Array(items))) => {
                let names: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                out.push((title, names.join(", ")));
            }
            (FieldKind::Flag { .. }, Some(Value::Bool(on))) => {
                out.push((title, if *on { "yes" } else { "no" }.to_owned()));
            }
            (_, Some(value)) => out.extend(value_text(value, field).map(|text| (title, text))),
            (_, None) => {}
        }
    }
}

/// Which rows a score is of, with their number unless that is said already.
pub fn scored_on(on: &str, rows: u64) -> String {
    let count = crate::format::count(rows);
    if on.contains(&count) || on.contains(&rows.to_string()) {
        on.to_owned()
    } else {
        format!("{on} · {count} rows")
    }
}

/// How a node stands, as it is told: one that is set and has nothing to work on yet waits.
pub fn standing(view: &NodeView) -> NodeState {
    match view.state {
        NodeState::NotSet if counts(view).0 == 0 => NodeState::Waiting,
        state => state,
    }
}

/// What is found where something was only not connected or not set yet.
const MISSING: [&str; 2] = ["port.empty", "param.missing"];

/// A node as it is shown before a run was asked for: what it only lacks is no error yet. Gives nothing where it is shown
/// as it stands.
pub fn unfinished(view: &NodeView) -> Option<NodeView> {
    let errors = || view.findings.iter().filter(|f| f.diagnostic.severity == Severity::Error);
    let is_missing = |code: &str| MISSING.contains(&code);
    let first = errors().next()?;
    if view.state != NodeState::NotSet || !errors().all(|f| is_missing(&f.diagnostic.code)) {
        return None;
    }
    let text = if first.diagnostic.code == MISSING[0] { "not connected yet" } else { "not set yet" };
    let findings = view.findings.iter().filter(|f| f.diagnostic.severity != Severity::Error).cloned();
    Some(NodeView { text: text.to_owned(), findings: findings.collect(), ..view.clone() })
}

/// A state as a word.
pub fn state_word(state: NodeState) -> &'static str {
    match state {
        NodeState::NotSet => "Not set",
        NodeState::Ready => "Ready",
        NodeState::Waiting => "Waiting",
        NodeState::Running => "Running",
        NodeState::Done => "Done",
        NodeState::Stale => "Stale",
        NodeState::Failed => "Failed",
        NodeState::Bypassed => "Bypassed",
        NodeState::Unknown => "Unknown kind",
    }
}

/// What a state is called in attributes that style sheets read.
pub fn state_id(state: NodeState) -> &'static str {
    match state {
        NodeState::NotSet => "not-set",
        NodeState::Ready => "ready",
        NodeState::Waiting => "waiting",
        NodeState::Running => "running",
        NodeState::Done => "done",
        NodeState::Stale => "stale",
        NodeState::Failed => "failed",
        NodeState::Bypassed => "bypassed",
        NodeState::Unknown => "unknown",
    }
}

/// How many errors, and how many warnings, a node has.
pub fn counts(view: &NodeView) -> (usize, usize) {
    let of = |severity| view.findings.iter().filter(|f| f.diagnostic.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning))
}

/// `2 errors`; nothing of nothing.
pub fn counted(count: usize, what: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    }
}

/// `Table of churn.csv`.
pub fn port_name(
    document: &PipelineDocument,
    scene: &Scene,
    kinds: &Kinds,
    side: Side,
    port: &PortRef,
) -> String {
    let title = scene.port(side, port).map_or(port.port.as_str(), |p| p.title.as_str());
    format!("{title} of {}", name_of(document, kinds, &port.node))
}

/// `churn.csv to Filter rows`, with the ports where a node has several.
pub fn wire_name(document: &PipelineDocument, scene: &Scene, kinds: &Kinds, wire: &Wire) -> String {
    let end = |port: &PortRef, side: Side| {
        let name = name_of(document, kinds, &port.node);
        match scene.nodes.get(&port.node) {
            Some(shape) if shape.ports(side).len() > 1 => {
                let title = scene.port(side, port).map_or(port.port.as_str(), |p| p.title.as_str());
                format!("{name} ({title})")
            }
            _ => name,
        }
    };
    format!("{} to {}", end(&wire.from, Side::Output), end(&wire.to, Side::Input))
}

/// All that a screen reader says of a node.
pub fn node_label(
    document: &PipelineDocument,
    scene: &Scene,
    kinds: &Kinds,
    id: &NodeId,
    view: Option<&NodeView>,
) -> String {
    let Some(node) = document.nodes().get(id) else { return id.0.clone() };
    let title = name(node, kinds);
    let mut parts = vec![title.clone()];
    if let Some(spec) = kinds.get(&node.kind) {
        if spec.title != title {
            parts.push(spec.title.clone());
        }
        parts.extend(Some(summary(node, spec)).filter(|s| !s.is_empty()));
    }
    if let Some(view) = view {
        parts.push(state_word(standing(view)).to_owned());
        parts.extend(Some(view.text.clone()).filter(|t| !t.is_empty()));
        let (errors, warnings) = counts(view);
        parts.extend(counted(errors, "error"));
        parts.extend(counted(warnings, "warning"));
    }
    if node.bypassed && view.is_none_or(|v| v.state != NodeState::Bypassed) {
        parts.push("Bypassed".to_owned());
    }
    let mut label = format!("{}.", parts.join(", "));
    let from: Vec<String> = document
        .wires()
        .iter()
        .filter(|w| w.to.node == *id)
        .map(|w| port_name(document, scene, kinds, Side::Output, &w.from))
        .collect();
    let to: Vec<String> = document
        .wires()
        .iter()
        .filter(|w| w.from.node == *id)
        .map(|w| name_of(document, kinds, &w.to.node))
        .collect();
    let takes_nothing = scene.nodes.get(id).is_none_or(|s| s.inputs.is_empty());
    match (from.is_empty(), takes_nothing) {
        (false, _) => label.push_str(&format!(" Takes {}.", from.join(", "))),
        (true, false) => label.push_str(" Nothing comes in."),
        (true, true) => {}
    }
    if !to.is_empty() {
        label.push_str(&format!(" Goes to {}.", to.join(", ")));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{churn, id, kinds, wire};
    use serde_json::json;

    #[test]
    fn nodes_are_called_by_what_they_are() {
        let (document, kinds) = (churn(), kinds());
        assert_eq!(name_of(&document, &kinds, &id("file-1")), "churn.csv");
        assert_eq!(name_of(&document, &kinds, &id("filter-1")), "Filter rows");
        let mut node = Node::new("vendor.thing", 1);
        assert_eq!(name(&node, &kinds), "vendor.thing");
        node.title = " Mine ".to_owned();
        assert_eq!(name(&node, &kinds), "Mine");
        assert_eq!(shortened("a long name", 7), "a long…");
    }

    #[test]
    fn parameters_are_told_in_a_few_words() {
        let kinds = kinds();
        let check = |kind: &str, params: Value, expected: &str| {
            let mut node = Node::new(kind, 1);
            node.params = params.as_object().cloned().unwrap_or_default();
            assert_eq!(summary(&node, &kinds[kind]), expected);
        };
        check("table.filter", json!({"where": "age >\n 30"}), "age > 30");
        check("table.filter", json!({}), "");
        check("source.file", json!({"name": "churn.csv"}), "");
        check("model.search", json!({"budget": 30}), "30\u{a0}s");
        let field = FieldSpec::columns("c", "Columns", "", &[]);
        let all = json!(["age", "income", "city", "x"]);
        assert_eq!(value_text(&all, &field), Some("age, income and 2 more".to_owned()));
        let field = FieldSpec::choice("how", "How", "", &[("inner", "Both sides"), ("left", "Left side")]);
        assert_eq!(value_text(&json!("left"), &field), Some("Left side".to_owned()));
        let list = FieldSpec::list("keys", "Keys", "", "key", vec![]);
        assert_eq!(value_text(&json!([{"column": "age"}]), &list), Some("age".to_owned()));
        assert_eq!(value_text(&json!([]), &list), None);
    }

    #[test]
    fn examples_tell_what_is_set() {
        let expression =
            FieldSpec::expression("expression", "Expression", "", automl_core::kind::Wanted::Anything);
        let named = FieldSpec::text("name", "Name", "", "");
        let mut spec = KindSpec::new(
            "table.derive",
            "New columns",
            automl_core::kind::Group::Columns,
            automl_core::kind::Rows::Apart,
            "",
        );
        spec.fields = vec![
            FieldSpec::list("columns", "Columns", "", "column", vec![named, expression]),
            FieldSpec::columns("keep", "Keep", "", &[]),
            FieldSpec::flag("sorted", "Sorted", "", false),
        ];
        let params =
            json!({"columns": [{"name": "b", "expression": "a * 2"}], "keep": ["a", "b"], "sorted": true});
        spec.example = Some(automl_core::kind::Example::new(&[], params, ""));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let expected = [
            pair("column, Name", "b"),
            pair("column, Expression", "a * 2"),
            pair("Keep", "a, b"),
            pair("Sorted", "yes"),
        ];
        assert_eq!(example_params(&spec), expected);
        spec.example = None;
        assert_eq!(example_params(&spec), []);
    }

    #[test]
    fn rows_are_counted_once() {
        assert_eq!(scored_on("1,800 rows of the table", 1800), "1,800 rows of the table");
        assert_eq!(scored_on("cross-validation", 1800), "cross-validation · 1,800 rows");
    }

    #[test]
    fn what_is_set_and_has_no_table_yet_waits() {
        let mut view = NodeView::default();
        assert_eq!(standing(&view), NodeState::Waiting);
        let wrong = automl_core::diagnostic::Diagnostic::error("param.missing", "Not set.", "Set it.");
        view.findings.push(wrong.into());
        assert_eq!(standing(&view), NodeState::NotSet);
        assert_eq!(standing(&NodeView { state: NodeState::Done, ..view }), NodeState::Done);
    }

    #[test]
    fn what_is_only_missing_is_no_error_yet() {
        let check = |state, codes: &[&str], expected: Option<(&str, usize)>| {
            let mut view = NodeView { state, ..NodeView::default() };
            let error = |code: &&str| automl_core::diagnostic::Diagnostic::error(*code, "What.", "Mend it.");
            view.findings = codes.iter().map(|c| error(c).into()).collect();
            let warning = automl_core::diagnostic::Diagnostic::warning("x", "What.", "Mend it.");
            view.findings.push(warning.into());
            let shown = unfinished(&view);
            let told = shown.as_ref().map(|v| (v.text.as_str(), v.findings.len()));
            assert_eq!(told, expected, "{codes:?}");
            assert!(shown.is_none_or(|v| standing(&v) == NodeState::Waiting));
        };
        check(NodeState::NotSet, &["port.empty"], Some(("not connected yet", 1)));
        check(NodeState::NotSet, &["param.missing", "port.empty"], Some(("not set yet", 1)));
        check(NodeState::NotSet, &["port.empty", "param.range"], None);
        check(NodeState::NotSet, &["wire.type"], None);
        check(NodeState::NotSet, &[], None);
        check(NodeState::Failed, &["port.empty"], None);
    }

    #[test]
    fn labels_say_all_that_is_seen() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        let view = NodeView { state: NodeState::Done, text: "1,204 rows".to_owned(), ..NodeView::default() };
        assert_eq!(
            node_label(&document, &scene, &kinds, &id("filter-1"), Some(&view)),
            "Filter rows, age > 30, Done, 1,204 rows. Takes Table of churn.csv. Goes to Join."
        );
        assert_eq!(
            node_label(&document, &scene, &kinds, &id("file-2"), None),
            "churn.csv, File. Goes to Join."
        );
        let named = wire_name(&document, &scene, &kinds, &wire(("filter-1", "table"), ("join-1", "left")));
        assert_eq!(named, "Filter rows to Join (Left)");
    }
}
