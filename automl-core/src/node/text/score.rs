//! What all words of a text say about the target together: a ridge regression of the target on them, as one feature an
//! output (a class, or the number).
//!
//! A text is its words and word pairs, or the runs of characters of its words, weighted (1 + ln tf)·idf and divided by
//! their Euclidean length, as scikit-learn's `TfidfVectorizer(sublinear_tf=True)`. The regression (classes as 0 and 1)
//! minimises Σ (y − x·w)² + ‖w‖², the target centred, by conjugate gradients on the normal equations (Hestenes and
//! Stiefel, 1952), ended early. As with target encoding, training rows are scored by regressions on the other folds,
//! so that their own target never shows through.

use super::words::{BUCKETS, Grams, Kind};
use crate::node::target_encode::{assign_folds, single};
use crate::node::{FeatureValues, TargetView};
use crate::numeric::{dot, mean};
use crate::numeric::{math::ln, sort_few_by_key};
use serde::{Deserialize, Serialize};

/// Folds by which training rows are scored.
const FOLDS: usize = 5;
/// Of fewer texts nothing is learnt.
const FEWEST_TEXTS: usize = 20;
/// Penalty on the weights; texts have length 1.
const ALPHA: f64 = 1.0;
/// Steps of conjugate gradients, and the share of the first residual's length at which they end.
const MOST_STEPS: usize = 20;
const TOLERANCE: f64 = 1e-2;
/// Words that are weighted, all outputs together, and an output: they are part of every model file.
const MOST_WEIGHTS: usize = 20_000;
const MOST_WORDS: usize = 10_000;
/// Words of training texts that are looked at, times outputs (two at least): beyond, fewer texts are learnt from.
const MOST_CELLS: usize = 3_000_000;
/// Classes that get a feature, the most frequent.
const MOST_OUTPUTS: usize = 10;

/// One output's regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Output {
    name: String,
    /// A text's score is offset + scale · Σ weight · value.
    offset: f64,
    scale: f64,
    /// One a word.
    weights: Vec<f32>,
}

/// Regressions on words and word pairs, or on runs of characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scorer {
    characters: bool,
    /// Ascending.
    buckets: Vec<u32>,
    idf: Vec<f32>,
    outputs: Vec<Output>,
}

/// Rows × words; a row's words ascend.
struct Sparse {
    ends: Vec<usize>,
    cells: Vec<(u32, f32)>,
}

impl Sparse {
    fn row(&self, i: usize) -> &[(u32, f32)] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.cells[start..self.ends[i]]
    }
}

fn times(row: &[(u32, f32)], weights: &[f64]) -> f64 {
    row.iter().map(|&(j, x)| f64::from(x) * weights[j as usize]).sum()
}

/// The weights w that make Σ (y − x·w)² + alpha · ‖w‖² over the rows `rows` of `x` small.
fn ridge(x: &Sparse, rows: &[usize], y: &[f64], words: usize) -> Vec<f64> {
    let add = |total: &mut [f64], i: usize, factor: f64| {
        for &(j, x) in x.row(i) {
            total[j as usize] += factor * f64::from(x);
        }
    };
    let (mut weights, mut residual) = (vec![0.0; words], vec![0.0; words]);
    rows.iter().for_each(|&i| add(&mut residual, i, y[i]));
    let mut direction = residual.clone();
    let mut length = dot(&residual, &residual);
    let enough = TOLERANCE * TOLERANCE * length;
    for _ in 0..MOST_STEPS {
        if !(length > enough && length.is_finite()) {
            break;
        }
        let mut image: Vec<f64> = direction.iter().map(|d| ALPHA * d).collect();
        rows.iter().for_each(|&i| add(&mut image, i, times(x.row(i), &direction)));
        let step = length / dot(&direction, &image);
        weights.iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
        residual.iter_mut().zip(&image).for_each(|(r, q)| *r -= step * q);
        let next = dot(&residual, &residual);
        let turn = next / length;
        direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + turn * *d);
        length = next;
    }
    weights
}

/// Centre and spread of the targets of these rows; `None` where they are all the same.
fn center(y: &[f64], rows: &[usize]) -> Option<(f64, f64)> {
    let values: Vec<f64> = rows.iter().map(|&i| y[i]).collect();
    let offset = mean(&values);
    let squares: Vec<f64> = values.iter().map(|v| (v - offset) * (v - offset)).collect();
    let scale = mean(&squares).sqrt();
    (scale > 1e-12 * offset.abs() && scale.is_finite()).then_some((offset, scale))
}

impl Scorer {
    fn kind(&self) -> Kind {
        if self.characters { Kind::Characters } else { Kind::WordsAndPairs }
    }

    /// Learns from training texts; with each text's scores by regressions that did not see it. `None` where there is
    /// nothing to learn.
    pub fn fit(
        characters: bool,
        texts: &[Option<&str>],
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<(Self, Vec<FeatureValues>)> {
        let outputs = target.outputs(MOST_OUTPUTS);
        let present: Vec<usize> = (0..texts.len()).filter(|&i| texts[i].is_some()).collect();
        let step = step(characters, texts, &present, outputs.len());
        let chosen: Vec<usize> = present.into_iter().step_by(step).collect();
        if chosen.len() < FEWEST_TEXTS {
            return None;
        }
        let mut scorer = Self { characters, buckets: Vec::new(), idf: Vec::new(), outputs: Vec::new() };
        scorer.choose(texts, &chosen, outputs.len());
        let x = scorer.cells(texts, chosen.iter().copied());
        let fold = assign_folds(texts.len(), FOLDS, seed);
        let mut all_scores = Vec::new();
        for output in outputs {
            let y = target.numbers(output, texts.len());
            let learn = |left_out: Option<u32>| {
                let kept = |k: &usize| left_out.is_none_or(|f| fold[chosen[*k]] != f);
                scorer.learn(&x, &(0..chosen.len()).filter(kept).collect::<Vec<_>>(), &chosen, &y)
            };
            let Some(whole) = learn(None) else { continue };
            let by_fold: Option<Vec<Output>> = (0..FOLDS as u32).map(|f| learn(Some(f))).collect();
            let Some(by_fold) = by_fold else { continue };
            all_scores.push(by_fold);
            scorer.outputs.push(Output { name: target.output_name(output), ..whole });
        }
        let mut training = vec![vec![f32::NAN; texts.len()]; all_scores.len()];
        scorer.each(texts, 0..texts.len(), |row, cells| {
            for (values, by_fold) in training.iter_mut().zip(&all_scores) {
                values[row] = by_fold[fold[row] as usize].score(cells);
            }
        });
        let training = training.into_iter().map(|v| FeatureValues::Numeric(v.into())).collect();
        (!scorer.outputs.is_empty()).then_some((scorer, training))
    }

    /// Which words are weighted: the most frequent ones, and how rare they are.
    fn choose(&mut self, texts: &[Option<&str>], chosen: &[usize], outputs: usize) {
        let mut df = vec![0u32; BUCKETS];
        let mut grams = Grams::new(self.kind());
        for &i in chosen {
            grams.count(texts[i].unwrap_or("")).iter().for_each(|(bucket, _)| df[*bucket as usize] += 1);
        }
        let fewest = if self.characters { 3 } else { 2 };
        let mut order: Vec<u32> = (0..BUCKETS as u32).filter(|&b| df[b as usize] >= fewest).collect();
        sort_few_by_key(&mut order, |&b| (std::cmp::Reverse(df[b as usize]), b));
        order.truncate(MOST_WORDS.min(MOST_WEIGHTS / outputs.max(1)));
        order.sort_unstable();
        let n = chosen.len() as f64;
        let idf = |&b: &u32| (ln((1.0 + n) / (1.0 + f64::from(df[b as usize]))) + 1.0) as f32;
        self.idf = order.iter().map(idf).collect();
        self.buckets = order;
    }

    /// Calls `found` with every row of `rows` that has a text, and the text's words and their values.
    fn each(
        &self,
        texts: &[Option<&str>],
        rows: impl Iterator<Item = usize>,
        mut found: impl FnMut(usize, &[(u32, f32)]),
    ) {
        let mut grams = Grams::new(self.kind());
        let mut cells = Vec::new();
        for row in rows {
            let Some(text) = texts[row] else { continue };
            cells.clear();
            for (bucket, count) in grams.count(text) {
                if let Ok(j) = self.buckets.binary_search(&bucket) {
                    let value = (1.0 + ln(f64::from(count))) * f64::from(self.idf[j]);
                    cells.push((j as u32, value as f32));
                }
            }
            let length: f64 = cells.iter().map(|&(_, x)| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
            if length > 0.0 {
                cells.iter_mut().for_each(|(_, x)| *x = (f64::from(*x) / length) as f32);
            }
            found(row, &cells);
        }
    }

    fn cells(&self, texts: &[Option<&str>], rows: impl Iterator<Item = usize>) -> Sparse {
        let mut x = Sparse { ends: Vec::new(), cells: Vec::new() };
        self.each(texts, rows, |_, cells| {
            x.cells.extend_from_slice(cells);
            x.ends.push(x.cells.len());
        });
        x
    }

    /// A regression on the rows `rows` of `x`, which are the texts `chosen`, whose targets are in `y`.
    fn learn(&self, x: &Sparse, rows: &[usize], chosen: &[usize], y: &[f64]) -> Option<Output> {
        let y: Vec<f64> = chosen.iter().map(|&i| y[i]).collect();
        let (offset, scale) = center(&y, rows)?;
        let centred: Vec<f64> = y.iter().map(|y| (y - offset) / scale).collect();
        let weights = ridge(x, rows, &centred, self.buckets.len());
        let weights: Vec<f32> = weights.into_iter().map(single).collect();
        Some(Output { name: String::new(), offset, scale, weights })
    }

    pub fn transform(&self, texts: &[Option<&str>]) -> Vec<FeatureValues> {
        let mut scores = vec![vec![f32::NAN; texts.len()]; self.outputs.len()];
        self.each(texts, 0..texts.len(), |row, cells| {
            for (values, output) in scores.iter_mut().zip(&self.outputs) {
                values[row] = output.score(cells);
            }
        });
        scores.into_iter().map(|v| FeatureValues::Numeric(v.into())).collect()
    }

    pub fn output_names(&self, input: &str) -> Vec<String> {
        let by = if self.characters { "letters" } else { "words" };
        self.outputs.iter().map(|o| format!("{input}: {} by its {by}", o.name)).collect()
    }

    pub fn validate(&self) -> Result<(), String> {
        let words = self.buckets.len();
        let ascending = self.buckets.windows(2).all(|w| w[0] < w[1]);
        // Twice the largest number of texts' logarithm.
        let rare = self.idf.len() == words && self.idf.iter().all(|x| (0.0..100.0).contains(x));
        let sound = |o: &Output| {
            o.weights.len() == words
                && o.weights.iter().all(|w| w.is_finite())
                && o.offset.is_finite()
                && o.scale.is_finite()
        };
        let sized = words <= MOST_WORDS && self.outputs.len() <= MOST_OUTPUTS;
        if ascending && rare && sized && self.outputs.iter().all(sound) {
            Ok(())
        } else {
            Err("word scores that fitting cannot give".to_owned())
        }
    }
}

impl Output {
    fn score(&self, cells: &[(u32, f32)]) -> f32 {
        let sum: f64 = cells.iter().map(|&(j, x)| f64::from(x) * f64::from(self.weights[j as usize])).sum();
        let score = self.offset + self.scale * sum;
        if score.is_nan() { f32::NAN } else { single(score) }
    }
}

/// One in so many texts is learnt from.
fn step(characters: bool, texts: &[Option<&str>], present: &[usize], outputs: usize) -> usize {
    let cells = |&i: &usize| {
        let letters = texts[i].map_or(0, str::len);
        // A word with its blank has some six letters; it is in two pairs, and each of its letters begins three runs.
        if characters { 3 * letters.min(4 * super::words::MOST_CHARACTERS) } else { letters / 3 }
    };
    let all: usize = present.iter().map(cells).sum();
    (all * outputs.max(2)).div_ceil(MOST_CELLS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the normal equations, solved by elimination.
    #[test]
    fn conjugate_gradients_solve_the_normal_equations() {
        let mut rng = crate::numeric::Rng::new(3);
        let dense: Vec<Vec<f64>> = (0..40).map(|_| (0..5).map(|_| rng.normal()).collect()).collect();
        let mut x = Sparse { ends: Vec::new(), cells: Vec::new() };
        for row in &dense {
            x.cells.extend(row.iter().zip(0u32..).map(|(&v, j)| (j, v as f32)));
            x.ends.push(x.cells.len());
        }
        let y: Vec<f64> = dense.iter().map(|r| r[0] - 2.0 * r[3] + 0.1 * rng.normal()).collect();
        let rows: Vec<usize> = (0..30).collect();
        let weights = ridge(&x, &rows, &y, 5);
        // The gradient at the solution is small beside the one at 0.
        let gradient = |w: &[f64]| -> f64 {
            let mut g: Vec<f64> = w.iter().map(|w| ALPHA * w).collect();
            for &i in &rows {
                let error = times(x.row(i), w) - y[i];
                x.row(i).iter().for_each(|&(j, v)| g[j as usize] += error * f64::from(v));
            }
            dot(&g, &g).sqrt()
        };
        assert!(gradient(&weights) <= 1.01 * TOLERANCE * gradient(&[0.0; 5]));
        assert!((weights[3] + 2.0).abs() < 0.2, "{weights:?}");
    }
}
