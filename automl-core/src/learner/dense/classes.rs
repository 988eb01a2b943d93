//! Which classes the training rows have, and how often. A class that they lack gets no probability.

use super::{damaged, finite};
use crate::learner::DecodeError;
use crate::numeric::sum;
use serde::{Deserialize, Serialize};

/// The share of every class of the task among the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shares(pub Vec<f64>);

impl Shares {
    pub fn of(codes: &[u32], classes: usize) -> Self {
        Self::weighted(codes, classes, None)
    }

    /// Of rows with these weights, alike where there are none.
    pub fn weighted(codes: &[u32], classes: usize, weights: Option<&[f64]>) -> Self {
        let mut totals = vec![0.0; classes];
        for (row, &code) in codes.iter().enumerate() {
            totals[code as usize] += weights.map_or(1.0, |w| w[row]);
        }
        let all = weights.map_or(codes.len() as f64, sum);
        Self(totals.iter().map(|&n| (n / all).min(1.0)).collect())
    }

    /// Classes of the task.
    pub fn classes(&self) -> usize {
        self.0.len()
    }

    /// Classes that have rows, ascending.
    pub fn present(&self) -> Vec<usize> {
        (0..self.0.len()).filter(|&c| self.0[c] > 0.0).collect()
    }

    /// The rows' classes as places in [`Shares::present`].
    pub fn places(&self, codes: &[u32]) -> Vec<u32> {
        let mut place = vec![0; self.0.len()];
        for (i, class) in self.present().into_iter().enumerate() {
            place[class] = i as u32;
        }
        codes.iter().map(|&c| place[c as usize]).collect()
    }

    /// Whether these are shares, of two classes at least, that some class has.
    ///
    /// # Errors
    /// [`DecodeError`] where they are not.
    pub fn validate(&self) -> Result<(), DecodeError> {
        finite(&self.0, Some(self.0.len()))?;
        let sound = self.0.len() > 1 && self.0.iter().all(|p| (0.0..=1.0).contains(p));
        if sound && self.0.iter().any(|&p| p > 0.0) { Ok(()) } else { Err(damaged("shares of classes")) }
    }
}
