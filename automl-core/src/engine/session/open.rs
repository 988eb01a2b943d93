//! Opening tables and looking at them.

use super::{Opened, Output, Parser, Purpose, Reading, Session, event, failed};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::{Event, FlowEvent, TableInfo};
use crate::engine::target_info;
use crate::model::Task;
use crate::table::{ColumnType, CsvReader, Format, ReadOptions, profile, read};

/// Most rows shown at a time.
const MOST_ROWS: u32 = 2_000;
/// Most cells shown at a time.
const MOST_CELLS: u64 = 400_000;

pub(super) fn nothing_open() -> Vec<Output> {
    failed(vec![Diagnostic::error("session.no_table", "No table is open.", "Open a file or a sample first.")])
}

impl Session {
    /// Begins to read a file of `bytes` bytes, in place of what was open.
    pub fn open_begin(&mut self, name: &str, bytes: u64, options: ReadOptions) -> Vec<Output> {
        let out = self.end_study();
        self.read_begin(Purpose::Open, name, bytes, options);
        out
    }

    pub(super) fn read_begin(&mut self, purpose: Purpose, name: &str, bytes: u64, options: ReadOptions) {
        let parser = match Format::from_name(name) {
            Format::Csv => Parser::Csv(Box::new(CsvReader::new(options.clone()).expecting(bytes))),
            _ => Parser::Whole(Vec::new()),
        };
        if !matches!(purpose, Purpose::Supply(_)) {
            self.predicting = None;
        }
        self.reading = Some(Reading { purpose, name: name.to_owned(), bytes, read: 0, options, parser });
    }

    /// Takes the next bytes of the file.
    pub fn read_chunk(&mut self, chunk: &[u8]) -> Vec<Output> {
        let Some(reading) = &mut self.reading else { return Vec::new() };
        match &mut reading.parser {
            Parser::Csv(reader) => reader.push(chunk),
            Parser::Whole(bytes) => bytes.extend_from_slice(chunk),
        }
        reading.read += chunk.len() as u64;
        let (bytes, of) = (reading.read, reading.bytes.max(reading.read));
        vec![event(match &reading.purpose {
            Purpose::Open => Event::Reading { bytes, of },
            Purpose::Predict(_) => Event::Predicting { bytes, of },
            Purpose::Supply(source) => {
                let tell = FlowEvent::Reading { source: source.clone(), bytes, of };
                Event::Flow { tell: Box::new(tell) }
            }
        })]
    }

    /// The file is whole: tells what was found, or why nothing was. What was open before stays open in that case.
    pub fn read_end(&mut self) -> Vec<Output> {
        let Some(reading) = self.reading.take() else { return Vec::new() };
        let (table, report) = match reading.parser {
            Parser::Csv(reader) => reader.finish(),
            Parser::Whole(bytes) => read(&bytes, Format::from_name(&reading.name), &reading.options),
        };
        if table.columns.is_empty() || table.rows == 0 {
            let mut found = report.diagnostics;
            if !found.iter().any(Diagnostic::is_error) {
                found.push(Diagnostic::error(
                    "table.no_rows",
                    format!("\"{}\" holds no rows.", reading.name),
                    "Choose a file with a line of column names and a line for each row.",
                ));
            }
            return match reading.purpose {
                Purpose::Supply(source) => {
                    let tell = FlowEvent::Refused { source, diagnostics: found };
                    vec![event(Event::Flow { tell: Box::new(tell) })]
                }
                _ => failed(found),
            };
        }
        match reading.purpose {
            Purpose::Open => {}
            Purpose::Predict(options) => {
                return self.predict_read(reading.name, options, table, report.diagnostics);
            }
            Purpose::Supply(source) => return self.supply_read(&source, table, report, &reading.options),
        }
        self.finished = None;
        self.opened =
            Some(Opened { name: reading.name, table, report, options: reading.options, is_drawn: false });
        self.tell_opened()
    }

    /// Gives up what is being read or predicted.
    pub(super) fn cancel(&mut self) -> Vec<Output> {
        self.reading = None;
        self.predicting = None;
        Vec::new()
    }

    fn tell_opened(&self) -> Vec<Output> {
        let Some(opened) = &self.opened else { return nothing_open() };
        let table = TableInfo {
            name: opened.name.clone(),
            rows: opened.table.rows as u64,
            report: opened.report.clone(),
            profile: profile(&opened.table),
            target: target_info(&opened.table, None, None).ok(),
        };
        vec![event(Event::Opened { table: Box::new(table) })]
    }

    /// Reads a column as another type. The type is kept for tables that the model will predict.
    pub(super) fn retype(&mut self, column: &str, to: ColumnType) -> Vec<Output> {
        let Some(opened) = &mut self.opened else { return nothing_open() };
        let Some(at) = opened.table.column_index(column) else { return nothing_open() };
        let (retyped, diagnostics) = opened.table.columns[at].retyped(to);
        opened.table.columns[at] = retyped;
        opened.options.types.insert(column.to_owned(), to);
        let about = |d: &Diagnostic| d.code.starts_with("type.") && d.column.as_deref() == Some(column);
        opened.report.diagnostics.retain(|d| !about(d));
        opened.report.diagnostics.extend(diagnostics);
        self.tell_opened()
    }

    pub(super) fn inspect(&self, column: &str, task: Option<Task>) -> Vec<Output> {
        let Some(opened) = &self.opened else { return nothing_open() };
        match target_info(&opened.table, Some(column), task) {
            Ok(info) => vec![event(Event::Target { info: Box::new(info) })],
            Err(diagnostic) => failed(vec![diagnostic]),
        }
    }

    pub(super) fn rows(&self, start: u64, count: u32) -> Vec<Output> {
        let Some(opened) = &self.opened else { return nothing_open() };
        let table = &opened.table;
        let most = (MOST_CELLS / table.columns.len().max(1) as u64).max(1);
        let count = u64::from(count.min(MOST_ROWS)).min(most);
        let start = start.min(table.rows as u64);
        let end = (start + count).min(table.rows as u64);
        let rows = (start as usize..end as usize)
            .map(|row| table.columns.iter().map(|c| c.text(row).map(std::borrow::Cow::into_owned)).collect())
            .collect();
        vec![event(Event::Rows { start, rows })]
    }
}
