//! Growth of a forest's trees: node by node until leaves are pure or small, each node on its own draw of features
//! (Breiman, "Random forests", 2001), or on one random cut a drawn feature (Geurts, Ernst and Wehenkel, "Extremely
//! randomized trees", 2006), uniform between the lowest and the highest value that the node has.

use super::binning::Binned;
use super::impurity::Impurity;
use super::partition::partition;
use super::shape::{Branch, Child, Shape};
use super::split::{Split, Test};
use crate::numeric::Rng;

/// A gain has to be more than rounding errors of this share of the node's score.
const RELATIVE_GAIN: f64 = 1e-9;

/// How the trees of a forest grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Features drawn for a node; those that are constant in it do not count.
    pub features: usize,
    /// Fewest rows in a leaf; 1 or more.
    pub min_rows: i64,
    /// Most splits above a leaf; 0 for no limit.
    pub max_depth: usize,
    pub random_cuts: bool,
}

/// Where the best split of a node is.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    split: Option<Split>,
}

/// Memory that every node uses anew.
struct Scratch {
    order: Vec<u32>,
    occupied: Vec<u8>,
    levels: Vec<(f64, u8)>,
}

struct Open {
    start: usize,
    end: usize,
    depth: usize,
    parent: Option<(u32, bool)>,
}

/// Grows one tree on `rows`, and calls `leaf(impurity, rows)` for its leaves in the order of their numbers.
pub fn grow<I: Impurity>(
    data: &Binned,
    rows: &mut [u32],
    spare: &mut [u32],
    impurity: &mut I,
    growth: &Growth,
    rng: &mut Rng,
    mut leaf: impl FnMut(&I, &[u32]),
) -> Shape {
    let mut shape = Shape::default();
    let order = (0..data.features.len() as u32).collect();
    let mut scratch = Scratch { order, occupied: Vec::new(), levels: Vec::new() };
    let mut open = vec![Open { start: 0, end: rows.len(), depth: 0, parent: None }];
    while let Some(node) = open.pop() {
        let here = &mut rows[node.start..node.end];
        let differ = impurity.begin(here);
        let deep = growth.max_depth > 0 && node.depth >= growth.max_depth;
        let split = if differ && !deep && impurity.rows() >= 2 * growth.min_rows {
            find_split(data, here, impurity, growth, &mut scratch, rng)
        } else {
            None
        };
        let child = match split {
            None => {
                leaf(impurity, here);
                shape.leaves += 1;
                Child::Leaf(shape.leaves - 1)
            }
            Some(split) => {
                let feature = &data.features[split.feature as usize];
                let side = split.side(feature.bin_count);
                let middle = node.start + partition(here, &feature.bins, &side, spare);
                let at = shape.branches.len() as u32;
                // Both children are set when they are taken up.
                shape.branches.push(Branch { split, left: Child::Leaf(0), right: Child::Leaf(0) });
                let (start, end, depth) = (node.start, node.end, node.depth + 1);
                open.push(Open { start: middle, end, depth, parent: Some((at, false)) });
                open.push(Open { start, end: middle, depth, parent: Some((at, true)) });
                Child::Node(at)
            }
        };
        if let Some((above, is_left)) = node.parent {
            let above = &mut shape.branches[above as usize];
            *(if is_left { &mut above.left } else { &mut above.right }) = child;
        }
    }
    shape
}

fn find_split<I: Impurity>(
    data: &Binned,
    rows: &[u32],
    impurity: &mut I,
    growth: &Growth,
    scratch: &mut Scratch,
    rng: &mut Rng,
) -> Option<Split> {
    let bar = impurity.node_score() * (1.0 + RELATIVE_GAIN);
    let mut best = Best { score: bar, split: None };
    let count = scratch.order.len();
    let mut tried = 0;
    for drawn in 0..count {
        if tried >= growth.features && best.split.is_some() {
            break;
        }
        scratch.order.swap(drawn, drawn + rng.below(count - drawn));
        let f = scratch.order[drawn];
        let feature = &data.features[f as usize];
        impurity.fill(rows, &feature.bins, feature.bin_count, &mut scratch.occupied);
        if scratch.occupied.len() > 1 {
            tried += 1;
            let missing = (feature.bin_count - 1) as u8;
            let mut look = Look { impurity, growth, feature: f, missing, best: &mut best };
            if feature.cuts.is_categorical() {
                look.levels(&scratch.occupied, &mut scratch.levels, rng);
            } else {
                look.numbers(&scratch.occupied, &feature.middles, rng);
            }
        }
        impurity.clear(&scratch.occupied);
    }
    best.split
}

/// The search in one feature.
struct Look<'l, I> {
    impurity: &'l mut I,
    growth: &'l Growth,
    feature: u32,
    missing: u8,
    best: &'l mut Best,
}

impl<I: Impurity> Look<'_, I> {
    /// Takes the frontier as it stands where it is better than the best; whether it was.
    #[inline(always)]
    fn consider(&mut self, test: impl FnOnce() -> Test, missing_left: bool) -> bool {
        let (left, min) = (self.impurity.left_rows(), self.growth.min_rows);
        if left < min || self.impurity.rows() - left < min {
            return false;
        }
        let score = self.impurity.score();
        let better = score > self.best.score;
        if better {
            let test = test();
            let split = Split { gain: score, feature: self.feature, test, missing_left, left };
            *self.best = Best { score, split: Some(split) };
        }
        better
    }

    fn numbers(&mut self, occupied: &[u8], middles: &[f32], rng: &mut Rng) {
        let (values, has_missing) = match occupied.split_last() {
            Some((&last, rest)) if last == self.missing => (rest, true),
            _ => (occupied, false),
        };
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return };
        let random = self.growth.random_cuts.then(|| random_bin(middles, low, high, rng));
        for missing_left in [false, true] {
            if missing_left {
                if !has_missing {
                    break;
                }
                self.impurity.rewind();
                self.impurity.move_left(self.missing);
            }
            if let Some(cut) = random {
                for &bin in values.iter().take_while(|&&b| b <= cut) {
                    self.impurity.move_left(bin);
                }
                self.consider(|| Test::UpTo(cut), missing_left);
                continue;
            }
            for &bin in values {
                self.impurity.move_left(bin);
                self.consider(|| Test::UpTo(bin), missing_left);
            }
        }
        if !has_missing
            && let Some(split) = &mut self.best.split
            && split.feature == self.feature
        {
            // Nothing is known of missing rows here: they go where most rows go.
            split.missing_left = 2 * split.left >= self.impurity.rows();
        }
    }

    fn levels(&mut self, occupied: &[u8], levels: &mut Vec<(f64, u8)>, rng: &mut Rng) {
        levels.clear();
        let random = self.growth.random_cuts;
        levels.extend(
            occupied.iter().map(|&b| (if random { rng.uniform() } else { self.impurity.rank(b) }, b)),
        );
        levels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut set = [0u64; 4];
        let last = levels.len() - 1;
        let only = random.then(|| rng.below(last));
        for (place, &(_, bin)) in levels[..last].iter().enumerate() {
            self.impurity.move_left(bin);
            set[usize::from(bin >> 6)] |= 1 << (bin & 63);
            if only.is_some_and(|only| place != only) {
                continue;
            }
            let missing_left = if occupied.last() == Some(&self.missing) {
                set[usize::from(self.missing >> 6)] >> (self.missing & 63) & 1 == 1
            } else {
                2 * self.impurity.left_rows() >= self.impurity.rows()
            };
            self.consider(|| Test::In(set), missing_left);
        }
    }
}

/// A bin from `low` to the one before `high`, each as likely as its share of the way between their middles.
fn random_bin(middles: &[f32], low: u8, high: u8, rng: &mut Rng) -> u8 {
    let middle = |bin: u8| middles.get(usize::from(bin)).map_or(0.0, |&m| f64::from(m));
    let at = middle(low) + rng.uniform() * (middle(high) - middle(low));
    let above = middles.partition_point(|&m| f64::from(m) <= at);
    (above.max(1) - 1).clamp(usize::from(low), usize::from(high.max(low + 1)) - 1) as u8
}
