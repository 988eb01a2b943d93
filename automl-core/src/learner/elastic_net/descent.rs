//! Coordinate descent on columns as they lie in the frame: their means are taken off on the way.

use crate::learner::dense::go_on;
use crate::learner::{Fit, FitError};
use crate::numeric::sum;
use std::borrow::Cow;

/// Sweeps over all features, and sweeps over those in use between two of them.
const MOST_SWEEPS: usize = 200;
const MOST_INNER: usize = 50;
/// Cells that a fit may visit, about: so that a large table costs seconds and not minutes.
const MOST_CELLS: f64 = 1e10;
const LANES: usize = 8;

pub struct Descent<'a> {
    columns: &'a [Cow<'a, [f32]>],
    pub means: Vec<f64>,
    pub weights: Vec<f64>,
    /// Mean squares of the centred columns.
    squares: Vec<f64>,
    /// What is left of the target. Sums to 0 beside rounding.
    residual: Vec<f64>,
    /// Cells that may still be visited.
    left: f64,
}

/// `l1 · ‖w‖₁ + l2/2 · ‖w‖²`, beside half the mean squared error.
#[derive(Clone, Copy)]
pub struct Penalty {
    pub l1: f64,
    pub l2: f64,
}

impl<'a> Descent<'a> {
    /// `y` has mean 0.
    pub fn new(columns: &'a [Cow<'a, [f32]>], y: Vec<f64>) -> Self {
        let n = y.len() as f64;
        let moments = columns.iter().map(|column| {
            let values: Vec<f64> = column.iter().map(|&x| f64::from(x)).collect();
            let mean = sum(&values) / n;
            let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
            (mean, sum(&squares) / n)
        });
        let (means, squares) = moments.unzip();
        Self { columns, means, weights: vec![0.0; columns.len()], squares, residual: y, left: MOST_CELLS }
    }

    /// The least `l1` with which all weights stay 0.
    pub fn largest_pull(&self) -> f64 {
        let n = self.residual.len() as f64;
        let pull = |(column, mean): (&Cow<'_, [f32]>, &f64)| {
            let (product, total) = products(column, &self.residual);
            ((product - mean * total) / n).abs()
        };
        self.columns.iter().zip(&self.means).map(pull).fold(0.0, f64::max)
    }

    fn step(&mut self, j: usize, step: f64) {
        if step != 0.0 {
            let (column, mean) = (&self.columns[j], self.means[j]);
            for (r, &x) in self.residual.iter_mut().zip(column.iter()) {
                *r -= step * (f64::from(x) - mean);
            }
        }
    }

    /// Until the fit changes by `tolerance` at most, in standard deviations of the target.
    ///
    /// # Errors
    /// [`FitError::Cancelled`].
    pub fn run(&mut self, fit: &Fit<'_>, penalty: Penalty, tolerance: f64) -> Result<(), FitError> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        for _ in 0..MOST_SWEEPS {
            if self.sweep(&all, fit, penalty)? <= tolerance {
                break;
            }
            let used: Vec<usize> = all.iter().copied().filter(|&j| self.weights[j] != 0.0).collect();
            for _ in 0..MOST_INNER {
                if self.sweep(&used, fit, penalty)? <= tolerance || self.left <= 0.0 {
                    break;
                }
            }
            if self.left <= 0.0 {
                break;
            }
        }
        Ok(())
    }

    /// Moves each of these weights to its best place. Returns how far the fit has moved at most.
    fn sweep(&mut self, features: &[usize], fit: &Fit<'_>, penalty: Penalty) -> Result<f64, FitError> {
        let n = self.residual.len() as f64;
        let mut moved = 0.0f64;
        for &j in features {
            go_on(fit)?;
            let (column, mean, square) = (&self.columns[j], self.means[j], self.squares[j]);
            let (product, total) = products(column, &self.residual);
            let pull = (product - mean * total) / n + square * self.weights[j];
            let size = (pull.abs() - penalty.l1).max(0.0);
            let best = if square > 0.0 { size * pull.signum() / (square + penalty.l2) } else { 0.0 };
            let step = best - self.weights[j];
            if step != 0.0 {
                self.step(j, step);
                self.weights[j] = best;
                moved = moved.max(step.abs() * square.sqrt());
            }
            self.left -= 2.0 * n;
        }
        Ok(moved)
    }
}

/// Σ xᵢ·rᵢ and Σ rᵢ, in the fixed order of [`crate::numeric::dot`].
fn products(x: &[f32], r: &[f64]) -> (f64, f64) {
    let (mut products, mut totals) = ([0.0; LANES], [0.0; LANES]);
    let (cx, cr) = (x.chunks_exact(LANES), r.chunks_exact(LANES));
    let (tx, tr) = (cx.remainder(), cr.remainder());
    for (x, r) in cx.zip(cr) {
        for i in 0..LANES {
            products[i] += f64::from(x[i]) * r[i];
            totals[i] += r[i];
        }
    }
    for (i, (&x, r)) in tx.iter().zip(tr).enumerate() {
        products[i] += f64::from(x) * r;
        totals[i] += r;
    }
    let fold = |[a, b, c, d, e, f, g, h]: [f64; LANES]| ((a + b) + (c + d)) + ((e + f) + (g + h));
    (fold(products), fold(totals))
}
