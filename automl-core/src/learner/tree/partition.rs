//! Rows of a node, split into those that go left and those that go right, each in the order it had.

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
