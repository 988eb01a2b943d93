//! Sends the kernels of boosting, and reads what they made.

use super::layout::{self, Fit, LEAVES_AT, NODE_WORDS, NODES_AT, Node, STATE_WORDS};
use super::{GRADIENTS, GROW, ROUTE, ROWS, SEARCH, SUMS, WORDS, fits};
use crate::compute::gpu::{Device, Lost, Pending};
use wgpu::BufferUsages;

const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// Threads of a workgroup.
const GROUP: u32 = 256;
/// Workgroups of a kernel that goes through all rows, at most, and of one that parts a leaf.
const MOST_GROUPS: u32 = 4096;
const PART_GROUPS: u32 = 512;
/// Workgroups that sum a leaf, over all fours of features.
const SUM_GROUPS: u32 = 2048;
/// Rows of a chunk of sums.
const CHUNK: u32 = 4096;

/// Rows to learn from.
pub struct Data<'a> {
    /// Bins and their number, feature by feature; the last bin is that of missing values.
    pub features: &'a [(&'a [u8], usize)],
    /// Codes in the lower halves, or the bits of doubles.
    pub targets: &'a [u64],
    pub weights: Option<&'a [f64]>,
    /// Before the first tree: outputs × rows.
    pub scores: &'a [Vec<f64>],
    /// Bins of rows that are only scored, feature by feature, and their scores.
    pub others: Option<(&'a [Vec<u8>], &'a [Vec<f64>])>,
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

/// A kernel with what it works on.
struct Step {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
}

struct Steps {
    gradients: Step,
    list: Step,
    begin: Step,
    sum_sizes: Step,
    units: Step,
    pack: Step,
    histogram: Step,
    search: Step,
    choose: Step,
    count_left: Step,
    place: Step,
    sum_leaves: Step,
    value_leaves: Step,
    route: Step,
    route_others: Option<Step>,
}

#[derive(Clone, Copy)]
struct Sizes {
    rows: u32,
    others: u32,
    groups: u32,
    max_leaves: u32,
    listed: u32,
    outputs: u32,
}

/// Rows on a card that trees are grown on, one after the other.
pub struct Booster<'d> {
    device: &'d Device,
    sizes: Sizes,
    steps: Steps,
    buffers: Vec<wgpu::Buffer>,
    tree: wgpu::Buffer,
    used: wgpu::Buffer,
    rows: wgpu::Buffer,
    bag: wgpu::Buffer,
    histograms: wgpu::Buffer,
    checks: wgpu::Buffer,
    state: wgpu::Buffer,
    nodes: wgpu::Buffer,
    values: wgpu::Buffer,
    sent: [wgpu::Buffer; 2],
    other_scores: wgpu::Buffer,
}

fn bytes_of(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.flat_map(u32::to_le_bytes).collect()
}

/// Bins of four features a word: groups × rows.
fn packed<'b>(rows: usize, features: impl ExactSizeIterator<Item = &'b [u8]>) -> Vec<u8> {
    let groups = features.len().div_ceil(layout::PACKED);
    let mut packed = vec![0u8; rows * groups * layout::PACKED];
    for (place, bins) in features.enumerate() {
        let group = &mut packed[place / layout::PACKED * rows * layout::PACKED..];
        let cells = group.iter_mut().skip(place % layout::PACKED).step_by(layout::PACKED);
        cells.zip(bins).for_each(|(cell, &bin)| *cell = bin);
    }
    packed
}

fn doubles(numbers: &[Vec<f64>]) -> Vec<u8> {
    numbers.iter().flatten().flat_map(|x| x.to_bits().to_le_bytes()).collect()
}

/// Makes buffers and fills them.
struct Maker<'d> {
    device: &'d Device,
    made: Vec<wgpu::Buffer>,
}

impl Maker<'_> {
    fn room(&mut self, bytes: usize, usage: BufferUsages) -> wgpu::Buffer {
        let buffer = self.device.pool().take(self.device.raw().0, bytes as u64, usage);
        self.made.push(buffer.clone());
        buffer
    }

    fn filled(&mut self, bytes: &[u8], usage: BufferUsages) -> wgpu::Buffer {
        let buffer = self.room(bytes.len(), usage);
        self.device.raw().1.write_buffer(&buffer, 0, bytes);
        buffer
    }

    /// `bindings`: buffers by their binding; those that the entry does not use are left out.
    fn step<'b>(
        &self,
        kernel: (&'static str, &'static str),
        entry: &'static str,
        bindings: &[(u32, &'b wgpu::Buffer)],
    ) -> Step {
        let pipeline = self.device.pipeline(kernel.0, kernel.1, entry).raw().clone();
        let resource = |buffer: &'b wgpu::Buffer| buffer.as_entire_binding();
        let entries = bindings.iter().map(|&(binding, buffer)| (binding, resource(buffer)));
        let entries = entries.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource });
        let entries: Vec<_> = entries.collect();
        let bindings = self.device.raw().0.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Step { pipeline, bindings }
    }
}

impl Sizes {
    /// Workgroups that go through so many rows.
    fn over(rows: u32) -> u32 {
        rows.div_ceil(GROUP).clamp(1, MOST_GROUPS)
    }

    fn chunks(self) -> u32 {
        self.listed.div_ceil(CHUNK)
    }
}

impl<'d> Booster<'d> {
    /// Sends the rows, and makes ready what trees are grown with.
    ///
    /// # Errors
    /// A card that was lost, or that does not hold so much.
    pub fn new(device: &'d Device, data: &Data<'_>, fit: &Fit) -> Result<Self, Lost> {
        let (rows, features) = (fit.rows as usize, data.features.len());
        let others = data.others.map_or(0, |(_, scores)| scores.first().map_or(0, Vec::len));
        let (leaves, outputs) = (fit.max_leaves as usize, fit.outputs as usize);
        let limit = device.limits().max_storage_buffer_binding_size;
        fits(limit, (rows, others), features, leaves, outputs)?;
        let groups = features.div_ceil(layout::PACKED);
        let mut maker = Maker { device, made: Vec::new() };
        let uniform = maker.filled(&bytes_of(fit.words(groups as u32, features as u32).into_iter()), UNIFORM);
        let tree = maker.room(16, UNIFORM);
        let bins = maker.filled(&packed(rows, data.features.iter().map(|f| f.0)), DATA);
        let kinds = data.features.iter().enumerate().flat_map(|(place, feature)| {
            [(place / layout::PACKED) as u32, (place % layout::PACKED * 8) as u32, feature.1 as u32, 0]
        });
        let kinds = maker.filled(&bytes_of(kinds), DATA);
        let used = maker.room(features * 4, DATA);
        let targets = data.targets.iter().flat_map(|t| t.to_le_bytes()).collect::<Vec<_>>();
        let targets = maker.filled(&targets, DATA);
        let weights = data.weights.unwrap_or(&[]).iter().flat_map(|w| w.to_bits().to_le_bytes());
        let weights = maker.filled(&weights.collect::<Vec<_>>(), DATA);
        let scores = maker.filled(&doubles(data.scores), DATA);
        let pairs = maker.room(rows * outputs * 8, DATA);
        let words = maker.room(rows * 8, DATA);
        let list = maker.room(rows * 8, DATA);
        let bag = maker.room(if fit.listed < fit.rows { rows * 4 } else { 4 }, DATA);
        let lefts = maker.room(PART_GROUPS as usize * 4, DATA);
        let partials = maker.room((rows.div_ceil(CHUNK as usize) + leaves) * 16, DATA);
        let histograms = maker.room(leaves * groups * layout::GROUP_BYTES, DATA);
        let found = maker.room(features * 2 * layout::FOUND_WORDS * 4, DATA);
        let state = maker.room(STATE_WORDS * 4, DATA);
        let leaf_list = maker.room(leaves * layout::LEAF_WORDS * 4, DATA);
        let nodes = maker.room(leaves * NODE_WORDS * 4, DATA);
        let values = maker.room(leaves * 4, DATA);
        let checks = maker.room(16, DATA);
        let sent = [rows, others].map(|_| maker.room(8, UNIFORM));
        let other_bins = data.others.map(|(bins, _)| packed(others, bins.iter().map(Vec::as_slice)));
        let other_bins = maker.filled(&other_bins.unwrap_or_default(), DATA);
        let other_scores = maker.filled(&doubles(data.others.map_or(&[], |o| o.1)), DATA);

        let whole = [(0, &uniform), (1, &state), (2, &bins), (3, &list), (4, &lefts)];
        let routed = |sent, bins, scores| {
            let tree = [(2, &state), (3, &nodes), (4, &kinds), (6, &values)];
            maker.step(ROUTE, "route", &[&tree[..], &[(1, sent), (5, bins), (7, scores)]].concat())
        };
        let summed = [(0, &uniform), (1, &tree), (2, &state), (3, &leaf_list)];
        let summed = [&summed[..], &[(4, &list), (5, &pairs), (6, &partials)]].concat();
        let chosen = [(0, &uniform), (1, &tree), (2, &state), (3, &leaf_list)];
        let chosen = [&chosen[..], &[(4, &nodes), (5, &found), (6, &kinds)]].concat();
        let made =
            [(0, &uniform), (1, &tree), (2, &state), (4, &list), (5, &pairs), (6, &words), (7, &checks)];
        let gradients = [(0, &uniform), (1, &scores), (2, &targets), (3, &weights), (4, &pairs)];
        let added = [(0, &uniform), (1, &state), (2, &bins), (5, &words), (6, &histograms), (7, &list)];
        let sought = [(0, &uniform), (1, &state), (2, &kinds), (3, &used), (4, &histograms), (5, &found)];
        let valued = [(0, &uniform), (2, &state), (3, &leaf_list), (6, &partials), (7, &values)];
        let steps = Steps {
            gradients: maker.step(GRADIENTS, "gradients", &gradients),
            list: maker.step(GROW, "list", &[(0, &uniform), (7, &list)]),
            begin: maker.step(GROW, "begin", &[(0, &uniform), (2, &state), (3, &leaf_list)]),
            sum_sizes: maker.step(SUMS, "sum_sizes", &summed),
            units: maker.step(WORDS, "units", &[(0, &uniform), (2, &state), (3, &partials)]),
            pack: maker.step(WORDS, "pack", &made),
            histogram: maker.step(ROWS, "histogram", &added),
            search: maker.step(SEARCH, "search", &sought),
            choose: maker.step(GROW, "choose", &chosen),
            count_left: maker.step(ROWS, "count_left", &whole),
            place: maker.step(ROWS, "place", &whole),
            sum_leaves: maker.step(SUMS, "sum_leaves", &summed),
            value_leaves: maker.step(SUMS, "value_leaves", &valued),
            route: routed(&sent[0], &bins, &scores),
            route_others: (others > 0).then(|| routed(&sent[1], &other_bins, &other_scores)),
        };
        device.check()?;
        let sizes = Sizes {
            rows: fit.rows,
            others: others as u32,
            groups: groups as u32,
            max_leaves: fit.max_leaves,
            listed: fit.listed,
            outputs: fit.outputs,
        };
        let buffers = maker.made;
        Ok(Self {
            device,
            sizes,
            steps,
            buffers,
            tree,
            used,
            rows: list,
            bag,
            histograms,
            checks,
            state,
            nodes,
            values,
            sent,
            other_scores,
        })
    }

    /// The rows that the next trees are grown on, ascending.
    pub fn use_rows(&self, rows: &[u32]) {
        self.device.raw().1.write_buffer(&self.bag, 0, &bytes_of(rows.iter().copied()));
    }

    /// Sends a tree of `output`, on `features`, whose gradients are rounded by `seed`. `first`: the first of its round, for
    /// which gradients are made; `last`: of which scores of the other rows are wanted.
    ///
    /// # Errors
    /// A card that was lost.
    pub fn tree(
        &self,
        (output, seed): (u32, u64),
        features: &[u32],
        first: bool,
        last: bool,
    ) -> Result<Reading, Lost> {
        let (raw, queue) = self.device.raw();
        let about = [seed as u32, (seed >> 32) as u32, output, features.len() as u32];
        queue.write_buffer(&self.tree, 0, &bytes_of(about.into_iter()));
        queue.write_buffer(&self.used, 0, &bytes_of(features.iter().copied()));
        for (buffer, rows) in self.sent.iter().zip([self.sizes.rows, self.sizes.others]) {
            queue.write_buffer(buffer, 0, &bytes_of([rows, output].into_iter()));
        }
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&self.histograms, 0, None);
        encoder.clear_buffer(&self.checks, 0, None);
        if self.sizes.listed < self.sizes.rows {
            encoder.copy_buffer_to_buffer(&self.bag, 0, &self.rows, 0, u64::from(self.sizes.listed) * 4);
        }
        self.encode(&mut encoder, features.len() as u32, first);
        let (leaves, others) = (self.sizes.max_leaves as usize, self.sizes.others * self.sizes.outputs);
        let others = if last { others as usize } else { 0 };
        let parts = [
            (&self.state, STATE_WORDS * 4),
            (&self.nodes, leaves * NODE_WORDS * 4),
            (&self.values, leaves * 4),
            (&self.checks, 16),
            (&self.other_scores, others * 8),
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

    fn encode(&self, encoder: &mut wgpu::CommandEncoder, features: u32, first: bool) {
        let Sizes { rows, others, groups, max_leaves, listed, .. } = self.sizes;
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let mut send = |step: &Step, groups: [u32; 2]| {
            pass.set_pipeline(&step.pipeline);
            pass.set_bind_group(0, &step.bindings, &[]);
            pass.dispatch_workgroups(groups[0], groups[1], 1);
        };
        let steps = &self.steps;
        let (all, parts) = (Sizes::over(rows), listed.div_ceil(GROUP).clamp(1, PART_GROUPS));
        let sums = listed.div_ceil(4 * GROUP).clamp(1, (SUM_GROUPS / groups).max(16));
        if first {
            send(&steps.gradients, [all, 1]);
        }
        if listed == rows {
            send(&steps.list, [all, 1]);
        }
        send(&steps.begin, [1, 1]);
        send(&steps.sum_sizes, [self.sizes.chunks(), 1]);
        send(&steps.units, [1, 1]);
        send(&steps.pack, [Sizes::over(listed).min(1024), 1]);
        send(&steps.histogram, [sums, groups]);
        send(&steps.search, [features, 1]);
        for left in (0..max_leaves.saturating_sub(1)).rev() {
            send(&steps.choose, [1, 1]);
            send(&steps.count_left, [parts, 1]);
            send(&steps.place, [parts, 1]);
            if left > 0 {
                send(&steps.histogram, [sums, groups]);
                send(&steps.search, [features, 2]);
            }
        }
        send(&steps.sum_leaves, [self.sizes.chunks() + max_leaves, 1]);
        send(&steps.value_leaves, [max_leaves, 1]);
        send(&steps.route, [all, 1]);
        if let Some(step) = &steps.route_others {
            send(step, [Sizes::over(others), 1]);
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
        self.buffers.drain(..).for_each(|buffer| self.device.pool().give(buffer));
    }
}
