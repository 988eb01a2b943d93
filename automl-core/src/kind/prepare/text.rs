//! Text as numbers: a column for each of the most frequent words, weighted by how rare they are (TF-IDF, as
//! scikit-learn's `TfidfVectorizer`), or words hashed to a fixed number of columns (Weinberger et al., "Feature hashing
//! for large scale multitask learning", 2009). A missing text has no words.

use super::columns::{Changed, Names, chosen, column_fields, input, single_column, whole};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::node::{GramKind, Grams, hash_of};
use crate::numeric::{math::ln, sort_few_by_key};
use crate::table::{Column, ColumnType, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

const TYPES: [ColumnType; 1] = [ColumnType::Text];
const CHOSEN_TYPES: [ColumnType; 2] = [ColumnType::Text, ColumnType::Categorical];
const MOST_COLUMNS: usize = 5000;
/// At most this many texts, evenly spaced, choose the words.
const CHOOSING_TEXTS: usize = 100_000;
/// Once so many different words are known, no new ones are counted.
const MOST_WORDS: usize = 2_000_000;

/// `prepare.text`.
pub struct Text;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Unit {
    Words,
    WordsAndPairs,
    /// Three to five characters in a row inside a word.
    Characters,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Weights {
    /// Words, ascending, with their inverse document frequencies; a column each.
    Words { words: Vec<String>, rarity: Vec<f64> },
    /// By the word's hash.
    Hashed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Weighted {
    name: String,
    weights: Weights,
    /// Of the new columns.
    names: Vec<String>,
}

/// The words that are looked for in each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedText {
    columns: Vec<Weighted>,
    unit: Unit,
    /// Counts enter as 1 + ln(count).
    log_counts: bool,
    /// The text columns stay.
    keep: bool,
}

impl Step for Text {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.text",
            "Text to numbers",
            Group::Prepare,
            Rows::Fitted,
            "Turns text into columns that say which words it has.",
        );
        spec.more = "A word weighs more in a text the more often it is there, and the fewer other texts have it \
            (TF-IDF). The weights of a text have length 1.\nHashed words need no list of words: each falls in one \
            of a fixed number of columns, some together."
            .to_owned();
        spec.words = "tfidf tf-idf bag of words n-gram hashing nlp vectorizer".to_owned();
        spec.fields = column_fields(&CHOSEN_TYPES, "all text columns");
        spec.fields.extend([
            FieldSpec::choice(
                "method",
                "Method",
                "Which columns come out.",
                &[("tfidf", "The most frequent words"), ("hash", "Hashed words")],
            ),
            FieldSpec::choice(
                "unit",
                "Count",
                "What is counted.",
                &[
                    ("words", "Words"),
                    ("pairs", "Words and pairs of words"),
                    ("characters", "3 to 5 characters in a row"),
                ],
            ),
            FieldSpec::integer(
                "size",
                "Columns",
                "How many columns come out of each text column at most.",
                50,
                (1, MOST_COLUMNS as i64),
                (10, 500),
            ),
            FieldSpec::integer(
                "least",
                "Least texts",
                "Words in fewer texts are left out.",
                2,
                (1, 1_000_000),
                (1, 50),
            )
            .only_if("method", &[json!("tfidf")]),
            FieldSpec::flag("log", "Logarithm of counts", "Lets repeated words weigh less.", false)
                .advanced(),
            FieldSpec::flag("keep", "Keep the text", "Keeps the text column beside the new ones.", false),
        ]);
        spec.example = Some(Example::new(
            &[("table", "review,stars\ngood and cheap,5\nbad and dear,1\ngood but dear,4\n")],
            json!({"columns": ["review"], "least": 1, "size": 3}),
            "The review becomes columns for \"and\", \"dear\" and \"good\".",
        ));
        spec
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        _: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        let unit = match given.text("unit").as_str() {
            "pairs" => Unit::WordsAndPairs,
            "characters" => Unit::Characters,
            _ => Unit::Words,
        };
        let size = whole(given, "size", (1, MOST_COLUMNS));
        let least = whole(given, "least", (1, usize::MAX));
        let keep = given.flag("keep");
        let chosen = chosen(given, table, &TYPES, "")?;
        let mut free = Names::beside(table, if keep { &[] } else { &chosen });
        let mut columns = Vec::new();
        for name in chosen {
            let (weights, endings): (_, Vec<String>) = if given.text("method") == "hash" {
                (Weights::Hashed, (1..=size).map(|i| format!("hash {i}")).collect())
            } else {
                let texts = input(table, &name, Some(rows)).texts();
                let (words, rarity) = frequent_words(unit, &texts, size, least);
                let endings = words.iter().map(|w| format!("\"{w}\"")).collect();
                (Weights::Words { words, rarity }, endings)
            };
            let names = endings.into_iter().map(|e| free.free(format!("{name}: {e}"))).collect();
            columns.push(Weighted { name, weights, names });
        }
        Ok(FittedStep::Text(FittedText { columns, unit, log_counts: given.flag("log"), keep }))
    }
}

impl Unit {
    fn grams(self) -> Grams {
        Grams::new(match self {
            Self::Words => GramKind::Words,
            Self::WordsAndPairs => GramKind::WordsAndPairs,
            Self::Characters => GramKind::Characters,
        })
    }
}

/// How often a word is there, in how many texts, and the last of these.
#[derive(Default, Clone, Copy)]
struct Counts {
    times: u64,
    texts: u64,
    last: usize,
}

/// The `size` words that are most often there, of those in at least `least` texts, ascending; with
/// ln((1 + texts) / (1 + texts that have it)) + 1.
fn frequent_words(unit: Unit, texts: &[Option<&str>], size: usize, least: usize) -> (Vec<String>, Vec<f64>) {
    let stride = texts.len().div_ceil(CHOOSING_TEXTS).max(1);
    let mut known: BTreeMap<String, Counts> = BTreeMap::new();
    let mut grams = unit.grams();
    let mut number = 0;
    for text in texts.iter().step_by(stride) {
        number += 1;
        grams.spell(text.unwrap_or(""), |word| {
            if !known.contains_key(word) && known.len() < MOST_WORDS {
                known.insert(word.to_owned(), Counts::default());
            }
            let Some(counts) = known.get_mut(word) else { return };
            counts.times += 1;
            if counts.last != number {
                counts.last = number;
                counts.texts += 1;
            }
        });
    }
    let mut words: Vec<(String, Counts)> =
        known.into_iter().filter(|(_, c)| c.texts >= least as u64).collect();
    sort_few_by_key(&mut words, |(_, counts)| std::cmp::Reverse(counts.times));
    words.truncate(size);
    words.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let rarity = |c: &Counts| ln((1.0 + number as f64) / (1.0 + c.texts as f64)) + 1.0;
    let rarities = words.iter().map(|(_, c)| rarity(c)).collect();
    (words.into_iter().map(|(word, _)| word).collect(), rarities)
}

impl FittedText {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let mut changed = Changed::of(table);
        for column in &self.columns {
            let new = self.columns_of(column, table);
            if self.keep {
                new.into_iter().for_each(|c| changed.add(c));
            } else {
                changed.replace(&column.name, new);
            }
        }
        changed.table()
    }

    fn columns_of(&self, column: &Weighted, table: &Table) -> Vec<Column> {
        let texts = input(table, &column.name, None).texts();
        let size = column.names.len();
        let mut cells = vec![vec![0.0f32; texts.len()]; size];
        let mut grams = self.unit.grams();
        let mut found: Vec<(usize, bool)> = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text.filter(|_| size > 0) else { continue };
            found.clear();
            grams.spell(text, |word| match &column.weights {
                Weights::Words { words, .. } => {
                    if let Ok(at) = words.binary_search_by(|w| w.as_str().cmp(word)) {
                        found.push((at, true));
                    }
                }
                Weights::Hashed => {
                    // The highest bit is the sign, so that words that meet cancel as often as they add.
                    let hash = hash_of(word);
                    found.push(((hash % size as u64) as usize, hash >> 63 == 0));
                }
            });
            found.sort_unstable();
            for (at, x) in self.weigh(column, &found) {
                if let Some(cell) = cells.get_mut(at).and_then(|c| c.get_mut(row)) {
                    *cell = x as f32;
                }
            }
        }
        column.names.iter().zip(cells).map(|(name, cells)| single_column(name, cells)).collect()
    }

    /// Weights of length 1, from columns with signs, ascending.
    fn weigh(&self, column: &Weighted, found: &[(usize, bool)]) -> Vec<(usize, f64)> {
        let mut weights: Vec<(usize, f64)> = Vec::new();
        for run in found.chunk_by(|a, b| a.0 == b.0) {
            let at = run[0].0;
            let count: f64 = run.iter().map(|r| if r.1 { 1.0 } else { -1.0 }).sum();
            let damped =
                |n: f64| if self.log_counts && n != 0.0 { n.signum() * (1.0 + ln(n.abs())) } else { n };
            let rarity = match &column.weights {
                Weights::Words { rarity, .. } => rarity.get(at).copied().unwrap_or(0.0),
                Weights::Hashed => 1.0,
            };
            weights.push((at, damped(count) * rarity));
        }
        let length = weights.iter().map(|w| w.1 * w.1).sum::<f64>().sqrt();
        if length > 0.0 {
            weights.iter_mut().for_each(|w| w.1 /= length);
        }
        weights
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let sound = |c: &Weighted| match &c.weights {
            Weights::Hashed => true,
            Weights::Words { words, rarity } => {
                let sized = words.len() == rarity.len() && words.len() == c.names.len();
                // Twice the largest number of texts' logarithm.
                sized
                    && words.windows(2).all(|w| w[0] < w[1])
                    && rarity.iter().all(|x| (0.0..100.0).contains(x))
            }
        };
        if self.columns.iter().all(|c| c.names.len() <= MOST_COLUMNS && sound(c)) {
            Ok(())
        } else {
            Err("word weights that fitting cannot give".to_owned())
        }
    }
}
