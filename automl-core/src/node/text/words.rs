//! Words and word pairs of a text, or runs of characters inside its words, hashed to buckets.

/// Number of buckets; a power of two.
pub(super) const BUCKETS: usize = 1 << 18;
/// Words of a text beyond this many are not read.
const MOST_WORDS: usize = 2_000;
/// Characters of a text beyond this many are not read where runs of them count.
pub(super) const MOST_CHARACTERS: usize = 300;
/// Lengths of runs of characters.
const SHORTEST_RUN: usize = 3;
const LONGEST_RUN: usize = 5;

/// Buckets of a text with their counts, ascending.
pub(super) type Counted = Vec<(u32, u32)>;

/// What is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Words,
    WordsAndPairs,
    /// Three to five characters in a row of a word between blanks, the blanks included, as scikit-learn's
    /// `analyzer="char_wb"`.
    Characters,
}

/// Reads texts; keeps its buffers from one to the next.
pub(crate) struct Grams {
    kind: Kind,
    lower: String,
    found: Vec<u32>,
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3))
}

const HASH_START: u64 = 0xCBF2_9CE4_8422_2325;

/// The hash of a spelling, its bits mixed.
pub(crate) fn hash_of(spelling: &str) -> u64 {
    let h = hash(HASH_START, spelling.as_bytes());
    h ^ (h >> 32)
}

fn bucket(h: u64) -> u32 {
    ((h ^ (h >> 32)) & (BUCKETS as u64 - 1)) as u32
}

/// Runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).take(MOST_WORDS)
}

pub(super) fn count_words(text: &str) -> usize {
    words(text).count()
}

/// Calls `found` with every run of characters of the words of `lower`. A word shorter than a run, its blanks included, is
/// one run, once.
fn each_run(lower: &str, mut found: impl FnMut(&str)) {
    let (mut padded, mut starts) = (String::new(), Vec::new());
    let mut left = MOST_CHARACTERS;
    for word in lower.split_whitespace() {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars().take(left));
        padded.push(' ');
        starts.clear();
        starts.extend(padded.char_indices().map(|(at, _)| at).chain([padded.len()]));
        let characters = starts.len() - 1;
        left = left.saturating_sub(characters - 2);
        for length in SHORTEST_RUN..=LONGEST_RUN {
            let length = length.min(characters);
            for first in 0..=characters - length {
                found(&padded[starts[first]..starts[first + length]]);
            }
            if characters <= length {
                break;
            }
        }
        if left == 0 {
            break;
        }
    }
}

impl Grams {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, lower: String::new(), found: Vec::new() }
    }

    /// Calls `found` with the bucket of everything that is looked for in `text`, and a way to get its spelling in
    /// lower case.
    pub(super) fn each(&mut self, text: &str, mut found: impl FnMut(u32, &dyn Fn() -> String)) {
        self.lower.clear();
        self.lower.extend(text.chars().flat_map(char::to_lowercase));
        if self.kind == Kind::Characters {
            return each_run(&self.lower, |run| {
                found(bucket(hash(HASH_START, run.as_bytes())), &|| run.to_owned());
            });
        }
        let mut last: Option<(&str, u64)> = None;
        for word in words(&self.lower) {
            let h = hash(HASH_START, word.as_bytes());
            found(bucket(h), &|| word.to_owned());
            if let Some((before, before_hash)) = last.filter(|_| self.kind == Kind::WordsAndPairs) {
                let pair = hash(hash(before_hash, b" "), word.as_bytes());
                found(bucket(pair), &|| format!("{before} {word}"));
            }
            last = Some((word, h));
        }
    }

    /// Calls `found` with the spelling, in lower case, of everything that is looked for in `text`.
    pub(crate) fn spell(&mut self, text: &str, mut found: impl FnMut(&str)) {
        self.lower.clear();
        self.lower.extend(text.chars().flat_map(char::to_lowercase));
        if self.kind == Kind::Characters {
            return each_run(&self.lower, found);
        }
        let mut pair = String::new();
        let mut last: Option<&str> = None;
        for word in words(&self.lower) {
            found(word);
            if let Some(before) = last.filter(|_| self.kind == Kind::WordsAndPairs) {
                pair.clear();
                pair.extend([before, " ", word]);
                found(&pair);
            }
            last = Some(word);
        }
    }

    pub(super) fn count(&mut self, text: &str) -> Counted {
        let mut all = std::mem::take(&mut self.found);
        all.clear();
        self.each(text, |bucket, _| all.push(bucket));
        all.sort_unstable();
        let counted = all.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u32)).collect();
        self.found = all;
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_in_lower_case() {
        let mut seen = Vec::new();
        Grams::new(Kind::WordsAndPairs).each("Größe: ÄB-12 größe", |_, word| seen.push(word()));
        assert_eq!(seen, ["größe", "äb", "größe äb", "12", "äb 12", "größe", "12 größe"]);
        let mut spelled = Vec::new();
        Grams::new(Kind::WordsAndPairs)
            .spell("Größe: ÄB-12 größe", |word| spelled.push(word.to_owned()));
        assert_eq!(seen, spelled);
        assert_eq!(Grams::new(Kind::Words).count("a b a").iter().map(|(_, n)| n).sum::<u32>(), 3);
        assert_eq!(count_words(" ,;"), 0);
    }

    /// As scikit-learn's analyzer gives them: `tests/golden/nodes.json`.
    #[test]
    fn runs_of_characters_are_those_of_the_oracle() {
        let golden = include_str!("../../../../tests/golden/nodes.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let mut seen = Vec::new();
        Grams::new(Kind::Characters).each(golden["runs_of"].as_str().unwrap(), |_, run| seen.push(run()));
        let runs = golden["runs"].as_array().unwrap();
        let expected: Vec<&str> = runs.iter().filter_map(serde_json::Value::as_str).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn runs_of_characters_inside_words() {
        let mut seen = Vec::new();
        Grams::new(Kind::Characters).each("Äb a  defg,", |_, run| seen.push(run()));
        let expected = [
            " äb", "äb ", " äb ", " a ", " de", "def", "efg", "fg,", "g, ", " def", "defg", "efg,", "fg, ",
            " defg", "defg,", "efg, ",
        ];
        assert_eq!(seen, expected);
        assert_eq!(Grams::new(Kind::Characters).count("").len(), 0);
    }

    proptest::proptest! {
        /// Any text is read without a panic, and no more of it than is said.
        #[test]
        fn any_text_is_read(text in ".{0,400}", times in 1usize..8) {
            let long = text.repeat(times);
            let mut runs = 0;
            each_run(&long, |run| {
                assert!((1..=LONGEST_RUN).contains(&run.chars().count()));
                runs += 1;
            });
            // A word of n characters has n + 2 with its blanks and at most as many runs of each length.
            assert!(runs <= 3 * 3 * MOST_CHARACTERS);
            for kind in [Kind::Words, Kind::WordsAndPairs, Kind::Characters] {
                let counted = Grams::new(kind).count(&long);
                assert!(counted.windows(2).all(|w| w[0].0 < w[1].0));
            }
        }
    }
}
