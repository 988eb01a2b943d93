//! What turns a model's numbers into promises: intervals and sets that hold the truth as often as they say.
//!
//! Everything here is fitted on out-of-fold predictions, which no row's own model had a part in, and never on the
//! locked rows.

mod choose;
mod conformal;
mod decision;
mod fits;
mod maps;
mod scale;
#[cfg(test)]
mod tests;
mod threshold;

pub use choose::choose;
pub use conformal::{Conformal, LevelError, Rank};
pub use decision::Decision;
pub use maps::Calibration;
pub use scale::Scale;
pub use threshold::{EVEN, best_threshold};

/// Each row of `values` (rows × outputs) made to sum to 1.
pub fn normalise(values: &mut [f64], outputs: usize) {
    for row in values.chunks_mut(outputs) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|p| *p /= sum);
        } else {
            row.fill(1.0 / outputs as f64);
        }
    }
}
