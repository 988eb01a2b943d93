//! Whether two models differ by more than chance, on the same rows.
//!
//! Differences are of losses: above 0 where the first model is worse.

mod delong;
mod losses;
#[cfg(test)]
mod tests;

pub use delong::auc_difference;
pub use losses::row_losses;

use crate::numeric::{mean, student, sum};

/// How far apart two models are, and how likely so much is by chance alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    pub difference: f64,
    /// Standard error of the difference.
    pub error: f64,
    /// Two-sided p value.
    pub p: f64,
}

impl Paired {
    /// `df`: degrees of freedom; infinitely many are the normal distribution's.
    fn new(difference: f64, error: f64, df: f64) -> Self {
        let p = if error > 0.0 {
            student::two_sided_p((difference / error).abs(), df)
        } else if difference == 0.0 {
            1.0
        } else {
            0.0
        };
        Self { difference, error, p }
    }
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: Vec<f64> = values.iter().map(|v| (v - centre) * (v - centre)).collect();
    sum(&squares) / (values.len() as f64 - 1.0).max(1.0)
}

/// Student's paired t-test over the rows' losses. It says whether these two models differ on rows of this kind; how much
/// they would differ had they been trained on other rows it does not see. `None` for fewer than two rows.
pub fn over_rows(a: &[f64], b: &[f64]) -> Option<Paired> {
    if a.len() < 2 || a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    Some(Paired::new(mean(&differences), (variance(&differences) / n).sqrt(), n - 1.0))
}

/// The corrected resampled t-test over the losses of folds (Nadeau and Bengio, "Inference for the generalization error",
/// Machine Learning 52, 2003): as folds share most of their training rows, their variance alone would be too small.
/// `share`: validating rows by training rows of a fold. `None` for fewer than two folds.
pub fn over_folds(a: &[f64], b: &[f64], share: f64) -> Option<Paired> {
    if a.len() < 2 || a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    let error = ((1.0 / n + share.max(0.0)) * variance(&differences)).sqrt();
    Some(Paired::new(mean(&differences), error, n - 1.0))
}

/// The delete-a-group jackknife (Kott, 2001), for losses that are no mean over rows. `whole`: the difference on all rows;
/// `without`: the same without each of the groups that rows were dealt to by turns. `None` for fewer than two groups.
pub fn over_groups(whole: f64, without: &[f64]) -> Option<Paired> {
    let n = without.len() as f64;
    if without.len() < 2 {
        return None;
    }
    let error = ((n - 1.0) * (n - 1.0) / n * variance(without)).sqrt();
    Some(Paired::new(whole, error, n - 1.0))
}

/// Differences of several folds, each with rows of its own, as one: their mean. `None` without any.
pub fn joined(folds: &[Paired]) -> Option<Paired> {
    if folds.is_empty() {
        return None;
    }
    let n = folds.len() as f64;
    let differences: Vec<f64> = folds.iter().map(|f| f.difference).collect();
    let variances: Vec<f64> = folds.iter().map(|f| f.error * f.error).collect();
    Some(Paired::new(mean(&differences), sum(&variances).sqrt() / n, f64::INFINITY))
}
