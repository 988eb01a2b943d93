//! Rows as the network takes them.

use super::inputs::Pieces;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::row_major;
use crate::learner::tree::center::Center;
use crate::model::Target;
use crate::node::Frame;
use crate::numeric::{Rng, math};
use serde::{Deserialize, Serialize};

/// What the network's outputs mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Meaning {
    /// A score for each class that has rows.
    Classes(Shares),
    /// A prediction is offset + scale · output.
    Number { offset: f64, scale: f64 },
}

/// True answers, one a row.
pub enum Truth {
    /// Places among the classes that have rows.
    Places(Vec<u32>),
    /// In units of the target's spread.
    Numbers(Vec<f32>),
}

/// Rows × features, row-major, and their answers.
pub struct Rows {
    pub cells: Vec<f32>,
    pub truth: Truth,
    pub count: usize,
    pub pieces: Pieces,
}

impl Meaning {
    pub fn of(target: &Target) -> Self {
        match target {
            Target::Classes { codes, classes } => Self::Classes(Shares::of(codes, *classes)),
            Target::Values(values) => {
                let center = Center::of(values);
                Self::Number { offset: center.offset, scale: center.scale }
            }
        }
    }

    /// Outputs of the network.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes(shares) => shares.present().len(),
            Self::Number { .. } => 1,
        }
    }

    /// Biases of the last layer with which a network that sees nothing gives the shares, or the mean.
    pub fn prior(&self) -> Vec<f64> {
        match self {
            Self::Classes(shares) => shares.present().iter().map(|&c| math::ln(shares.0[c])).collect(),
            Self::Number { .. } => vec![0.0],
        }
    }

    /// The rows with an answer that training has seen: a class that it has not is left out.
    pub fn rows(&self, frame: &Frame, target: &Target) -> Option<Rows> {
        let features = frame.columns.len();
        let (frame, truth) = match (self, target) {
            (Self::Classes(shares), Target::Classes { codes, .. }) => {
                let known = |c: u32| shares.0.get(c as usize).is_some_and(|&p| p > 0.0);
                let rows: Vec<u32> =
                    (0..codes.len().min(frame.rows) as u32).filter(|&i| known(codes[i as usize])).collect();
                let codes: Vec<u32> = rows.iter().map(|&i| codes[i as usize]).collect();
                (frame.take(&rows), Truth::Places(shares.places(&codes)))
            }
            (Self::Number { offset, scale }, Target::Values(values)) if values.len() == frame.rows => {
                let center = Center { offset: *offset, scale: *scale };
                (frame.clone(), Truth::Numbers(values.iter().map(|&v| center.apply(v) as f32).collect()))
            }
            _ => return None,
        };
        let cells = row_major(&frame, features);
        Some(Rows { cells, truth, count: frame.rows, pieces: Pieces::none(features) })
    }
}

impl Rows {
    /// Appends the rows of `other`, of as many features.
    pub fn append(&mut self, other: Rows) {
        self.cells.extend(other.cells);
        self.count += other.count;
        match (&mut self.truth, other.truth) {
            (Truth::Places(own), Truth::Places(more)) => own.extend(more),
            (Truth::Numbers(own), Truth::Numbers(more)) => own.extend(more),
            // Both come from one `Meaning::rows`, which gives one kind.
            _ => {}
        }
    }

    /// Cuts the numbers of the first `rows` rows into up to `most` pieces; none below two.
    pub fn cut(&mut self, rows: usize, most: usize) {
        let features = self.pieces.features();
        if most > 1 {
            self.pieces = Pieces::fit(&self.cells[..rows * features], features, most);
        }
    }

    /// Lays out the `width` inputs that a network takes of these rows.
    pub fn load(&self, rows: &[u32], width: usize, out: &mut Vec<f32>) {
        let features = self.pieces.features();
        out.clear();
        for &i in rows {
            self.pieces.extend(&self.cells[i as usize * features..(i as usize + 1) * features], width, out);
        }
    }

    /// Deals the first `rows` rows to `parts`, so that each has its share of every class, or of every range of numbers.
    pub fn deal(&self, rows: usize, parts: usize, rng: &mut Rng) -> Vec<Vec<u32>> {
        let mut order: Vec<u32> = (0..rows as u32).collect();
        rng.shuffle(&mut order);
        match &self.truth {
            Truth::Places(places) => order.sort_by_key(|&i| places[i as usize]),
            Truth::Numbers(values) => {
                order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
            }
        }
        (0..parts).map(|p| order.iter().skip(p).step_by(parts).copied().collect()).collect()
    }
}

impl Truth {
    /// Half the squared error of a number, or the log loss of probabilities, for one row.
    pub fn loss(&self, row: usize, answer: &[f64]) -> f64 {
        match self {
            Self::Numbers(values) => {
                let error = answer[0] - f64::from(values[row]);
                0.5 * error * error
            }
            Self::Places(places) => -math::ln(answer[places[row] as usize].max(1e-15)),
        }
    }

    /// Turns the network's outputs for rows `rows` into the gradient of half their squared error, or of their log
    /// loss, per row. Returns the sum of the losses.
    pub fn judge(&self, rows: impl Iterator<Item = usize>, outputs: usize, at: &mut [f32]) -> f64 {
        let mut loss = 0.0;
        let mut scores = vec![0.0f64; outputs];
        for (row, out) in rows.zip(at.chunks_exact_mut(outputs)) {
            match self {
                Self::Numbers(values) => {
                    out[0] -= values[row];
                    loss += 0.5 * f64::from(out[0]) * f64::from(out[0]);
                }
                Self::Places(places) => {
                    let own = places[row] as usize;
                    scores.iter_mut().zip(out.iter()).for_each(|(s, &o)| *s = f64::from(o));
                    math::softmax(&mut scores);
                    loss -= math::ln(scores[own].max(1e-15));
                    scores[own] -= 1.0;
                    out.iter_mut().zip(&scores).for_each(|(o, &s)| *o = s as f32);
                }
            }
        }
        loss
    }
}
