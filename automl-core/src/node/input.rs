//! One column seen through the rows that a node was given.

use crate::table::{Column, ColumnType, MISSING_CODE, MISSING_TIME, Values};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Finite numbers are brought within ±this, so that sums of squares stay finite.
const LARGEST: f64 = 1e100;

/// What kind of node a column asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Number,
    Flag,
    Category,
    Time,
    Text,
}

impl Family {
    /// `None` for columns that are no features: identifiers and constants.
    pub(crate) fn of(column: &Column) -> Option<Family> {
        match (column.ty, &column.values) {
            (ColumnType::Id | ColumnType::Constant, _) => None,
            (ColumnType::Text, Values::Text(_) | Values::Dict { .. }) => Some(Self::Text),
            (_, Values::Time(_)) => Some(Self::Time),
            (ColumnType::Categorical, _) | (_, Values::Dict { .. }) => Some(Self::Category),
            (_, Values::F32(_) | Values::F64(_)) => Some(Self::Number),
            (_, Values::Bool { .. }) => Some(Self::Flag),
            (_, Values::Text(_)) => Some(Self::Text),
        }
    }
}

/// Dictionary-coded values of the rows seen; [`MISSING_CODE`] is missing. The order of the levels is the
/// table's own and means nothing.
pub(crate) struct Categories<'a> {
    pub codes: Vec<u32>,
    pub levels: Vec<Cow<'a, str>>,
}

/// A column and the rows of it to look at. A column that is absent, or that holds another kind of values than
/// asked for, is missing in every row.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    column: Option<&'a Column>,
    rows: Option<&'a [u32]>,
    table_rows: usize,
}

impl<'a> Input<'a> {
    /// `rows`: 0-based rows of the table, in the order of the output; `None` for all `table_rows` of them.
    pub fn new(column: Option<&'a Column>, rows: Option<&'a [u32]>, table_rows: usize) -> Self {
        Self { column, rows, table_rows }
    }

    pub fn len(&self) -> usize {
        self.rows.map_or(self.table_rows, <[u32]>::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn gather<T>(&self, value: impl Fn(usize) -> T) -> Vec<T> {
        match self.rows {
            None => (0..self.table_rows).map(value).collect(),
            Some(rows) => rows.iter().map(|&row| value(row as usize)).collect(),
        }
    }

    /// Numbers; NaN where missing or infinite.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        let finite = |x: f64| if x.is_finite() { x.clamp(-LARGEST, LARGEST) } else { f64::NAN };
        match self.column.map(|c| &c.values) {
            Some(Values::F32(v)) => self.gather(|i| v.get(i).map_or(f64::NAN, |&x| finite(f64::from(x)))),
            Some(Values::F64(v)) => self.gather(|i| v.get(i).map_or(f64::NAN, |&x| finite(x))),
            _ => vec![f64::NAN; self.len()],
        }
    }

    /// Numbers in single precision; NaN where missing or infinite. Finite numbers stay finite.
    pub(crate) fn singles(&self) -> Vec<f32> {
        let narrow = |x: f64| {
            if x.is_finite() { x.clamp(-f64::from(f32::MAX), f64::from(f32::MAX)) as f32 } else { f32::NAN }
        };
        match self.column.map(|c| &c.values) {
            Some(Values::F32(v)) => {
                self.gather(|i| v.get(i).copied().filter(|x| x.is_finite()).unwrap_or(f32::NAN))
            }
            Some(Values::F64(v)) => self.gather(|i| v.get(i).map_or(f32::NAN, |&x| narrow(x))),
            _ => vec![f32::NAN; self.len()],
        }
    }

    /// Milliseconds since 1970, or `None`.
    pub(crate) fn times(&self) -> Vec<Option<i64>> {
        match self.column.map(|c| &c.values) {
            Some(Values::Time(v)) => self.gather(|i| v.get(i).copied().filter(|&t| t != MISSING_TIME)),
            _ => vec![None; self.len()],
        }
    }

    /// Text; `None` where missing.
    pub(crate) fn texts(&self) -> Vec<Option<&'a str>> {
        match self.column.map(|c| &c.values) {
            Some(Values::Text(v)) => self.gather(|i| v.get(i)),
            Some(Values::Dict { codes, levels }) => {
                self.gather(|i| levels.get(*codes.get(i)? as usize).map(String::as_str))
            }
            _ => vec![None; self.len()],
        }
    }

    /// The two labels of a boolean column.
    pub(crate) fn labels(&self) -> Option<&'a [String; 2]> {
        match self.column.map(|c| &c.values) {
            Some(Values::Bool { labels, .. }) => Some(labels),
            _ => None,
        }
    }

    /// Categories by their text. Anything that has a spelling is a category here, so that codes which one file
    /// writes as numbers and another as text are the same levels; dates have none and are missing.
    pub(crate) fn categories(&self) -> Categories<'a> {
        let Some(column) = self.column else { return self.nothing() };
        match &column.values {
            Values::Dict { codes, levels } => Categories {
                codes: self.gather(|i| {
                    codes.get(i).copied().filter(|&c| (c as usize) < levels.len()).unwrap_or(MISSING_CODE)
                }),
                levels: levels.iter().map(|l| Cow::Borrowed(l.as_str())).collect(),
            },
            Values::Bool { values, missing, labels } => Categories {
                codes: self.gather(|i| {
                    if i >= values.len() || missing.get(i) { MISSING_CODE } else { u32::from(values.get(i)) }
                }),
                levels: labels.iter().map(|l| Cow::Borrowed(l.as_str())).collect(),
            },
            Values::Text(v) => coded(self.gather(|i| v.get(i).map(Cow::Borrowed))),
            Values::F32(v) => coded(self.gather(|i| {
                let x = v.get(i).filter(|x| !x.is_nan())?;
                Some(spelling(column, f64::from(*x)).unwrap_or_else(|| Cow::Owned(x.to_string())))
            })),
            Values::F64(v) => coded(self.gather(|i| {
                let x = v.get(i).filter(|x| !x.is_nan())?;
                Some(spelling(column, *x).unwrap_or_else(|| Cow::Owned(x.to_string())))
            })),
            Values::Time(_) => self.nothing(),
        }
    }

    fn nothing(&self) -> Categories<'a> {
        Categories { codes: vec![MISSING_CODE; self.len()], levels: Vec::new() }
    }
}

/// How the file wrote the number `x`, where the column knows.
fn spelling(column: &Column, x: f64) -> Option<Cow<'_, str>> {
    let at = column.spellings.binary_search_by(|(value, _)| value.total_cmp(&x)).ok()?;
    Some(Cow::Borrowed(column.spellings[at].1.as_str()))
}

fn coded(values: Vec<Option<Cow<'_, str>>>) -> Categories<'_> {
    let mut known: BTreeMap<Cow<'_, str>, u32> = BTreeMap::new();
    let mut codes = Vec::with_capacity(values.len());
    for value in values {
        let next = known.len() as u32;
        codes.push(value.map_or(MISSING_CODE, |v| *known.entry(v).or_insert(next)));
    }
    let mut levels = vec![Cow::Borrowed(""); known.len()];
    for (level, code) in known {
        levels[code as usize] = level;
    }
    Categories { codes, levels }
}
