//! The same on the processor, with its own last digits.

use super::{least, slack};

/// Squared distance, added up in the order of the features.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y))
}

/// Rows of `cells`, rows × features, that can be among the `k` nearest of `asked`, ascending.
pub fn candidates(cells: &[f32], asked: &[f32], k: usize) -> Vec<u32> {
    let features = asked.len().max(1);
    let bits: Vec<u32> = cells.chunks_exact(features).map(|row| distance(asked, row).to_bits()).collect();
    let mut sorted = bits.clone();
    sorted.sort_unstable();
    let bound =
        sorted.get(k.max(1) - 1).map_or(u32::MAX, |&bits| bits.max(least(features)) + slack(features));
    (0..).zip(&bits).filter(|(_, bits)| **bits <= bound).map(|(row, _)| row).collect()
}
