//! What kernels of many networks at once have in common: turns, layers, and the draws of dropout.
//!
//! A list of layers is sent in one dispatch, each at its own z. Networks of different shapes take part by their own widths and
//! places: nothing is padded, and workgroups beyond a layer's own cells end at once.

use super::super::gpu::Access;

/// Rows that a workgroup of the judging kernel takes.
pub const JUDGED: usize = 256;
/// In place of a place.
pub const NONE: u32 = u32::MAX;
/// Bytes of a turn.
pub const TURN_BYTES: u64 = 32;

/// As in `nets.wgsl`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Turn {
    pub start: u32,
    pub rows: u32,
    pub step: u32,
    pub classes: u32,
    pub block: u32,
    pub blocks: u32,
    pub first: f32,
    pub second: f32,
}

/// As in `nets.wgsl`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Layer {
    pub inputs: u32,
    pub outputs: u32,
    pub weights: u32,
    pub factors: u32,
    pub in_at: u32,
    pub out_at: u32,
    pub in_slopes: u32,
    pub out_slopes: u32,
    pub dropped: u32,
    pub keep: f32,
    pub seed: u32,
    pub rectified: u32,
    pub rate: f32,
    pub decay: f32,
    pub warm_up: f32,
    pub steps: f32,
}

impl Turn {
    pub const FIELDS: [&'static str; 8] =
        ["start", "rows", "step", "classes", "block", "blocks", "first", "second"];

    pub fn words(&self) -> [u32; 8] {
        let Self { start, rows, step, classes, block, blocks, first, second } = *self;
        [start, rows, step, classes, block, blocks, first.to_bits(), second.to_bits()]
    }
}

impl Layer {
    pub const FIELDS: [&'static str; 16] = [
        "inputs",
        "outputs",
        "weights",
        "factors",
        "in_at",
        "out_at",
        "in_slopes",
        "out_slopes",
        "dropped",
        "keep",
        "seed",
        "rectified",
        "rate",
        "decay",
        "warm_up",
        "steps",
    ];

    pub fn words(&self) -> [u32; 16] {
        let bits = f32::to_bits;
        [
            self.inputs,
            self.outputs,
            self.weights,
            self.factors,
            self.in_at,
            self.out_at,
            self.in_slopes,
            self.out_slopes,
            self.dropped,
            bits(self.keep),
            self.seed,
            self.rectified,
            bits(self.rate),
            bits(self.decay),
            bits(self.warm_up),
            bits(self.steps),
        ]
    }
}

/// Spreads 32 bits (Wellons' lowbias32).
pub fn mixed(word: u32) -> u32 {
    let word = (word ^ (word >> 16)).wrapping_mul(0x7FEB_352D);
    let word = (word ^ (word >> 15)).wrapping_mul(0x846C_A68B);
    word ^ (word >> 16)
}

/// What the draws of a layer at a step hang on.
pub fn key(seed: u32, step: u32) -> u32 {
    mixed(seed ^ mixed(step))
}

/// The draw of the unit at `place` of rows × outputs: by number, so that the order in which units are computed does not matter.
pub fn draw(key: u32, place: u32) -> u32 {
    mixed(mixed(place ^ key).wrapping_add(key))
}

/// The words of a list, low byte first.
pub fn bytes<const N: usize>(words: impl IntoIterator<Item = [u32; N]>) -> Vec<u8> {
    words.into_iter().flatten().flat_map(u32::to_le_bytes).collect()
}

/// Ways of access of bindings from 1 on: `r` reads, `w` writes too.
pub(super) const fn access<const N: usize>(ways: &[u8; N]) -> [Access; N] {
    let mut access = [Access::Read; N];
    let mut i = 0;
    while i < N {
        if ways[i] == b'w' {
            access[i] = Access::Write;
        }
        i += 1;
    }
    access
}

#[cfg(test)]
pub mod testing;
#[cfg(test)]
pub mod tests;
