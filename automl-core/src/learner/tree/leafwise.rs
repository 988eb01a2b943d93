//! Growth of boosted trees, one leaf at a time: always the one whose split gains most (Shi, "Best-first decision tree
//! learning", 2007; Ke et al., "LightGBM", 2017), or level by level (Chen and Guestrin, "XGBoost", 2016). Where the
//! leaves of a level share their test, [`super::symmetric`] grows them.
//!
//! Of two new leaves the one with fewer rows is summed, and the other is its parent less that one: equal to the
//! last bit, for the sums are integers. Histograms that do not fit in the memory set aside are summed again when
//! they are needed, which changes nothing but time.

use super::binning::Binned;
use super::constraint::{Bounds, Constraints};
use super::draw::Draws;
use super::packing::Scales;
use super::plan::{Limits, Plan, Policy};
use super::shape::{Branch, Child, Grown, Shape};
use super::split::{Rules, Search, Split};
use super::store::{Here, LeafAt, Store};
use super::sums::WORTH_THREADS;
use crate::platform::each;

/// Words of histograms kept for later subtraction: 96 MiB.
const KEPT_WORDS: usize = 12 << 20;

/// About how long the search takes for one bin, in nanoseconds.
pub(super) const BIN_NANOS: f64 = 3.0;

/// A leaf while the tree grows.
pub(super) struct Leaf {
    pub number: u32,
    /// Which of all leaves that the tree has had: the root, and then the left and the right one of each node.
    made: u64,
    pub start: usize,
    pub end: usize,
    depth: usize,
    pub total: i64,
    split: Option<Split>,
    /// Its histogram, as a number in `Grower::kept`.
    pub kept: Option<usize>,
    bounds: Bounds,
    /// The groups that the features above it share, a bit a group.
    groups: u64,
    /// The node above it and whether it is its left child.
    parent: Option<(u32, bool)>,
}

impl Leaf {
    pub fn at(&self) -> LeafAt {
        LeafAt { number: self.number, start: self.start, end: self.end }
    }
}

/// Grows trees on the same rows again and again, in memory that is there already. The rows are in a [`Store`], and `data`
/// says what the bins of their features mean.
pub struct Grower<'a, S = Here<&'a Binned>> {
    pub(super) data: &'a Binned,
    pub(super) constraints: Constraints,
    /// Threads that may help; they change nothing but time.
    pub(super) threads: usize,
    pub store: S,
    pub(super) kept: Vec<Vec<i64>>,
    pub(super) free: Vec<usize>,
    kept_words: usize,
}

impl<'a> Grower<'a> {
    /// Trees on all features, grown with the help of up to `threads` threads.
    pub fn new(data: &'a Binned, constraints: Constraints, threads: usize) -> Self {
        Self::over(Here::new(data, threads), data, constraints, threads)
    }
}

impl<'a, S: Store> Grower<'a, S> {
    /// Trees on all features of rows that are elsewhere; `data` needs no bins.
    pub fn over(store: S, data: &'a Binned, constraints: Constraints, threads: usize) -> Self {
        let mut grower = Self {
            data,
            constraints,
            threads,
            store,
            kept: Vec::new(),
            free: Vec::new(),
            kept_words: KEPT_WORDS,
        };
        grower.use_features((0..data.features.len() as u32).collect());
        grower
    }

    /// The features that trees are grown on from now on, as numbers in [`Binned::features`].
    pub fn use_features(&mut self, features: Vec<u32>) {
        self.store.use_features(features);
    }

    /// Grows one tree on `rows` (all where `None`), whose words are `words`, one a row of the data. Features and cuts are
    /// drawn by `seed`.
    ///
    /// # Errors
    /// A store that lost its rows.
    pub fn grow(
        &mut self,
        rows: Option<&[u32]>,
        words: &[i64],
        scales: Scales,
        rules: &Rules,
        limits: &Limits,
        seed: u64,
    ) -> Result<Grown<'_>, S::Lost> {
        let end = self.store.begin(rows, words);
        self.free = (0..self.kept.len()).collect();
        let plan = Plan { words, scales, rules, limits, seed };
        let total = match rows {
            None => words.iter().sum(),
            Some(rows) => rows.iter().map(|&r| words[r as usize]).sum(),
        };
        let (bounds, groups) = (Bounds::FREE, u64::MAX);
        let (split, kept, parent) = (None, None, None);
        let (number, made, start, depth) = (0, 0, 0, 0);
        let root = Leaf { number, made, start, end, depth, total, split, kept, bounds, groups, parent };
        let mut leaves = vec![root];
        let mut shape = Shape { branches: Vec::new(), leaves: 1 };
        if limits.policy == Policy::Symmetric {
            self.grow_levels(&plan, &mut leaves, &mut shape)?;
        } else {
            self.grow_leaves(&plan, &mut leaves, &mut shape)?;
        }
        shape.leaves = leaves.len() as u32;
        let ranges: Vec<(usize, usize)> = leaves.iter().map(|l| (l.start, l.end)).collect();
        Ok(Grown { shape, rows: self.store.end(&ranges, words)?, ranges })
    }

    fn grow_leaves(
        &mut self,
        plan: &Plan<'_>,
        leaves: &mut Vec<Leaf>,
        shape: &mut Shape,
    ) -> Result<(), S::Lost> {
        let (most, by_depth) = (plan.limits.max_leaves, plan.limits.policy == Policy::DepthWise);
        if most > 1 {
            self.sum_and_search(plan, &mut leaves[0])?;
        }
        while leaves.len() < most {
            let Some(at) = best_leaf(leaves, by_depth) else { break };
            self.split_leaf(plan, leaves, at, shape)?;
        }
        Ok(())
    }

    /// Turns leaf `at` into a node by its split, and finds the splits of the two new leaves.
    fn split_leaf(
        &mut self,
        plan: &Plan<'_>,
        leaves: &mut Vec<Leaf>,
        at: usize,
        shape: &mut Shape,
    ) -> Result<(), S::Lost> {
        let Some(split) = leaves[at].split.take() else { return Ok(()) };
        let parent_kept = leaves[at].kept.take();
        let (mut left, mut right) = self.part(plan, leaves, at, split, shape)?;
        if leaves.len() + 1 < plan.limits.max_leaves {
            self.search_children(plan, &mut left, &mut right, parent_kept, leaves)?;
        } else if let Some(slot) = parent_kept {
            self.free.push(slot);
        }
        leaves[at] = left;
        leaves.push(right);
        Ok(())
    }

    /// Turns leaf `at` into a node: the left leaf, which takes its number, and the right one, which takes the next.
    pub(super) fn part(
        &mut self,
        plan: &Plan<'_>,
        leaves: &[Leaf],
        at: usize,
        split: Split,
        shape: &mut Shape,
    ) -> Result<(Leaf, Leaf), S::Lost> {
        let leaf = &leaves[at];
        let node = shape.branches.len() as u32;
        let side = split.side(self.data.features[split.feature as usize].bin_count);
        let (new, rows_left) = (leaves.len() as u32, plan.count(split.left) as usize);
        let middle = leaf.start + self.store.part(leaf.at(), new, (split.feature, &side), rows_left)?;

        shape.branches.push(Branch { split, left: Child::Leaf(at as u32), right: Child::Leaf(new) });
        let groups = self.constraints.below(leaf.groups, split.feature);
        let direction = self.constraints.direction(split.feature);
        let search = Search::new(plan.rules, plan.scales, leaf.total).within(leaf.bounds);
        let (left_steps, right_steps) = search.parted(&split, direction);
        if let Some((above, is_left)) = leaf.parent {
            let above = &mut shape.branches[above as usize];
            *(if is_left { &mut above.left } else { &mut above.right }) = Child::Node(node);
        }
        let left = Leaf {
            number: leaf.number,
            made: 2 * u64::from(node) + 1,
            start: leaf.start,
            end: middle,
            depth: leaf.depth + 1,
            total: split.left,
            split: None,
            kept: None,
            bounds: left_steps,
            groups,
            parent: Some((node, true)),
        };
        let right = Leaf {
            number: new,
            made: 2 * u64::from(node) + 2,
            start: middle,
            end: leaf.end,
            total: leaf.total - split.left,
            bounds: right_steps,
            parent: Some((node, false)),
            ..left
        };
        Ok((left, right))
    }

    fn search_children(
        &mut self,
        plan: &Plan<'_>,
        left: &mut Leaf,
        right: &mut Leaf,
        parent_kept: Option<usize>,
        leaves: &mut [Leaf],
    ) -> Result<(), S::Lost> {
        let Some(parent) = parent_kept else {
            // The parent's sums were given up: both are summed.
            self.sum_and_search(plan, left)?;
            return self.sum_and_search(plan, right);
        };
        for leaf in self.share_out(plan, left, right, parent, leaves)? {
            match leaf.kept {
                Some(slot) if self.may_split(plan, leaf) => leaf.split = self.search(plan, leaf, slot),
                Some(_) => {}
                None => self.sum_and_search(plan, leaf)?,
            }
            if leaf.split.is_none()
                && let Some(slot) = leaf.kept.take()
            {
                self.free.push(slot);
            }
        }
        Ok(())
    }

    /// Makes the histograms of two new leaves of their parent's, where they may be split, and returns the leaf of
    /// fewer rows first. Its histogram may find no memory; then the worst of `leaves` gives up its own first.
    pub(super) fn share_out<'l>(
        &mut self,
        plan: &Plan<'_>,
        left: &'l mut Leaf,
        right: &'l mut Leaf,
        parent: usize,
        leaves: &mut [Leaf],
    ) -> Result<[&'l mut Leaf; 2], S::Lost> {
        let left_is_small = left.end - left.start <= right.end - right.start;
        let (small, large) = if left_is_small { (left, right) } else { (right, left) };
        let small_open = self.may_split(plan, small);
        if !small_open && !self.may_split(plan, large) {
            self.free.push(parent);
            return Ok([small, large]);
        }
        let slot = if small_open { self.take_slot(leaves) } else { None };
        self.sum_small(plan, small, parent, slot)?;
        small.kept = slot;
        large.kept = Some(parent);
        Ok([small, large])
    }

    pub(super) fn may_split(&self, plan: &Plan<'_>, leaf: &Leaf) -> bool {
        let deep = plan.limits.max_depth > 0 && leaf.depth >= plan.limits.max_depth;
        !deep && plan.count(leaf.total) >= 2 * plan.rules.min_rows
    }

    /// Sums the rows of `leaf` into the histogram `slot`, where there is one, and takes them off `parent`'s.
    fn sum_small(
        &mut self,
        plan: &Plan<'_>,
        leaf: &Leaf,
        parent: usize,
        slot: Option<usize>,
    ) -> Result<(), S::Lost> {
        let sums = self.store.sum(leaf.at(), plan.words)?;
        self.kept[parent].iter_mut().zip(sums.iter()).for_each(|(whole, part)| *whole -= part);
        if let Some(slot) = slot {
            std::mem::swap(&mut self.kept[slot], sums);
        }
        Ok(())
    }

    /// Sums a leaf's rows without a parent to take from, and finds its split.
    fn sum_and_search(&mut self, plan: &Plan<'_>, leaf: &mut Leaf) -> Result<(), S::Lost> {
        if !self.may_split(plan, leaf) {
            return Ok(());
        }
        let slot = self.sum_leaf(plan, leaf)?;
        leaf.split = self.search(plan, leaf, slot);
        if leaf.split.is_some() && slot < self.most_slots() {
            leaf.kept = Some(slot);
        } else {
            self.free.push(slot);
        }
        Ok(())
    }

    /// Sums a leaf's rows, and says in which histogram.
    pub(super) fn sum_leaf(&mut self, plan: &Plan<'_>, leaf: &Leaf) -> Result<usize, S::Lost> {
        let slot = match self.take_slot(&mut []) {
            Some(slot) => slot,
            None => self.new_slot(),
        };
        std::mem::swap(&mut self.kept[slot], self.store.sum(leaf.at(), plan.words)?);
        Ok(slot)
    }

    /// The search in a leaf.
    pub(super) fn search_in<'p>(&self, plan: &Plan<'p>, leaf: &Leaf) -> Search<'p> {
        let search = Search::new(plan.rules, plan.scales, leaf.total);
        if self.constraints.is_monotone() { search.within(leaf.bounds) } else { search }
    }

    /// The features, by their places in the tree, that may be split on below features that share these groups.
    pub(super) fn places(&self, plan: &Plan<'_>, groups: u64, draws: Draws) -> Vec<usize> {
        let features = self.store.features();
        let allowed = |&p: &usize| self.constraints.allows(groups, features[p]);
        let mut places: Vec<usize> = (0..features.len()).filter(allowed).collect();
        draws.keep_share(&mut places, plan.limits.node_features, features);
        places
    }

    fn search(&self, plan: &Plan<'_>, leaf: &Leaf, slot: usize) -> Option<Split> {
        let search = self.search_in(plan, leaf);
        let draws = Draws::new(plan.seed, leaf.made);
        let places = self.places(plan, leaf.groups, draws);
        let (features, offsets) = (self.store.features(), self.store.offsets());
        let (data, constraints, sums) = (self.data, &self.constraints, &self.kept[slot]);
        // The best split on the features at some places, the first of equals.
        let best_of = |places: &[usize]| {
            let mut search = search;
            let mut best: Option<Split> = None;
            for &place in places {
                let feature = features[place];
                let bins = &sums[offsets[place]..offsets[place + 1]];
                let categorical = data.features[feature as usize].cuts.is_categorical();
                search.direction = constraints.direction(feature);
                if let Some(split) = search.best(bins, categorical, feature, draws)
                    && best.is_none_or(|b| split.gain > b.gain)
                {
                    best = Some(split);
                }
            }
            best
        };
        if self.threads < 2 || self.words() as f64 * BIN_NANOS <= WORTH_THREADS {
            return best_of(&places);
        }
        let share = places.len().div_ceil(self.threads).max(1);
        let mut parts: Vec<_> = places.chunks(share).map(|places| (places, None)).collect();
        each(self.threads, &mut parts, |_, (places, found)| *found = best_of(places));
        let better =
            |best: Option<Split>, split: Split| Some(best.filter(|b| b.gain >= split.gain).unwrap_or(split));
        parts.into_iter().filter_map(|(_, found)| found).fold(None, better)
    }

    /// Words in a histogram.
    pub(super) fn words(&self) -> usize {
        self.store.offsets().last().copied().unwrap_or(0)
    }

    /// How many histograms may be kept.
    pub(super) fn most_slots(&self) -> usize {
        (self.kept_words / self.words().max(1)).max(2)
    }

    /// A histogram to write to: a free one, a new one, or that of the leaf least likely to be split soon.
    fn take_slot(&mut self, leaves: &mut [Leaf]) -> Option<usize> {
        let words = self.words();
        if let Some(slot) = self.free.pop() {
            self.kept[slot].resize(words, 0);
            return Some(slot);
        }
        if self.kept.len() < self.most_slots() {
            return Some(self.new_slot());
        }
        let worst =
            leaves.iter_mut().filter(|l| l.kept.is_some()).min_by(|a, b| gain(a).total_cmp(&gain(b)))?;
        worst.kept.take()
    }

    /// Keeps fewer histograms than memory allows.
    #[cfg(test)]
    pub fn keep_at_most(&mut self, histograms: usize) {
        self.kept_words = histograms * self.words();
    }

    fn new_slot(&mut self) -> usize {
        self.kept.push(vec![0; self.words()]);
        self.kept.len() - 1
    }
}

fn gain(leaf: &Leaf) -> f64 {
    leaf.split.map_or(f64::NEG_INFINITY, |s| s.gain)
}

/// The leaf whose split gains most, of the shallowest ones only where it goes `by_depth`; the first of equals.
fn best_leaf(leaves: &[Leaf], by_depth: bool) -> Option<usize> {
    let mut best: Option<(usize, usize, f64)> = None;
    for (i, leaf) in leaves.iter().enumerate() {
        let depth = if by_depth { leaf.depth } else { 0 };
        if let Some(split) = &leaf.split
            && best.is_none_or(|(_, d, g)| depth < d || depth == d && split.gain > g)
        {
            best = Some((i, depth, split.gain));
        }
    }
    best.map(|(i, ..)| i)
}
