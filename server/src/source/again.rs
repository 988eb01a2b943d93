//! A table that is read again and again: looked into, drawn from, and handed over whole in parts.

use super::Passes;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::beyond::Rows;
use automl_core::table::{
    ColumnarReader, CsvReader, Format, Looked, ReadOptions, Table, look_at_columnar, look_at_csv,
};
use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;

/// What a table holds, where columns may take `most_held` bytes at a time. None of it where it holds no rows.
///
/// # Errors
/// Bytes that do not come.
pub fn look<P: Passes>(source: &P, options: &ReadOptions, most_held: u64) -> Result<Looked, P::Error> {
    let most_held = usize::try_from(most_held).unwrap_or(usize::MAX);
    match source.format() {
        Format::Csv => look_at_csv(options, source.bytes().unwrap_or(0), most_held, |take| {
            source.pass(&mut |chunk| {
                take(chunk);
                ControlFlow::Continue(())
            })
        }),
        format => look_at_columnar(options, format, &source.ranges()?, most_held)
            .map_err(|error| source.unreadable(&error)),
    }
}

/// A table whose columns have types.
pub struct Again<'a, P> {
    pub source: &'a P,
    pub options: ReadOptions,
}

impl<P: Passes> Again<'_, P> {
    fn columnar(&self) -> Option<ColumnarReader> {
        let format = self.source.format();
        (format != Format::Csv).then(|| ColumnarReader::new(self.options.clone(), format))
    }

    /// The rows that `keep` says, as one table.
    ///
    /// # Errors
    /// Bytes that do not come.
    pub fn some(&self, keep: impl FnMut(u64) -> bool + Send + 'static) -> Result<Table, P::Error> {
        if let Some(reader) = self.columnar() {
            let read = reader.keeping(keep).read(&self.source.ranges()?);
            return read.map(|(table, _)| table).map_err(|e| self.source.unreadable(&e));
        }
        let mut reader = CsvReader::new(self.options.clone()).keeping(keep);
        self.source.pass(&mut |chunk| {
            reader.push(chunk);
            ControlFlow::Continue(())
        })?;
        Ok(reader.finish().0)
    }

    /// All rows, in parts, of the columns of these names.
    fn all(
        &self,
        names: BTreeSet<String>,
        visit: &mut dyn FnMut(&Table) -> Result<(), Diagnostic>,
    ) -> Result<(), Stopped<P::Error>> {
        if let Some(reader) = self.columnar() {
            let file = self.source.ranges().map_err(Stopped::Source)?;
            return reader
                .only(names)
                .read_in_parts(&file, &mut |table| visit(table).map_err(Stopped::Visit));
        }
        let mut reader = CsvReader::new(self.options.clone()).only(names);
        let mut done = Ok(());
        let read = self.source.pass(&mut |chunk| {
            reader.push(chunk);
            done = reader.take().map_or(Ok(()), |table| visit(&table));
            if done.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        read.map_err(Stopped::Source)?;
        done.map_err(Stopped::Visit)?;
        let rest = reader.finish().0;
        if rest.rows > 0 { visit(&rest).map_err(Stopped::Visit) } else { Ok(()) }
    }
}

/// Why not all rows were read.
enum Stopped<E> {
    Read(io::Error),
    Source(E),
    Visit(Diagnostic),
}

impl<E> From<io::Error> for Stopped<E> {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// The columns that a model reads, of a table.
pub struct Columns<'a, P> {
    pub table: &'a Again<'a, P>,
    pub names: BTreeSet<String>,
    /// Whether somebody does not want to wait any longer: then it ends with [`interrupted`].
    pub is_stopped: fn() -> bool,
}

impl<P: Passes> Rows for Columns<'_, P> {
    fn each(&mut self, visit: &mut dyn FnMut(&Table) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        let source = self.table.source;
        let read = self.table.all(self.names.clone(), &mut |table| {
            if (self.is_stopped)() { Err(interrupted()) } else { visit(table) }
        });
        read.map_err(|stopped| match stopped {
            Stopped::Read(error) => source.in_words(source.unreadable(&error)),
            Stopped::Source(error) => source.in_words(error),
            Stopped::Visit(diagnostic) => diagnostic,
        })
    }
}

/// That somebody did not want to wait.
pub fn interrupted() -> Diagnostic {
    Diagnostic::error("study.interrupted", "Reading was interrupted.", "Begin it anew.")
}
