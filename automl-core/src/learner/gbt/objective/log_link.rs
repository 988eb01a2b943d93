//! Losses of numbers from 0 whose score is the logarithm of their mean: Poisson's for counts, and Tweedie's compound
//! for amounts that are often 0 (Tweedie, "An index which distinguishes between some important exponential families",
//! 1984; Jørgensen, "The theory of dispersion models", 1997). Values are in units of their mean, so that boosting
//! starts at 0 and nothing depends on their unit.

use super::Objective;
use crate::numeric::exp::{BLOCK, quick_exp, quick_exps};

/// How far a score may be from 0: beyond, e to its power is no longer what arithmetic can add up.
const FARTHEST: f64 = 300.0;

/// The powers of the two terms of Tweedie's loss, -y eᵃˢ / a + eᵇˢ / b, with a = 1 − p and b = 2 − p.
pub fn powers_of(power: f64) -> [f64; 2] {
    [1.0 - power, 2.0 - power]
}

pub fn gradients(objective: Objective, values: &[f64], scores: &[f64], pairs: &mut [[f32; 2]]) {
    let mut powers = [[0.0; BLOCK]; 2];
    let rows = pairs.chunks_mut(BLOCK).zip(scores.chunks(BLOCK)).zip(values.chunks(BLOCK));
    for ((pairs, scores), values) in rows {
        if let Objective::Tweedie { power } = objective {
            let [a, b] = powers_of(power);
            for (factor, powers) in [a, b].into_iter().zip(&mut powers) {
                write_powers(factor, scores, powers);
            }
            let both = powers[0].iter().zip(&powers[1]);
            for ((pair, y), (first, second)) in pairs.iter_mut().zip(values).zip(both) {
                let first = y * first;
                *pair = [single(second - first), single(b * second - a * first)];
            }
        } else {
            write_powers(1.0, scores, &mut powers[0]);
            for ((pair, y), &mean) in pairs.iter_mut().zip(values).zip(&powers[0]) {
                *pair = [single(mean - y), single(mean)];
            }
        }
    }
}

/// e to the power of `factor` times each score.
fn write_powers(factor: f64, scores: &[f64], powers: &mut [f64; BLOCK]) {
    for (power, score) in powers.iter_mut().zip(scores) {
        *power = factor * score.clamp(-FARTHEST, FARTHEST);
    }
    quick_exps(powers);
}

/// In single precision, and finite there.
fn single(x: f64) -> f32 {
    // Sums of 2³⁰ of these stay finite, even as squares in double precision.
    x.clamp(-1e28, 1e28) as f32
}

pub fn losses(objective: Objective, values: &[f64], scores: &[f64]) -> Vec<f64> {
    let rows = scores.iter().map(|s| s.clamp(-FARTHEST, FARTHEST)).zip(values);
    if let Objective::Tweedie { power } = objective {
        let [a, b] = powers_of(power);
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
