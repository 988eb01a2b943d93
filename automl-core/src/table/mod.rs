//! Tables: typed columns, what a column looks like, and the readers that make them from bytes.
//!
//! A [`Table`] is columnar: numbers as `f32` where that loses nothing and `f64` otherwise, categories as
//! dictionary codes, booleans as bit masks, text as one byte buffer with offsets. Missing is explicit in each.

mod column;

pub use column::{BitMask, Column, ColumnType, MISSING_CODE, MISSING_TIME, TextValues, Values};

use serde::{Deserialize, Serialize};

/// Rows × columns of typed values. Every column has [`Table::rows`] values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: usize,
}

impl Table {
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
