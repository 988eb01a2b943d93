//! Rows as the network takes them.

use super::net::input;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::row_major;
use crate::learner::tree::center::Center;
use crate::model::Target;
use crate::node::Frame;
use crate::numeric::math;
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
        let mut cells: Vec<f32> = row_major(&frame, features);
        cells.iter_mut().for_each(|x| *x = input(*x));
        Some(Rows { cells, truth, count: frame.rows })
    }
}

impl Rows {
    /// These rows alone.
    pub fn take(&self, rows: &[u32]) -> Rows {
        let features = self.cells.len().checked_div(self.count).unwrap_or(0);
        let cells = rows
            .iter()
            .flat_map(|&i| &self.cells[i as usize * features..(i as usize + 1) * features])
            .copied();
        let truth = match &self.truth {
            Truth::Places(p) => Truth::Places(rows.iter().map(|&i| p[i as usize]).collect()),
            Truth::Numbers(v) => Truth::Numbers(rows.iter().map(|&i| v[i as usize]).collect()),
        };
        Rows { cells: cells.collect(), truth, count: rows.len() }
    }
}

impl Truth {
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
