//! What can be said about a file before it is read, and what was found out while reading it.

use super::{ColumnType, Table};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The mark between the whole and the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    #[default]
    Point,
    Comma,
}

impl Decimal {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Point => b'.',
            Self::Comma => b',',
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// How the bytes of a file stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

/// The kinds of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Csv,
    JsonLines,
    Parquet,
    ArrowIpc,
}

impl Format {
    /// Whether a file of it can be read in parts, so that memory need not hold it.
    pub fn is_read_in_parts(self) -> bool {
        self != Self::JsonLines
    }

    /// The format that a file's ending stands for; anything unknown is taken for CSV.
    pub fn from_name(file_name: &str) -> Format {
        let ending = file_name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
        match ending.as_str() {
            "jsonl" | "ndjson" | "json" => Self::JsonLines,
            "parquet" | "pq" | "parq" => Self::Parquet,
            "arrow" | "ipc" | "feather" => Self::ArrowIpc,
            _ => Self::Csv,
        }
    }
}

/// What the person, or a model's input contract, fixes before reading. `None` means: find out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadOptions {
    /// ASCII byte between two fields.
    pub delimiter: Option<u8>,
    /// ASCII byte around a field that holds delimiters or line ends.
    pub quote: Option<u8>,
    pub has_header: Option<bool>,
    pub decimal: Option<Decimal>,
    pub encoding: Option<Encoding>,
    /// The texts that stand for "no value", in place of [`crate::table::MISSING_TOKENS`].
    pub missing: Option<Vec<String>>,
    /// Column name → type, in place of what the values look like.
    pub types: BTreeMap<String, ColumnType>,
    /// Whether `03/04/2024` is the third of April (true) or the fourth of March, where a column allows both.
    pub day_first: Option<bool>,
}

/// How a CSV file is written: sniffed, or as the options said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    pub delimiter: u8,
    pub quote: u8,
    pub has_header: bool,
    pub decimal: Decimal,
    pub encoding: Encoding,
    /// The missing tokens that the file really holds, sorted.
    pub missing_tokens: Vec<String>,
}

/// What was found out while reading a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReadReport {
    /// For CSV only.
    pub dialect: Option<Dialect>,
    /// The order of day and month in the file's local dates, if it has any.
    #[serde(default)]
    pub day_first: Option<bool>,
    pub diagnostics: Vec<Diagnostic>,
    /// Records that gave no row: blank lines, lines of JSON that are no objects, rows beyond the limit.
    pub rows_skipped: u64,
    /// Size of the file.
    pub bytes: u64,
}

impl ReadReport {
    /// Options that read another file as this one was read: `options` with every column's type fixed as it is
    /// in `table`, and the order of day and month. Delimiter, encoding and decimal mark stay open, as the next
    /// file may come from another program.
    pub fn options_for_next(&self, table: &Table, options: &ReadOptions) -> ReadOptions {
        ReadOptions {
            types: table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect(),
            day_first: options.day_first.or(self.day_first),
            missing: options.missing.clone(),
            ..ReadOptions::default()
        }
    }
}
