//! Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores from the highest down, without interpolation.
//! O(n log n).

use super::rank;

/// Binary: of the second class. Multiclass: mean over the classes that have rows. `None` where the class, or
/// every class, has no rows.
pub fn pr_auc(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    rank::one_against_rest(codes, probabilities, classes, average_precision)
}

fn average_precision(mut inside: Vec<u64>, mut outside: Vec<u64>) -> Option<f64> {
    if inside.is_empty() {
        return None;
    }
    inside.sort_unstable_by(|a, b| b.cmp(a));
    outside.sort_unstable_by(|a, b| b.cmp(a));
    let (mut found, mut wrong, mut total) = (0, 0, 0.0);
    while let Some(&key) = inside.get(found) {
        let tied = inside[found..].iter().take_while(|&&k| k == key).count();
        found += tied;
        while wrong < outside.len() && outside[wrong] >= key {
            wrong += 1;
        }
        total += tied as f64 * (found as f64 / (found + wrong) as f64);
    }
    Some(total / inside.len() as f64)
}
