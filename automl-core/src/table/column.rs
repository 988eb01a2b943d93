//! One column: its name, its type, its values.

use serde::{Deserialize, Serialize};

/// Dictionary code of a missing category.
pub const MISSING_CODE: u32 = u32::MAX;
/// Milliseconds value of a missing date.
pub const MISSING_TIME: i64 = i64::MIN;

/// What a column means to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Numeric,
    Boolean,
    Categorical,
    Datetime,
    Text,
    /// Looks like a row identifier; not a feature unless asked for.
    Id,
    /// At most one distinct value; not a feature.
    Constant,
}

impl ColumnType {
    pub const ALL: [ColumnType; 7] = [
        Self::Numeric,
        Self::Boolean,
        Self::Categorical,
        Self::Datetime,
        Self::Text,
        Self::Id,
        Self::Constant,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Categorical => "categorical",
            Self::Datetime => "datetime",
            Self::Text => "text",
            Self::Id => "id",
            Self::Constant => "constant",
        }
    }
}

/// One bit a row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BitMask {
    words: Vec<u64>,
    len: usize,
}

impl BitMask {
    pub fn zeros(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        self.set(self.len - 1, bit);
    }

    /// Bit `i`; false beyond the end.
    pub fn get(&self, i: usize) -> bool {
        self.words.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 == 1)
    }

    /// Sets bit `i`; does nothing beyond the end.
    pub fn set(&mut self, i: usize, bit: bool) {
        if let Some(word) = self.words.get_mut(i / 64) {
            *word = *word & !(1 << (i % 64)) | u64::from(bit) << (i % 64);
        }
    }

    fn is_sound(&self) -> bool {
        self.words.len() == self.len.div_ceil(64)
    }

    pub fn count_ones(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }
}

impl FromIterator<bool> for BitMask {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut mask = Self::default();
        bits.into_iter().for_each(|b| mask.push(b));
        mask
    }
}

/// Strings in one buffer: value `i` is `bytes[offsets[i]..offsets[i + 1]]`, always valid UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextValues {
    bytes: String,
    offsets: Vec<u32>,
    missing: BitMask,
}

impl Default for TextValues {
    fn default() -> Self {
        Self { bytes: String::new(), offsets: vec![0], missing: BitMask::default() }
    }
}

impl TextValues {
    /// Appends a value. Returns false, and appends a missing value, once 4 GiB of text are held.
    pub fn push(&mut self, value: Option<&str>) -> bool {
        let text = value.unwrap_or("");
        let end = u32::try_from(self.bytes.len() + text.len());
        let fits = end.is_ok();
        if fits {
            self.bytes.push_str(text);
        }
        self.offsets.push(self.bytes.len() as u32);
        self.missing.push(value.is_none() || !fits);
        fits
    }

    pub fn len(&self) -> usize {
        self.missing.len()
    }

    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Bytes of memory that are taken, or will be a few values later.
    pub(super) fn held(&self) -> usize {
        let grown = |len: usize, more: usize, capacity: usize| {
            if len + more > capacity { 2 * capacity } else { capacity }
        };
        let usual = self.bytes.len() / self.len().max(1);
        grown(self.bytes.len(), 128 * usual, self.bytes.capacity())
            + 4 * grown(self.offsets.len(), 64, self.offsets.capacity())
            + 8 * self.missing.words.capacity()
    }

    /// Whether the parts agree, as those that were pushed do.
    fn is_sound(&self) -> bool {
        let ends = self.offsets.windows(2).all(|w| w[0] <= w[1]);
        let whole = self.offsets.iter().all(|&o| self.bytes.is_char_boundary(o as usize));
        self.offsets.len() == self.missing.len() + 1 && ends && whole && self.missing.is_sound()
    }

    /// Value `i`, or `None` where it is missing or out of range.
    pub fn get(&self, i: usize) -> Option<&str> {
        if self.missing.get(i) {
            return None;
        }
        let (start, end) = (*self.offsets.get(i)? as usize, *self.offsets.get(i + 1)? as usize);
        self.bytes.get(start..end)
    }
}

/// The values of a column, one a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Numbers that `f32` holds exactly as well as the file wrote them; NaN is missing.
    F32(Vec<f32>),
    /// Numbers; NaN is missing.
    F64(Vec<f64>),
    /// `values` bit set = `labels[1]`, clear = `labels[0]`; a bit of `missing` overrules.
    Bool {
        values: BitMask,
        missing: BitMask,
        labels: [String; 2],
    },
    /// Codes into `levels` (distinct, in order of first appearance); [`MISSING_CODE`] is missing.
    Dict {
        codes: Vec<u32>,
        levels: Vec<String>,
    },
    /// Milliseconds since 1970-01-01T00:00:00 in the file's own clock; [`MISSING_TIME`] is missing.
    Time(Vec<i64>),
    Text(TextValues),
}

/// One named, typed column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub ty: ColumnType,
    pub values: Values,
    /// For a numeric column of few distinct values: each value with its spelling in the file, ascending by
    /// value, so that class names keep the file's own text (`1` or `1.0` or `01`). Empty otherwise.
    pub spellings: Vec<(f64, String)>,
}

impl Column {
    pub fn len(&self) -> usize {
        match &self.values {
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::Bool { values, .. } => values.len(),
            Values::Dict { codes, .. } => codes.len(),
            Values::Time(v) => v.len(),
            Values::Text(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the values are such as the readers give: bytes from anywhere may hold others.
    pub fn is_sound(&self) -> bool {
        match &self.values {
            Values::F32(_) | Values::F64(_) | Values::Time(_) => true,
            Values::Bool { values, missing, .. } => {
                values.is_sound() && missing.is_sound() && values.len() == missing.len()
            }
            Values::Dict { codes, levels } => {
                codes.iter().all(|&c| c == MISSING_CODE || (c as usize) < levels.len())
            }
            Values::Text(text) => text.is_sound(),
        }
    }

    /// Bytes of memory that the values take.
    pub fn bytes(&self) -> usize {
        match &self.values {
            Values::F32(v) => 4 * v.len(),
            Values::F64(v) => 8 * v.len(),
            Values::Bool { values, .. } => values.len() / 4,
            Values::Dict { codes, levels } => 4 * codes.len() + levels.iter().map(String::len).sum::<usize>(),
            Values::Time(v) => 8 * v.len(),
            Values::Text(v) => 4 * v.offsets.len() + v.bytes.len(),
        }
    }

    pub fn is_missing(&self, row: usize) -> bool {
        match &self.values {
            Values::F32(v) => v.get(row).is_none_or(|x| x.is_nan()),
            Values::F64(v) => v.get(row).is_none_or(|x| x.is_nan()),
            Values::Bool { missing, .. } => missing.get(row),
            Values::Dict { codes, .. } => codes.get(row).is_none_or(|&c| c == MISSING_CODE),
            Values::Time(v) => v.get(row).is_none_or(|&t| t == MISSING_TIME),
            Values::Text(v) => v.get(row).is_none(),
        }
    }

    pub fn missing_count(&self) -> usize {
        (0..self.len()).filter(|&row| self.is_missing(row)).count()
    }

    /// The value of `row` as a number: numbers as they are, booleans as 0 or 1, dates as milliseconds; `None`
    /// for missing values and for columns that hold no numbers.
    pub fn number(&self, row: usize) -> Option<f64> {
        let x = match &self.values {
            Values::F32(v) => f64::from(*v.get(row)?),
            Values::F64(v) => *v.get(row)?,
            Values::Bool { values, missing, .. } if row < values.len() && !missing.get(row) => {
                f64::from(u8::from(values.get(row)))
            }
            Values::Time(v) => {
                let t = *v.get(row)?;
                if t == MISSING_TIME { f64::NAN } else { t as f64 }
            }
            _ => f64::NAN,
        };
        (!x.is_nan()).then_some(x)
    }

    /// The column with only the rows in `rows`, in that order. A row out of range becomes missing.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Column {
        let at = |i: &u32| *i as usize;
        let values = match &self.values {
            Values::F32(v) => {
                Values::F32(rows.iter().map(|i| v.get(at(i)).copied().unwrap_or(f32::NAN)).collect())
            }
            Values::F64(v) => {
                Values::F64(rows.iter().map(|i| v.get(at(i)).copied().unwrap_or(f64::NAN)).collect())
            }
            Values::Bool { values, missing, labels } => Values::Bool {
                values: rows.iter().map(|i| values.get(at(i))).collect(),
                missing: rows.iter().map(|i| missing.get(at(i)) || at(i) >= values.len()).collect(),
                labels: labels.clone(),
            },
            Values::Dict { codes, levels } => Values::Dict {
                codes: rows.iter().map(|i| codes.get(at(i)).copied().unwrap_or(MISSING_CODE)).collect(),
                levels: levels.clone(),
            },
            Values::Time(v) => {
                Values::Time(rows.iter().map(|i| v.get(at(i)).copied().unwrap_or(MISSING_TIME)).collect())
            }
            Values::Text(v) => {
                let mut out = TextValues::default();
                for i in rows {
                    out.push(v.get(at(i)));
                }
                Values::Text(out)
            }
        };
        Column { name: self.name.clone(), ty: self.ty, values, spellings: self.spellings.clone() }
    }
}
