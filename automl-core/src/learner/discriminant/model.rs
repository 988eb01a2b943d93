//! Fitted normal distributions.

use crate::learner::DecodeError;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::{dot, math, sum};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DiscriminantModel {
    pub features: u32,
    pub shares: Shares,
    /// Of each class that has rows, ascending.
    pub normals: Vec<Normal>,
}

/// A normal distribution: its mean, and Cholesky's factor of its covariance, the lower half row by row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Normal {
    mean: Vec<f64>,
    factor: Vec<f64>,
}

/// Where row `i` of a lower half begins.
fn row_start(i: usize) -> usize {
    i * (i + 1) / 2
}

impl Normal {
    /// `factor` is of n × n, row-major, with anything above the diagonal.
    pub fn new(mean: Vec<f64>, factor: &[f64]) -> Self {
        let n = mean.len();
        Self { factor: (0..n).flat_map(|i| &factor[i * n..i * n + i + 1]).copied().collect(), mean }
    }

    fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.mean.len()).map(|i| self.factor[row_start(i) + i])
    }

    fn log_determinant(&self) -> f64 {
        2.0 * sum(&self.diagonal().map(math::ln).collect::<Vec<f64>>())
    }

    /// Squared Mahalanobis distance. `z` is scratch of the mean's length.
    fn distance(&self, x: &[f64], z: &mut [f64]) -> f64 {
        for i in 0..x.len() {
            let row = &self.factor[row_start(i)..=row_start(i) + i];
            z[i] = (x[i] - self.mean[i] - dot(&row[..i], &z[..i])) / row[i];
        }
        dot(z, z)
    }

    fn validate(&self, features: usize) -> Result<(), DecodeError> {
        finite(&self.mean, Some(features))?;
        finite(&self.factor, features.checked_mul(features.saturating_add(1)).map(|n| n / 2))?;
        if self.diagonal().all(|x| x > 0.0) { Ok(()) } else { Err(damaged("a covariance is not positive")) }
    }
}

impl DiscriminantModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        model.shares.validate()?;
        if model.features as usize != features || model.normals.len() != model.shares.present().len() {
            return Err(damaged("numbers are missing"));
        }
        model.normals.iter().try_for_each(|n| n.validate(features))?;
        Ok(model)
    }
}

impl Model for DiscriminantModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (features, classes) = (self.features as usize, self.shares.classes());
        let present = self.shares.present();
        let constant =
            |(n, &class): (&Normal, &usize)| math::ln(self.shares.0[class]) - 0.5 * n.log_determinant();
        let constants: Vec<f64> = self.normals.iter().zip(&present).map(constant).collect();
        let mut values = vec![0.0; frame.rows * classes];
        let (mut scores, mut z) = (vec![0.0; present.len()], vec![0.0; features]);
        for_blocks(frame, features, |start, rows, block: &[f64]| {
            for i in 0..rows {
                let x = &block[i * features..(i + 1) * features];
                for ((score, normal), constant) in scores.iter_mut().zip(&self.normals).zip(&constants) {
                    *score = bounded(constant - 0.5 * normal.distance(x, &mut z));
                }
                math::softmax(&mut scores);
                let out = &mut values[(start + i) * classes..(start + i + 1) * classes];
                present.iter().zip(&scores).for_each(|(&class, &p)| out[class] = p);
            }
        });
        Prediction { values, rows: frame.rows, outputs: classes }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }
}
