//! The same on the processor, a cell after the other.

use super::super::nets::{Layer, NONE, Turn, draw, key};

/// out = in · weights + biases, rectified but in a last layer, some units left out in training.
pub fn forward(turn: &Turn, layer: &Layer, weights: &[f32], scratch: &mut [f32]) {
    let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
    let own = &weights[layer.weights as usize..];
    let key = key(layer.seed, turn.step);
    for row in 0..turn.rows as usize {
        for output in 0..outputs {
            let mut sum = 0.0f32;
            for input in 0..inputs {
                let factor = match layer.factors {
                    NONE => 1.0,
                    at => weights[at as usize + input],
                };
                sum += scratch[layer.in_at as usize + row * inputs + input]
                    * (own[input * outputs + output] * factor);
            }
            let place = row * outputs + output;
            let mut x = sum + own[inputs * outputs + output];
            if layer.rectified == 1 {
                x = x.max(0.0);
                if turn.step > 0 && layer.dropped > 0 {
                    x = if draw(key, place as u32) < layer.dropped { 0.0 } else { x * layer.keep };
                }
            }
            scratch[layer.out_at as usize + place] = x;
        }
    }
}

/// in′ = out′ · weightsᵀ. A unit that gave nothing, being rectified or left out, gets nothing.
pub fn back(turn: &Turn, layer: &Layer, weights: &[f32], scratch: &mut [f32]) {
    let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
    let own = &weights[layer.weights as usize..];
    for row in 0..turn.rows as usize {
        for input in 0..inputs {
            let slope = |output| scratch[layer.out_slopes as usize + row * outputs + output];
            let sum: f32 = (0..outputs).map(|output| slope(output) * own[input * outputs + output]).sum();
            let place = row * inputs + input;
            let gave = scratch[layer.in_at as usize + place] > 0.0;
            scratch[layer.in_slopes as usize + place] = if gave { sum * layer.keep } else { 0.0 };
        }
    }
}

/// Slopes by weights and biases = (in, 1)ᵀ · out′.
pub fn by_weights(turn: &Turn, layer: &Layer, scratch: &[f32], slopes: &mut [f32]) {
    let (inputs, outputs) = (layer.inputs as usize, layer.outputs as usize);
    for input in 0..=inputs {
        for output in 0..outputs {
            let mut sum = 0.0f32;
            for row in 0..turn.rows as usize {
                let x =
                    if input == inputs { 1.0 } else { scratch[layer.in_at as usize + row * inputs + input] };
                sum += x * scratch[layer.out_slopes as usize + row * outputs + output];
            }
            slopes[layer.weights as usize + input * outputs + output] = sum;
        }
    }
}
