//! Rows of a node, split into those that go left and those that go right, each in the order it had.

use crate::platform::each;

/// Fewest rows that are worth a thread; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 8 } else { 1 << 15 };

/// Which bins go left.
pub type Side = [bool; 256];

/// Reorders `rows` so that those whose bin goes left come first, and says how many they are. `spare` is as long as
/// `rows` or longer; what it holds does not matter.
pub fn partition(rows: &mut [u32], bins: &[u8], side: &Side, spare: &mut [u32]) -> usize {
    let spare = &mut spare[..rows.len()];
    let (mut left, mut right) = (0usize, 0usize);
    for i in 0..rows.len() {
        let row = rows[i];
        let goes_left = usize::from(side[bins[row as usize] as usize]);
        // Both are written and one of them is kept: no branch for the data to mispredict. `left` is at most `i`.
        rows[left] = row;
        spare[right] = row;
        left += goes_left;
        right += 1 - goes_left;
    }
    rows[left..].copy_from_slice(&spare[..right]);
    left
}

/// The same as [`partition`] with the help of up to `threads` threads.
pub fn partition_in_parts(
    rows: &mut [u32],
    bins: &[u8],
    side: &Side,
    spare: &mut [u32],
    threads: usize,
) -> usize {
    let threads = threads.min(rows.len() / WORTH_THREADS);
    if threads < 2 {
        return partition(rows, bins, side, spare);
    }
    let size = rows.len().div_ceil(threads);
    let mut parts: Vec<_> =
        rows.chunks_mut(size).zip(spare.chunks_mut(size)).map(|(rows, spare)| (rows, spare, 0)).collect();
    each(threads, &mut parts, |_, (rows, spare, left)| *left = partition(rows, bins, side, spare));
    let left_rows: Vec<usize> = parts.iter().map(|part| part.2).collect();
    // Each part's left rows go before the right ones of the parts before it.
    let mut left = 0;
    for (part, more) in left_rows.into_iter().enumerate() {
        let start = part * size;
        rows[left..start + more].rotate_left(start - left);
        left += more;
    }
    left
}
