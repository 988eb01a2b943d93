//! Drawing some of many.

use crate::numeric::Rng;

/// How many of `count` a share is, at least one.
pub fn share_of(count: usize, share: f64) -> usize {
    ((count as f64 * share).round() as usize).clamp(1, count.max(1)).min(count)
}

/// `k` of the numbers below `n`, ascending, each set equally likely (Fan, Muller and Rezucha, 1962).
pub fn choose(n: usize, k: usize, rng: &mut Rng) -> Vec<usize> {
    let mut left = k.min(n);
    let mut chosen = Vec::with_capacity(left);
    for i in 0..n {
        if left > 0 && rng.below(n - i) < left {
            chosen.push(i);
            left -= 1;
        }
    }
    chosen
}
