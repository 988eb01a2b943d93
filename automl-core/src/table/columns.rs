//! The columns of a file while its rows come, and which of them are built.

use super::findings::Findings;
use super::infer::{ColumnBuilder, Finished, NEARLY_FULL, Parsing};
use super::{Column, ColumnType, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Bytes a row of the narrowest column while it is built.
const LEAST_BYTES: u64 = 4;

/// Says of a row's number, from 0, whether it is read.
pub(super) type Keep = Box<dyn FnMut(u64) -> bool + Send>;

/// What the columns said while they were finished.
#[derive(Default)]
pub(super) struct Outcome {
    pub missing_tokens: BTreeSet<String>,
    pub day_first: Option<bool>,
}

impl Default for Span {
    fn default() -> Self {
        Self { from: 0, most_held: usize::MAX, rows: None, most_columns: usize::MAX }
    }
}

impl Outcome {
    /// Notes what a column said, and gives it.
    pub(super) fn hear(&mut self, finished: Finished, findings: &mut Findings) -> Column {
        finished.diagnostics.into_iter().for_each(|d| findings.remark(d));
        self.missing_tokens.extend(finished.missing_tokens);
        if let Some((day_first, guessed)) = finished.day_first
            && (self.day_first.is_none() || !guessed)
        {
            self.day_first = Some(day_first);
        }
        finished.column
    }
}

/// Columns that are held in one pass over a file of which not all are held at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The first of them.
    pub from: usize,
    /// Bytes that they may take together; one column may take more.
    pub most_held: usize,
    /// Rows of the file, once they have been counted.
    pub rows: Option<u64>,
    /// How many they may be.
    pub most_columns: usize,
}

/// Which of a file's columns are wanted, and as what.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub types: BTreeMap<String, ColumnType>,
    /// Only those of these names, where not all.
    pub only: Option<BTreeSet<String>>,
    pub span: Option<Span>,
    /// Rows that memory is reserved for.
    pub expected_rows: u64,
}

/// One builder a column, none before the first record. Builders of columns that are not wanted are unread.
pub(super) struct Columns {
    wanted: Wanted,
    pub names: Vec<String>,
    pub builders: Vec<ColumnBuilder>,
    /// Those that are held.
    held: Range<usize>,
}

impl Columns {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, names: Vec::new(), builders: Vec::new(), held: 0..0 }
    }

    /// Whether the column at this place is built.
    #[cfg(feature = "columnar")]
    pub(super) fn is_wanted(&self, at: usize) -> bool {
        self.builders.get(at).is_some_and(|builder| !builder.is_unread())
    }

    /// Whether the first record has not been met.
    pub(super) fn are_unknown(&self) -> bool {
        self.names.is_empty()
    }

    /// The field of a row after which nothing more has to be looked at: what is wrong with rows is known after the
    /// first pass.
    pub(super) fn last_field(&self) -> usize {
        let later = self.wanted.span.is_some_and(|span| span.rows.is_some());
        if later { self.held.end } else { usize::MAX }
    }

    /// Where the next pass begins.
    pub(super) fn held_up_to(&self) -> usize {
        self.held.end
    }

    /// Begins with the columns of these names.
    pub(super) fn begin(&mut self, names: Vec<String>) {
        let expected = self.wanted.expected_rows;
        let mut rows = expected.saturating_add(expected / 64);
        self.held = 0..names.len();
        if let Some(span) = self.wanted.span {
            // With room to spare, so that full columns do not count as about to grow.
            rows = span.rows.unwrap_or(rows).saturating_add(NEARLY_FULL as u64);
            rows = rows.min(span.most_held as u64 / LEAST_BYTES);
            let room = (span.most_held as u64).checked_div(rows * LEAST_BYTES).unwrap_or(u64::MAX);
            let left = names.len().saturating_sub(span.from);
            let count =
                usize::try_from(room).unwrap_or(usize::MAX).min(span.most_columns).clamp(1, left.max(1));
            self.held = span.from..span.from.saturating_add(count).min(names.len());
        }
        self.names = names;
        self.renew(usize::try_from(rows).unwrap_or(0));
    }

    /// New builders, with memory for so many rows.
    fn renew(&mut self, rows: usize) {
        let builder = |(at, name): (usize, &String)| {
            let wanted = self.wanted.only.as_ref().is_none_or(|only| only.contains(name));
            if wanted && self.held.contains(&at) {
                ColumnBuilder::new(self.wanted.types.get(name).copied(), rows)
            } else {
                ColumnBuilder::unread()
            }
        };
        self.builders = self.names.iter().enumerate().map(builder).collect();
    }

    /// Bytes of memory that the builders take.
    #[cfg(feature = "columnar")]
    pub(super) fn bytes(&self) -> usize {
        self.builders.iter().map(ColumnBuilder::bytes).sum()
    }

    /// Gives up the last columns that are held until the others fit.
    pub(super) fn fit(&mut self) {
        let Some(span) = self.wanted.span else { return };
        let held = self.builders.get(self.held.clone()).unwrap_or(&[]);
        let mut bytes: usize = held.iter().map(ColumnBuilder::bytes).sum();
        while bytes > span.most_held && self.held.len() > 1 {
            self.held.end -= 1;
            let given_up = std::mem::replace(&mut self.builders[self.held.end], ColumnBuilder::unread());
            bytes -= given_up.bytes();
        }
    }

    /// Ends the columns one by one, each with its remarks, and hands them over.
    pub(super) fn end(
        &mut self,
        parsing: &Parsing,
        findings: &mut Findings,
        outcome: &mut Outcome,
        mut take: impl FnMut(Column),
    ) {
        for (name, builder) in self.names.iter().zip(std::mem::take(&mut self.builders)) {
            if builder.is_unread() {
                continue;
            }
            let finished = builder.finish(name, parsing);
            take(outcome.hear(finished, findings));
        }
    }

    /// Ends the columns: `rows` rows as a table.
    pub(super) fn finish(
        &mut self,
        parsing: &Parsing,
        rows: usize,
        findings: &mut Findings,
        outcome: &mut Outcome,
    ) -> Table {
        let mut columns = Vec::new();
        self.end(parsing, findings, outcome, |column| columns.push(column));
        Table { columns, rows }
    }

    /// The rows so far, `rows` of them, as a table: others may follow.
    pub(super) fn take(&mut self, parsing: &Parsing, rows: usize, outcome: &mut Outcome) -> Table {
        // Remarks would count the rows of the part.
        let table = self.finish(parsing, rows, &mut Findings::default(), outcome);
        self.renew(rows);
        table
    }
}
