//! Looks into a Parquet or Arrow file without holding it.

use super::{ColumnarReader, Ranges, damaged};
use crate::table::columns::Span;
use crate::table::looked::{Looked, SoFar};
use crate::table::{Format, ReadOptions, ReadReport};
use std::io;
use std::sync::Arc;

/// Bytes that a column takes beside its values while it is read: a page or two, as programs usually write them.
const PAGES: u64 = 4 << 20;

/// The same for a Parquet or an Arrow file as [`crate::table::look_at_csv`] for CSV: what is found is what a
/// [`ColumnarReader`] finds that reads the whole file. Only of a file with damage in columns that the first pass does not
/// hold nothing is known.
///
/// # Errors
/// A file that cannot be read. Damage is no error: the diagnostics tell it.
pub fn look_at_columnar(
    options: &ReadOptions,
    format: Format,
    file: &Arc<dyn Ranges>,
    most_held: usize,
) -> io::Result<Looked> {
    let most_columns = most_held as u64 / file.size().clamp(1, PAGES);
    let span = Span { most_held, most_columns: most_columns as usize, ..Span::default() };
    let read = |span: Span| {
        let mut reader = ColumnarReader::new(options.clone(), format).holding(span);
        reader.pass(file, &mut |_| Ok::<(), io::Error>(()))?;
        reader.end();
        io::Result::Ok(reader)
    };
    let mut first = read(span)?;
    if first.is_refused() {
        return Ok(Looked::of_nothing(first.report()));
    }
    let (rows, width) = (first.rows, first.columns.names.len());
    let mut so_far = SoFar::new(rows, width, std::mem::take(&mut first.findings));
    let mut from = so_far.take(&mut first.columns, &first.parsing);
    while from < width {
        let mut next = read(Span { from, rows: Some(rows), ..span })?;
        if let Some(reason) = next.damage.filter(|_| first.damage.is_none()) {
            let diagnostics = vec![damaged(format, &reason)];
            return Ok(Looked::of_nothing(ReadReport {
                diagnostics,
                bytes: first.bytes,
                ..ReadReport::default()
            }));
        }
        if next.bytes != first.bytes || next.rows != rows || next.columns.names != first.columns.names {
            return Ok(Looked::changed(first.bytes));
        }
        from = so_far.take(&mut next.columns, &next.parsing);
    }
    Ok(so_far.end(|findings, outcome| {
        (first.findings, first.outcome) = (findings, outcome);
        first.report()
    }))
}
