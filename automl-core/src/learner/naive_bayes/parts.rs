//! Naive Bayes on more rows than memory holds: one reading of them adds up numbers, sums and squares of each class, of
//! features less their means in a sample, so that little is lost.

use super::model::{BayesModel, Moments};
use super::{NO_VARIANCE, mean_and_variance};
use crate::learner::cluster::Cluster;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::columns;
use crate::learner::dense::{check, unsuitable};
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::{Fit, FitError};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::platform::Cancel;

/// A fit under way.
pub(super) struct BayesInParts {
    smoothing: f64,
    shifts: Vec<f64>,
    /// Rows of each class.
    counts: Vec<f64>,
    /// Classes × features: sums of what is less its shift, and of its squares.
    sums: Vec<[f64; 2]>,
}

impl BayesInParts {
    /// # Errors
    /// As a fit on the sample.
    pub fn new(sample: &Fit<'_>) -> Result<Self, FitError> {
        check(sample)?;
        let Target::Classes { classes, .. } = sample.target else {
            return Err(unsuitable("naive Bayes predicts classes, not numbers"));
        };
        let mean = |column: &[f32]| mean_and_variance(column.iter().map(|&x| f64::from(x)).collect()).0;
        let shifts: Vec<f64> = columns(sample.frame).iter().map(|column| mean(column)).collect();
        Ok(Self {
            smoothing: sample.params.float("var_smoothing"),
            counts: vec![0.0; *classes],
            sums: vec![[0.0; 2]; *classes * shifts.len()],
            shifts,
        })
    }
}

/// Mean and variance of what is less its shift, of so many rows.
fn moments([sum, squares]: [f64; 2], count: f64) -> (f64, f64) {
    let mean = sum / count;
    (mean, (squares / count - mean * mean).max(0.0))
}

impl InParts for BayesInParts {
    fn take(&mut self, block: &Block<'_>, _shelf: &mut dyn Shelf) -> Result<(), FitError> {
        let (classes, features) = (self.counts.len(), self.shifts.len());
        let codes = match block.target {
            Target::Classes { codes, .. }
                if codes.len() == block.frame.rows
                    && block.frame.columns.len() == features
                    && codes.iter().all(|&code| (code as usize) < classes) =>
            {
                codes
            }
            _ => return Err(unsuitable("the target has values that are out of its range")),
        };
        codes.iter().for_each(|&code| self.counts[code as usize] += 1.0);
        for (j, (column, shift)) in columns(block.frame).iter().zip(&self.shifts).enumerate() {
            for (&x, &code) in column.iter().zip(codes) {
                let x = f64::from(x) - shift;
                let sums = &mut self.sums[code as usize * features + j];
                sums[0] += x;
                sums[1] += x * x;
            }
        }
        Ok(())
    }

    fn places(&self) -> usize {
        0
    }

    fn finish(
        self: Box<Self>,
        _validation: (&Frame, &Target),
        _shelf: &mut dyn Shelf,
        _cluster: Option<&mut dyn Cluster>,
        _cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError> {
        let (features, all) = (self.shifts.len(), self.counts.iter().sum::<f64>());
        if all <= 0.0 {
            return Err(unsuitable("there are no training rows"));
        }
        let of_all = |j: usize| {
            let of_feature = self.sums.iter().skip(j).step_by(features);
            moments(of_feature.fold([0.0; 2], |all, one| [all[0] + one[0], all[1] + one[1]]), all).1
        };
        let largest = (0..features).map(of_all).fold(0.0, f64::max);
        let least = (largest * self.smoothing).max(NO_VARIANCE);
        let of_class = |class: usize| {
            let sums = &self.sums[class * features..][..features];
            let found: Vec<(f64, f64)> = sums.iter().map(|&sums| moments(sums, self.counts[class])).collect();
            Moments {
                means: found.iter().zip(&self.shifts).map(|((mean, _), shift)| mean + shift).collect(),
                variances: found.iter().map(|(_, variance)| variance + least).collect(),
            }
        };
        let present = (0..self.counts.len()).filter(|&class| self.counts[class] > 0.0);
        let moments = present.map(of_class).collect();
        let shares = Shares(self.counts.iter().map(|&n| (n / all).min(1.0)).collect());
        told(1);
        Ok(Box::new(BayesModel { features: features as u32, shares, moments }))
    }
}
