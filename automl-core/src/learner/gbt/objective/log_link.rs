//! Losses of numbers from 0 whose score is the logarithm of their mean: Poisson's for counts, and Tweedie's compound
//! for amounts that are often 0 (Tweedie, "An index which distinguishes between some important exponential families",
//! 1984; Jørgensen, "The theory of dispersion models", 1997). Values are in units of their mean, so that boosting
//! starts at 0 and nothing depends on their unit.

use super::Objective;
use super::exp::quick_exp;

/// How far a score may be from 0: beyond, e to its power is no longer what arithmetic can add up.
const FARTHEST: f64 = 300.0;

/// The powers of the two terms of Tweedie's loss, -y eᵃˢ / a + eᵇˢ / b, with a = 1 − p and b = 2 − p.
fn powers(power: f64) -> (f64, f64) {
    (1.0 - power, 2.0 - power)
}

pub fn gradients(objective: Objective, values: &[f64], scores: &[f64], pairs: &mut [[f32; 2]]) {
    let rows = pairs.iter_mut().zip(scores).zip(values);
    if let Objective::Tweedie { power } = objective {
        let (a, b) = powers(power);
        for ((pair, score), y) in rows {
            let score = score.clamp(-FARTHEST, FARTHEST);
            let (first, second) = (y * quick_exp(a * score), quick_exp(b * score));
            *pair = [single(second - first), single(b * second - a * first)];
        }
    } else {
        for ((pair, score), y) in rows {
            let mean = quick_exp(score.clamp(-FARTHEST, FARTHEST));
            *pair = [single(mean - y), single(mean)];
        }
    }
}

/// In single precision, and finite there.
fn single(x: f64) -> f32 {
    // Sums of 2³⁰ of these stay finite, even as squares in double precision.
    x.clamp(-1e28, 1e28) as f32
}

pub fn losses(objective: Objective, values: &[f64], scores: &[f64]) -> Vec<f64> {
    let rows = scores.iter().map(|s| s.clamp(-FARTHEST, FARTHEST)).zip(values);
    if let Objective::Tweedie { power } = objective {
        let (a, b) = powers(power);
        rows.map(|(s, y)| quick_exp(b * s) / b - y * quick_exp(a * s) / a).collect()
    } else {
        rows.map(|(s, y)| quick_exp(s) - y * s).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_slopes_of_the_losses_and_hessians_of_the_gradients() {
        let step = 1e-5;
        for objective in [Objective::Poisson, Objective::Tweedie { power: 1.3 }] {
            for (y, s) in [(0.0, -1.0), (0.4, 0.3), (3.0, 2.0), (7.0, -0.5)] {
                let loss = |s: f64| losses(objective, &[y], &[s])[0];
                let pair = |s: f64| {
                    let mut pair = [[0.0; 2]];
                    gradients(objective, &[y], &[s], &mut pair);
                    pair[0].map(f64::from)
                };
                let [gradient, hessian] = pair(s);
                let slope = (loss(s + step) - loss(s - step)) / (2.0 * step);
                assert!((slope - gradient).abs() < 1e-5 * (1.0 + gradient.abs()), "{objective:?} {y} {s}");
                let bend = (loss(s + step) - 2.0 * loss(s) + loss(s - step)) / (step * step);
                assert!((bend - hessian).abs() < 1e-3 * (1.0 + hessian), "{objective:?} {y} {s}");
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        for objective in [Objective::Poisson, Objective::Tweedie { power: 1.99 }] {
            for score in [-1e9, -700.0, 700.0, 1e9] {
                let mut pair = [[0.0; 2]];
                gradients(objective, &[1e6], &[score], &mut pair);
                assert!(
                    pair[0].iter().all(|x| x.is_finite())
                        && losses(objective, &[1e6], &[score])[0].is_finite()
                );
            }
        }
    }
}
