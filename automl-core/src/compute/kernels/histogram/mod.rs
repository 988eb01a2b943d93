//! Sums of words over the rows of a leaf, a bin at a time.

pub mod cpu;
#[cfg(test)]
mod tests;

use super::super::gpu::{Device, Pipeline};

/// Bins of a feature, whether it has so many or not.
pub const BINS: usize = 256;
/// Features of a word of bins.
pub const LANES: usize = 4;
/// Workgroups that a card should have at least, and rows of a block at most.
const BLOCKS: u32 = 1 << 8;
const MOST_BLOCK: u32 = 1 << 14;
const LEAST_BLOCK: u32 = 1 << 10;

pub const SOURCE: &str = include_str!("kernel.wgsl");

/// `Params` of the kernel.
pub fn params(start: u32, count: u32, groups: u32) -> [u32; 4] {
    let block = count.div_ceil(BLOCKS).clamp(LEAST_BLOCK, MOST_BLOCK);
    [start, count, block, groups]
}

pub fn pipeline(device: &Device) -> Pipeline {
    device.pipeline("histogram", SOURCE, "main")
}

/// Workgroups for these parameters.
pub fn workgroups([_, count, block, groups]: [u32; 4]) -> [u32; 3] {
    [count.div_ceil(block), groups, 1]
}
