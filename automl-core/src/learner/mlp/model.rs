//! A fitted network.

use super::data::Meaning;
use super::half::{from_half, to_half};
use super::inputs::Pieces;
use super::net::Net;
use crate::learner::DecodeError;
use crate::learner::dense::matrix::for_blocks;
use crate::learner::dense::{bounded, damaged, finite, pack, unpack};
use crate::model::{Model, Prediction};
use crate::node::Frame;
use crate::numeric::math;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq)]
pub struct MlpModel {
    pub meaning: Meaning,
    pub pieces: Pieces,
    /// Their answers are averaged. Each takes the features as they are, or their pieces too. Weights are of half precision,
    /// except in models of before they were.
    pub nets: Vec<Net>,
    /// Epochs that they were trained for.
    pub epochs: u32,
}

/// First byte of an encoded model. Before, it was that of a [`Meaning`], which is below.
const TAG: u8 = 2;

/// A model's bytes, after the tag.
#[derive(Serialize, Deserialize)]
struct Encoded {
    meaning: Meaning,
    pieces: Pieces,
    nets: Vec<Halves>,
    epochs: u32,
}

/// A network's widths, and its weights in half precision, low byte first.
#[derive(Serialize, Deserialize)]
struct Halves {
    widths: Vec<usize>,
    weights: Vec<u8>,
}

/// A model's bytes before there were pieces.
#[derive(Serialize, Deserialize)]
struct Before {
    meaning: Meaning,
    nets: Vec<Net>,
    epochs: u32,
}

impl Halves {
    fn of(net: &Net) -> Self {
        let weights = net.weights.iter().flat_map(|&w| to_half(w).to_le_bytes()).collect();
        Self { widths: net.widths.clone(), weights }
    }

    fn net(self) -> Net {
        let (pairs, _) = self.weights.as_chunks();
        let weights = pairs.iter().map(|&pair| from_half(u16::from_le_bytes(pair))).collect();
        Net { widths: self.widths, weights, factors: Vec::new() }
    }
}

/// Most layers.
const MOST_LAYERS: usize = 8;
/// Most networks.
const MOST_NETS: usize = 64;

impl MlpModel {
    /// # Errors
    /// [`DecodeError`] where the bytes are no network of `features` inputs.
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let model = if let Some((&TAG, bytes)) = bytes.split_first() {
            let Encoded { meaning, pieces, nets, epochs } = unpack(bytes)?;
            Self { meaning, pieces, nets: nets.into_iter().map(Halves::net).collect(), epochs }
        } else {
            let Before { meaning, nets, epochs } = unpack(bytes)?;
            Self { meaning, pieces: Pieces::none(features), nets, epochs }
        };
        model.pieces.validate(features)?;
        match &model.meaning {
            Meaning::Classes(shares) => shares.validate()?,
            Meaning::Number { offset, scale } => finite(&[*offset, *scale], Some(2))?,
        }
        if !(1..=MOST_NETS).contains(&model.nets.len()) {
            return Err(damaged("networks are missing"));
        }
        for net in &model.nets {
            validate(net, &model.pieces, model.meaning.outputs())?;
        }
        Ok(model)
    }
}

/// # Errors
/// [`DecodeError`] where this is no network from these inputs to so many outputs.
fn validate(net: &Net, pieces: &Pieces, outputs: usize) -> Result<(), DecodeError> {
    let widths = &net.widths;
    let shaped = (2..=MOST_LAYERS + 1).contains(&widths.len())
        && (widths[0] == pieces.features() || widths[0] == pieces.width())
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
        for_blocks(frame, self.pieces.features(), |start, rows, block: &[f32]| {
            let values = &mut values[start * outputs..(start + rows) * outputs];
            for net in &self.nets {
                at.clear();
                self.pieces.extend(block, net.widths[0], &mut at);
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
        let mut bytes = vec![TAG];
        bytes.extend(pack(&Encoded {
            meaning: self.meaning.clone(),
            pieces: self.pieces.clone(),
            nets: self.nets.iter().map(Halves::of).collect(),
            epochs: self.epochs,
        }));
        bytes
    }

    fn summary(&self) -> String {
        format!(
            "{} epochs, {} weights",
            self.epochs,
            self.nets.iter().map(|n| n.weights.len()).sum::<usize>()
        )
    }
}
