//! Growth of trees all leaves of a level of which share one test: feature, cut, and the side of what is missing
//! (Kohavi and Li, "Oblivious decision trees", 1995; Prokhorenkova et al., "CatBoost", 2018). A level's test is the one
//! that gains most in all its leaves together; it is sought until nothing gains or the tree is as deep as it may be.
//!
//! A leaf in which the level's test would break a rule stays whole, and may be split by the test of a later level:
//! a tree has at most two to the power of its levels leaves. What a level gains is added up leaf by leaf in the order of
//! their numbers, so that threads, which share out the features, and histograms that found no memory change nothing.

use super::draw::Draws;
use super::leafwise::{BIN_NANOS, Grower, Leaf};
use super::partition::Side;
use super::plan::Plan;
use super::shape::Shape;
use super::split::shared::{BestCut, Cutting};
use super::split::{Search, Split};
use super::store::{Store, sum_left};
use super::sums::WORTH_THREADS;
use crate::platform::each;

/// Levels where nothing else limits them.
const LEVELS: usize = 6;
/// A level's gain has to be more than rounding errors of this share of its leaves' scores.
const RELATIVE_GAIN: f64 = 1e-9;

/// A feature that levels may share a test of.
struct Lane {
    cutting: Cutting,
    /// Whether some row of the tree misses it.
    has_missing: bool,
}

/// The gains of a level's tests, two a bin, and what the best must be above.
struct Level {
    gains: Vec<f64>,
    bar: f64,
}

/// The test of a level.
#[derive(Clone, Copy)]
struct Shared {
    place: usize,
    feature: u32,
    cut: BestCut,
}

/// How many levels a tree may have that is bounded by its leaves and, where it is not 0, its depth.
pub fn levels(max_leaves: usize, max_depth: usize) -> usize {
    let most = max_leaves.max(1).ilog2() as usize;
    most.min(if max_depth == 0 { LEVELS } else { max_depth })
}

impl<S: Store> Grower<'_, S> {
    /// Splits the root, and then all leaves at a time.
    pub(super) fn grow_levels(
        &mut self,
        plan: &Plan<'_>,
        leaves: &mut Vec<Leaf>,
        shape: &mut Shape,
    ) -> Result<(), S::Lost> {
        let levels = levels(plan.limits.max_leaves, plan.limits.max_depth);
        if levels == 0 || !self.may_split(plan, &leaves[0]) {
            return Ok(());
        }
        let root = self.sum_leaf(plan, &leaves[0])?;
        leaves[0].kept = Some(root);
        let lanes = self.lanes(plan, &leaves[0], root);
        let mut level = Level { gains: vec![0.0; 2 * self.words()], bar: 0.0 };
        let mut groups = u64::MAX;
        for at in 0..levels {
            let draws = Draws::new(plan.seed, at as u64);
            let places = self.places(plan, groups, draws);
            self.fill_level(plan, leaves, &places, &lanes, &mut level)?;
            let Some(shared) = self.best_shared(plan, &places, &lanes, &level, draws) else { break };
            groups = self.constraints.below(groups, shared.feature);
            self.split_level(plan, leaves, shared, &lanes, at + 1 < levels, shape)?;
        }
        Ok(())
    }

    /// How each of the tree's features is cut, by the histogram of its root.
    fn lanes(&self, plan: &Plan<'_>, root: &Leaf, slot: usize) -> Vec<Lane> {
        let search = self.search_in(plan, root);
        let (features, offsets, sums) = (self.store.features(), self.store.offsets(), &self.kept[slot]);
        let lane = |place: usize| {
            let bins = &sums[offsets[place]..offsets[place + 1]];
            let feature = &self.data.features[features[place] as usize];
            Lane {
                cutting: search.cutting(bins, feature.cuts.is_categorical()),
                has_missing: bins.last().is_some_and(|&word| word != 0),
            }
        };
        (0..features.len()).map(lane).collect()
    }

    /// Adds up what tests of the features at `places` gain in the leaves.
    fn fill_level(
        &mut self,
        plan: &Plan<'_>,
        leaves: &mut [Leaf],
        places: &[usize],
        lanes: &[Lane],
        level: &mut Level,
    ) -> Result<(), S::Lost> {
        level.gains.fill(0.0);
        level.bar = plan.rules.min_gain.max(0.0) / plan.unit();
        for leaf in leaves.iter_mut().filter(|leaf| self.may_split(plan, leaf)).collect::<Vec<_>>() {
            let slot = match leaf.kept {
                Some(slot) => slot,
                None => self.sum_leaf(plan, leaf)?,
            };
            let search = self.search_in(plan, leaf);
            level.bar += RELATIVE_GAIN * search.score().abs();
            self.add_leaf(&search, slot, places, lanes, &mut level.gains);
            if slot < self.most_slots() {
                leaf.kept = Some(slot);
            } else {
                leaf.kept = None;
                self.free.push(slot);
            }
        }
        Ok(())
    }

    /// Adds one leaf's part.
    fn add_leaf(
        &self,
        search: &Search<'_>,
        slot: usize,
        places: &[usize],
        lanes: &[Lane],
        gains: &mut [f64],
    ) {
        let (features, offsets) = (self.store.features(), self.store.offsets());
        let (constraints, sums) = (&self.constraints, &self.kept[slot]);
        let add = |place: usize, gains: &mut [f64]| {
            let mut search = *search;
            search.direction = constraints.direction(features[place]);
            search.add_gains(&lanes[place].cutting, &sums[offsets[place]..offsets[place + 1]], gains);
        };
        let nanos = self.words() as f64 * 2.0 * BIN_NANOS;
        if self.threads < 2 || nanos <= WORTH_THREADS {
            places
                .iter()
                .for_each(|&place| add(place, &mut gains[2 * offsets[place]..2 * offsets[place + 1]]));
            return;
        }
        let mut parts = Vec::with_capacity(places.len());
        let (mut rest, mut start) = (gains, 0);
        for &place in places {
            let (_, from) = rest.split_at_mut(2 * offsets[place] - start);
            let (part, after) = from.split_at_mut(2 * (offsets[place + 1] - offsets[place]));
            parts.push((place, part));
            (rest, start) = (after, 2 * offsets[place + 1]);
        }
        let share = parts.len().div_ceil(self.threads).max(1);
        let mut shares: Vec<_> = parts.chunks_mut(share).collect();
        each(self.threads, &mut shares, |_, parts| {
            parts.iter_mut().for_each(|(place, gains)| add(*place, gains));
        });
    }

    /// The test that gains most in all leaves together, the first of equals.
    fn best_shared(
        &self,
        plan: &Plan<'_>,
        places: &[usize],
        lanes: &[Lane],
        level: &Level,
        draws: Draws,
    ) -> Option<Shared> {
        let (features, offsets) = (self.store.features(), self.store.offsets());
        let mut best: Option<Shared> = None;
        for &place in places {
            let gains = &level.gains[2 * offsets[place]..2 * offsets[place + 1]];
            let random = plan.rules.random_cuts.then(|| draws.of_cut(features[place]));
            let cut = lanes[place].cutting.best(gains, random);
            if cut.gain > best.map_or(level.bar, |b| b.cut.gain) {
                best = Some(Shared { place, feature: features[place], cut });
            }
        }
        best
    }

    /// Splits all leaves in which the test keeps to the rules. `more`: whether another level may follow.
    fn split_level(
        &mut self,
        plan: &Plan<'_>,
        leaves: &mut Vec<Leaf>,
        shared: Shared,
        lanes: &[Lane],
        more: bool,
        shape: &mut Shape,
    ) -> Result<(), S::Lost> {
        let Lane { cutting, has_missing } = &lanes[shared.place];
        let grouped = matches!(cutting, Cutting::Levels { grouped: true, .. });
        let BestCut { test, missing_left, .. } = shared.cut;
        let mut split = Split { gain: 0.0, feature: shared.feature, test, missing_left, left: 0 };
        let bin_count = self.data.features[shared.feature as usize].bin_count;
        let side = split.side(bin_count);
        let mut lefts = Vec::with_capacity(leaves.len());
        for leaf in leaves.iter() {
            lefts.push(self.left_of(plan, leaf, shared, &side)?);
        }
        if !has_missing {
            // Nothing is known of missing rows here: they go where most rows go.
            let rows = |word: &i64| plan.count(*word);
            let all: i64 = leaves.iter().map(|leaf| rows(&leaf.total)).sum();
            split.missing_left = 2 * lefts.iter().map(rows).sum::<i64>() >= all;
        }
        for (at, left) in lefts.into_iter().enumerate() {
            if !self.may_split(plan, &leaves[at]) {
                continue;
            }
            let mut search = self.search_in(plan, &leaves[at]);
            search.direction = self.constraints.direction(shared.feature);
            let Some(gain) = search.gain(left, grouped) else { continue };
            let split = Split { gain: gain * plan.unit(), left, ..split };
            let parent = leaves[at].kept.take();
            let (mut left, mut right) = self.part(plan, leaves, at, split, shape)?;
            match parent {
                Some(parent) if more => {
                    self.share_out(plan, &mut left, &mut right, parent, &mut [])?;
                }
                Some(parent) => self.free.push(parent),
                None => {}
            }
            leaves[at] = left;
            leaves.push(right);
        }
        Ok(())
    }

    /// The sums of a leaf's rows that go left.
    fn left_of(&mut self, plan: &Plan<'_>, leaf: &Leaf, shared: Shared, side: &Side) -> Result<i64, S::Lost> {
        if let Some(slot) = leaf.kept {
            let offsets = self.store.offsets();
            let bins = &self.kept[slot][offsets[shared.place]..offsets[shared.place + 1]];
            return Ok(sum_left(bins, side));
        }
        self.store.sum_left(leaf.at(), shared.place, side, plan.words)
    }
}
