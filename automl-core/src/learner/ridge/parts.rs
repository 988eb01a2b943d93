//! Ridge regression on more rows than memory holds: one reading of them adds up what the closed form needs.
//!
//! Features are taken less their means in a sample, and the target in the sample's units, so that little is lost where the
//! sums' own means are taken off in the end: Σ w·(x−m)(x−m)ᵀ = Σ w·(x−s)(x−s)ᵀ − Σw·(m−s)(m−s)ᵀ.

use super::{BLOCK, LARGEST_SYSTEM, Linear, Ridge, System, add_products, choose, scale};
use crate::learner::cluster::Cluster;
use crate::learner::dense::matrix::columns;
use crate::learner::dense::{check, unsuitable};
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::tree::center::Center;
use crate::learner::{Fit, FitError, weight};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::dot;
use crate::platform::Cancel;

/// A fit under way.
pub(super) struct RidgeInParts {
    alpha: f64,
    center: Center,
    weighted: bool,
    /// What is taken off the features.
    shifts: Vec<f64>,
    /// Rows that are not added up yet, feature by feature, each multiplied by the root of its weight; then the target,
    /// and the roots.
    block: Vec<Vec<f64>>,
    target: Vec<f64>,
    roots: Vec<f64>,
    /// Lower half of Σ w·(x−s)(x−s)ᵀ; Σ w·(x−s)·y; Σ w·(x−s); Σ w·y; Σ w.
    gram: Vec<f64>,
    right: Vec<f64>,
    sums: Vec<f64>,
    targets: f64,
    weights: f64,
}

impl Ridge {
    /// # Errors
    /// As a fit on the sample.
    pub(super) fn begin(sample: &Fit<'_>) -> Result<RidgeInParts, FitError> {
        check(sample)?;
        let Target::Values(y) = sample.target else {
            return Err(unsuitable("ridge regression predicts numbers, not classes"));
        };
        let n = sample.frame.columns.len();
        if n > LARGEST_SYSTEM {
            return Err(unsuitable(format!("there are more than {LARGEST_SYSTEM} features")));
        }
        let weights = weight::given(sample)?;
        let shifts =
            columns(sample.frame).iter().map(|c| super::column_mean(c, weights.as_deref())).collect();
        Ok(RidgeInParts {
            alpha: sample.params.float("alpha"),
            center: Center::weighted(y, weights.as_deref()),
            weighted: weights.is_some(),
            shifts,
            block: vec![Vec::with_capacity(BLOCK); n],
            target: Vec::with_capacity(BLOCK),
            roots: Vec::with_capacity(BLOCK),
            gram: vec![0.0; n * n],
            right: vec![0.0; n],
            sums: vec![0.0; n],
            targets: 0.0,
            weights: 0.0,
        })
    }
}

impl RidgeInParts {
    /// Adds up the rows of the block.
    fn add_up(&mut self) {
        add_products(&self.block, &mut self.gram);
        for (j, x) in self.block.iter().enumerate() {
            self.right[j] += dot(x, &self.target);
            self.sums[j] += dot(x, &self.roots);
        }
        self.targets += dot(&self.target, &self.roots);
        self.weights += dot(&self.roots, &self.roots);
        self.block.iter_mut().for_each(Vec::clear);
        self.target.clear();
        self.roots.clear();
    }
}

impl InParts for RidgeInParts {
    fn take(&mut self, block: &Block<'_>, _shelf: &mut dyn Shelf) -> Result<(), FitError> {
        let rows = block.frame.rows;
        let weights = block.weights.filter(|_| self.weighted);
        let Target::Values(y) = block.target else {
            return Err(unsuitable("ridge regression predicts numbers, not classes"));
        };
        if y.len() != rows || self.weighted && weights.is_none_or(|w| w.len() != rows) {
            return Err(unsuitable("rows lack a target or a weight"));
        }
        if block.frame.columns.len() != self.shifts.len() || y.iter().any(|y| !y.is_finite()) {
            return Err(unsuitable("the target has values that are out of its range"));
        }
        let columns = columns(block.frame);
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + BLOCK - self.target.len());
            let roots: Vec<f64> =
                (start..end).map(|row| weights.map_or(1.0, |w| f64::from(w[row]).sqrt())).collect();
            for ((place, column), shift) in self.block.iter_mut().zip(&columns).zip(&self.shifts) {
                let from = place.len();
                place.extend(column[start..end].iter().map(|&x| f64::from(x) - shift));
                scale(&mut place[from..], Some(&roots));
            }
            let cells = y[start..end].iter().zip(&roots).map(|(&y, root)| self.center.apply(y) * root);
            self.target.extend(cells);
            self.roots.extend(roots);
            if self.target.len() == BLOCK {
                self.add_up();
            }
            start = end;
        }
        Ok(())
    }

    fn places(&self) -> usize {
        0
    }

    fn finish(
        mut self: Box<Self>,
        validation: (&Frame, &Target),
        _shelf: &mut dyn Shelf,
        _cluster: Option<&mut dyn Cluster>,
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError> {
        self.add_up();
        if self.weights <= 0.0 {
            return Err(unsuitable("there are no training rows"));
        }
        let n = self.shifts.len();
        let away: Vec<f64> = self.sums.iter().map(|sum| sum / self.weights).collect();
        for (i, row) in self.gram.chunks_exact_mut(n.max(1)).enumerate() {
            row.iter_mut().zip(&away[..=i]).for_each(|(cell, other)| *cell -= self.weights * away[i] * other);
        }
        self.right.iter_mut().zip(&away).for_each(|(xy, away)| *xy -= self.targets * away);
        let means: Vec<f64> = self.shifts.iter().zip(&away).map(|(shift, away)| shift + away).collect();
        let mean = self.targets / self.weights;
        let center =
            Center { offset: self.center.offset + self.center.scale * mean, scale: self.center.scale };
        let system = System { n, gram: self.gram, right: self.right, dual: false };
        let weights = |alpha| super::solve(&system.gram, n, alpha, system.right.clone());
        let validating = match validation {
            (frame, Target::Values(actual)) if frame.rows > 0 => Some((frame, actual.as_slice())),
            _ => None,
        };
        let model = choose(self.alpha, n, validating, cancel, |alpha| {
            Ok(Linear::new(center, weights(alpha)?, &means))
        })?;
        told(1);
        Ok(Box::new(model))
    }
}
