//! Numbers and booleans as trees take them: as they are, NaN where missing.

use super::{FeatureValues, Fitted, Input, Node, TargetView};
use serde::{Deserialize, Serialize};

/// Numbers in single precision; infinities become missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Number;

/// Numbers need nothing learnt.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FittedNumber {}

/// Whether a tree could tell two of the values apart.
pub(crate) fn varies(values: &[f32]) -> bool {
    let Some((first, rest)) = values.split_first() else { return false };
    rest.iter().any(|x| x != first && !(x.is_nan() && first.is_nan()))
}

impl Node for Number {
    type Fitted = FittedNumber;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<FittedNumber> {
        varies(&input.singles()).then_some(FittedNumber {})
    }

    fn fit_transform(
        &self,
        input: &Input<'_>,
        _: TargetView<'_>,
        _: u64,
    ) -> Option<(FittedNumber, Vec<FeatureValues>)> {
        let values = input.singles();
        varies(&values).then(|| (FittedNumber {}, vec![FeatureValues::Numeric(values.into())]))
    }
}

impl Fitted for FittedNumber {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        vec![FeatureValues::Numeric(input.singles().into())]
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        vec![input.to_owned()]
    }

    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Booleans as 0 and 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Flag;

/// The spellings of 0 and of 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedFlag {
    labels: [String; 2],
}

impl Node for Flag {
    type Fitted = FittedFlag;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<FittedFlag> {
        let fitted = FittedFlag { labels: input.labels()?.clone() };
        varies(&fitted.values(input)).then_some(fitted)
    }
}

impl FittedFlag {
    /// By label where the labels are those of the training table, so that a file whose first value is the
    /// other one means the same; by bit where neither label is known.
    fn values(&self, input: &Input<'_>) -> Vec<f32> {
        let categories = input.categories();
        let known = |level: &str| self.labels.iter().position(|l| l == level).map(|i| i as f32);
        let mut of_code: Vec<f32> = categories.levels.iter().map(|l| known(l).unwrap_or(f32::NAN)).collect();
        if input.labels().is_some() && of_code.iter().all(|x| x.is_nan()) {
            of_code = vec![0.0, 1.0];
        }
        categories.codes.iter().map(|&c| of_code.get(c as usize).copied().unwrap_or(f32::NAN)).collect()
    }
}

impl Fitted for FittedFlag {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        vec![FeatureValues::Numeric(self.values(input).into())]
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        vec![input.to_owned()]
    }

    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
