//! Losses: where boosting starts, the gradients and hessians of each round, and the loss that stopping early watches.
//!
//! Shapes: scores are outputs × rows, output by output; a pair is (gradient, hessian) of one row and output. One
//! file a family: [`classes`], [`residual`] for distances, [`log_link`] for numbers from 0.

mod classes;
mod log_link;
mod residual;

#[cfg(feature = "gpu")]
pub(super) use log_link::powers_of;

use crate::learner::tree::center::Center;
use crate::learner::weight;
use crate::model::Target;
use crate::numeric;
use crate::numeric::exp::BLOCK;
use crate::platform::each;
use std::ops::Range;

/// Classes are not centred.
const NO_CENTER: Center = Center { offset: 0.0, scale: 1.0 };
/// Largest change of a score by one tree where the score is a logarithm: where all of a leaf is already certain,
/// hessians vanish.
const MAX_STEP: f64 = 20.0;
/// Values are within this, in the units of their center: only a robust spread lets any be outside.
const FARTHEST: f64 = 1e30;

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Objective {
    /// Half the squared error; the hessian is 1.
    Squared,
    /// The absolute error.
    Absolute,
    /// Half the squared error up to `delta`, and beyond it the absolute (Huber, "Robust estimation of a location
    /// parameter", 1964). In units of the target's robust spread, [`Center::robust`].
    Huber { delta: f64 },
    /// The check function, least where a share `level` of the values is below (Koenker and Bassett, 1978).
    Quantile { level: f64 },
    /// Poisson's deviance; the score is the logarithm of the mean.
    Poisson,
    /// Tweedie's deviance of a `power` between 1 and 2; the score is the logarithm of the mean.
    Tweedie { power: f64 },
    /// Log loss of two classes; one score, the log odds of the second class.
    Logistic,
    /// Log loss of `k` classes; one score a class.
    Softmax(usize),
}

/// How scores become predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Offset + scale · score.
    Identity,
    /// Scale · e to the score.
    Log,
    Logistic,
    Softmax(usize),
}

/// The target as boosting sees it.
pub(super) struct Goal {
    pub objective: Objective,
    codes: Vec<u32>,
    /// Values in the units of `center`.
    values: Vec<f64>,
    pub center: Center,
    /// How much each row counts; all alike where there is none.
    weights: Option<Vec<f64>>,
    /// The part of `weights` that a row's class has.
    class_weights: Option<Vec<f64>>,
}

impl Objective {
    /// The objective of a target, `wanted` where it is numbers.
    fn of(target: &Target, wanted: Self) -> Self {
        match target {
            Target::Values(_) => wanted,
            Target::Classes { classes: 0..=2, .. } => Self::Logistic,
            Target::Classes { classes, .. } => Self::Softmax(*classes),
        }
    }

    pub fn link(self) -> Link {
        match self {
            Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } => Link::Identity,
            Self::Poisson | Self::Tweedie { .. } => Link::Log,
            Self::Logistic => Link::Logistic,
            Self::Softmax(k) => Link::Softmax(k),
        }
    }

    /// Whether a leaf's value is the best constant of its residuals, and not a step along the gradients.
    pub fn refits(self) -> bool {
        matches!(self, Self::Absolute | Self::Huber { .. } | Self::Quantile { .. })
    }

    /// The units that values are brought to.
    fn center(self, values: &[f64], weights: Option<&[f64]>) -> Center {
        match self {
            Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } => Center::robust(values, weights),
            Self::Poisson | Self::Tweedie { .. } => Center::ratio(values, weights),
            _ => Center::weighted(values, weights),
        }
    }
}

impl Link {
    /// The largest change of a score by one tree.
    pub fn most(self) -> f64 {
        if self == Self::Identity { f64::from(f32::MAX) } else { MAX_STEP }
    }

    /// Scores a row.
    pub fn scores(self) -> usize {
        if let Self::Softmax(k) = self { k } else { 1 }
    }
}

impl Goal {
    /// The target of training rows, brought to units of its own where it is a number, so that nothing after this
    /// depends on its unit. `wanted` is the objective of numbers; `weights` are finite and not negative; those of the classes come on top.
    ///
    /// # Errors
    /// Which row has a value that the objective cannot have, and what to do.
    pub fn new(
        target: &Target,
        wanted: Objective,
        weights: Option<Vec<f64>>,
        class_weights: Option<Vec<f64>>,
    ) -> Result<Self, String> {
        let objective = Objective::of(target, wanted);
        let weights = weight::product(weights, class_weights.as_deref(), target);
        match target {
            Target::Classes { codes, .. } => {
                Ok(Self { weights, class_weights, ..Self::of_codes(objective, codes) })
            }
            Target::Values(values) => {
                if objective.link() == Link::Log
                    && let Some(row) = values.iter().position(|&y| y < 0.0)
                {
                    return Err(format!(
                        "the target of training row {} is {}, and the losses poisson and tweedie are for numbers \
                         from 0: choose another loss, or leave out rows below 0",
                        row + 1,
                        values[row]
                    ));
                }
                let center = objective.center(values, weights.as_deref());
                Ok(Self { weights, ..Self::of_values(objective, values, center) })
            }
        }
    }

    fn of_values(objective: Objective, values: &[f64], center: Center) -> Self {
        let values = values.iter().map(|&v| center.apply(v).clamp(-FARTHEST, FARTHEST)).collect();
        Self { objective, codes: Vec::new(), values, center, weights: None, class_weights: None }
    }

    fn of_codes(objective: Objective, codes: &[u32]) -> Self {
        let codes = codes.to_vec();
        Self { codes, ..Self::of_values(objective, &[], NO_CENTER) }
    }

    /// Other rows' target, with `weights` of their own, in the units and with the class weights of this one; `None`
    /// where it is of another kind.
    pub fn like(&self, target: &Target, weights: Option<Vec<f64>>) -> Option<Self> {
        match (self.objective.link(), target) {
            (Link::Identity | Link::Log, Target::Values(v)) => {
                Some(Self { weights, ..Self::of_values(self.objective, v, self.center) })
            }
            (Link::Identity | Link::Log, _) | (_, Target::Values(_)) => None,
            (_, Target::Classes { codes, .. }) => Some(Self {
                weights: weight::product(weights, self.class_weights.as_deref(), target),
                ..Self::of_codes(self.objective, codes)
            }),
        }
    }

    pub fn rows(&self) -> usize {
        self.codes.len().max(self.values.len())
    }

    /// Whether rows differ in their hessians; else each has 1.
    pub fn has_hessian(&self) -> bool {
        self.objective.link() != Link::Identity || self.weights.is_some()
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[row])
    }

    /// The scores of the best constant answer. A class without a row counts as half a row.
    pub fn start(&self) -> Vec<f64> {
        let share = |class: u32| {
            let of_class = self.codes.iter().enumerate().filter(|&(_, &c)| c == class);
            let (count, total) = match &self.weights {
                None => (of_class.count() as f64, self.codes.len() as f64),
                Some(w) => (of_class.map(|(row, _)| w[row]).sum(), numeric::sum(w)),
            };
            let least = 0.5 * total / (self.codes.len() as f64).max(1.0);
            count.max(least) / total.max(f64::MIN_POSITIVE)
        };
        match self.objective.link() {
            Link::Logistic => classes::start(None, share),
            Link::Softmax(k) => classes::start(Some(k), share),
            Link::Log => vec![0.0],
            Link::Identity => {
                let weighted = self.weights.is_some();
                vec![residual::start(self.objective, &mut self.weighed(&self.values), weighted)]
            }
        }
    }

    /// Values with the weights of their rows.
    fn weighed(&self, values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(row, &v)| (v, self.weight(row))).collect()
    }

    /// Writes the pairs of all rows for every output. `threads` may help.
    pub fn gradients(&self, scores: &[Vec<f64>], pairs: &mut [Vec<[f32; 2]>], threads: usize) {
        let size = part_of(self.rows(), threads);
        let mut left: Vec<_> = pairs.iter_mut().map(|pairs| pairs.chunks_mut(size)).collect();
        let mut parts: Vec<Vec<&mut [[f32; 2]]>> = Vec::new();
        for _ in 0..self.rows().div_ceil(size) {
            parts.push(left.iter_mut().filter_map(Iterator::next).collect());
        }
        each(threads, &mut parts, |part, pairs| {
            let rows = part * size..self.rows().min((part + 1) * size);
            self.gradients_of(rows, scores, pairs);
        });
    }

    fn gradients_of(&self, rows: Range<usize>, scores: &[Vec<f64>], pairs: &mut [&mut [[f32; 2]]]) {
        let scores: Vec<&[f64]> = scores.iter().map(|scores| &scores[rows.clone()]).collect();
        let (values, codes) = (some(&self.values, &rows), some(&self.codes, &rows));
        match self.objective.link() {
            Link::Identity => residual::gradients(self.objective, values, scores[0], pairs[0]),
            Link::Log => log_link::gradients(self.objective, values, scores[0], pairs[0]),
            Link::Logistic => classes::logistic_gradients(codes, scores[0], pairs[0]),
            Link::Softmax(_) => classes::softmax_gradients(codes, &scores, pairs),
        }
        if let Some(weights) = &self.weights {
            for pairs in pairs {
                for ([gradient, hessian], &weight) in pairs.iter_mut().zip(&weights[rows.clone()]) {
                    *gradient = (f64::from(*gradient) * weight) as f32;
                    *hessian = (f64::from(*hessian) * weight) as f32;
                }
            }
        }
    }

    /// The best constant step of a leaf with these rows, where [`Objective::refits`].
    pub fn refit(&self, rows: &[u32], scores: &[f64]) -> f64 {
        let residual = |&row: &u32| {
            let row = row as usize;
            (self.values[row] - scores[row], self.weight(row))
        };
        let mut residuals: Vec<(f64, f64)> = rows.iter().map(residual).collect();
        residual::refit(self.objective, &mut residuals, self.weights.is_some())
    }

    /// Mean loss of the scores. `threads` may help.
    pub fn loss(&self, scores: &[Vec<f64>], threads: usize) -> f64 {
        let size = part_of(self.rows(), threads);
        let mut losses = vec![0.0; self.rows()];
        let mut parts: Vec<&mut [f64]> = losses.chunks_mut(size).collect();
        each(threads, &mut parts, |part, losses| {
            let rows = part * size..self.rows().min((part + 1) * size);
            losses.copy_from_slice(&self.losses_of(rows, scores));
        });
        numeric::weighted_mean(&losses, self.weights.as_deref())
    }

    fn losses_of(&self, rows: Range<usize>, scores: &[Vec<f64>]) -> Vec<f64> {
        let scores: Vec<&[f64]> = scores.iter().map(|scores| &scores[rows.clone()]).collect();
        let (values, codes) = (some(&self.values, &rows), some(&self.codes, &rows));
        match self.objective.link() {
            Link::Identity => residual::losses(self.objective, values, scores[0]),
            Link::Log => log_link::losses(self.objective, values, scores[0]),
            Link::Logistic => classes::logistic_losses(codes, scores[0]),
            Link::Softmax(_) => classes::softmax_losses(codes, &scores),
        }
    }
}

/// What a card is sent.
#[cfg(feature = "gpu")]
impl Goal {
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// In the units of `center`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}

/// Rows of a part that a thread takes; whole blocks.
fn part_of(rows: usize, threads: usize) -> usize {
    let least = if cfg!(test) { BLOCK } else { 1 << 14 };
    rows.div_ceil(threads.max(1)).next_multiple_of(BLOCK).max(least)
}

/// Some of what is one a row, or nothing of nothing.
fn some<'a, T>(all: &'a [T], rows: &Range<usize>) -> &'a [T] {
    all.get(rows.clone()).unwrap_or(&[])
}
