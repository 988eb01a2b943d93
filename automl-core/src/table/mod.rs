//! Tables: typed columns, what a column looks like, and the readers that make them from bytes.
//!
//! A [`Table`] is columnar: numbers as `f32` where that loses nothing and `f64` otherwise, categories as
//! dictionary codes, booleans as bit masks, text as one byte buffer with offsets. Missing is explicit in each.

mod column;
#[cfg(feature = "columnar")]
mod columnar;
mod columns;
mod csv;
pub(crate) mod datetime;
mod findings;
pub mod fingerprint;
mod header;
pub(crate) mod infer;
mod json;
mod looked;
mod missing;
pub(crate) mod number;
mod options;
pub mod profile;
mod read;
mod text;
mod write;

pub use column::{BitMask, Column, ColumnType, MISSING_CODE, MISSING_TIME, TextValues, Values};
#[cfg(feature = "columnar")]
pub use columnar::{ColumnarReader, Ranges, look_at_columnar};
pub use csv::{CsvReader, look_at_csv};
pub use fingerprint::{Fingerprint, fingerprint};
pub use looked::Looked;
pub use missing::MISSING_TOKENS;
pub use options::{Decimal, Dialect, Encoding, Format, ReadOptions, ReadReport};
pub use profile::{Profile, profile, target_checks};
pub use read::read;
pub use write::{write_csv, write_csv_field};

use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// Columns beyond this are left out.
pub(crate) const MOST_COLUMNS: usize = 100_000;
/// Rows are numbered with 32 bits.
pub(crate) const MOST_ROWS: u64 = u32::MAX as u64 - 1;

/// Rows × columns of typed values. Every column has [`Table::rows`] values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: usize,
}

impl Table {
    /// A table of these columns, which must be equally long and bear different names.
    pub fn from_columns(columns: Vec<Column>) -> Result<Table, Diagnostic> {
        let rows = columns.first().map_or(0, Column::len);
        if let Some(odd) = columns.iter().find(|c| c.len() != rows) {
            return Err(Diagnostic::error(
                "table.uneven_columns",
                format!(
                    "Column \"{}\" has {} values where the first column has {rows}.",
                    odd.name,
                    odd.len()
                ),
                "Give every column as many values.",
            )
            .at_column(&odd.name));
        }
        let mut names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("Two columns are called \"{}\".", pair[0]);
            return Err(Diagnostic::error("table.duplicate_column", message, "Rename one of them.")
                .at_column(pair[0]));
        }
        Ok(Table { columns, rows })
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The table with only the rows in `rows` (0-based), in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Table {
        Table { columns: self.columns.iter().map(|c| c.take(rows)).collect(), rows: rows.len() }
    }
}
