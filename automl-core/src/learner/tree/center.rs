//! A numeric target in units of its own spread.

use crate::numeric::{self, quantile};

/// The median deviation of a normal variable times this is its standard deviation.
const NORMAL_MEDIAN: f64 = 1.482_602_218_505_602;
/// The mean deviation of a normal variable times this is its standard deviation: √(π/2).
const NORMAL_MEAN: f64 = 1.253_314_137_315_500_3;
/// A spread that is so small a share of the middle is lost in rounding.
const LOST: f64 = 1e-14;

/// `value = offset + scale · centred`: nothing that is fitted to centred values depends on the target's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Center {
    /// The mean; or the median.
    pub offset: f64,
    /// The standard deviation, or 0 where all values are equal; or a robust spread.
    pub scale: f64,
}

impl Center {
    /// Of finite values, however large or small: mean and standard deviation.
    pub fn of(values: &[f64]) -> Self {
        Self::weighted(values, None)
    }

    /// The same, each value counting as much as its weight.
    pub fn weighted(values: &[f64], weights: Option<&[f64]>) -> Self {
        let unit = unit_of(values);
        let scaled: Vec<f64> = values.iter().map(|v| v / unit).collect();
        let mean = numeric::weighted_mean(&scaled, weights);
        let squares: Vec<f64> = scaled.iter().map(|v| (v - mean) * (v - mean)).collect();
        let deviation = numeric::weighted_mean(&squares, weights).sqrt();
        // A deviation that is lost beside the mean is none.
        let scale = if deviation <= LOST * mean.abs() { 0.0 } else { deviation * unit };
        Self { offset: mean * unit, scale }
    }

    /// Of finite values: the median, and the median distance from it in units that make it a normal variable's
    /// standard deviation (Hampel, "The influence curve and its role in robust estimation", 1974). Where half of the
    /// values are the median, the mean distance.
    pub fn robust(values: &[f64], weights: Option<&[f64]>) -> Self {
        let unit = unit_of(values);
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mut scaled: Vec<(f64, f64)> =
            values.iter().enumerate().map(|(i, v)| (v / unit, weight(i))).collect();
        let median = quantile(&mut scaled, 0.5, weights.is_some());
        scaled.iter_mut().for_each(|v| v.0 = (v.0 - median).abs());
        let lost = |spread: f64| spread <= LOST * median.abs();
        let mut spread = NORMAL_MEDIAN * quantile(&mut scaled, 0.5, weights.is_some());
        if lost(spread) {
            // In the order of the rows: that of a selection is no one's business.
            let away: Vec<f64> = values.iter().map(|v| (v / unit - median).abs()).collect();
            spread = NORMAL_MEAN * numeric::weighted_mean(&away, weights);
        }
        Self { offset: median * unit, scale: if lost(spread) { 0.0 } else { spread * unit } }
    }

    /// Of values from 0: nothing is taken off, and the mean is 1.
    pub fn ratio(values: &[f64], weights: Option<&[f64]>) -> Self {
        let unit = unit_of(values);
        let scaled: Vec<f64> = values.iter().map(|v| v / unit).collect();
        Self { offset: 0.0, scale: numeric::weighted_mean(&scaled, weights) * unit }
    }

    /// A value in these units; 0 where there is no spread.
    pub fn apply(&self, value: f64) -> f64 {
        if self.scale > 0.0 { value / self.scale - self.offset / self.scale } else { 0.0 }
    }
}

/// The largest size, so that neither sums nor squares of the values divided by it overflow or vanish.
fn unit_of(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if largest > 0.0 { largest } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robust_spread_does_not_see_what_is_far_away() {
        let mut values: Vec<f64> = (0..1001).map(|i| f64::from(i) - 500.0).collect();
        let plain = Center::robust(&values, None);
        assert_eq!(plain.offset, 0.0);
        assert!((plain.scale - 250.0 * NORMAL_MEDIAN).abs() < 1e-9);
        values[1000] = 1e300;
        assert!((Center::robust(&values, None).scale - plain.scale).abs() < 1.0);
        // Weights are repeats; most values alike still have a spread; all alike have none.
        let doubled = Center::robust(&[1.0, 2.0, 4.0], Some(&[1.0, 2.0, 1.0]));
        assert_eq!(doubled, Center::robust(&[1.0, 2.0, 2.0, 4.0], None));
        assert!(Center::robust(&[0.0, 0.0, 0.0, 7.0], None).scale > 0.0);
        assert_eq!(Center::robust(&[3.0; 5], None), Center { offset: 3.0, scale: 0.0 });
    }
}
