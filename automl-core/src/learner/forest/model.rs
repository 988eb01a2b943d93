//! A fitted forest.

use crate::compute::Card;
use crate::learner::DecodeError;
use crate::learner::tree::encode::Encoded;
use crate::learner::tree::flat::Flat;
use crate::model::{Model, Predicting, Prediction};
use crate::node::Frame;
use serde::{Deserialize, Serialize};

/// Trees, and how their mean becomes a prediction.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ForestModel {
    pub kind: Kind,
    pub trees: Flat,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A prediction is `offset + scale · mean`.
    Values { offset: f64, scale: f64 },
    /// The share of each class among the training rows, which counts as one tree more: so that no class that was
    /// ever seen is impossible. Trees of two classes hold the share of the second.
    Classes { prior: Vec<f64> },
    /// Leaves hold probabilities of so many classes, smoothed already. Trees of two hold that of the second.
    Probabilities { classes: u32 },
}

#[derive(Serialize, Deserialize)]
struct Written {
    kind: Kind,
    trees: Encoded,
}

impl ForestModel {
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let damaged = |what: &str| DecodeError { reason: format!("the forest is damaged: {what}") };
        let (written, rest): (Written, &[u8]) =
            postcard::take_from_bytes(bytes).map_err(|e| damaged(&e.to_string()))?;
        if !rest.is_empty() {
            return Err(damaged("there is more than a model"));
        }
        let trees = written.trees.decode(features)?;
        let (finite, width) = match &written.kind {
            Kind::Values { offset, scale } => (offset.is_finite() && scale.is_finite(), 1),
            Kind::Classes { prior } => {
                let shares = prior.iter().all(|p| (0.0..=1.0).contains(p)) && prior.iter().sum::<f64>() > 0.5;
                let leaves = trees.has_shares();
                (shares && leaves && prior.len() > 1, if prior.len() == 2 { 1 } else { prior.len() })
            }
            Kind::Probabilities { classes } => {
                let sound = *classes > 1 && trees.has_shares() && trees.trees() > 0;
                (sound, if *classes == 2 { 1 } else { *classes as usize })
            }
        };
        if !finite || trees.width() != width {
            return Err(damaged("a number is out of its range"));
        }
        Ok(Self { kind: written.kind, trees })
    }
}

impl ForestModel {
    /// What the sums over the trees, rows × outputs, predict.
    fn of_sums(&self, mut sums: Vec<f64>) -> Prediction {
        let outputs = self.trees.width();
        let rows = sums.len() / outputs.max(1);
        let trees = self.trees.trees() as f64;
        match &self.kind {
            Kind::Values { offset, scale } => {
                for sum in &mut sums {
                    // Finite whatever the numbers in a foreign file add up to.
                    *sum = (offset + scale * (*sum / trees.max(1.0))).clamp(f64::MIN, f64::MAX);
                }
                Prediction { values: sums, rows, outputs: 1 }
            }
            Kind::Classes { prior } if prior.len() == 2 => {
                of_two(&sums, |sum| (sum + prior[1]) / (trees + 1.0))
            }
            Kind::Classes { prior } => {
                for row in sums.chunks_exact_mut(outputs) {
                    row.iter_mut().zip(prior).for_each(|(sum, p)| *sum += p);
                }
                of_many(sums, outputs)
            }
            Kind::Probabilities { classes: 2 } => of_two(&sums, |sum| sum / trees),
            Kind::Probabilities { .. } => of_many(sums, outputs),
        }
    }
}

impl Model for ForestModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let outputs = self.trees.width();
        let mut sums = vec![0.0; frame.rows * outputs];
        self.trees.add_to(frame, outputs, &mut sums);
        self.of_sums(sums)
    }

    fn predict_waiting<'a>(&'a self, frame: &'a Frame, card: Option<&'a Card>) -> Predicting<'a> {
        Box::pin(async move {
            let outputs = self.trees.width();
            let mut sums = vec![0.0; frame.rows * outputs];
            self.trees.add_to_waiting(frame, outputs, &mut sums, card).await;
            self.of_sums(sums)
        })
    }

    fn encode(&self) -> Vec<u8> {
        let written = Written { kind: self.kind.clone(), trees: Encoded::new(&self.trees) };
        // Serialising plain numbers into a growing vector cannot fail.
        postcard::to_allocvec(&written).unwrap_or_default()
    }

    fn summary(&self) -> String {
        let trees = self.trees.trees();
        let plural = if trees == 1 { "" } else { "s" };
        format!("{trees} tree{plural}, {} nodes", self.trees.branches())
    }
}

/// Both classes' probabilities, where `second` gives that of the second from a sum over trees.
fn of_two(sums: &[f64], second: impl Fn(f64) -> f64) -> Prediction {
    let both = |&sum: &f64| {
        let p = second(sum).clamp(0.0, 1.0);
        [1.0 - p, p]
    };
    Prediction { values: sums.iter().flat_map(both).collect(), rows: sums.len(), outputs: 2 }
}

/// Rows of `outputs` sums, each brought to 1; equal shares where a foreign file has none.
fn of_many(mut sums: Vec<f64>, outputs: usize) -> Prediction {
    for row in sums.chunks_exact_mut(outputs) {
        let total: f64 = row.iter().sum();
        if total > 0.0 {
            row.iter_mut().for_each(|sum| *sum /= total);
        } else {
            row.fill(1.0 / outputs as f64);
        }
    }
    Prediction { rows: sums.len() / outputs, values: sums, outputs }
}
