//! A numeric target in units of its own spread.

use crate::numeric;

/// `value = offset + scale · centred`: nothing that is fitted to centred values depends on the target's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Center {
    /// The mean.
    pub offset: f64,
    /// The standard deviation, or 0 where all values are equal.
    pub scale: f64,
}

impl Center {
    /// Of finite values, however large or small.
    pub fn of(values: &[f64]) -> Self {
        let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let scaled: Vec<f64> = values.iter().map(|v| v / unit).collect();
        let mean = numeric::mean(&scaled);
        let squares: Vec<f64> = scaled.iter().map(|v| (v - mean) * (v - mean)).collect();
        let deviation = numeric::mean(&squares).sqrt();
        // A deviation that is lost beside the mean is none.
        let scale = if deviation <= 1e-14 * mean.abs() { 0.0 } else { deviation * unit };
        Self { offset: mean * unit, scale }
    }

    /// A value in these units; 0 where there is no spread.
    pub fn apply(&self, value: f64) -> f64 {
        if self.scale > 0.0 { value / self.scale - self.offset / self.scale } else { 0.0 }
    }
}
