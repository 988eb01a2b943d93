//! What boosting keeps on a card.

use super::Data;
use super::layout::{self, Fit, NODE_WORDS, Packing, STATE_WORDS};
use crate::compute::gpu::Device;
use wgpu::BufferUsages;

const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);

/// Workgroups that part a leaf at most.
pub const PART_GROUPS: u32 = 512;
/// Rows of a chunk of sums.
pub const CHUNK: u32 = 4096;

#[derive(Clone, Copy)]
pub struct Sizes {
    pub rows: u32,
    pub others: u32,
    pub features: u32,
    pub groups: u32,
    /// Of a tile at most.
    pub tile_groups: u32,
    pub max_leaves: u32,
    pub listed: u32,
    pub outputs: u32,
    pub bar_steps: u32,
    pub levels: u32,
}

/// Features whose bins and histograms lie in buffers of their own: as many as one binding holds.
pub struct Tile {
    pub groups: u32,
    pub about: wgpu::Buffer,
    pub bins: wgpu::Buffer,
    pub other_bins: wgpu::Buffer,
    pub histograms: wgpu::Buffer,
}

/// The buffers; the shaders say what is in them.
pub struct Memory {
    pub uniform: wgpu::Buffer,
    pub tree: wgpu::Buffer,
    pub tiles: Vec<Tile>,
    pub kinds: wgpu::Buffer,
    pub used: wgpu::Buffer,
    pub targets: wgpu::Buffer,
    pub weights: wgpu::Buffer,
    pub scores: wgpu::Buffer,
    pub pairs: wgpu::Buffer,
    pub words: wgpu::Buffer,
    /// The rows of a tree, leaf by leaf, twice.
    pub list: wgpu::Buffer,
    /// The rows that trees are grown on, where these are not all.
    pub bag: wgpu::Buffer,
    /// Of rows that are drawn by their gradients.
    pub norms: wgpu::Buffer,
    pub lefts: wgpu::Buffer,
    pub partials: wgpu::Buffer,
    pub found: wgpu::Buffer,
    pub state: wgpu::Buffer,
    pub leaf_list: wgpu::Buffer,
    pub nodes: wgpu::Buffer,
    pub values: wgpu::Buffer,
    pub checks: wgpu::Buffer,
    /// About the rows that scores are added to: those that train, and the others.
    pub sent: wgpu::Buffer,
    pub other_sent: wgpu::Buffer,
    pub other_scores: wgpu::Buffer,
    /// Of rows that are sent down a tree, those that train and the others, where there are several tiles.
    pub ways: [wgpu::Buffer; 2],
}

pub fn bytes_of(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.flat_map(u32::to_le_bytes).collect()
}

/// Bins of features, some a word: words of the tile × rows.
fn packed<'b>(
    rows: usize,
    (first, groups): (u32, u32),
    packing: &Packing,
    features: impl Iterator<Item = &'b [u8]>,
) -> Vec<u8> {
    let mut packed = vec![0u8; rows * groups as usize * 4];
    for (seat, bins) in packing.seats.iter().zip(features) {
        let Some(group) = seat.group.checked_sub(first).filter(|&group| group < groups) else { continue };
        let words = &mut packed[group as usize * rows * 4..];
        let cells = words.iter_mut().skip(seat.shift as usize / 8).step_by(4);
        cells.zip(bins).for_each(|(cell, &bin)| *cell |= bin << (seat.shift % 8));
    }
    packed
}

fn wide(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    numbers.flat_map(u64::to_le_bytes).collect()
}

fn doubles(numbers: &[Vec<f64>]) -> Vec<u8> {
    wide(numbers.iter().flatten().map(|x| x.to_bits()))
}

impl Sizes {
    /// Of rows whose buffers may have `limit` bytes each.
    pub fn new(limit: u64, data: &Data<'_>, fit: &Fit, packing: &Packing) -> Self {
        let others = data.others.map_or(0, |others| others.scores.first().map_or(0, Vec::len));
        let groups = packing.groups as usize;
        let most = most_groups(limit, fit.rows.max(others as u32) as usize, fit.max_leaves as usize).max(1);
        let tiles = groups.div_ceil(most).max(1);
        Self {
            rows: fit.rows,
            others: others as u32,
            features: data.features.len() as u32,
            groups: groups as u32,
            tile_groups: groups.div_ceil(tiles) as u32,
            max_leaves: fit.max_leaves,
            listed: fit.listed,
            outputs: fit.outputs,
            bar_steps: fit.bar_steps,
            levels: fit.levels,
        }
    }

    /// The first group of each tile, and how many it has.
    fn tiles(self) -> impl Iterator<Item = (u32, u32)> {
        let starts = (0..self.groups.max(1)).step_by(self.tile_groups.max(1) as usize);
        starts.map(move |first| (first, self.tile_groups.min(self.groups - first)))
    }

    pub fn chunks(self) -> u32 {
        self.listed.div_ceil(CHUNK)
    }
}

/// Words of bins of a row that one binding of `limit` bytes holds, and the histograms of their features.
pub fn most_groups(limit: u64, rows: usize, leaves: usize) -> usize {
    // Buffers are as large as a power of two.
    let whole = limit.checked_ilog2().map_or(0, |bits| 1u64 << bits);
    let most = |bytes: usize| usize::try_from(whole / bytes.max(1) as u64).unwrap_or(usize::MAX);
    most(rows * layout::PACKED).min(most(leaves * layout::GROUP_BYTES))
}

impl Memory {
    /// Makes it, and sends the rows.
    pub fn new(device: &Device, sizes: Sizes, data: &Data<'_>, fit: &Fit, packing: &Packing) -> Self {
        let (rows, others) = (sizes.rows as usize, sizes.others as usize);
        let features = sizes.features as usize;
        let (leaves, outputs) = (sizes.max_leaves as usize, sizes.outputs as usize);
        let take = |bytes: usize, usage| device.pool().take(device.raw().0, bytes as u64, usage);
        let room = |bytes: usize| take(bytes, DATA);
        let fill = |bytes: Vec<u8>, usage| {
            let buffer = take(bytes.len(), usage);
            device.raw().1.write_buffer(&buffer, 0, &bytes);
            buffer
        };
        let filled = |bytes: Vec<u8>| fill(bytes, DATA);
        let kinds = data.features.iter().zip(&packing.seats).flat_map(|(feature, seat)| {
            [seat.group, seat.shift, feature.bin_count as u32, u32::from(feature.categorical)]
        });
        let tile = |(first, groups): (u32, u32)| {
            let bins = data.features.iter().map(|f| f.bins);
            let others = data
                .others
                .map(|o| packed(others, (first, groups), packing, o.bins.iter().map(Vec::as_slice)));
            Tile {
                groups,
                about: fill(bytes_of([first, groups, packing.narrow].into_iter()), UNIFORM),
                bins: filled(packed(rows, (first, groups), packing, bins)),
                other_bins: filled(others.unwrap_or_default()),
                histograms: room(leaves * packing.histogram_bytes(first, groups)),
            }
        };
        let tiles: Vec<Tile> = sizes.tiles().map(tile).collect();
        let ways = [rows, others].map(|rows| room(if tiles.len() > 1 { rows * 8 } else { 0 }));
        Self {
            uniform: fill(bytes_of(fit.words(sizes.features).into_iter()), UNIFORM),
            tree: take(40, UNIFORM),
            tiles,
            kinds: filled(bytes_of(kinds)),
            used: room(features * 4),
            targets: filled(wide(data.targets.iter().copied())),
            weights: filled(wide(data.weights.unwrap_or(&[]).iter().map(|w| w.to_bits()))),
            scores: filled(doubles(data.scores)),
            pairs: room(rows * outputs * 8),
            words: room(rows * 8),
            list: room(rows * 8),
            bag: room(if fit.listed < fit.rows || fit.bar_steps > 0 { rows * 4 } else { 4 }),
            norms: room(if fit.bar_steps > 0 { rows * 8 } else { 8 }),
            lefts: room(PART_GROUPS as usize * 4),
            partials: room((rows.div_ceil(CHUNK as usize) + leaves) * 16),
            found: room((features * 2).max(leaves) * layout::FOUND_WORDS * 4),
            state: room(STATE_WORDS * 4),
            leaf_list: room(leaves * layout::LEAF_WORDS * 4),
            nodes: room(leaves * NODE_WORDS * 4),
            values: room(leaves * 4),
            checks: room(16),
            sent: take(8, UNIFORM),
            other_sent: take(8, UNIFORM),
            other_scores: filled(doubles(data.others.map_or(&[], |o| o.scores))),
            ways,
        }
    }

    /// Gives it back to the pool.
    pub fn give(&self, device: &Device) {
        let all = [
            &self.uniform,
            &self.tree,
            &self.kinds,
            &self.used,
            &self.targets,
            &self.weights,
            &self.scores,
            &self.pairs,
            &self.words,
            &self.list,
            &self.bag,
            &self.norms,
            &self.lefts,
            &self.partials,
            &self.found,
            &self.state,
            &self.leaf_list,
            &self.nodes,
            &self.values,
            &self.checks,
            &self.sent,
            &self.other_sent,
            &self.other_scores,
        ];
        let tiled = self.tiles.iter().flat_map(|t| [&t.about, &t.bins, &t.other_bins, &t.histograms]);
        all.into_iter().chain(tiled).chain(&self.ways).for_each(|buffer| device.pool().give(buffer.clone()));
    }
}
