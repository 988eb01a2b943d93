//! A trial and what is known of it.

use super::compare::Versus;
use super::glimpse::Glimpse;
use crate::compute::Used;
use crate::engine::job::FoldResult;
use crate::engine::protocol::TrialState;
use crate::learner::{self, Reproducible};
use crate::search::Proposal;

/// What one fold gave.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub result: FoldResult,
    pub fit_secs: f64,
    pub predict_us_per_row: f64,
    /// What it was computed on, where there was a choice.
    pub used: Option<Used>,
}

/// One trial.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub proposal: Proposal,
    pub seed: u64,
    pub state: TrialState,
    pub glimpse: Glimpse,
    /// Folds handed out.
    pub started: u32,
    pub folds: Vec<Option<Fold>>,
    /// Bytes of its pipelines, once it was done.
    pub kept_bytes: usize,
    pub note: String,
    /// A population chose its setting.
    pub is_chosen: bool,
    /// Something of it was computed on a graphics card, whose last digits are its own.
    pub inexact: bool,
    /// Score on the locked rows, once they were opened and where this trial was chosen.
    pub locked_score: Option<f64>,
    /// Share in the final model.
    pub weight: f64,
    /// Held against the best of the board, once the search has ended.
    pub versus: Option<Versus>,
}

impl Trial {
    pub fn new(proposal: Proposal, folds: u32, seed: u64) -> Self {
        Self {
            proposal,
            seed,
            state: TrialState::Running,
            glimpse: Glimpse::NotNeeded,
            started: 0,
            folds: (0..folds).map(|_| None).collect(),
            kept_bytes: 0,
            note: String::new(),
            is_chosen: false,
            inexact: false,
            locked_score: None,
            weight: 0.0,
            versus: None,
        }
    }

    /// Whether every machine gives the same bytes.
    pub fn is_reproducible(&self) -> bool {
        let spec = learner::find(&self.proposal.learner).map(learner::Learner::spec);
        spec.is_some_and(|s| s.reproducible == Reproducible::Everywhere) && !self.inexact
    }

    /// What its folds were computed on, and why; `None` where there was no choice.
    pub fn used(&self) -> Option<Used> {
        let used: Vec<&Used> = self.folds.iter().flatten().filter_map(|f| f.used.as_ref()).collect();
        let on_card = |used: &&&Used| matches!(used, Used::Gpu { .. });
        let (card, cpu) = (used.iter().find(on_card), used.iter().find(|used| !on_card(used)));
        match (card, cpu) {
            (Some(card), Some(cpu)) => {
                let here = used.iter().filter(|used| !on_card(used)).count();
                let reason =
                    format!("{}; {here} of {} folds on the {}", card.reason(), used.len(), cpu.reason());
                Some(Used::Gpu { reason, exact: !self.inexact })
            }
            (Some(one), None) | (None, Some(one)) => Some((**one).clone()),
            (None, None) => None,
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == TrialState::Running
    }

    pub fn folds_done(&self) -> u32 {
        self.folds.iter().flatten().count() as u32
    }

    fn scores(&self) -> Vec<f64> {
        self.folds.iter().flatten().filter_map(|f| f.result.score).collect()
    }

    /// Mean over the folds done.
    pub fn mean_score(&self) -> Option<f64> {
        let scores = self.scores();
        (!scores.is_empty()).then(|| crate::numeric::mean(&scores))
    }

    pub fn sd(&self) -> Option<f64> {
        standard_deviation(&self.scores())
    }

    /// Mean over all folds; `None` unless every fold was done and scored.
    pub fn full_score(&self) -> Option<f64> {
        let whole = self.state == TrialState::Done && self.scores().len() == self.folds.len();
        if whole { self.mean_score() } else { None }
    }

    pub fn fit_secs(&self) -> f64 {
        self.folds.iter().flatten().map(|f| f.fit_secs).sum()
    }

    /// Microseconds to predict a row with one fold's pipeline.
    pub fn predict_us_per_row(&self) -> f64 {
        let n = self.folds_done().max(1);
        self.folds.iter().flatten().map(|f| f.predict_us_per_row).sum::<f64>() / f64::from(n)
    }

    /// Drops predictions and pipelines, which nothing will need; scores and times stay.
    pub fn forget(&mut self) {
        for fold in self.folds.iter_mut().flatten() {
            fold.result.validation = Vec::new();
            fold.result.locked = Vec::new();
            fold.result.pipeline = Vec::new();
        }
    }
}

/// With divisor n − 1; `None` for fewer than two.
pub(super) fn standard_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = crate::numeric::mean(values);
    let squares: Vec<f64> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
    Some((crate::numeric::sum(&squares) / (values.len() - 1) as f64).sqrt())
}
