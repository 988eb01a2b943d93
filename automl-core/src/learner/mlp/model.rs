//! A fitted network.

use super::data::Meaning;
use super::net::{Net, input};
use crate::learner::DecodeError;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::math;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MlpModel {
    pub meaning: Meaning,
    pub net: Net,
    /// Epochs after which this was the best network.
    pub epochs: u32,
}

/// Most layers.
const MOST_LAYERS: usize = 8;

impl MlpModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no network of `features` inputs.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        match &model.meaning {
            Meaning::Classes(shares) => shares.validate()?,
            Meaning::Number { offset, scale } => finite(&[*offset, *scale], Some(2))?,
        }
        let widths = &model.net.widths;
        let shaped = (2..=MOST_LAYERS + 1).contains(&widths.len())
            && widths.first() == Some(&features)
            && widths.last() == Some(&model.meaning.outputs())
            && !widths[1..].contains(&0)
            && Net::size(widths) == Some(model.net.weights.len());
        if !shaped {
            return Err(damaged("layers do not fit together"));
        }
        if model.net.weights.iter().any(|w| !w.is_finite()) {
            return Err(damaged("a weight is not finite"));
        }
        Ok(model)
    }
}

impl Model for MlpModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let (present, outputs) = match &self.meaning {
            Meaning::Classes(shares) => (shares.present(), shares.classes()),
            Meaning::Number { .. } => (Vec::new(), 1),
        };
        let mut values = vec![0.0; frame.rows * outputs];
        let (mut at, mut spare, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        for_blocks(frame, self.net.widths[0], |start, rows, block: &[f32]| {
            at.clear();
            at.extend(block.iter().map(|&x| input(x)));
            self.net.answer(&mut at, rows, &mut spare);
            let out = values[start * outputs..(start + rows) * outputs].chunks_exact_mut(outputs);
            for (out, answer) in out.zip(at.chunks_exact(self.net.outputs())) {
                scores.clear();
                scores.extend(answer.iter().map(|&s| bounded(f64::from(s))));
                match &self.meaning {
                    Meaning::Number { offset, scale } => {
                        out[0] = (offset + scale * scores[0]).clamp(f64::MIN, f64::MAX);
                    }
                    Meaning::Classes(_) => {
                        math::softmax(&mut scores);
                        present.iter().zip(&scores).for_each(|(&class, &p)| out[class] = p);
                    }
                }
            }
        });
        Prediction { values, rows: frame.rows, outputs }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        format!("{} epochs, {} weights", self.epochs, self.net.weights.len())
    }
}
