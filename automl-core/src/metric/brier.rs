//! Brier score (Brier, 1950): mean squared distance of probabilities from what happened.

use crate::numeric::mean;

/// Two classes: mean of (p − y)² of the second class, in 0..=1. More: summed over the classes, in 0..=2.
/// `None` without rows.
pub fn brier(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    if codes.is_empty() || classes == 0 {
        return None;
    }
    let first = if classes == 2 { 1 } else { 0 };
    let distances: Vec<f64> = codes
        .iter()
        .zip(probabilities.chunks_exact(classes))
        .map(|(&code, row)| {
            (first..classes)
                .map(|class| {
                    let seen = if code as usize == class { 1.0 } else { 0.0 };
                    (row[class] - seen) * (row[class] - seen)
                })
                .sum()
        })
        .collect();
    Some(mean(&distances))
}
