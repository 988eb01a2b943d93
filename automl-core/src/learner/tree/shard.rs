//! A part of a tree's features: their bins, their sums in every leaf, and the search in them. The parts of a tree
//! share nothing that changes, so that each may have a thread.

use super::binning::Binned;
use super::histogram::{Lanes, Scratch};
use super::split::{Search, Split};
use crate::numeric::Rng;

/// A leaf whose split is sought.
pub(super) struct Sought<'s> {
    pub search: Search<'s>,
    /// Its histogram.
    pub slot: usize,
    /// Places of the features that it may split on, ascending; all where it is `None`.
    pub chosen: Option<Vec<usize>>,
}

#[derive(Default)]
pub(super) struct Shard {
    /// The place of its first feature among the tree's.
    first: usize,
    lanes: Lanes,
    scratch: Box<Scratch>,
    /// Histograms of leaves.
    kept: Vec<Vec<i64>>,
    /// What was found of what was sought.
    pub found: [Option<Split>; 2],
}

impl Shard {
    /// Takes these features of the data, the first of which has place `first` in the tree.
    pub fn refill(&mut self, data: &Binned, first: usize, features: &[u32]) {
        self.first = first;
        self.lanes.refill(data, features.to_vec());
    }

    pub fn add_slot(&mut self) {
        self.kept.push(vec![0; self.lanes.len()]);
    }

    /// Makes an old histogram fit these features.
    pub fn renew_slot(&mut self, slot: usize) {
        self.kept[slot].resize(self.lanes.len(), 0);
    }

    /// Sums `rows` into `slot`.
    pub fn sum(&mut self, rows: Option<&[u32]>, words: &[i64], slot: usize) {
        let (offsets, sums_kept) = (&self.lanes.offsets, &mut self.kept[slot]);
        self.lanes.sum(rows, words, &mut self.scratch, |f, sums| {
            sums_kept[offsets[f]..offsets[f + 1]].copy_from_slice(sums);
        });
    }

    /// Sums `rows` into `slot`, where there is one, and takes them off `parent`'s sums.
    pub fn take_off(&mut self, rows: &[u32], words: &[i64], parent: usize, slot: Option<usize>) {
        let mut parent_words = std::mem::take(&mut self.kept[parent]);
        let mut slot_words = slot.map(|s| std::mem::take(&mut self.kept[s]));
        let offsets = &self.lanes.offsets;
        self.lanes.sum(Some(rows), words, &mut self.scratch, |f, sums| {
            let place = offsets[f]..offsets[f + 1];
            for (whole, part) in parent_words[place.clone()].iter_mut().zip(sums) {
                *whole -= part;
            }
            if let Some(words) = &mut slot_words {
                words[place].copy_from_slice(sums);
            }
        });
        self.kept[parent] = parent_words;
        if let (Some(slot), Some(words)) = (slot, slot_words) {
            self.kept[slot] = words;
        }
    }

    /// The best split on these features, the first of equals.
    pub fn best(&self, data: &Binned, sought: &Sought<'_>, rng: &mut Rng) -> Option<Split> {
        let sums = &self.kept[sought.slot];
        let mut best: Option<Split> = None;
        let mut look = |place: usize| {
            let feature = self.lanes.features[place];
            let bins = &sums[self.lanes.offsets[place]..self.lanes.offsets[place + 1]];
            let categorical = data.features[feature as usize].cuts.is_categorical();
            if let Some(split) = sought.search.best(bins, categorical, feature, rng)
                && best.is_none_or(|b| split.gain > b.gain)
            {
                best = Some(split);
            }
        };
        let count = self.lanes.features.len();
        match &sought.chosen {
            None => (0..count).for_each(&mut look),
            Some(places) => {
                let mine = places.iter().filter_map(|p| p.checked_sub(self.first)).filter(|&p| p < count);
                mine.for_each(&mut look);
            }
        }
        best
    }
}
