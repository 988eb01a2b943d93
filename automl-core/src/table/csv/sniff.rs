//! Finds out how a CSV file is written from its first records.
//!
//! Every candidate delimiter and quote splits the sample; the one whose records agree best in length and whose
//! fields look most like values wins. After van den Burg, Nazábal & Sutton, "Wrangling messy CSV files by detecting
//! row and type patterns" (Data Mining and Knowledge Discovery 33, 2019), simplified.

use crate::table::missing::MissingTokens;
use crate::table::number::{plain, rich};
use crate::table::options::Decimal;
use csv_core::{ReadRecordResult, ReaderBuilder};

const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b' '];
const QUOTES: [u8; 2] = [b'"', b'\''];
/// Records of the sample that are looked at.
const MOST_RECORDS: usize = 200;

/// How a file splits into fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    pub delimiter: u8,
    pub quote: u8,
    /// Runs of spaces count as one delimiter.
    pub collapse: bool,
}

pub(super) type Records = Vec<Vec<String>>;

/// The records of `sample`. `whole` says that the sample is the whole file; else its last record may be cut off
/// and is left out.
pub(super) fn records(sample: &str, split: Split, whole: bool) -> Records {
    if split.collapse {
        let fields = |line: &str| line.split(' ').filter(|f| !f.is_empty()).map(str::to_string).collect();
        return sample.lines().filter(|l| !l.trim().is_empty()).take(MOST_RECORDS).map(fields).collect();
    }
    if memchr::memchr(split.quote, sample.as_bytes()).is_none() {
        return plain_records(sample, split.delimiter, whole);
    }
    quoted_records(sample, split, whole)
}

/// The records of a sample without quotes, which the grammar splits the same way, but takes long to be made.
fn plain_records(sample: &str, delimiter: u8, whole: bool) -> Records {
    let sample = sample.strip_prefix('\u{feff}').unwrap_or(sample);
    let line_end = ['\n', '\r'];
    let known = if whole { sample.len() } else { sample.rfind(line_end).unwrap_or(0) };
    let lines = sample[..known].split(line_end).filter(|line| !line.is_empty());
    let fields = |line: &str| line.split(char::from(delimiter)).map(str::to_string).collect();
    lines.take(MOST_RECORDS).map(fields).collect()
}

fn quoted_records(sample: &str, split: Split, whole: bool) -> Records {
    let mut reader = ReaderBuilder::new().delimiter(split.delimiter).quote(split.quote).build();
    let (mut out, mut ends) = (vec![0u8; sample.len() + 1], vec![0usize; sample.len() + 2]);
    let (mut input, mut records) = (sample.as_bytes(), Records::new());
    let (mut written, mut ended) = (0, 0);
    while records.len() < MOST_RECORDS {
        let (result, read, wrote, new_ends) =
            reader.read_record(input, &mut out[written..], &mut ends[ended..]);
        input = &input[read..];
        written += wrote;
        ended += new_ends;
        match result {
            ReadRecordResult::InputEmpty if whole || read > 0 => {
                if !whole {
                    break;
                }
            }
            ReadRecordResult::Record => {
                let mut start = 0;
                let fields = ends[..ended].iter().map(|&end| {
                    let field = String::from_utf8_lossy(out.get(start..end).unwrap_or(&[])).into_owned();
                    start = end;
                    field
                });
                records.push(fields.collect());
                (written, ended) = (0, 0);
            }
            _ => break,
        }
    }
    records
}

/// The most frequent number of fields, the larger of equals, and the share of records that have it.
fn modal_width(records: &Records) -> (usize, f64) {
    let mut widths: Vec<usize> = records.iter().map(Vec::len).collect();
    widths.sort_unstable();
    let runs = widths.chunk_by(|a, b| a == b);
    let best = runs.max_by_key(|run| run.len());
    best.map_or((0, 0.0), |run| (run[0], run.len() as f64 / widths.len() as f64))
}

/// Whether a field looks like one value rather than several glued together.
fn is_clean(field: &str, quote: u8) -> bool {
    let field = field.trim();
    if field.is_empty() || rich(field, Decimal::Point).is_some() || rich(field, Decimal::Comma).is_some() {
        return true;
    }
    !field.contains([';', '\t', '|'])
        && !field.contains(char::from(quote))
        && !field.contains('"')
        && field.matches(',').count() * 12 <= field.len()
}

fn score(sample: &str, split: Split, whole: bool) -> f64 {
    let records = records(sample, split, whole);
    let (width, share) = modal_width(&records);
    if width < 2 || records.is_empty() {
        return 0.0;
    }
    let fields = records.iter().map(Vec::len).sum::<usize>();
    let clean = records.iter().flatten().filter(|f| is_clean(f, split.quote)).count();
    let clean_share = clean as f64 / fields.max(1) as f64;
    let likely = match split.delimiter {
        b' ' => 0.6,
        _ => 1.0,
    };
    let quote_used = if split.quote == b'"' { 1.0 } else { 0.99 };
    share * share * clean_share * clean_share * likely * quote_used * (1.0 - 0.5 / width as f64)
}

/// The best way to split `sample`; what is given is kept.
pub(super) fn split(sample: &str, delimiter: Option<u8>, quote: Option<u8>, whole: bool) -> Split {
    let head = cut(sample);
    let whole = whole && head.len() == sample.len();
    let delimiters: Vec<u8> = delimiter.map_or(DELIMITERS.to_vec(), |d| vec![d]);
    let quotes: Vec<u8> = quote.map_or_else(
        || QUOTES.iter().copied().filter(|q| *q == b'"' || opens_fields(head, *q)).collect(),
        |q| vec![q],
    );
    let collapse = |d: u8| d == b' ' && head.lines().any(|l| l.contains("  ") || l.starts_with(' '));
    if let (Some(delimiter), &[quote]) = (delimiter, quotes.as_slice()) {
        return Split { delimiter, quote, collapse: collapse(delimiter) };
    }
    let mut best: Option<(f64, Split)> = None;
    for &delimiter in &delimiters {
        for &quote in &quotes {
            let split = Split { delimiter, quote, collapse: collapse(delimiter) };
            let score = score(head, split, whole);
            if best.is_none_or(|(s, _)| score > s) {
                best = Some((score, split));
            }
        }
    }
    let fallback = Split {
        delimiter: delimiter.unwrap_or(b','),
        quote: quote.unwrap_or(b'"'),
        collapse: delimiter.is_some_and(collapse),
    };
    best.filter(|(score, _)| *score >= 0.25 || delimiter.is_some()).map_or(fallback, |(_, split)| split)
}

/// The first lines of the sample, enough for [`MOST_RECORDS`] records.
fn cut(sample: &str) -> &str {
    let end = sample.match_indices('\n').nth(MOST_RECORDS * 2).map_or(sample.len(), |(at, _)| at + 1);
    &sample[..end]
}

/// Whether `quote` stands at the beginning of a field and at the end of one in several places.
fn opens_fields(sample: &str, quote: u8) -> bool {
    let bytes = sample.as_bytes();
    let edge = |b: Option<&u8>| b.is_none_or(|b| DELIMITERS[..4].contains(b) || matches!(b, b'\n' | b'\r'));
    let (mut opens, mut closes) = (0, 0);
    for at in memchr::memchr_iter(quote, bytes) {
        opens += usize::from(edge(at.checked_sub(1).and_then(|i| bytes.get(i))));
        closes += usize::from(edge(bytes.get(at + 1)));
    }
    opens >= 2 && closes >= 2 && opens.abs_diff(closes) * 4 <= opens
}

/// Number of columns that most records have.
pub(super) fn width(records: &Records) -> usize {
    modal_width(records).0
}

/// The decimal mark that the numbers of the sample ask for.
pub(super) fn decimal(records: &Records, delimiter: u8) -> Decimal {
    let (mut commas, mut points) = (0u32, 0u32);
    for field in records.iter().flatten() {
        let field = field.trim();
        let (has_comma, has_point) = (field.contains(','), field.contains('.'));
        if !has_comma && !has_point {
            continue;
        }
        let as_comma = rich(field, Decimal::Comma).is_some();
        let as_point = rich(field, Decimal::Point).is_some();
        commas += u32::from(as_comma && !as_point);
        points += u32::from(as_point && !as_comma);
    }
    if commas > points || commas == points && points == 0 && delimiter == b';' && only_grouped_commas(records)
    {
        Decimal::Comma
    } else {
        Decimal::Point
    }
}

/// Whether fields such as `1,234` are met and none with a point: in a file with semicolons that is a fraction.
fn only_grouped_commas(records: &Records) -> bool {
    let mut met = false;
    for field in records.iter().flatten() {
        if rich(field, Decimal::Comma).is_some() || rich(field, Decimal::Point).is_some() {
            if field.contains('.') {
                return false;
            }
            met |= field.contains(',');
        }
    }
    met
}

/// What a field looks like, as far as that tells a header from a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Nothing,
    Value,
    Word,
}

fn look(field: &str, decimal: Decimal, missing: &MissingTokens) -> Look {
    let field = field.trim();
    if field.is_empty() || missing.holds(field) {
        Look::Nothing
    } else if plain(field.as_bytes(), b'.').is_some()
        || rich(field, decimal).is_some()
        || crate::table::datetime::parse(field, false).is_some()
    {
        Look::Value
    } else {
        Look::Word
    }
}

/// Whether the first record names the columns: its fields are words where the column below holds values. Where
/// everything is words, a first record whose words come again below is a row.
pub(super) fn has_header(records: &Records, decimal: Decimal, missing: &MissingTokens) -> bool {
    let Some((first, rest)) = records.split_first() else { return true };
    let looks: Vec<Look> = first.iter().map(|f| look(f, decimal, missing)).collect();
    if rest.is_empty() {
        return !looks.contains(&Look::Value) && looks.contains(&Look::Word);
    }
    let (mut names, mut values, mut again) = (0u32, 0u32, 0u32);
    for (column, &top) in looks.iter().enumerate() {
        let below = || rest.iter().filter_map(|record| record.get(column)).map(|f| f.trim());
        let (mut numbers, mut words) = (0u32, 0u32);
        for field in below() {
            match look(field, decimal, missing) {
                Look::Value => numbers += 1,
                Look::Word => words += 1,
                Look::Nothing => {}
            }
        }
        if numbers > 0 && words * 10 <= numbers {
            match top {
                Look::Value => values += 1,
                Look::Word => names += 1,
                Look::Nothing => {}
            }
        } else if top == Look::Value {
            values += 1;
        } else if top == Look::Word && first.get(column).is_some_and(|f| below().any(|b| b == f.trim())) {
            again += 1;
        }
    }
    if names != values {
        return names > values;
    }
    names > 0 || again == 0 && values == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_without_quotes_need_no_grammar(text in "[ab,;\r\n \u{feff}é]{0,60}", many in 1..80usize, whole: bool) {
            let sample = text.repeat(many);
            for delimiter in [b',', b';', b' '] {
                let split = Split { delimiter, quote: b'"', collapse: false };
                let expected = quoted_records(&sample, split, whole);
                prop_assert_eq!(plain_records(&sample, delimiter, whole), expected);
            }
        }

        /// Where both are given nothing is weighed.
        #[test]
        fn what_is_given_is_kept(text in "[ab,; \n]{0,60}") {
            for delimiter in *b",; " {
                let split = split(&text, Some(delimiter), Some(b'\''), true);
                let collapse = delimiter == b' ' && text.lines().any(|l| l.contains("  ") || l.starts_with(' '));
                prop_assert_eq!(split, Split { delimiter, quote: b'\'', collapse });
            }
        }
    }
}
