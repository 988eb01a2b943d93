//! Finished trees in one array, for prediction.
//!
//! A node is 16 bytes: feature and flags, threshold, two children. A child with its top bit set is a leaf: the place
//! of its values. A number `x ≤ threshold` goes left; a category goes left where its code's bit is set; what is
//! missing, or was never seen, goes where the node says. [`super::quick`] predicts with them.

use super::binning::{Binned, Cuts};
use super::quick::Quick;
use super::shape::{Child, Shape};
use super::split::Test;

pub(super) const LEAF: u32 = 1 << 31;
pub(super) const CATEGORICAL: u32 = 1 << 31;
pub(super) const MISSING_LEFT: u32 = 1 << 30;
/// The rest of [`Node::feature`]: the place of the feature in [`Flat::used`].
pub(super) const SLOT: u32 = MISSING_LEFT - 1;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub feature: u32,
    /// The threshold's bits, or where in [`Flat::sets`] the set begins.
    pub test: u32,
    /// Left and right.
    pub children: [u32; 2],
}

/// An ensemble of trees with `width` values a leaf.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flat {
    pub(super) nodes: Vec<Node>,
    /// One child a tree.
    pub(super) roots: Vec<u32>,
    /// Sets of codes: how many words, then the words.
    pub(super) sets: Vec<u32>,
    /// Leaves × width.
    pub(super) values: Vec<f32>,
    pub(super) width: usize,
    /// Columns that some node tests, and whether they are categories.
    pub(super) used: Vec<(u32, bool)>,
    /// Made of the rest by [`Flat::ready`].
    pub(super) quick: Quick,
}

impl Flat {
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Values a leaf.
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn leaves(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    pub fn branches(&self) -> usize {
        self.nodes.len()
    }

    /// Whether all leaves hold shares of something.
    pub fn has_shares(&self) -> bool {
        self.values.iter().all(|v| (0.0..=1.0).contains(v))
    }

    /// Keeps the first `trees` trees. Their nodes and leaves come first, so the others' are cut off.
    fn truncate(&mut self, trees: usize) {
        if trees >= self.roots.len() {
            return;
        }
        // A tree's root is its lowest node; trees that are one leaf have none.
        let nodes = self.roots[trees..].iter().find(|&&r| r & LEAF == 0);
        if let Some(&first) = nodes {
            self.nodes.truncate(first as usize);
        }
        self.roots.truncate(trees);
    }

    /// The place in `used` of a column, entered where it is new. `None` where it was used as the other kind.
    pub(super) fn slot(&mut self, places: &mut [u32], column: u32, categorical: bool) -> Option<u32> {
        let place = places.get_mut(column as usize)?;
        if *place == u32::MAX {
            *place = self.used.len() as u32;
            self.used.push((column, categorical));
        }
        (self.used[*place as usize].1 == categorical).then_some(*place)
    }

    /// The words of the set at `start`.
    pub(super) fn set(&self, start: u32) -> &[u32] {
        let start = start as usize;
        match self.sets.get(start) {
            Some(&n) => self.sets.get(start + 1..start + 1 + n as usize).unwrap_or(&[]),
            None => &[],
        }
    }

    /// The same trees, ready to predict.
    pub(super) fn ready(mut self) -> Self {
        self.quick = Quick::new(&self);
        self
    }
}

/// Makes a [`Flat`] of grown trees.
pub struct Builder {
    flat: Flat,
    places: Vec<u32>,
}

impl Builder {
    pub fn new(columns: usize, width: usize) -> Self {
        Self { flat: Flat::new(width), places: vec![u32::MAX; columns] }
    }

    /// Adds a tree. `leaf(i)` is where the values of its leaf `i` are among the leaves added so far.
    pub fn push(&mut self, shape: &Shape, data: &Binned, leaf: impl Fn(u32) -> u32) {
        let base = self.flat.nodes.len() as u32;
        let child = |c: Child| match c {
            Child::Node(n) => base + n,
            Child::Leaf(l) => LEAF | leaf(l),
        };
        for branch in &shape.branches {
            let feature = &data.features[branch.split.feature as usize];
            let categorical = feature.cuts.is_categorical();
            let missing_left = branch.split.missing_left;
            let test = match &feature.cuts {
                Cuts::Numeric(cuts) => threshold(cuts, &branch.split.test).to_bits(),
                Cuts::Levels(bin_of_code) => {
                    let side = branch.split.side(feature.bin_count);
                    let start = self.flat.sets.len() as u32;
                    self.flat.sets.push(bin_of_code.len().div_ceil(32) as u32);
                    self.flat.sets.extend(bin_of_code.chunks(32).map(|codes| {
                        let goes = |bin: &u16| {
                            usize::from(*bin) < feature.bin_count && side[usize::from(*bin) & 255]
                                || usize::from(*bin) >= feature.bin_count && missing_left
                        };
                        let mut word = if missing_left { u32::MAX } else { 0 };
                        for (bit, bin) in codes.iter().enumerate() {
                            word = word & !(1 << bit) | u32::from(goes(bin)) << bit;
                        }
                        word
                    }));
                    start
                }
            };
            // A feature has one kind, so it always has a place.
            let slot = self.flat.slot(&mut self.places, feature.column, categorical).unwrap_or(0);
            let flags =
                if categorical { CATEGORICAL } else { 0 } | if missing_left { MISSING_LEFT } else { 0 };
            self.flat.nodes.push(Node {
                feature: slot | flags,
                test,
                children: [child(branch.left), child(branch.right)],
            });
        }
        self.flat.roots.push(match shape.root() {
            Child::Node(n) => base + n,
            Child::Leaf(l) => LEAF | leaf(l),
        });
    }

    /// Adds a leaf's values and says where they are.
    pub fn push_leaf(&mut self, values: &[f32]) -> u32 {
        let place = self.flat.leaves() as u32;
        self.flat.values.extend_from_slice(values);
        place
    }

    /// The ensemble of the first `trees` trees, without what the others alone needed.
    pub fn finish(mut self, trees: usize) -> Flat {
        self.flat.truncate(trees);
        super::encode::compact(&self.flat).ready()
    }
}

/// The highest number that goes left: everything but what is missing where the last bin of values does.
fn threshold(cuts: &[f32], test: &Test) -> f32 {
    match test {
        Test::UpTo(bin) => cuts.get(usize::from(*bin)).copied().unwrap_or(f32::MAX),
        Test::In(_) => f32::MAX,
    }
}
