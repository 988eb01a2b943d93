//! The refitting stage: the chosen models are trained again on folds of all rows, the locked ones included, as far
//! as the time allows. What is not trained again keeps the pipelines of the search.

use super::check::Check;
use super::search::fold_seed;
use super::{Purpose, Running, Step, Study};
use crate::engine::job::{Job, JobResult, Stage};
use crate::engine::protocol::EndReason;

/// All rows are more than the search's training rows, and estimates are short.
const SLOWER: f64 = 1.25;
/// Share of the budget kept for writing the model.
const WRITE_SHARE: f64 = 0.02;
const WRITE_SECS: f64 = 0.1;
/// Who stops a search by hand waits at most so long.
const PATIENCE_SECS: f64 = 3.0;

/// A member that is trained again.
pub(super) struct RefitMember {
    pub trial: usize,
    pub folds: Vec<Option<Vec<u8>>>,
    /// For each fold, its predictions of the rows that it did not learn from.
    pub validation: Vec<Vec<f64>>,
    started: u32,
    failed: bool,
}

/// Members that are trained again, with what was chosen.
pub(super) struct Refit {
    pub check: Box<Check>,
    pub members: Vec<RefitMember>,
}

impl RefitMember {
    pub fn is_whole(&self) -> bool {
        !self.failed && self.folds.iter().all(Option::is_some)
    }

    fn is_over(&self) -> bool {
        self.failed || self.is_whole()
    }
}

impl Study {
    pub(super) fn start_refit(&mut self, now: f64) {
        let mut left = self.refit_secs_left(now);
        if self.end_reason == Some(EndReason::Stopped) {
            left = Some(left.unwrap_or(f64::MAX).min(PATIENCE_SECS));
        }
        let Step::Checking(check) = std::mem::replace(&mut self.step, Step::Searching) else { return };
        let (folds, trials) = self.refit_plan(&check.members, left);
        let member = |trial| RefitMember {
            trial,
            folds: (0..folds).map(|_| None).collect(),
            validation: vec![Vec::new(); folds as usize],
            started: 0,
            failed: false,
        };
        let members = trials.into_iter().map(member).collect();
        self.step = Step::Refitting(Box::new(Refit { check, members }));
        self.end_refit_if_done(now);
    }

    /// On how many folds members are trained again, and which: all of them on as many folds as the time allows, or
    /// those that fit on as few as there may be.
    fn refit_plan(&self, members: &[(usize, f64)], left: Option<f64>) -> (u32, Vec<usize>) {
        let mut plan = (self.prepared.split.folds(), Vec::new());
        let choices = self.prepared.split.refit_folds().into_iter();
        for folds in choices.filter(|&folds| self.allows_folds(members, folds)) {
            let mut planned = 0.0;
            let fits = |trial: &usize| {
                let secs = self.refit_secs(*trial, folds);
                let fits = left.is_none_or(|l| planned + secs <= l);
                planned += if fits { secs } else { 0.0 };
                fits
            };
            plan = (folds, members.iter().map(|m| m.0).filter(fits).collect());
            if plan.1.len() == members.len() {
                break;
            }
        }
        plan
    }

    /// Seconds that training a trial again on so many folds takes, when the workers are busy with others beside it.
    pub(super) fn refit_secs(&self, trial: usize, folds: u32) -> f64 {
        let fold_secs = self.trials[trial].fit_secs() / f64::from(self.prepared.split.folds());
        SLOWER * fold_secs * f64::from(folds) / f64::from(self.workers.min(folds).max(1))
    }

    /// Seconds that refitting may take; `None` without a budget.
    fn refit_secs_left(&self, now: f64) -> Option<f64> {
        let budget = self.clock.budget()?;
        Some(self.clock.left(now)? - WRITE_SHARE * budget - WRITE_SECS)
    }

    pub(super) fn next_refit_job(&mut self, now: f64) -> Option<Job> {
        let left = self.refit_secs_left(now);
        let Step::Refitting(refit) = &mut self.step else { return None };
        let owner = refit.members.iter().position(|m| !m.failed && (m.started as usize) < m.folds.len())?;
        let member = &mut refit.members[owner];
        let (fold, folds) = (member.started, member.folds.len() as u32);
        member.started += 1;
        let trial = member.trial;
        let id = self.hand_out(Running { owner, stage: Stage::Refit, purpose: Purpose::Fold, fold });
        let trial = &self.trials[trial];
        Some(Job {
            id,
            stage: Stage::Refit,
            fold,
            folds,
            rows: None,
            learner: trial.proposal.learner.clone(),
            params: trial.proposal.params.clone(),
            recipe: trial.proposal.recipe.clone(),
            seed: fold_seed(trial.seed, Stage::Refit, fold),
            deadline_secs: left.map(|l| l.max(0.0)),
            population: Vec::new(),
        })
    }

    pub(super) fn refit_job_done(&mut self, running: &Running, result: JobResult) {
        let Step::Refitting(refit) = &mut self.step else { return };
        let Some(member) = refit.members.get_mut(running.owner) else { return };
        match result.outcome {
            Ok(fold) => {
                member.validation[running.fold as usize] = fold.validation;
                member.folds[running.fold as usize] = Some(fold.pipeline);
            }
            Err(_) => member.failed = true,
        }
    }

    pub(super) fn end_refit_if_done(&mut self, now: f64) {
        let Step::Refitting(refit) = &self.step else { return };
        let late = self.refit_secs_left(now).is_some_and(|l| l < 0.0);
        if late {
            self.drop_running();
            self.finish(now);
        } else if refit.members.iter().all(RefitMember::is_over) {
            self.finish(now);
        }
    }
}
