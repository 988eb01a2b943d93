//! Glimpses: where rows are many, a trial is first fitted on a part of its first fold's training rows, and given up
//! where it is far behind others that were seen so: one early rung of successive halving (Li et al., "A system for
//! massively parallel hyperparameter tuning", 2020).

use super::search::fold_seed;
use super::{Purpose, Running, Study};
use crate::engine::job::{Job, JobFailure, JobResult, Stage};
use crate::engine::protocol::TrialState;
use crate::search::{Contender, LOOKBACK, should_prune};

/// How far a trial's glimpse is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Glimpse {
    NotNeeded,
    Due,
    Running,
    /// The loss, where there is a score.
    Seen(Option<f64>),
}

impl Study {
    /// Whether a trial is to be seen on a part of the rows first. The baseline costs nothing either way.
    pub(super) fn glimpse_of_new(&self, trial: usize) -> Glimpse {
        if trial > 0 && !self.is_fixed() && self.prepared.split.glimpse_rows().is_some() {
            Glimpse::Due
        } else {
            Glimpse::NotNeeded
        }
    }

    pub(super) fn glimpse_job(&mut self, index: usize, left: Option<f64>) -> Job {
        let rows = self.prepared.split.glimpse_rows();
        let purpose = Purpose::Glimpse;
        let id = self.hand_out(Running { owner: index, stage: Stage::Search, purpose, fold: 0 });
        let trial = &mut self.trials[index];
        trial.glimpse = Glimpse::Running;
        Job {
            id,
            stage: Stage::Search,
            fold: 0,
            folds: trial.folds.len() as u32,
            rows,
            learner: trial.proposal.learner.clone(),
            params: trial.proposal.params.clone(),
            recipe: trial.proposal.recipe.clone(),
            seed: fold_seed(trial.seed, Stage::Search, 0),
            deadline_secs: left,
            population: Vec::new(),
        }
    }

    pub(super) fn glimpse_done(&mut self, index: usize, result: JobResult) {
        let metric = self.prepared.metric();
        let trial = &mut self.trials[index];
        if !trial.is_open() {
            return;
        }
        match result.outcome {
            Ok(seen) => trial.glimpse = Glimpse::Seen(seen.score.map(|s| metric.loss(s))),
            Err(JobFailure::Cancelled) => {
                trial.state = TrialState::Cut;
                "the time ended first".clone_into(&mut trial.note);
            }
            // The whole fold may still do.
            Err(JobFailure::Failed(_)) => trial.glimpse = Glimpse::Seen(None),
        }
        if self.looks_bad(index) {
            let trial = &mut self.trials[index];
            trial.state = TrialState::Pruned;
            "far behind the best on a part of the rows".clone_into(&mut trial.note);
        }
    }

    /// Whether a trial's glimpse is far behind the best. Only trials that any number of workers would know are looked
    /// at, unless a time budget decides what is run anyway.
    fn looks_bad(&self, index: usize) -> bool {
        let Glimpse::Seen(Some(first_loss)) = self.trials[index].glimpse else { return false };
        let visible = if self.clock.budget().is_some() {
            self.trials.len()
        } else {
            (index + 1).saturating_sub(LOOKBACK)
        };
        let others = self.trials[..visible].iter().enumerate().filter(|(i, _)| *i != index);
        let seen: Vec<f64> = others
            .filter_map(|(_, t)| match t.glimpse {
                Glimpse::Seen(loss) => loss,
                _ => None,
            })
            .collect();
        should_prune(Contender { first_loss, portfolio: self.trials[index].proposal.portfolio }, &seen)
    }
}
