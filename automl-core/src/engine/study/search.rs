//! The searching stage: which fold of which trial is next, and when the search ends.

use super::glimpse::Glimpse;
use super::trial::{Fold, Trial};
use super::{Purpose, Running, Step, Study};
use crate::engine::job::{Job, JobFailure, JobResult, Stage};
use crate::engine::protocol::{EndReason, TrialState};
use crate::numeric::{Rng, sort_few_by};
use crate::search::{Contender, LOOKBACK, Past, Proposal, should_prune};
use std::collections::BTreeMap;

/// Trials whose predictions and pipelines are kept, as they may become members.
const KEPT: usize = 12;
/// Most of them of one learner: variants of one model add little to each other.
const KEPT_OF_LEARNER: usize = 6;
/// The same as [`KEPT`] for large tables, where pipelines are large too.
const KEPT_LARGE: usize = 6;
const LARGE_ROWS: usize = 50_000;
/// Bytes of pipelines that are kept beyond the best trial's and the best of each learner.
const KEPT_BYTES: usize = 48 << 20;
/// Share of the budget kept for combining, checking and writing.
const FINISH_SHARE: f64 = 0.04;
const FINISH_SECS: f64 = 0.25;
/// Most of the budget that training again on all rows may take.
const REFIT_SHARE: f64 = 0.33;
/// Most of the budget that one fold may take.
const FOLD_SHARE: f64 = 0.3;
/// The same for boosting, which matters most.
const FOLD_SHARE_BOOSTING: f64 = 0.6;
/// Most of the budget that a trial is planned to take, boosting and others.
const TRIAL_SHARE_BOOSTING: f64 = 0.5;
const TRIAL_SHARE: f64 = 0.2;
/// Boosting is begun if by its own word it takes so many times what is left: it often takes less.
const MOST_UNKNOWN: f64 = 1.5;
/// A trial whose other folds take more of the budget than this goes on only if its first is about as good as the best.
const SLOW_SHARE: f64 = 0.05;
const SLOW_SLACK: f64 = 1.08;
/// Trials passed over in a row, because they would not end within the budget, before no more are proposed. A quicker
/// learner may still be among the next few.
const MOST_SKIPPED: usize = 16;

impl Study {
    pub(super) fn next_search_job(&mut self, now: f64) -> Option<Job> {
        let left = self.search_secs_left(now);
        if let Some(job) = self.population_job(left) {
            return Some(job);
        }
        if left.is_some_and(|l| l <= 0.0) && !self.trials.is_empty() {
            let due = self.next_open_fold().filter(|(trial, _)| *trial == 0);
            return due.map(|(trial, fold)| self.search_job(trial, fold, left));
        }
        loop {
            if let Some((trial, fold)) = self.next_open_fold() {
                return Some(match self.trials[trial].glimpse {
                    Glimpse::Due => self.glimpse_job(trial, left),
                    _ => self.search_job(trial, fold, left),
                });
            }
            if !self.open_trial(left) {
                return None;
            }
        }
    }

    /// The baseline is run whatever the budget: it costs nothing, and without it there is no model at all.
    fn baseline_is_due(&self) -> bool {
        self.trials.first().is_none_or(Trial::is_open)
    }

    /// The first fold that can be handed out, of the trials in order; a glimpse is of the first fold.
    fn next_open_fold(&self) -> Option<(usize, u32)> {
        self.trials.iter().enumerate().filter(|(_, t)| t.is_open()).find_map(|(i, t)| {
            let waits = !self.is_fixed() && t.started == 1 && i >= LOOKBACK && t.folds[0].is_none();
            let waits = waits || t.glimpse == Glimpse::Running;
            (t.started < t.folds.len() as u32 && !waits).then_some((i, t.started))
        })
    }

    /// Starts the next trial; false where none can be started now.
    fn open_trial(&mut self, left: Option<f64>) -> bool {
        let n = self.trials.len();
        let enough = self.request.max_trials.is_some_and(|m| n >= m.max(1) as usize);
        let visible = (n + 1).saturating_sub(LOOKBACK);
        if enough
            || self.waits_for_population(n)
            || self.exhausted
            || self.skipped >= MOST_SKIPPED
            || !self.is_fixed() && self.trials[..visible].iter().any(Trial::is_open)
        {
            return false;
        }
        let metric = self.prepared.metric();
        let past: Vec<Past<'_>> = self.trials[..visible]
            .iter()
            .map(|t| Past {
                proposal: &t.proposal,
                loss: t.full_score().map(|s| metric.loss(s)),
                first_loss: self.fold_loss(t, 0),
            })
            .collect();
        let tried: Vec<&Proposal> = self.trials.iter().map(|t| &t.proposal).collect();
        let (chosen, before) = self.next_chosen(n);
        let own = || self.proposer.propose(n - before, &past, &tried);
        let is_chosen = chosen.is_some();
        let Some(proposal) = chosen.or_else(own) else {
            self.exhausted = true;
            return false;
        };
        self.note_chosen(is_chosen);
        let seed = Rng::for_stream(self.request.seed, &[0x7B1A, n as u64]).next_u64();
        let mut trial = Trial::new(proposal, self.prepared.split.folds(), seed);
        trial.glimpse = self.glimpse_of_new(n);
        trial.is_chosen = is_chosen;
        if let Some(why_not) = left.and_then(|left| self.too_slow(&trial, left)) {
            trial.state = TrialState::Cut;
            trial.note = why_not;
        }
        self.skipped = if trial.is_open() { 0 } else { self.skipped + 1 };
        self.trials.push(trial);
        true
    }

    /// Why a trial is passed over for want of time, if it is. `left`: seconds of search left.
    fn too_slow(&self, trial: &Trial, left: f64) -> Option<String> {
        let budget = self.clock.budget()?;
        let secs = self.secs_of(trial, 0);
        let learner = &trial.proposal.learner;
        // What boosting takes depends on when it stops; without it there is little to compare with.
        let is_first_boosting = learner == "gbt" && !self.costs.knows(learner);
        // What is set is begun whatever it takes: nothing else could have its time.
        if learner == "baseline" || self.is_fixed() || is_first_boosting && secs < MOST_UNKNOWN * left {
            None
        } else if secs > left {
            Some("would have taken longer than the time left".to_owned())
        } else if secs > trial_share(learner) * budget && self.request.learners.is_empty() {
            Some(format!(
                "left out for quicker models: it would have taken some {secs:.0} s of the {budget:.0} s"
            ))
        } else {
            None
        }
    }

    /// Seconds that the folds of a trial from `first` on take, run side by side.
    fn secs_of(&self, trial: &Trial, first: u32) -> f64 {
        let rounds = (trial.folds.len() as u32).saturating_sub(first).div_ceil(self.workers);
        self.costs.fold_secs(&trial.proposal) * f64::from(rounds)
    }

    fn search_job(&mut self, index: usize, fold: u32, left: Option<f64>) -> Job {
        let id = self.hand_out(Running { owner: index, stage: Stage::Search, purpose: Purpose::Fold, fold });
        let (budget, is_fixed) = (self.clock.budget(), self.is_fixed());
        let trial = &mut self.trials[index];
        trial.started = fold + 1;
        let share = match trial.proposal.learner.as_str() {
            _ if is_fixed => 1.0,
            "gbt" => FOLD_SHARE_BOOSTING,
            _ => FOLD_SHARE,
        };
        let deadline = left.zip(budget).map(|(left, budget)| left.min(share * budget));
        Job {
            id,
            stage: Stage::Search,
            fold,
            folds: trial.folds.len() as u32,
            rows: None,
            learner: trial.proposal.learner.clone(),
            params: trial.proposal.params.clone(),
            recipe: trial.proposal.recipe.clone(),
            seed: fold_seed(trial.seed, Stage::Search, fold),
            deadline_secs: if index == 0 { None } else { deadline },
            population: Vec::new(),
        }
    }

    pub(super) fn search_job_done(&mut self, running: &Running, result: JobResult, now: f64) {
        let index = running.owner;
        if !self.trials[index].is_open() {
            return;
        }
        match result.outcome {
            Ok(fold_result) => {
                self.costs.add(&self.trials[index].proposal, result.fit_secs + result.predict_secs);
                let us = 1e6 * result.predict_secs / result.predicted_rows.max(1) as f64;
                let trial = &mut self.trials[index];
                let fold = Fold {
                    result: fold_result,
                    fit_secs: result.fit_secs,
                    predict_us_per_row: us,
                    used: result.used,
                };
                trial.folds[running.fold as usize] = Some(fold);
                self.judge(index, running.fold, now);
            }
            Err(JobFailure::Cancelled) => {
                let trial = &mut self.trials[index];
                trial.state = TrialState::Cut;
                "the time ended first".clone_into(&mut trial.note);
                trial.forget();
            }
            Err(JobFailure::Failed(reason)) => {
                // Which folds had ended before depends on the workers: none is kept.
                let trial = &mut self.trials[index];
                trial.state = TrialState::Failed;
                trial.note = reason;
                trial.folds.fill_with(|| None);
            }
        }
    }

    /// After a fold: is the trial given up, or done?
    fn judge(&mut self, index: usize, fold: u32, now: f64) {
        let trial = &self.trials[index];
        if self.cannot_end(trial, now) {
            let trial = &mut self.trials[index];
            trial.state = TrialState::Cut;
            "would have taken longer than the time left".clone_into(&mut trial.note);
            trial.forget();
            return;
        }
        if !self.is_fixed() && trial.folds_done() == 1 && self.is_slow_and_behind(index) {
            let trial = &mut self.trials[index];
            trial.state = TrialState::Pruned;
            "slow, and behind the best after its first fold".clone_into(&mut trial.note);
            trial.forget();
            return;
        }
        let trial = &self.trials[index];
        let may_be_pruned = !self.is_fixed() && fold == 0 && index >= LOOKBACK && trial.folds.len() > 1;
        if may_be_pruned && self.is_far_behind(index) {
            self.trials[index].state = TrialState::Pruned;
            self.trials[index].forget();
            return;
        }
        if self.trials[index].folds.iter().all(Option::is_some) {
            let trial = &mut self.trials[index];
            trial.state = TrialState::Done;
            trial.kept_bytes = trial.folds.iter().flatten().map(|f| f.result.pipeline.len()).sum();
            self.note_best(index, now);
            self.forget_the_rest();
        }
    }

    /// Whether the folds that are not begun would end too late, by what this trial's own folds took.
    fn cannot_end(&self, trial: &Trial, now: f64) -> bool {
        let Some(left) = self.search_secs_left(now) else { return false };
        let waiting = (trial.folds.len() as u32).saturating_sub(trial.started);
        let fold_secs = trial.fit_secs() / f64::from(trial.folds_done().max(1));
        trial.folds_done() > 0 && f64::from(waiting.div_ceil(self.workers)) * fold_secs > left
    }

    /// Loss on a fold that is done.
    fn fold_loss(&self, trial: &Trial, fold: usize) -> Option<f64> {
        let score = trial.folds.get(fold)?.as_ref()?.result.score?;
        Some(self.prepared.metric().loss(score))
    }

    /// Whether the first fold of a trial to be done, whichever it is, is behind the best of that fold and the others
    /// would take long. Looks at every trial: only where a time budget decides what is run anyway.
    fn is_slow_and_behind(&self, index: usize) -> bool {
        let Some(budget) = self.clock.budget() else { return false };
        let trial = &self.trials[index];
        let Some(fold) = trial.folds.iter().position(Option::is_some) else { return false };
        if trial.folds.len() < 2 || self.secs_of(trial, 1) < SLOW_SHARE * budget {
            return false;
        }
        let others = self.trials.iter().enumerate().filter(|(i, _)| *i != index);
        let best = others.filter_map(|(_, t)| self.fold_loss(t, fold)).min_by(f64::total_cmp);
        match (self.fold_loss(trial, fold), best) {
            (Some(loss), Some(best)) => loss > SLOW_SLACK * best,
            _ => false,
        }
    }

    fn is_far_behind(&self, index: usize) -> bool {
        let first_loss = |t: &Trial| self.fold_loss(t, 0);
        let trial = &self.trials[index];
        let Some(loss) = first_loss(trial) else { return true };
        let visible = (index + 1).saturating_sub(LOOKBACK);
        let earlier: Vec<f64> = self.trials[..visible].iter().filter_map(first_loss).collect();
        should_prune(Contender { first_loss: loss, portfolio: trial.proposal.portfolio }, &earlier)
    }

    fn note_best(&mut self, index: usize, now: f64) {
        let Some(score) = self.trials[index].full_score() else { return };
        let metric = self.prepared.metric();
        if self.curve.last().is_none_or(|(_, best)| metric.is_better(score, *best)) {
            self.curve.push((self.clock.elapsed(now), score));
        }
    }

    /// Finished trials, best first; of equals the earlier.
    pub(super) fn ranked(&self) -> Vec<usize> {
        let metric = self.prepared.metric();
        let mut ranked: Vec<(usize, f64)> = self
            .trials
            .iter()
            .enumerate()
            .filter_map(|(i, t)| Some((i, metric.loss(t.full_score()?))))
            .collect();
        sort_few_by(&mut ranked, |a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        ranked.into_iter().map(|(i, _)| i).collect()
    }

    /// Trials that may become members: the best, not all of one learner, and the best of each learner. A trial that is once outside never
    /// comes back in, so what is dropped is never missed.
    pub(super) fn candidates(&self) -> Vec<usize> {
        let most = if self.prepared.rows() > LARGE_ROWS { KEPT_LARGE } else { KEPT };
        let mut of_learner: BTreeMap<&str, usize> = BTreeMap::new();
        let mut kept = Vec::new();
        let (mut place, mut bytes) = (0, 0);
        for index in self.quick_enough(self.ranked()) {
            let trial = &self.trials[index];
            let before = of_learner.entry(&trial.proposal.learner).or_default();
            let is_first = *before == 0;
            *before += 1;
            if *before > KEPT_OF_LEARNER {
                continue;
            }
            bytes += trial.kept_bytes;
            if place < most && bytes <= KEPT_BYTES || is_first {
                kept.push(index);
            }
            place += 1;
        }
        kept
    }

    fn forget_the_rest(&mut self) {
        let kept = self.candidates();
        for (i, trial) in self.trials.iter_mut().enumerate() {
            if !trial.is_open() && i > 0 && !kept.contains(&i) {
                trial.forget();
            }
        }
    }

    /// Seconds until the search must end so that the rest fits into the budget; `None` without a budget.
    fn search_secs_left(&self, now: f64) -> Option<f64> {
        let budget = self.clock.budget()?;
        let finish = FINISH_SHARE * budget + FINISH_SECS.min(0.1 * budget);
        // As many folds as may be, or as the search has, or none.
        let choices = self.prepared.split.refit_folds().into_iter().map(|folds| self.refit_estimate(folds));
        let reserve = choices.into_iter().find(|secs| *secs <= REFIT_SHARE * budget);
        Some(self.clock.left(now)? - finish - reserve.unwrap_or(0.0))
    }

    /// Seconds that training the best few again on all rows would take.
    fn refit_estimate(&self, folds: u32) -> f64 {
        1.1 * self.ranked().iter().take(3).map(|&i| self.refit_secs(i, folds)).sum::<f64>()
    }

    pub(super) fn end_search_if_due(&mut self, now: f64) {
        if self.clock.is_paused() {
            return;
        }
        let late = self.search_secs_left(now).is_some_and(|l| l <= 0.0) && !self.baseline_is_due();
        let all_closed = self.trials.iter().all(|t| !t.is_open()) && !self.trials.is_empty();
        let all_closed = all_closed && !self.waits_for_population(self.trials.len());
        let enough = self.request.max_trials.is_some_and(|m| self.trials.len() >= m.max(1) as usize);
        if late || all_closed && self.skipped >= MOST_SKIPPED {
            self.end_search(EndReason::Time);
        } else if all_closed && enough {
            self.end_search(EndReason::Trials);
        } else if all_closed && self.exhausted {
            self.end_search(EndReason::Exhausted);
        }
    }

    pub(super) fn end_search(&mut self, reason: EndReason) {
        self.end_reason = Some(reason);
        self.drop_running();
        self.drop_population();
        for trial in &mut self.trials {
            if trial.is_open() {
                trial.state = TrialState::Cut;
                "the search ended first".clone_into(&mut trial.note);
                trial.forget();
            }
        }
        match self.start_check() {
            Ok(check) => self.step = Step::Checking(Box::new(check)),
            Err(diagnostic) => self.step = Step::Finished(Some(Box::new(Err(diagnostic)))),
        }
    }
}

/// Most of the budget that a trial of a learner is planned to take.
fn trial_share(learner: &str) -> f64 {
    if learner == "gbt" { TRIAL_SHARE_BOOSTING } else { TRIAL_SHARE }
}

/// The seed of a fold's fit.
pub(super) fn fold_seed(trial_seed: u64, stage: Stage, fold: u32) -> u64 {
    Rng::for_stream(trial_seed, &[stage as u64, u64::from(fold)]).next_u64()
}
