//! Sends the kernels of boosting, and reads what they made.

use super::layout::{Fit, LEAVES_AT, NODE_WORDS, NODES_AT, Node, Packing, STATE_WORDS};
use super::memory::{CHUNK, Memory, PART_GROUPS, Sizes, bytes_of};
use super::steps::{Route, Steps, Symmetric, Tiled};
use crate::compute::gpu::{Device, Lost, Pending};
use wgpu::BufferUsages;

const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// Threads of a workgroup.
const GROUP: u32 = 256;
/// Workgroups of a kernel that goes through all rows, at most.
const MOST_GROUPS: u32 = 4096;
/// Workgroups that sum a leaf, over all words of bins.
const SUM_GROUPS: u32 = 2048;
/// Splits that rows are led by at once, where there are several tiles: `AT_ONCE` of `route.wgsl`.
const SPLITS_AT_ONCE: u32 = 32;

/// Rows to learn from.
pub struct Data<'a> {
    pub features: &'a [Column<'a>],
    /// Codes in the lower halves, or the bits of doubles.
    pub targets: &'a [u64],
    pub weights: Option<&'a [f64]>,
    /// Before the first tree: outputs × rows.
    pub scores: &'a [Vec<f64>],
    pub others: Option<Others<'a>>,
}

/// A feature of all rows.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    pub bins: &'a [u8],
    /// How many bins there are, the last of which is that of missing values.
    pub bin_count: usize,
    /// Whether bins are levels.
    pub categorical: bool,
}

/// Rows that are only scored.
#[derive(Clone, Copy)]
pub struct Others<'a> {
    /// Feature by feature.
    pub bins: &'a [Vec<u8>],
    /// Before the first tree: outputs × rows.
    pub scores: &'a [Vec<f64>],
}

/// What a tree is grown with.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    pub output: u32,
    /// Of the random bits by which gradients are rounded.
    pub seed: u64,
    /// Of those by which a split's features, and cuts, are drawn.
    pub draws: u64,
    pub features: &'a [u32],
    /// How many of them a split may use.
    pub drawn: u32,
    /// Of the random bits by which a round's rows are drawn, where these are drawn by their gradients.
    pub rows_seed: u64,
    /// Whether it is the first of its round, for which gradients are made, and whether the last, of which scores of the other
    /// rows are wanted.
    pub first: bool,
    pub last: bool,
}

/// A tree, as it comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    /// In the order in which they were made.
    pub nodes: Vec<Node>,
    /// One a leaf.
    pub values: Vec<f32>,
    /// Σ|gradient| and Σ hessian of its rows in whole units.
    pub sums: [u64; 2],
    /// Scores of the other rows after it, where they were asked for: outputs × rows.
    pub others: Vec<f64>,
}

/// A tree that was sent.
pub struct Reading {
    pending: Pending,
    leaves: usize,
    others: usize,
}

/// Rows on a card that trees are grown on, one after the other.
pub struct Booster<'d> {
    device: &'d Device,
    sizes: Sizes,
    memory: Memory,
    steps: Steps,
}

/// Workgroups that go through so many rows.
fn over(rows: u32) -> u32 {
    rows.div_ceil(GROUP).clamp(1, MOST_GROUPS)
}

impl<'d> Booster<'d> {
    /// Sends the rows, which [`super::fits`] says it may hold, and makes ready what trees are grown with.
    ///
    /// # Errors
    /// A card that was lost, or that has no memory left.
    pub fn new(device: &'d Device, data: &Data<'_>, fit: &Fit) -> Result<Self, Lost> {
        let limit = device.limits().max_storage_buffer_binding_size;
        let packing = Packing::new(data.features.iter().map(|f| f.bin_count));
        let sizes = Sizes::new(limit, data, fit, &packing);
        let memory = Memory::new(device, sizes, data, fit, &packing);
        let categories = data.features.iter().any(|f| f.categorical);
        let steps = Steps::new(device, &memory, categories, sizes);
        device.check()?;
        Ok(Self { device, sizes, memory, steps })
    }

    /// The rows that the next trees are grown on, ascending: as many as the fit says. Not where they are drawn by their gradients.
    pub fn use_rows(&self, rows: &[u32]) {
        if self.sizes.listed == self.sizes.rows {
            return;
        }
        self.device.raw().1.write_buffer(&self.memory.bag, 0, &bytes_of(rows.iter().copied()));
    }

    /// Sends a tree.
    ///
    /// # Errors
    /// A card that was lost.
    pub fn tree(&self, tree: &Sent<'_>) -> Result<Reading, Lost> {
        let Sent { output, features, first, last, .. } = *tree;
        let (raw, queue) = self.device.raw();
        let halves = |bits: u64| [bits as u32, (bits >> 32) as u32];
        let used = features.len() as u32;
        let about =
            [halves(tree.seed), [output, used], halves(tree.draws), [tree.drawn, 0], halves(tree.rows_seed)];
        queue.write_buffer(&self.memory.tree, 0, &bytes_of(about.into_iter().flatten()));
        queue.write_buffer(&self.memory.used, 0, &bytes_of(features.iter().copied()));
        for (buffer, rows) in
            [(&self.memory.sent, self.sizes.rows), (&self.memory.other_sent, self.sizes.others)]
        {
            queue.write_buffer(buffer, 0, &bytes_of([rows, output].into_iter()));
        }
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.memory.tiles.iter().for_each(|tile| encoder.clear_buffer(&tile.histograms, 0, None));
        let begun = self.memory.ways.iter().chain([&self.memory.checks]);
        begun.for_each(|buffer| encoder.clear_buffer(buffer, 0, None));
        if first {
            self.encode_round(&mut encoder);
        }
        if self.has_bag() {
            let (bag, list) = (&self.memory.bag, &self.memory.list);
            encoder.copy_buffer_to_buffer(bag, 0, list, 0, u64::from(self.sizes.listed) * 4);
        }
        self.encode_tree(&mut encoder, used);
        let (leaves, others) = (self.sizes.max_leaves as usize, self.sizes.others * self.sizes.outputs);
        let others = if last { others as usize } else { 0 };
        let parts = [
            (&self.memory.state, STATE_WORDS * 4),
            (&self.memory.nodes, leaves * NODE_WORDS * 4),
            (&self.memory.values, leaves * 4),
            (&self.memory.checks, 16),
            (&self.memory.other_scores, others * 8),
        ];
        let bytes = parts.iter().map(|p| p.1).sum::<usize>() as u64;
        let staging = self.device.pool().take(raw, bytes, STAGING);
        let mut at = 0;
        for (buffer, length) in parts.into_iter().filter(|p| p.1 > 0) {
            encoder.copy_buffer_to_buffer(buffer, 0, &staging, at, length as u64);
            at += length as u64;
        }
        let index = queue.submit([encoder.finish()]);
        self.device.check()?;
        Ok(Reading { pending: self.device.pending(staging, bytes, index), leaves, others })
    }

    /// Whether trees are grown on some of the rows.
    fn has_bag(&self) -> bool {
        self.sizes.listed < self.sizes.rows || self.sizes.bar_steps > 0
    }

    /// Gradients, and the rows that are drawn by them.
    fn encode_round(&self, encoder: &mut wgpu::CommandEncoder) {
        let rows = self.sizes.rows;
        let (all, chunks) = ([over(rows), 1], [rows.div_ceil(CHUNK), 1]);
        let parts = [rows.div_ceil(GROUP).clamp(1, PART_GROUPS), 1];
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        self.steps.gradients.send(&mut pass, all);
        let Some(sampling) = &self.steps.sampling else { return };
        sampling.sum_pairs.send(&mut pass, chunks);
        sampling.begin_bar.send(&mut pass, [1, 1]);
        sampling.write_norms.send(&mut pass, all);
        for _ in 0..self.sizes.bar_steps {
            sampling.sum_below.send(&mut pass, chunks);
            sampling.lower_bar.send(&mut pass, [1, 1]);
        }
        sampling.count_drawn.send(&mut pass, parts);
        sampling.list_drawn.send(&mut pass, parts);
    }

    fn encode_tree(&self, encoder: &mut wgpu::CommandEncoder, features: u32) {
        let Sizes { rows, others, max_leaves, listed, .. } = self.sizes;
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let steps = &self.steps;
        if !self.has_bag() {
            steps.list.send(&mut pass, [over(rows), 1]);
        }
        steps.begin.send(&mut pass, [1, 1]);
        steps.sum_sizes.send(&mut pass, [self.sizes.chunks(), 1]);
        steps.units.send(&mut pass, [1, 1]);
        steps.pack.send(&mut pass, [over(listed).min(1024), 1]);
        self.encode_sums(&mut pass);
        match &steps.symmetric {
            None => self.encode_leaves(&mut pass, features),
            Some(symmetric) => self.encode_levels(&mut pass, symmetric, features),
        }
        steps.sum_leaves.send(&mut pass, [self.sizes.chunks() + max_leaves, 1]);
        steps.value_leaves.send(&mut pass, [max_leaves, 1]);
        self.encode_route(&mut pass, 0, rows);
        if others > 0 {
            self.encode_route(&mut pass, 1, others);
        }
    }

    /// Sends rows down the tree: those that train, or the others.
    fn encode_route(&self, pass: &mut wgpu::ComputePass<'_>, which: usize, rows: u32) {
        let all = [over(rows), 1];
        match &self.steps.routes[which] {
            Route::Whole(route) => route.send(pass, all),
            Route::Lead(lead) => {
                for _ in 0..self.sizes.max_leaves.div_ceil(SPLITS_AT_ONCE) {
                    let looks = self.steps.tiled.iter().flat_map(|tile| &tile.looks);
                    looks.for_each(|looks| looks[which].send(pass, all));
                    lead.send(pass, all);
                }
            }
        }
    }

    /// Sums the smaller of the new leaves.
    fn encode_sums(&self, pass: &mut wgpu::ComputePass<'_>) {
        let Sizes { groups, listed, .. } = self.sizes;
        let sums = listed.div_ceil(4 * GROUP).clamp(1, (SUM_GROUPS / groups.max(1)).max(16));
        self.steps.tiled.iter().for_each(|tile| tile.histogram.send(pass, [sums, tile.groups]));
    }

    /// Parts the rows of the leaf that was chosen.
    fn encode_parting(&self, pass: &mut wgpu::ComputePass<'_>) {
        let parts = [self.sizes.listed.div_ceil(GROUP).clamp(1, PART_GROUPS), 1];
        for tile in &self.steps.tiled {
            tile.count_left.send(pass, parts);
            tile.place.send(pass, parts);
        }
    }

    /// One leaf after the other.
    fn encode_leaves(&self, pass: &mut wgpu::ComputePass<'_>, features: u32) {
        let steps = &self.steps;
        let search = |pass: &mut wgpu::ComputePass<'_>, leaves| {
            for Tiled { search, levels, .. } in &steps.tiled {
                search.send(pass, [features, leaves]);
                levels.iter().for_each(|levels| levels.send(pass, [features, leaves]));
            }
        };
        search(pass, 1);
        for left in (0..self.sizes.max_leaves.saturating_sub(1)).rev() {
            steps.choose.send(pass, [1, 1]);
            self.encode_parting(pass);
            if left > 0 {
                self.encode_sums(pass);
                search(pass, 2);
            }
        }
    }

    /// All leaves of a level by one test, of at most twice as many as the level before has.
    fn encode_levels(&self, pass: &mut wgpu::ComputePass<'_>, symmetric: &Symmetric, features: u32) {
        let tiled = || self.steps.tiled.iter().filter_map(|tile| tile.symmetric.as_ref());
        for level in 0..self.sizes.levels {
            tiled().for_each(|tile| tile.level_gains.send(pass, [features, 1]));
            symmetric.choose_test.send(pass, [1, 1]);
            tiled().for_each(|tile| tile.level_lefts.send(pass, [1 << level, 1]));
            for _ in 0..1 << level {
                symmetric.next_leaf.send(pass, [1, 1]);
                self.encode_parting(pass);
                if level + 1 < self.sizes.levels {
                    self.encode_sums(pass);
                    tiled().for_each(|tile| tile.subtract.send(pass, [features, 1]));
                }
            }
        }
    }

    /// The tree, once it has grown.
    ///
    /// # Errors
    /// A card that was lost.
    pub async fn read(&self, reading: Reading) -> Result<Grown, Lost> {
        let mut bytes = Vec::new();
        self.device.finish(reading.pending, &mut bytes).await?;
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let (state, rest) = words.split_at(STATE_WORDS);
        let (nodes, rest) = rest.split_at(reading.leaves * NODE_WORDS);
        let (values, rest) = rest.split_at(reading.leaves);
        let wide = |pair: &[u32]| u64::from(pair[1]) << 32 | u64::from(pair[0]);
        let sums = [wide(&rest[..2]), wide(&rest[2..4])];
        let others = rest[4..].chunks_exact(2).take(reading.others).map(|pair| f64::from_bits(wide(pair)));
        Ok(Grown {
            nodes: nodes.chunks_exact(NODE_WORDS).take(state[NODES_AT] as usize).map(Node::read).collect(),
            values: values.iter().take(state[LEAVES_AT] as usize).map(|&bits| f32::from_bits(bits)).collect(),
            sums,
            others: others.collect(),
        })
    }
}

impl Drop for Booster<'_> {
    fn drop(&mut self) {
        self.memory.give(self.device);
    }
}
