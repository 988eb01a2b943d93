//! Which rows a round's trees see.
//!
//! `mvs` draws a row with a probability that grows with what it adds to the gradient sums, and lets those drawn stand
//! for the others by their weight, so that a split's gain is estimated with the least variance (Ibragimov and Gusev,
//! "Minimal variance sampling in stochastic gradient boosting", 2019): pᵢ = min(1, uᵢ / μ), uᵢ = √(gᵢ² + λ hᵢ²), and a
//! weight of 1 / pᵢ.

use crate::learner::tree::draw::{choose, share_of};
use crate::learner::tree::lanes::pair_sums;
use crate::numeric::{Rng, rng};

/// Rounds of the search for μ; each lowers it or ends the search, as a rule within ten.
pub(super) const MOST_STEPS: usize = 16;

/// `share` of `rows` rows, each set equally likely, ascending.
pub(super) fn uniform(rows: usize, share: f64, rng: &mut Rng) -> Vec<u32> {
    choose(rows, share_of(rows, share), rng).into_iter().map(|r| r as u32).collect()
}

/// About `share` of the rows, ascending, whose `pairs` (outputs × rows) are then divided by their probability. Each is drawn
/// by random bits of its own. `threads` may help.
pub(super) fn minimal_variance(
    pairs: &mut [Vec<[f32; 2]>],
    share: f64,
    seed: u64,
    threads: usize,
) -> Vec<u32> {
    let norms = norms(pairs, threads);
    let bar = threshold(&norms, share * norms.len() as f64, threads);
    let mut rows = Vec::new();
    for (row, &norm) in norms.iter().enumerate() {
        let probability = if norm >= bar { 1.0 } else { norm / bar };
        if rng::uniform(rng::of_place(seed, row as u64)) >= probability {
            continue;
        }
        rows.push(row as u32);
        for pairs in pairs.iter_mut() {
            let [gradient, hessian] = &mut pairs[row];
            *gradient = (f64::from(*gradient) / probability) as f32;
            *hessian = (f64::from(*hessian) / probability) as f32;
        }
    }
    rows
}

/// √(Σ g² + λ Σ h²) of every row, the sums over its outputs, with λ the square of the mean Newton step.
fn norms(pairs: &[Vec<[f32; 2]>], threads: usize) -> Vec<f64> {
    let rows = pairs.first().map_or(0, Vec::len);
    let mut squares = vec![(0.0f64, 0.0f64); rows];
    for pairs in pairs {
        for (square, &[g, h]) in squares.iter_mut().zip(pairs) {
            let (g, h) = (f64::from(g), f64::from(h));
            *square = (square.0 + g * g, square.1 + h * h);
        }
    }
    let of_row = |row: usize| {
        let add = |[g, h]: [f64; 2], pairs: &Vec<[f32; 2]>| {
            [g + f64::from(pairs[row][0].abs()), h + f64::from(pairs[row][1])]
        };
        pairs.iter().fold([0.0; 2], add)
    };
    let [gradients, hessians] = pair_sums(rows, threads, of_row);
    let step = if hessians > 0.0 { gradients / hessians } else { 0.0 };
    squares.into_iter().map(|(g, h)| (g + step * step * h).sqrt()).collect()
}

/// The μ with which Σ min(1, uᵢ / μ) is `wanted`: from above, μ is what the rows below it sum to, over how many of them
/// are wanted, until no more rows are above it.
fn threshold(norms: &[f64], wanted: f64, threads: usize) -> f64 {
    let mut bar = f64::INFINITY;
    for _ in 0..MOST_STEPS {
        let [below, above] =
            pair_sums(
                norms.len(),
                threads,
                |row| {
                    if norms[row] >= bar { [0.0, 1.0] } else { [norms[row], 0.0] }
                },
            );
        let next = if wanted > above { below / (wanted - above) } else { bar };
        if next <= 0.0 || next >= bar {
            break;
        }
        bar = next;
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_as_wanted_and_sums_that_stay() {
        let mut rng = Rng::new(1);
        let truth: Vec<Vec<[f32; 2]>> = (0..2)
            .map(|_| {
                (0..4000).map(|_| [(rng.normal() * rng.normal()) as f32, rng.uniform() as f32]).collect()
            })
            .collect();
        for share in [0.1, 0.5, 0.9] {
            let norms = norms(&truth, 1);
            let bar = threshold(&norms, share * 4000.0, 1);
            let expected: f64 = norms.iter().map(|n| (n / bar).min(1.0)).sum();
            assert!((expected - share * 4000.0).abs() < 1e-6, "{share}: {expected}");
            let (mut rows, mut sums, repeats) = (0, [0.0f64; 2], 50);
            for _ in 0..repeats {
                let mut pairs = truth.clone();
                let chosen = minimal_variance(&mut pairs, share, rng.next_u64(), 1);
                assert!(chosen.is_sorted());
                rows += chosen.len();
                for &row in &chosen {
                    sums[0] += f64::from(pairs[0][row as usize][0]);
                    sums[1] += f64::from(pairs[1][row as usize][1]);
                }
            }
            let mean = rows as f64 / f64::from(repeats);
            assert!((mean - share * 4000.0).abs() < 30.0, "{share}: {mean}");
            let whole = [0, 1].map(|o| truth[o].iter().map(|pair| f64::from(pair[o])).sum::<f64>());
            for (sum, whole) in sums.iter().zip(whole) {
                assert!((sum / f64::from(repeats) - whole).abs() < 60.0, "{share}: {sum} {whole}");
            }
        }
    }

    #[test]
    fn equal_rows_are_drawn_alike_and_none_without_gradients() {
        let mut pairs = vec![vec![[1.0, 1.0]; 1000]];
        let rows = minimal_variance(&mut pairs, 0.5, 2, 1);
        assert!((400..600).contains(&rows.len()) && pairs[0][rows[0] as usize] == [2.0, 2.0]);
        assert!(minimal_variance(&mut [vec![[0.0, 0.0]; 10]], 0.5, 2, 1).is_empty());
    }
}
