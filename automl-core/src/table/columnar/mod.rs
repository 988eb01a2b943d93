//! Parquet and Arrow IPC (stream, file and Feather 2), with the types that CSV would have.
//!
//! Values go through the same type inference as those of a text file, so that the same table gives the same model
//! whatever it was saved as. Structs become dotted names (`address.city`), lists their own text.

use super::Table;
use super::csv::{MOST_COLUMNS, names};
use super::findings::{Fault, Findings};
use super::infer::{ColumnBuilder, Parsing};
use super::options::{Decimal, Format, ReadOptions, ReadReport};
use crate::diagnostic::Diagnostic;
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Fields};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fmt::Write;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Structs inside structs deeper than this stay one text.
const DEEPEST: usize = 8;
/// What an Arrow file, unlike a stream, begins with.
const FILE_MAGIC: &[u8] = b"ARROW1";

type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + 'a>;

pub(super) fn read(bytes: &[u8], format: Format, options: &ReadOptions) -> (Table, ReadReport) {
    let mut reader = ColumnarReader::new(options);
    // The readers check what they are given, but a damaged file has been known to reach an assertion in them.
    let outcome = catch_unwind(AssertUnwindSafe(|| reader.read(bytes, format)))
        .unwrap_or_else(|_| Err("its parts contradict each other".to_owned()));
    if let Err(reason) = outcome {
        if reader.rows == 0 {
            return (Table::default(), super::read::refused(damaged(format, &reason), bytes.len() as u64));
        }
        reader.findings.remark(cut_short(reader.rows, &reason));
    }
    reader.finish(bytes.len() as u64)
}

fn damaged(format: Format, reason: &str) -> Diagnostic {
    let (code, name) = match format {
        Format::Parquet => ("parquet.unreadable", "a Parquet"),
        _ => ("arrow.unreadable", "an Arrow"),
    };
    Diagnostic::error(
        code,
        format!("This cannot be read as {name} file: {reason}."),
        "Check that the file is whole and that its ending says what it is, or save the table as CSV.",
    )
}

fn cut_short(rows: u64, reason: &str) -> Diagnostic {
    Diagnostic::warning(
        "table.cut_short",
        format!("The file is damaged after row {rows}: {reason}. The rows before that were read."),
        "Save or copy the file again to have the rest.",
    )
}

/// What a library says of a fault, as the end of a sentence.
fn in_words(error: &dyn std::error::Error) -> String {
    error.to_string().trim_end_matches(['.', '\n']).to_owned()
}

struct ColumnarReader<'a> {
    options: &'a ReadOptions,
    parsing: Parsing,
    names: Vec<String>,
    builders: Vec<ColumnBuilder>,
    rows: u64,
    rows_skipped: u64,
    findings: Findings,
}

/// A column, with the structs around it: where one of them is null, the value is missing.
struct Leaf {
    array: ArrayRef,
    around: Vec<ArrayRef>,
}

impl<'a> ColumnarReader<'a> {
    fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            parsing: Parsing::new(Decimal::Point, options.missing.as_deref(), options.day_first),
            names: Vec::new(),
            builders: Vec::new(),
            rows: 0,
            rows_skipped: 0,
            findings: Findings::default(),
        }
    }

    fn read(&mut self, bytes: &[u8], format: Format) -> Result<(), String> {
        let batches = match format {
            Format::Parquet => self.parquet(bytes)?,
            _ => self.arrow(bytes)?,
        };
        for batch in batches {
            self.push(&batch.map_err(|e| in_words(&e))?)?;
        }
        Ok(())
    }

    fn parquet(&mut self, bytes: &[u8]) -> Result<Batches<'static>, String> {
        let content = bytes::Bytes::copy_from_slice(bytes);
        let builder = ParquetRecordBatchReaderBuilder::try_new(content).map_err(|e| in_words(&e))?;
        let rows = builder.metadata().file_metadata().num_rows();
        self.open(builder.schema().fields(), rows);
        Ok(Box::new(builder.build().map_err(|e| in_words(&e))?))
    }

    fn arrow<'b>(&mut self, bytes: &'b [u8]) -> Result<Batches<'b>, String> {
        if bytes.starts_with(FILE_MAGIC) {
            let reader = FileReader::try_new(Cursor::new(bytes), None).map_err(|e| in_words(&e))?;
            self.open(reader.schema().fields(), 0);
            Ok(Box::new(reader))
        } else {
            let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(|e| in_words(&e))?;
            self.open(reader.schema().fields(), 0);
            Ok(Box::new(reader))
        }
    }

    /// Prepares a builder for each column. `rows` is what the file claims, which may be a lie.
    fn open(&mut self, fields: &Fields, rows: i64) {
        let mut given = Vec::new();
        name_leaves("", fields, 0, &mut given);
        if given.len() > MOST_COLUMNS {
            given.truncate(MOST_COLUMNS);
            self.findings.note(Fault::TooManyColumns, None, None);
        }
        let expected = usize::try_from(rows).unwrap_or(0).min(1 << 20);
        self.names = names(&given, given.len(), &mut self.findings);
        let typed = |name: &String| ColumnBuilder::new(self.options.types.get(name).copied(), expected);
        self.builders = self.names.iter().map(typed).collect();
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let room = u64::from(u32::MAX) - 1 - self.rows;
        let rows = (batch.num_rows() as u64).min(room);
        if rows < batch.num_rows() as u64 {
            self.rows_skipped += batch.num_rows() as u64 - rows;
            self.findings.note_many(
                Fault::TooManyRows,
                batch.num_rows() as u64 - rows,
                Some(self.rows),
                None,
            );
        }
        let mut leaves = Vec::new();
        for column in batch.columns() {
            find_leaves(column, &[], 0, &mut leaves);
        }
        for leaf in &mut leaves {
            leaf.array = in_universal_time(&leaf.array).map_err(|e| in_words(&e))?;
        }
        let format = FormatOptions::new().with_display_error(false);
        let formatters: Result<Vec<_>, _> =
            leaves.iter().map(|leaf| ArrayFormatter::try_new(leaf.array.as_ref(), &format)).collect();
        let formatters = formatters.map_err(|e| in_words(&e))?;
        let mut text = String::new();
        for ((builder, leaf), formatter) in self.builders.iter_mut().zip(&leaves).zip(&formatters) {
            for row in 0..rows as usize {
                text.clear();
                if leaf.array.is_null(row) || leaf.around.iter().any(|a| a.is_null(row)) {
                    builder.push_missing();
                } else if write!(text, "{}", formatter.value(row)).is_ok() {
                    builder.push(&text, &self.parsing);
                } else {
                    // A date beyond the calendar and the like: there is no value that could be told.
                    builder.push_missing();
                }
            }
        }
        self.rows += rows;
        Ok(())
    }

    fn finish(mut self, bytes: u64) -> (Table, ReadReport) {
        if self.rows == 0 {
            self.findings.note(Fault::Empty, None, None);
        }
        let mut columns = Vec::with_capacity(self.builders.len());
        for (name, builder) in self.names.iter().zip(self.builders) {
            let finished = builder.finish(name, &self.parsing);
            finished.diagnostics.into_iter().for_each(|d| self.findings.remark(d));
            columns.push(finished.column);
        }
        let diagnostics = self.findings.into_diagnostics();
        let report = ReadReport { dialect: None, diagnostics, rows_skipped: self.rows_skipped, bytes };
        (Table { columns, rows: self.rows as usize }, report)
    }
}

/// Dotted names of the columns, in the order of [`find_leaves`].
fn name_leaves(prefix: &str, fields: &Fields, depth: usize, out: &mut Vec<String>) {
    for field in fields {
        let name =
            if prefix.is_empty() { field.name().clone() } else { format!("{prefix}.{}", field.name()) };
        match field.data_type() {
            DataType::Struct(inner) if depth < DEEPEST => name_leaves(&name, inner, depth + 1, out),
            _ => out.push(name),
        }
    }
}

fn find_leaves(array: &ArrayRef, around: &[ArrayRef], depth: usize, out: &mut Vec<Leaf>) {
    match array.as_any().downcast_ref::<StructArray>() {
        Some(parts) if depth < DEEPEST => {
            let around: Vec<ArrayRef> = around.iter().cloned().chain([array.clone()]).collect();
            parts.columns().iter().for_each(|part| find_leaves(part, &around, depth + 1, out));
        }
        _ => out.push(Leaf { array: array.clone(), around: around.to_vec() }),
    }
}

/// Moments of a named time zone, which are kept as universal time, told in universal time.
fn in_universal_time(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            Ok(make_array(array.to_data().into_builder().data_type(utc).build()?))
        }
        _ => Ok(array.clone()),
    }
}

#[cfg(test)]
mod tests;
