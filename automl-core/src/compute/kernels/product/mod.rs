//! Products of matrices of many layers at once: forward with biases, rectifier and dropout; back to what went in; and to the
//! weights. `f32` sums whose order is a card's own: cells differ by at most the inner dimension times 2⁻²³ of the sum of the
//! sizes of their terms.

pub mod cpu;
#[cfg(test)]
mod tests;

use super::super::gpu::{Access, Device, Pipeline};
use super::nets::{Layer, access};
use crate::compute::gpu::lean::lean;

const PARTS: &[&str] = &[lean!(include_str!("../nets/nets.wgsl")), lean!(include_str!("kernel.wgsl"))];

/// Rows and columns of a workgroup's tile.
const TILE: usize = 64;

/// Bindings: layers, weights, scratch, slopes by weights.
pub const ACCESS: [Access; 4] = access(b"rrww");

/// Compiled: what goes in to what comes out (`forward`), slopes from there to here (`back`), and slopes by weights
/// (`by_weights`).
pub fn pipeline(device: &Device, entry: &'static str) -> Pipeline {
    device.pipeline_in_turns(("product", PARTS), entry, &ACCESS)
}

fn groups(layers: &[Layer], columns: impl Fn(&Layer) -> u32, rows: usize) -> [u32; 3] {
    let columns = layers.iter().map(columns).max().unwrap_or(0) as usize;
    [columns.div_ceil(TILE) as u32, rows.div_ceil(TILE) as u32, layers.len() as u32]
}

/// Workgroups of `forward` for so many rows.
pub fn forward_groups(layers: &[Layer], rows: usize) -> [u32; 3] {
    groups(layers, |l| l.outputs, rows)
}

/// Workgroups of `back`.
pub fn back_groups(layers: &[Layer], rows: usize) -> [u32; 3] {
    groups(layers, |l| l.inputs, rows)
}

/// Workgroups of `by_weights`.
pub fn by_weights_groups(layers: &[Layer]) -> [u32; 3] {
    let inputs = layers.iter().map(|l| l.inputs).max().map_or(0, |inputs| inputs as usize + 1);
    groups(layers, |l| l.outputs, inputs)
}
