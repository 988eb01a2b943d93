//! Layers with numbers of chance, for tests of kernels of networks.

use super::super::testing::Card;
use super::{Layer, NONE, TURN_BYTES, Turn};
use crate::compute::gpu::Pipeline;
use crate::numeric::Rng;
use wgpu::BufferUsages;

/// Layers that have nothing to do with one another.
pub struct Some {
    pub turn: Turn,
    pub layers: Vec<Layer>,
    pub weights: Vec<f32>,
    pub scratch: Vec<f32>,
}

impl Some {
    /// `shapes`: inputs and outputs of each. Every second layer has factors, every third one is not rectified.
    pub fn new(shapes: &[(usize, usize)], rows: usize, step: u32, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut layers = Vec::new();
        let (mut weights, mut scratch) = (Vec::new(), Vec::new());
        let mut normals = |out: &mut Vec<f32>, count: usize, odd: bool| {
            let at = out.len() as u32;
            out.extend((0..count).map(|_| if odd { f32::NAN } else { rng.normal() as f32 }));
            at
        };
        for (i, &(inputs, outputs)) in shapes.iter().enumerate() {
            let at = normals(&mut weights, (inputs + 1) * outputs, false);
            let factors = if i % 2 == 0 { normals(&mut weights, inputs, false) } else { NONE };
            let dropped = [0, u32::MAX / 3][i % 4 / 2];
            layers.push(Layer {
                inputs: inputs as u32,
                outputs: outputs as u32,
                weights: at,
                factors,
                in_at: normals(&mut scratch, rows * inputs, false),
                out_at: normals(&mut scratch, rows * outputs, false),
                in_slopes: normals(&mut scratch, rows * inputs, true),
                out_slopes: normals(&mut scratch, rows * outputs, false),
                dropped,
                keep: if dropped > 0 { 1.5 } else { 1.0 },
                seed: seed as u32 ^ i as u32,
                rectified: u32::from(i % 3 != 2),
                rate: 0.01 * (i + 1) as f32,
                decay: [0.0, 0.3][i % 2],
                warm_up: [1.0, 30.0][i % 2],
                steps: 200.0,
            });
        }
        let powers = [0.9f64, 0.999].map(|b| (0..step).fold(1.0, |p, _| p * b));
        let [first, second] = powers.map(|p| (1.0 / (1.0 - p)) as f32);
        let turn = Turn { rows: rows as u32, step, first, second, ..Turn::default() };
        Self { turn, layers, weights, scratch }
    }
}

/// Runs a kernel whose turn is the second of two, and reads `read` of its buffers.
pub fn run(
    card: &Card,
    pipeline: &Pipeline,
    turn: &Turn,
    buffers: &[&[u8]],
    groups: [u32; 3],
    read: usize,
) -> Vec<f32> {
    let mut turns = vec![0xFF; 512];
    turns[256..256 + TURN_BYTES as usize].copy_from_slice(&super::bytes([turn.words()]));
    let turns = card.filled(&turns, BufferUsages::UNIFORM);
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
    let held: Vec<wgpu::Buffer> = buffers.iter().map(|bytes| card.filled(bytes, usage)).collect();
    let all: Vec<&wgpu::Buffer> = held.iter().collect();
    let bound = card.device.bind(pipeline, (&turns, TURN_BYTES), &all);
    let (raw, queue) = card.device.raw();
    let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    bound.send(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()), 1, groups);
    queue.submit([encoder.finish()]);
    let bytes = card.read(&held[read], buffers[read].len());
    bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

pub fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub fn layer_bytes(layers: &[Layer]) -> Vec<u8> {
    super::bytes(layers.iter().map(Layer::words))
}

/// The first place where two results are further apart than `most`, or where only one is a number.
pub fn apart(one: &[f32], other: &[f32], most: impl Fn(usize) -> f32) -> Option<(usize, f32, f32)> {
    assert_eq!(one.len(), other.len());
    let differs = |i: &usize| {
        let (a, b) = (one[*i], other[*i]);
        a.is_nan() != b.is_nan() || !a.is_nan() && (a - b).abs() > most(*i)
    };
    (0..one.len()).find(differs).map(|i| (i, one[i], other[i]))
}
