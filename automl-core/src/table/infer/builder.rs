//! Collects the fields of one column as compactly as they allow.

use super::interner::Interner;
use crate::diagnostic::Diagnostic;
use crate::table::missing::MissingTokens;
use crate::table::number::{Number, fits_f32, is_big_integer, plain, rich, shortest};
use crate::table::options::Decimal;
use crate::table::{Column, ColumnType, MISSING_CODE, TextValues, Values};
use std::collections::BTreeSet;

/// Distinct texts after which a dictionary is looked at for the first time.
const FIRST_LOOK: usize = 1024;
/// A dictionary with more levels than this, and more than half as many as rows, becomes text.
const MANY_LEVELS: usize = 4096;
/// No dictionary grows beyond this many levels, or this many bytes of levels.
const MOST_LEVELS: usize = 1 << 20;
const MOST_LEVEL_BYTES: usize = 64 << 20;
/// This share of the distinct texts must be numbers for a column to go over to numbers.
const NUMERIC_SHARE: f64 = 0.9;
/// A column of numbers goes back to text when more than 1 in this many fields, and 256, are no numbers.
const JUNK_ONE_IN: usize = 10;

/// What all columns of a file are read with.
#[derive(Debug, Clone)]
pub(crate) struct Parsing {
    pub decimal: Decimal,
    pub missing: MissingTokens,
    pub day_first: Option<bool>,
}

impl Parsing {
    pub(crate) fn new(decimal: Decimal, missing: Option<&[String]>, day_first: Option<bool>) -> Self {
        Self { decimal, missing: MissingTokens::new(missing), day_first }
    }
}

/// A column with what was found out about it.
pub(crate) struct Finished {
    pub column: Column,
    pub diagnostics: Vec<Diagnostic>,
    pub missing_tokens: BTreeSet<String>,
    /// For a date column in a local form: whether it was read day first, and whether that was a guess.
    pub day_first: Option<(bool, bool)>,
}

/// Numbers in the narrowest width that changes none of them.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    Narrow(Vec<f32>),
    Wide(Vec<f64>),
}

impl Numbers {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self::Narrow(Vec::with_capacity(rows))
    }

    #[inline]
    pub(super) fn push(&mut self, x: f64) {
        match self {
            Self::Wide(wide) => wide.push(x),
            Self::Narrow(narrow) if fits_f32(x) => narrow.push(x as f32),
            Self::Narrow(_) => self.widen().push(x),
        }
    }

    #[cold]
    fn widen(&mut self) -> &mut Self {
        if let Self::Narrow(narrow) = self {
            let mut wide = Vec::with_capacity(narrow.capacity());
            wide.extend(narrow.iter().map(|&x| f64::from(x)));
            *self = Self::Wide(wide);
        }
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        let (narrow, wide): (&[f32], &[f64]) = match self {
            Self::Narrow(v) => (v, &[]),
            Self::Wide(v) => (&[], v),
        };
        narrow.iter().map(|&x| f64::from(x)).chain(wide.iter().copied())
    }

    pub(super) fn into_values(self) -> Values {
        match self {
            Self::Narrow(mut v) => {
                v.shrink_to_fit();
                Values::F32(v)
            }
            Self::Wide(mut v) => {
                v.shrink_to_fit();
                Values::F64(v)
            }
        }
    }
}

/// Fields of a column of numbers: values, and apart from them what was no number.
#[derive(Debug, Clone)]
pub(super) struct NumberFields {
    pub numbers: Numbers,
    pub decimal: Decimal,
    /// Row and text of the fields that are neither numbers nor missing.
    pub junk: Vec<(u32, String)>,
    /// Bytes of these texts.
    junk_bytes: usize,
    /// How many there were, the ones not kept included.
    pub junk_count: u64,
    pub infinite: Option<u32>,
    pub units: Option<String>,
    pub big_integer: bool,
    pub tokens: BTreeSet<String>,
}

pub(super) enum Fields {
    Dictionary {
        levels: Interner,
        codes: Vec<u32>,
        next_look: usize,
    },
    Numbers(Box<NumberFields>),
    Text(TextValues),
    /// Of a column that is not read, nothing is kept.
    Unread,
}

impl Fields {
    /// The fields as text.
    pub(super) fn into_text(self) -> TextValues {
        let mut text = TextValues::default();
        match self {
            Fields::Dictionary { levels, codes, .. } => {
                for code in codes {
                    text.push((code != MISSING_CODE).then(|| levels.level(code as usize)));
                }
            }
            Fields::Numbers(numbers) => numbers.write_text(&mut text),
            Fields::Text(own) => text = own,
            Fields::Unread => {}
        }
        text
    }
}

/// What has room for fewer items counts as grown already.
pub(crate) const NEARLY_FULL: usize = 64;

/// Bytes of `items`, of twice as many where they are nearly full.
pub(super) fn soon<T>(items: &Vec<T>) -> usize {
    let grown = if items.len() + NEARLY_FULL > items.capacity() { 2 } else { 1 };
    items.capacity() * grown * size_of::<T>()
}

/// Takes the fields of one column, one a row.
pub(crate) struct ColumnBuilder {
    pub(super) forced: Option<ColumnType>,
    pub(super) fields: Fields,
    /// Rows expected, for reserving memory once.
    expected: usize,
}

impl ColumnBuilder {
    pub(crate) fn new(forced: Option<ColumnType>, expected_rows: usize) -> Self {
        let codes = Vec::with_capacity(expected_rows);
        let fields = Fields::Dictionary { levels: Interner::default(), codes, next_look: FIRST_LOOK };
        Self { forced, fields, expected: expected_rows }
    }

    /// Takes fields and keeps none of them.
    pub(crate) fn unread() -> Self {
        Self { forced: None, fields: Fields::Unread, expected: 0 }
    }

    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.fields, Fields::Unread)
    }

    /// Bytes of memory that the fields take. What is nearly full counts as grown already, so that who looks every
    /// so many rows is not surprised.
    pub(crate) fn bytes(&self) -> usize {
        match &self.fields {
            Fields::Dictionary { levels, codes, .. } => levels.bytes() + soon(codes),
            Fields::Numbers(fields) => fields.bytes(),
            Fields::Text(text) => text.held(),
            Fields::Unread => 0,
        }
    }

    /// Adds a field.
    #[inline]
    pub(crate) fn push(&mut self, field: &str, parsing: &Parsing) {
        match &mut self.fields {
            Fields::Numbers(numbers) => match plain(field.as_bytes(), numbers.decimal.byte()) {
                Some(x) if x.is_finite() => numbers.numbers.push(x),
                _ => self.push_odd(field, parsing),
            },
            Fields::Dictionary { levels, codes, next_look } => match levels.intern(field) {
                Some(code) => {
                    codes.push(code);
                    if code as usize >= *next_look {
                        self.look(parsing);
                    }
                }
                None => {
                    self.become_text();
                    self.push(field, parsing);
                }
            },
            Fields::Text(text) => {
                text.push(Some(field));
            }
            Fields::Unread => {}
        }
    }

    /// Adds a value that the file does not have, such as a field that a short row lacks.
    pub(crate) fn push_missing(&mut self) {
        match &mut self.fields {
            Fields::Numbers(n) => n.numbers.push(f64::NAN),
            Fields::Dictionary { codes, .. } => codes.push(MISSING_CODE),
            Fields::Text(text) => {
                text.push(None);
            }
            Fields::Unread => {}
        }
    }

    /// A field of a numeric column that is no plain finite number.
    #[cold]
    fn push_odd(&mut self, field: &str, parsing: &Parsing) {
        let keeps_junk = !self.is_forced_number();
        let Fields::Numbers(n) = &mut self.fields else { return };
        n.take_odd(field, parsing, keeps_junk);
        let rows = n.junk_rows();
        if keeps_junk && n.junk.len() > 256 && n.junk.len() > rows / JUNK_ONE_IN {
            self.become_text();
        }
    }

    fn is_forced_number(&self) -> bool {
        matches!(self.forced, Some(ColumnType::Numeric))
    }

    fn is_forced_other(&self) -> bool {
        self.forced.is_some_and(|ty| ty != ColumnType::Numeric)
    }

    /// Decides whether a dictionary that has grown should stay one.
    #[cold]
    fn look(&mut self, parsing: &Parsing) {
        let Fields::Dictionary { levels, codes, next_look } = &mut self.fields else { return };
        let count = levels.len();
        *next_look = count + count / 2;
        if self.forced.is_none() || matches!(self.forced, Some(ColumnType::Numeric)) {
            let decimal = better_decimal(levels, parsing);
            let numeric = levels.levels().filter(|l| rich(l, decimal).is_some()).count();
            let codes_of_digits = levels.levels().any(is_big_integer) || looks_like_codes(levels.levels());
            let forced = self.forced.is_some();
            if forced || numeric as f64 >= NUMERIC_SHARE * count as f64 && !codes_of_digits {
                self.become_numbers(decimal, parsing);
                return;
            }
        }
        let many = count > MANY_LEVELS && count * 2 > codes.len();
        if many || count > MOST_LEVELS || levels.text_bytes() > MOST_LEVEL_BYTES {
            self.become_text();
        }
    }

    fn become_numbers(&mut self, decimal: Decimal, parsing: &Parsing) {
        let keeps_junk = !self.is_forced_number();
        let fields = std::mem::replace(&mut self.fields, Fields::Text(TextValues::default()));
        let Fields::Dictionary { levels, codes, .. } = fields else { return };
        let mut out = NumberFields::new(decimal, self.expected.max(codes.len()));
        for code in codes {
            if code == MISSING_CODE {
                out.numbers.push(f64::NAN);
                continue;
            }
            let field = levels.level(code as usize);
            match plain(field.as_bytes(), decimal.byte()) {
                Some(x) if x.is_finite() => out.numbers.push(x),
                _ => out.take_odd(field, parsing, keeps_junk),
            }
        }
        self.fields = Fields::Numbers(Box::new(out));
    }

    fn become_text(&mut self) {
        let fields = std::mem::replace(&mut self.fields, Fields::Text(TextValues::default()));
        self.fields = Fields::Text(fields.into_text());
    }

    /// The typed column.
    pub(crate) fn finish(self, name: &str, parsing: &Parsing) -> Finished {
        debug_assert!(!self.is_forced_other() || !matches!(self.fields, Fields::Numbers(_)));
        super::decide::finish(self, name, parsing)
    }
}

impl NumberFields {
    pub(super) fn new(decimal: Decimal, rows: usize) -> Self {
        Self {
            numbers: Numbers::with_capacity(rows),
            decimal,
            junk: Vec::new(),
            junk_bytes: 0,
            junk_count: 0,
            infinite: None,
            units: None,
            big_integer: false,
            tokens: BTreeSet::new(),
        }
    }

    fn bytes(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::Narrow(v) => soon(v),
            Numbers::Wide(v) => soon(v),
        };
        numbers + soon(&self.junk) + self.junk_bytes
    }

    fn junk_rows(&self) -> usize {
        match &self.numbers {
            Numbers::Narrow(v) => v.len(),
            Numbers::Wide(v) => v.len(),
        }
    }

    pub(super) fn take_odd(&mut self, field: &str, parsing: &Parsing, keeps_junk: bool) {
        let row = self.junk_rows() as u32;
        let trimmed = field.trim();
        if parsing.missing.holds(trimmed) {
            if !self.tokens.contains(trimmed) {
                self.tokens.insert(trimmed.to_string());
            }
            self.numbers.push(f64::NAN);
            return;
        }
        match rich(trimmed, self.decimal) {
            Some(Number { value, unit }) => {
                if value.is_infinite() {
                    self.infinite.get_or_insert(row);
                }
                if unit && self.units.is_none() {
                    self.units = Some(trimmed.to_string());
                }
                self.numbers.push(if value.is_finite() { value } else { f64::NAN });
            }
            None => {
                self.junk_count += 1;
                if keeps_junk || self.junk.len() < 8 {
                    let most = if keeps_junk { usize::MAX } else { 40 };
                    let text: String = trimmed.chars().take(most).collect();
                    self.junk_bytes += text.capacity();
                    self.junk.push((row, text));
                }
                self.numbers.push(f64::NAN);
            }
        }
    }

    /// The column as text: numbers in their shortest form, which is not always how the file wrote them.
    fn write_text(&self, text: &mut TextValues) {
        let mut junk = self.junk.iter().peekable();
        for (row, x) in self.numbers.iter().enumerate() {
            if let Some((_, field)) = junk.next_if(|(r, _)| *r as usize == row) {
                text.push(Some(field));
            } else if x.is_nan() {
                text.push(None);
            } else {
                text.push(Some(&shortest(x)));
            }
        }
    }
}

/// The file's decimal mark, unless the column's own texts are numbers only with the other one.
pub(super) fn better_decimal(levels: &Interner, parsing: &Parsing) -> Decimal {
    let count = |decimal: Decimal| levels.levels().filter(|l| rich(l, decimal).is_some()).count();
    let own = count(parsing.decimal);
    let present = levels.levels().filter(|l| !parsing.missing.holds(l.trim())).count();
    let other = parsing.decimal.other();
    if present > 0 && own * 2 < present && count(other) == present { other } else { parsing.decimal }
}

/// Whether these are codes made of digits, such as post codes: whole numbers of one width of at least four, some
/// of them with leading zeros. As numbers they would lose those.
pub(super) fn looks_like_codes<'a>(mut levels: impl Iterator<Item = &'a str>) -> bool {
    let mut width = None;
    let mut leading_zero = false;
    let all = levels.all(|level| {
        let level = level.trim();
        if level.is_empty() || !level.bytes().all(|b| b.is_ascii_digit()) {
            return level.is_empty();
        }
        leading_zero |= level.starts_with('0') && level.bytes().any(|b| b != b'0');
        *width.get_or_insert(level.len()) == level.len()
    });
    all && leading_zero && width.is_some_and(|w| w >= 4)
}
