//! Records with quotes, split by csv-core.

use super::sniff::Split;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// A quoted field that does not end within this many bytes is taken for unclosed.
const LONGEST_RECORD: usize = 1 << 20;

/// What came of looking for a record.
pub(super) enum Found {
    /// A record of this many bytes.
    Record(usize),
    /// The text ends inside the record.
    Cut,
    /// A quote is opened and never closed.
    Unclosed,
}

/// The fields of a record that csv-core has split: one buffer and the ends.
#[derive(Default)]
pub(super) struct Fields {
    text: Vec<u8>,
    ends: Vec<usize>,
    pub count: usize,
}

impl Fields {
    pub(super) fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends.get(at - 1).copied().unwrap_or(0) };
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.text.get(start..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
    }

    /// All fields, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let ends = self.ends.get(..self.count).unwrap_or(&[]);
        let written = ends.last().and_then(|&end| self.text.get(..end)).unwrap_or(&[]);
        // Splitting valid UTF-8 at ASCII bytes leaves valid UTF-8.
        let text = std::str::from_utf8(written).unwrap_or("");
        let mut start = 0;
        ends.iter().map(move |&end| text.get(std::mem::replace(&mut start, end)..end).unwrap_or(""))
    }

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

/// The grammar of one file, made where the first quote is met: making it takes longer than reading a few rows.
pub(super) struct Grammar {
    split: Split,
    reader: Option<Box<Reader>>,
    /// Those of the record found last.
    pub fields: Fields,
}

impl Grammar {
    pub(super) fn new(split: Split) -> Self {
        Self { split, reader: None, fields: Fields::default() }
    }

    /// Splits the record at the beginning of `text` into fields.
    pub(super) fn find_record(&mut self, text: &str, last: bool) -> Found {
        let input = &text.as_bytes()[..text.len().min(LONGEST_RECORD)];
        let is_cut = input.len() < text.len() || !last;
        let split = self.split;
        let reader = self.reader.get_or_insert_with(|| Box::new(reader(split)));
        reader.reset();
        let fields = &mut self.fields;
        let (mut read, mut written, mut ended) = (0, 0, 0);
        let mut closed_by_us = false;
        loop {
            let (text_len, ends_len) = (fields.text.len(), fields.ends.len());
            if written + 64 > text_len {
                fields.text.resize((text_len * 2).max(4096), 0);
            }
            if ended + 16 > ends_len {
                fields.ends.resize((ends_len * 2).max(256), 0);
            }
            let source = if closed_by_us { b"\n".as_slice() } else { &input[read..] };
            let (result, took, wrote, new_ends) =
                reader.read_record(source, &mut fields.text[written..], &mut fields.ends[ended..]);
            if !closed_by_us {
                read += took;
            }
            written += wrote;
            ended += new_ends;
            match result {
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::Record => {
                    fields.count = ended;
                    fields.trim_return();
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
}

/// A carriage return before the line feed is taken off later, as for lines without quotes.
fn reader(split: Split) -> Reader {
    ReaderBuilder::new()
        .delimiter(split.delimiter)
        .quote(split.quote)
        .terminator(Terminator::Any(b'\n'))
        .build()
}
