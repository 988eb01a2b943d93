//! The histogram of a leaf, by several threads where it has many rows: each sums some of the rows, and sums of
//! integers do not depend on how they are shared out.

use super::binning::Binned;
use super::histogram::{Lanes, Rows, Scratch};
use crate::platform::each;

/// Nanoseconds of work that are worth waking threads for; none in tests, so that they have threads.
pub(super) const WORTH_THREADS: f64 = if cfg!(test) { 0.0 } else { 250e3 };

/// Some of a leaf's rows, and their sums.
#[derive(Default)]
struct Part {
    scratch: Box<Scratch>,
    sums: Vec<i64>,
}

/// Sums the rows of leaves, in memory that is there already.
pub(super) struct Summer {
    pub lanes: Lanes,
    parts: Vec<Part>,
}

impl Summer {
    pub fn new(data: &Binned) -> Self {
        Self { lanes: Lanes::new(data), parts: Vec::new() }
    }

    pub fn refill(&mut self, data: &Binned, features: Vec<u32>, threads: usize) {
        self.lanes.refill(data, features, threads);
    }

    /// The histogram of `rows`; `words` has one a row of the data. It stays here, or may be exchanged for another
    /// of the same length.
    pub fn sum(&mut self, rows: Rows<'_>, words: &[i64], threads: usize) -> &mut Vec<i64> {
        // About how long it takes: getting at a row's bins and adding its word to each column's sums.
        let nanos = rows.len() as f64 * (10.0 + 0.5 * self.lanes.additions() as f64);
        let threads = if nanos > WORTH_THREADS { threads.clamp(1, rows.len().max(1)) } else { 1 };
        if self.parts.len() < threads {
            self.parts.resize_with(threads, Part::default);
        }
        let (lanes, share) = (&self.lanes, rows.len().div_ceil(threads));
        each(threads, &mut self.parts[..threads], |place, part| {
            let Part { scratch, sums } = part;
            sums.resize(lanes.len(), 0);
            lanes.sum(rows.part(place * share, share), words, scratch, sums);
        });
        let (first, others) = self.parts[..threads].split_at_mut(1);
        for other in others {
            first[0].sums.iter_mut().zip(&other.sums).for_each(|(sum, more)| *sum += more);
        }
        &mut first[0].sums
    }
}
