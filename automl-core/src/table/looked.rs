//! What is known of a file that was not held.
//!
//! A column's type and content follow from all of its fields, so that a column has to be held while it is built, but
//! not beside the others: each pass over the file builds the columns that fit, and passes over the rest. Each column
//! goes into the fingerprint, and is let go.

use super::columns::{Columns, Outcome};
use super::findings::Findings;
use super::infer::Parsing;
use super::{Column, ColumnType, Fingerprint, ReadOptions, ReadReport, Table, fingerprint};
use crate::diagnostic::Diagnostic;

/// What is known of a file that was not held.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// Names and types; none where the file could not be read.
    pub columns: Vec<(String, ColumnType)>,
    pub rows: u64,
    /// As [`crate::table::fingerprint`] of the whole table.
    pub fingerprint: String,
    pub report: ReadReport,
    /// Bytes a row as a table in memory.
    pub bytes_a_row: f64,
}

impl Looked {
    /// The same of a file that was read whole.
    pub fn of(table: &Table, report: ReadReport) -> Self {
        let bytes: usize = table.columns.iter().map(Column::bytes).sum();
        Self {
            columns: table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect(),
            rows: table.rows as u64,
            fingerprint: fingerprint(table),
            report,
            bytes_a_row: bytes as f64 / table.rows.max(1) as f64,
        }
    }
}

/// What is known of the columns before the next pass.
pub(super) struct SoFar {
    rows: u64,
    columns: Vec<(String, ColumnType)>,
    fingerprint: Fingerprint,
    bytes: usize,
    pub findings: Findings,
    pub outcome: Outcome,
}

impl SoFar {
    /// Of a file of so many rows and columns; `findings`: what is wrong with its rows, as the first pass has found.
    pub(super) fn new(rows: u64, width: usize, findings: Findings) -> Self {
        Self {
            rows,
            columns: Vec::with_capacity(width),
            fingerprint: Fingerprint::new(rows as usize, width),
            bytes: 0,
            findings,
            outcome: Outcome::default(),
        }
    }

    /// Takes the columns that a pass has built; gives where the next one begins.
    pub(super) fn take(&mut self, built: &mut Columns, parsing: &Parsing) -> usize {
        let (columns, fingerprint, bytes) = (&mut self.columns, &mut self.fingerprint, &mut self.bytes);
        let take = |column: Column| {
            fingerprint.column(&column);
            *bytes += column.bytes();
            columns.push((column.name, column.ty));
        };
        built.end(parsing, &mut self.findings, &mut self.outcome, take);
        built.held_up_to()
    }

    /// What is known in the end; `report`: made of what was found.
    pub(super) fn end(self, report: impl FnOnce(Findings, Outcome) -> ReadReport) -> Looked {
        Looked {
            columns: self.columns,
            rows: self.rows,
            fingerprint: self.fingerprint.finish(),
            report: report(self.findings, self.outcome),
            bytes_a_row: self.bytes as f64 / self.rows.max(1) as f64,
        }
    }
}

impl Looked {
    /// Options that read the same file again, in parts or whole: `options` with every column's type, and the order of
    /// day and month.
    pub fn options_for_next(&self, options: &ReadOptions) -> ReadOptions {
        ReadOptions {
            types: self.columns.iter().cloned().collect(),
            day_first: options.day_first.or(self.report.day_first),
            ..options.clone()
        }
    }

    /// Of a file of so many bytes that was another one in a later pass.
    pub(super) fn changed(bytes: u64) -> Self {
        let diagnostic = Diagnostic::error(
            "table.changed",
            "The file changed while it was read.",
            "Read it again once nothing writes to it any more.",
        );
        Self::of_nothing(ReadReport { diagnostics: vec![diagnostic], bytes, ..ReadReport::default() })
    }

    /// Of a file that gave no table.
    pub(super) fn of_nothing(report: ReadReport) -> Self {
        SoFar::new(0, 0, Findings::default()).end(|_, _| report)
    }
}
