//! What a driver and its executors say to each other: postcard, in which bins, words, sums and leaf numbers are bytes, little end
//! first. What an executor reads is untrusted; every bound is checked where it is used ([`super::executor`]).

use crate::learner::tree::partition::Side;
use serde::{Deserialize, Serialize};

/// Changes with every change of what is said.
pub const VERSION: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'m> {
    pub version: u8,
    /// Which fit this is about.
    pub fit: u128,
    #[serde(borrow)]
    pub request: Request<'m>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request<'m> {
    /// Hold these rows. `blocks`: for each block how many rows it has, as four bytes, and their bins, feature by feature.
    Put { shard: u32, rows: u32, bin_counts: Vec<u16>, blocks: &'m [u8] },
    /// Begin a tree. `bag`: a bit a row, from the lowest, where not all rows are the tree's; `words`: of the tree's rows.
    Begin { shard: u32, tree: u64, features: Vec<u32>, bag: Option<&'m [u8]>, words: &'m [u8] },
    /// Part leaves, of which `before` were parted before, and answer what is asked of these shards together, which ascend.
    Go { tree: u64, shards: Vec<u32>, before: u32, parts: Vec<Part>, ask: Ask },
    /// Forget these shards.
    Release { shards: Vec<u32> },
    /// Forget this fit.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// The histogram of a leaf.
    Sum(u32),
    /// The leaf of every row, shard after shard.
    Leaves,
}

/// A leaf that is parted: rows whose bin's bit is set keep its number, the others get the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub leaf: u32,
    pub feature: u32,
    pub left: [u64; 4],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer<'m> {
    Done,
    /// How many rows the leaf has, and its histogram.
    Sums(u64, &'m [u8]),
    /// [`leaf_width`] bytes a row.
    Leaves(&'m [u8]),
}

impl Part {
    pub fn new(leaf: u32, feature: u32, side: &Side) -> Self {
        let mut left = [0; 4];
        side.iter().enumerate().for_each(|(bin, &goes)| left[bin / 64] |= u64::from(goes) << (bin % 64));
        Self { leaf, feature, left }
    }

    pub fn side(&self) -> Side {
        std::array::from_fn(|bin| self.left[bin / 64] >> (bin % 64) & 1 == 1)
    }
}

/// Bytes of a leaf's number, where there are so many.
pub fn leaf_width(leaves: usize) -> usize {
    match leaves {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

pub fn encode(message: &impl Serialize) -> Vec<u8> {
    // Nothing that is said here has a shape that postcard cannot write.
    postcard::to_stdvec(message).unwrap_or_default()
}

/// `None` where it is not one message, whole.
pub fn decode<'m, T: Deserialize<'m>>(bytes: &'m [u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

pub fn words_to_bytes(words: impl ExactSizeIterator<Item = i64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 * words.len());
    words.for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    bytes
}

/// `None` where a word is not whole.
pub fn words_of(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = i64>> {
    let (words, rest) = bytes.as_chunks::<8>();
    rest.is_empty().then(|| words.iter().map(|word| i64::from_le_bytes(*word)))
}
