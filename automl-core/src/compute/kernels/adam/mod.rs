//! A step of AdamW (Loshchilov and Hutter, 2019) for all layers of all networks in one dispatch. Per step a weight differs from
//! the processor's by some 1e-6 of the rate, and of the weight.

pub mod cpu;
#[cfg(test)]
mod tests;

use super::super::gpu::{Access, Device, Pipeline};
use super::nets::{Layer, access};
use crate::compute::gpu::lean::lean;

const PARTS: &[&str] = &[lean!(include_str!("../nets/nets.wgsl")), lean!(include_str!("kernel.wgsl"))];

/// Bindings: layers, weights, their first and second moments, slopes by them.
pub const ACCESS: [Access; 5] = access(b"rwwwr");

pub fn pipeline(device: &Device) -> Pipeline {
    device.pipeline_in_turns(("adam", PARTS), "main", &ACCESS)
}

/// Rows of weights of a workgroup.
const ROWS: u32 = 4;

/// Workgroups for these layers.
pub fn groups(layers: &[Layer]) -> [u32; 3] {
    let rows = layers.iter().map(|l| l.inputs).max().map_or(0, |inputs| inputs + 1);
    [rows.div_ceil(ROWS), layers.len() as u32, 1]
}
