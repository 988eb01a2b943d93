//! Splits decoded text into records and hands their fields to the columns.

use super::sniff::Split;
use super::{MOST_COLUMNS, Outcome, finish_columns, header};
use crate::table::findings::{Fault, Findings};
use crate::table::infer::{ColumnBuilder, Parsing};
use crate::table::{ColumnType, Table};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::{memchr, memchr_iter};
use std::collections::BTreeMap;

/// A quoted field that does not end within this many bytes is taken for unclosed.
const LONGEST_RECORD: usize = 1 << 20;
/// After this many unclosed quotes no record may span lines any more.
const MOST_UNCLOSED: u32 = 3;
/// Rows are numbered with 32 bits.
const MOST_ROWS: u64 = u32::MAX as u64 - 1;

pub(super) struct Recorder {
    pub split: Split,
    pub has_header: bool,
    pub parsing: Parsing,
    /// Fields of most records of the sample.
    width: usize,
    /// The header lacks a name for the first column.
    row_names: bool,
    expected_rows: u64,
    types: BTreeMap<String, ColumnType>,
    /// A `sep=` line comes first.
    skip_line: bool,
    /// Filled by the first record.
    names: Vec<String>,
    builders: Vec<ColumnBuilder>,
    rows: u64,
    rows_skipped: u64,
    unclosed: u32,
    grammar: Reader,
    fields: Fields,
}

/// The fields of a record that csv-core has split: one buffer and the ends.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Fields {
    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1).copied().unwrap_or(0) };
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.text.get(start..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
    }
}

impl Fields {
    /// Takes the carriage return of the line's end off the last field.
    fn trim_return(&mut self) {
        let last_len = self.count.checked_sub(1).map_or(0, |last| self.get(last).len());
        if let Some(end) = self.count.checked_sub(1).and_then(|last| self.ends.get_mut(last))
            && last_len > 0
            && self.text.get(*end - 1) == Some(&b'\r')
        {
            *end -= 1;
        }
    }
}

/// What came of looking for a record.
enum Found {
    /// A record of this many bytes.
    Record(usize),
    /// The text ends inside the record.
    Cut,
    /// A quote is opened and never closed.
    Unclosed,
}

impl Recorder {
    pub(super) fn new(
        split: Split,
        has_header: bool,
        width: usize,
        row_names: bool,
        parsing: Parsing,
        expected_rows: u64,
        types: BTreeMap<String, ColumnType>,
    ) -> Self {
        // A carriage return before the line feed is taken off here, as for lines without quotes.
        let grammar = ReaderBuilder::new()
            .delimiter(split.delimiter)
            .quote(split.quote)
            .terminator(Terminator::Any(b'\n'))
            .build();
        Self {
            split,
            has_header,
            parsing,
            width,
            row_names,
            expected_rows,
            types,
            skip_line: false,
            names: Vec::new(),
            builders: Vec::new(),
            rows: 0,
            rows_skipped: 0,
            unclosed: 0,
            grammar,
            fields: Fields::default(),
        }
    }

    pub(super) fn skipping_separator_line(mut self, skip: bool) -> Self {
        self.skip_line = skip;
        self
    }

    /// 1-based number of the row that follows `before`, which begins where the last record ended.
    pub(super) fn row_at(&self, before: &[u8]) -> u64 {
        let header = u64::from(self.has_header && self.builders.is_empty());
        (self.rows + 1 + memchr_iter(b'\n', before).count() as u64).saturating_sub(header).max(1)
    }

    /// Reads the records of `text`, which ends at a line's end unless it is the `last`. Returns how many bytes of
    /// it are done with.
    pub(super) fn read(&mut self, text: &str, last: bool, findings: &mut Findings) -> usize {
        let has_nul = memchr(0, text.as_bytes()).is_some();
        let has_quote = !self.split.collapse && memchr(self.split.quote, text.as_bytes()).is_some();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let line_end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = rest[..line_end].trim_end_matches('\r');
            let line_len = (line_end + 1).min(rest.len());
            if std::mem::take(&mut self.skip_line) {
                at += line_len;
                continue;
            }
            if has_nul && memchr(0, line.as_bytes()).is_some() {
                let clean: String = line.chars().filter(|c| *c != '\0').collect();
                let nuls = (line.len() - clean.len()) as u64;
                findings.note_many(Fault::Nul, nuls, Some(self.row_at(&[])), None);
                self.read_line(&clean, findings);
                at += line_len;
            } else if has_quote && memchr(self.split.quote, line.as_bytes()).is_some() {
                match self.read_quoted(rest, line, last, findings) {
                    Some(used) => at += used.max(1),
                    None => break,
                }
            } else {
                self.plain_line(line, findings);
                at += line_len;
            }
        }
        at
    }

    /// One physical line, with or without quotes that end within it.
    fn read_line(&mut self, line: &str, findings: &mut Findings) {
        if memchr(self.split.quote, line.as_bytes()).is_none() || self.split.collapse {
            self.plain_line(line, findings);
        } else if let Found::Record(_) = self.find_record(line, true) {
            self.push_fields(findings);
        } else {
            self.literal_line(line, findings);
        }
    }

    /// A record that begins in `line`, the first line of `rest`, and holds quotes. Returns its length, or `None` if
    /// more text is needed.
    fn read_quoted(&mut self, rest: &str, line: &str, last: bool, findings: &mut Findings) -> Option<usize> {
        let line_len = memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        if self.unclosed >= MOST_UNCLOSED {
            self.read_line(line, findings);
            return Some(line_len);
        }
        match self.find_record(rest, last) {
            Found::Record(used) => {
                let columns = self.builders.len();
                let fits = || self.fields.count == columns && self.is_strict(&rest[..used]);
                if used > line_len && columns > 1 && !fits() {
                    // A stray quote that happened to find a partner further down.
                    let fields = memchr_iter(self.split.delimiter, line.as_bytes()).count() + 1;
                    if fields == columns {
                        self.literal_line(line, findings);
                        return Some(line_len);
                    }
                }
                self.push_fields(findings);
                Some(used)
            }
            Found::Cut => None,
            Found::Unclosed => {
                self.unclosed += 1;
                self.literal_line(line, findings);
                Some(line_len)
            }
        }
    }

    /// Whether every quoted field of a record ends with a quote before a delimiter or the line's end.
    fn is_strict(&self, record: &str) -> bool {
        let (quote, delimiter) = (self.split.quote, self.split.delimiter);
        let mut bytes = record.bytes().peekable();
        let (mut at_start, mut quoted) = (true, false);
        while let Some(byte) = bytes.next() {
            if quoted {
                if byte == quote && bytes.next_if_eq(&quote).is_none() {
                    let next = bytes.peek();
                    if next.is_some_and(|&b| b != delimiter && b != b'\n' && b != b'\r') {
                        return false;
                    }
                    quoted = false;
                }
            } else if byte == quote && at_start {
                quoted = true;
            }
            at_start = !quoted && byte == delimiter;
        }
        !quoted
    }

    /// Splits the record at the beginning of `text` by the grammar into `self.fields`.
    fn find_record(&mut self, text: &str, last: bool) -> Found {
        let input = &text.as_bytes()[..text.len().min(LONGEST_RECORD)];
        let is_cut = input.len() < text.len() || !last;
        self.grammar.reset();
        let (mut read, mut written, mut ended) = (0, 0, 0);
        let mut closed_by_us = false;
        loop {
            let (text_len, ends_len) = (self.fields.text.len(), self.fields.ends.len());
            if written + 64 > text_len {
                self.fields.text.resize((text_len * 2).max(4096), 0);
            }
            if ended + 16 > ends_len {
                self.fields.ends.resize((ends_len * 2).max(256), 0);
            }
            let source = if closed_by_us { b"\n".as_slice() } else { &input[read..] };
            let (result, took, wrote, new_ends) = self.grammar.read_record(
                source,
                &mut self.fields.text[written..],
                &mut self.fields.ends[ended..],
            );
            if !closed_by_us {
                read += took;
            }
            written += wrote;
            ended += new_ends;
            match result {
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::Record => {
                    self.fields.count = ended;
                    self.fields.trim_return();
                    return Found::Record(read);
                }
                ReadRecordResult::InputEmpty if closed_by_us => return Found::Unclosed,
                ReadRecordResult::InputEmpty if is_cut && text.len() < LONGEST_RECORD => return Found::Cut,
                ReadRecordResult::InputEmpty if is_cut => return Found::Unclosed,
                // The end of the file: a line's end closes the record, unless it is inside quotes.
                ReadRecordResult::InputEmpty => closed_by_us = true,
                ReadRecordResult::End => return Found::Unclosed,
            }
        }
    }

    fn plain_line(&mut self, line: &str, findings: &mut Findings) {
        if line.is_empty() {
            self.rows_skipped += u64::from(!self.builders.is_empty());
            return;
        }
        if self.builders.is_empty() || self.split.collapse {
            let delimiter = char::from(self.split.delimiter);
            let keep = |f: &&str| !self.split.collapse || !f.is_empty();
            let fields: Vec<String> = line.split(delimiter).filter(keep).map(str::to_string).collect();
            self.push_owned(&fields, findings);
            return;
        }
        if !self.next_row(findings) {
            return;
        }
        let columns = self.builders.len();
        let (mut column, mut start) = (0, 0);
        for end in memchr_iter(self.split.delimiter, line.as_bytes()) {
            if let Some(builder) = self.builders.get_mut(column) {
                builder.push(&line[start..end], &self.parsing);
            } else if !line[start..end].is_empty() {
                findings.note(Fault::LongRow, Some(self.rows), None);
                return;
            }
            column += 1;
            start = end + 1;
        }
        if column < columns {
            self.builders[column].push(&line[start..], &self.parsing);
        } else if !line[start..].is_empty() {
            findings.note(Fault::LongRow, Some(self.rows), None);
        }
        self.fill_from(column + 1, findings);
    }

    /// The rest of a short row.
    fn fill_from(&mut self, first: usize, findings: &mut Findings) {
        if first < self.builders.len() {
            let name = self.names.get(first).map(String::as_str);
            findings.note(Fault::ShortRow, Some(self.rows), name);
            for builder in &mut self.builders[first..] {
                builder.push_missing();
            }
        }
    }

    /// A line whose quotes mean nothing: a quote at a field's edge is dropped.
    fn literal_line(&mut self, line: &str, findings: &mut Findings) {
        findings.note(Fault::UnclosedQuote, Some(self.row_at(&[])), None);
        let quote = char::from(self.split.quote);
        let fields: Vec<String> = line
            .split(char::from(self.split.delimiter))
            .map(|f| {
                let f = f.strip_prefix(quote).unwrap_or(f);
                f.strip_suffix(quote).unwrap_or(f).to_string()
            })
            .collect();
        self.push_owned(&fields, findings);
    }

    fn push_fields(&mut self, findings: &mut Findings) {
        if self.builders.is_empty() {
            let fields: Vec<String> =
                (0..self.fields.count).map(|at| self.fields.get(at).to_string()).collect();
            self.push_owned(&fields, findings);
            return;
        }
        if !self.next_row(findings) {
            return;
        }
        let ends = self.fields.ends.get(..self.fields.count).unwrap_or(&[]);
        let written = ends.last().and_then(|&end| self.fields.text.get(..end)).unwrap_or(&[]);
        // Splitting valid UTF-8 at ASCII bytes leaves valid UTF-8.
        let text = std::str::from_utf8(written).unwrap_or("");
        let mut start = 0;
        for (&end, builder) in ends.iter().zip(&mut self.builders) {
            builder.push(text.get(start..end).unwrap_or(""), &self.parsing);
            start = end;
        }
        let extra = self.builders.len()..self.fields.count;
        if extra.into_iter().any(|at| !self.fields.get(at).is_empty()) {
            findings.note(Fault::LongRow, Some(self.rows), None);
        }
        self.fill_from(self.fields.count, findings);
    }

    /// A record whose fields stand by themselves; the first one of the file makes the columns.
    fn push_owned(&mut self, fields: &[String], findings: &mut Findings) {
        if self.builders.is_empty() {
            self.make_columns(fields, findings);
            if self.has_header {
                return;
            }
        }
        if !self.next_row(findings) {
            return;
        }
        for (builder, field) in self.builders.iter_mut().zip(fields) {
            builder.push(field, &self.parsing);
        }
        if fields.iter().skip(self.builders.len()).any(|f| !f.is_empty()) {
            findings.note(Fault::LongRow, Some(self.rows), None);
        }
        self.fill_from(fields.len(), findings);
    }

    fn make_columns(&mut self, first: &[String], findings: &mut Findings) {
        let mut header: Vec<String> = if self.has_header { first.to_vec() } else { Vec::new() };
        if self.row_names {
            header.insert(0, String::new());
        }
        let trailing_empty = header.iter().rev().take_while(|f| f.trim().is_empty()).count();
        let named = header.len() - trailing_empty;
        let mut width = if self.has_header { named.max(self.width.min(header.len())) } else { first.len() };
        width = width.max(self.width).max(1);
        if width > MOST_COLUMNS {
            findings.note(Fault::TooManyColumns, None, None);
            width = MOST_COLUMNS;
        }
        header.truncate(width);
        // Without a header every column is named after its position, and that needs no remark.
        self.names = if self.has_header {
            header::names(&header, width, findings)
        } else {
            (1..=width).map(|n| format!("column_{n}")).collect()
        };
        let rows = usize::try_from(self.expected_rows + self.expected_rows / 64).unwrap_or(0);
        self.builders =
            self.names.iter().map(|name| ColumnBuilder::new(self.types.get(name).copied(), rows)).collect();
    }

    /// Counts a row; false when there is no room for it.
    fn next_row(&mut self, findings: &mut Findings) -> bool {
        if self.rows >= MOST_ROWS {
            findings.note(Fault::TooManyRows, Some(self.rows), None);
            self.rows_skipped += 1;
            return false;
        }
        self.rows += 1;
        true
    }

    pub(super) fn finish(self, findings: &mut Findings) -> (Table, u64, Outcome) {
        if self.builders.is_empty() {
            findings.note(Fault::Empty, None, None);
        } else if self.rows == 0 {
            findings.note(Fault::HeaderOnly, None, None);
        }
        let (columns, outcome) = finish_columns(self.names, self.builders, &self.parsing, findings);
        (Table { columns, rows: self.rows as usize }, self.rows_skipped, outcome)
    }
}
