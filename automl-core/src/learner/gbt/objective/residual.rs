//! Losses of the distance between a number and its score: squared, absolute, Huber's and the check function of a
//! quantile. Their hessian is taken as 1.
//!
//! What has no useful curvature is fitted in two steps (Friedman, "Greedy function approximation", 2001, algorithms 3
//! and 4): a tree of the gradients finds the leaves, and each leaf's value is then the best constant of its residuals.

use super::Objective;
use crate::numeric::quantile;

/// Halvings of the range that the best constant of Huber's loss is in.
const HALVINGS: usize = 100;

pub fn gradients(objective: Objective, values: &[f64], scores: &[f64], pairs: &mut [[f32; 2]]) {
    let rows = pairs.iter_mut().zip(scores).zip(values).map(|((pair, score), value)| (pair, score - value));
    match objective {
        Objective::Absolute => rows.for_each(|(pair, over)| *pair = [sign(over) as f32, 1.0]),
        Objective::Huber { delta } => {
            rows.for_each(|(pair, over)| *pair = [over.clamp(-delta, delta) as f32, 1.0]);
        }
        Objective::Quantile { level } => {
            let (above, below) = ((1.0 - level) as f32, -level as f32);
            rows.for_each(|(pair, over)| *pair = [if over >= 0.0 { above } else { below }, 1.0]);
        }
        _ => rows.for_each(|(pair, over)| *pair = [over as f32, 1.0]),
    }
}

pub fn losses(objective: Objective, values: &[f64], scores: &[f64]) -> Vec<f64> {
    let over = scores.iter().zip(values).map(|(score, value)| score - value);
    match objective {
        Objective::Absolute => over.map(f64::abs).collect(),
        Objective::Huber { delta } => over.map(|r| huber(r, delta)).collect(),
        Objective::Quantile { level } => {
            over.map(|r| if r >= 0.0 { (1.0 - level) * r } else { -level * r }).collect()
        }
        _ => over.map(|r| r * r).collect(),
    }
}

fn huber(r: f64, delta: f64) -> f64 {
    if r.abs() <= delta { 0.5 * r * r } else { delta * (r.abs() - 0.5 * delta) }
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// The best constant of values with their weights; the mean of centred values is 0. Reorders `values`.
pub fn start(objective: Objective, values: &mut [(f64, f64)], weighted: bool) -> f64 {
    match objective {
        Objective::Absolute => quantile(values, 0.5, weighted),
        Objective::Quantile { level } => quantile(values, level, weighted),
        Objective::Huber { delta } => huber_center(values, delta),
        _ => 0.0,
    }
}

/// Where Σ wᵢ · clip(xᵢ − c, ±delta), which falls as c grows, crosses 0.
fn huber_center(values: &[(f64, f64)], delta: f64) -> f64 {
    let (mut low, mut high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x.0), h.max(x.0)));
    if low >= high {
        return if low.is_finite() { low } else { 0.0 };
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * low + 0.5 * high;
        let pull: f64 = values.iter().map(|(x, w)| w * (x - middle).clamp(-delta, delta)).sum();
        if pull > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * low + 0.5 * high
}

/// The step of a leaf with these residuals and weights: their median or quantile; for Huber's loss, the median and then
/// the mean of what is left, clipped (Friedman, 2001, eq. 12). Reorders `residuals`.
pub fn refit(objective: Objective, residuals: &mut [(f64, f64)], weighted: bool) -> f64 {
    match objective {
        Objective::Quantile { level } => quantile(residuals, level, weighted),
        Objective::Huber { delta } => {
            let clipped = |median: f64| {
                let (mut sum, mut total) = (0.0, 0.0);
                for (r, w) in residuals.iter() {
                    sum += w * (r - median).clamp(-delta, delta);
                    total += w;
                }
                if total > 0.0 { sum / total } else { 0.0 }
            };
            // Sums are in the order of the rows, so they come first; the selection leaves another.
            let median = quantile(&mut residuals.to_vec(), 0.5, weighted);
            median + clipped(median)
        }
        _ => quantile(residuals, 0.5, weighted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Rng;
    use Objective::{Absolute, Huber, Quantile, Squared};

    const ALL: [Objective; 4] = [Squared, Absolute, Huber { delta: 0.7 }, Quantile { level: 0.2 }];

    #[test]
    fn gradients_are_slopes_of_the_losses() {
        let step = 1e-6;
        for objective in ALL {
            for over in [-2.0, -0.3, 0.2, 0.9] {
                let at = |s: f64| losses(objective, &[0.0], &[s])[0];
                // The squared error is told in full, and halved where it is minimised.
                let half = if objective == Squared { 0.5 } else { 1.0 };
                let slope = half * (at(over + step) - at(over - step)) / (2.0 * step);
                let mut pair = [[0.0; 2]];
                gradients(objective, &[0.0], &[over], &mut pair);
                assert!(
                    (slope - f64::from(pair[0][0])).abs() < 1e-5,
                    "{objective:?} {over}: {slope} {pair:?}"
                );
            }
        }
    }

    #[test]
    fn the_start_is_the_best_constant() {
        let mut rng = Rng::new(3);
        for objective in ALL.into_iter().skip(1) {
            for weighted in [false, true] {
                let values: Vec<(f64, f64)> = (0..41)
                    .map(|_| (rng.normal() * rng.normal(), if weighted { rng.uniform() } else { 1.0 }))
                    .collect();
                let (x, w): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
                let total = |c: f64| -> f64 {
                    losses(objective, &x, &[c; 41]).iter().zip(&w).map(|(l, w)| l * w).sum()
                };
                let best = start(objective, &mut values.clone(), weighted);
                for other in x.iter().copied().chain([best - 1e-3, best + 1e-3]) {
                    assert!(total(best) <= total(other) + 1e-12, "{objective:?} {weighted} {best} {other}");
                }
            }
        }
    }

    #[test]
    fn a_wide_huber_step_is_the_mean() {
        let mut residuals: Vec<(f64, f64)> = [1.0, 7.0, -3.0, 2.0].map(|r| (r, 1.0)).to_vec();
        assert!((refit(Huber { delta: 1e9 }, &mut residuals, false) - 1.75).abs() < 1e-12);
        assert_eq!(refit(Absolute, &mut residuals, false), 1.5);
        // The median is 1.5, and what is left is clipped to -0.5, 0.5, -0.5 and 0.5.
        assert_eq!(refit(Huber { delta: 0.5 }, &mut residuals, false), 1.5);
    }
}
