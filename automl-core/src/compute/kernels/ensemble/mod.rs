//! Prediction by ensembles of trees: every row walks down every tree, and the values of its leaves are added up in the trees'
//! order as doubles, so that scores are the processor's to the last bit. Rows come in blocks, as many as a buffer holds.

pub mod cpu;
#[cfg(test)]
mod tests;

use crate::compute::gpu::lean::lean;
use crate::compute::gpu::{Device, Lost, Pending, Pipeline};
use wgpu::BufferUsages;

const PARTS: &[&str] = &[lean!(include_str!("../double/double.wgsl")), lean!(include_str!("kernel.wgsl"))];
const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// Threads of a workgroup, and workgroups at most.
const GROUP: usize = 256;
const MOST_GROUPS: usize = 4096;
/// Bytes of rows that lie on the card at a time, at most.
const MOST_BYTES: u64 = 64 << 20;

/// What a missing number is on the card: no threshold is as high.
pub const MISSING: u32 = u32::MAX;

/// Trees, or some that follow each other, laid out as learners keep them, with thresholds that are ordered as [`ordered`] says.
#[derive(Debug, Clone, Copy)]
pub struct Trees<'a> {
    /// Four words a node: feature and flags, threshold or where a set begins, and two children.
    pub nodes: &'a [[u32; 4]],
    /// One child a tree.
    pub roots: &'a [u32],
    pub sets: &'a [u32],
    /// Leaves × width, finite.
    pub values: &'a [f32],
    pub width: usize,
    /// Features that nodes test.
    pub features: usize,
}

/// A number as one whose order among whole numbers is that of the numbers; 0 and −0 are the same, and what is no number is
/// [`MISSING`].
pub fn ordered(x: f32) -> u32 {
    // Adding 0 makes 0 of −0.
    let bits = (x + 0.0).to_bits();
    match x {
        x if x.is_nan() => MISSING,
        _ if bits >> 31 == 1 => !bits,
        _ => bits | 1 << 31,
    }
}

/// A threshold in the same order. No number is at most what is no number.
pub fn ordered_threshold(x: f32) -> u32 {
    if x.is_nan() { 0 } else { ordered(x) }
}

/// Whether a card whose buffers may have `limit` bytes holds so many nodes, words of sets and values as one part.
pub fn fits(limit: u64, [nodes, sets, values]: [usize; 3]) -> bool {
    (4 * (4 * nodes).max(sets).max(values)).next_power_of_two() as u64 <= limit
}

/// Trees that follow each other.
struct Part {
    trees: usize,
    /// As the kernel binds them.
    buffers: [wgpu::Buffer; 5],
}

/// An ensemble on a card, in parts where one buffer does not hold it: each goes on from the scores of those before.
pub struct Ensemble<'d> {
    device: &'d Device,
    features: usize,
    outputs: usize,
    width: usize,
    /// Rows that are predicted at once, at most.
    block: usize,
    pipeline: Pipeline,
    parts: Vec<Part>,
    /// Cells and scores.
    rows: [wgpu::Buffer; 2],
}

/// Rows that were sent, until their scores are there.
pub struct Sent(Pending);

impl<'d> Ensemble<'d> {
    /// One without trees, for rows of so many features, with so many scores a row.
    ///
    /// # Errors
    /// A card that was lost, or has no memory left.
    pub fn new(device: &'d Device, features: usize, (width, outputs): (usize, usize)) -> Result<Self, Lost> {
        let limit = device.limits().max_storage_buffer_binding_size.min(MOST_BYTES) as usize;
        let outputs = outputs.max(1);
        let block = (limit / (4 * features).max(8 * outputs)).clamp(1, 1 << 20);
        let take = |bytes: usize| device.pool().take(device.raw().0, bytes as u64, DATA);
        let rows = [take(block * features * 4), take(block * outputs * 8)];
        let pipeline = device.pipeline_of("ensemble", PARTS, "predict");
        device.check()?;
        Ok(Self { device, features, outputs, width, block, pipeline, parts: Vec::new(), rows })
    }

    /// Adds trees that [`fits`] says the card holds, after those that are there: a multiple of the outputs many, unless they
    /// are the last or their leaves have a value for each output.
    ///
    /// # Errors
    /// A card that was lost, or has no memory left.
    pub fn add(&mut self, trees: &Trees<'_>) -> Result<(), Lost> {
        let device = self.device;
        let take = |bytes: usize, usage| device.pool().take(device.raw().0, bytes as u64, usage);
        let filled = |words: &mut dyn Iterator<Item = u32>| {
            let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
            let buffer = take(bytes.len(), DATA);
            device.raw().1.write_buffer(&buffer, 0, &bytes);
            buffer
        };
        let buffers = [
            take(16, UNIFORM),
            filled(&mut trees.nodes.iter().flatten().copied()),
            filled(&mut trees.roots.iter().copied()),
            filled(&mut trees.sets.iter().copied()),
            filled(&mut trees.values.iter().map(|value| value.to_bits())),
        ];
        self.parts.push(Part { trees: trees.roots.len(), buffers });
        device.check()
    }

    /// Most rows that can be sent at once.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Sends rows: their cells, features × rows, [`ordered`] or codes, and their scores so far, rows × outputs.
    ///
    /// # Errors
    /// A card that was lost.
    pub fn send(&self, cells: &[u32], scores: &[f64]) -> Result<Sent, Lost> {
        let (raw, queue) = self.device.raw();
        let rows = (scores.len() / self.outputs).min(self.block);
        let [on_card, scored] = &self.rows;
        let cells: Vec<u8> = cells.iter().take(rows * self.features).flat_map(|c| c.to_le_bytes()).collect();
        queue.write_buffer(on_card, 0, &cells);
        let scores: Vec<u8> =
            scores[..rows * self.outputs].iter().flat_map(|s| s.to_bits().to_le_bytes()).collect();
        queue.write_buffer(scored, 0, &scores);
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let groups = [rows.div_ceil(GROUP).clamp(1, MOST_GROUPS) as u32, self.outputs as u32, 1];
        for part in &self.parts {
            let about = [rows, self.outputs, part.trees, self.width].map(|n| (n as u32).to_le_bytes());
            queue.write_buffer(&part.buffers[0], 0, about.as_flattened());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let bindings = part.buffers.iter().chain(&self.rows).map(wgpu::Buffer::as_entire_binding);
            self.device.dispatch(&mut pass, &self.pipeline, &bindings.collect::<Vec<_>>(), groups);
        }
        let bytes = scores.len() as u64;
        let staging = self.device.pool().take(raw, bytes, STAGING);
        encoder.copy_buffer_to_buffer(scored, 0, &staging, 0, bytes);
        let index = queue.submit([encoder.finish()]);
        self.device.check()?;
        Ok(Sent(self.device.pending(staging, bytes, index)))
    }

    /// The rows' scores, rows × outputs, once the trees have said theirs.
    ///
    /// # Errors
    /// A card that was lost.
    pub async fn scores(&self, sent: Sent) -> Result<Vec<f64>, Lost> {
        let mut bytes = Vec::new();
        self.device.finish(sent.0, &mut bytes).await?;
        Ok(bytes.as_chunks().0.iter().map(|bits| f64::from_bits(u64::from_le_bytes(*bits))).collect())
    }
}

impl Drop for Ensemble<'_> {
    fn drop(&mut self) {
        let buffers = self.parts.iter().flat_map(|part| &part.buffers).chain(&self.rows);
        buffers.for_each(|buffer| self.device.pool().give(buffer.clone()));
    }
}
