//! Words and word pairs of a text, hashed to buckets.

/// Number of buckets; a power of two.
pub(super) const BUCKETS: usize = 1 << 18;
/// Words of a text beyond this many are not read.
const MOST_WORDS: usize = 2_000;

/// Buckets of a text with their counts, ascending.
pub(super) type Counted = Vec<(u32, u32)>;

/// Reads texts; keeps its buffers from one to the next.
pub(super) struct Grams {
    pairs: bool,
    lower: String,
    found: Vec<u32>,
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3))
}

const HASH_START: u64 = 0xCBF2_9CE4_8422_2325;

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

impl Grams {
    pub(super) fn new(longest_gram: u32) -> Self {
        Self { pairs: longest_gram > 1, lower: String::new(), found: Vec::new() }
    }

    /// Calls `found` with the bucket of every word and word pair of `text`, and a way to get its spelling in
    /// lower case.
    pub(super) fn each(&mut self, text: &str, mut found: impl FnMut(u32, &dyn Fn() -> String)) {
        self.lower.clear();
        self.lower.extend(text.chars().flat_map(char::to_lowercase));
        let mut last: Option<(&str, u64)> = None;
        for word in words(&self.lower) {
            let h = hash(HASH_START, word.as_bytes());
            found(bucket(h), &|| word.to_owned());
            if let Some((before, before_hash)) = last.filter(|_| self.pairs) {
                let pair = hash(hash(before_hash, b" "), word.as_bytes());
                found(bucket(pair), &|| format!("{before} {word}"));
            }
            last = Some((word, h));
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
        Grams::new(2).each("Größe: ÄB-12 größe", |_, word| seen.push(word()));
        assert_eq!(seen, ["größe", "äb", "größe äb", "12", "äb 12", "größe", "12 größe"]);
        assert_eq!(Grams::new(1).count("a b a").iter().map(|(_, n)| n).sum::<u32>(), 3);
        assert_eq!(count_words(" ,;"), 0);
    }
}
