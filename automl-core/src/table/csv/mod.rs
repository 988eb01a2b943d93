//! CSV, read in chunks: the same code for a whole file and for a stream.
//!
//! Bytes are decoded to UTF-8 in a buffer of about one chunk, split into records and handed to one
//! [`ColumnBuilder`] a column; nothing else of the file is kept. Records without quotes are split by hand, those
//! with quotes by csv-core, which is the grammar (RFC 4180 and what programs make of it).

mod decode;
mod foreign;
mod grammar;
mod passes;
mod records;
mod sniff;
#[cfg(test)]
mod tests;

use super::Table;
use super::columns::{Keep, Outcome, Span, Wanted};
use super::findings::{Fault, Findings};
use super::header;
use super::infer::Parsing;
use super::options::{Decimal, Dialect, Encoding, ReadOptions, ReadReport};
use decode::Decoder;
pub use passes::look_at_csv;
use records::Recorder;
use sniff::Split;
use std::collections::BTreeSet;

/// Bytes at the beginning of a file that the dialect is sniffed from.
const SNIFF_BYTES: usize = 64 << 10;

/// Reads a CSV file chunk by chunk.
pub struct CsvReader {
    options: ReadOptions,
    /// Bytes met before the dialect was known.
    head: Vec<u8>,
    /// Decoded bytes that make no whole record yet.
    buffer: Vec<u8>,
    state: Option<State>,
    /// It is no text, and the findings say so.
    refused: bool,
    findings: Findings,
    bytes: u64,
    /// Size of the whole file where known, for reserving memory.
    expected_bytes: u64,
    /// Names of the columns that are built, where not all are.
    only: Option<BTreeSet<String>>,
    /// Columns that are held, where not all are.
    span: Option<Span>,
    keep: Option<Keep>,
    /// What the columns of the parts that were taken said.
    outcome: Outcome,
    /// Whether a part was taken.
    in_parts: bool,
}

/// What is known once the head has been looked at.
struct State {
    encoding: Encoding,
    decoder: Decoder,
    /// Lines end in a lone carriage return.
    lone_returns: bool,
    recorder: Recorder,
    split: Split,
}

impl CsvReader {
    pub fn new(options: ReadOptions) -> Self {
        Self {
            options,
            head: Vec::new(),
            buffer: Vec::new(),
            state: None,
            refused: false,
            findings: Findings::default(),
            bytes: 0,
            expected_bytes: 0,
            only: None,
            span: None,
            keep: None,
            outcome: Outcome::default(),
            in_parts: false,
        }
    }

    /// Says how many bytes will come, so that memory is reserved once.
    #[must_use]
    pub fn expecting(mut self, bytes: u64) -> Self {
        self.expected_bytes = bytes;
        self
    }

    /// Reads only the columns of these names, as far as the file has them: the others are absent from the table.
    #[must_use]
    pub fn only(mut self, names: BTreeSet<String>) -> Self {
        self.only = Some(names);
        self
    }

    /// Reads only the rows whose number, from 0, `keep` says yes to; it is asked once a row, in order. The others are
    /// passed over: what would be wrong with their fields is not told.
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

    /// Takes the next bytes of the file.
    pub fn push(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        if self.refused {
            return;
        }
        if self.state.is_none() {
            self.head.extend_from_slice(chunk);
            if self.head.len() < SNIFF_BYTES {
                return;
            }
            self.start(false);
        } else {
            self.decode(chunk);
        }
        self.read_records(false);
    }

    /// The rows read since the last call as a table of their own, where there are any; [`CsvReader::finish`] gives
    /// those after the last call. It is for files that are not held whole, with options that give every column its
    /// type: what a column says beyond that, such as which spelling of a word comes first or that its own decimal
    /// mark is another than the file's, it says for each part anew. Remarks about values are left out.
    pub fn take(&mut self) -> Option<Table> {
        self.in_parts = true;
        self.state.as_mut()?.recorder.take(&mut self.outcome)
    }

    /// The table, once all bytes have been pushed; the rest of it where parts have been taken.
    pub fn finish(mut self) -> (Table, ReadReport) {
        self.end();
        let mut findings = std::mem::take(&mut self.findings);
        let mut outcome = std::mem::take(&mut self.outcome);
        let mut remarks = if self.in_parts { Some(Findings::default()) } else { None };
        let table = self
            .state
            .as_mut()
            .map(|state| state.recorder.finish(remarks.as_mut().unwrap_or(&mut findings), &mut outcome));
        (table.unwrap_or_default(), self.report(findings, outcome))
    }

    /// Reads what is left once all bytes have been pushed.
    fn end(&mut self) {
        if self.state.is_none() && !self.refused {
            self.start(true);
        }
        if let Some(state) = &mut self.state {
            state.decoder.finish(&mut self.buffer);
        }
        self.read_records(true);
        if let Some(state) = &self.state {
            if state.decoder.faults > 0 {
                self.findings.note_many(Fault::BadEncoding, state.decoder.faults, None, None);
            }
            state.recorder.end(&mut self.findings);
        }
    }

    fn report(&self, findings: Findings, outcome: Outcome) -> ReadReport {
        let dialect = self.state.as_ref().map(|state| Dialect {
            delimiter: state.split.delimiter,
            quote: state.split.quote,
            has_header: state.recorder.has_header,
            decimal: state.recorder.parsing.decimal,
            encoding: state.encoding,
            missing_tokens: outcome.missing_tokens.into_iter().collect(),
        });
        let rows_skipped = self.state.as_ref().map_or(0, |state| state.recorder.rows_skipped);
        ReadReport {
            dialect,
            day_first: outcome.day_first,
            diagnostics: findings.into_diagnostics(),
            rows_skipped,
            bytes: self.bytes,
        }
    }

    /// Looks at the head, settles the dialect and begins to decode.
    fn start(&mut self, whole: bool) {
        let head = std::mem::take(&mut self.head);
        if let Some(diagnostic) = foreign::refusal(&head[..head.len().min(SNIFF_BYTES)]) {
            self.findings.remark(diagnostic);
            self.refused = true;
            return;
        }
        let sniffed = &head[..head.len().min(SNIFF_BYTES)];
        let (encoding, mark) = match self.options.encoding {
            Some(given) => (given, decode::mark_len(sniffed, given)),
            None => decode::sniff(sniffed),
        };
        let mut sample = Vec::new();
        Decoder::new(encoding).decode(&sniffed[mark..], &mut sample);
        let lone_returns =
            memchr::memchr(b'\n', &sample).is_none() && memchr::memchr(b'\r', &sample).is_some();
        if lone_returns {
            replace(&mut sample, b'\r', b'\n');
        }
        sample.retain(|&b| b != 0);
        let (sample, _, _) = decode::repair(&sample);
        let (named_delimiter, sample) = header::take_separator_line(&sample);
        let whole = whole && head.len() <= SNIFF_BYTES;
        let recorder = self.recorder(sample, named_delimiter, whole);
        let split = recorder.split;
        self.state = Some(State { encoding, decoder: Decoder::new(encoding), lone_returns, recorder, split });
        self.decode(&head[mark..]);
    }

    fn recorder(&mut self, sample: &str, named_delimiter: Option<u8>, whole: bool) -> Recorder {
        let usable = |b: &u8| b.is_ascii() && !matches!(b, b'\n' | b'\r' | 0) && !b.is_ascii_alphanumeric();
        let mut delimiter = self.options.delimiter.filter(usable);
        let mut quote = self.options.quote.filter(usable);
        if delimiter.is_some() && delimiter == quote {
            quote = None;
        }
        if delimiter != self.options.delimiter || quote != self.options.quote {
            self.findings.note(Fault::BadOption, None, None);
        }
        delimiter = delimiter.or(named_delimiter.filter(usable));
        if delimiter == Some(b'"') && quote.is_none() {
            quote = Some(b'\'');
        }
        let split = sniff::split(sample, delimiter, quote, whole);
        let records = sniff::records(sample, split, whole);
        let decimal = self.options.decimal.unwrap_or_else(|| {
            if split.delimiter == b',' && !sample.contains(char::from(split.quote)) {
                Decimal::Point
            } else {
                sniff::decimal(&records, split.delimiter)
            }
        });
        let parsing = Parsing::new(decimal, self.options.missing.as_deref(), self.options.day_first);
        let has_header =
            self.options.has_header.unwrap_or_else(|| sniff::has_header(&records, decimal, &parsing.missing));
        let lines = memchr::memchr_iter(b'\n', sample.as_bytes()).count().max(1) as u64;
        let expected_rows = self.expected_bytes.saturating_mul(lines) / (sample.len() as u64).max(1);
        let mut width = sniff::width(&records);
        let named = records.first().map_or(0, Vec::len);
        if has_header && records.iter().all(|r| r.iter().skip(named).all(|f| f.trim().is_empty())) {
            // Every line ends with a delimiter that means nothing.
            width = width.min(named);
        }
        let body = if has_header { records.get(1..).unwrap_or(&[]) } else { &records[..] };
        let row_names = has_header
            && !body.is_empty()
            && records.first().is_some_and(|h| {
                body.iter().all(|r| r.len() == h.len() + 1)
                    && !body.iter().all(|r| r.last().is_some_and(|f| f.is_empty()))
            });
        let wanted = Wanted {
            types: self.options.types.clone(),
            only: self.only.take(),
            span: self.span,
            // Of the rows that are kept nothing is known.
            expected_rows: if self.keep.is_some() { 0 } else { expected_rows },
        };
        Recorder::new(split, has_header, (width, row_names), parsing, wanted, self.keep.take())
            .skipping_separator_line(named_delimiter.is_some())
    }

    fn decode(&mut self, chunk: &[u8]) {
        let Some(state) = &mut self.state else { return };
        let start = self.buffer.len();
        state.decoder.decode(chunk, &mut self.buffer);
        if state.lone_returns {
            replace(&mut self.buffer[start..], b'\r', b'\n');
        }
    }

    /// Reads the whole records in the buffer and keeps the rest.
    fn read_records(&mut self, last: bool) {
        let Some(state) = &mut self.state else { return };
        let end = if last {
            self.buffer.len()
        } else {
            memchr::memrchr(b'\n', &self.buffer).map_or(0, |at| at + 1)
        };
        let region = &self.buffer[..end];
        let used = match std::str::from_utf8(region) {
            Ok(text) => state.recorder.read(text, last, &mut self.findings),
            Err(_) => {
                let (text, faults, first) = decode::repair(region);
                let row = state.recorder.row_at(&region[..first]);
                self.findings.note_many(Fault::BadEncoding, faults, Some(row), None);
                let used = state.recorder.read(&text, last, &mut self.findings);
                // Positions in the repaired text are not those in the bytes: keep the repaired rest.
                let mut rest = text.as_bytes()[used..].to_vec();
                rest.extend_from_slice(&self.buffer[end..]);
                self.buffer = rest;
                return;
            }
        };
        self.buffer.drain(..used);
    }
}

fn replace(bytes: &mut [u8], from: u8, to: u8) {
    for b in bytes {
        if *b == from {
            *b = to;
        }
    }
}
