//! A fitted linear regression.

use super::matrix::for_blocks;
use super::{bounded, finite, pack, unpack};
use crate::learner::DecodeError;
use crate::learner::tree::center::Center;
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::{dot, mean};
use serde::{Deserialize, Serialize};

/// y = offset + scale · (intercept + weights · x).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    offset: f64,
    scale: f64,
    intercept: f64,
    weights: Vec<f64>,
}

impl Linear {
    /// `weights` of the centred target on features whose means are `means`.
    pub fn new(center: Center, weights: Vec<f64>, means: &[f64]) -> Self {
        let intercept = -dot(&weights, means);
        Self { offset: center.offset, scale: center.scale, intercept, weights }
    }

    /// Mean squared error on rows whose targets are `actual`, in units of the training target's variance.
    pub fn mean_squared_error(&self, frame: &Frame, actual: &[f64]) -> f64 {
        let unit = if self.scale > 0.0 { self.scale } else { 1.0 };
        let predicted = self.predict(frame).values;
        let squares: Vec<f64> =
            predicted.iter().zip(actual).map(|(p, y)| (p - y) / unit).map(|e| e * e).collect();
        mean(&squares)
    }

    /// # Errors
    /// [`DecodeError`] where the bytes are no linear model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        finite(&[model.offset, model.scale, model.intercept], Some(3))?;
        finite(&model.weights, Some(features))?;
        Ok(model)
    }
}

impl Model for Linear {
    fn predict(&self, frame: &Frame) -> Prediction {
        let features = self.weights.len();
        let mut values = vec![self.intercept; frame.rows];
        for_blocks(frame, features, |start, rows, block: &[f64]| {
            if features > 0 {
                for (y, x) in values[start..start + rows].iter_mut().zip(block.chunks_exact(features)) {
                    *y += dot(x, &self.weights);
                }
            }
        });
        for y in &mut values {
            *y = (self.offset + self.scale * bounded(*y)).clamp(f64::MIN, f64::MAX);
        }
        Prediction { values, rows: frame.rows, outputs: 1 }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        let used = self.weights.iter().filter(|w| **w != 0.0).count();
        format!("{used} of {} features used", self.weights.len())
    }
}
