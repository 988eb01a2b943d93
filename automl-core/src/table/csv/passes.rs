//! Looks into a CSV file without holding it.
//!
//! A column's type and content follow from all of its fields, so that a column has to be held while it is built, but
//! not beside the others: each pass over the file builds the columns that fit, and passes over the rest. Each column
//! goes into the fingerprint, and is let go.

use super::columns::Span;
use super::{CsvReader, Outcome};
use crate::diagnostic::Diagnostic;
use crate::table::findings::Findings;
use crate::table::{Column, ColumnType, Fingerprint, ReadOptions, ReadReport, Table, fingerprint};

/// Bytes that are split before what is held is looked at.
const PIECE: usize = 256 << 10;

/// What is known of a CSV file that was not held.
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

/// Looks into a CSV file of about `expected_bytes` in as many passes as memory asks for: each call of `pass` reads the
/// file once, from its beginning, and hands over its bytes. What is found is what a [`CsvReader`] finds that reads the
/// whole file. Columns that are held take `most_held` bytes at most, one column excepted; a column that is being ended
/// may take about as much again. A file that changes between the passes gives no columns, and an error among the
/// diagnostics that says so.
///
/// # Errors
/// Those of `pass`.
pub fn look_at_csv<E>(
    options: &ReadOptions,
    expected_bytes: u64,
    most_held: usize,
    mut pass: impl FnMut(&mut dyn FnMut(&[u8])) -> Result<(), E>,
) -> Result<Looked, E> {
    let mut read = |span: Span| {
        let mut reader = CsvReader::new(options.clone()).expecting(expected_bytes).holding(span);
        pass(&mut |bytes| bytes.chunks(PIECE).for_each(|piece| reader.push(piece)))?;
        reader.end();
        Ok(reader)
    };
    let first = read(Span { from: 0, most_held, rows: None })?;
    let (rows, width) = (first.rows(), first.names().len());
    let mut so_far = SoFar {
        columns: Vec::with_capacity(width),
        fingerprint: Fingerprint::new(rows as usize, width),
        bytes: 0,
        findings: Findings::default(),
        outcome: Outcome::default(),
    };
    let mut reader = first;
    let mut from = so_far.take(&mut reader, true);
    let first = reader;
    while from < width {
        let mut next = read(Span { from, most_held, rows: Some(rows) })?;
        if !next.read_the_same(&first) {
            return Ok(changed(first.bytes));
        }
        from = so_far.take(&mut next, false);
    }
    Ok(Looked {
        columns: so_far.columns,
        rows,
        fingerprint: so_far.fingerprint.finish(),
        report: first.report(so_far.findings, so_far.outcome),
        bytes_a_row: so_far.bytes as f64 / rows.max(1) as f64,
    })
}

/// What is known of the columns before the next pass.
struct SoFar {
    columns: Vec<(String, ColumnType)>,
    fingerprint: Fingerprint,
    bytes: usize,
    findings: Findings,
    outcome: Outcome,
}

impl SoFar {
    /// Takes the columns that a pass has built; gives where the next one begins. What is wrong with rows counts in the
    /// `first` pass only.
    fn take(&mut self, reader: &mut CsvReader, first: bool) -> usize {
        let faults = std::mem::take(&mut reader.findings);
        if first {
            self.findings = faults;
        }
        let Some(state) = &mut reader.state else { return 0 };
        let recorder = &mut state.recorder;
        let (columns, fingerprint, bytes) = (&mut self.columns, &mut self.fingerprint, &mut self.bytes);
        let take = |column: Column| {
            fingerprint.column(&column);
            *bytes += column.bytes();
            columns.push((column.name, column.ty));
        };
        recorder.columns.end(&recorder.parsing, &mut self.findings, &mut self.outcome, take);
        recorder.columns.held_up_to()
    }
}

impl CsvReader {
    fn names(&self) -> &[String] {
        self.state.as_ref().map_or(&[], |state| &state.recorder.columns.names)
    }

    fn rows(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.recorder.rows)
    }

    /// Whether two passes met the same file, as far as that is kept.
    fn read_the_same(&self, other: &CsvReader) -> bool {
        let dialect = |reader: &CsvReader| {
            let state = reader.state.as_ref()?;
            let recorder = &state.recorder;
            Some((state.split, state.encoding, recorder.has_header, recorder.parsing.decimal))
        };
        let size = |reader: &CsvReader| (reader.bytes, reader.rows());
        size(self) == size(other) && dialect(self) == dialect(other) && self.names() == other.names()
    }
}

fn changed(bytes: u64) -> Looked {
    let diagnostic = Diagnostic::error(
        "table.changed",
        "The file changed while it was read.",
        "Read it again once nothing writes to it any more.",
    );
    Looked {
        columns: Vec::new(),
        rows: 0,
        fingerprint: Fingerprint::new(0, 0).finish(),
        report: ReadReport { diagnostics: vec![diagnostic], bytes, ..ReadReport::default() },
        bytes_a_row: 0.0,
    }
}
