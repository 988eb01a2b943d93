//! The same on the processor, a weight after the other.

use super::super::nets::{Layer, NONE, Turn};

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const FACTORS_RATE: f32 = 4.0;
const LEAST_RATE: f32 = 0.01;

/// Weights and the running moments of their slopes.
pub struct State {
    pub weights: Vec<f32>,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl State {
    fn step_of(&mut self, turn: &Turn, at: usize, weight: f32, slope: f32, size: f32) {
        let m = FIRST * self.first[at] + (1.0 - FIRST) * slope;
        let v = SECOND * self.second[at] + (1.0 - SECOND) * (slope * slope);
        self.first[at] = m;
        self.second[at] = v;
        self.weights[at] = weight - size * m / ((v * turn.second).sqrt() + EPSILON);
    }

    /// One layer's step; `slopes` lie as the weights do, and none are needed of the factors.
    pub fn step(&mut self, turn: &Turn, layer: &Layer, slopes: &[f32]) {
        let step = turn.step as f32;
        let rate = layer.rate * (step / layer.warm_up).min(1.0) * (1.0 - step / layer.steps).max(LEAST_RATE);
        let size = rate * turn.first;
        let outputs = layer.outputs as usize;
        for row in 0..=layer.inputs as usize {
            let is_bias = row == layer.inputs as usize;
            let kept = if is_bias { 1.0 } else { 1.0 - rate * layer.decay };
            let factor_at = (layer.factors != NONE && !is_bias).then_some(layer.factors as usize + row);
            let factor = factor_at.map_or(1.0, |at| self.weights[at]);
            let mut by_factor = 0.0;
            for j in 0..outputs {
                let at = layer.weights as usize + row * outputs + j;
                let (weight, slope) = (self.weights[at], slopes[at]);
                by_factor += weight * slope;
                self.step_of(turn, at, weight * kept, slope * factor, size);
            }
            if let Some(at) = factor_at {
                self.step_of(turn, at, factor, by_factor, size * FACTORS_RATE);
            }
        }
    }
}
