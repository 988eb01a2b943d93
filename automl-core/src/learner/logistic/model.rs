//! A fitted logistic regression.

use super::loss::multiply;
use crate::learner::DecodeError;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::{math, weighted_mean};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LogisticModel {
    shares: Shares,
    /// Features × outputs, row-major, then one intercept an output.
    weights: Vec<f64>,
    features: u32,
    iterations: u32,
}

impl LogisticModel {
    pub fn new(shares: Shares, weights: Vec<f64>, features: usize, iterations: usize) -> Self {
        Self { shares, weights, features: features as u32, iterations: iterations as u32 }
    }

    /// Mean log loss on rows of the classes `codes`, each counting as much as its weight, where no class is taken to be less
    /// likely than one in all `trained` rows shows.
    pub fn log_loss(&self, frame: &Frame, codes: &[u32], weights: Option<&[f64]>, trained: usize) -> f64 {
        let prediction = self.predict(frame);
        let least = 1.0 / ((trained as f64 + 2.0) * prediction.outputs as f64);
        let loss = |(row, &code): (&[f64], &u32)| -math::ln(row[code as usize].max(least));
        let losses: Vec<f64> =
            prediction.values.chunks_exact(prediction.outputs).zip(codes).map(loss).collect();
        weighted_mean(&losses, weights)
    }

    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        model.shares.validate()?;
        let count = features.checked_add(1).and_then(|n| n.checked_mul(model.outputs()));
        finite(&model.weights, count.filter(|_| model.features as usize == features))?;
        Ok(model)
    }

    fn outputs(&self) -> usize {
        match self.shares.present().len() {
            2 => 1,
            n => n,
        }
    }
}

impl Model for LogisticModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (features, outputs, classes) = (self.features as usize, self.outputs(), self.shares.classes());
        let present = self.shares.present();
        let (slopes, intercepts) = self.weights.split_at(features * outputs);
        let mut values = vec![0.0; frame.rows * classes];
        let mut scores = Vec::new();
        for_blocks(frame, features, |start, rows, block: &[f64]| {
            scores.clear();
            scores.extend(intercepts.iter().cycle().take(rows * outputs));
            multiply(block, slopes, &mut scores, (rows, features, outputs));
            scores.iter_mut().for_each(|s| *s = bounded(*s));
            let out = &mut values[start * classes..(start + rows) * classes];
            for (out, row) in out.chunks_exact_mut(classes).zip(scores.chunks_exact_mut(outputs)) {
                if let &[first, second] = present.as_slice() {
                    out[second] = math::sigmoid(row[0]);
                    out[first] = 1.0 - out[second];
                } else {
                    math::softmax(row);
                    present.iter().zip(row.iter()).for_each(|(&class, &p)| out[class] = p);
                }
            }
        });
        Prediction { values, rows: frame.rows, outputs: classes }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        format!("{} iterations", self.iterations)
    }
}
