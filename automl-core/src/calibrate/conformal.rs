//! Conformal prediction: intervals of numbers and sets of classes that hold the truth with a given probability,
//! whatever the model and the distribution, as long as new rows are drawn as the old ones were.
//!
//! Numbers have the score |y − ŷ| and the intervals of CV+ (Barber, Candès, Ramdas and Tibshirani, "Predictive
//! inference with the jackknife+", Annals of Statistics 49, 2021, section 3): the row's prediction by the model that
//! did not see training row i, plus and minus the score of row i, gives one lower and one upper end for each i; the
//! interval runs from the ⌈(n + 1)(1 − α)⌉-th highest of the lower ends to the ⌈(n + 1)(1 − α)⌉-th lowest of the
//! upper ones. Where errors grow or shrink with the prediction, scores and ends are in units of a [`Scale`].
//!
//! Classes have the score 1 − p(y), that of Sadinle, Lei and Wasserman ("Least ambiguous set-valued classifiers",
//! JASA 114, 2019), whose sets are the smallest on average; adaptive sets (Romano, Sesia and Candès, 2020) are larger
//! and need a random draw for each row. The set of CV+ is that of equation (10) of Romano, Sesia and Candès,
//! "Classification with valid and adaptive coverage", NeurIPS 2020, with this score. The most likely class is always in it.
//!
//! What is promised, for rows that are exchangeable: with one list of scores (a hold-out; split conformal, Vovk,
//! Gammerman and Shafer, 2005) at least 1 − α; with k folds of n rows at least 1 − 2α − min(2(1 − 1/k)/(n/k + 1),
//! (1 − k/n)/(k + 1)), and 1 − α in all but made-up cases. The promise is for rows on average, not for every kind of row.

use super::scale::Scale;
use serde::{Deserialize, Serialize};

/// Scores kept. More would not change the third digit of a coverage.
const MOST_KEPT: usize = 1_000;
/// So that 10 × 0.9 is not a hair more than 9.
const ROUNDING: f64 = 1e-9;
/// Of the stretch that an end is looked for in.
const HALVINGS: u32 = 24;

/// Why a level cannot be promised.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LevelError {
    #[error("a level lies between 0 and 1")]
    NoLevel,
    /// `most`: the highest level that can be promised.
    #[error("the level is higher than the rows allow, at most {most}")]
    TooHigh { most: f64 },
}

/// The score that decides at a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// ⌈(n + 1) · level⌉, from 1.
    pub place: usize,
    /// The score of that place among all.
    score: f64,
}

/// Conformity scores of out-of-fold predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// For each fold the scores of the rows that it did not learn from, ascending. One list alone goes with the
    /// mean of the folds. Of many rows only every w-th score is kept, counted from the highest: it stands for the
    /// w − 1 below it too, so that intervals are never too narrow.
    scores: Vec<Vec<f64>>,
    /// Rows that the scores are of.
    rows: u64,
    /// What the scores of numbers are in units of; `None`: in the target's own, as in files of before version 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<Scale>,
}

/// ⌈(n + 1) · level⌉, from 1.
pub(super) fn place(n: usize, level: f64) -> usize {
    ((n as f64 + 1.0) * level - ROUNDING).ceil().max(1.0) as usize
}

impl Conformal {
    /// `scores`: for each fold, of each of its rows, in any order. `None` without rows, or where a score is not
    /// finite.
    pub fn new(scores: Vec<Vec<f64>>) -> Option<Self> {
        let rows: usize = scores.iter().map(Vec::len).sum();
        if scores.iter().any(Vec::is_empty) || rows == 0 || scores.iter().flatten().any(|s| !s.is_finite()) {
            return None;
        }
        let step = rows.div_ceil(MOST_KEPT).max(1);
        let kept = |mut fold: Vec<f64>| {
            fold.sort_unstable_by(f64::total_cmp);
            let mut kept: Vec<f64> = fold.into_iter().rev().step_by(step).collect();
            kept.reverse();
            kept
        };
        Some(Self { scores: scores.into_iter().map(kept).collect(), rows: rows as u64, scale: None })
    }

    /// Of numbers, with intervals as wide as predictions like theirs are off, where there are rows enough to say so.
    /// `predicted`, `errors`: for each fold, of each of its rows; the errors are absolute. `None` as for [`Conformal::new`].
    pub fn scaled(predicted: &[Vec<f64>], errors: Vec<Vec<f64>>) -> Option<Self> {
        let Some(scale) = Scale::fit(&predicted.concat(), &errors.concat()) else { return Self::new(errors) };
        let folds = predicted.iter().zip(&errors);
        let scores = folds.map(|(p, e)| p.iter().zip(e).map(|(p, e)| e / scale.of(*p)).collect()).collect();
        let scaled = Self::new(scores).map(|conformal| Self { scale: Some(scale), ..conformal });
        // Errors near the smallest number there is may have no finite ratio.
        scaled.or_else(|| Self::new(errors))
    }

    /// Whether what was read from a file can be used.
    pub fn is_sound(&self) -> bool {
        let ascending = |s: &Vec<f64>| s.windows(2).all(|w| w[0] <= w[1]);
        !self.scores.is_empty()
            && self.scale.as_ref().is_none_or(Scale::is_sound)
            && self.scores.iter().all(|s| !s.is_empty() && ascending(s) && s.iter().all(|v| v.is_finite()))
    }

    /// How many predictions a row needs: one for each fold, or the mean alone.
    pub fn folds(&self) -> usize {
        self.scores.len()
    }

    /// Rows that the scores are of.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn kept(&self) -> usize {
        self.scores.iter().map(Vec::len).sum()
    }

    /// Which score decides at `level`.
    ///
    /// # Errors
    /// A level that is none, or for which there are too few rows.
    pub fn rank(&self, level: f64) -> Result<Rank, LevelError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(LevelError::NoLevel);
        }
        let n = self.kept();
        let place = place(n, level);
        if place > n {
            let most = n as f64 / (n as f64 + 1.0);
            return Err(LevelError::TooHigh { most: (most * 1000.0).floor() / 1000.0 });
        }
        let mut all: Vec<f64> = self.scores.concat();
        all.sort_unstable_by(f64::total_cmp);
        Ok(Rank { place, score: all[place - 1] })
    }

    /// The least share of rows held that is proven for `level` (Barber et al., 2021, Theorem 4), where the scores are of the
    /// models that predict. As the models were also chosen on these rows, which the theorem does not know of, it is held
    /// against the locked rows. `None` with a scale, which is fitted on the scores themselves.
    pub fn guarantee(&self, level: f64) -> Option<f64> {
        let (k, n) = (self.scores.len() as f64, self.rows as f64);
        if self.scale.is_some() {
            return None;
        }
        if self.scores.len() == 1 {
            return Some(level);
        }
        let excess = (2.0 * (1.0 - 1.0 / k) / (n / k + 1.0)).min((1.0 - k / n) / (k + 1.0));
        Some((1.0 - 2.0 * (1.0 - level) - excess).max(0.0))
    }

    /// Ends of the interval of one row. `centres`: its prediction by the models of each fold.
    pub fn interval(&self, centres: &[f64], rank: Rank) -> (f64, f64) {
        let unit = |centre: &f64| self.scale.as_ref().map_or(1.0, |scale| scale.of(*centre));
        let units: Vec<f64> = centres.iter().map(unit).collect();
        // The highest of the lower ends are the lowest of their opposites.
        let low = -self.end(&|k| (-centres[k], units[k]), rank);
        let high = self.end(&|k| (centres[k], units[k]), rank);
        // With few folds that disagree the two can cross; then nothing between them is excluded.
        if low <= high { (low, high) } else { (high, low) }
    }

    /// The lowest of centre + score · unit, over all folds and scores, but for `rank` − 1. `of`: a fold's centre and unit.
    fn end(&self, of: &dyn Fn(usize) -> (f64, f64), rank: Rank) -> f64 {
        let folds = || {
            self.scores.iter().enumerate().map(|(k, scores)| {
                let (centre, unit) = of(k);
                (centre, unit, scores)
            })
        };
        let up_to = |t: f64| folds().map(|(c, u, s)| s.partition_point(|s| c + s * u <= t)).sum::<usize>();
        // With one centre and unit for all folds the end would be at this score, so it lies between these two.
        let each = || folds().map(|(c, u, _)| c + rank.score * u);
        let (mut low, mut high) =
            (each().fold(f64::INFINITY, f64::min), each().fold(f64::NEG_INFINITY, f64::max));
        if up_to(low) >= rank.place {
            return low;
        }
        for _ in 0..HALVINGS {
            let middle = low + (high - low) / 2.0;
            if up_to(middle) >= rank.place {
                high = middle;
            } else {
                low = middle;
            }
        }
        // Few are left between the two: the next above, until enough lie below.
        loop {
            let above =
                folds().filter_map(|(c, u, s)| Some(c + s.get(s.partition_point(|s| c + s * u <= low))? * u));
            let next = above.fold(f64::INFINITY, f64::min);
            if next.is_infinite() || up_to(next) >= rank.place {
                return next;
            }
            low = next;
        }
    }

    /// Which classes are in the set of one row. `probabilities`: its probabilities by the models of each fold, one
    /// after the other, folds × classes; `mean`: what is told as the row's probabilities; `rank`: of [`Conformal::rank`].
    pub fn set(&self, probabilities: &[f64], mean: &[f64], rank: Rank) -> Vec<bool> {
        let classes = mean.len();
        let likeliest = crate::metric::most_likely(mean) as usize;
        (0..classes)
            .map(|class| {
                let folds = self.scores.iter().zip(probabilities.chunks(classes.max(1)));
                let below: usize = folds.map(|(s, p)| s.partition_point(|&v| v < 1.0 - p[class])).sum();
                below < rank.place || class == likeliest
            })
            .collect()
    }
}
