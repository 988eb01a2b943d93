//! Some of the rows of a fit, in the memory of an executor, and where they are in the tree that is being grown.

use super::executor::Refused;
use super::message::{Part, words_of};
use crate::learner::tree::binning::{Binned, BinnedFeature, Cuts};
use crate::learner::tree::partition::partition;
use crate::learner::tree::store::{Here, LeafAt, Store};

/// Rows of a shard at most.
pub(super) const MOST_ROWS: usize = 1 << 24;
/// Bytes that a shard takes beside its rows.
const BESIDE: usize = 64 << 10;
/// Bytes that a row takes beside its bins: its word, its places, and its leaf.
const ROW_BYTES: usize = 32;
/// Bytes that a feature takes beside its bins: its sums, and what they are summed in.
const FEATURE_BYTES: usize = 8 << 10;

/// See the module.
pub(super) struct Shard {
    here: Here<Binned>,
    /// Bytes of memory that this takes, about.
    pub bytes: u64,
    /// The tree, by its number from 1 on; 0 for none.
    pub tree: u64,
    words: Vec<i64>,
    /// Rows that are not the tree's, ascending.
    outside: Vec<u32>,
    /// Where the rows of each leaf are.
    leaves: Vec<(usize, usize)>,
    parts: Vec<Part>,
    /// The histogram that was summed last.
    pub sums: Vec<i64>,
}

/// Bytes that a shard takes in memory: bins by feature and by row, in whole groups, and of features that share codes.
pub(super) fn bytes_of(rows: usize, bin_counts: &[u16]) -> u64 {
    let features = bin_counts.len();
    let by_row = features / 64 * 64 + (features % 64).div_ceil(8).next_power_of_two() * 8;
    let a_row = (2 * features + by_row + ROW_BYTES) as u64;
    rows as u64 * a_row + (features * FEATURE_BYTES + BESIDE) as u64
}

/// Rows from their blocks.
fn read_blocks(rows: usize, bin_counts: &[u16], blocks: &[u8]) -> Result<Binned, Refused> {
    let broken = Refused::Malformed("the rows of a shard are not whole");
    let feature = |(column, &bin_count): (usize, &u16)| BinnedFeature {
        column: column as u32,
        // What bins mean, only the driver knows.
        cuts: Cuts::Numeric(Vec::new()),
        bin_count: usize::from(bin_count),
        bins: Vec::new(),
        middles: Vec::new(),
    };
    let features: Vec<BinnedFeature> = bin_counts.iter().enumerate().map(feature).collect();
    let mut data = Binned { rows, features, columns: bin_counts.len() };
    if blocks.len() / bin_counts.len() < rows {
        return Err(broken);
    }
    let (mut rest, mut taken) = (blocks, 0);
    while let Some((count, after)) = rest.split_first_chunk::<4>() {
        let count = u32::from_le_bytes(*count) as usize;
        if count == 0 || count > rows - taken {
            return Err(broken);
        }
        let (cells, after) = after.split_at_checked(count * bin_counts.len()).ok_or(broken)?;
        for (feature, bins) in data.features.iter_mut().zip(cells.chunks_exact(count)) {
            if bins.iter().any(|&bin| usize::from(bin) >= feature.bin_count) {
                return Err(Refused::Malformed("a bin is none of its feature's"));
            }
            feature.bins.reserve_exact(if taken == 0 { rows } else { 0 });
            feature.bins.extend_from_slice(bins);
        }
        (rest, taken) = (after, taken + count);
    }
    if taken == rows && rest.is_empty() { Ok(data) } else { Err(broken) }
}

impl Shard {
    /// # Errors
    /// Blocks that are not these rows.
    pub fn new(rows: usize, bin_counts: &[u16], blocks: &[u8], threads: usize) -> Result<Self, Refused> {
        Ok(Self {
            here: Here::new(read_blocks(rows, bin_counts, blocks)?, threads),
            bytes: bytes_of(rows, bin_counts),
            tree: 0,
            words: vec![0; rows],
            outside: Vec::new(),
            leaves: Vec::new(),
            parts: Vec::new(),
            sums: Vec::new(),
        })
    }

    pub fn rows(&self) -> usize {
        self.here.data().rows
    }

    pub fn features(&self) -> &[u32] {
        self.here.features()
    }

    /// Rows of a leaf.
    pub fn rows_of(&self, leaf: usize) -> usize {
        self.leaves.get(leaf).map_or(0, |(start, end)| end - start)
    }

    /// Begins a tree.
    ///
    /// # Errors
    /// Features, rows or words that cannot be; then no tree is begun.
    pub fn begin(
        &mut self,
        tree: u64,
        features: Vec<u32>,
        bag: Option<&[u8]>,
        words: &[u8],
        threads: usize,
    ) -> Result<(), Refused> {
        let data = self.here.data();
        let (rows, count) = (data.rows, data.features.len());
        let known = features.last().is_some_and(|&f| (f as usize) < count);
        if tree == 0 || !known || !features.is_sorted_by(|a, b| a < b) {
            return Err(Refused::Malformed("a tree is on features that there are not"));
        }
        let bag_of = |bits: &[u8]| -> Vec<u32> {
            (0..rows as u32).filter(|&row| bits[row as usize / 8] >> (row % 8) & 1 == 1).collect()
        };
        if bag.is_some_and(|bits| bits.len() != rows.div_ceil(8)) {
            return Err(Refused::Malformed("a tree's rows are not these rows"));
        }
        let bag = bag.map(bag_of);
        let words = words_of(words).filter(|words| words.len() == bag.as_ref().map_or(rows, Vec::len));
        let words = words.ok_or(Refused::Malformed("a tree's rows have other words"))?;
        self.tree = 0;
        let (mut total, mut next) = (0u64, 0..rows as u32);
        let mut places: Box<dyn Iterator<Item = u32>> = match &bag {
            Some(bag) => Box::new(bag.iter().copied()),
            None => Box::new(&mut next),
        };
        for word in words {
            total = total.saturating_add(word.unsigned_abs());
            if let Some(row) = places.next() {
                self.words[row as usize] = word;
            }
        }
        drop(places);
        // No sum of some of them leaves its type.
        if total > i64::MAX.unsigned_abs() {
            return Err(Refused::Malformed("a tree's words are too large"));
        }
        self.outside.clear();
        if let Some(bag) = &bag {
            let mut inside = bag.iter().peekable();
            self.outside.extend((0..rows as u32).filter(|row| inside.next_if_eq(&row).is_none()));
        }
        self.here.threads = threads;
        if self.here.features() != features {
            self.here.use_features(features);
        }
        let end = self.here.begin(bag.as_deref(), &self.words);
        self.leaves.clear();
        self.leaves.push((0, end));
        self.parts.clear();
        self.tree = tree;
        Ok(())
    }

    /// Whether `parts`, of which there were `before` before, go on from what was done here.
    pub fn follows(&self, before: usize, parts: &[Part]) -> bool {
        let done = self.parts.get(before..).unwrap_or(&[]);
        before <= self.parts.len() && done.len() <= parts.len() && done.iter().zip(parts).all(|(a, b)| a == b)
    }

    /// Parts leaves as was not done yet. Each is a leaf that there is, by a feature that there is.
    fn part(&mut self, before: usize, parts: &[Part], threads: usize) {
        self.here.threads = threads;
        for part in parts.iter().skip(self.parts.len() - before) {
            let (start, end) = self.leaves[part.leaf as usize];
            let leaf = LeafAt { number: part.leaf, start, end };
            let new = self.leaves.len() as u32;
            let Ok(left) = self.here.part(leaf, new, (part.feature, &part.side()), 0);
            self.leaves[part.leaf as usize] = (start, start + left);
            self.leaves.push((start + left, end));
            self.parts.push(*part);
        }
    }

    /// Parts leaves, and sums one of them.
    pub fn sum(&mut self, before: usize, parts: &[Part], leaf: usize, threads: usize) {
        self.part(before, parts, threads);
        let (start, end) = self.leaves[leaf];
        let Ok(sums) = self.here.sum(LeafAt { number: leaf as u32, start, end }, &self.words);
        std::mem::swap(&mut self.sums, sums);
    }

    /// Parts leaves; then the leaf of every row, also of those that the tree did not see, in `width` bytes.
    pub fn leaves(&mut self, before: usize, parts: &[Part], width: usize, threads: usize) -> Vec<u8> {
        self.part(before, parts, threads);
        let mut bytes = vec![0; self.rows() * width];
        let mut write = |leaf: usize, rows: &[u32]| {
            let number = (leaf as u32).to_le_bytes();
            for &row in rows {
                bytes[row as usize * width..][..width].copy_from_slice(&number[..width]);
            }
        };
        let ranges: Vec<(usize, usize)> = self.leaves.clone();
        let Ok(inside) = self.here.end(&ranges, &self.words);
        ranges.iter().enumerate().for_each(|(leaf, &(start, end))| write(leaf, &inside[start..end]));
        // The others go the same way, a part at a time.
        let mut outside = std::mem::take(&mut self.outside);
        let mut spare = vec![0; outside.len()];
        let mut leaves = vec![(0, outside.len())];
        for part in &self.parts {
            let (start, end) = leaves[part.leaf as usize];
            let bins = &self.here.data().features[part.feature as usize].bins;
            let left = partition(&mut outside[start..end], bins, &part.side(), &mut spare);
            leaves[part.leaf as usize] = (start, start + left);
            leaves.push((start + left, end));
        }
        leaves.iter().enumerate().for_each(|(leaf, &(start, end))| write(leaf, &outside[start..end]));
        outside.sort_unstable();
        self.outside = outside;
        bytes
    }
}
