//! Prediction, many rows at a time.
//!
//! A tree of up to 32 leaves is not walked: every test of it is made for sixteen rows at once, and a test that sends
//! a row right takes the leaves of its left side out of the row's set of leaves, a word of 32 bits. The lowest leaf
//! that is left is the row's (Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive
//! ensembles of regression trees", 2015; Lucchese et al., "Exploiting CPU SIMD extensions to speed-up document
//! scoring with tree ensembles", 2016). There is no branch to mispredict and no row waits for another. Larger trees
//! are walked, sixteen rows in step. A few rows, such as one request brings, are walked alone.
//!
//! Shapes: a block is views × 64 rows; a view is a used column whose missing numbers are infinite, of the sign
//! that takes them to their side. Sums are outputs × 64 rows. Each row adds its trees' values in the trees' order.

use super::flat::{CATEGORICAL, Flat, LEAF, MISSING_LEFT, Node, SLOT};
use crate::compute::Card;
use crate::node::{FeatureValues, Frame, NO_CATEGORY};

/// Rows whose tests are made at once.
const IN_STEP: usize = 16;
const BLOCK: usize = 64;
const MOST_LEAVES: u32 = 32;
/// So few rows are walked one by one: laying out a block takes longer.
const FEW: usize = 4;

type View = [[u32; IN_STEP]; BLOCK / IN_STEP];
type Sums = [[f64; IN_STEP]; BLOCK / IN_STEP];

/// What the missing numbers of a view are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Not a number; codes stay what they are.
    Kept,
    /// Minus infinity, which goes left.
    Low,
    /// Infinity, which goes right.
    High,
}

/// A test and the leaves that are left where it sends a row right.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    view: u32,
    /// The threshold's bits.
    threshold: u32,
    kept: u32,
}

/// The same for a set of codes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SetCut {
    view: u32,
    set: u32,
    missing_left: bool,
    kept: u32,
}

/// Where a small tree's tests end, and its leaves' first value; those before it begin where the last tree's end.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Small {
    cuts_end: u32,
    set_cuts_end: u32,
    first_value: u32,
}

/// What prediction needs beside the trees.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Quick {
    /// Places in [`Flat::used`].
    views: Vec<(u32, Missing)>,
    /// One a tree; `None` where the tree is walked.
    trees: Vec<Option<Small>>,
    cuts: Vec<Cut>,
    set_cuts: Vec<SetCut>,
}

impl Quick {
    pub fn new(flat: &Flat) -> Self {
        let mut quick = Self::default();
        let mut places = vec![[u32::MAX; 3]; flat.used.len()];
        let small = |root: u32| flat.width == 1 && leaves_up_to(flat, root, MOST_LEAVES);
        if !flat.roots.iter().all(|&root| small(root)) {
            // Where trees are walked, a column's view has the column's own place.
            for slot in 0..flat.used.len() as u32 {
                quick.view(&mut places, slot, Missing::Kept);
            }
        }
        for &root in &flat.roots {
            let tree = small(root).then(|| {
                quick.collect(flat, &mut places, root, 0);
                Small {
                    cuts_end: quick.cuts.len() as u32,
                    set_cuts_end: quick.set_cuts.len() as u32,
                    first_value: first_leaf(flat, root),
                }
            });
            quick.trees.push(tree);
        }
        quick
    }

    fn view(&mut self, places: &mut [[u32; 3]], slot: u32, missing: Missing) -> u32 {
        let place = &mut places[slot as usize][missing as usize];
        if *place == u32::MAX {
            *place = self.views.len() as u32;
            self.views.push((slot, missing));
        }
        *place
    }

    /// Takes in what is below `child`, whose first leaf has the number `first`; returns the number after its last.
    /// Goes as deep as the tree, which has 32 leaves at most.
    fn collect(&mut self, flat: &Flat, places: &mut [[u32; 3]], child: u32, first: u32) -> u32 {
        if child & LEAF != 0 {
            return first + 1;
        }
        let node = flat.nodes[child as usize];
        let middle = self.collect(flat, places, node.children[0], first);
        let kept = !((1u64 << middle) - (1u64 << first)) as u32;
        let (slot, missing_left) = (node.feature & SLOT, node.feature & MISSING_LEFT != 0);
        if node.feature & CATEGORICAL == 0 {
            let view = self.view(places, slot, if missing_left { Missing::Low } else { Missing::High });
            self.cuts.push(Cut { view, threshold: node.test, kept });
        } else {
            let view = self.view(places, slot, Missing::Kept);
            self.set_cuts.push(SetCut { view, set: node.test, missing_left, kept });
        }
        self.collect(flat, places, node.children[1], middle)
    }
}

fn leaves_up_to(flat: &Flat, root: u32, most: u32) -> bool {
    let (mut open, mut leaves) = (vec![root], 0);
    while let Some(child) = open.pop() {
        if child & LEAF != 0 {
            leaves += 1;
        } else {
            open.extend(flat.nodes[child as usize].children);
        }
        // Each that is open has a leaf at least.
        if leaves + open.len() as u32 > most {
            return false;
        }
    }
    true
}

/// The leftmost leaf. The leaves of a tree with one value a leaf follow each other.
fn first_leaf(flat: &Flat, root: u32) -> u32 {
    let mut at = root;
    while at & LEAF == 0 {
        at = flat.nodes[at as usize].children[0];
    }
    at & !LEAF
}

impl Flat {
    /// Adds every tree's values to `scores`, rows × outputs, row-major. With one value a leaf, tree `t` adds to
    /// output `t mod outputs`; with more, value `j` to output `j`.
    pub fn add_to(&self, frame: &Frame, outputs: usize, scores: &mut [f64]) {
        if scores.len() <= FEW * outputs {
            self.add_to_few(frame, outputs, scores);
        } else {
            self.add_to_blocks(frame, outputs, scores);
        }
    }

    /// The same sums, to the bit, on a graphics card where that pays.
    pub async fn add_to_waiting(
        &self,
        frame: &Frame,
        outputs: usize,
        scores: &mut [f64],
        card: Option<&Card>,
    ) {
        #[cfg(feature = "gpu")]
        if let Some(card) = card
            && super::on_card::add(self, frame, outputs, scores, card).await.is_some()
        {
            return;
        }
        // Without any card to wait for there is none to look at.
        let _ = card;
        self.add_to(frame, outputs, scores);
    }

    /// The same sums, to the bit, row by row.
    fn add_to_few(&self, frame: &Frame, outputs: usize, scores: &mut [f64]) {
        let mut cells = vec![[0; FEW]; self.used.len()];
        for (cells, &(column, categorical)) in cells.iter_mut().zip(&self.used) {
            load(frame, column, categorical, Missing::Kept, 0, cells);
        }
        for (tree, &root) in self.roots.iter().enumerate() {
            for (row, scores) in scores.chunks_mut(outputs.max(1)).enumerate() {
                let mut at = root;
                while at & LEAF == 0 {
                    let node = &self.nodes[at as usize];
                    let bits = cells[(node.feature & SLOT) as usize][row];
                    at = node.children[usize::from(self.goes_right(node, bits))];
                }
                let leaf = (at & !LEAF) as usize;
                if self.width == 1 {
                    scores[tree % outputs] += f64::from(self.values[leaf]);
                } else {
                    let values = &self.values[leaf * self.width..(leaf + 1) * self.width];
                    scores.iter_mut().zip(values).for_each(|(s, &v)| *s += f64::from(v));
                }
            }
        }
    }

    fn add_to_blocks(&self, frame: &Frame, outputs: usize, scores: &mut [f64]) {
        let quick = &self.quick;
        let mut block: Vec<View> = vec![[[0; IN_STEP]; BLOCK / IN_STEP]; quick.views.len()];
        let mut sums: Vec<Sums> = vec![[[0.0; IN_STEP]; BLOCK / IN_STEP]; outputs];
        for (b, scores) in scores.chunks_mut(BLOCK * outputs.max(1)).enumerate() {
            for (view, &(slot, missing)) in block.iter_mut().zip(&quick.views) {
                let (column, categorical) = self.used[slot as usize];
                load(frame, column, categorical, missing, b * BLOCK, view.as_flattened_mut());
            }
            for (output, sums) in sums.iter_mut().enumerate() {
                let cells = scores.iter().skip(output).step_by(outputs);
                sums.as_flattened_mut().iter_mut().zip(cells).for_each(|(sum, &score)| *sum = score);
            }
            // Of the last block, which may have few rows, only so much is worked on.
            let groups = (scores.len() / outputs.max(1)).div_ceil(IN_STEP);
            let (mut cut, mut set_cut) = (0, 0);
            for (tree, (&root, small)) in self.roots.iter().zip(&quick.trees).enumerate() {
                let Some(small) = small else {
                    self.walk(root, tree, groups, &block, &mut sums);
                    continue;
                };
                let cuts = cut..small.cuts_end as usize;
                let set_cuts = set_cut..small.set_cuts_end as usize;
                (cut, set_cut) = (cuts.end, set_cuts.end);
                let values = &self.values[small.first_value as usize..];
                let sums = &mut sums[tree % outputs][..groups];
                self.add_small(&quick.cuts[cuts], &quick.set_cuts[set_cuts], values, &block, sums);
            }
            for (output, sums) in sums.iter().enumerate() {
                let cells = scores.iter_mut().skip(output).step_by(outputs);
                cells.zip(sums.as_flattened()).for_each(|(score, &sum)| *score = sum);
            }
        }
    }

    fn add_small(
        &self,
        cuts: &[Cut],
        set_cuts: &[SetCut],
        values: &[f32],
        block: &[View],
        sums: &mut [[f64; IN_STEP]],
    ) {
        let mut table = [0.0; MOST_LEAVES as usize];
        table.iter_mut().zip(values).for_each(|(slot, &value)| *slot = f64::from(value));
        for (group, sums) in sums.iter_mut().enumerate() {
            let mut left = [u32::MAX; IN_STEP];
            for cut in cuts {
                let threshold = f32::from_bits(cut.threshold);
                let numbers = block[cut.view as usize][group];
                // Arithmetic in place of a choice, so that the compiler makes it one of many rows.
                let stays = numbers.map(|bits| u32::from(f32::from_bits(bits) <= threshold).wrapping_neg());
                for (left, stays) in left.iter_mut().zip(stays) {
                    *left &= cut.kept | stays;
                }
            }
            for cut in set_cuts {
                let set = self.set(cut.set);
                for (left, &code) in left.iter_mut().zip(&block[cut.view as usize][group]) {
                    let goes_left = has_code(set, code, cut.missing_left);
                    *left &= if goes_left { u32::MAX } else { cut.kept };
                }
            }
            for (sum, left) in sums.iter_mut().zip(left) {
                // The last leaf is never taken out, so that some bit is set.
                *sum += table[left.trailing_zeros() as usize & 31];
            }
        }
    }

    /// Walks a block's rows down a tree.
    fn walk(&self, root: u32, tree: usize, groups: usize, block: &[View], sums: &mut [Sums]) {
        let outputs = sums.len();
        for group in 0..groups {
            let mut at = [root; IN_STEP];
            while at.iter().fold(LEAF, |all, at| all & at) == 0 {
                for (row, at) in at.iter_mut().enumerate() {
                    // A row that has arrived looks at some node and stays.
                    let arrived = *at & LEAF != 0;
                    let node = &self.nodes[if arrived { 0 } else { *at as usize }];
                    let bits = block[(node.feature & SLOT) as usize][group][row];
                    let next = node.children[usize::from(self.goes_right(node, bits))];
                    *at = if arrived { *at } else { next };
                }
            }
            for (row, at) in at.iter().enumerate() {
                let leaf = (at & !LEAF) as usize;
                if self.width == 1 {
                    sums[tree % outputs][group][row] += f64::from(self.values[leaf]);
                } else {
                    let values = &self.values[leaf * self.width..(leaf + 1) * self.width];
                    sums.iter_mut().zip(values).for_each(|(s, &v)| s[group][row] += f64::from(v));
                }
            }
        }
    }

    #[inline(always)]
    fn goes_right(&self, node: &Node, bits: u32) -> bool {
        let missing_left = node.feature & MISSING_LEFT != 0;
        if node.feature & CATEGORICAL == 0 {
            let (x, threshold) = (f32::from_bits(bits), f32::from_bits(node.test));
            // Not the same as `x > threshold` where `x` is missing.
            !((x <= threshold) | (missing_left & x.is_nan()))
        } else {
            !has_code(self.set(node.test), bits, missing_left)
        }
    }
}

/// Whether a code goes left; one that was never seen goes with the missing ones.
#[inline(always)]
fn has_code(set: &[u32], code: u32, missing_left: bool) -> bool {
    set.get(code as usize / 32).map_or(missing_left, |word| word >> (code % 32) & 1 == 1)
}

/// Lays out the rows from `start` on of one column: bits of a number, or a code. A column that is not there, is too
/// short or is of another kind counts as missing.
pub(super) fn load(
    frame: &Frame,
    column: u32,
    categorical: bool,
    missing: Missing,
    start: usize,
    view: &mut [u32],
) {
    let stand_in = match missing {
        Missing::Kept if categorical => NO_CATEGORY,
        Missing::Kept => f32::NAN.to_bits(),
        Missing::Low => f32::NEG_INFINITY.to_bits(),
        Missing::High => f32::INFINITY.to_bits(),
    };
    let values = frame.columns.get(column as usize).map(|c| &c.values);
    let known = match values {
        Some(FeatureValues::Numeric(v)) if !categorical => {
            let v = v.get(start..).unwrap_or(&[]);
            for (cell, x) in view.iter_mut().zip(v) {
                *cell = if x.is_nan() { stand_in } else { x.to_bits() };
            }
            v.len()
        }
        Some(FeatureValues::Categorical { codes, .. }) if categorical => {
            let codes = codes.get(start..).unwrap_or(&[]);
            view.iter_mut().zip(codes).for_each(|(cell, &code)| *cell = code);
            codes.len()
        }
        _ => 0,
    };
    if let Some(rest) = view.get_mut(known..) {
        rest.fill(stand_in);
    }
}

#[cfg(test)]
mod tests {
    use super::super::binning::Binned;
    use super::super::constraint::Constraints;
    use super::super::flat::Builder;
    use super::super::leafwise::Grower;
    use super::super::packing::{Layout, quantise};
    use super::super::plan::{Limits, Policy};
    use super::super::split::Rules;
    use super::super::testing::{frame, mixed, numbers};
    use super::*;
    use crate::numeric::Rng;
    use std::sync::Arc;

    /// Trees of so many leaves at most, with `width` values a leaf.
    fn grown(leaves: &[usize], width: usize, rng: &mut Rng) -> Flat {
        let rules = Rules {
            l1: 0.0,
            l2: 0.5,
            min_rows: 3,
            min_hessian: 1e-3,
            min_gain: 0.0,
            cat_smooth: 2.0,
            cat_l2: 1.0,
            cat_group_rows: 1,
            random_cuts: false,
        };
        let (train, _) = mixed(1200, 2, 13);
        let data = Binned::new(&train, 255, 0);
        let mut builder = Builder::new(data.columns, width);
        for &max_leaves in leaves {
            let pairs: Vec<[f32; 2]> =
                (0..1200).map(|_| [rng.normal() as f32, rng.uniform() as f32]).collect();
            let mut words = vec![0; 1200];
            let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, true), rng, &mut words, 1);
            let limits = Limits { policy: Policy::LeafWise, max_leaves, max_depth: 9, node_features: 0.5 };
            let mut grower = Grower::new(&data, Constraints::default(), 1);
            let Ok(tree) = grower.grow(None, &words, scales, &rules, &limits, rng.next_u64());
            let values = |rng: &mut Rng| (0..width).map(|_| rng.normal() as f32).collect::<Vec<_>>();
            let places: Vec<u32> = (0..tree.shape.leaves).map(|_| builder.push_leaf(&values(rng))).collect();
            builder.push(&tree.shape, &data, |leaf| places[leaf as usize]);
        }
        builder.finish(leaves.len())
    }

    #[test]
    fn a_few_rows_have_the_scores_that_they_have_among_many() {
        let mut rng = Rng::new(15);
        let small: Vec<usize> = (0..30).map(|n| 1 + n % 32).collect();
        let large: Vec<usize> = (0..30).map(|n| 1 + 2 * n).collect();
        for (leaves, width, outputs) in
            [(&small, 1, 1), (&small, 1, 3), (&large, 1, 1), (&large, 1, 3), (&large, 3, 3)]
        {
            let flat = grown(leaves, width, &mut rng);
            for rows in 0..=FEW {
                for round in 0..50 {
                    let (mut asked, _) = mixed(rows, 2, 100 * rows as u64 + round);
                    if let FeatureValues::Numeric(v) = &mut asked.columns[0].values {
                        let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0, f32::NAN];
                        Arc::make_mut(v).iter_mut().take(1).for_each(|x| *x = ends[round as usize % 6]);
                    }
                    if let FeatureValues::Categorical { codes, .. } = &mut asked.columns[3].values {
                        Arc::make_mut(codes)
                            .iter_mut()
                            .skip(1)
                            .take(1)
                            .for_each(|code| *code = 12 + round as u32 % 60);
                    }
                    let begin: Vec<f64> = (0..rows * outputs).map(|_| rng.normal()).collect();
                    let (mut few, mut blocks) = (begin.clone(), begin.clone());
                    flat.add_to_few(&asked, outputs, &mut few);
                    flat.add_to_blocks(&asked, outputs, &mut blocks);
                    let bits = |scores: &[f64]| scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&few), bits(&blocks));
                    assert!(rows == 0 || few != begin);
                }
            }
            // Columns that are not there, too short or of another kind count as missing.
            let odd = frame(vec![numbers([1.0, 2.0]), numbers([]), numbers([0.5; 3]), numbers([1.0; 3])]);
            let (mut few, mut blocks) = (vec![0.0; 3 * outputs], vec![0.0; 3 * outputs]);
            flat.add_to_few(&odd, outputs, &mut few);
            flat.add_to_blocks(&odd, outputs, &mut blocks);
            assert_eq!(few, blocks);
        }
    }

    #[cfg(feature = "gpu")]
    #[test]
    fn a_card_gives_the_same_sums() {
        use super::super::on_card::{Part, add};
        use crate::compute::gpu::Device;
        use crate::platform::ready;
        /// One that holds little at a time, so that trees are sent in parts.
        const LITTLE: u64 = 4096;
        let devices = [u64::MAX, LITTLE].map(|binding| ready(Device::request_within(true, binding)));
        let [Ok(device), Ok(little)] = devices else {
            println!("skipped: no graphics card");
            return;
        };
        let cards = [device, little].map(|device| Card::always(Arc::new(device)));
        let mut rng = Rng::new(16);
        let small: Vec<usize> = (0..30).map(|n| 1 + n % 32).collect();
        let large: Vec<usize> = (0..30).map(|n| 1 + 2 * n).collect();
        for (leaves, width, outputs) in
            [(&small, 1, 1), (&small, 1, 3), (&large, 1, 1), (&large, 1, 3), (&large, 3, 3)]
        {
            let flat = grown(leaves, width, &mut rng);
            let together = if width == 1 { outputs } else { 1 };
            let parts = |limit| Part::all(&flat, limit, together).expect("trees that a card holds");
            assert!(parts(u64::MAX).len() == 1 && parts(LITTLE).len() > 1);
            assert!(Part::all(&flat, 64, together).is_none());
            for rows in [1, 5, 64, 300, 1_777] {
                let (mut asked, _) = mixed(rows, 2, rows as u64);
                if let FeatureValues::Numeric(v) = &mut asked.columns[0].values {
                    let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -0.0, 1e-44, f32::NAN];
                    Arc::make_mut(v).iter_mut().zip(ends).for_each(|(x, end)| *x = end);
                }
                if let FeatureValues::Categorical { codes, .. } = &mut asked.columns[3].values {
                    Arc::make_mut(codes).iter_mut().zip(9..200).for_each(|(code, other)| *code = other);
                }
                let begin: Vec<f64> = (0..rows * outputs).map(|_| rng.normal()).collect();
                let mut here = begin.clone();
                flat.add_to(&asked, outputs, &mut here);
                let bits = |scores: &[f64]| scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
                for card in &cards {
                    let mut there = begin.clone();
                    assert_eq!(ready(add(&flat, &asked, outputs, &mut there, card)), Some(()));
                    assert_eq!(bits(&there), bits(&here), "{rows}");
                }
            }
        }
    }
}
