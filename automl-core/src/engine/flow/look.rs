//! Looking at what came out of a port, and giving it as a file.

use super::html::report_page;
use super::value::{TrainedModel, Value, json_bytes, schema};
use super::work::{Begun, Values, begin};
use super::workspace::Workspace;
use crate::diagnostic::Diagnostic;
use crate::document::NodeId;
use crate::engine::protocol::{Look, ModelScores, TargetInfo};
use crate::engine::target_info;
use crate::table::{Table, profile, write_csv};
use std::borrow::Cow;
use std::sync::Arc;

/// Most rows shown at a time.
const MOST_ROWS: u64 = 2_000;
/// Most cells shown at a time.
const MOST_CELLS: u64 = 400_000;

impl Workspace {
    /// What came out of a port, of a table the rows from `start` on.
    pub fn look(&self, node: &str, port: &str, start: u64, count: u32) -> Look {
        let read = self.read(node, port);
        match read.as_ref().or_else(|| self.value(node, port)) {
            None => Look::Nothing,
            Some(Value::Table(t)) => look_at_table(&t.table, start, count),
            Some(Value::Report(report)) => Look::Report { report: Box::new(report.as_ref().clone()) },
            Some(Value::Scores(scores)) => Look::Scores { scores: scores.as_ref().clone() },
            Some(Value::Model(model)) => {
                Look::Model { board: Box::new(model.board.clone()), verdict: Box::new(model.verdict.clone()) }
            }
            Some(Value::Target(info)) => Look::Target { info: Box::new(info.as_ref().clone()) },
        }
    }

    /// What a source that has not been run would give, where its data are here: that costs next to nothing, so that
    /// tables are seen as soon as they have come.
    fn read(&self, node: &str, port: &str) -> Option<Value> {
        let planned = self.plan.nodes.get(&NodeId(node.to_owned()))?;
        let kind = planned.kind.filter(|k| k.spec.inputs.is_empty())?;
        let has_result = planned.key.as_ref().is_some_and(|key| self.cache.get(key).is_some());
        if has_result || !planned.is_runnable() {
            return None;
        }
        let at = kind.spec.outputs.iter().position(|p| p.name == port)?;
        match begin(planned, &Values::new(), &self.supplied) {
            Begun::Done(Ok(ran)) => ran.values.into_iter().nth(at),
            _ => None,
        }
    }

    /// What came out of a port as a file: its name and its bytes.
    ///
    /// # Errors
    /// Where nothing came out yet.
    pub fn save(&self, node: &str, port: &str) -> Result<(String, Vec<u8>), Diagnostic> {
        let read = self.read(node, port);
        let value = read.as_ref().or_else(|| self.value(node, port)).ok_or_else(|| nothing_yet(node))?;
        let (ending, bytes) = match value {
            Value::Table(t) => ("csv", write_csv(&t.table).into_bytes()),
            Value::Model(model) => ("trellis", model.artifact.to_bytes()),
            Value::Report(report) => ("html", report_page(report).into_bytes()),
            Value::Scores(scores) => ("json", json_bytes(scores.as_ref())),
            Value::Target(info) => ("json", json_bytes(info.as_ref())),
        };
        Ok((self.file_name(node, ending), bytes))
    }

    /// The name that an export gives, or else the node's id; the ending says what it is.
    fn file_name(&self, node: &str, ending: &str) -> String {
        let planned = self.plan.nodes.get(&NodeId(node.to_owned()));
        let given =
            planned.filter(|p| p.kind.is_some_and(|k| k.spec.id.starts_with("export."))).and_then(|p| {
                let kind = p.kind?;
                Some(crate::kind::Given::new(&kind.spec, &p.params).text("name"))
            });
        let safe = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
        let name: String = given.unwrap_or_default().chars().take(120).map(safe).collect();
        let name = name.trim().trim_start_matches('.').to_owned();
        let name = if name.is_empty() { node.to_owned() } else { name };
        let dotted = format!(".{ending}");
        if name.to_ascii_lowercase().ends_with(&dotted) { name } else { name + &dotted }
    }

    /// The scores that came out of a port.
    pub fn scores(&self, node: &str, port: &str) -> Option<Vec<ModelScores>> {
        match self.value(node, port)? {
            Value::Scores(scores) => Some(scores.as_ref().clone()),
            _ => None,
        }
    }

    /// The name of a node's model, for files that are made of it.
    pub fn model_name(&self, node: &str) -> String {
        self.file_name(node, "trellis")
    }

    /// The model that came out of a port.
    ///
    /// # Errors
    /// Where there is none yet.
    pub fn model(&self, node: &str, port: &str) -> Result<Arc<TrainedModel>, Diagnostic> {
        match self.value(node, port) {
            Some(Value::Model(model)) => Ok(model.clone()),
            _ => Err(nothing_yet(node)),
        }
    }

    /// What predicting a column of the table at an input would mean.
    ///
    /// # Errors
    /// Where the table is not there yet, or the column cannot be predicted.
    pub fn question(&self, node: &str, port: &str, column: &str) -> Result<TargetInfo, Diagnostic> {
        let id = NodeId(node.to_owned());
        let planned = self.plan.nodes.get(&id).ok_or_else(|| nothing_yet(node))?;
        // Of what trains, `table` is the table before the steps in folds, where the column stands too.
        let from = planned.inputs.get(port).and_then(|w| w.first()).ok_or_else(|| nothing_yet(node))?;
        let supplied = self.plan.nodes.get(&from.node).and_then(|source| {
            let wants = super::supplied::wants(&source.kind?.spec, &source.params)?;
            Some(&self.supplied.get(&wants.source)?.value.table)
        });
        let made = self.value(&from.node.0, &from.port).and_then(Value::table).map(|t| &t.table);
        let table = made.or(supplied).ok_or_else(|| nothing_yet(&from.node.0))?;
        target_info(table, Some(column), None)
    }
}

fn nothing_yet(node: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        "flow.no_result",
        "Nothing came out here yet.",
        "Run the pipeline up to this node.",
    );
    diagnostic.node = Some(node.to_owned());
    diagnostic
}

fn look_at_table(table: &Table, start: u64, count: u32) -> Look {
    let most = (MOST_CELLS / table.columns.len().max(1) as u64).clamp(1, MOST_ROWS);
    let of = table.rows as u64;
    let start = start.min(of);
    let end = (start + u64::from(count).min(most)).min(of);
    let rows = (start as usize..end as usize)
        .map(|row| table.columns.iter().map(|c| c.text(row).map(Cow::into_owned)).collect())
        .collect();
    let profile = (start == 0).then(|| Box::new(profile(table)));
    Look::Table { schema: schema(table), of, start, rows, profile }
}
