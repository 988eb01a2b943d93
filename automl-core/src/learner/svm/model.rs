//! Support rows and what they weigh.

use super::machine::{Machine, Trainer, kernel};
use crate::learner::DecodeError;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::math;
use serde::{Deserialize, Serialize};

/// Machines over one set of support rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SvmModel {
    /// At least 1.
    features: u32,
    /// Squared width of the kernel, above 0.
    width: f64,
    /// Support rows × features, row by row.
    cells: Vec<f64>,
    borders: Vec<Border>,
    answers: Answers,
}

/// A machine's numbers; see [`Machine`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Border {
    /// One a support row.
    coefficients: Vec<f64>,
    rho: f64,
    slope: f64,
    shift: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Answers {
    /// One border a class that training has seen; of two classes, one that tells the second.
    Classes { shares: Shares },
    /// One border, whose distance is (answer − offset) / scale.
    Values { offset: f64, scale: f64 },
}

impl Answers {
    fn borders(&self) -> usize {
        match self {
            Self::Values { .. } => 1,
            Self::Classes { shares } => match shares.present().len() {
                2 => 1,
                other => other,
            },
        }
    }

    fn outputs(&self) -> usize {
        match self {
            Self::Values { .. } => 1,
            Self::Classes { shares } => shares.classes(),
        }
    }

    /// Writes the answer of a row at these distances.
    fn write(&self, borders: &[Border], distances: &[f64], out: &mut [f64]) {
        match self {
            Self::Values { offset, scale } => {
                out[0] = (offset + scale * distances[0]).clamp(f64::MIN, f64::MAX);
            }
            Self::Classes { shares } => {
                out.fill(0.0);
                let present = shares.present();
                if let ([first, second], [border]) = (&present[..], borders) {
                    out[*second] = border.probability(distances[0]);
                    out[*first] = 1.0 - out[*second];
                    return;
                }
                for ((&class, border), &distance) in present.iter().zip(borders).zip(distances) {
                    out[class] = border.probability(distance);
                }
                let total: f64 = out.iter().sum();
                if total > 0.0 {
                    out.iter_mut().for_each(|p| *p /= total);
                } else {
                    out.copy_from_slice(&shares.0);
                }
            }
        }
    }
}

impl Border {
    fn probability(&self, distance: f64) -> f64 {
        let z = bounded(self.slope * distance + self.shift);
        // Either way the exponential is of a number below 0.
        if z >= 0.0 { math::exp(-z) / (1.0 + math::exp(-z)) } else { 1.0 / (1.0 + math::exp(z)) }
    }
}

impl SvmModel {
    pub fn new(trainer: &Trainer<'_>, machines: Vec<Machine>, answers: Answers) -> Self {
        let mut support: Vec<usize> = machines.iter().flat_map(|m| m.support.iter().map(|s| s.0)).collect();
        support.sort_unstable();
        support.dedup();
        let border = |machine: Machine| {
            let mut coefficients = vec![0.0; support.len()];
            for (row, coefficient) in machine.support {
                if let Ok(place) = support.binary_search(&row) {
                    coefficients[place] = coefficient;
                }
            }
            Border { coefficients, rho: machine.rho, slope: machine.slope, shift: machine.shift }
        };
        Self {
            features: trainer.rows.features as u32,
            width: trainer.kernel,
            borders: machines.into_iter().map(border).collect(),
            cells: support.iter().flat_map(|&row| trainer.rows.row(row)).copied().collect(),
            answers,
        }
    }

    /// # Errors
    /// [`DecodeError`] where the bytes are no such model of `features` features.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        match &model.answers {
            Answers::Classes { shares } => shares.validate()?,
            Answers::Values { offset, scale } => finite(&[*offset, *scale], Some(2))?,
        }
        let shaped = features > 0
            && model.features as usize == features
            && model.cells.len().is_multiple_of(features)
            && model.borders.len() == model.answers.borders();
        if !shaped || !model.width.is_finite() || model.width <= 0.0 {
            return Err(damaged("numbers are missing"));
        }
        finite(&model.cells, Some(model.cells.len()))?;
        for border in &model.borders {
            finite(&border.coefficients, Some(model.cells.len() / features))?;
            finite(&[border.rho, border.slope, border.shift], Some(3))?;
        }
        Ok(model)
    }

    fn support(&self) -> usize {
        self.cells.len() / (self.features as usize).max(1)
    }
}

impl Model for SvmModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (features, outputs) = (self.features as usize, self.answers.outputs());
        let mut values = vec![0.0; frame.rows * outputs];
        let mut kernels = vec![0.0; self.support()];
        let mut distances = vec![0.0; self.borders.len()];
        for_blocks(frame, features, |start, _, block: &[f64]| {
            let out = values[start * outputs..].chunks_exact_mut(outputs);
            for (row, out) in block.chunks_exact(features).zip(out) {
                for (k, support) in kernels.iter_mut().zip(self.cells.chunks_exact(features)) {
                    *k = kernel(support, row, self.width);
                }
                for (distance, border) in distances.iter_mut().zip(&self.borders) {
                    let sum: f64 = border.coefficients.iter().zip(&kernels).map(|(c, k)| c * k).sum();
                    *distance = bounded(sum - border.rho);
                }
                self.answers.write(&self.borders, &distances, out);
            }
        });
        Prediction { values, rows: frame.rows, outputs }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        format!("{} support rows", self.support())
    }
}
