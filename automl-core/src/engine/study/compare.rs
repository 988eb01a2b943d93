//! Which models cannot be told apart from the best: paired tests on the search's out-of-fold predictions.

use super::Study;
use super::trial::Trial;
use crate::calibrate::Decision;
use crate::engine::answers::Answers;
use crate::engine::prepare::actual;
use crate::metric::paired::{Paired, auc_difference, joined, over_folds, over_groups, over_rows, row_losses};
use crate::metric::{Actual, MetricSpec};
use crate::model::Target;

/// A difference with a p value of this or more may be chance.
const TIED_FROM: f64 = 0.05;
/// Rows that two models are compared on.
const MOST_ROWS: usize = 20_000;
/// Groups of rows that are left out in turn, and of how many rows.
const GROUPS: u32 = 40;
const MOST_ROWS_IN_GROUPS: usize = 5_000;

/// The mark on the board, in words.
pub(super) const TIE_TEST: &str = "cannot be told apart from the first: the difference on the same rows may be chance (paired two-sided test, p ≥ 0.05, not corrected for the number of models)";

/// A trial or the blend held against the best of the board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Versus {
    pub p: f64,
    pub tied: bool,
}

impl From<Paired> for Versus {
    fn from(paired: Paired) -> Self {
        Self { p: paired.p, tied: paired.p >= TIED_FROM }
    }
}

/// One model's predictions of rows it did not learn from, fold by fold, and its scores.
struct Contender {
    /// Empty where they were dropped.
    folds: Vec<Vec<f64>>,
    /// Losses of the folds.
    losses: Vec<f64>,
}

impl Study {
    /// Holds every finished trial, and the blend, against the first of the board. To be called once the blend is known.
    pub(super) fn compare(&mut self, members: &[(usize, f64)]) {
        let metric = self.prepared.metric();
        let targets = self.validation_targets();
        let finished: Vec<usize> = self.ranked();
        let Some(&first) = finished.first() else { return };
        let blend = self.blend.as_ref().and_then(|row| row.score);
        let blend_leads = match (blend, self.trials[first].full_score()) {
            // As on the board: of equals the blend is first.
            (Some(blend), Some(trial)) => metric.loss(blend) <= metric.loss(trial),
            _ => false,
        };
        let blended = blend.map(|_| self.blended(members, &targets));
        let best = match &blended {
            Some(blended) if blend_leads => blended,
            _ => &self.contender(first),
        };
        let share = self.validating_share();
        let against = |other: &Contender| versus(metric, &targets, other, best, share).map(Versus::from);
        let found: Vec<(usize, Option<Versus>)> = finished
            .iter()
            .filter(|&&index| blend_leads || index != first)
            .map(|&index| (index, against(&self.contender(index))))
            .collect();
        let of_blend = blended.as_ref().filter(|_| !blend_leads).and_then(against);
        for (index, versus) in found {
            self.trials[index].versus = versus;
        }
        if let (Some(row), Some(versus)) = (&mut self.blend, of_blend) {
            row.p_vs_best = Some(versus.p);
            row.tied_with_best = Some(versus.tied);
        }
    }

    fn validation_targets(&self) -> Vec<Answers> {
        let split = &self.prepared.split;
        (0..split.folds()).map(|f| self.prepared.answers(&split.validation(f))).collect()
    }

    /// Validating rows by training rows of a fold.
    fn validating_share(&self) -> f64 {
        let split = &self.prepared.split;
        split.validation(0).len() as f64 / split.training(0).len().max(1) as f64
    }

    fn contender(&self, index: usize) -> Contender {
        let metric = self.prepared.metric();
        let folds = || self.trials[index].folds.iter().flatten();
        let losses = folds().filter_map(|f| f.result.score).map(|s| metric.loss(s)).collect();
        Contender { folds: folds().map(|f| f.result.validation.clone()).collect(), losses }
    }

    /// The blend as its models say, before any map of probabilities.
    fn blended(&self, members: &[(usize, f64)], targets: &[Answers]) -> Contender {
        let metric = self.prepared.metric();
        let folds: Vec<Vec<f64>> =
            self.out_of_fold(members, &Decision::default()).into_iter().map(|u| u.predicted).collect();
        let scores = targets.iter().zip(&folds).filter_map(|(t, p)| metric.score(t.seen(), p));
        Contender { losses: scores.map(|s| metric.loss(s)).collect(), folds }
    }
}

impl Trial {
    pub(super) fn is_tied_with_best(&self) -> Option<bool> {
        self.versus.map(|v| v.tied)
    }
}

/// Every `step`-th row.
fn thinned(target: &Target, predicted: &[f64], step: usize) -> (Target, Vec<f64>) {
    let rows: Vec<u32> = (0..target.len() as u32).step_by(step).collect();
    let kept = predicted.chunks(target.outputs()).step_by(step).flatten().copied().collect();
    (target.take(&rows), kept)
}

/// The difference of losses, the mean over folds, without the rows of each group in turn and with all; `None` where the
/// metric is undefined without a group.
fn without_groups(
    metric: &MetricSpec,
    targets: &[Answers],
    other: &Contender,
    best: &Contender,
    step: usize,
) -> Option<(f64, Vec<f64>)> {
    let difference = |group: Option<u32>| {
        let mut each = Vec::with_capacity(targets.len());
        for (fold, Answers { target, weights }) in targets.iter().enumerate() {
            let step = step as u32;
            let rows: Vec<u32> = (0..target.len() as u32)
                .step_by(step as usize)
                .filter(|row| Some(row / step % GROUPS) != group)
                .collect();
            let kept = Answers {
                target: target.take(&rows),
                weights: weights.as_ref().map(|w| rows.iter().map(|&i| w[i as usize]).collect()),
            };
            let outputs = target.outputs();
            let loss = |c: &Contender| {
                let of_row =
                    |&row: &u32| &c.folds[fold][row as usize * outputs..(row as usize + 1) * outputs];
                let predicted: Vec<f64> = rows.iter().flat_map(of_row).copied().collect();
                metric.score(kept.seen(), &predicted).map(|s| metric.loss(s))
            };
            each.push(loss(other)? - loss(best)?);
        }
        Some(crate::numeric::mean(&each))
    };
    let without = (0..GROUPS).map(|g| difference(Some(g))).collect::<Option<Vec<f64>>>()?;
    Some((difference(None)?, without))
}

/// The test that suits the metric: over rows where it is a mean over them, DeLong's for the area under the ROC curve of two
/// classes, else over groups of rows; over folds where predictions were dropped, and for the median, which groups of rows
/// say too little of. `None` where none can be done.
fn versus(
    metric: &MetricSpec,
    targets: &[Answers],
    other: &Contender,
    best: &Contender,
    share: f64,
) -> Option<Paired> {
    let rows: usize = targets.iter().map(|a| a.target.len()).sum();
    let step = rows.div_ceil(MOST_ROWS).max(1);
    let whole = |c: &Contender| {
        c.folds.len() == targets.len()
            && c.folds.iter().zip(targets).all(|(p, a)| p.len() == a.target.len() * a.target.outputs())
    };
    if !whole(other) || !whole(best) || metric.id == "median_absolute_error" {
        return over_folds(&other.losses, &best.losses, share);
    }
    let by_rows = || {
        let mut areas = Vec::new();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (fold, Answers { target, weights }) in targets.iter().enumerate() {
            // Of rows that do not count alike the losses have no common spread: groups of them are compared.
            if weights.is_some() {
                return None;
            }
            let (kept, mine) = thinned(target, &other.folds[fold], step);
            let (_, theirs) = thinned(target, &best.folds[fold], step);
            match actual(&kept) {
                Actual::Classes { codes, classes: 2 } if metric.id == "roc_auc" => {
                    let second = |p: &[f64]| p.iter().skip(1).step_by(2).copied().collect::<Vec<f64>>();
                    areas.push(auc_difference(codes, &second(&mine), &second(&theirs))?);
                }
                seen => {
                    a.extend(row_losses(metric, seen, &mine)?);
                    b.extend(row_losses(metric, seen, &theirs)?);
                }
            }
        }
        if areas.is_empty() { over_rows(&a, &b) } else { joined(&areas) }
    };
    let by_groups = || {
        let (whole, without) =
            without_groups(metric, targets, other, best, rows.div_ceil(MOST_ROWS_IN_GROUPS).max(1))?;
        over_groups(whole, &without)
    };
    by_rows().or_else(by_groups).or_else(|| over_folds(&other.losses, &best.losses, share))
}
