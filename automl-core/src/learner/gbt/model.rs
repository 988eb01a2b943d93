//! A fitted booster.

use super::objective::Link;
use crate::compute::Card;
use crate::learner::DecodeError;
use crate::learner::tree::center::Center;
use crate::learner::tree::encode::Encoded;
use crate::learner::tree::flat::Flat;
use crate::model::{Model, Predicting, Prediction};
use crate::node::Frame;
use crate::numeric::math;
use serde::{Deserialize, Serialize};

/// Scores on a logarithmic scale are within this, so that e to their power is neither 0 nor infinite.
const FARTHEST: f64 = 700.0;

/// Trees, and how their sums become predictions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GbtModel {
    pub link: Link,
    /// Scores before the first tree.
    pub start: Vec<f64>,
    /// What a regression's scores are measured in.
    pub center: Center,
    pub trees: Flat,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// 0: numbers; 1: two classes; 2: numbers whose logarithm is added up; k: k classes.
    kind: u32,
    start: Vec<f64>,
    offset: f64,
    scale: f64,
    trees: Encoded,
}

impl GbtModel {
    pub fn decode(bytes: &[u8], features: usize) -> Result<Self, DecodeError> {
        let damaged = |what: &str| DecodeError { reason: format!("the boosting model is damaged: {what}") };
        let (written, rest): (Written, &[u8]) =
            postcard::take_from_bytes(bytes).map_err(|e| damaged(&e.to_string()))?;
        let link = match written.kind {
            0 => Link::Identity,
            1 => Link::Logistic,
            // Two classes have one score, so that this number was free.
            2 => Link::Log,
            k => Link::Softmax(k as usize),
        };
        if !rest.is_empty() {
            return Err(damaged("there is more than a model"));
        }
        if written.start.len() != link.scores() {
            return Err(damaged("scores are missing"));
        }
        let finite = written.start.iter().chain([&written.offset, &written.scale]).all(|v| v.is_finite());
        if !finite {
            return Err(damaged("a number is not finite"));
        }
        let trees = written.trees.decode(features)?;
        if trees.width() != 1 {
            return Err(damaged("leaves have odd sizes"));
        }
        let center = Center { offset: written.offset, scale: written.scale };
        Ok(Self { link, start: written.start, center, trees })
    }

    /// What scores, rows × scores, predict.
    fn linked(&self, mut scores: Vec<f64>) -> Prediction {
        let outputs = self.link.scores();
        let rows = scores.len() / outputs.max(1);
        match self.link {
            Link::Identity => {
                for score in &mut scores {
                    // Finite whatever the numbers in a foreign file add up to.
                    *score = (self.center.offset + self.center.scale * *score).clamp(f64::MIN, f64::MAX);
                }
                Prediction { values: scores, rows, outputs: 1 }
            }
            Link::Log => {
                for score in &mut scores {
                    let mean = self.center.scale * math::exp(score.clamp(-FARTHEST, FARTHEST));
                    *score = mean.clamp(f64::MIN, f64::MAX);
                }
                Prediction { values: scores, rows, outputs: 1 }
            }
            Link::Logistic => {
                let both = |s: &f64| {
                    let p = math::sigmoid(*s);
                    [1.0 - p, p]
                };
                let values = scores.iter().flat_map(both).collect();
                Prediction { values, rows, outputs: 2 }
            }
            Link::Softmax(_) => {
                scores.chunks_exact_mut(outputs).for_each(math::softmax);
                Prediction { values: scores, rows, outputs }
            }
        }
    }
}

impl Model for GbtModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        let mut scores = self.start.repeat(frame.rows);
        self.trees.add_to(frame, self.link.scores(), &mut scores);
        self.linked(scores)
    }

    fn predict_waiting<'a>(&'a self, frame: &'a Frame, card: Option<&'a Card>) -> Predicting<'a> {
        Box::pin(async move {
            let mut scores = self.start.repeat(frame.rows);
            self.trees.add_to_waiting(frame, self.link.scores(), &mut scores, card).await;
            self.linked(scores)
        })
    }

    fn encode(&self) -> Vec<u8> {
        let kind = match self.link {
            Link::Identity => 0,
            Link::Logistic => 1,
            Link::Log => 2,
            Link::Softmax(k) => k as u32,
        };
        let written = Written {
            kind,
            start: self.start.clone(),
            offset: self.center.offset,
            scale: self.center.scale,
            trees: Encoded::new(&self.trees),
        };
        // Serialising plain numbers into a growing vector cannot fail.
        postcard::to_allocvec(&written).unwrap_or_default()
    }

    fn summary(&self) -> String {
        let rounds = self.trees.trees() / self.link.scores();
        format!("{rounds} rounds, {} leaves", self.trees.leaves())
    }
}
