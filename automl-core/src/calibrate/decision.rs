//! What is done to a blend's outputs before they are told, and which label they give.

use super::maps::Calibration;
use super::normalise;
use super::threshold::EVEN;
use crate::metric::{MetricSpec, Seen, most_likely};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A map of probabilities and a threshold, chosen on out-of-fold predictions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Decision {
    #[serde(default)]
    pub calibration: Calibration,
    /// Two classes: a row is called the second where its probability is above; `None`: the most likely class, which
    /// is the same as 0.5.
    #[serde(default)]
    pub threshold: Option<f64>,
}

impl Decision {
    /// Whether what was read from a file suits `outputs` outputs.
    pub fn is_sound(&self, outputs: usize) -> bool {
        let threshold = self.threshold.is_none_or(|t| outputs == 2 && (0.0..=1.0).contains(&t));
        threshold && self.calibration.is_sound(outputs)
    }

    /// Turns a blend's sums (rows × outputs) into what is told: with several outputs, probabilities.
    pub fn tell(&self, values: &mut [f64], outputs: usize) {
        if outputs > 1 {
            normalise(values, outputs);
            self.calibration.apply(values, outputs);
        }
    }

    /// The class that a row of probabilities is called; the first of several.
    pub fn label(&self, row: &[f64]) -> u32 {
        match (self.threshold, row) {
            (Some(threshold), [_, second]) => u32::from(*second > threshold),
            _ => most_likely(row),
        }
    }

    /// `predicted` (rows × outputs) as `metric` is to see it: probabilities as they are, labels by the threshold.
    pub fn seen_by<'a>(&self, metric: &MetricSpec, predicted: &'a [f64], outputs: usize) -> Cow<'a, [f64]> {
        let even = self.threshold.is_none_or(|t| t == EVEN);
        if even || outputs != 2 || metric.needs_probabilities {
            return Cow::Borrowed(predicted);
        }
        let labels = predicted.chunks(2).map(|row| self.label(row));
        Cow::Owned(labels.flat_map(|label| if label == 1 { [0.0, 1.0] } else { [1.0, 0.0] }).collect())
    }

    /// The metric of `predicted`, with labels by the threshold.
    pub fn score<'a>(
        &self,
        metric: &MetricSpec,
        actual: impl Into<Seen<'a>>,
        predicted: &[f64],
    ) -> Option<f64> {
        let seen = actual.into();
        metric.score(seen, &self.seen_by(metric, predicted, seen.actual.outputs()))
    }
}
