//! Trees that grow level by level.

use super::super::binning::Binned;
use super::super::constraint::Constraints;
use super::super::flat::Builder;
use super::super::leafwise::Grower;
use super::super::packing::{Layout, Scales, quantise};
use super::super::plan::{Limits, Policy};
use super::super::shape::{Child, Shape};
use super::super::split::{Rules, Test};
use super::super::testing::{frame, levels, mixed, numbers};
use super::{RULES, random_pairs};
use crate::node::{Frame, NO_CATEGORY};
use crate::numeric::Rng;
use std::collections::BTreeMap;

const POLICIES: [Policy; 3] = [Policy::LeafWise, Policy::DepthWise, Policy::Symmetric];

fn limits(policy: Policy, max_leaves: usize, max_depth: usize) -> Limits {
    Limits { policy, max_leaves, max_depth, node_features: 1.0 }
}

/// Data with gradients, on which trees grow.
struct Ground {
    frame: Frame,
    data: Binned,
    words: Vec<i64>,
    scales: Scales,
}

impl Ground {
    fn new(rows: usize, bins: usize, with_hessian: bool, seed: u64) -> Self {
        let (frame, _) = mixed(rows, 2, seed);
        let data = Binned::new(&frame, bins, 0);
        let mut rng = Rng::new(seed);
        let pairs = random_pairs(rows, &mut rng);
        let mut words = vec![0; rows];
        let scales =
            quantise(&pairs, None, Layout::new(pairs.len() as u64, with_hessian), &mut rng, &mut words, 1);
        Self { frame, data, words, scales }
    }

    fn grower(&self, threads: usize) -> Grower<'_> {
        Grower::new(&self.data, Constraints::default(), threads)
    }

    /// The tree, and the rows of its leaves.
    fn grow(&self, grower: &mut Grower<'_>, rules: &Rules, limits: Limits) -> (Shape, Vec<Vec<u32>>) {
        let Ok(grown) = grower.grow(None, &self.words, self.scales, rules, &limits, 3);
        let rows = (0..grown.shape.leaves as usize).map(|l| grown.leaf_rows(l).to_vec());
        (grown.shape.clone(), rows.collect())
    }

    /// Gradient, hessian and count of rows.
    fn sums(&self, rows: impl Iterator<Item = u32>) -> (f64, f64, i64) {
        let sums = self.scales.layout.unpack(rows.map(|r| self.words[r as usize]).sum());
        let hessian = if self.scales.layout.has_hessian() { sums.hessian } else { sums.count };
        (sums.gradient as f64 * self.scales.gradient, hessian as f64 * self.scales.hessian, sums.count)
    }

    /// What sending the rows left that `goes` says gains in a leaf, 0 where a side is too small.
    fn gain(&self, leaf: &[u32], l2: f64, goes: &dyn Fn(u32) -> bool) -> f64 {
        let whole = self.sums(leaf.iter().copied());
        let left = self.sums(leaf.iter().copied().filter(|&r| goes(r)));
        let right = (whole.0 - left.0, whole.1 - left.1, whole.2 - left.2);
        let small = |(_, h, n): (f64, f64, i64)| n < RULES.min_rows || h < RULES.min_hessian;
        let score = |(g, h, _): (f64, f64, i64), l2: f64| g * g / (h + l2);
        if small(left) || small(right) {
            return 0.0;
        }
        score(left, l2) + score(right, l2) - score(whole, RULES.l2)
    }
}

/// The depth of every branch.
fn depths(shape: &Shape) -> Vec<usize> {
    let mut depths = vec![0; shape.branches.len()];
    for (at, branch) in shape.branches.iter().enumerate() {
        for child in [branch.left, branch.right] {
            if let Child::Node(node) = child {
                depths[node as usize] = depths[at] + 1;
            }
        }
    }
    depths
}

#[test]
fn without_a_limit_the_order_of_growth_does_not_matter() {
    for (seed, with_hessian) in [(1, true), (2, false), (3, true)] {
        let ground = Ground::new(900, 255, with_hessian, seed);
        let sorted = |policy, depth| {
            let (_, mut rows) = ground.grow(&mut ground.grower(1), &RULES, limits(policy, 5000, depth));
            rows.sort();
            rows
        };
        for depth in [0, 3] {
            let leafwise = sorted(Policy::LeafWise, depth);
            assert!(leafwise.len() > if depth == 0 { 50 } else { 4 });
            assert_eq!(leafwise, sorted(Policy::DepthWise, depth));
        }
    }
}

#[test]
fn a_level_is_full_before_the_next() {
    let ground = Ground::new(1500, 255, true, 4);
    for max_leaves in [2, 7, 16, 23] {
        let (shape, _) = ground.grow(&mut ground.grower(1), &RULES, limits(Policy::DepthWise, max_leaves, 0));
        assert_eq!(shape.leaves as usize, max_leaves);
        let depths = depths(&shape);
        assert!(depths.is_sorted(), "{depths:?}");
        // Of a level, those that gain most are split first.
        for (branches, depths) in shape.branches.windows(2).zip(depths.windows(2)) {
            assert!(depths[0] < depths[1] || branches[0].split.gain >= branches[1].split.gain);
        }
    }
    let (leafwise, _) = ground.grow(&mut ground.grower(1), &RULES, limits(Policy::LeafWise, 23, 0));
    assert!(!depths(&leafwise).is_sorted(), "the test can fail");
}

/// Which rows a test sends left.
fn goes<'d>(data: &'d Binned, feature: u32, test: Test, missing_left: bool) -> impl Fn(u32) -> bool + 'd {
    let feature = &data.features[feature as usize];
    move |row| {
        let bin = feature.bins[row as usize];
        match test {
            _ if usize::from(bin) == feature.bin_count - 1 => missing_left,
            Test::UpTo(last) => bin <= last,
            Test::In(set) => set[usize::from(bin) / 64] >> (bin % 64) & 1 == 1,
        }
    }
}

#[test]
fn a_level_has_the_one_test_that_gains_most_in_all_its_leaves() {
    for seed in 0..6 {
        let ground = Ground::new(160, 12, seed % 2 == 0, seed);
        let (shape, rows) = ground.grow(&mut ground.grower(1), &RULES, limits(Policy::Symmetric, 16, 0));
        // The levels: runs of branches of one test.
        let mut leaves: Vec<Vec<u32>> = vec![(0..160).collect()];
        let (mut at, mut levels) = (0, 0);
        while at < shape.branches.len() {
            let split = shape.branches[at].split;
            let same = |b: &&super::super::shape::Branch| {
                (b.split.feature, b.split.test, b.split.missing_left)
                    == (split.feature, split.test, split.missing_left)
            };
            let level: Vec<_> = shape.branches[at..].iter().take_while(same).collect();
            let gained: f64 = level.iter().map(|b| b.split.gain).sum();
            let categorical = |f: u32| ground.data.features[f as usize].cuts.is_categorical();
            let total = |f: u32, test: Test, missing_left: bool| {
                let l2 = RULES.l2 + if categorical(f) { RULES.cat_l2 } else { 0.0 };
                let goes = goes(&ground.data, f, test, missing_left);
                leaves.iter().map(|leaf| ground.gain(leaf, l2, &goes)).sum::<f64>()
            };
            let told = total(split.feature, split.test, split.missing_left);
            assert!((told - gained).abs() <= 1e-9 * gained, "{told} {gained}");
            for f in (0..ground.data.features.len() as u32).filter(|&f| !categorical(f)) {
                for cut in 0..ground.data.features[f as usize].bin_count - 1 {
                    for missing_left in [false, true] {
                        let other = total(f, Test::UpTo(cut as u8), missing_left);
                        assert!(other <= gained * (1.0 + 1e-9), "{seed}: {other} {gained}");
                    }
                }
            }
            let goes = goes(&ground.data, split.feature, split.test, split.missing_left);
            let before = leaves.len();
            let mut after = Vec::new();
            for leaf in leaves {
                let (left, right): (Vec<u32>, Vec<u32>) = leaf.iter().partition(|&&r| goes(r));
                let few = left.len().min(right.len()) < RULES.min_rows as usize;
                after.extend(if few { vec![leaf] } else { vec![left, right] });
            }
            leaves = after;
            assert_eq!(leaves.len(), before + level.len());
            at += level.len();
            levels += 1;
        }
        assert!((3..=4).contains(&levels) && leaves.len() > 8, "{levels} {}", leaves.len());
        leaves.sort();
        let mut rows = rows;
        rows.sort();
        assert_eq!(leaves, rows);
    }
}

#[test]
fn levels_of_a_category_have_one_order_in_a_tree() {
    // What a level adds does not hang on the number, so that one set serves every leaf.
    let codes: Vec<u32> = (0..600).map(|i| if i % 25 == 0 { NO_CATEGORY } else { i * 7 % 10 }).collect();
    let x = (0..600).map(|i| (i * 13 % 50) as f32);
    let data = Binned::new(&frame(vec![numbers(x.clone()), levels(codes.clone(), 10)]), 255, 0);
    let of_level = |code: u32| if code == NO_CATEGORY { 4.0 } else { f64::from(code * 3 % 10) };
    let step = |x: f32| if x > 24.0 { 3.0 } else { 0.0 };
    let pairs: Vec<[f32; 2]> =
        codes.iter().zip(x).map(|(&c, x)| [-((of_level(c) + step(x) - 6.0) as f32), 1.0]).collect();
    let (mut words, mut rng) = (vec![0; 600], Rng::new(5));
    let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, false), &mut rng, &mut words, 1);
    let rules = Rules { cat_l2: 0.0, l2: 0.0, ..RULES };
    let mut grower = Grower::new(&data, Constraints::default(), 1);
    let Ok(grown) =
        grower.grow(None, &words, scales, &rules, &limits(Policy::Symmetric, 16, 0), rng.next_u64());
    let tests: BTreeMap<u32, Vec<Test>> = grown.shape.branches.iter().fold(BTreeMap::new(), |mut all, b| {
        let tests: &mut Vec<Test> = all.entry(b.split.feature).or_default();
        if tests.last() != Some(&b.split.test) {
            tests.push(b.split.test);
        }
        all
    });
    assert_eq!(tests[&0], [Test::UpTo(24)]);
    // Sets of one order hold one another.
    let sets: Vec<u64> = tests[&1].iter().map(|t| if let Test::In(set) = t { set[0] } else { 0 }).collect();
    assert_eq!(sets.len(), 3);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        assert!(sets[a] & sets[b] == sets[a] || sets[a] & sets[b] == sets[b], "{sets:?}");
    }
    // The first set parts the levels at their mean.
    let low = |bin: usize| {
        of_level(codes[data.features[1].bins.iter().position(|&b| usize::from(b) == bin).unwrap()])
    };
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        (0..data.features[1].bin_count).partition(|&b| sets[0] >> b & 1 == 1);
    let highest = |bins: &[usize]| bins.iter().map(|&b| low(b)).fold(f64::MIN, f64::max);
    let lowest = |bins: &[usize]| bins.iter().map(|&b| low(b)).fold(f64::MAX, f64::min);
    assert!(highest(&outside) < lowest(&inside) || highest(&inside) < lowest(&outside));
}

#[test]
fn forgotten_histograms_and_threads_change_nothing() {
    let ground = Ground::new(2000, 255, true, 6);
    for policy in POLICIES {
        let limits = limits(policy, 32, 0);
        let kept = ground.grow(&mut ground.grower(1), &RULES, limits);
        let mut forgetful = ground.grower(1);
        forgetful.keep_at_most(2);
        assert_eq!(ground.grow(&mut forgetful, &RULES, limits), kept);
        // Memory that has been used for another tree.
        assert_eq!(ground.grow(&mut forgetful, &RULES, limits), kept);
        assert_eq!(ground.grow(&mut ground.grower(3), &RULES, limits), kept);
    }
}

#[test]
fn levels_are_no_more_than_may_be() {
    let ground = Ground::new(3000, 255, true, 7);
    let depth = |max_leaves, max_depth| {
        let limits = limits(Policy::Symmetric, max_leaves, max_depth);
        let (shape, _) = ground.grow(&mut ground.grower(1), &RULES, limits);
        assert!(shape.leaves as usize <= max_leaves);
        depths(&shape).into_iter().max().map_or(0, |d| d + 1)
    };
    assert_eq!([depth(1, 0), depth(2, 0), depth(31, 0), depth(32, 0)], [0, 1, 4, 5]);
    assert_eq!([depth(5000, 0), depth(5000, 3), depth(5000, 8), depth(6, 8)], [6, 3, 8, 2]);
}

#[test]
fn finished_trees_of_any_growth_send_rows_where_they_were() {
    let ground = Ground::new(1500, 255, true, 8);
    for policy in POLICIES {
        for (max_leaves, min_rows) in [(16, 3), (64, 3), (64, 60)] {
            let rules = Rules { min_rows, ..RULES };
            let (shape, rows) = ground.grow(&mut ground.grower(1), &rules, limits(policy, max_leaves, 0));
            let mut builder = Builder::new(ground.data.columns, 1);
            (0..shape.leaves).for_each(|leaf| {
                builder.push_leaf(&[leaf as f32]);
            });
            builder.push(&shape, &ground.data, |leaf| leaf);
            let mut predicted = vec![0.0; 1500];
            builder.finish(1).add_to(&ground.frame, 1, &mut predicted);
            for (leaf, rows) in rows.iter().enumerate() {
                assert!(rows.len() >= min_rows as usize && rows.is_sorted());
                assert!(rows.iter().all(|&r| predicted[r as usize] == leaf as f64));
            }
        }
    }
}
