//! Log loss of classes. Two have one score, the log odds of the second; k have one each, the logarithms of shares.

use crate::numeric::exp::{BLOCK, quick_exp, quick_exps};
use crate::numeric::math;

/// The scores of the classes' shares, `share(class)`.
pub fn start(classes: Option<usize>, share: impl Fn(u32) -> f64) -> Vec<f64> {
    match classes {
        None => vec![math::ln(share(1) / share(0))],
        Some(k) => (0..k).map(|c| math::ln(share(c as u32))).collect(),
    }
}

pub fn logistic_gradients(codes: &[u32], scores: &[f64], pairs: &mut [[f32; 2]]) {
    let mut shares = [0.0; BLOCK];
    let rows = pairs.chunks_mut(BLOCK).zip(scores.chunks(BLOCK)).zip(codes.chunks(BLOCK));
    for ((pairs, scores), codes) in rows {
        shares.iter_mut().zip(scores).for_each(|(share, score)| *share = -score);
        quick_exps(&mut shares);
        shares.iter_mut().for_each(|share| *share = 1.0 / (1.0 + *share));
        write_pairs(&shares, codes, 1, 1.0, pairs);
    }
}

pub fn softmax_gradients(codes: &[u32], scores: &[&[f64]], pairs: &mut [&mut [[f32; 2]]]) {
    let k = scores.len();
    // The diagonal of the hessian alone overstates curvature by this factor's inverse at equal shares.
    let factor = k as f64 / (k as f64 - 1.0);
    let mut shares = vec![[0.0; BLOCK]; k];
    for (block, codes) in codes.chunks(BLOCK).enumerate() {
        let rows = block * BLOCK..block * BLOCK + codes.len();
        let (_, totals) = exponentials(scores, rows.start, &mut shares);
        for (class, (shares, pairs)) in shares.iter_mut().zip(pairs.iter_mut()).enumerate() {
            shares.iter_mut().zip(&totals).for_each(|(share, total)| *share /= total);
            write_pairs(shares, codes, class as u32, factor, &mut pairs[rows.clone()]);
        }
    }
}

/// Of the rows from `start` on: each score's exponential beside the highest of its row, written class by class; the
/// highest scores, and the sums of the exponentials.
fn exponentials(
    scores: &[&[f64]],
    start: usize,
    powers: &mut [[f64; BLOCK]],
) -> ([f64; BLOCK], [f64; BLOCK]) {
    let (mut highest, mut totals) = ([f64::NEG_INFINITY; BLOCK], [0.0; BLOCK]);
    for scores in scores {
        highest.iter_mut().zip(&scores[start..]).for_each(|(highest, score)| *highest = highest.max(*score));
    }
    for (powers, scores) in powers.iter_mut().zip(scores) {
        let rows = powers.iter_mut().zip(&scores[start..]).zip(&highest);
        rows.for_each(|((power, score), highest)| *power = score - highest);
        quick_exps(powers);
        totals.iter_mut().zip(&*powers).for_each(|(total, power)| *total += power);
    }
    (highest, totals)
}

/// The pairs of a class with these shares; hessians are p (1 − p) times `factor`.
fn write_pairs(shares: &[f64; BLOCK], codes: &[u32], class: u32, factor: f64, pairs: &mut [[f32; 2]]) {
    // Apart first: loops that write every other number are hard to widen.
    let (mut gradients, mut hessians) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
    let both = gradients.iter_mut().zip(&mut hessians);
    for ((gradient, hessian), (&p, &code)) in both.zip(shares.iter().zip(codes)) {
        let y = if code == class { 1.0 } else { 0.0 };
        (*gradient, *hessian) = ((p - y) as f32, (factor * p * (1.0 - p)) as f32);
    }
    for ((pair, &gradient), &hessian) in pairs.iter_mut().zip(&gradients).zip(&hessians) {
        *pair = [gradient, hessian];
    }
}

pub fn logistic_losses(codes: &[u32], scores: &[f64]) -> Vec<f64> {
    let loss = |(s, &code): (&f64, &u32)| {
        let margin = if code == 1 { *s } else { -s };
        math::ln_1p(quick_exp(-margin.abs())) + (-margin).max(0.0)
    };
    scores.iter().zip(codes).map(loss).collect()
}

pub fn softmax_losses(codes: &[u32], scores: &[&[f64]]) -> Vec<f64> {
    let mut powers = vec![[0.0; BLOCK]; scores.len()];
    let mut losses = Vec::with_capacity(codes.len());
    for (block, codes) in codes.chunks(BLOCK).enumerate() {
        let start = block * BLOCK;
        let (highest, totals) = exponentials(scores, start, &mut powers);
        let rows = codes.iter().zip(highest.iter().zip(&totals)).enumerate();
        losses.extend(rows.map(|(i, (&code, (highest, &total)))| {
            let own = scores.get(code as usize).map_or(0.0, |s| s[start + i]);
            math::ln(total) + highest - own
        }));
    }
    losses
}
