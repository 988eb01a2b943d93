//! Errors of predicted numbers. `None` without rows.

use crate::numeric::{math, mean, sum};

fn mean_of(actual: &[f64], predicted: &[f64], of: impl Fn(f64, f64) -> f64) -> Option<f64> {
    if actual.is_empty() || actual.len() != predicted.len() {
        return None;
    }
    let each: Vec<f64> = actual.iter().zip(predicted).map(|(&a, &p)| of(a, p)).collect();
    Some(mean(&each))
}

/// Mean squared error.
pub fn mse(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |a, p| (a - p) * (a - p))
}

/// Root of the mean squared error.
pub fn rmse(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mse(actual, predicted).map(f64::sqrt)
}

/// Mean absolute error.
pub fn mae(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |a, p| (a - p).abs())
}

/// Median absolute error: the middle one, or the mean of the two in the middle.
pub fn median_absolute_error(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    if actual.is_empty() || actual.len() != predicted.len() {
        return None;
    }
    let mut errors: Vec<f64> = actual.iter().zip(predicted).map(|(a, p)| (a - p).abs()).collect();
    errors.sort_unstable_by(f64::total_cmp);
    let (low, high) = (errors[(errors.len() - 1) / 2], errors[errors.len() / 2]);
    Some(low + (high - low) / 2.0)
}

/// Mean of |error| / |actual|, where |actual| is at least ε, as in scikit-learn.
pub fn mape(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |a, p| (a - p).abs() / a.abs().max(f64::EPSILON))
}

/// Root of the mean of (ln(1 + actual) − ln(1 + predicted))²; `None` where a value is −1 or below.
pub fn rmsle(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    if actual.iter().chain(predicted).any(|&v| v <= -1.0) {
        return None;
    }
    let logs = |v: f64| math::ln_1p(v);
    mean_of(actual, predicted, |a, p| (logs(a) - logs(p)) * (logs(a) - logs(p))).map(f64::sqrt)
}

/// Coefficient of determination, 1 − Σ(a − p)² / Σ(a − ā)². A constant target gives 1 when it is hit exactly and
/// else 0, as in scikit-learn. `None` for fewer than two rows.
pub fn r2(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    if actual.len() < 2 || actual.len() != predicted.len() {
        return None;
    }
    let centre = mean(actual);
    let squares = |each: Vec<f64>| sum(&each.iter().map(|d| d * d).collect::<Vec<_>>());
    let unexplained = squares(actual.iter().zip(predicted).map(|(a, p)| a - p).collect());
    let total = squares(actual.iter().map(|a| a - centre).collect());
    Some(match (unexplained == 0.0, total == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - unexplained / total,
    })
}
