//! A fitted naive Bayes classifier.

use crate::learner::DecodeError;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::{math, sum};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BayesModel {
    pub features: u32,
    pub shares: Shares,
    /// Of each class that has rows, ascending.
    pub moments: Vec<Moments>,
}

/// Mean and positive variance of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    pub means: Vec<f64>,
    pub variances: Vec<f64>,
}

impl BayesModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        model.shares.validate()?;
        if model.features as usize != features || model.moments.len() != model.shares.present().len() {
            return Err(damaged("numbers are missing"));
        }
        for moments in &model.moments {
            finite(&moments.means, Some(features))?;
            finite(&moments.variances, Some(features))?;
            if moments.variances.iter().any(|v| *v <= 0.0) {
                return Err(damaged("a variance is not positive"));
            }
        }
        Ok(model)
    }
}

impl Model for BayesModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (features, classes) = (self.features as usize, self.shares.classes());
        let present = self.shares.present();
        let constant = |(m, &class): (&Moments, &usize)| {
            let logs: Vec<f64> =
                m.variances.iter().map(|v| math::ln(2.0 * std::f64::consts::PI * v)).collect();
            math::ln(self.shares.0[class]) - 0.5 * sum(&logs)
        };
        let constants: Vec<f64> = self.moments.iter().zip(&present).map(constant).collect();
        let mut values = vec![0.0; frame.rows * classes];
        let mut scores = vec![0.0; present.len()];
        for_blocks(frame, features, |start, rows, block: &[f64]| {
            for i in 0..rows {
                let x = &block[i * features..(i + 1) * features];
                for ((score, m), constant) in scores.iter_mut().zip(&self.moments).zip(&constants) {
                    let far =
                        x.iter().zip(&m.means).zip(&m.variances).map(|((x, m), v)| (x - m) * (x - m) / v);
                    *score = bounded(constant - 0.5 * far.sum::<f64>());
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
