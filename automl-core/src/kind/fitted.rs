//! What steps have learned. Plain data that model files hold.

use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Any fitted step. A file says which step follows by its number here: what comes later stands behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FittedStep {
    /// Changes nothing.
    Nothing,
}

impl FittedStep {
    /// The table with the step's columns in place. Columns that are absent, or hold another kind of values, count as
    /// missing; never panics.
    pub fn apply(&self, table: &Table) -> Table {
        match self {
            Self::Nothing => table.clone(),
        }
    }

    /// Whether the data, which may come from anywhere, is such as fitting gives.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Nothing => Ok(()),
        }
    }
}
