//! What may stand at a place of an expression.

use super::workspace::Workspace;
use crate::document::NodeId;
use crate::engine::protocol::Suggestion;
use crate::kind::expr::{self, CompletionKind};
use crate::kind::{FieldKind, FieldSpec, Finding, Schema, Wanted};

impl Workspace {
    /// What may stand at byte `cursor` of `text`, the value of a parameter (`keys.2.value` within a list), and what is
    /// wrong with it.
    pub fn complete(
        &self,
        node: &str,
        param: &str,
        text: &str,
        cursor: u32,
    ) -> (Vec<Suggestion>, Option<Finding>) {
        let Some((wanted, schema)) = self.expression(node, param) else { return (Vec::new(), None) };
        let suggestion = |c: expr::Completion| Suggestion {
            insert: c.insert,
            replaces: (c.replaces.0 as u32, c.replaces.1 as u32),
            kind: match c.kind {
                CompletionKind::Column => "column",
                CompletionKind::Function => "function",
                CompletionKind::Operator => "operator",
                CompletionKind::Value => "value",
            }
            .to_owned(),
            detail: c.detail,
            help: c.help,
        };
        let all = expr::complete(text, cursor as usize, &schema, wanted);
        // An expression that is not begun is not wrong yet.
        let wrong = if text.trim().is_empty() { None } else { expr::diagnose(text, &schema, wanted).err() };
        let finding = wrong.and_then(|errors| {
            let first = errors.into_iter().next()?;
            Some(Finding::at_param(param, first.diagnostic(text)).or(first.instead))
        });
        (all.into_iter().map(suggestion).collect(), finding)
    }

    /// What an expression must give, and the columns that it may name.
    fn expression(&self, node: &str, param: &str) -> Option<(Wanted, Schema)> {
        let planned = self.plan.nodes.get(&NodeId(node.to_owned()))?;
        let field = field_at(&planned.kind?.spec.fields, param)?;
        let FieldKind::Expression { port, wanted } = &field.kind else { return None };
        let from = planned.inputs.get(port).and_then(|wires| wires.first());
        let schema = from.and_then(|from| self.plan.sketch(from).schema());
        Some((*wanted, schema.unwrap_or_default()))
    }
}

/// The field of a parameter, through lists.
fn field_at<'a>(fields: &'a [FieldSpec], param: &str) -> Option<&'a FieldSpec> {
    let (name, rest) = param.split_once('.').map_or((param, None), |(name, rest)| (name, Some(rest)));
    let field = fields.iter().find(|f| f.name == name)?;
    match (rest, &field.kind) {
        (None, _) => Some(field),
        (Some(rest), FieldKind::List { fields, .. }) => field_at(fields, rest.split_once('.')?.1),
        _ => None,
    }
}
