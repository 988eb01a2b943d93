//! Target encoding for categories of many levels: each level becomes the smoothed mean of the target among the
//! training rows that have it (Micci-Barreca, 2001), and how frequent it is.
//!
//! The training rows themselves are encoded out of fold: a row's encoding comes from the other folds, so that
//! its own target never shows through (as scikit-learn's `TargetEncoder.fit_transform`). Classes get a column
//! each (the second of two; the most frequent of many). Missing is a level of its own; levels that training
//! never saw, or saw too rarely, get the mean of all.

mod beside;

pub use beside::CodesAndMeans;

use super::levels::{self, LevelCounts, MISSING, look_up};
use super::{FeatureValues, Fitted, Input, Node, TargetView};
use crate::numeric::{Rng, mean};
use serde::{Deserialize, Serialize};

/// Stream label of the fold assignment.
const FOLD_STREAM: u64 = 0x7461_7267;

/// How far a level's mean is drawn to the mean of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Smoothing {
    /// As if this many rows more had the mean of all: (Σy + m·ȳ) / (n + m).
    Rows(f64),
    /// By the variances within the level and of all (empirical Bayes): λ·ȳₗ + (1 − λ)·ȳ with
    /// λ = n·σ² / (n·σ² + σₗ²).
    Auto,
}

/// Configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetEncode {
    pub smoothing: Smoothing,
    /// Folds by which the training rows are encoded.
    pub folds: u32,
    /// At most this many classes get a column.
    pub max_classes: u32,
    /// Levels seen fewer times are treated as unseen.
    pub min_count: u32,
}

impl Default for TargetEncode {
    fn default() -> Self {
        Self { smoothing: Smoothing::Rows(10.0), folds: 5, max_classes: 10, min_count: 2 }
    }
}

/// Encodings of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetMeans {
    /// Ascending by text.
    levels: Vec<String>,
    /// Outputs × (levels, then missing, then unseen), output by output.
    means: Vec<f32>,
    /// Share of the training rows, one a level, then missing, then unseen.
    shares: Vec<f32>,
    /// Names of the means.
    names: Vec<String>,
}

/// Count, Σy and Σy² of the rows of one slot in one fold, with y centred on the mean of all rows.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, y: f64) {
        self.n += 1.0;
        self.sum += y;
        self.squares += y * y;
    }

    fn join(mut self, other: Moments) -> Moments {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
        self
    }

    fn mean(self) -> f64 {
        if self.n > 0.0 { self.sum / self.n } else { 0.0 }
    }

    /// Population variance times n.
    fn spread(self) -> f64 {
        if self.n > 0.0 { (self.squares - self.sum * self.sum / self.n).max(0.0) } else { 0.0 }
    }
}

impl Smoothing {
    /// Encoding of a level whose rows have `level`, among rows that have `all`.
    fn encode(self, level: Moments, all: Moments) -> f64 {
        let prior = all.mean();
        match self {
            Self::Rows(m) => {
                let weight = level.n + m;
                if weight > 0.0 { (level.sum + m * prior) / weight } else { prior }
            }
            Self::Auto if level.n > 0.0 && all.n > 0.0 => {
                let between = all.spread() / all.n * level.n;
                let within = level.spread() / level.n;
                if between + within > 0.0 {
                    let lambda = between / (between + within);
                    lambda * level.mean() + (1.0 - lambda) * prior
                } else {
                    prior
                }
            }
            Self::Auto => prior,
        }
    }
}

/// In single precision, and finite.
pub(crate) fn single(x: f64) -> f32 {
    x.clamp(-f64::from(f32::MAX), f64::from(f32::MAX)) as f32
}

/// Σ over all folds but `left_out`, of slot `slot`.
fn join_folds(moments: &[Moments], folds: usize, slot: usize, left_out: Option<usize>) -> Moments {
    (0..folds)
        .filter(|&f| Some(f) != left_out)
        .map(|f| moments[slot * folds + f])
        .fold(Moments::default(), Moments::join)
}

/// A fold a row: shuffled, of sizes that differ by at most one.
pub(crate) fn assign_folds(rows: usize, folds: usize, seed: u64) -> Vec<u32> {
    let mut fold: Vec<u32> = (0..rows).map(|i| (i % folds) as u32).collect();
    Rng::for_stream(seed, &[FOLD_STREAM]).shuffle(&mut fold);
    fold
}

impl TargetEncode {
    pub(crate) fn fit_levels(
        &self,
        input: &Input<'_>,
        counts: &LevelCounts,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<(TargetMeans, Vec<FeatureValues>)> {
        let kept = counts.frequent(u64::from(self.min_count));
        let rare = kept < counts.levels.len();
        (kept + usize::from(counts.missing > 0) + usize::from(rare) >= 2)
            .then(|| self.fit_any_levels(input, counts, target, seed))
    }

    /// Also where there is nothing to tell apart.
    pub(crate) fn fit_any_levels(
        &self,
        input: &Input<'_>,
        counts: &LevelCounts,
        target: TargetView<'_>,
        seed: u64,
    ) -> (TargetMeans, Vec<FeatureValues>) {
        let rows = input.len();
        let kept: Vec<_> = counts.levels.iter().filter(|(_, n)| *n >= u64::from(self.min_count)).collect();
        let levels: Vec<String> = kept.iter().map(|(level, _)| level.clone()).collect();
        let share = |n: u64| (n as f64 / rows.max(1) as f64) as f32;
        let shares: Vec<f32> =
            kept.iter().map(|(_, n)| share(*n)).chain([share(counts.missing), 0.0]).collect();
        let slots: Vec<u32> = slots(input, &levels);
        let folds = (self.folds.max(2) as usize).min(rows.max(1));
        let fold = assign_folds(rows, folds, seed);

        let (mut means, mut names, mut training) = (Vec::new(), Vec::new(), Vec::new());
        for output in target.outputs(self.max_classes as usize) {
            let y = target.numbers(output, rows);
            let (all, out_of_fold) = self.encode_output(&y, &slots, levels.len() + 2, &fold, folds);
            means.extend(all);
            training.push(FeatureValues::Numeric(out_of_fold.into()));
            names.push(target.output_name(output));
        }
        training.push(FeatureValues::Numeric(slots.iter().map(|&s| shares[s as usize]).collect()));
        (TargetMeans { levels, means, shares, names }, training)
    }

    /// Encodings of the `count` slots from all rows, and of each row from the folds that it is not in.
    fn encode_output(
        &self,
        y: &[f64],
        slots: &[u32],
        count: usize,
        fold: &[u32],
        folds: usize,
    ) -> (Vec<f32>, Vec<f32>) {
        let centre = mean(y);
        let unseen = count - 1;
        let mut moments = vec![Moments::default(); count * folds];
        let mut by_fold = vec![Moments::default(); folds];
        for ((&y, &slot), &f) in y.iter().zip(slots).zip(fold) {
            // Rare levels share the slot of the unseen, whose encoding is the mean of all: they add nothing.
            if slot as usize != unseen {
                moments[slot as usize * folds + f as usize].add(y - centre);
            }
            by_fold[f as usize].add(y - centre);
        }
        let encode = |left_out: Option<usize>| -> Vec<f32> {
            let all = join_folds(&by_fold, folds, 0, left_out);
            (0..count)
                .map(|slot| {
                    let level = join_folds(&moments, folds, slot, left_out);
                    single(centre + self.smoothing.encode(level, all))
                })
                .collect()
        };
        let whole = encode(None);
        if folds < 2 {
            // One row: nothing is out of fold, and the mean of no rows is told by the slot of the unseen.
            return (whole.clone(), vec![whole[unseen]; y.len()]);
        }
        let by_left_out: Vec<Vec<f32>> = (0..folds).map(|f| encode(Some(f))).collect();
        let rows = slots.iter().zip(fold).map(|(&slot, &f)| by_left_out[f as usize][slot as usize]).collect();
        (whole, rows)
    }
}

/// For each row its slot: its level's index, then missing, then unseen.
fn slots(input: &Input<'_>, levels: &[String]) -> Vec<u32> {
    let count = levels.len() as u32;
    let slot = |i: u32| match i {
        MISSING => count,
        i if i < count => i,
        _ => count + 1,
    };
    look_up(&input.categories(), levels).into_iter().map(slot).collect()
}

impl Node for TargetEncode {
    type Fitted = TargetMeans;

    fn fit(&self, input: &Input<'_>, target: TargetView<'_>, seed: u64) -> Option<TargetMeans> {
        self.fit_transform(input, target, seed).map(|(fitted, _)| fitted)
    }

    fn fit_transform(
        &self,
        input: &Input<'_>,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<(TargetMeans, Vec<FeatureValues>)> {
        self.fit_levels(input, &LevelCounts::of(&input.categories()), target, seed)
    }
}

impl TargetMeans {
    /// How many means each level has.
    pub(crate) fn outputs(&self) -> usize {
        self.names.len()
    }
}

impl Fitted for TargetMeans {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let slots = slots(input, &self.levels);
        self.means
            .chunks_exact(self.shares.len().max(1))
            .chain([self.shares.as_slice()])
            .map(|of_slot| FeatureValues::Numeric(slots.iter().map(|&s| of_slot[s as usize]).collect()))
            .collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        self.names.iter().map(String::as_str).chain(["frequency"]).map(|n| format!("{input}: {n}")).collect()
    }

    fn validate(&self) -> Result<(), String> {
        levels::validate(&self.levels)?;
        let slots = self.levels.len() + 2;
        let sized =
            self.shares.len() == slots && self.names.len().checked_mul(slots) == Some(self.means.len());
        if sized && self.means.iter().chain(&self.shares).all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err("level means that fitting cannot give".to_owned())
        }
    }
}
