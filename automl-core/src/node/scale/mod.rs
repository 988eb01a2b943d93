//! Numbers as linear models, neighbours and networks take them: imputed with the median, made less skewed
//! where they are very skewed, kept within a range that outliers do not set, and scaled to zero mean and unit
//! variance. A second output says which values were missing, where training had missing ones.

mod quantile;
mod skew;

pub use skew::Skew;

use super::rescale::{mean_and_scale, standard};
use super::{FeatureValues, Fitted, Input, Node, TargetView};
pub(crate) use quantile::quantiles;
use serde::{Deserialize, Serialize};
use skew::Shape;
pub(crate) use skew::{normal_quantile, quantiles_of_sorted};

/// Configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scale {
    /// The quantiles q and 1 − q set the range that values are kept within; 0 for no such range.
    pub clip_quantile: f64,
    /// How far that range reaches beyond the quantiles, in distances between them.
    pub clip_margin: f64,
    pub skew: Skew,
}

/// What was learnt of one column of numbers. A value x becomes
/// (clamp(shape(x or fill), low, high) − mean) / scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedScale {
    /// Median of the values that are there.
    fill: f64,
    shape: Shape,
    low: f64,
    high: f64,
    mean: f64,
    scale: f64,
    /// Whether the number itself is an output: it varies.
    has_value: bool,
    /// Whether an output says which values are missing.
    has_missing: bool,
}

impl Scale {
    /// Range that values of the training rows are kept within.
    fn range(&self, values: &mut [f64]) -> (f64, f64) {
        if self.clip_quantile <= 0.0 || values.is_empty() {
            return (f64::MIN, f64::MAX);
        }
        let q = self.clip_quantile.min(0.5);
        let [low, high] = quantiles(values, [q, 1.0 - q]);
        let margin = self.clip_margin.max(0.0) * (high - low);
        if margin > 0.0 {
            return (low - margin, high + margin);
        }
        // All but a few values are the same one: the few are what the column has to say.
        values.iter().fold((low, high), |(l, h), &x| (l.min(x), h.max(x)))
    }
}

impl Node for Scale {
    type Fitted = FittedScale;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<FittedScale> {
        let raw = input.numbers();
        let present: Vec<f64> = raw.iter().copied().filter(|x| !x.is_nan()).collect();
        if present.is_empty() {
            return None;
        }
        let has_missing = present.len() < raw.len();
        // Selection reorders, and sums are only told to be the same in row order: select in copies.
        let [fill] = quantiles(&mut present.clone(), [0.5]);
        let shape = self.skew.choose(&present, fill);
        let mut values: Vec<f64> =
            raw.iter().map(|&x| shape.apply(if x.is_nan() { fill } else { x })).collect();
        let mut shaped: Vec<f64> =
            values.iter().zip(&raw).filter(|(_, x)| !x.is_nan()).map(|(&y, _)| y).collect();
        let (low, high) = self.range(&mut shaped);
        values.iter_mut().for_each(|y| *y = y.clamp(low, high));
        let scaled = mean_and_scale(&values);
        let (mean, scale) = scaled.unwrap_or((0.0, 1.0));
        let has_value = scaled.is_some();
        let fitted = FittedScale { fill, shape, low, high, mean, scale, has_value, has_missing };
        (has_value || has_missing).then_some(fitted)
    }
}

impl FittedScale {
    fn value(&self, x: f64) -> f32 {
        let x = if x.is_nan() { self.fill } else { x };
        standard(self.shape.apply(x).clamp(self.low, self.high), self.mean, self.scale)
    }

    /// The scaled number of every row, the median's where it is missing.
    pub(crate) fn scaled(&self, input: &Input<'_>) -> Vec<f32> {
        input.numbers().into_iter().map(|x| self.value(x)).collect()
    }

    /// The scaled numbers of the rows that have one.
    pub(crate) fn present(&self, input: &Input<'_>) -> Vec<f32> {
        input.numbers().into_iter().filter(|x| !x.is_nan()).map(|x| self.value(x)).collect()
    }
}

impl Fitted for FittedScale {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let raw = input.numbers();
        let mut outputs = Vec::with_capacity(2);
        if self.has_value {
            outputs.push(FeatureValues::Numeric(raw.iter().map(|&x| self.value(x)).collect()));
        }
        if self.has_missing {
            let missing = raw.iter().map(|x| f32::from(u8::from(x.is_nan())));
            outputs.push(FeatureValues::Numeric(missing.collect()));
        }
        outputs
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        let value = self.has_value.then(|| input.to_owned());
        let missing = self.has_missing.then(|| format!("{input} is missing"));
        value.into_iter().chain(missing).collect()
    }

    fn validate(&self) -> Result<(), String> {
        let finite = [self.fill, self.low, self.high, self.mean, self.scale].iter().all(|x| x.is_finite());
        if finite && self.low <= self.high && self.scale > 0.0 && self.shape.is_sound() {
            Ok(())
        } else {
            Err("scales that fitting cannot give".to_owned())
        }
    }
}
