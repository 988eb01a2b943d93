//! What a fit whose rows come a block at a time takes from a sample of them.

use super::boost::check_monotone;
use super::constraints;
use super::objective::{Goal, Link};
use super::params::Settings;
use crate::learner::parts::Block;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::constraint::Constraints;
use crate::learner::{Fit, FitError, weight};
use crate::model::Target;

/// What is known before the rows come.
pub(super) struct Begun {
    pub settings: Settings,
    pub constraints: Constraints,
    /// The features and their cuts, without rows.
    pub bins: Binned,
    pub goal: Goal,
    pub start: Vec<f64>,
    pub weighted: bool,
    pub seed: u64,
    pub threads: usize,
}

impl Begun {
    /// `sample`: rows that bins, units and constraints follow from.
    ///
    /// # Errors
    /// As a fit on the sample.
    pub fn new(sample: &Fit<'_>) -> Result<Self, FitError> {
        let unsuitable = |reason: &str| FitError::Unsuitable { reason: reason.into() };
        let settings = Settings::new(sample.params, sample.frame.rows);
        let mut bins = Binned::with_threads(sample.frame, settings.max_bins, sample.seed, sample.threads);
        let weights = weight::given(sample)?;
        let weighted = weights.is_some();
        let class_weights = weight::of_classes(sample, weights.as_deref());
        let goal = Goal::new(sample.target, settings.objective, weights, class_weights)
            .map_err(|e| unsuitable(&e))?;
        let start = goal.start();
        let constraints =
            constraints::read(sample.params, sample.frame, &bins).map_err(|e| unsuitable(&e))?;
        check_monotone(&constraints, &start).map_err(unsuitable)?;
        bins.rows = 0;
        bins.features.iter_mut().for_each(|feature| feature.bins = Vec::new());
        let (seed, threads) = (sample.seed, sample.threads);
        Ok(Self { settings, constraints, bins, goal, start, weighted, seed, threads })
    }

    /// # Errors
    /// Rows without a target or a weight; values that the loss cannot have.
    pub fn check(&self, block: &Block<'_>) -> Result<(), FitError> {
        let unsuitable = |reason: &str| Err(FitError::Unsuitable { reason: reason.to_owned() });
        let count = block.frame.rows;
        if block.target.len() != count || self.weighted && block.weights.is_none_or(|w| w.len() != count) {
            return unsuitable("rows lack a target or a weight");
        }
        let Target::Values(values) = block.target else { return Ok(()) };
        let negative_too = self.goal.objective.link() != Link::Log;
        if values.iter().all(|&y| y.is_finite() && (negative_too || y >= 0.0)) {
            return Ok(());
        }
        unsuitable(
            "the target has values that are not finite, or below 0 where the loss is for numbers from 0",
        )
    }
}
