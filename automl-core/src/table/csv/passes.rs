//! Looks into a CSV file without holding it.

use super::CsvReader;
use crate::table::ReadOptions;
use crate::table::columns::Span;
use crate::table::looked::{Looked, SoFar};

/// Bytes that are split before what is held is looked at.
const PIECE: usize = 256 << 10;

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
    let mut first = read(Span { most_held, ..Span::default() })?;
    let (rows, width) = (first.rows(), first.names().len());
    let mut so_far = SoFar::new(rows, width, std::mem::take(&mut first.findings));
    let mut from = first.give(&mut so_far);
    while from < width {
        let mut next = read(Span { from, most_held, rows: Some(rows), ..Span::default() })?;
        if !next.read_the_same(&first) {
            return Ok(Looked::changed(first.bytes));
        }
        from = next.give(&mut so_far);
    }
    Ok(so_far.end(|findings, outcome| first.report(findings, outcome)))
}

impl CsvReader {
    /// Hands over the columns that were built; gives where the next pass begins.
    fn give(&mut self, so_far: &mut SoFar) -> usize {
        let Some(state) = &mut self.state else { return 0 };
        let recorder = &mut state.recorder;
        so_far.take(&mut recorder.columns, &recorder.parsing)
    }

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
