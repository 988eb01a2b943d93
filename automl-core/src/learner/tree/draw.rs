//! Drawing some of many.

use crate::numeric::{Rng, rng};

/// What is drawn in the search of one leaf: random bits of each feature, so that it does not matter who looks at which
/// features, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct Draws(u64);

impl Draws {
    /// Those of the leaf that is the `made`-th to be searched of the tree whose seed this is.
    pub fn new(seed: u64, made: u64) -> Self {
        Self(rng::of_place(seed, made))
    }

    /// Bits that no other feature has.
    fn of(self, feature: u32) -> u64 {
        rng::of_place(self.0, feature.into())
    }

    /// Bits to cut a feature by, which say nothing of whether it was drawn.
    pub fn of_cut(self, feature: u32) -> u64 {
        rng::of_place(self.of(feature), 0)
    }

    /// Keeps a share of the places, at least one of any: those whose features have the lowest bits.
    pub fn keep_share(self, places: &mut Vec<usize>, share: f64, features: &[u32]) {
        let kept = share_of(places.len(), share);
        if kept == places.len() {
            return;
        }
        let mut bits: Vec<u64> = places.iter().map(|&place| self.of(features[place])).collect();
        let &mut above = bits.select_nth_unstable(kept).1;
        places.retain(|&place| self.of(features[place]) < above);
    }
}

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
