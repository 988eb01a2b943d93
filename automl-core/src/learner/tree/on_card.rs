//! Rows whose bins lie in a graphics card's memory.
//!
//! The card sums the words of a leaf's rows a bin at a time, and parts leaves: whole numbers, equal to the processor's to the
//! last bit. Splits are searched here, for gains are doubles, which a card need not have. What is sent is words and, where
//! not all rows are a tree's, their numbers; what comes back is a histogram a leaf and, in the end, the rows leaf by leaf.

use super::binning::Binned;
use super::partition::Side;
use super::shape::Shape;
use super::store::{LeafAt, Store, sum_left};
use crate::compute::gpu::{Device, Lost, Pipeline};
use crate::compute::kernels::{histogram, partition};
use crate::platform::ready;
use wgpu::BufferUsages;

/// What most buffers are for.
const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);

/// See the module.
pub struct OnCard<'d> {
    device: &'d Device,
    data: &'d Binned,
    /// Fours of features of a row.
    groups: usize,
    features: Vec<u32>,
    offsets: Vec<usize>,
    bins: wgpu::Buffer,
    words: wgpu::Buffer,
    rows: wgpu::Buffer,
    spare: wgpu::Buffer,
    lefts: wgpu::Buffer,
    tables: wgpu::Buffer,
    histogram: Pipeline,
    /// Its three steps.
    partition: [Pipeline; 3],
    bytes: Vec<u8>,
    sums: Vec<i64>,
    count: usize,
    ended: Vec<u32>,
}

fn little(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.flat_map(u32::to_le_bytes).collect()
}

impl<'d> OnCard<'d> {
    /// Sends the bins of `data`.
    ///
    /// # Errors
    /// A card that was lost, or whose memory does not hold them.
    pub fn new(device: &'d Device, data: &'d Binned) -> Result<Self, Lost> {
        let (rows, groups) = (data.rows, data.features.len().div_ceil(histogram::LANES));
        let (raw, queue) = device.raw();
        let most = raw.limits().max_storage_buffer_binding_size as usize;
        if rows * groups.max(2) * 4 > most {
            return Err(Lost {
                reason: format!("{rows} rows of {} features do not fit", data.features.len()),
            });
        }
        let take = |bytes: usize, usage| device.pool().take(raw, bytes as u64, usage);
        let bins = take(rows * groups * 4, DATA);
        let mut packed = vec![0u8; rows * groups * 4];
        for (place, feature) in data.features.iter().enumerate() {
            let cells = packed.iter_mut().skip(place).step_by(groups * 4);
            cells.zip(&feature.bins).for_each(|(cell, &bin)| *cell = bin);
        }
        queue.write_buffer(&bins, 0, &packed);
        let steps = ["count", "offset", "place"];
        let store = Self {
            groups,
            features: Vec::new(),
            offsets: Vec::new(),
            bins,
            words: take(rows * 8, DATA),
            rows: take(rows * 4, DATA),
            spare: take(rows * 4, DATA),
            lefts: take(rows.div_ceil(partition::BLOCK as usize) * 4, DATA),
            tables: take(groups * histogram::LANES * histogram::BINS * 8, DATA),
            histogram: histogram::pipeline(device),
            partition: steps.map(|entry| device.pipeline("partition", partition::SOURCE, entry)),
            bytes: Vec::new(),
            sums: Vec::new(),
            count: 0,
            ended: Vec::new(),
            device,
            data,
        };
        device.check()?;
        Ok(store)
    }

    fn uniform(&self, numbers: &[u32]) -> wgpu::Buffer {
        let (raw, queue) = self.device.raw();
        let buffer = self.device.pool().take(raw, numbers.len() as u64 * 4, UNIFORM);
        queue.write_buffer(&buffer, 0, &little(numbers.iter().copied()));
        buffer
    }

    /// The histogram of a leaf, in `sums`.
    fn sum_of(&mut self, leaf: LeafAt) -> Result<(), Lost> {
        let (raw, queue) = self.device.raw();
        let params = histogram::params(leaf.start as u32, (leaf.end - leaf.start) as u32, self.groups as u32);
        let uniform = self.uniform(&params);
        let bytes = (self.groups * histogram::LANES * histogram::BINS * 8) as u64;
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.clear_buffer(&self.tables, 0, Some(bytes));
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let bindings = [&uniform, &self.bins, &self.rows, &self.words, &self.tables];
            let bindings = bindings.map(wgpu::Buffer::as_entire_binding);
            self.device.dispatch(&mut pass, &self.histogram, &bindings, histogram::workgroups(params));
        }
        queue.submit([encoder.finish()]);
        let mut read = std::mem::take(&mut self.bytes);
        ready(self.device.read(&self.tables, bytes, &mut read))?;
        self.device.pool().give(uniform);
        self.sums.clear();
        for &feature in &self.features {
            let bins = self.data.features[feature as usize].bin_count;
            let table = &read[feature as usize * histogram::BINS * 8..][..bins * 8];
            self.sums.extend(table.as_chunks().0.iter().map(|&word| i64::from_le_bytes(word)));
        }
        self.bytes = read;
        Ok(())
    }
}

impl Store for OnCard<'_> {
    type Lost = Lost;

    fn use_features(&mut self, features: Vec<u32>) {
        self.offsets.clear();
        self.offsets.push(0);
        let mut end = 0;
        for &feature in &features {
            end += self.data.features[feature as usize].bin_count;
            self.offsets.push(end);
        }
        self.features = features;
    }

    fn features(&self) -> &[u32] {
        &self.features
    }

    fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    fn begin(&mut self, rows: Option<&[u32]>, words: &[i64]) -> usize {
        let (_, queue) = self.device.raw();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        queue.write_buffer(&self.words, 0, &bytes);
        let listed = match rows {
            None => little(0..self.data.rows as u32),
            Some(rows) => little(rows.iter().copied()),
        };
        queue.write_buffer(&self.rows, 0, &listed);
        self.count = rows.map_or(self.data.rows, <[u32]>::len);
        self.count
    }

    fn sum(&mut self, leaf: LeafAt, _words: &[i64]) -> Result<&mut Vec<i64>, Lost> {
        self.sum_of(leaf)?;
        Ok(&mut self.sums)
    }

    fn part(
        &mut self,
        leaf: LeafAt,
        _new: u32,
        (feature, side): (u32, &Side),
        left: usize,
    ) -> Result<usize, Lost> {
        let (raw, queue) = self.device.raw();
        let count = leaf.end - leaf.start;
        let blocks = (count as u32).div_ceil(partition::BLOCK);
        let params = partition::params(leaf.start, count, self.groups, feature as usize, left, side);
        let uniform = self.uniform(&params);
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let all = [&uniform, &self.bins, &self.rows, &self.spare, &self.lefts];
            let all = all.map(wgpu::Buffer::as_entire_binding);
            for (step, (pipeline, groups)) in self.partition.iter().zip([blocks, 1, blocks]).enumerate() {
                self.device.dispatch_some(&mut pass, pipeline, &all, partition::USED[step], [groups, 1, 1]);
            }
        }
        let (start, bytes) = (leaf.start as u64 * 4, count as u64 * 4);
        encoder.copy_buffer_to_buffer(&self.spare, start, &self.rows, start, bytes);
        queue.submit([encoder.finish()]);
        self.device.pool().give(uniform);
        self.device.check()?;
        Ok(left)
    }

    fn sum_left(&mut self, leaf: LeafAt, place: usize, side: &Side, _words: &[i64]) -> Result<i64, Lost> {
        self.sum_of(leaf)?;
        Ok(sum_left(&self.sums[self.offsets[place]..self.offsets[place + 1]], side))
    }

    fn end(&mut self, _ranges: &[(usize, usize)], _words: &[i64]) -> Result<&[u32], Lost> {
        let mut read = std::mem::take(&mut self.bytes);
        ready(self.device.read(&self.rows, self.count as u64 * 4, &mut read))?;
        self.ended.clear();
        self.ended.extend(read.as_chunks().0.iter().map(|&row| u32::from_le_bytes(row)));
        self.bytes = read;
        Ok(&self.ended)
    }

    fn route(
        &self,
        shape: &Shape,
        outside: &mut [u32],
        spare: &mut [u32],
        threads: usize,
        visit: impl FnMut(u32, &[u32]),
    ) {
        let features = &self.data.features;
        let column = |f: u32| (features[f as usize].bins.as_slice(), features[f as usize].bin_count);
        shape.route(outside, spare, column, threads, visit);
    }
}

impl Drop for OnCard<'_> {
    fn drop(&mut self) {
        for buffer in [&self.bins, &self.words, &self.rows, &self.spare, &self.lefts, &self.tables] {
            self.device.pool().give(buffer.clone());
        }
    }
}
