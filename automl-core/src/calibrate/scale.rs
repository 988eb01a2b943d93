//! How far predictions of a size are off: a scale of conformity scores, for intervals that are wide where the model errs much.
//!
//! The score |y − ŷ| / σ(ŷ) in place of |y − ŷ| gives intervals ŷ ± q σ(ŷ) (normalised conformal prediction: Papadopoulos,
//! Proedrou, Vovk and Gammerman, "Inductive confidence machines for regression", ECML 2002; Lei, G'Sell, Rinaldo,
//! Tibshirani and Wasserman, "Distribution-free predictive inference for regression", JASA 113, 2018, section 5.2). Here σ
//! is a function of the prediction alone, a few numbers long.

use super::choose::is_clearly_lower;
use super::conformal::place;
use super::maps::interpolated;
use crate::numeric::mean;
use serde::{Deserialize, Serialize};

/// Points of a scale, and rows that each is the mean of at the least.
const MOST_POINTS: usize = 10;
const ROWS_A_POINT: usize = 40;
/// Every point is drawn to the mean of all rows as by so many rows.
const PRIOR_ROWS: f64 = 20.0;
/// Fewer rows say too little of whether a scale helps; of more a part says enough.
const FEWEST_ROWS: usize = 200;
const MOST_ROWS: usize = 10_000;
const PARTS: usize = 5;
/// 1 − level of the intervals that are compared.
const MISSED: f64 = 0.1;

/// The mean absolute error as a function of the prediction: linear between points, constant beyond them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Predictions, ascending.
    pub(super) at: Vec<f64>,
    /// Above 0, in the target's unit; one for each of `at`.
    pub(super) spread: Vec<f64>,
}

impl Scale {
    /// Means over runs of rows in the order of their predictions, as many rows each. `None` where there are too few rows, all
    /// predictions are alike, or nothing is off.
    pub fn fit(predicted: &[f64], errors: &[f64]) -> Option<Self> {
        let rows = predicted.len();
        let points = (rows / ROWS_A_POINT).min(MOST_POINTS);
        let overall = mean(errors);
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by(|&a, &b| predicted[a].total_cmp(&predicted[b]));
        // (prediction, errors added up, rows) of each run.
        let mut runs: Vec<(f64, f64, f64)> = Vec::with_capacity(points);
        for point in 0..points {
            let run = &order[point * rows / points..(point + 1) * rows / points];
            let of_run = |values: &[f64]| mean(&run.iter().map(|&i| values[i]).collect::<Vec<f64>>());
            let (here, n) = (of_run(predicted), run.len() as f64);
            let all = n * of_run(errors);
            match runs.last_mut() {
                // Predictions alike are one point, however many rows there are.
                Some(last) if here <= last.0 => (last.1, last.2) = (last.1 + all, last.2 + n),
                _ => runs.push((here, all, n)),
            }
        }
        let spread = runs.iter().map(|(_, all, n)| (all + PRIOR_ROWS * overall) / (n + PRIOR_ROWS)).collect();
        let at = runs.into_iter().map(|run| run.0).collect();
        let scale = Self { at, spread };
        scale.is_sound().then_some(scale)
    }

    /// The scale of all rows, where the mean interval score (Gneiting and Raftery, "Strictly proper scoring rules, prediction,
    /// and estimation", JASA 102, 2007, equation 43) of intervals with it is clearly better than of those of one width.
    ///
    /// `predicted`, `errors`: of each row, out of fold; the errors are absolute.
    pub fn choose(predicted: &[f64], errors: &[f64]) -> Option<Self> {
        let step = predicted.len().div_ceil(MOST_ROWS).max(1);
        let some = |values: &[f64]| values.iter().copied().step_by(step).collect::<Vec<f64>>();
        let (predicted, errors) = (some(predicted), some(errors));
        if predicted.len() < FEWEST_ROWS {
            return None;
        }
        let (alike, scaled) = compared(&predicted, &errors)?;
        if is_clearly_lower(&scaled, &alike) { Self::fit(&predicted, &errors) } else { None }
    }

    /// What is to be expected where `prediction` is told; above 0.
    pub fn of(&self, prediction: f64) -> f64 {
        interpolated(&self.at, &self.spread, prediction)
    }

    /// Whether what was read from a file can be used.
    pub fn is_sound(&self) -> bool {
        self.at.len() > 1
            && self.at.len() == self.spread.len()
            && self.at.iter().all(|x| x.is_finite())
            && self.at.windows(2).all(|w| w[0] < w[1])
            && self.spread.iter().all(|s| s.is_finite() && *s > 0.0)
    }
}

/// Interval scores of the rows with one width, and with a scale: each fifth of the rows has its intervals by the others.
pub(super) fn compared(predicted: &[f64], errors: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mut alike, mut scaled) = (errors.to_vec(), errors.to_vec());
    for part in 0..PARTS {
        let others = |values: &[f64]| {
            let rows = values.iter().enumerate().filter(|(i, _)| i % PARTS != part);
            rows.map(|(_, v)| *v).collect::<Vec<f64>>()
        };
        let (other_predicted, other_errors) = (others(predicted), others(errors));
        let scale = Scale::fit(&other_predicted, &other_errors)?;
        let ratios = other_predicted.iter().zip(&other_errors).map(|(p, e)| e / scale.of(*p)).collect();
        let (half, times) = (reach(other_errors), reach(ratios));
        for i in (part..predicted.len()).step_by(PARTS) {
            alike[i] = interval_score(half, errors[i]);
            scaled[i] = interval_score(times * scale.of(predicted[i]), errors[i]);
        }
    }
    Some((alike, scaled))
}

/// The score that decides; the highest where there are too few.
fn reach(mut scores: Vec<f64>) -> f64 {
    scores.sort_unstable_by(f64::total_cmp);
    scores[place(scores.len(), 1.0 - MISSED).min(scores.len()) - 1]
}

/// The interval score of a prediction plus and minus `half` that is off by `error`: the width, and 2 / α for each unit that
/// the truth lies outside. Lower is better.
fn interval_score(half: f64, error: f64) -> f64 {
    2.0 * half + 2.0 / MISSED * (error - half).max(0.0)
}
