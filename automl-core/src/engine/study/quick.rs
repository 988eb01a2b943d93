//! A limit on the time that a prediction takes.
//!
//! It is held against what was measured where the search runs, so the clock decides which models get in: a request with a
//! limit must have a time budget, where the clock decides anyway, and cannot ask for a reproducible search. Learners do
//! say what a fit takes, but not what a prediction does, which is the smaller part of it and varies with the number of
//! trees that early stopping keeps: what they say would not keep a limit in microseconds.
//!
//! A model is one pipeline a fold, each with its own preprocessing, and so takes the time of all of them.

use super::Study;
use super::trial::Trial;
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::{StudyRequest, TrialState};

/// Whether a request's limit is one that can be kept.
///
/// # Errors
/// Why it is not.
pub(super) fn check_limit(request: &StudyRequest) -> Result<(), Diagnostic> {
    let Some(limit) = request.max_predict_us_per_row else { return Ok(()) };
    if !(limit.is_finite() && limit > 0.0) {
        return Err(Diagnostic::error(
            "predict_limit.none",
            format!("{limit} is no limit on the time that a prediction takes."),
            "Give microseconds a row, above 0.",
        ));
    }
    if request.reproducible || request.budget_secs.is_none() {
        return Err(Diagnostic::error(
            "predict_limit.not_reproducible",
            "A limit on the time that a prediction takes lets the clock choose, and another run may give another model.",
            "Give a time budget, and do not ask for a reproducible search; or leave out the limit.",
        ));
    }
    Ok(())
}

impl Study {
    /// Microseconds a row of the model that a trial would be alone: the pipelines of all folds.
    pub(super) fn model_us(&self, trial: &Trial) -> f64 {
        trial.predict_us_per_row() * f64::from(self.prepared.split.folds())
    }

    fn members_us(&self, members: &[(usize, f64)]) -> f64 {
        members.iter().map(|(i, _)| self.model_us(&self.trials[*i])).sum()
    }

    /// Whether a trial is done and slower than may be.
    pub(super) fn is_too_slow_to_predict(&self, trial: &Trial) -> bool {
        let limit = self.request.max_predict_us_per_row;
        trial.state == TrialState::Done && limit.is_some_and(|limit| self.model_us(trial) > limit)
    }

    /// Those of the `ranked` trials that are quick enough; where none but guessing is, the quickest too. What is once
    /// passed over stays so: times do not change, and of slow trials only a quicker one takes the place.
    pub(super) fn quick_enough(&self, ranked: Vec<usize>) -> Vec<usize> {
        if self.request.max_predict_us_per_row.is_none() {
            return ranked;
        }
        let learns = |i: &usize| self.trials[*i].proposal.learner != "baseline";
        let us = |i: &usize| self.model_us(&self.trials[*i]);
        let quickest = ranked.iter().copied().filter(learns).min_by(|a, b| us(a).total_cmp(&us(b)));
        // Guessing is all there is where nothing else has ended.
        let quickest = quickest.or(ranked.first().copied());
        let quick = |i: &usize| !self.is_too_slow_to_predict(&self.trials[*i]);
        let any = ranked.iter().any(|i| learns(i) && quick(i));
        ranked.into_iter().filter(|i| quick(i) || !any && Some(*i) == quickest).collect()
    }

    /// Members that together are quick enough: while they are not, the one that takes the most time for its share is no
    /// longer offered. Where no model is quick enough, what is offered is the quickest, which is taken alone.
    pub(super) fn quick_members(&self, candidates: &[usize]) -> Vec<(usize, f64)> {
        let mut offered = candidates.to_vec();
        let slow = |i: &usize| self.is_too_slow_to_predict(&self.trials[*i]);
        if let Some(quickest) = offered.iter().copied().find(slow) {
            offered = vec![quickest];
        }
        loop {
            let members = self.choose_members(&offered);
            let over = self.request.max_predict_us_per_row.is_some_and(|l| self.members_us(&members) > l);
            let dearness = |m: &(usize, f64)| self.model_us(&self.trials[m.0]) / m.1;
            let dearest = members.iter().max_by(|a, b| dearness(a).total_cmp(&dearness(b)));
            match dearest {
                Some(&(dearest, _)) if over && members.len() > 1 => offered.retain(|i| *i != dearest),
                _ => return members,
            }
        }
    }

    /// Whether the members may be trained again on so many folds.
    pub(super) fn allows_folds(&self, members: &[(usize, f64)], folds: u32) -> bool {
        let more = f64::from(folds) / f64::from(self.prepared.split.folds());
        folds <= self.prepared.split.folds()
            || self.request.max_predict_us_per_row.is_none_or(|l| self.members_us(members) * more <= l)
    }

    /// What to say where no model was quick enough.
    pub(super) fn slow_prediction(&self, members: &[(usize, f64)]) -> Option<Diagnostic> {
        let limit = self.request.max_predict_us_per_row?;
        (self.members_us(members) > limit).then(|| {
            Diagnostic::warning(
                "predict_limit.not_met",
                format!("No model was found that predicts a row in {limit} µs: the quickest is taken."),
                "Allow more time a row, search longer, or name quicker learners.",
            )
        })
    }
}
