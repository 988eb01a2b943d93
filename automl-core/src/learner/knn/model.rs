//! The training rows, ready to be asked.

use super::search::{Nearest, Tiles};
use crate::learner::DecodeError;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
#[cfg(feature = "gpu")]
use crate::{compute::Card, model::Predicting};
use serde::{Deserialize, Serialize};

/// Rows and what they answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KnnModel {
    /// Between 1 and the number of rows.
    pub k: u32,
    pub by_distance: bool,
    /// At least 1.
    pub features: u32,
    /// Rows × features, row-major.
    pub cells: Vec<f32>,
    pub answers: Answers,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Answers {
    Classes {
        codes: Vec<u32>,
        shares: Shares,
    },
    /// An answer is offset + scale · value.
    Values {
        values: Vec<f64>,
        offset: f64,
        scale: f64,
    },
}

impl KnnModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        let rows = match &model.answers {
            Answers::Classes { codes, shares } => {
                shares.validate()?;
                if codes.iter().any(|&c| c as usize >= shares.classes()) {
                    return Err(damaged("a class that does not exist"));
                }
                codes.len()
            }
            Answers::Values { values, offset, scale } => {
                finite(values, Some(values.len()))?;
                finite(&[*offset, *scale], Some(2))?;
                values.len()
            }
        };
        let shaped = features > 0
            && model.features as usize == features
            && rows.checked_mul(features) == Some(model.cells.len());
        if !shaped || model.k == 0 || model.k as usize > rows {
            return Err(damaged("numbers are missing"));
        }
        if model.cells.iter().any(|x| !x.is_finite()) {
            return Err(damaged("a number is not finite"));
        }
        Ok(model)
    }

    pub fn outputs(&self) -> usize {
        match &self.answers {
            Answers::Classes { shares, .. } => shares.classes(),
            Answers::Values { .. } => 1,
        }
    }

    /// Writes the answer of these neighbours.
    pub fn answer(&self, nearest: &Nearest, weights: &mut Vec<f64>, out: &mut [f64]) {
        self.weigh(nearest, weights);
        match &self.answers {
            Answers::Classes { codes, shares } => {
                out.copy_from_slice(&shares.0);
                for (w, (_, row)) in weights.iter().zip(&nearest.found) {
                    out[codes[*row as usize] as usize] += w;
                }
                let total: f64 = out.iter().sum();
                out.iter_mut().for_each(|p| *p /= total);
            }
            Answers::Values { values, offset, scale } => {
                let terms = weights.iter().zip(&nearest.found).map(|(w, (_, row))| w * values[*row as usize]);
                let mean = terms.sum::<f64>() / weights.len().max(1) as f64;
                out[0] = (offset + scale * mean).clamp(f64::MIN, f64::MAX);
            }
        }
    }

    /// The neighbours' weights, which sum to their number: alike, or by inverse distance. Where some are at no
    /// distance at all, they alone count.
    fn weigh(&self, nearest: &Nearest, weights: &mut Vec<f64>) {
        weights.clear();
        if !self.by_distance {
            weights.resize(nearest.found.len(), 1.0);
            return;
        }
        let same = nearest.found.first().is_some_and(|f| f.0 == 0.0);
        weights.extend(nearest.found.iter().map(|&(d, _)| match same {
            true => f64::from(u8::from(d == 0.0)),
            false => 1.0 / f64::from(d.min(f32::MAX)).sqrt(),
        }));
        let factor = weights.len() as f64 / weights.iter().sum::<f64>();
        weights.iter_mut().for_each(|w| *w *= factor);
    }
}

impl Model for KnnModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (features, outputs) = (self.features as usize, self.outputs());
        let tiles = Tiles::new(&self.cells, features);
        let mut values = vec![0.0; frame.rows * outputs];
        let mut weights = Vec::new();
        let mut nearest: Vec<Nearest> = Vec::new();
        for_blocks(frame, features, |start, rows, block: &[f32]| {
            nearest.resize_with(rows, || Nearest::new(self.k as usize));
            tiles.search(block, &mut nearest);
            let out = &mut values[start * outputs..(start + rows) * outputs];
            for (nearest, out) in nearest.iter().zip(out.chunks_exact_mut(outputs)) {
                self.answer(nearest, &mut weights, out);
            }
        });
        Prediction { values, rows: frame.rows, outputs }
    }

    #[cfg(feature = "gpu")]
    fn predict_waiting<'a>(&'a self, frame: &'a Frame, card: Option<&'a Card>) -> Predicting<'a> {
        Box::pin(async move {
            let on_card = match card {
                Some(card) => super::on_card::predict(self, frame, card).await,
                None => None,
            };
            on_card.unwrap_or_else(|| self.predict(frame))
        })
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        format!("{} neighbours among {} rows", self.k, self.cells.len() / (self.features as usize).max(1))
    }
}
