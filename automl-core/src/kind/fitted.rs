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
    /// Holds the number 0, so that the steps of files keep theirs: no file holds it, and no value is made of it.
    Unused(Unused),
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

/// What there is nothing of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Unused {}

impl FittedStep {
    /// The table with the step's columns in place. Columns that are absent, or hold another kind of values, count as
    /// missing; never panics.
    pub fn apply(&self, table: &Table) -> Table {
        match self {
            Self::Unused(unused) => match *unused {},
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
            Self::Unused(unused) => match *unused {},
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_their_numbers() {
        let scale = [3, 0];
        let step = postcard::from_bytes::<FittedStep>(&scale).expect("a step without columns");
        assert!(matches!(step, FittedStep::Scale(_)));
        assert_eq!(postcard::to_allocvec(&step).expect("plain data"), scale);
        for number in [0, 10] {
            assert!(postcard::from_bytes::<FittedStep>(&[number, 0]).is_err(), "{number}");
        }
    }
}
