//! Sums of words over the rows of a leaf, a bin at a time.
//!
//! Shapes: a histogram is the bins of all features one after the other, feature `f` at `offsets[f]`. For summing,
//! bins lie row by row: a panel is rows × groups × 8 bins, so that what a row has for 64 features is one line of
//! the cache or two. The rows of a leaf are first gathered, a block at a time, and laid out group by group; then
//! each group of eight features is summed into eight tables of 256 words, which a `u8` cannot miss. Gathering only
//! copies, so that the processor waits for many rows' memory at once; summing finds all that it needs near by.

use super::binning::Binned;
use super::joint::{Joint, Member, joints};
use crate::platform::each;

/// Features that are summed in one pass.
const LANES: usize = 8;
/// Most groups of a panel.
const PANEL_GROUPS: usize = 8;
/// Rows that are laid out at a time.
const REFILL: usize = 1024;
const LINE_BYTES: usize = 64;
/// Rows that are gathered at a time.
const BLOCK: usize = 1024;

type Bins = [u8; LANES];
type Tables = [[i64; 256]; LANES];

/// The rows that are summed.
#[derive(Clone, Copy)]
pub enum Rows<'r> {
    /// From the first number to before the second.
    Between(usize, usize),
    Listed(&'r [u32]),
}

/// Memory for summing, used again and again.
pub struct Scratch {
    /// One for each group of a panel.
    tables: Vec<Tables>,
    /// [`BLOCK`] × stride.
    bins: Vec<Bins>,
    words: [i64; BLOCK],
}

/// Up to 64 columns, row by row.
#[derive(Debug, Clone, Default)]
struct Panel {
    columns: usize,
    groups: usize,
    /// Groups of a row and what is left free, so that no row is in two lines of the cache.
    stride: usize,
    /// Where the rows begin in `bins`: at a line of the cache.
    start: usize,
    /// Rows × stride.
    bins: Vec<Bins>,
}

/// What is summed as one column.
#[derive(Debug, Clone)]
enum Column {
    /// A feature's bins, by its place in the tree.
    Alone(usize),
    /// The codes of a joint by its number, and those of its members that the tree has: number and place.
    Joint(usize, Vec<(usize, usize)>),
}

/// Bins of the features of one tree, as they are summed.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// The features, as numbers in [`Binned::features`].
    pub features: Vec<u32>,
    /// Where each feature's bins begin in a histogram, and the histogram's length at the end.
    pub offsets: Vec<usize>,
    joints: Vec<Joint>,
    columns: Vec<Column>,
    panels: Vec<Panel>,
}

impl Rows<'_> {
    pub fn len(self) -> usize {
        match self {
            Self::Between(start, end) => end - start,
            Self::Listed(rows) => rows.len(),
        }
    }

    /// Up to `count` of these, the first `before` being left out.
    pub fn part(self, before: usize, count: usize) -> Self {
        let (start, end) = (before.min(self.len()), (before + count).min(self.len()));
        match self {
            Self::Between(first, _) => Self::Between(first + start, first + end),
            Self::Listed(rows) => Self::Listed(&rows[start..end]),
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self { tables: Vec::new(), bins: Vec::new(), words: [0; BLOCK] }
    }
}

impl Panel {
    /// Lays `columns` of `rows` rows out anew, in memory that is there already.
    fn refill(&mut self, rows: usize, columns: &[&[u8]], threads: usize) {
        self.columns = columns.len();
        self.groups = columns.len().div_ceil(LANES);
        self.stride = self.groups.next_power_of_two();
        self.bins.clear();
        self.bins.resize(rows * self.stride + LINE_BYTES / LANES, [0; LANES]);
        self.start = self.bins.as_ptr().align_offset(LINE_BYTES).min(LINE_BYTES / LANES);
        let stride = self.stride;
        let mut blocks: Vec<&mut [Bins]> = self.bins[self.start..].chunks_mut(REFILL * stride).collect();
        each(threads.min(blocks.len()), &mut blocks, |block, part| {
            for (place, column) in columns.iter().enumerate() {
                let cells = part.iter_mut().skip(place / LANES).step_by(stride);
                let bins = column.get(block * REFILL..).unwrap_or(&[]);
                for (cell, &bin) in cells.zip(bins) {
                    cell[place % LANES] = bin;
                }
            }
        });
    }

    fn sum(&self, rows: Rows<'_>, words: &[i64], scratch: &mut Scratch) {
        match self.stride {
            1 => self.sum_records::<1>(rows, words, scratch),
            2 => self.sum_records::<2>(rows, words, scratch),
            4 => self.sum_records::<4>(rows, words, scratch),
            _ => self.sum_records::<PANEL_GROUPS>(rows, words, scratch),
        }
    }

    fn sum_records<const STRIDE: usize>(&self, rows: Rows<'_>, words: &[i64], scratch: &mut Scratch) {
        let records = self.bins[self.start..].as_chunks::<STRIDE>().0;
        let Scratch { tables, bins, words: near_words } = scratch;
        let rows = match rows {
            Rows::Listed(rows) => rows,
            Rows::Between(start, end) => {
                let (records, words) = (&records[start..end], &words[start..end]);
                for (records, words) in records.chunks(BLOCK).zip(words.chunks(BLOCK)) {
                    self.add(records, words, tables);
                }
                return;
            }
        };
        let near = bins.as_chunks_mut::<STRIDE>().0;
        for rows in rows.chunks(BLOCK) {
            for ((&row, word), record) in rows.iter().zip(near_words.iter_mut()).zip(near.iter_mut()) {
                *word = words[row as usize];
                *record = records[row as usize];
            }
            self.add(&near[..rows.len()], &near_words[..rows.len()], tables);
        }
    }

    fn add<const STRIDE: usize>(&self, records: &[[Bins; STRIDE]], words: &[i64], tables: &mut [Tables]) {
        for (group, tables) in tables.iter_mut().enumerate().take(self.groups) {
            match (self.columns - group * LANES).min(LANES) {
                1 => add::<STRIDE, 1>(records, group, words, tables),
                2 => add::<STRIDE, 2>(records, group, words, tables),
                3 => add::<STRIDE, 3>(records, group, words, tables),
                4 => add::<STRIDE, 4>(records, group, words, tables),
                5 => add::<STRIDE, 5>(records, group, words, tables),
                6 => add::<STRIDE, 6>(records, group, words, tables),
                7 => add::<STRIDE, 7>(records, group, words, tables),
                _ => add::<STRIDE, LANES>(records, group, words, tables),
            }
        }
    }
}

impl Lanes {
    /// For trees on these rows; [`Lanes::refill`] says on which features.
    pub fn new(data: &Binned) -> Self {
        Self { joints: joints(data), ..Self::default() }
    }

    /// Takes other features, in memory that is there already.
    pub fn refill(&mut self, data: &Binned, features: Vec<u32>, threads: usize) {
        self.offsets.clear();
        self.offsets.push(0);
        let mut end = 0;
        for &f in &features {
            end += data.features[f as usize].bin_count;
            self.offsets.push(end);
        }
        self.features = features;
        self.columns = self.shared_out(data.features.len());
        let bins = |column: &Column| match column {
            Column::Alone(place) => data.features[self.features[*place] as usize].bins.as_slice(),
            Column::Joint(joint, _) => self.joints[*joint].codes.as_slice(),
        };
        let columns: Vec<&[u8]> = self.columns.iter().map(bins).collect();
        let parts = columns.chunks(LANES * PANEL_GROUPS);
        self.panels.resize_with(parts.len(), Panel::default);
        for (panel, part) in self.panels.iter_mut().zip(parts) {
            panel.refill(data.rows, part, threads);
        }
    }

    /// The columns for the tree's features, of `count` there are: joints that have two of them or more, and the rest.
    fn shared_out(&self, count: usize) -> Vec<Column> {
        let mut place_of: Vec<Option<usize>> = vec![None; count];
        for (place, &f) in self.features.iter().enumerate() {
            place_of[f as usize] = Some(place);
        }
        let mut columns = Vec::new();
        for (number, joint) in self.joints.iter().enumerate() {
            let place = |(m, member): (usize, &Member)| Some((m, place_of[member.feature as usize]?));
            let here: Vec<(usize, usize)> = joint.members.iter().enumerate().filter_map(place).collect();
            if here.len() > 1 {
                here.iter().for_each(|&(_, place)| place_of[self.features[place] as usize] = None);
                columns.push(Column::Joint(number, here));
            }
        }
        columns.extend(place_of.into_iter().flatten().map(Column::Alone));
        columns
    }

    /// Words in a histogram.
    pub fn len(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// How many additions a row takes.
    pub fn additions(&self) -> usize {
        self.columns.len()
    }

    /// Sums the words of the rows of a leaf into the histogram `sums`. `words` has one a row of the data.
    pub fn sum(&self, rows: Rows<'_>, words: &[i64], scratch: &mut Scratch, sums: &mut [i64]) {
        let size = |f: usize| self.offsets[f + 1] - self.offsets[f];
        for (panel, columns) in self.panels.iter().zip(self.columns.chunks(LANES * PANEL_GROUPS)) {
            if scratch.tables.len() < panel.groups {
                scratch.tables.resize(panel.groups, [[0; 256]; LANES]);
            }
            if scratch.bins.len() < panel.stride * BLOCK {
                scratch.bins.resize(panel.stride * BLOCK, [0; LANES]);
            }
            for (column, table) in columns.iter().zip(scratch.tables.as_flattened_mut()) {
                let used = match column {
                    Column::Alone(place) => size(*place),
                    Column::Joint(joint, _) => self.joints[*joint].count,
                };
                table[..used].fill(0);
            }
            panel.sum(rows, words, scratch);
            for (column, table) in columns.iter().zip(scratch.tables.as_flattened()) {
                let bins = |place: usize| self.offsets[place]..self.offsets[place + 1];
                match column {
                    Column::Alone(place) => sums[bins(*place)].copy_from_slice(&table[..size(*place)]),
                    Column::Joint(joint, here) => {
                        let joint = &self.joints[*joint];
                        let total = table[..joint.count].iter().sum();
                        for &(member, place) in here {
                            joint.members[member].sums(table, total, &mut sums[bins(place)]);
                        }
                    }
                }
            }
        }
    }
}

/// Adds each row's word to its bins' sums, for the first `WIDTH` features of a group.
#[inline(always)]
fn add<const STRIDE: usize, const WIDTH: usize>(
    records: &[[Bins; STRIDE]],
    group: usize,
    words: &[i64],
    tables: &mut Tables,
) {
    // Always so, and known to be, the index needs no check a row.
    let group = group % STRIDE;
    for (record, &word) in records.iter().zip(words) {
        let bins = record[group];
        for lane in 0..WIDTH {
            tables[lane][bins[lane] as usize] += word;
        }
    }
}
