//! Where the rows of a tree are while it grows: all that growing asks of them is whole numbers, so that it does not matter
//! whether they are here or shared out among others ([`crate::learner::cluster`]).

use super::binning::Binned;
use super::histogram::Rows;
use super::partition::{Side, partition_in_parts};
use super::shape::Shape;
use super::sums::Summer;
use std::borrow::Borrow;
use std::convert::Infallible;

/// A leaf: its number, and where its rows lie where the rows of a tree lie leaf by leaf, each leaf's ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafAt {
    pub number: u32,
    pub start: usize,
    pub end: usize,
}

/// The bins of rows, and in which leaf of a tree each of them is. `words` is always one word a row, the same for the whole
/// tree; only those of the tree's rows matter.
pub trait Store {
    /// Why it cannot answer any more.
    type Lost;

    /// The features that trees are grown on from now on, as numbers in [`Binned::features`].
    fn use_features(&mut self, features: Vec<u32>);

    /// These features.
    fn features(&self) -> &[u32];

    /// Where each feature's bins begin in a histogram, and the histogram's length at the end.
    fn offsets(&self) -> &[usize];

    /// Begins a tree on `rows`, which ascend (all where `None`): they are in leaf 0. Returns how many they are.
    fn begin(&mut self, rows: Option<&[u32]>, words: &[i64]) -> usize;

    /// The histogram of a leaf. It stays here, or may be exchanged for another of the same length.
    ///
    /// # Errors
    /// Rows that were lost.
    fn sum(&mut self, leaf: LeafAt, words: &[i64]) -> Result<&mut Vec<i64>, Self::Lost>;

    /// Parts a leaf by the bins of a feature: those that go left keep its number, the others are leaf `new`. `left`:
    /// how many go left, as the sums say; returns it.
    ///
    /// # Errors
    /// Rows that were lost.
    fn part(&mut self, leaf: LeafAt, new: u32, by: (u32, &Side), left: usize) -> Result<usize, Self::Lost>;

    /// The sum of those of a leaf's rows that go left by the feature at `place` of the tree's.
    ///
    /// # Errors
    /// Rows that were lost.
    fn sum_left(&mut self, leaf: LeafAt, place: usize, side: &Side, words: &[i64])
    -> Result<i64, Self::Lost>;

    /// The tree's rows, leaf by leaf, in each ascending. `ranges`: where each leaf's begin and end.
    ///
    /// # Errors
    /// Rows that were lost.
    fn end(&mut self, ranges: &[(usize, usize)], words: &[i64]) -> Result<&[u32], Self::Lost>;

    /// Sends rows that the tree that has just ended did not see down this tree: `visit(leaf, rows)`. `spare` is as long as
    /// `outside`.
    fn route(
        &self,
        shape: &Shape,
        outside: &mut [u32],
        spare: &mut [u32],
        threads: usize,
        visit: impl FnMut(u32, &[u32]),
    );
}

/// The sum of the bins that go left.
pub fn sum_left(bins: &[i64], side: &Side) -> i64 {
    bins.iter().zip(side).map(|(&word, &goes)| if goes { word } else { 0 }).sum()
}

/// Rows whose bins are here.
pub struct Here<D> {
    data: D,
    summer: Summer,
    rows: Vec<u32>,
    spare: Vec<u32>,
    /// Whether the tree's rows are all rows.
    all: bool,
    /// Threads that may help; they change nothing but time.
    pub threads: usize,
}

impl<D: Borrow<Binned>> Here<D> {
    pub fn new(data: D, threads: usize) -> Self {
        let (summer, spare) = (Summer::new(data.borrow()), vec![0; data.borrow().rows]);
        Self { data, summer, rows: Vec::new(), spare, all: true, threads }
    }

    pub fn data(&self) -> &Binned {
        self.data.borrow()
    }
}

impl<D: Borrow<Binned>> Store for Here<D> {
    type Lost = Infallible;

    fn use_features(&mut self, features: Vec<u32>) {
        self.summer.refill(self.data.borrow(), features, self.threads);
    }

    fn features(&self) -> &[u32] {
        &self.summer.lanes.features
    }

    fn offsets(&self) -> &[usize] {
        &self.summer.lanes.offsets
    }

    fn begin(&mut self, rows: Option<&[u32]>, _words: &[i64]) -> usize {
        self.rows.clear();
        match rows {
            None => self.rows.extend(0..self.data().rows as u32),
            Some(rows) => self.rows.extend_from_slice(rows),
        }
        self.all = rows.is_none();
        self.rows.len()
    }

    fn sum(&mut self, leaf: LeafAt, words: &[i64]) -> Result<&mut Vec<i64>, Infallible> {
        let count = self.data().rows;
        let whole = self.all && leaf.end - leaf.start == count;
        let listed = Rows::Listed(&self.rows[leaf.start..leaf.end]);
        let rows = if whole { Rows::Between(0, count) } else { listed };
        Ok(self.summer.sum(rows, words, self.threads))
    }

    fn part(
        &mut self,
        leaf: LeafAt,
        _new: u32,
        (feature, side): (u32, &Side),
        _left: usize,
    ) -> Result<usize, Infallible> {
        let Self { data, rows, spare, threads, .. } = self;
        let bins = &(*data).borrow().features[feature as usize].bins;
        Ok(partition_in_parts(&mut rows[leaf.start..leaf.end], bins, side, spare, *threads))
    }

    fn sum_left(
        &mut self,
        leaf: LeafAt,
        place: usize,
        side: &Side,
        words: &[i64],
    ) -> Result<i64, Infallible> {
        let bins = &self.data().features[self.features()[place] as usize].bins;
        let goes = |row: &&u32| side[usize::from(bins[**row as usize])];
        Ok(self.rows[leaf.start..leaf.end].iter().filter(goes).map(|&row| words[row as usize]).sum())
    }

    fn end(&mut self, _ranges: &[(usize, usize)], _words: &[i64]) -> Result<&[u32], Infallible> {
        Ok(&self.rows)
    }

    fn route(
        &self,
        shape: &Shape,
        outside: &mut [u32],
        spare: &mut [u32],
        threads: usize,
        visit: impl FnMut(u32, &[u32]),
    ) {
        let features = &self.data().features;
        let column = |f: u32| (features[f as usize].bins.as_slice(), features[f as usize].bin_count);
        shape.route(outside, spare, column, threads, visit);
    }
}
