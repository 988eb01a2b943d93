//! The last step of the dense recipe for columns that a node spreads into several numbers: drop those that do
//! not vary, fill the missing with the mean, scale the rest to zero mean and unit variance.

use super::FeatureValues;
use crate::numeric::sum;
use serde::{Deserialize, Serialize};

/// Standard deviations below this share of the largest magnitude are rounding, not variation.
const NOISE: f64 = 1e-12;

/// Mean and scale of one output that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Output {
    /// Index among the node's outputs.
    index: u32,
    mean: f64,
    /// Standard deviation (divided by n); positive.
    scale: f64,
}

/// Which outputs are kept, ascending, and how they are scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rescale(Vec<Output>);

/// Mean and standard deviation (divided by n) of finite numbers; `None` where they do not vary.
pub(crate) fn mean_and_scale(values: &[f64]) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let mean = sum(values) / n;
    let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
    let scale = (sum(&squares) / n).sqrt();
    let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    (scale.is_finite() && scale > 0.0 && scale > NOISE * largest).then_some((mean, scale))
}

impl Rescale {
    /// Learns from the node's outputs for the training rows. `None` where no output varies.
    pub(crate) fn fit(outputs: &[FeatureValues]) -> Option<Rescale> {
        let mut kept = Vec::new();
        for (index, output) in outputs.iter().enumerate() {
            let FeatureValues::Numeric(values) = output else { continue };
            let present: Vec<f64> = values.iter().filter(|x| x.is_finite()).map(|&x| f64::from(x)).collect();
            if let Some((mean, scale)) = mean_and_scale(&present) {
                kept.push(Output { index: index as u32, mean, scale });
            }
        }
        (!kept.is_empty()).then_some(Rescale(kept))
    }

    pub(crate) fn select<T: Clone>(&self, all: &[T]) -> Vec<T> {
        self.0.iter().filter_map(|o| all.get(o.index as usize).cloned()).collect()
    }

    pub(crate) fn apply(&self, outputs: &[FeatureValues]) -> Vec<FeatureValues> {
        let scaled = |o: &Output| match outputs.get(o.index as usize)? {
            FeatureValues::Numeric(values) => Some(FeatureValues::Numeric(
                values.iter().map(|&x| standard(f64::from(x), o.mean, o.scale)).collect(),
            )),
            FeatureValues::Categorical { .. } => None,
        };
        self.0.iter().filter_map(scaled).collect()
    }

    pub(crate) fn validate(&self, outputs: usize) -> Result<(), String> {
        let ascending = self.0.windows(2).all(|w| w[0].index < w[1].index);
        let inside = self.0.iter().all(|o| (o.index as usize) < outputs);
        let sound = self.0.iter().all(|o| o.mean.is_finite() && o.scale.is_finite() && o.scale > 0.0);
        if ascending && inside && sound { Ok(()) } else { Err("scales that fitting cannot give".to_owned()) }
    }
}

/// (x − mean) / scale in single precision; 0, the mean, where `x` is missing. Always finite.
pub(crate) fn standard(x: f64, mean: f64, scale: f64) -> f32 {
    let z = (x - mean) / scale;
    if z.is_nan() { 0.0 } else { z.clamp(-f64::from(f32::MAX), f64::from(f32::MAX)) as f32 }
}
