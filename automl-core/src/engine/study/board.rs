//! The leaderboard as fronts show it.

use super::compare::TIE_TEST;
use super::trial::Trial;
use super::{Step, Study};
use crate::compute::Used;
use crate::engine::protocol::{Board, BoardRow, CHOSEN, Phase, TOO_SLOW, TrialState, UNWEIGHTED};
use crate::learner;
use crate::numeric::sort_few_by;

/// Share of the progress bar that the search takes where no budget tells.
const SEARCH_PART: f64 = 0.85;

impl Study {
    /// The board as it stands.
    pub fn board(&self, now: f64) -> Board {
        let metric = self.prepared.metric();
        let shown = self.trials.iter().enumerate().filter(|(i, _)| !self.is_passed_over_again(*i));
        let mut rows: Vec<BoardRow> = shown.map(|(i, t)| self.row(i, t)).collect();
        rows.extend(self.blend.clone());
        let place = |row: &BoardRow| {
            let group = match row.state {
                TrialState::Done => 0,
                TrialState::Running | TrialState::Pruned => 1,
                TrialState::Cut | TrialState::Failed => 2,
            };
            (group, row.score.map_or(f64::INFINITY, |s| metric.loss(s)), row.trial.map_or(0, |t| t + 1))
        };
        sort_few_by(&mut rows, |a, b| {
            let (a, b) = (place(a), place(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
        });
        let best_score = rows.iter().find(|r| r.state == TrialState::Done).and_then(|r| r.score);
        Board {
            phase: self.phase(),
            metric: metric.id.to_owned(),
            metric_title: metric.title.to_owned(),
            greater_is_better: metric.greater_is_better,
            best_score,
            curve: self.curve.clone(),
            elapsed_secs: self.clock.elapsed(now),
            budget_secs: self.clock.budget(),
            trials_done: self.trials.iter().filter(|t| !t.is_open()).count() as u32,
            max_trials: self.request.max_trials,
            running: self.running.len() as u32,
            progress: self.progress(now),
            end_reason: self.end_reason,
            tie_test: rows.iter().any(|r| r.p_vs_best.is_some()).then(|| TIE_TEST.to_owned()),
            rows,
            left_out: self.left_out.clone(),
            population: self.population.as_ref().map(|p| p.told()),
        }
    }

    /// Whether a trial was never begun for want of time, as another of its learner was before it.
    fn is_passed_over_again(&self, index: usize) -> bool {
        let passed_over = |t: &Trial| t.state == TrialState::Cut && t.started == 0;
        let trial = &self.trials[index];
        let before = &self.trials[..index];
        passed_over(trial)
            && before.iter().any(|t| passed_over(t) && t.proposal.learner == trial.proposal.learner)
    }

    /// Name for people of a trial's learner.
    pub(super) fn title(&self, index: usize) -> String {
        let id = &self.trials[index].proposal.learner;
        learner::find(id).map_or_else(|| id.clone(), |l| l.spec().title.to_owned())
    }

    fn row(&self, index: usize, trial: &Trial) -> BoardRow {
        let used = trial.used();
        // What a running trial has so far would depend on the workers; a board is shown live all the same.
        BoardRow {
            trial: Some(index as u32),
            learner: trial.proposal.learner.clone(),
            title: self.title(index),
            params: trial.proposal.params.clone(),
            state: trial.state,
            score: trial.mean_score(),
            sd: trial.sd(),
            folds_done: trial.folds_done(),
            folds: trial.folds.len() as u32,
            holdout: trial.locked_score,
            fit_secs: trial.fit_secs(),
            predict_us_per_row: self.model_us(trial),
            backend: used.as_ref().map_or("cpu", Used::name).to_owned(),
            backend_reason: used.map_or(String::new(), |u| u.reason().to_owned()),
            seed: trial.seed,
            weight: trial.weight,
            reproducible: trial.is_reproducible(),
            note: self.note(trial),
            p_vs_best: trial.versus.map(|v| v.p),
            tied_with_best: trial.is_tied_with_best(),
        }
    }

    /// What went wrong, or what the fit has to tell.
    fn note(&self, trial: &Trial) -> String {
        if !trial.note.is_empty() {
            return trial.note.clone();
        }
        let mut note =
            trial.folds.iter().flatten().next().map_or(String::new(), |f| f.result.summary.clone());
        let heeds = learner::find(&trial.proposal.learner).is_none_or(|l| l.spec().weights);
        let more = [
            trial.is_chosen.then_some(CHOSEN),
            self.is_too_slow_to_predict(trial).then_some(TOO_SLOW),
            (self.prepared.weights.is_some() && !heeds).then_some(UNWEIGHTED),
        ];
        for what in more.into_iter().flatten() {
            note.push_str(if note.is_empty() { "" } else { "; " });
            note.push_str(what);
        }
        note
    }

    fn progress(&self, now: f64) -> f64 {
        let by_time = self.clock.budget().map_or(0.0, |b| self.clock.elapsed(now) / b);
        let closed = self.trials.iter().filter(|t| !t.is_open()).count() as f64;
        let by_trials = self.request.max_trials.map_or(0.0, |m| SEARCH_PART * closed / f64::from(m.max(1)));
        let by_phase = match (&self.step, self.phase()) {
            (_, Phase::Done) => 1.0,
            (Step::Checking(_), _) => SEARCH_PART,
            (Step::Refitting(_), _) => 0.5 + SEARCH_PART / 2.0,
            _ => 0.0,
        };
        let most = if self.is_finished() { 1.0 } else { 0.99 };
        by_time.max(by_trials).max(by_phase).clamp(0.0, most)
    }
}
