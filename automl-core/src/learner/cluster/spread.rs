//! The driver's side: rows that executors hold, as the grower of a tree sees them.
//!
//! Leaves are parted by what histograms say of their sides, so that nobody need be asked: parts go along with the next
//! question. A shard is wherever it was put last; who holds it not, or not with this tree, is brought to where the tree is,
//! by the words of the tree and all its parts, before it is asked.

use super::crew::{Crew, Cut};
use super::message::{Answer, Ask, Part, Request, leaf_width, words_of, words_to_bytes};
use super::{Cluster, Lost, Refusal};
use crate::learner::parts::Shelf;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::packing::within;
use crate::learner::tree::partition::Side;
use crate::learner::tree::shape::Shape;
use crate::learner::tree::store::{LeafAt, Store, sum_left};

/// Leaf numbers that are asked for at once, in bytes.
const LEAVES_AT_ONCE: usize = 16 << 20;

/// Rows that the executors of a cluster hold. Shard `n` lies on the shelf at place `n`.
pub struct Spread<'c> {
    crew: Crew<'c>,
    cut: Cut,
    parts: Vec<Part>,
    features: Vec<u32>,
    offsets: Vec<usize>,
    /// The tree's rows, where they are not all.
    bag: Option<Vec<u32>>,
    /// The tree's rows, leaf by leaf, once it has ended; the leaf of every row; a histogram.
    rows: Vec<u32>,
    leaf_of: Vec<u32>,
    sums: Vec<i64>,
}

impl<'c> Spread<'c> {
    pub fn new(data: &Binned, cut: Cut, cluster: &'c mut dyn Cluster, shelf: &'c mut dyn Shelf) -> Self {
        Self {
            crew: Crew::new(data, cut, cluster, shelf),
            cut,
            parts: Vec::new(),
            features: Vec::new(),
            offsets: Vec::new(),
            bag: None,
            rows: Vec::new(),
            leaf_of: vec![0; cut.rows],
            sums: Vec::new(),
        }
    }

    /// Tells those shards of the tree that have not heard of it; whether all have now.
    fn bring_up(&mut self, open: &[usize], words: &[i64]) -> bool {
        let mut left: Vec<usize> =
            open.iter().copied().filter(|&shard| self.crew.at[shard].tree != self.crew.tree).collect();
        while !left.is_empty() {
            let mut next: Vec<(usize, usize)> = Vec::new();
            for &shard in &left {
                let Some(member) = self.crew.at[shard].holder else { return false };
                if next.iter().all(|&(_, taken)| taken != member) {
                    next.push((shard, member));
                }
            }
            let messages: Vec<(usize, Vec<u8>)> =
                next.iter().map(|&(shard, member)| (member, self.begin_message(shard, words))).collect();
            let answers = self.crew.cluster.ask(messages);
            for (&(shard, member), answer) in next.iter().zip(&answers) {
                if self.crew.check(member, answer).is_some() {
                    (self.crew.at[shard].tree, self.crew.at[shard].told) = (self.crew.tree, 0);
                    left.retain(|&other| other != shard);
                }
            }
        }
        true
    }

    fn begin_message(&self, shard: usize, words: &[i64]) -> Vec<u8> {
        let (start, end) = self.cut.range(shard);
        let (tree, features, number) = (self.crew.tree, self.features.clone(), shard as u32);
        let Some(bag) = &self.bag else {
            let words = words_to_bytes(words[start..end].iter().copied());
            return self.crew.message(Request::Begin {
                shard: number,
                tree,
                features,
                bag: None,
                words: &words,
            });
        };
        let rows = within(bag, start, end);
        let mut bits = vec![0u8; (end - start).div_ceil(8)];
        for row in rows.iter().map(|&row| row as usize - start) {
            bits[row / 8] |= 1 << (row % 8);
        }
        let words = words_to_bytes(rows.iter().map(|&row| words[row as usize]));
        self.crew.message(Request::Begin { shard: number, tree, features, bag: Some(&bits), words: &words })
    }

    /// Asks all executors, `at_once` shards of each at a time, until each shard has been answered for: `take(shards, answer)`
    /// says whether an answer is of the kind and size that it should have.
    fn ask(
        &mut self,
        ask: Ask,
        at_once: usize,
        words: &[i64],
        take: &mut dyn FnMut(&mut Self, &[u32], Answer<'_>) -> bool,
    ) -> Result<(), Lost> {
        let mut open: Vec<usize> = (0..self.crew.at.len()).collect();
        while !open.is_empty() {
            self.crew.place()?;
            if !self.bring_up(&open, words) {
                continue;
            }
            let mut groups: Vec<(usize, Vec<u32>)> = Vec::new();
            for &shard in &open {
                let Some(member) = self.crew.at[shard].holder else { continue };
                match groups.iter_mut().find(|(of, _)| *of == member) {
                    Some((_, shards)) if shards.len() < at_once => shards.push(shard as u32),
                    Some(_) => {}
                    None => groups.push((member, vec![shard as u32])),
                }
            }
            let messages: Vec<(usize, Vec<u8>)> =
                groups.iter().map(|(member, shards)| (*member, self.go_message(shards, ask))).collect();
            let answers = self.crew.cluster.ask(messages);
            for ((member, shards), answer) in groups.iter().zip(&answers) {
                let Some(answer) = self.crew.check(*member, answer) else { continue };
                if !take(self, shards, answer) {
                    self.crew.refused(*member, Refusal::Gone("it answers something else".to_owned()));
                    continue;
                }
                self.crew.waits = 0;
                let member = &mut self.crew.members[*member];
                (member.strikes, member.pause) = (0, 0);
                shards.iter().for_each(|&shard| self.crew.at[shard as usize].told = self.parts.len());
                open.retain(|&shard| !shards.contains(&(shard as u32)));
            }
        }
        Ok(())
    }

    fn go_message(&self, shards: &[u32], ask: Ask) -> Vec<u8> {
        let told = shards.iter().map(|&shard| self.crew.at[shard as usize].told).min().unwrap_or(0);
        let (before, parts) = (told as u32, self.parts[told..].to_vec());
        self.crew.message(Request::Go { tree: self.crew.tree, shards: shards.to_vec(), before, parts, ask })
    }

    /// Asks for the histogram of a leaf.
    fn sum_of(&mut self, leaf: LeafAt, words: &[i64]) -> Result<(), Lost> {
        let (mut rows, length) = (0, self.offsets.last().copied().unwrap_or(0));
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        sums.resize(length, 0);
        self.ask(Ask::Sum(leaf.number), usize::MAX, words, &mut |_, _, answer| {
            let Answer::Sums(count, bytes) = answer else { return false };
            let Some(words) = words_of(bytes).filter(|words| words.len() == length) else { return false };
            rows += count;
            sums.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(word));
            true
        })?;
        self.sums = sums;
        if rows != (leaf.end - leaf.start) as u64 {
            let reason = format!("executors found {rows} rows in a leaf of {}", leaf.end - leaf.start);
            return Err(Lost { reason });
        }
        Ok(())
    }
}

impl Store for Spread<'_> {
    type Lost = Lost;

    fn use_features(&mut self, features: Vec<u32>) {
        self.offsets.clear();
        self.offsets.push(0);
        let mut end = 0;
        for &feature in &features {
            end += usize::from(self.crew.bin_counts[feature as usize]);
            self.offsets.push(end);
        }
        self.features = features;
    }

    fn features(&self) -> &[u32] {
        &self.features
    }

    fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    fn begin(&mut self, rows: Option<&[u32]>, _words: &[i64]) -> usize {
        self.crew.tree += 1;
        self.parts.clear();
        self.bag = rows.map(<[u32]>::to_vec);
        self.crew.share_out_anew();
        rows.map_or(self.cut.rows, <[u32]>::len)
    }

    fn sum(&mut self, leaf: LeafAt, words: &[i64]) -> Result<&mut Vec<i64>, Lost> {
        self.sum_of(leaf, words)?;
        Ok(&mut self.sums)
    }

    fn part(&mut self, leaf: LeafAt, _new: u32, by: (u32, &Side), left: usize) -> Result<usize, Lost> {
        self.parts.push(Part::new(leaf.number, by.0, by.1));
        Ok(left)
    }

    fn sum_left(&mut self, leaf: LeafAt, place: usize, side: &Side, words: &[i64]) -> Result<i64, Lost> {
        self.sum_of(leaf, words)?;
        Ok(sum_left(&self.sums[self.offsets[place]..self.offsets[place + 1]], side))
    }

    fn end(&mut self, ranges: &[(usize, usize)], words: &[i64]) -> Result<&[u32], Lost> {
        let (leaves, cut) = (ranges.len(), self.cut);
        let width = leaf_width(leaves);
        let mut leaf_of = std::mem::take(&mut self.leaf_of);
        let at_once = (LEAVES_AT_ONCE / (cut.shard_rows * width).max(1)).max(1);
        self.ask(Ask::Leaves, at_once, words, &mut |_, shards, answer| {
            let Answer::Leaves(mut bytes) = answer else { return false };
            for &shard in shards {
                let (start, end) = cut.range(shard as usize);
                let Some((numbers, rest)) = bytes.split_at_checked((end - start) * width) else {
                    return false;
                };
                bytes = rest;
                for (leaf, number) in leaf_of[start..end].iter_mut().zip(numbers.chunks_exact(width)) {
                    let mut whole = [0; 4];
                    whole[..width].copy_from_slice(number);
                    *leaf = u32::from_le_bytes(whole);
                    if *leaf as usize >= leaves {
                        return false;
                    }
                }
            }
            bytes.is_empty()
        })?;
        self.leaf_of = leaf_of;
        let mut next: Vec<usize> = ranges.iter().map(|range| range.0).collect();
        let count = self.bag.as_ref().map_or(cut.rows, Vec::len);
        self.rows.clear();
        self.rows.resize(count, 0);
        let mut put = |row: u32| {
            let leaf = self.leaf_of[row as usize] as usize;
            let place = next[leaf];
            next[leaf] += 1;
            if place < ranges[leaf].1 {
                self.rows[place] = row;
            }
        };
        match &self.bag {
            Some(bag) => bag.iter().for_each(|&row| put(row)),
            None => (0..cut.rows as u32).for_each(&mut put),
        }
        if next.iter().zip(ranges).any(|(next, range)| *next != range.1) {
            return Err(Lost { reason: "executors found other rows in leaves than they summed".to_owned() });
        }
        Ok(&self.rows)
    }

    fn route(
        &self,
        _shape: &Shape,
        outside: &mut [u32],
        _spare: &mut [u32],
        _threads: usize,
        mut visit: impl FnMut(u32, &[u32]),
    ) {
        for row in outside {
            visit(self.leaf_of[*row as usize], &[*row]);
        }
    }
}
