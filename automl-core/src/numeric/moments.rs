//! Moments of numbers.

use super::{mean, sum};

/// Third standardised moment; 0 where the values do not vary.
pub fn skewness(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: Vec<f64> = values.iter().map(|x| (x - centre) * (x - centre)).collect();
    let scale = (sum(&squares) / values.len().max(1) as f64).sqrt();
    if !(scale > 0.0 && scale.is_finite()) {
        return 0.0;
    }
    let cubes: Vec<f64> = values
        .iter()
        .map(|x| {
            let z = (x - centre) / scale;
            z * z * z
        })
        .collect();
    mean(&cubes)
}
