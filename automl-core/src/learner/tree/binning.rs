//! Features as bins: quantiles for numbers, levels for categories, and one bin for what is missing.
//!
//! Shapes: `features × rows` of `u8`, feature by feature. In every feature the last bin is the missing one, empty
//! or not; the bins before it hold values. A number `x` is in the bin numbered by how many cuts are below it, so
//! `bin ≤ b` and `x ≤ cuts[b]` say the same, in training as in prediction.

use crate::node::{FeatureValues, Frame};
use crate::numeric::Rng;
use crate::platform::each;

/// Most bins that hold values; with the missing bin, a bin's number fits in a `u8`.
pub const MAX_VALUE_BINS: usize = 255;
/// Above this many rows, the quantiles are those of a sample of this size.
const QUANTILE_ROWS: usize = 200_000;
/// Values that are worth threads; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 1 } else { 1 << 15 };
/// Levels with larger codes count as missing: a level's side of a split is looked up by its code.
const MAX_CODE: u32 = 1 << 20;
/// Marks a code without a bin of its own in [`Cuts::Levels`].
const NO_BIN: u16 = u16::MAX;

/// Where the bins of a feature begin and end.
#[derive(Debug, Clone, PartialEq)]
pub enum Cuts {
    /// Ascending thresholds, one fewer than there are bins of values.
    Numeric(Vec<f32>),
    /// The bin of each code; codes that training rows never had are missing.
    Levels(Vec<u16>),
}

/// One feature of the training rows.
#[derive(Debug, Clone)]
pub struct BinnedFeature {
    /// The feature's column in the frame.
    pub column: u32,
    pub cuts: Cuts,
    /// Bins, the missing one included, which is the last.
    pub bin_count: usize,
    /// One bin a row, each below `bin_count`.
    pub bins: Vec<u8>,
    /// For a number, the middle of each bin of values; the outermost bins count as their outermost values.
    pub middles: Vec<f32>,
}

/// The features that a tree can split on: those with two occupied bins or more.
#[derive(Debug, Clone, Default)]
pub struct Binned {
    pub rows: usize,
    pub features: Vec<BinnedFeature>,
    /// Columns of the frame that it was made of.
    pub columns: usize,
}

impl Cuts {
    pub fn is_categorical(&self) -> bool {
        matches!(self, Self::Levels(_))
    }

    /// Bins of values, without the missing one.
    fn value_bins(&self) -> usize {
        match self {
            Self::Numeric(cuts) => cuts.len() + 1,
            Self::Levels(bin_of_code) => {
                bin_of_code.iter().filter(|&&b| b != NO_BIN).map(|&b| usize::from(b) + 1).max().unwrap_or(1)
            }
        }
    }

    /// The bin of each value. Values of another kind than the cuts are missing.
    fn assign(&self, values: Option<&FeatureValues>, rows: usize) -> Vec<u8> {
        let missing = self.value_bins() as u8;
        let mut bins = match (self, values) {
            (Self::Numeric(cuts), Some(FeatureValues::Numeric(v))) => assign_numbers(cuts, v, missing),
            (Self::Levels(map), Some(FeatureValues::Categorical { codes, .. })) => codes
                .iter()
                .map(|&c| map.get(c as usize).filter(|&&b| b != NO_BIN).map_or(missing, |&b| b as u8))
                .collect(),
            _ => Vec::new(),
        };
        bins.resize(rows, missing);
        bins
    }
}

impl Binned {
    /// Bins the training rows, with at most `max_bins` bins of values for a number.
    pub fn new(frame: &Frame, max_bins: usize, seed: u64) -> Self {
        Self::with_threads(frame, max_bins, seed, 1)
    }

    /// The same with the help of up to `threads` threads.
    pub fn with_threads(frame: &Frame, max_bins: usize, seed: u64, threads: usize) -> Self {
        let max_bins = max_bins.clamp(2, MAX_VALUE_BINS);
        let sample = (frame.rows > QUANTILE_ROWS).then(|| {
            let mut rng = Rng::for_stream(seed, &[0xB1]);
            let mut rows: Vec<u32> = (0..QUANTILE_ROWS).map(|_| rng.below(frame.rows) as u32).collect();
            rows.sort_unstable();
            rows
        });
        let mut features: Vec<Option<BinnedFeature>> = vec![None; frame.columns.len()];
        let threads = if frame.rows * features.len() < WORTH_THREADS { 1 } else { threads };
        each(threads, &mut features, |column, feature| {
            let values = &frame.columns[column].values;
            let (cuts, middles) = match values {
                FeatureValues::Numeric(v) => number_cuts(v, sample.as_deref(), max_bins),
                FeatureValues::Categorical { codes, .. } => (level_bins(codes), Vec::new()),
            };
            let bins = cuts.assign(Some(values), frame.rows);
            let Some(&first) = bins.first() else { return };
            if bins.iter().any(|&b| b != first) {
                let bin_count = cuts.value_bins() + 1;
                *feature = Some(BinnedFeature { column: column as u32, cuts, bin_count, bins, middles });
            }
        });
        let features = features.into_iter().flatten().collect();
        Self { rows: frame.rows, features, columns: frame.columns.len() }
    }

    /// Other rows in the same bins, feature by feature.
    pub fn apply(&self, frame: &Frame) -> Vec<Vec<u8>> {
        let of = |f: &BinnedFeature| frame.columns.get(f.column as usize).map(|c| &c.values);
        self.features.iter().map(|f| f.cuts.assign(of(f), frame.rows)).collect()
    }
}

/// Keeps infinities, which no frame should hold, inside the finite numbers; and makes -0 equal 0 in bits.
fn tame(x: f32) -> f32 {
    x.clamp(f32::MIN, f32::MAX) + 0.0
}

/// Order of the numbers as order of unsigned integers. Not for NaN.
fn sort_key(x: f32) -> u32 {
    let bits = tame(x).to_bits();
    if bits >> 31 == 0 { bits | 0x8000_0000 } else { !bits }
}

fn from_sort_key(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & 0x7FFF_FFFF } else { !key })
}

fn number_cuts(values: &[f32], sample: Option<&[u32]>, max_bins: usize) -> (Cuts, Vec<f32>) {
    let mut keys: Vec<u32> = match sample {
        None => values.iter().filter(|x| !x.is_nan()).map(|&x| sort_key(x)).collect(),
        Some(rows) => rows
            .iter()
            .filter_map(|&r| values.get(r as usize))
            .filter(|x| !x.is_nan())
            .map(|&x| sort_key(x))
            .collect(),
    };
    keys.sort_unstable();
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    let mut last = None;
    for &key in &keys {
        if last == Some(key) {
            if let Some(entry) = distinct.last_mut() {
                entry.1 += 1;
            }
        } else {
            distinct.push((from_sort_key(key), 1));
            last = Some(key);
        }
    }
    let cuts = quantile_cuts(&distinct, keys.len(), max_bins);
    let (lowest, highest) = (distinct.first().map_or(0.0, |d| d.0), distinct.last().map_or(0.0, |d| d.0));
    let middles = (0..=cuts.len()).map(|b| match (b.checked_sub(1).map(|b| cuts[b]), cuts.get(b)) {
        (Some(below), Some(&above)) => f32::midpoint(below, above),
        (None, _) => lowest,
        (_, None) => highest,
    });
    let middles = middles.collect();
    (Cuts::Numeric(cuts), middles)
}

/// The number halfway between `a < b`, in single precision and never `b`: `a ≤ t < b`.
fn between(a: f32, b: f32) -> f32 {
    let t = f64::midpoint(f64::from(a), f64::from(b)) as f32;
    if t >= b { a } else { t }
}

/// Cuts between the bins: each value its own bin where they are few, else bins of about equally many rows, where
/// a value of more than a bin's share of rows has a bin for itself.
fn quantile_cuts(distinct: &[(f32, usize)], total: usize, max_bins: usize) -> Vec<f32> {
    if distinct.len() <= max_bins {
        return distinct.windows(2).map(|w| between(w[0].0, w[1].0)).collect();
    }
    let share = total as f64 / max_bins as f64;
    let is_big = |count: usize| count as f64 >= share;
    let mut bins_left = max_bins;
    let mut rows_left = total;
    for &(_, count) in distinct.iter().filter(|d| is_big(d.1)) {
        bins_left = bins_left.saturating_sub(1);
        rows_left -= count;
    }
    let mut cuts = Vec::with_capacity(max_bins);
    let mut in_bin = 0usize;
    for pair in distinct.windows(2) {
        let ((value, count), (next, next_count)) = (pair[0], pair[1]);
        in_bin += count;
        let big = is_big(count);
        if !big {
            rows_left -= count;
        }
        let target = (rows_left + if big { 0 } else { in_bin }) as f64 / bins_left.max(1) as f64;
        let full = big || in_bin as f64 >= target || (is_big(next_count) && in_bin as f64 >= 0.5 * target);
        if full && cuts.len() + 1 < max_bins {
            cuts.push(between(value, next));
            in_bin = 0;
            if !big {
                bins_left = bins_left.saturating_sub(1);
            }
        }
    }
    cuts
}

/// A bin a level, the most frequent first; past the last bin but one, levels share the last.
fn level_bins(codes: &[u32]) -> Cuts {
    let mut sorted: Vec<u32> = codes.iter().copied().filter(|&c| c < MAX_CODE).collect();
    sorted.sort_unstable();
    let mut levels: Vec<(usize, u32)> =
        sorted.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect();
    let mut bin_of_code = vec![NO_BIN; sorted.last().map_or(0, |&c| c as usize + 1)];
    levels.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (rank, &(_, code)) in levels.iter().enumerate() {
        bin_of_code[code as usize] = rank.min(MAX_VALUE_BINS - 1) as u16;
    }
    Cuts::Levels(bin_of_code)
}

/// How many cuts are below each number: up to eight halvings of a table of 256.
fn assign_numbers(cuts: &[f32], values: &[f32], missing: u8) -> Vec<u8> {
    let mut table = [f32::INFINITY; 256];
    for (slot, &cut) in table.iter_mut().zip(cuts) {
        *slot = cut;
    }
    match (cuts.len() + 1).next_power_of_two().trailing_zeros() {
        0..=2 => halve::<2>(&table, values, missing),
        3..=4 => halve::<4>(&table, values, missing),
        5..=6 => halve::<6>(&table, values, missing),
        _ => halve::<8>(&table, values, missing),
    }
}

/// `STEPS` halvings of several numbers in step, without a branch to mispredict, so that none waits for another.
fn halve<const STEPS: u32>(table: &[f32; 256], values: &[f32], missing: u8) -> Vec<u8> {
    const IN_STEP: usize = 8;
    let search = |numbers: &[f32; IN_STEP]| {
        let mut below = [0usize; IN_STEP];
        for step in (0..STEPS).rev() {
            for (below, &x) in below.iter_mut().zip(numbers) {
                // At most 254, for the steps left add up to less than what is missing to 255.
                *below += usize::from(table[(*below + (1 << step) - 1) & 255] < x) << step;
            }
        }
        let mut bins = [0u8; IN_STEP];
        for ((bin, &below), x) in bins.iter_mut().zip(&below).zip(numbers) {
            *bin = if x.is_nan() { missing } else { below as u8 };
        }
        bins
    };
    let (chunks, rest) = values.as_chunks::<IN_STEP>();
    let mut bins = Vec::with_capacity(values.len());
    for chunk in chunks {
        bins.extend_from_slice(&search(chunk));
    }
    let mut last = [0.0; IN_STEP];
    last[..rest.len()].copy_from_slice(rest);
    bins.extend_from_slice(&search(&last)[..rest.len()]);
    bins
}
