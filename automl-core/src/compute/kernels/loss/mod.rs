//! What answers cost: slopes to learn from, and losses to judge by. Half the squared error of numbers, the log loss of scores of
//! classes. Slopes differ from the processor's by up to 1e-5 of the largest, sums of losses by 1e-4 of the sum.

pub mod cpu;
#[cfg(test)]
mod tests;

use super::super::gpu::{Access, Device, Pipeline};
use super::nets::{JUDGED, access};
use crate::compute::gpu::lean::lean;

const PARTS: &[&str] = &[lean!(include_str!("../nets/nets.wgsl")), lean!(include_str!("kernel.wgsl"))];

/// Bindings: last layers, models, the order of rows, true answers, scratch, losses.
pub const ACCESS: [Access; 6] = access(b"rrrrww");

/// Temperatures that scores are judged at: e to multiples of `LOG_STEP`, of which number `PLAIN` is 1.
pub const DEGREES: usize = 13;
pub const PLAIN: usize = 4;
pub const LOG_STEP: f64 = 0.12;

const THREADS: usize = 64;

/// As in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    pub net: u32,
    pub nets: u32,
}

impl Model {
    pub const FIELDS: [&'static str; 2] = ["net", "nets"];

    pub fn words(&self) -> [u32; 2] {
        [self.net, self.nets]
    }
}

/// Compiled: `slope` or `judge`.
pub fn pipeline(device: &Device, entry: &'static str) -> Pipeline {
    device.pipeline_in_turns(("loss", PARTS), entry, &ACCESS)
}

/// Workgroups of `slope` for so many rows of so many networks.
pub fn slope_groups(nets: usize, rows: usize) -> [u32; 3] {
    [rows.div_ceil(THREADS) as u32, nets as u32, 1]
}

/// Workgroups of `judge` for so many rows.
pub fn judge_groups(models: usize, rows: usize) -> [u32; 3] {
    [rows.div_ceil(JUDGED) as u32, models as u32, 1]
}
