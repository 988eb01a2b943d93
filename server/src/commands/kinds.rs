//! `trellis kinds`

use super::{print, print_json};
use crate::Done;
use crate::args::KindsArgs;
use crate::failure::Failure;
use automl_core::engine::flow::catalogue;
use automl_core::kind::{FieldKind, FieldSpec, Group, KindSpec, PortSpec};
use std::fmt::Write;

/// Prints the declarations of all kinds of nodes, or of one.
///
/// # Errors
/// A kind that there is not.
pub fn run(args: &KindsArgs) -> Done {
    let all = catalogue();
    let Some(id) = &args.kind else {
        if args.json {
            return print_json(&all);
        }
        return print(&overview(&all));
    };
    let Some(kind) = all.iter().find(|k| k.id == *id) else {
        return Err(Failure::new(
            format!("there is no kind \"{id}\""),
            "run `trellis kinds` for all of them",
        ));
    };
    if args.json { print_json(kind) } else { print(&whole(kind)) }
}

fn overview(all: &[KindSpec]) -> String {
    let mut out = String::new();
    for group in Group::ALL {
        let kinds: Vec<&KindSpec> = all.iter().filter(|k| k.group == group).collect();
        if kinds.is_empty() {
            continue;
        }
        // Writing into a string cannot fail, here and below.
        let _ = writeln!(out, "{}", group.title());
        for kind in kinds {
            let _ = writeln!(out, "  {:<24} {}", kind.id, kind.help);
        }
        out.push('\n');
    }
    out
}

fn ports(out: &mut String, title: &str, ports: &[PortSpec]) {
    for port in ports {
        let optional = if port.optional { ", optional" } else { "" };
        let many = if port.many { ", several" } else { "" };
        let ty = format!("{:?}", port.ty).to_lowercase();
        let _ = writeln!(out, "  {title} {:<16} {ty}{optional}{many}", port.name);
    }
}

fn whole(kind: &KindSpec) -> String {
    let mut out = format!("{} (version {}): {}\n{}\n", kind.id, kind.version, kind.title, kind.help);
    if !kind.more.is_empty() {
        let _ = writeln!(out, "{}", kind.more);
    }
    out.push('\n');
    ports(&mut out, "in ", &kind.inputs);
    ports(&mut out, "out", &kind.outputs);
    out.push('\n');
    fields(&mut out, &kind.fields, 1);
    out
}

fn fields(out: &mut String, all: &[FieldSpec], depth: usize) {
    let indent = "  ".repeat(depth);
    for field in all {
        let required = if field.required { ", required" } else { "" };
        let _ = writeln!(out, "{indent}{:<18} {}{required}. {}", field.name, values(&field.kind), field.help);
        if let FieldKind::List { fields: inner, .. } = &field.kind {
            fields(out, inner, depth + 1);
        }
    }
}

/// What values a field takes, and its default.
fn values(kind: &FieldKind) -> String {
    let or_empty = |default: Option<String>| default.unwrap_or_else(|| "empty".to_owned());
    match kind {
        FieldKind::Number { default, min, max, unit, .. } => {
            format!("number {min} to {max} {unit} [{}]", or_empty(default.map(|d| d.to_string())))
        }
        FieldKind::Integer { default, min, max, unit, .. } => {
            format!("whole number {min} to {max} {unit} [{}]", or_empty(default.map(|d| d.to_string())))
        }
        FieldKind::Flag { default } => format!("true or false [{default}]"),
        FieldKind::Choice { default, options } => {
            let ids: Vec<&str> = options.iter().map(|o| o.id.as_str()).collect();
            format!("{} [{default}]", ids.join(" | "))
        }
        FieldKind::Text { default, .. } => {
            format!("text [{}]", or_empty(Some(default.clone()).filter(|d| !d.is_empty())))
        }
        FieldKind::Column { .. } => "a column".to_owned(),
        FieldKind::Columns { .. } => "columns".to_owned(),
        FieldKind::Expression { .. } => "an expression".to_owned(),
        FieldKind::List { item, .. } => format!("list, each a {item}"),
        FieldKind::Hidden => "set by the page".to_owned(),
    }
}
