//! What steps have learned. Plain data that model files hold.

use super::prepare::{
    FittedBin, FittedCluster, FittedEncode, FittedImpute, FittedOutliers, FittedReduce, FittedScale,
    FittedSelect, FittedText,
};
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Any fitted step. A file says which step follows by its number here: what comes later stands behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FittedStep {
    /// Changes nothing.
    Nothing,
    Impute(FittedImpute),
    Outliers(FittedOutliers),
    Scale(FittedScale),
    Encode(FittedEncode),
    Bin(FittedBin),
    Text(FittedText),
    Reduce(FittedReduce),
    Select(FittedSelect),
    Cluster(FittedCluster),
}

impl FittedStep {
    /// The table with the step's columns in place. Columns that are absent, or hold another kind of values, count as
    /// missing; never panics.
    pub fn apply(&self, table: &Table) -> Table {
        match self {
            Self::Nothing => table.clone(),
            Self::Impute(step) => step.apply(table),
            Self::Outliers(step) => step.apply(table),
            Self::Scale(step) => step.apply(table),
            Self::Encode(step) => step.apply(table),
            Self::Bin(step) => step.apply(table),
            Self::Text(step) => step.apply(table),
            Self::Reduce(step) => step.apply(table),
            Self::Select(step) => step.apply(table),
            Self::Cluster(step) => step.apply(table),
        }
    }

    /// Whether the data, which may come from anywhere, is such as fitting gives.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Nothing => Ok(()),
            Self::Impute(step) => step.validate(),
            Self::Outliers(step) => step.validate(),
            Self::Scale(step) => step.validate(),
            Self::Encode(step) => step.validate(),
            Self::Bin(step) => step.validate(),
            Self::Text(step) => step.validate(),
            Self::Reduce(step) => step.validate(),
            Self::Select(step) => step.validate(),
            Self::Cluster(step) => step.validate(),
        }
    }
}
