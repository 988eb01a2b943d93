//! What type a column has, once all its fields are known.
//!
//! In order: the type that was asked for; numbers; yes and no; dates; identifiers, prose or categories.

use super::builder::{
    ColumnBuilder, Fields, Finished, NumberFields, Parsing, better_decimal, looks_like_codes,
};
use super::interner::Interner;
use super::strings::{ZERO_ONE, truth_of};
use super::{dates, numeric, words};
use crate::diagnostic::Diagnostic;
use crate::table::number::{is_big_integer, rich};
use crate::table::options::Decimal;
use crate::table::{Column, ColumnType, MISSING_CODE, TextValues, Values};
use std::collections::BTreeSet;

/// A column is numeric, or made of dates, when at most one in this many of its values is something else; those
/// become missing.
pub(super) const MOST_JUNK_ONE_IN: u64 = 20;
/// … and, so that grades and size classes stay categories, when it has this many distinct numbers.
const LEAST_NUMBERS: usize = 20;

pub(super) fn finish(builder: ColumnBuilder, name: &str, parsing: &Parsing) -> Finished {
    let forced = builder.forced;
    match builder.fields {
        Fields::Dictionary { levels, codes, .. } => {
            Dictionary::new(&levels, &codes, parsing).finish(name, forced, parsing)
        }
        Fields::Numbers(fields) => {
            let present = fields.numbers.iter().filter(|x| !x.is_nan()).count() as u64;
            if forced.is_some() || fields.junk_count * MOST_JUNK_ONE_IN <= present {
                return numeric::from_fields(name, *fields, forced, Vec::new());
            }
            words::from_text(name, Fields::Numbers(fields).into_text(), forced, parsing)
        }
        fields @ (Fields::Text(_) | Fields::Unread) => {
            from_long_text(name, fields.into_text(), forced, parsing)
        }
    }
}

/// A column that was too long or too varied for a dictionary.
fn from_long_text(name: &str, text: TextValues, forced: Option<ColumnType>, parsing: &Parsing) -> Finished {
    let fields = || (0..text.len()).filter_map(|row| text.get(row)).map(str::trim);
    let present = || fields().filter(|f| !parsing.missing.holds(f));
    match forced {
        Some(ColumnType::Datetime) => return dates::from_text(name, &text, true, parsing),
        Some(ColumnType::Numeric) => return numeric::from_text(name, &text, parsing),
        Some(ColumnType::Boolean) => return words::booleans_from_text(name, &text, parsing),
        Some(_) => return words::from_text(name, text, forced, parsing),
        None => {}
    }
    let sample = || present().take(256);
    if sample().count() > 0 && sample().all(|f| crate::table::datetime::parse(f, false).is_some()) {
        let finished = dates::from_text(name, &text, false, parsing);
        let total = present().count() as u64;
        let read = (finished.column.len() - finished.column.missing_count()) as u64;
        if (total - read) * MOST_JUNK_ONE_IN <= total {
            return finished;
        }
    }
    let numbers = sample().filter(|f| rich(f, parsing.decimal).is_some()).count();
    if numbers * 2 > sample().count() && !looks_like_codes(present()) && !present().any(is_big_integer) {
        let (mut total, mut junk) = (0u64, 0u64);
        for field in present() {
            total += 1;
            junk += u64::from(rich(field, parsing.decimal).is_none());
        }
        if junk * MOST_JUNK_ONE_IN <= total {
            return numeric::from_text(name, &text, parsing);
        }
    }
    words::from_text(name, text, None, parsing)
}

/// A column as the distinct texts of its fields.
pub(super) struct Dictionary<'a> {
    pub levels: &'a Interner,
    pub codes: &'a [u32],
    /// Rows a level.
    pub counts: Vec<u64>,
    /// Codes of the levels that are values, in order of first appearance.
    pub present: Vec<u32>,
    pub tokens: BTreeSet<String>,
    pub missing_rows: u64,
}

impl<'a> Dictionary<'a> {
    pub(super) fn new(levels: &'a Interner, codes: &'a [u32], parsing: &Parsing) -> Self {
        let mut counts = vec![0u64; levels.len()];
        let mut missing_rows = 0;
        for &code in codes {
            match counts.get_mut(code as usize) {
                Some(count) => *count += 1,
                None => missing_rows += 1,
            }
        }
        let mut present = Vec::new();
        let mut tokens = BTreeSet::new();
        for (code, level) in levels.levels().enumerate() {
            if parsing.missing.holds(level.trim()) {
                tokens.insert(level.trim().to_string());
                missing_rows += counts[code];
            } else if counts[code] > 0 {
                present.push(code as u32);
            }
        }
        Self { levels, codes, counts, present, tokens, missing_rows }
    }

    pub(super) fn level(&self, code: u32) -> &'a str {
        self.levels.level(code as usize).trim()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.present.iter().map(|&code| self.level(code))
    }

    pub(super) fn rows_of(&self, code: u32) -> u64 {
        self.counts.get(code as usize).copied().unwrap_or(0)
    }

    pub(super) fn present_rows(&self) -> u64 {
        self.codes.len() as u64 - self.missing_rows
    }

    /// One value a row from one value a level.
    pub(super) fn map_rows<T: Copy>(&self, of_level: &[T], missing: T) -> Vec<T> {
        self.codes.iter().map(|&code| of_level.get(code as usize).copied().unwrap_or(missing)).collect()
    }

    fn finish(self, name: &str, forced: Option<ColumnType>, parsing: &Parsing) -> Finished {
        match forced {
            Some(ColumnType::Numeric) => {
                let decimal = better_decimal(self.levels, parsing);
                numeric::from_dictionary(name, &self, decimal, forced, parsing)
            }
            Some(ColumnType::Boolean) => words::booleans(name, &self),
            Some(ColumnType::Datetime) => dates::from_dictionary(name, &self, true, parsing),
            Some(ty) => words::from_dictionary(name, &self, Some(ty)),
            None => self.infer(name, parsing),
        }
    }

    fn infer(self, name: &str, parsing: &Parsing) -> Finished {
        if self.present.is_empty() {
            return self.all_missing(name);
        }
        let decimal = better_decimal(self.levels, parsing);
        if self.is_numeric(decimal) {
            return numeric::from_dictionary(name, &self, decimal, None, parsing);
        }
        let pairs: BTreeSet<_> = self.values().map(|v| truth_of(v).map(|(pair, _)| pair)).collect();
        if pairs.len() == 1
            && pairs.first().is_some_and(|p| p.is_some_and(|p| p != ZERO_ONE))
            && (self.present.len() > 1 || self.missing_rows > 0)
        {
            return words::booleans(name, &self);
        }
        if self.is_dates() {
            return dates::from_dictionary(name, &self, false, parsing);
        }
        words::from_dictionary(name, &self, None)
    }

    fn is_numeric(&self, decimal: Decimal) -> bool {
        let (mut rows, mut levels) = (0, 0);
        for &code in &self.present {
            if rich(self.level(code), decimal).is_some() {
                rows += self.rows_of(code);
                levels += 1;
            }
        }
        let junk_rows = self.present_rows() - rows;
        let mostly = junk_rows == 0 || levels >= LEAST_NUMBERS && junk_rows * MOST_JUNK_ONE_IN <= rows;
        mostly && !looks_like_codes(self.values()) && !self.values().any(is_big_integer)
    }

    fn is_dates(&self) -> bool {
        let (mut rows, mut levels) = (0, 0);
        for &code in &self.present {
            if crate::table::datetime::parse(self.level(code), false).is_some() {
                rows += self.rows_of(code);
                levels += 1;
            }
        }
        let junk_rows = self.present_rows() - rows;
        junk_rows == 0 || levels >= LEAST_NUMBERS && junk_rows * MOST_JUNK_ONE_IN <= rows
    }

    fn all_missing(self, name: &str) -> Finished {
        let diagnostic = (!self.codes.is_empty()).then(|| {
            Diagnostic::warning(
                "type.all_missing",
                format!("Column \"{name}\" has no values."),
                "It is left out. Remove it from the file, or fill it in.",
            )
            .at_column(name)
        });
        Finished {
            column: Column {
                name: name.to_string(),
                ty: ColumnType::Constant,
                values: Values::Dict { codes: vec![MISSING_CODE; self.codes.len()], levels: Vec::new() },
                spellings: Vec::new(),
            },
            diagnostics: diagnostic.into_iter().collect(),
            missing_tokens: self.tokens,
            day_first: None,
        }
    }
}

/// The finding that some values of a column could not be read as its type. `row` is 0-based.
pub(super) fn unparsed(name: &str, what: &str, count: u64, row: usize, first: &str) -> Diagnostic {
    let (values, are) = if count == 1 { ("value", "is") } else { ("values", "are") };
    let shown: String = first.chars().take(40).collect();
    Diagnostic::warning(
        "type.unparsed",
        format!("Column \"{name}\": {count} {values} {are} no {what} and {are} taken as missing, first \"{shown}\"."),
        "Correct the values, add them to the missing tokens, or change the column's type.",
    )
    .at_column(name)
    .at_row(row as u64 + 1)
}

/// A number column's findings, as far as they are not about single values.
pub(super) fn number_findings(name: &str, fields: &NumberFields) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    if let Some((row, first)) = fields.junk.first() {
        out.push(unparsed(name, "number", fields.junk_count, *row as usize, first));
    }
    if let Some(row) = fields.infinite {
        out.push(
            Diagnostic::warning(
                "type.infinite",
                format!("Column \"{name}\" holds infinite values, which are taken as missing."),
                "Replace them by the largest sensible number if they mean one.",
            )
            .at_column(name)
            .at_row(u64::from(row) + 1),
        );
    }
    if let Some(first) = &fields.units {
        out.push(
            Diagnostic::info(
                "type.units",
                format!("Column \"{name}\": numbers are read without their unit, for example \"{first}\"."),
                "Nothing needs to be done, as long as the whole column has one unit.",
            )
            .at_column(name),
        );
    }
    if fields.big_integer {
        out.push(
            Diagnostic::warning(
                "type.precision",
                format!("Column \"{name}\" holds whole numbers of more than 15 digits, which are rounded."),
                "If they are codes rather than amounts, make the column text or categorical.",
            )
            .at_column(name),
        );
    }
    out
}
