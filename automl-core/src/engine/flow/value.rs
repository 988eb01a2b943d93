//! What goes along wires, and what of it is known before anything is run.

use crate::engine::ModelArtifact;
use crate::engine::protocol::{Board, ModelScores, TargetInfo, Verdict};
use crate::kind::{Report, Schema};
use crate::model::Task;
use crate::numeric::count;
use crate::table::{Column, ReadOptions, Table, fingerprint};
use std::sync::Arc;

/// A table, and how tables like those that it was made of are read.
#[derive(Debug, Clone)]
pub(super) struct TableValue {
    pub table: Arc<Table>,
    pub read: Arc<ReadOptions>,
}

/// A model with the board, clock readings and all, of the study that made it.
#[derive(Debug)]
pub struct TrainedModel {
    pub artifact: ModelArtifact,
    pub board: Board,
    pub verdict: Verdict,
}

/// What came out of a port.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Table(TableValue),
    Target(Arc<TargetInfo>),
    Model(Arc<TrainedModel>),
    Scores(Arc<Vec<ModelScores>>),
    Report(Arc<Report>),
}

impl Value {
    pub fn table(&self) -> Option<&TableValue> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// Bytes of memory, as far as can be told.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Table(t) => table_bytes(&t.table),
            Self::Model(m) => m.artifact.member_bytes() as u64,
            Self::Report(r) => json_bytes(r.as_ref()).len() as u64,
            Self::Target(_) | Self::Scores(_) => 1_000,
        }
    }

    /// Hash of the content: the same for the same content on every machine, whatever the clock said.
    pub fn digest(&self) -> String {
        let of = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
        match self {
            Self::Table(t) => fingerprint(&t.table),
            Self::Model(m) => m.artifact.id(),
            Self::Target(info) => of(&json_bytes(info.as_ref())),
            Self::Scores(scores) => of(&json_bytes(scores.as_ref())),
            Self::Report(report) => of(&json_bytes(report.as_ref())),
        }
    }

    /// In a few words.
    pub fn text(&self) -> String {
        match self {
            Self::Table(t) => {
                let plural = |n: usize, one: &str| format!("{} {one}{}", count(n as u64), if n == 1 { "" } else { "s" });
                format!("{} × {}", plural(t.table.rows, "row"), plural(t.table.columns.len(), "column"))
            }
            Self::Target(info) => format!("{} ({})", info.column, info.task.name()),
            Self::Model(m) => {
                let score = m.verdict.holdout.score.or(m.board.best_score);
                score.map_or(String::new(), |s| format!("{} {}", m.verdict.metric_title, short(s)))
            }
            Self::Scores(scores) => {
                let first = scores.first().and_then(|s| s.metrics.iter().find(|m| m.score.is_some()));
                first.map_or(String::new(), |m| format!("{} {}", m.title, short(m.score.unwrap_or(0.0))))
            }
            Self::Report(r) => r.title.clone(),
        }
    }
}

pub(super) fn short(x: f64) -> String {
    crate::engine::verdict::number(x)
}

/// Plain data with text keys, whose writing into memory cannot fail.
pub(super) fn json_bytes(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

pub(super) fn table_bytes(table: &Table) -> u64 {
    table.columns.iter().map(Column::bytes).sum::<usize>() as u64
}

pub(super) fn schema(table: &Table) -> Schema {
    table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect()
}

/// What is to be predicted, as a node says it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Question {
    pub target: String,
    pub task: Option<Task>,
    pub metric: Option<String>,
    pub ignore: Vec<String>,
    pub weights: Option<String>,
}

/// What is known of a port before anything is run.
#[derive(Debug, Clone)]
pub(super) enum Sketch {
    Unknown,
    /// The columns, with no rows.
    Table(Arc<Table>),
    Target(Question),
    Model(Question),
    /// Scores or a report.
    Other,
}

impl Sketch {
    pub fn of(value: &Value, question: Option<&Question>) -> Self {
        match value {
            Value::Table(t) => Self::Table(Arc::new(t.table.take(&[]))),
            Value::Target(_) => question.map_or(Self::Unknown, |q| Self::Target(q.clone())),
            Value::Model(m) => Self::Model(Question {
                target: m.artifact.header().target.clone(),
                task: Some(m.artifact.header().task),
                ..question.cloned().unwrap_or_default()
            }),
            Value::Scores(_) | Value::Report(_) => Self::Other,
        }
    }

    pub fn table(&self) -> Option<&Arc<Table>> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }
}
