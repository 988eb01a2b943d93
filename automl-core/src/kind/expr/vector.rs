//! Values of an expression, one a row, or a single one that all rows share.

use crate::table::{Column, MISSING_CODE, MISSING_TIME, TextValues, Values};
use std::borrow::Cow;

pub(crate) const NO: u8 = 0;
pub(crate) const YES: u8 = 1;
pub(crate) const UNKNOWN: u8 = 2;

/// A value that has a missing one.
pub(crate) trait Cell: Copy {
    const MISSING: Self;

    fn is_missing(self) -> bool;
}

impl Cell for f64 {
    const MISSING: Self = f64::NAN;

    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

/// Truth of three values.
impl Cell for u8 {
    const MISSING: Self = UNKNOWN;

    fn is_missing(self) -> bool {
        self == UNKNOWN
    }
}

/// Milliseconds since 1970-01-01.
impl Cell for i64 {
    const MISSING: Self = MISSING_TIME;

    fn is_missing(self) -> bool {
        self == MISSING_TIME
    }
}

/// Values by row. A single one stands for all rows.
#[derive(Debug, Clone)]
pub(crate) struct Lane<'a, T: Cell>(Cow<'a, [T]>);

impl<'a, T: Cell> Lane<'a, T> {
    pub(crate) fn one(value: T) -> Self {
        Self(Cow::Owned(vec![value]))
    }

    pub(crate) fn all(values: Vec<T>) -> Self {
        Self(Cow::Owned(values))
    }

    pub(crate) fn of(values: &'a [T]) -> Self {
        Self(Cow::Borrowed(values))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn at(&self, row: usize) -> T {
        let row = if self.0.len() == 1 { 0 } else { row };
        self.0.get(row).copied().unwrap_or(T::MISSING)
    }

    /// A value for each of `rows` rows.
    pub(crate) fn spread(self, rows: usize) -> Vec<T> {
        if self.0.len() == 1 && rows != 1 { vec![self.0[0]; rows] } else { self.0.into_owned() }
    }

    fn view(&self) -> Lane<'_, T> {
        Lane(Cow::Borrowed(&self.0))
    }
}

/// Texts by row. A single one stands for all rows.
#[derive(Debug, Clone)]
pub(crate) enum Texts<'a> {
    Plain(Cow<'a, TextValues>),
    Dict { codes: Cow<'a, [u32]>, levels: Cow<'a, [String]> },
}

impl Texts<'_> {
    pub(crate) fn one(text: Option<&str>) -> Self {
        let mut values = TextValues::default();
        values.push(text);
        Texts::Plain(Cow::Owned(values))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Texts::Plain(values) => values.len(),
            Texts::Dict { codes, .. } => codes.len(),
        }
    }

    #[inline]
    pub(crate) fn at(&self, row: usize) -> Option<&str> {
        let row = if self.len() == 1 { 0 } else { row };
        match self {
            Texts::Plain(values) => values.get(row),
            Texts::Dict { codes, levels } => levels.get(*codes.get(row)? as usize).map(String::as_str),
        }
    }

    fn view(&self) -> Texts<'_> {
        match self {
            Texts::Plain(values) => Texts::Plain(Cow::Borrowed(values)),
            Texts::Dict { codes, levels } => {
                Texts::Dict { codes: Cow::Borrowed(codes), levels: Cow::Borrowed(levels) }
            }
        }
    }
}

/// Values of one type.
#[derive(Debug, Clone)]
pub(crate) enum Vector<'a> {
    /// Missing in every row, of whatever type is asked for.
    Missing,
    Numbers(Lane<'a, f64>),
    Truths(Lane<'a, u8>),
    Times(Lane<'a, i64>),
    Texts(Texts<'a>),
}

impl<'a> Vector<'a> {
    pub(crate) fn of_column(column: &'a Column) -> Self {
        match &column.values {
            Values::F32(v) => Self::Numbers(Lane::all(v.iter().map(|&x| f64::from(x)).collect())),
            Values::F64(v) => Self::Numbers(Lane::of(v)),
            Values::Bool { values, missing, .. } => {
                let cell = |row| if missing.get(row) { UNKNOWN } else { u8::from(values.get(row)) };
                Self::Truths(Lane::all((0..values.len()).map(cell).collect()))
            }
            Values::Dict { codes, levels } => {
                Self::Texts(Texts::Dict { codes: Cow::Borrowed(codes), levels: Cow::Borrowed(levels) })
            }
            Values::Time(v) => Self::Times(Lane::of(v)),
            Values::Text(v) => Self::Texts(Texts::Plain(Cow::Borrowed(v))),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Missing => 1,
            Self::Numbers(v) => v.len(),
            Self::Truths(v) => v.len(),
            Self::Times(v) => v.len(),
            Self::Texts(v) => v.len(),
        }
    }

    /// The numbers; missing ones where these are none.
    pub(crate) fn numbers(&self) -> Lane<'_, f64> {
        if let Self::Numbers(v) = self { v.view() } else { Lane::one(f64::MISSING) }
    }

    pub(crate) fn truths(&self) -> Lane<'_, u8> {
        if let Self::Truths(v) = self { v.view() } else { Lane::one(UNKNOWN) }
    }

    pub(crate) fn times(&self) -> Lane<'_, i64> {
        if let Self::Times(v) = self { v.view() } else { Lane::one(MISSING_TIME) }
    }

    pub(crate) fn texts(&self) -> Texts<'_> {
        if let Self::Texts(v) = self { v.view() } else { Texts::one(None) }
    }

    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Missing => true,
            Self::Numbers(v) => v.at(row).is_missing(),
            Self::Truths(v) => v.at(row).is_missing(),
            Self::Times(v) => v.at(row).is_missing(),
            Self::Texts(v) => v.at(row).is_none(),
        }
    }

    /// From values by level of a dictionary, the last of them for what is missing, to values by row.
    pub(crate) fn by_codes(&self, codes: &[u32], levels: usize) -> Vector<'static> {
        let at = |code: &u32| (*code as usize).min(levels);
        match self {
            Self::Missing => Vector::Missing,
            Self::Numbers(v) => Vector::Numbers(Lane::all(codes.iter().map(|c| v.at(at(c))).collect())),
            Self::Truths(v) => Vector::Truths(Lane::all(codes.iter().map(|c| v.at(at(c))).collect())),
            Self::Times(v) => Vector::Times(Lane::all(codes.iter().map(|c| v.at(at(c))).collect())),
            Self::Texts(v) => {
                let names = (0..=levels).map(|i| v.at(i).unwrap_or_default().to_owned()).collect();
                let row_code = |c: &u32| {
                    let code = at(c);
                    if v.at(code).is_some() { code as u32 } else { MISSING_CODE }
                };
                let codes = codes.iter().map(row_code).collect();
                Vector::Texts(Texts::Dict { codes: Cow::Owned(codes), levels: Cow::Owned(names) })
            }
        }
    }
}

/// How many values come of vectors: one where all are the same for every row.
pub(crate) fn length(vectors: &[&Vector], rows: usize) -> usize {
    if vectors.iter().all(|v| v.len() == 1) { 1 } else { rows }
}
