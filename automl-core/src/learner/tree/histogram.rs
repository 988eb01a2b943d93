//! Sums of words over the rows of a leaf, a bin at a time.
//!
//! Shapes: a histogram is the bins of all features one after the other, feature `f` at `offsets[f]`. For summing,
//! the bins of eight features lie side by side, so that one read a row feeds eight sums; each goes to a table of 256
//! words, which a `u8` cannot miss.

use super::binning::Binned;

/// Features that are summed in one pass.
const LANES: usize = 8;

/// Tables of one pass.
pub type Tables = [[i64; 256]; LANES];

/// Bins of the features of one tree, eight features side by side.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// The features, as numbers in [`Binned::features`].
    pub features: Vec<u32>,
    /// Where each feature's bins begin in a histogram, and the histogram's length at the end.
    pub offsets: Vec<usize>,
    groups: Vec<Vec<[u8; LANES]>>,
}

impl Lanes {
    pub fn new(data: &Binned, features: Vec<u32>) -> Self {
        let mut lanes = Self::default();
        lanes.refill(data, features);
        lanes
    }

    /// The same as [`Lanes::new`], in memory that is there already.
    pub fn refill(&mut self, data: &Binned, features: Vec<u32>) {
        self.offsets.clear();
        self.offsets.push(0);
        let mut end = 0;
        for &f in &features {
            end += data.features[f as usize].bin_count;
            self.offsets.push(end);
        }
        self.groups.resize_with(features.len().div_ceil(LANES), Vec::new);
        for (group, chunk) in self.groups.iter_mut().zip(features.chunks(LANES)) {
            group.clear();
            group.resize(data.rows, [0; LANES]);
            for (lane, &f) in chunk.iter().enumerate() {
                for (slot, &bin) in group.iter_mut().zip(&data.features[f as usize].bins) {
                    slot[lane] = bin;
                }
            }
        }
        self.features = features;
    }

    /// Words in a histogram.
    pub fn len(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Sums the words of the rows of a leaf. `words` are those of `rows`, in their order; `rows` are all rows of the
    /// data where it is `None`. Calls `done(feature, table)` for each feature of the tree, by its place in it.
    pub fn sum(
        &self,
        rows: Option<&[u32]>,
        words: &[i64],
        tables: &mut Tables,
        mut done: impl FnMut(usize, &[i64]),
    ) {
        for (g, group) in self.groups.iter().enumerate() {
            let first = g * LANES;
            let width = (self.features.len() - first).min(LANES);
            for (lane, table) in tables.iter_mut().enumerate().take(width) {
                let f = first + lane;
                table[..self.offsets[f + 1] - self.offsets[f]].fill(0);
            }
            match width {
                1 => add::<1>(group, rows, words, tables),
                2 => add::<2>(group, rows, words, tables),
                3 => add::<3>(group, rows, words, tables),
                4 => add::<4>(group, rows, words, tables),
                5 => add::<5>(group, rows, words, tables),
                6 => add::<6>(group, rows, words, tables),
                7 => add::<7>(group, rows, words, tables),
                _ => add::<8>(group, rows, words, tables),
            }
            for (lane, table) in tables.iter().enumerate().take(width) {
                let f = first + lane;
                done(f, &table[..self.offsets[f + 1] - self.offsets[f]]);
            }
        }
    }
}

#[inline(always)]
fn add<const WIDTH: usize>(group: &[[u8; LANES]], rows: Option<&[u32]>, words: &[i64], tables: &mut Tables) {
    match rows {
        None => {
            for (bins, &word) in group.iter().zip(words) {
                for lane in 0..WIDTH {
                    tables[lane][bins[lane] as usize] += word;
                }
            }
        }
        Some(rows) => {
            for (&row, &word) in rows.iter().zip(words) {
                let bins = &group[row as usize];
                for lane in 0..WIDTH {
                    tables[lane][bins[lane] as usize] += word;
                }
            }
        }
    }
}
