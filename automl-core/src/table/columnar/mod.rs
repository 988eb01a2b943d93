//! Parquet and Arrow IPC (stream, file and Feather 2), read a batch of rows at a time, with the types that CSV would
//! have.
//!
//! Values go through the same type inference as those of a text file, so that the same table gives the same model
//! whatever it was saved as. Structs become dotted names (`address.city`), lists their own text.

mod passes;
mod ranges;
#[cfg(test)]
mod tests;

pub use passes::look_at_columnar;
pub use ranges::Ranges;

use super::columns::{Columns, Keep, Outcome, Span, Wanted};
use super::findings::{Fault, Findings};
use super::header::names;
use super::infer::Parsing;
use super::options::{Decimal, Format, ReadOptions, ReadReport};
use super::{MOST_COLUMNS, MOST_ROWS, Table};
use crate::diagnostic::Diagnostic;
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Fields};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ranges::Source;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Structs inside structs deeper than this stay one text.
const DEEPEST: usize = 8;
/// What an Arrow file, unlike a stream, begins with.
const FILE_MAGIC: &[u8] = b"ARROW1";
/// Rows that are read at a time.
const BATCH: usize = 8192;
/// Rows after which what is held is looked at.
const ROWS_A_LOOK: usize = 64;

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

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

/// Reads a Parquet or an Arrow file.
pub struct ColumnarReader {
    format: Format,
    options: ReadOptions,
    parsing: Parsing,
    /// Names of the columns that are built, where not all are.
    only: Option<BTreeSet<String>>,
    /// Columns that are held, where not all are.
    span: Option<Span>,
    keep: Option<Keep>,
    columns: Columns,
    /// Which column each leaf of a batch is.
    places: Vec<usize>,
    /// Rows of the file.
    rows: u64,
    /// Rows in the builders.
    kept: usize,
    rows_skipped: u64,
    bytes: u64,
    /// Why it could not be read further.
    damage: Option<String>,
    findings: Findings,
    outcome: Outcome,
}

/// A column, with the structs around it: where one of them is null, the value is missing.
struct Leaf {
    array: ArrayRef,
    around: Vec<ArrayRef>,
}

/// What `work` gives. Readers check what they are given, but a damaged file has been known to reach an assertion.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("its parts contradict each other".to_owned()))
}

impl ColumnarReader {
    /// Of a file of this format, which is Parquet or else Arrow.
    pub fn new(options: ReadOptions, format: Format) -> Self {
        Self {
            format,
            parsing: Parsing::new(Decimal::Point, options.missing.as_deref(), options.day_first),
            options,
            only: None,
            span: None,
            keep: None,
            columns: Columns::new(Wanted::default()),
            places: Vec::new(),
            rows: 0,
            kept: 0,
            rows_skipped: 0,
            bytes: 0,
            damage: None,
            findings: Findings::default(),
            outcome: Outcome::default(),
        }
    }

    /// As [`super::CsvReader::only`].
    #[must_use]
    pub fn only(mut self, names: BTreeSet<String>) -> Self {
        self.only = Some(names);
        self
    }

    /// As [`super::CsvReader::keeping`].
    #[must_use]
    pub fn keeping(mut self, keep: impl FnMut(u64) -> bool + Send + 'static) -> Self {
        self.keep = Some(Box::new(keep));
        self
    }

    /// Reads only a span of the columns.
    fn holding(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The table. What is damaged gives what lies before it, and a diagnostic.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(self, file: &Arc<dyn Ranges>) -> io::Result<(Table, ReadReport)> {
        self.read_within(file, usize::MAX).map(Option::unwrap_or_default)
    }

    /// The same; `None` where its columns take more than `most` bytes while they are built.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_within(
        mut self,
        file: &Arc<dyn Ranges>,
        most: usize,
    ) -> io::Result<Option<(Table, ReadReport)>> {
        enum End {
            Failed(io::Error),
            TooMuch,
        }
        impl From<io::Error> for End {
            fn from(error: io::Error) -> Self {
                Self::Failed(error)
            }
        }
        let fits = |reader: &mut Self| if reader.columns.bytes() > most { Err(End::TooMuch) } else { Ok(()) };
        match self.pass(file, &mut { fits }) {
            Err(End::Failed(error)) => return Err(error),
            Err(End::TooMuch) => return Ok(None),
            Ok(()) => self.end(),
        }
        if self.is_refused() {
            return Ok(Some((Table::default(), self.report())));
        }
        let Self { columns, parsing, kept, findings, outcome, .. } = &mut self;
        let table = columns.finish(parsing, *kept, findings, outcome);
        Ok(Some((table, self.report())))
    }

    /// Hands over the table in parts, as [`super::CsvReader::take`] gives them.
    ///
    /// # Errors
    /// A file that cannot be read, and what `visit` says.
    pub fn read_in_parts<E: From<io::Error>>(
        mut self,
        file: &Arc<dyn Ranges>,
        visit: &mut dyn FnMut(&Table) -> Result<(), E>,
    ) -> Result<(), E> {
        self.pass(file, &mut |reader| {
            let rows = std::mem::take(&mut reader.kept);
            if rows == 0 {
                return Ok(());
            }
            visit(&reader.columns.take(&reader.parsing, rows, &mut reader.outcome))
        })
    }

    /// Reads the file from its beginning; `each` comes after every batch.
    fn pass<E: From<io::Error>>(
        &mut self,
        file: &Arc<dyn Ranges>,
        each: &mut dyn FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let source = Source::new(file.clone());
        self.bytes = source.size();
        let read = self.batches(&source, each)?;
        if let Some(error) = source.failure() {
            return Err(error.into());
        }
        self.damage = read.err();
        Ok(())
    }

    /// The same; within it, what is wrong with the file.
    fn batches<E>(
        &mut self,
        source: &Source,
        each: &mut dyn FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<Result<(), String>, E> {
        let mut batches = match guarded(|| self.open(source)) {
            Ok(batches) => batches,
            Err(reason) => return Ok(Err(reason)),
        };
        loop {
            let batch = match guarded(|| batches.next().transpose().map_err(|e| in_words(&e))) {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(Ok(())),
                Err(reason) => return Ok(Err(reason)),
            };
            for from in (0..batch.num_rows()).step_by(BATCH) {
                let piece = batch.slice(from, BATCH.min(batch.num_rows() - from));
                if let Err(reason) = guarded(|| self.push(&piece)) {
                    return Ok(Err(reason));
                }
                each(self)?;
            }
        }
    }

    fn open(&mut self, source: &Source) -> Result<Batches, String> {
        if self.format == Format::Parquet {
            return self.parquet(source);
        }
        let mut begin = Vec::new();
        source.from(0).take(FILE_MAGIC.len() as u64).read_to_end(&mut begin).map_err(|e| in_words(&e))?;
        if begin == FILE_MAGIC {
            let open = |roots| FileReader::try_new(source.from(0), roots).map_err(|e| in_words(&e));
            let wanted = self.begin(open(None)?.schema().fields(), 0);
            Ok(Box::new(open(wanted)?))
        } else {
            let open = |roots| StreamReader::try_new(source.from(0), roots).map_err(|e| in_words(&e));
            let wanted = self.begin(open(None)?.schema().fields(), 0);
            Ok(Box::new(open(wanted)?))
        }
    }

    fn parquet(&mut self, source: &Source) -> Result<Batches, String> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(source.clone()).map_err(|e| in_words(&e))?;
        let rows = builder.metadata().file_metadata().num_rows();
        let wanted = self.begin(builder.schema().fields(), rows);
        let mask = wanted
            .map_or_else(ProjectionMask::all, |roots| ProjectionMask::roots(builder.parquet_schema(), roots));
        let reader = builder.with_projection(mask).with_batch_size(BATCH).build();
        Ok(Box::new(reader.map_err(|e| in_words(&e))?))
    }

    /// Prepares a builder for each column; gives the places of the fields that hold columns which are wanted, where not
    /// all do. `rows` is what the file claims, which may be a lie.
    fn begin(&mut self, fields: &Fields, rows: i64) -> Option<Vec<usize>> {
        let (mut given, mut roots) = (Vec::new(), Vec::new());
        for (root, field) in fields.iter().enumerate() {
            name_leaves("", &Fields::from(vec![field.clone()]), 0, &mut given);
            roots.resize(given.len(), root);
        }
        if given.len() > MOST_COLUMNS {
            given.truncate(MOST_COLUMNS);
            self.findings.note(Fault::TooManyColumns, None, None);
        }
        let rows = u64::try_from(rows).unwrap_or(0);
        let wanted = Wanted {
            types: std::mem::take(&mut self.options.types),
            only: self.only.take(),
            span: self.span,
            // Of the rows that are kept nothing is known.
            expected_rows: match (&self.keep, self.span) {
                (Some(_), _) => 0,
                (None, Some(_)) => rows,
                (None, None) => rows.min(1 << 20),
            },
        };
        self.columns = Columns::new(wanted);
        self.columns.begin(names(&given, given.len(), &mut self.findings));
        let wanted: BTreeSet<usize> =
            (0..given.len()).filter(|&at| self.columns.is_wanted(at)).map(|at| roots[at]).collect();
        self.places = (0..roots.len()).filter(|&at| wanted.contains(&roots[at])).collect();
        (wanted.len() < fields.len()).then(|| wanted.into_iter().collect())
    }

    /// Which rows of the next `count` are read, as far as there is room.
    fn next_rows(&mut self, count: usize) -> Vec<usize> {
        let room = MOST_ROWS - self.rows;
        let counted = (count as u64).min(room);
        let beyond = count as u64 - counted;
        if beyond > 0 {
            self.rows_skipped += beyond;
            self.findings.note_many(Fault::TooManyRows, beyond, Some(self.rows), None);
        }
        let before = self.rows;
        self.rows += counted;
        let is_read = |row: &usize| self.keep.as_mut().is_none_or(|keep| keep(before + *row as u64));
        (0..counted as usize).filter(is_read).collect()
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), String> {
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
        let rows = self.next_rows(batch.num_rows());
        let mut text = String::new();
        for rows in rows.chunks(ROWS_A_LOOK) {
            self.columns.fit();
            for ((leaf, formatter), &place) in leaves.iter().zip(&formatters).zip(&self.places) {
                let Some(builder) = self.columns.builders.get_mut(place).filter(|b| !b.is_unread()) else {
                    continue;
                };
                for &row in rows {
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
        }
        self.kept += rows.len();
        Ok(())
    }

    /// Whether there is no table in it.
    fn is_refused(&self) -> bool {
        self.damage.is_some() && self.rows == 0
    }

    /// Notes what is wrong with the file as a whole, once all of it has been read.
    fn end(&mut self) {
        match &self.damage {
            Some(reason) if self.rows == 0 => self.findings.remark(damaged(self.format, reason)),
            Some(reason) => self.findings.remark(cut_short(self.rows, reason)),
            None => {}
        }
        if self.rows == 0 && (self.damage.is_none() || self.bytes == 0) {
            self.findings.note(Fault::Empty, None, None);
        }
    }

    fn report(&mut self) -> ReadReport {
        ReadReport {
            dialect: None,
            day_first: self.outcome.day_first,
            diagnostics: std::mem::take(&mut self.findings).into_diagnostics(),
            rows_skipped: self.rows_skipped,
            bytes: self.bytes,
        }
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
