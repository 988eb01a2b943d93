//! The same on the processor, a row after the other.

use super::{BINS, LANES};

/// `bins`: rows × groups, four features a word; `sums`: groups × 4 × 256.
pub fn sum(rows: &[u32], bins: &[u32], groups: usize, words: &[i64], sums: &mut [i64]) {
    for &row in rows {
        let word = words[row as usize];
        let records = &bins[row as usize * groups..][..groups];
        for (group, record) in records.iter().enumerate() {
            for (lane, bin) in record.to_le_bytes().into_iter().enumerate() {
                let sum = &mut sums[(group * LANES + lane) * BINS + usize::from(bin)];
                *sum = sum.wrapping_add(word);
            }
        }
    }
}
