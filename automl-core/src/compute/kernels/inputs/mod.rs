//! Lays out what networks take of a batch of rows: numbers as they are, and pieces of them. A cell differs from the
//! processor's in the last bits at most.

pub mod cpu;
#[cfg(test)]
mod tests;

use super::super::gpu::{Access, Device, Pipeline};
use super::nets::access;
use crate::compute::gpu::lean::lean;

const PARTS: &[&str] = &[lean!(include_str!("../nets/nets.wgsl")), lean!(include_str!("kernel.wgsl"))];

/// Bindings: views, columns, the order of rows, cells, scratch.
pub const ACCESS: [Access; 5] = access(b"rrrrw");

const THREADS: u32 = 64;

/// As in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub out_at: u32,
    pub columns: u32,
    pub width: u32,
    pub features: u32,
}

/// As in the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    pub feature: u32,
    pub is_piece: u32,
    pub start: f32,
    pub slope: f32,
    pub low: f32,
    pub high: f32,
}

impl View {
    pub const FIELDS: [&'static str; 4] = ["out_at", "columns", "width", "features"];

    pub fn words(&self) -> [u32; 4] {
        [self.out_at, self.columns, self.width, self.features]
    }
}

impl Column {
    pub const FIELDS: [&'static str; 6] = ["feature", "is_piece", "start", "slope", "low", "high"];

    pub fn words(&self) -> [u32; 6] {
        let [start, slope, low, high] = [self.start, self.slope, self.low, self.high].map(f32::to_bits);
        [self.feature, self.is_piece, start, slope, low, high]
    }
}

pub fn pipeline(device: &Device) -> Pipeline {
    device.pipeline_in_turns(("inputs", PARTS), "main", &ACCESS)
}

/// Workgroups for so many rows.
pub fn groups(views: &[View], rows: usize) -> [u32; 3] {
    let width = views.iter().map(|v| v.width).max().unwrap_or(0);
    [width.div_ceil(THREADS), rows as u32, views.len() as u32]
}
