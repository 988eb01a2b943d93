//! Exactness of the parts that boosting and forests are built from.

mod growth;

use super::binning::{Binned, Cuts};
use super::constraint::Constraints;
use super::draw::{Draws, share_of};
use super::flat::Builder;
use super::histogram::{Lanes, Rows, Scratch};
use super::leafwise::Grower;
use super::packing::{Layout, Scales, quantise};
use super::partition::{partition, partition_in_parts};
use super::plan::{Limits, Policy};
use super::split::{Rules, Search, Test};
use super::testing::{frame, levels, mixed, numbers};
use crate::node::{FeatureValues, Frame, NO_CATEGORY};
use crate::numeric::{Rng, rng};

const RULES: Rules = Rules {
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

fn bin(columns: Vec<FeatureValues>, max_bins: usize) -> Binned {
    Binned::new(&frame(columns), max_bins, 0)
}

/// Random gradients and hessians.
fn random_pairs(rows: usize, rng: &mut Rng) -> Vec<[f32; 2]> {
    (0..rows).map(|_| [rng.normal() as f32, rng.uniform() as f32]).collect()
}

#[test]
fn a_bin_and_its_threshold_say_the_same() {
    let mut rng = Rng::new(1);
    let next = f32::from_bits(1.0f32.to_bits() + 1);
    let tight = vec![1.0, next, f32::from_bits(next.to_bits() + 1), -0.0, 0.0, f32::MIN_POSITIVE, 1e-45];
    let wild = vec![f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 3e38, f32::NAN, 0.0];
    let many: Vec<f32> = (0..5000).map(|_| (rng.normal() as f32).cubed()).collect();
    let ties: Vec<f32> = (0..5000).map(|i| if i % 3 == 0 { 7.0 } else { rng.normal() as f32 }).collect();
    for (values, max_bins) in [(tight, 255), (wild, 255), (many.clone(), 255), (many, 16), (ties, 20)] {
        let data = bin(vec![numbers(values.clone())], max_bins);
        let feature = &data.features[0];
        let Cuts::Numeric(cuts) = &feature.cuts else { panic!("a number") };
        assert!(cuts.len() < max_bins && cuts.iter().all(|c| c.is_finite()));
        assert!(cuts.windows(2).all(|w| w[0] < w[1]));
        for (&x, &bin) in values.iter().zip(&feature.bins) {
            assert_eq!(x.is_nan(), usize::from(bin) == feature.bin_count - 1);
            for (b, &cut) in cuts.iter().enumerate().filter(|_| !x.is_nan()) {
                assert_eq!(x <= cut, usize::from(bin) <= b, "{x} {cut}");
            }
        }
    }
}

trait Cube {
    fn cubed(self) -> Self;
}

impl Cube for f32 {
    /// Its cube: skewed, with long tails.
    fn cubed(self) -> Self {
        self * self * self
    }
}

#[test]
fn quantile_bins_hold_about_equally_many_rows() {
    let mut rng = Rng::new(2);
    let values: Vec<f32> = (0..20_000).map(|_| (rng.normal() as f32).cubed()).collect();
    let data = bin(vec![numbers(values)], 50);
    let mut counts = vec![0; 51];
    data.features[0].bins.iter().for_each(|&b| counts[usize::from(b)] += 1);
    assert_eq!(counts[50], 0);
    assert!(counts[..50].iter().all(|&n| (350..=450).contains(&n)), "{counts:?}");
}

#[test]
fn features_that_cannot_split_are_left_out() {
    let data = bin(
        vec![
            numbers([2.0; 4]),
            numbers([f32::NAN; 4]),
            numbers([1.0, f32::NAN, 1.0, 1.0]),
            levels([3; 4], 9),
            levels([0, NO_CATEGORY, 0, 0], 9),
        ],
        255,
    );
    assert_eq!(data.features.iter().map(|f| f.column).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn the_rarest_of_many_levels_share_a_bin() {
    let codes: Vec<u32> =
        (0..400).flat_map(|level| std::iter::repeat_n(level, 1 + (level as usize) / 40)).collect();
    let data = bin(vec![levels(codes.clone(), 400)], 255);
    let feature = &data.features[0];
    assert_eq!(feature.bin_count, 256);
    let bin_of = |level: u32| feature.bins[codes.iter().position(|&c| c == level).expect("is there")];
    assert_eq!(bin_of(399 - 39), 0, "the first of the most frequent");
    assert_eq!((bin_of(5), bin_of(80)), (254, 254));
    let other = frame(vec![levels([399, 400, NO_CATEGORY], 500)]);
    assert_eq!(data.apply(&other)[0][1..], [255, 255]);
}

#[test]
fn words_hold_their_sums() {
    let mut rng = Rng::new(3);
    for (rows, with_hessian) in [(1, true), (1000, true), (1000, false), (100_000, true)] {
        let pairs = random_pairs(rows, &mut rng);
        let mut words = vec![0; rows];
        let scales =
            quantise(&pairs, None, Layout::new(pairs.len() as u64, with_hessian), &mut rng, &mut words, 1);
        let sums = scales.layout.unpack(words.iter().sum());
        let (mut g, mut h) = (0i64, 0i64);
        for (&word, pair) in words.iter().zip(&pairs) {
            let one = scales.layout.unpack(word);
            assert!((one.gradient as f64 * scales.gradient - f64::from(pair[0])).abs() <= scales.gradient);
            g += one.gradient;
            h += one.hessian;
        }
        assert_eq!((sums.gradient, sums.hessian, sums.count), (g, h, rows as i64));
        let levels = f64::from(pairs[0][0].abs()) / scales.gradient;
        assert!(levels > 10.0 || pairs[0][0].abs() < 0.05, "{levels} levels for {rows} rows");
        // Sums are true to a few roundings.
        let truth: f64 = pairs.iter().map(|p| f64::from(p[0])).sum();
        assert!((g as f64 * scales.gradient - truth).abs() <= 2.5 * (rows as f64).sqrt() * scales.gradient);
    }
}

#[test]
fn words_fit_however_few_bits_are_left() {
    let layout = Layout::new(u64::from(u32::MAX), true);
    let word = layout.pack(-5, 7, 3);
    let sums = layout.unpack(word + layout.pack(2, 1, 1) - layout.pack(-1, 0, 2));
    assert_eq!((sums.gradient, sums.hessian, sums.count), (-2, 8, 2));
}

#[test]
fn partition_keeps_the_order() {
    let mut rng = Rng::new(4);
    let bins: Vec<u8> = (0..1000).map(|_| rng.below(4) as u8).collect();
    let mut side = [false; 256];
    (side[1], side[3]) = (true, true);
    let mut rows: Vec<u32> = (0..1000).step_by(3).collect();
    let (left, right): (Vec<u32>, Vec<u32>) =
        rows.iter().partition(|&&r| side[usize::from(bins[r as usize])]);
    let given = rows.clone();
    let count = partition(&mut rows, &bins, &side, &mut vec![0; 1000]);
    assert_eq!((&rows[..count], &rows[count..]), (left.as_slice(), right.as_slice()));
    for threads in 1..9 {
        let mut in_parts = given.clone();
        assert_eq!(partition_in_parts(&mut in_parts, &bins, &side, &mut vec![0; 1000], threads), count);
        assert_eq!(in_parts, rows);
    }
}

#[test]
fn histograms_are_sums_by_bin() {
    // More rows than are gathered at a time, and columns for two panels, of which the second is not full.
    const ROWS: u32 = 2500;
    let mut rng = Rng::new(6);
    let mut column = |f: usize| numbers((0..ROWS).map(|_| rng.below(f + 2) as f32).collect::<Vec<_>>());
    let data = bin((0..97).map(&mut column).collect(), 255);
    let mut lanes = Lanes::new(&data);
    let words: Vec<i64> = (0..ROWS).map(|_| rng.below(1000) as i64).collect();
    let rows: Vec<u32> = (0..ROWS).filter(|_| rng.below(2) == 0).collect();
    let mut scratch = Scratch::default();
    let all: Vec<u32> = (0..ROWS).collect();
    let between = Rows::Between(0, ROWS as usize);
    for (given, listed) in [
        (between, &all[..]),
        (between.part(7, 1100), &all[7..1107]),
        (Rows::Listed(&rows), &rows[..]),
        (Rows::Listed(&rows).part(1000, 3000), &rows[1000..]),
        (between.part(9000, 1), &[]),
    ] {
        let mut direct: Vec<Vec<i64>> = data.features.iter().map(|f| vec![0; f.bin_count]).collect();
        for (sums, feature) in direct.iter_mut().zip(&data.features) {
            for &r in listed {
                sums[usize::from(feature.bins[r as usize])] += words[r as usize];
            }
        }
        for features in [(0..97).collect::<Vec<u32>>(), (0..97).step_by(3).collect(), vec![5, 60], vec![9]] {
            lanes.refill(&data, features.clone(), 3);
            assert!(lanes.additions() < features.len() || features.len() < 3);
            let mut sums = vec![-1; lanes.len()];
            lanes.sum(given, &words, &mut scratch, &mut sums);
            let chosen: Vec<&[i64]> = features.iter().map(|&f| direct[f as usize].as_slice()).collect();
            assert_eq!(sums, chosen.concat());
        }
    }
}

/// The best gain by trying every cut of every feature with sums in `f64`.
fn exhaustive(data: &Binned, scales: Scales, words: &[i64]) -> f64 {
    let sums = |keep: &dyn Fn(usize) -> bool| {
        let word: i64 = (0..words.len()).filter(|&r| keep(r)).map(|r| words[r]).sum();
        let sums = scales.layout.unpack(word);
        (sums.gradient as f64 * scales.gradient, sums.hessian as f64 * scales.hessian, sums.count)
    };
    let score = |(g, h, _): (f64, f64, i64)| g * g / (h + RULES.l2);
    let whole = sums(&|_| true);
    let mut best = 0.0f64;
    for feature in data.features.iter().filter(|f| !f.cuts.is_categorical()) {
        let missing = (feature.bin_count - 1) as u8;
        for cut in 0..missing {
            for missing_left in [false, true] {
                let goes = |r: usize| {
                    let bin = feature.bins[r];
                    if bin == missing { missing_left } else { bin <= cut }
                };
                let (left, right) = (sums(&goes), sums(&|r| !goes(r)));
                let enough = |(_, h, n): (f64, f64, i64)| n >= RULES.min_rows && h >= RULES.min_hessian;
                if enough(left) && enough(right) {
                    best = best.max(score(left) + score(right) - score(whole));
                }
            }
        }
    }
    best
}

#[test]
fn the_best_cut_is_the_best_of_all() {
    for seed in 0..8 {
        let (train, _) = mixed(120, 2, seed);
        let data = Binned::new(&train, 20, 0);
        let mut rng = Rng::new(seed);
        let pairs = random_pairs(120, &mut rng);
        let mut words = vec![0; 120];
        let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, true), &mut rng, &mut words, 1);
        let search = Search::new(&RULES, scales, words.iter().sum());
        let mut best = 0.0f64;
        for (f, feature) in data.features.iter().enumerate().filter(|(_, f)| !f.cuts.is_categorical()) {
            let mut sums = vec![0; feature.bin_count];
            for (&bin, word) in feature.bins.iter().zip(&words) {
                sums[usize::from(bin)] += word;
            }
            if let Some(split) = search.best(&sums, false, f as u32, Draws::new(0, 0)) {
                best = best.max(split.gain);
                // The sums of the left are those of the rows that go left.
                let side = split.side(feature.bin_count);
                let left: i64 = words
                    .iter()
                    .zip(&feature.bins)
                    .filter(|(_, b)| side[usize::from(**b)])
                    .map(|(w, _)| w)
                    .sum();
                assert_eq!(left, split.left);
            }
        }
        let truth = exhaustive(&data, scales, &words);
        assert!((best - truth).abs() <= 1e-9 * truth, "{best} {truth}");
    }
}

#[test]
fn levels_are_grouped_by_what_they_predict() {
    // Odd levels have negative gradients, even ones positive; missing rows are like the odd ones.
    let codes: Vec<u32> = (0..600).map(|i| if i % 11 == 10 { NO_CATEGORY } else { i % 11 }).collect();
    let data = bin(vec![levels(codes.clone(), 10)], 255);
    let pairs: Vec<[f32; 2]> =
        codes.iter().map(|&c| [if c == NO_CATEGORY || c % 2 == 1 { -1.0 } else { 1.0 }, 1.0]).collect();
    let mut words = vec![0; 600];
    let mut rng = Rng::new(1);
    let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, false), &mut rng, &mut words, 1);
    let feature = &data.features[0];
    let mut sums = vec![0; feature.bin_count];
    feature.bins.iter().zip(&words).for_each(|(&bin, word)| sums[usize::from(bin)] += word);
    let split = Search::new(&RULES, scales, words.iter().sum())
        .best(&sums, true, 0, Draws::new(0, 0))
        .expect("splits");
    assert!(matches!(split.test, Test::In(_)));
    let side = split.side(feature.bin_count);
    let first = side[usize::from(feature.bins[1])];
    for (&code, &bin) in codes.iter().zip(&feature.bins) {
        assert_eq!(side[usize::from(bin)] == first, code == NO_CATEGORY || code % 2 == 1, "{code}");
    }
    assert_eq!(split.missing_left, first);
}

/// Each leaf draws its own features, all equally likely, whatever place they have among those that it may use.
#[test]
fn a_leaf_draws_its_features_by_their_numbers() {
    let features: Vec<u32> = (0..40).map(|f| 3 * f + 1).collect();
    let all = || (0..40).collect::<Vec<usize>>();
    let mut times = [0u32; 40];
    for made in 0..4000 {
        let mut places = all();
        Draws::new(7, made).keep_share(&mut places, 0.2, &features);
        assert!(places.len() == share_of(40, 0.2) && places.is_sorted());
        places.iter().for_each(|&place| times[place] += 1);
        let (fewer, mut left) = (&features[1..], (0..39).collect());
        Draws::new(7, made).keep_share(&mut left, 7.0 / 39.0, fewer);
        let same = |place: &usize| *place == 0 || left.contains(&(place - 1));
        assert!(left.len() == 7 && (places[0] > 0 || places.iter().all(same)));
    }
    // 800 times each, with a standard deviation of 25.
    assert!(times.iter().all(|&n| (675..925).contains(&n)), "{times:?}");
    let mut cuts = [0u32; 5];
    (0..5000).for_each(|made| cuts[rng::below(Draws::new(7, made).of_cut(4), 5)] += 1);
    assert!(cuts.iter().all(|&n| (850..1150).contains(&n)), "{cuts:?}");
    let (mut none, mut one) = (Vec::new(), vec![3]);
    Draws::new(7, 0).keep_share(&mut none, 0.2, &features);
    Draws::new(7, 0).keep_share(&mut one, 0.01, &features);
    assert_eq!((none, one), (vec![], vec![3]));
}

/// The same tree from rows that are summed, and from histograms by subtraction.
#[test]
fn subtraction_is_exact() {
    let (train, _) = mixed(2000, 2, 11);
    let data = Binned::new(&train, 255, 0);
    let mut rng = Rng::new(12);
    let pairs = random_pairs(2000, &mut rng);
    let mut words = vec![0; 2000];
    let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, true), &mut rng, &mut words, 1);
    let limits =
        |max_leaves| Limits { policy: Policy::LeafWise, max_leaves, max_depth: 0, node_features: 1.0 };
    let grow = |grower: &mut Grower<'_>, leaves| {
        let Ok(grown) = grower.grow(None, &words, scales, &RULES, &limits(leaves), 0);
        let rows: Vec<Vec<u32>> =
            (0..grown.shape.leaves as usize).map(|l| grown.leaf_rows(l).to_vec()).collect();
        (grown.shape.clone(), rows)
    };
    let (kept, rows) = grow(&mut Grower::new(&data, Constraints::default(), 1), 40);
    let mut forgetful = Grower::new(&data, Constraints::default(), 1);
    forgetful.keep_at_most(2);
    assert_eq!(grow(&mut forgetful, 40), (kept.clone(), rows.clone()));
    assert_eq!(kept.leaves, 40);
    // Leaves share out the rows, each in its order.
    let mut all: Vec<u32> = rows.iter().flatten().copied().collect();
    all.sort_unstable();
    assert_eq!(all, (0..2000).collect::<Vec<u32>>());
    assert!(rows.iter().all(|r| r.is_sorted() && r.len() >= 3));
    // A tree of fewer leaves is the beginning of the larger one.
    let (small, _) = grow(&mut forgetful, 10);
    assert!(small.branches.iter().zip(&kept.branches).all(|(a, b)| a.split == b.split));
}

#[test]
fn a_finished_tree_sends_rows_where_they_were() {
    let (train, _) = mixed(1500, 2, 13);
    let (other, _) = mixed(700, 2, 14);
    let data = Binned::new(&train, 255, 0);
    let mut rng = Rng::new(15);
    let pairs = random_pairs(1500, &mut rng);
    let mut words = vec![0; 1500];
    let scales = quantise(&pairs, None, Layout::new(pairs.len() as u64, true), &mut rng, &mut words, 1);
    // The smaller trees are predicted by sets of leaves, the larger ones are walked.
    for max_leaves in [1, 2, 31, 32, 33, 60] {
        let limits = Limits { policy: Policy::LeafWise, max_leaves, max_depth: 9, node_features: 0.5 };
        let mut grower = Grower::new(&data, Constraints::default(), 1);
        let Ok(grown) = grower.grow(None, &words, scales, &RULES, &limits, rng.next_u64());
        let mut builder = Builder::new(data.columns, 1);
        for leaf in 0..grown.shape.leaves {
            builder.push_leaf(&[leaf as f32]);
        }
        builder.push(&grown.shape, &data, |leaf| leaf);
        let flat = builder.finish(1);
        let predict = |frame: &Frame| {
            let mut scores = vec![0.0; frame.rows];
            flat.add_to(frame, 1, &mut scores);
            scores
        };
        let trained = predict(&train);
        for leaf in 0..grown.shape.leaves as usize {
            assert!(grown.leaf_rows(leaf).iter().all(|&r| trained[r as usize] == leaf as f64));
        }
        let columns = data.apply(&other);
        let mut routed = vec![-1.0; 700];
        let mut rows: Vec<u32> = (0..700).collect();
        let column = |f: u32| (columns[f as usize].as_slice(), data.features[f as usize].bin_count);
        grown.shape.route(&mut rows, &mut vec![0; 700], column, 1, |leaf, rows| {
            rows.iter().for_each(|&r| routed[r as usize] = f64::from(leaf));
        });
        assert_eq!(routed, predict(&other));
        assert!(grown.shape.leaves as usize == max_leaves);
    }
}
