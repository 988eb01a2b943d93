//! Transcendental functions with the same bits on every target.
//!
//! The platform's own `exp`, `ln`, `tanh`… differ in the last bits between glibc and wasm, so the methods of
//! `f64` and `f32` are banned by clippy in favour of these.

pub use libm::{
    atan, cbrt, cos, erf, erfc, exp, expf, expm1, lgamma, log as ln, log1p as ln_1p, log2, log10,
    logf as lnf, pow, sin, tanh, tanhf,
};

/// Logistic function 1 / (1 + e⁻ˣ), without overflow.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

/// Turns a row of raw scores into probabilities in place, without overflow.
pub fn softmax(scores: &mut [f64]) {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for s in scores.iter_mut() {
        *s = exp(*s - max);
        total += *s;
    }
    for s in scores.iter_mut() {
        *s /= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_is_symmetric_and_saturates() {
        for x in [0.0, 0.5, 3.0, 40.0, 800.0] {
            assert!((sigmoid(x) + sigmoid(-x) - 1.0).abs() < 1e-15);
        }
        assert_eq!(sigmoid(-800.0), 0.0);
    }

    #[test]
    fn softmax_survives_large_scores() {
        let mut s = [1000.0, 1000.0, -1000.0];
        softmax(&mut s);
        assert_eq!(s, [0.5, 0.5, 0.0]);
    }
}
