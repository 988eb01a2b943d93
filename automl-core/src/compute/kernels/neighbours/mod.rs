//! The nearest of many rows by Euclidean distance, sifted on a card: of each row that is asked about it gives the few known
//! rows that can be among its nearest. Whoever computes these few distances again has the processor's answer to the last bit.
//!
//! Why none is missed: each distance is a sum of n squares that are not negative, so in any order, fused or not, it is within a
//! share of e = (n + 4) · 2⁻²⁴ of the true one (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, lemma 3.1), but for
//! what is below 2⁻¹²⁶ and may be taken for nothing, n times at most. Let t be the k-th smallest distance of the card. There are k rows
//! whose distance on the processor is at most t (1 + e)², so its k nearest are not farther, and the card's distances of these are at
//! most t (1 + e)⁴. One step of a distance's bits is a share of more than 2⁻²⁴, so 8 (n + 4) steps are enough; and what is so small
//! that vanished terms may count for a step is always among the found.

pub mod cpu;
#[cfg(test)]
mod tests;

use crate::compute::gpu::lean::lean;
use crate::compute::gpu::{Device, Lost, Pending, Pipeline};
use wgpu::BufferUsages;

const SOURCE: &str = lean!(include_str!("kernel.wgsl"));
const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
const STAGING: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// Rows of a tile.
const TILE: usize = 64;
/// Bytes of distances that lie on the card at most.
const MOST_BYTES: u64 = 64 << 20;
/// Places beside the nearest themselves for those that are as far, or nearly.
const SPARE: usize = 64;

/// Steps of a distance's bits within which rows may change places, of so many features.
fn slack(features: usize) -> u32 {
    u32::try_from(features).map_or(1 << 22, |n| (8 * (n.min(1 << 18) + 4)).min(1 << 22))
}

/// Bits of what is so small that vanished terms may count: 2²⁵ times n · 2⁻¹²⁶.
fn least(features: usize) -> u32 {
    let size = usize::BITS - features.max(1).leading_zeros();
    (size + 1 + 25) << 23
}

/// Rows that are asked about at once, where so many are known and a buffer may have `limit` bytes; 0 where they are too many.
fn block(limit: u64, rows: usize, (features, k): (usize, usize)) -> usize {
    // Buffers have powers of two of bytes.
    let limit = 1u64.checked_shl(limit.max(1).ilog2()).unwrap_or(1);
    let words = |limit: u64| (limit / 4) as usize;
    let rows = (words(limit.min(MOST_BYTES)) / rows.max(1)).min(words(limit) / features.max(k + SPARE + 1));
    rows.min(4096) / TILE * TILE
}

/// How many of the known rows a card whose buffers may have `limit` bytes is given at a time: all, where it holds them.
///
/// # Errors
/// What is too large, in words that follow a colon.
pub fn at_a_time(limit: u64, rows: usize, (features, k): (usize, usize)) -> Result<usize, String> {
    let bytes = |rows: usize| ((rows * features * 4) as u64).next_power_of_two();
    if bytes(rows) <= limit && block(limit, rows, (features, k)) > 0 {
        return Ok(rows);
    }
    // Some more rows that are asked about at once keep a card busy.
    let mut some = ((limit.min(MOST_BYTES) / 4) as usize / (4 * TILE)).min(rows).max(1);
    while some > 1 && bytes(some) > limit {
        some /= 2;
    }
    if bytes(some) > limit || block(limit, some, (features, k)) == 0 {
        return Err(format!("rows of {features} features are more than the graphics card takes"));
    }
    Ok(some)
}

/// Known rows on a card.
pub struct Neighbours<'d> {
    device: &'d Device,
    rows: usize,
    features: usize,
    k: usize,
    /// Rows that are asked about at once, at most.
    block: usize,
    measure: Pipeline,
    choose: Pipeline,
    /// As the kernels bind them.
    buffers: [wgpu::Buffer; 5],
}

/// What was asked, until its answer is there.
pub struct Asked {
    pending: Pending,
    asked: usize,
}

impl<'d> Neighbours<'d> {
    /// Of `cells`, rows × features, row-major, finite, as many as [`at_a_time`] says. `k` is at least 1 and at most the rows.
    ///
    /// # Errors
    /// A card that was lost, or has no memory left.
    pub fn new(device: &'d Device, cells: &[f32], features: usize, k: usize) -> Result<Self, Lost> {
        let rows = cells.len() / features.max(1);
        let limit = device.limits().max_storage_buffer_binding_size;
        let block = block(limit, rows, (features, k)).max(TILE);
        let take = |bytes: usize, usage| device.pool().take(device.raw().0, bytes as u64, usage);
        let buffers = [
            take(32, UNIFORM),
            take(block * features * 4, DATA),
            take(cells.len() * 4, DATA),
            take(block * rows * 4, DATA),
            take(block * (k + SPARE + 1) * 4, DATA),
        ];
        device.raw().1.write_buffer(&buffers[2], 0, &bytes(cells));
        let [measure, choose] =
            ["measure", "choose"].map(|entry| device.pipeline("neighbours", SOURCE, entry));
        device.check()?;
        Ok(Self { device, rows, features, k, block, measure, choose, buffers })
    }

    /// Most rows that can be asked about at once.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Asks about some rows, rows × features, row-major, finite; no more than [`Neighbours::block`] of them are looked at.
    ///
    /// # Errors
    /// A card that was lost.
    pub fn ask(&self, some: &[f32]) -> Result<Asked, Lost> {
        let (raw, queue) = self.device.raw();
        let asked = (some.len() / self.features.max(1)).min(self.block);
        let room = self.k + SPARE;
        let about = [asked, self.rows, self.features, self.k, room].map(|n| n as u32);
        let about = about.into_iter().chain([slack(self.features), least(self.features), 0]);
        queue.write_buffer(&self.buffers[0], 0, &about.flat_map(u32::to_le_bytes).collect::<Vec<_>>());
        queue.write_buffer(&self.buffers[1], 0, &bytes(&some[..asked * self.features]));
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let bindings: Vec<_> = self.buffers.iter().map(wgpu::Buffer::as_entire_binding).collect();
            let tiles = [self.rows.div_ceil(TILE) as u32, asked.div_ceil(TILE) as u32, 1];
            self.device.dispatch_some(&mut pass, &self.measure, &bindings, &[0, 1, 2, 3], tiles);
            self.device.dispatch_some(&mut pass, &self.choose, &bindings, &[0, 3, 4], [asked as u32, 1, 1]);
        }
        let length = (asked * (room + 1) * 4) as u64;
        let staging = self.device.pool().take(raw, length, STAGING);
        encoder.copy_buffer_to_buffer(&self.buffers[4], 0, &staging, 0, length);
        let index = queue.submit([encoder.finish()]);
        self.device.check()?;
        Ok(Asked { pending: self.device.pending(staging, length, index), asked })
    }

    /// For each row that was asked about the known rows that can be among its nearest, ascending; `None` where too many are
    /// nearly as far.
    ///
    /// # Errors
    /// A card that was lost.
    pub async fn answer(&self, asked: Asked) -> Result<Vec<Option<Vec<u32>>>, Lost> {
        let mut bytes = Vec::new();
        self.device.finish(asked.pending, &mut bytes).await?;
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let rows = words.chunks_exact(self.k + SPARE + 1).take(asked.asked).map(|row| {
            let mut found = row[1..].get(..row[0] as usize)?.to_vec();
            found.sort_unstable();
            // What a driver writes is not taken on trust.
            found.iter().all(|&row| (row as usize) < self.rows).then_some(found)
        });
        Ok(rows.collect())
    }
}

impl Drop for Neighbours<'_> {
    fn drop(&mut self) {
        self.buffers.iter().for_each(|buffer| self.device.pool().give(buffer.clone()));
    }
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}
