//! Log loss of classes. Two have one score, the log odds of the second; k have one each, the logarithms of shares.

use super::exp::quick_exp;
use crate::numeric::math;

/// The scores of the classes' shares, `share(class)`.
pub fn start(classes: Option<usize>, share: impl Fn(u32) -> f64) -> Vec<f64> {
    match classes {
        None => vec![math::ln(share(1) / share(0))],
        Some(k) => (0..k).map(|c| math::ln(share(c as u32))).collect(),
    }
}

pub fn logistic_gradients(codes: &[u32], scores: &[f64], pairs: &mut [[f32; 2]]) {
    for ((pair, score), &code) in pairs.iter_mut().zip(scores).zip(codes) {
        let p = 1.0 / (1.0 + quick_exp(-score));
        let y = f64::from(u8::from(code == 1));
        *pair = [(p - y) as f32, (p * (1.0 - p)) as f32];
    }
}

pub fn softmax_gradients(codes: &[u32], scores: &[Vec<f64>], pairs: &mut [Vec<[f32; 2]>]) {
    let k = scores.len();
    // The diagonal of the hessian alone overstates curvature by this factor's inverse at equal shares.
    let factor = k as f64 / (k as f64 - 1.0);
    let mut p = vec![0.0; k];
    for (row, &code) in codes.iter().enumerate() {
        let mut highest = f64::NEG_INFINITY;
        for (p, score) in p.iter_mut().zip(scores) {
            *p = score[row];
            highest = highest.max(*p);
        }
        let mut total = 0.0;
        for p in &mut p {
            *p = quick_exp(*p - highest);
            total += *p;
        }
        for (class, (p, pairs)) in p.iter().zip(pairs.iter_mut()).enumerate() {
            let p = p / total;
            let y = f64::from(u8::from(code as usize == class));
            pairs[row] = [(p - y) as f32, (factor * p * (1.0 - p)) as f32];
        }
    }
}

pub fn logistic_losses(codes: &[u32], scores: &[f64]) -> Vec<f64> {
    let loss = |(s, &code): (&f64, &u32)| {
        let margin = if code == 1 { *s } else { -s };
        math::ln_1p(quick_exp(-margin.abs())) + (-margin).max(0.0)
    };
    scores.iter().zip(codes).map(loss).collect()
}

pub fn softmax_losses(codes: &[u32], scores: &[Vec<f64>]) -> Vec<f64> {
    let loss = |(row, &code): (usize, &u32)| {
        let highest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(s[row]));
        let total = scores.iter().fold(0.0, |t, s| t + quick_exp(s[row] - highest));
        let own = scores.get(code as usize).map_or(0.0, |s| s[row]);
        math::ln(total) + highest - own
    };
    codes.iter().enumerate().map(loss).collect()
}
