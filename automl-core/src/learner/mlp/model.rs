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
    /// Of the same widths; their answers are averaged.
    pub nets: Vec<Net>,
    /// Epochs after which the last of them was at its best.
    pub epochs: u32,
}

/// Most layers.
const MOST_LAYERS: usize = 8;
/// Most networks.
const MOST_NETS: usize = 64;

impl MlpModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no network of `features` inputs.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model: Self = unpack(bytes)?;
        match &model.meaning {
            Meaning::Classes(shares) => shares.validate()?,
            Meaning::Number { offset, scale } => finite(&[*offset, *scale], Some(2))?,
        }
        if !(1..=MOST_NETS).contains(&model.nets.len()) {
            return Err(damaged("networks are missing"));
        }
        for net in &model.nets {
            validate(net, features, model.meaning.outputs())?;
        }
        Ok(model)
    }
}

/// # Errors
/// [`DecodeError`] where this is no network from so many features to so many outputs.
fn validate(net: &Net, features: usize, outputs: usize) -> Result<(), DecodeError> {
    let widths = &net.widths;
    let shaped = (2..=MOST_LAYERS + 1).contains(&widths.len())
        && widths.first() == Some(&features)
        && widths.last() == Some(&outputs)
        && !widths[1..].contains(&0)
        && Net::size(widths) == Some(net.weights.len());
    if !shaped {
        return Err(damaged("layers do not fit together"));
    }
    finite(&net.weights.iter().map(|&w| f64::from(w)).collect::<Vec<_>>(), Some(net.weights.len()))
}

impl MlpModel {
    /// Adds what one network says of a row, times `share`.
    fn add(&self, answer: &[f32], share: f64, present: &[usize], scores: &mut Vec<f64>, out: &mut [f64]) {
        scores.clear();
        scores.extend(answer.iter().map(|&s| bounded(f64::from(s))));
        match &self.meaning {
            Meaning::Number { .. } => out[0] += share * scores[0],
            Meaning::Classes(_) => {
                math::softmax(scores);
                present.iter().zip(&*scores).for_each(|(&class, &p)| out[class] += share * p);
            }
        }
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
        let share = 1.0 / self.nets.len() as f64;
        for_blocks(frame, self.nets[0].widths[0], |start, rows, block: &[f32]| {
            let values = &mut values[start * outputs..(start + rows) * outputs];
            for net in &self.nets {
                at.clear();
                at.extend(block.iter().map(|&x| input(x)));
                net.answer(&mut at, rows, &mut spare);
                for (out, answer) in values.chunks_exact_mut(outputs).zip(at.chunks_exact(net.outputs())) {
                    self.add(answer, share, &present, &mut scores, out);
                }
            }
            if let Meaning::Number { offset, scale } = &self.meaning {
                values.iter_mut().for_each(|v| *v = (offset + scale * *v).clamp(f64::MIN, f64::MAX));
            }
        });
        Prediction { values, rows: frame.rows, outputs }
    }

    fn encode(&self) -> Vec<u8> {
        pack(self)
    }

    fn summary(&self) -> String {
        format!(
            "{} epochs, {} weights",
            self.epochs,
            self.nets.iter().map(|n| n.weights.len()).sum::<usize>()
        )
    }
}
