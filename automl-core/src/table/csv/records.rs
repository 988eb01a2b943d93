//! Splits decoded text into records and hands their fields to the columns.

use super::grammar::{Found, Grammar};
use super::sniff::Split;
use crate::table::columns::{Columns, Keep, Outcome, Wanted};
use crate::table::findings::{Fault, Findings};
use crate::table::infer::Parsing;
use crate::table::{MOST_COLUMNS, MOST_ROWS, Table, header};
use memchr::{memchr, memchr_iter};

/// Rows after which what is held is looked at.
const ROWS_A_LOOK: u64 = 64;
/// After this many unclosed quotes no record may span lines any more.
const MOST_UNCLOSED: u32 = 3;

pub(super) struct Recorder {
    pub split: Split,
    pub has_header: bool,
    pub parsing: Parsing,
    /// Fields of most records of the sample.
    width: usize,
    /// The header lacks a name for the first column.
    row_names: bool,
    /// A `sep=` line comes first.
    skip_line: bool,
    pub columns: Columns,
    /// Says of a row's number, from 0, whether it is read.
    keep: Option<Keep>,
    /// Rows of the file.
    pub rows: u64,
    /// Rows in the builders.
    kept: u64,
    pub rows_skipped: u64,
    unclosed: u32,
    grammar: Grammar,
}

impl Recorder {
    pub(super) fn new(
        split: Split,
        has_header: bool,
        (width, row_names): (usize, bool),
        parsing: Parsing,
        wanted: Wanted,
        keep: Option<Keep>,
    ) -> Self {
        Self {
            split,
            has_header,
            parsing,
            width,
            row_names,
            skip_line: false,
            columns: Columns::new(wanted),
            keep,
            rows: 0,
            kept: 0,
            rows_skipped: 0,
            unclosed: 0,
            grammar: Grammar::new(split),
        }
    }

    pub(super) fn skipping_separator_line(mut self, skip: bool) -> Self {
        self.skip_line = skip;
        self
    }

    /// 1-based number of the row that follows `before`, which begins where the last record ended.
    pub(super) fn row_at(&self, before: &[u8]) -> u64 {
        let header = u64::from(self.has_header && self.columns.are_unknown());
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
        self.columns.fit();
        at
    }

    /// One physical line, with or without quotes that end within it.
    fn read_line(&mut self, line: &str, findings: &mut Findings) {
        if memchr(self.split.quote, line.as_bytes()).is_none() || self.split.collapse {
            self.plain_line(line, findings);
        } else if let Found::Record(_) = self.grammar.find_record(line, true) {
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
        match self.grammar.find_record(rest, last) {
            Found::Record(used) => {
                let columns = self.columns.builders.len();
                let fits = || self.grammar.fields.count == columns && self.is_strict(&rest[..used]);
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

    fn plain_line(&mut self, line: &str, findings: &mut Findings) {
        if line.is_empty() {
            self.rows_skipped += u64::from(!self.columns.are_unknown());
            return;
        }
        let delimiter = char::from(self.split.delimiter);
        let collapse = self.split.collapse;
        let split = || line.split(delimiter).filter(move |f| !collapse || !f.is_empty());
        if self.columns.are_unknown() && !self.begin(&split().collect::<Vec<_>>(), findings)
            || !self.next_row(findings)
        {
            return;
        }
        if collapse {
            self.push_row(split(), findings);
            return;
        }
        let (columns, last_field) = (self.columns.builders.len(), self.columns.last_field());
        let (mut column, mut start) = (0, 0);
        for end in memchr_iter(self.split.delimiter, line.as_bytes()) {
            if let Some(builder) = self.columns.builders.get_mut(column) {
                builder.push(&line[start..end], &self.parsing);
            } else if !line[start..end].is_empty() {
                findings.note(Fault::LongRow, Some(self.rows), None);
                return;
            }
            column += 1;
            start = end + 1;
            if column == last_field {
                return;
            }
        }
        if column < columns {
            self.columns.builders[column].push(&line[start..], &self.parsing);
        } else if !line[start..].is_empty() {
            findings.note(Fault::LongRow, Some(self.rows), None);
        }
        self.fill_from(column + 1, findings);
    }

    /// The rest of a short row.
    fn fill_from(&mut self, first: usize, findings: &mut Findings) {
        if first < self.columns.builders.len() {
            let name = self.columns.names.get(first).map(String::as_str);
            findings.note(Fault::ShortRow, Some(self.rows), name);
            for builder in &mut self.columns.builders[first..] {
                builder.push_missing();
            }
        }
    }

    /// A line whose quotes mean nothing: a quote at a field's edge is dropped.
    fn literal_line(&mut self, line: &str, findings: &mut Findings) {
        findings.note(Fault::UnclosedQuote, Some(self.row_at(&[])), None);
        let quote = char::from(self.split.quote);
        let fields: Vec<&str> = line
            .split(char::from(self.split.delimiter))
            .map(|f| {
                let f = f.strip_prefix(quote).unwrap_or(f);
                f.strip_suffix(quote).unwrap_or(f)
            })
            .collect();
        if (!self.columns.are_unknown() || self.begin(&fields, findings)) && self.next_row(findings) {
            self.push_row(fields.into_iter(), findings);
        }
    }

    /// Takes the record that the grammar has found.
    fn push_fields(&mut self, findings: &mut Findings) {
        let fields = std::mem::take(&mut self.grammar.fields);
        let known = !self.columns.are_unknown();
        if (known || self.begin(&fields.iter().collect::<Vec<_>>(), findings)) && self.next_row(findings) {
            self.push_row(fields.iter(), findings);
        }
        self.grammar.fields = fields;
    }

    /// Makes the columns by the first record of the file; whether that is a row, too.
    fn begin(&mut self, first: &[&str], findings: &mut Findings) -> bool {
        self.make_columns(first, findings);
        !self.has_header
    }

    /// The fields of a row that is kept.
    fn push_row<'f>(&mut self, mut fields: impl Iterator<Item = &'f str>, findings: &mut Findings) {
        let mut count = 0;
        for (builder, field) in self.columns.builders.iter_mut().zip(fields.by_ref()) {
            builder.push(field, &self.parsing);
            count += 1;
        }
        if count == self.columns.builders.len() {
            if fields.any(|f| !f.is_empty()) {
                findings.note(Fault::LongRow, Some(self.rows), None);
            }
        } else {
            self.fill_from(count, findings);
        }
    }

    fn make_columns(&mut self, first: &[&str], findings: &mut Findings) {
        let named = if self.has_header { first } else { &[] };
        let mut header: Vec<String> = named.iter().map(|f| (*f).to_string()).collect();
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
        let names = if self.has_header {
            header::names(&header, width, findings)
        } else {
            (1..=width).map(|n| format!("column_{n}")).collect()
        };
        self.columns.begin(names);
    }

    /// Counts a row; false when there is no room for it, or it is not wanted.
    fn next_row(&mut self, findings: &mut Findings) -> bool {
        if self.rows >= MOST_ROWS {
            findings.note(Fault::TooManyRows, Some(self.rows), None);
            self.rows_skipped += 1;
            return false;
        }
        self.rows += 1;
        if self.keep.as_mut().is_some_and(|keep| !keep(self.rows - 1)) {
            return false;
        }
        if self.kept.is_multiple_of(ROWS_A_LOOK) {
            self.columns.fit();
        }
        self.kept += 1;
        true
    }

    /// Notes what is wrong with the file as a whole, once all of it has been read.
    pub(super) fn end(&self, findings: &mut Findings) {
        if self.columns.are_unknown() {
            findings.note(Fault::Empty, None, None);
        } else if self.rows == 0 {
            findings.note(Fault::HeaderOnly, None, None);
        }
    }

    /// The last rows as a table.
    pub(super) fn finish(&mut self, findings: &mut Findings, outcome: &mut Outcome) -> Table {
        self.columns.finish(&self.parsing, self.kept as usize, findings, outcome)
    }

    /// The rows since the last call as a table, where there are any.
    pub(super) fn take(&mut self, outcome: &mut Outcome) -> Option<Table> {
        let rows = std::mem::take(&mut self.kept) as usize;
        (rows > 0).then(|| self.columns.take(&self.parsing, rows, outcome))
    }
}
