//! A category of many levels twice: its codes, which a tree may group as it likes, and the means of the target, which put
//! the levels in an order that few rows cannot spoil.

use super::TargetMeans;
use crate::node::codes::LevelCodes;
use crate::node::{FeatureValues, Fitted, Input};
use serde::{Deserialize, Serialize};

/// Codes and encodings of the same levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodesAndMeans {
    codes: LevelCodes,
    means: TargetMeans,
}

impl CodesAndMeans {
    /// With the features of the training rows of `input`, whose encodings are given.
    pub(crate) fn join(
        codes: LevelCodes,
        (means, training): (TargetMeans, Vec<FeatureValues>),
        input: &Input<'_>,
    ) -> (Self, Vec<FeatureValues>) {
        let training = codes.transform(input).into_iter().chain(training).collect();
        (Self { codes, means }, training)
    }
}

impl Fitted for CodesAndMeans {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        self.codes.transform(input).into_iter().chain(self.means.transform(input)).collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        self.codes.output_names(input).into_iter().chain(self.means.output_names(input)).collect()
    }

    fn validate(&self) -> Result<(), String> {
        self.codes.validate()?;
        self.means.validate()
    }
}
