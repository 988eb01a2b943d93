//! Area under the ROC curve, as the Mann-Whitney statistic (Hanley and McNeil, 1982):
//! (pairs ordered rightly + half of the tied pairs) / all pairs. Counts are integers, so ties are exact.
//! O(n log n).

use super::rank;

/// Binary: of the second class. Multiclass: mean over the classes of one against the rest; classes without rows
/// are left out. `None` where all rows are of one class.
pub fn roc_auc(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    rank::one_against_rest(codes, probabilities, classes, area)
}

fn area(mut inside: Vec<u64>, mut outside: Vec<u64>) -> Option<f64> {
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    inside.sort_unstable();
    outside.sort_unstable();
    // Twice the statistic: 2 for a pair in the right order, 1 for a tie.
    let mut doubled = 0u64;
    let (mut below, mut not_above) = (0, 0);
    for &key in &inside {
        while below < outside.len() && outside[below] < key {
            below += 1;
        }
        not_above = not_above.max(below);
        while not_above < outside.len() && outside[not_above] <= key {
            not_above += 1;
        }
        doubled += (below + not_above) as u64;
    }
    Some(doubled as f64 / (2.0 * inside.len() as f64 * outside.len() as f64))
}
