//! Text as numbers: the weights of the words and word pairs that tell most about the target, and its length.
//!
//! Words are hashed to buckets (Weinberger et al., 2009). Among the buckets that occur in enough training texts,
//! those whose presence goes most with the target are kept (squared standardised difference of the target
//! between texts with and without it, which for classes is the χ² statistic). A text's weight for a bucket is
//! (1 + ln tf)·idf with idf = ln((1 + n) / (1 + df)) + 1, as scikit-learn's `TfidfVectorizer(sublinear_tf=True,
//! norm=None)`.
//!
//! Beside these, regressions on all words, and on the runs of characters of short texts, give scores ([`score`]).

mod score;
mod words;

use super::{FeatureValues, Fitted, Input, Node, TargetView};
use crate::numeric::mean;
use crate::numeric::{math::ln, sort_few_by};
use score::Scorer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::{BUCKETS, Counted};
pub(crate) use words::{Grams, Kind, hash_of};

/// At most this many training texts, evenly spaced, choose the words.
const CHOOSING_TEXTS: usize = 20_000;
/// Words that this share of the texts or more have say little.
const TOO_COMMON: f64 = 0.95;
/// At most this many classes are asked for what a word tells about them.
const CHOOSING_CLASSES: usize = 10;
/// Texts of more characters than this, in the mean, have no scores by runs of characters: they add nothing to the words'
/// and take most of the time.
const SHORT_TEXT: usize = 200;
/// More outputs than this are no sensible recipe.
const MOST_FEATURES: usize = 10_000;

/// Configuration of what becomes of a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TextFeatures {
    /// How many words and word pairs are kept at most.
    pub words: u32,
    /// Longest run of words that counts as one: 1 or 2.
    pub longest_gram: u32,
    /// Words in fewer texts are left out.
    pub min_texts: u32,
    /// Whether what all words say together, by regressions on words and word pairs and, of short texts, on runs of
    /// characters, is a feature too.
    pub scores: bool,
}

impl Default for TextFeatures {
    fn default() -> Self {
        Self { words: 50, longest_gram: 2, min_texts: 5, scores: true }
    }
}

/// One word or word pair that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    bucket: u32,
    idf: f64,
    /// The first word of a training text that fell in the bucket.
    word: String,
}

/// The words that are kept, ascending by bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedText {
    longest_gram: u32,
    kept: Vec<Kept>,
}

/// The words that are kept, and what all of them say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredText {
    words: FittedText,
    scorers: Vec<Scorer>,
}

fn words_of(longest_gram: u32) -> Grams {
    Grams::new(if longest_gram > 1 { Kind::WordsAndPairs } else { Kind::Words })
}

/// For each candidate bucket Σ over `targets` of the squared standardised difference of the target between
/// the texts that have the bucket and all.
fn associate(texts: &[Counted], candidates: &[u32], targets: &[Vec<f64>]) -> Vec<f64> {
    let n = texts.len() as f64;
    let mut score = vec![0.0; candidates.len()];
    for y in targets {
        let centre = mean(y);
        let variance = mean(&y.iter().map(|v| (v - centre) * (v - centre)).collect::<Vec<_>>());
        let (mut sums, mut df) = (vec![0.0; candidates.len()], vec![0.0; candidates.len()]);
        for (text, v) in texts.iter().zip(y) {
            for (bucket, _) in text {
                if let Ok(i) = candidates.binary_search(bucket) {
                    sums[i] += v - centre;
                    df[i] += 1.0;
                }
            }
        }
        for i in 0..candidates.len() {
            let by_chance = df[i] * (1.0 - df[i] / n) * variance;
            if by_chance > 0.0 {
                score[i] += sums[i] * sums[i] / by_chance;
            }
        }
    }
    score
}

impl TextFeatures {
    /// Buckets and document frequencies of the words to keep, ascending by bucket.
    fn choose(&self, texts: &[Counted], targets: &[Vec<f64>]) -> Vec<(u32, u32)> {
        let mut df = vec![0u32; BUCKETS];
        for (bucket, _) in texts.iter().flatten() {
            df[*bucket as usize] += 1;
        }
        let most = (texts.len() as f64 * TOO_COMMON) as u32;
        let candidates: Vec<u32> = (0..BUCKETS as u32)
            .filter(|&b| (self.min_texts.max(1)..=most).contains(&df[b as usize]))
            .collect();
        let score = associate(texts, &candidates, targets);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        sort_few_by(&mut order, |&a, &b| {
            score[b].total_cmp(&score[a]).then(candidates[a].cmp(&candidates[b]))
        });
        order.truncate((self.words as usize).min(MOST_FEATURES));
        let mut kept: Vec<(u32, u32)> =
            order.iter().map(|&i| (candidates[i], df[candidates[i] as usize])).collect();
        kept.sort_unstable();
        kept
    }

    /// Words and scores, with the features of the training rows.
    pub(crate) fn fit_scored(
        &self,
        input: &Input<'_>,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<(ScoredText, Vec<FeatureValues>)> {
        let (words, mut training) = self.fit_transform(input, target, seed)?;
        let texts = input.texts();
        let length: usize = texts.iter().flatten().map(|text| text.chars().count()).sum();
        let short = length <= SHORT_TEXT * texts.iter().flatten().count();
        let mut scorers = Vec::new();
        for characters in [false, true].into_iter().take(1 + usize::from(short)) {
            if let Some((scorer, scores)) = Scorer::fit(characters, &texts, target, seed) {
                training.extend(scores);
                scorers.push(scorer);
            }
        }
        Some((ScoredText { words, scorers }, training))
    }
}

impl Node for TextFeatures {
    type Fitted = FittedText;

    fn fit(&self, input: &Input<'_>, target: TargetView<'_>, _: u64) -> Option<FittedText> {
        let texts = input.texts();
        if texts.windows(2).all(|w| w[0] == w[1]) {
            return None;
        }
        let step = texts.len().div_ceil(CHOOSING_TEXTS).max(1);
        let chosen: Vec<usize> = (0..texts.len()).step_by(step).filter(|&i| texts[i].is_some()).collect();
        let mut grams = words_of(self.longest_gram);
        let counted: Vec<Counted> = chosen.iter().map(|&i| grams.count(texts[i].unwrap_or(""))).collect();
        let targets: Vec<Vec<f64>> = target
            .outputs(CHOOSING_CLASSES)
            .into_iter()
            .map(|output| {
                let all = target.numbers(output, texts.len());
                chosen.iter().map(|&i| all[i]).collect()
            })
            .collect();
        let kept = self.choose(&counted, &targets);
        let mut words: BTreeMap<u32, String> = kept.iter().map(|&(b, _)| (b, String::new())).collect();
        let mut unnamed = words.len();
        for &i in &chosen {
            if unnamed == 0 {
                break;
            }
            grams.each(texts[i].unwrap_or(""), |bucket, word| {
                if let Some(name) = words.get_mut(&bucket).filter(|name| name.is_empty()) {
                    *name = word();
                    unnamed -= 1;
                }
            });
        }
        let n = chosen.len() as f64;
        let kept = kept
            .into_iter()
            .map(|(bucket, df)| Kept {
                bucket,
                idf: ln((1.0 + n) / (1.0 + f64::from(df))) + 1.0,
                word: words.remove(&bucket).unwrap_or_default(),
            })
            .collect();
        Some(FittedText { longest_gram: self.longest_gram, kept })
    }
}

impl Fitted for FittedText {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let texts = input.texts();
        let mut grams = words_of(self.longest_gram);
        let buckets: Vec<u32> = self.kept.iter().map(|k| k.bucket).collect();
        let mut weights = vec![vec![0.0f32; texts.len()]; buckets.len()];
        let (mut characters, mut words) = (vec![f32::NAN; texts.len()], vec![f32::NAN; texts.len()]);
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            for (bucket, count) in grams.count(text) {
                if let Ok(k) = buckets.binary_search(&bucket) {
                    weights[k][row] = ((1.0 + ln(f64::from(count))) * self.kept[k].idf) as f32;
                }
            }
            characters[row] = text.chars().count() as f32;
            words[row] = words::count_words(text) as f32;
        }
        weights.into_iter().chain([characters, words]).map(|v| FeatureValues::Numeric(v.into())).collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        let of_word = self.kept.iter().map(|k| format!("{input}: \"{}\"", k.word));
        of_word.chain([format!("{input}: characters"), format!("{input}: words")]).collect()
    }

    fn validate(&self) -> Result<(), String> {
        let ascending = self.kept.windows(2).all(|w| w[0].bucket < w[1].bucket);
        let sound = self.kept.iter().all(|k| k.idf.is_finite() && k.idf.abs() < 1e6);
        if ascending && sound && self.kept.len() <= MOST_FEATURES {
            Ok(())
        } else {
            Err("word weights that fitting cannot give".to_owned())
        }
    }
}

impl Fitted for ScoredText {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let texts = input.texts();
        let scores = self.scorers.iter().flat_map(|scorer| scorer.transform(&texts));
        self.words.transform(input).into_iter().chain(scores).collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        let scores = self.scorers.iter().flat_map(|scorer| scorer.output_names(input));
        self.words.output_names(input).into_iter().chain(scores).collect()
    }

    fn validate(&self) -> Result<(), String> {
        self.words.validate()?;
        if self.scorers.len() > 2 {
            return Err("more word scores than fitting can give".to_owned());
        }
        self.scorers.iter().try_for_each(Scorer::validate)
    }
}
