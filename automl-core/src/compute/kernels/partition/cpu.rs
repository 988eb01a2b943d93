//! The same on the processor, a row after the other.

/// Rows that go left by the feature `feature` of `bins` (rows × groups, four features a word), then the others.
pub fn part(rows: &[u32], bins: &[u32], groups: usize, feature: usize, side: &[bool; 256]) -> Vec<u32> {
    let goes_left = |row: &u32| {
        let record = bins[*row as usize * groups + feature / 4].to_le_bytes();
        side[usize::from(record[feature % 4])]
    };
    let (mut left, right): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| goes_left(row));
    left.extend(right);
    left
}
