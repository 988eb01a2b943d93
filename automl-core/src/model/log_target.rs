//! Learning the logarithm of a target: for prices and other amounts, whose errors grow with them.

use crate::numeric::{self, math};
use serde::{Deserialize, Serialize};

/// Share of the training range of logarithms by which predictions may lie beyond it: a linear model that goes on and
/// on would otherwise be raised to any height.
const MARGIN: f64 = 0.25;
/// The mean of `exp` of a logarithm's errors lies between these, or something else is wrong.
const LEAST_FACTOR: f64 = 0.7;
const MOST_FACTOR: f64 = 1.5;

/// How predicted logarithms become amounts: ŷ = factor · exp(z), z kept within the range seen.
///
/// The factor puts right that the exponential of a mean is less than the mean of exponentials, as in Duan, "Smearing
/// estimate: a nonparametric retransformation method" (1983); it is the least-squares one on rows not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogTarget {
    low: f64,
    high: f64,
    factor: f64,
}

impl LogTarget {
    /// The logarithms of a target of numbers above 0, and the way back; `None` where one is not above 0.
    pub fn of(target: &[f64]) -> Option<(Self, Vec<f64>)> {
        if target.is_empty() || target.iter().any(|&y| !(y > 0.0 && y.is_finite())) {
            return None;
        }
        let logs: Vec<f64> = target.iter().map(|&y| math::ln(y)).collect();
        let low = logs.iter().copied().fold(f64::INFINITY, f64::min);
        let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let margin = MARGIN * (high - low);
        Some((Self { low: low - margin, high: high + margin, factor: 1.0 }, logs))
    }

    /// Logarithms of other rows' target; what is not above 0 counts as the least seen.
    pub fn logs(&self, target: &[f64]) -> Vec<f64> {
        target.iter().map(|&y| if y > 0.0 { math::ln(y).max(self.low) } else { self.low }).collect()
    }

    /// With the factor that predicts `actual` best from the predicted logarithms, Σ y ŷ / Σ ŷ².
    #[must_use]
    pub fn scaled(self, predicted: &[f64], actual: &[f64]) -> Self {
        let plain = Self { factor: 1.0, ..self };
        let raised: Vec<f64> = predicted.iter().map(|&z| plain.amount(z)).collect();
        let products: Vec<f64> = raised.iter().zip(actual).map(|(p, y)| p * y).collect();
        let squares: Vec<f64> = raised.iter().map(|p| p * p).collect();
        let factor = numeric::sum(&products) / numeric::sum(&squares);
        let factor = if factor.is_finite() { factor.clamp(LEAST_FACTOR, MOST_FACTOR) } else { 1.0 };
        Self { factor, ..self }
    }

    /// The amount of a predicted logarithm.
    pub fn amount(&self, z: f64) -> f64 {
        self.factor * math::exp(z.clamp(self.low, self.high))
    }

    /// Whether every amount is a finite number: not so of bytes that were tampered with.
    pub fn is_sound(&self) -> bool {
        self.low <= self.high && self.amount(self.high).is_finite() && self.amount(self.low).is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Rng;

    #[test]
    fn there_and_back_and_no_further_than_the_margin() {
        let (scale, logs) = LogTarget::of(&[1.0, 10.0, 100.0]).expect("above 0");
        for (z, y) in logs.iter().zip([1.0, 10.0, 100.0]) {
            assert!((scale.amount(*z) - y).abs() < 1e-9 * y);
        }
        let beyond = scale.amount(1e6);
        assert!((beyond - 100.0 * math::exp(0.25 * math::ln(100.0))).abs() < 1e-6, "{beyond}");
        assert!(LogTarget::of(&[1.0, 0.0]).is_none() && LogTarget::of(&[]).is_none());
    }

    #[test]
    fn the_factor_makes_up_for_the_spread() {
        let mut rng = Rng::new(1);
        let spread = 0.5;
        let actual: Vec<f64> = (0..20_000).map(|_| math::exp(1.0 + spread * rng.normal())).collect();
        let (scale, _) = LogTarget::of(&actual).expect("above 0");
        let scaled = scale.scaled(&vec![1.0; actual.len()], &actual);
        // The mean of a log-normal variable is exp(μ + σ² / 2).
        let mean = math::exp(1.0 + spread * spread / 2.0);
        assert!((scaled.amount(1.0) - mean).abs() < 0.02 * mean);
    }
}
