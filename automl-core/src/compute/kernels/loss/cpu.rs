//! The same on the processor, a row after the other.

use super::super::nets::{JUDGED, Layer, Turn};
use super::{DEGREES, LOG_STEP, Model, PLAIN};
use crate::numeric::math;

/// Probabilities of the scores of a row, times `factor`.
fn probabilities(scores: &[f32], factor: f64) -> Vec<f64> {
    let mut all: Vec<f64> = scores.iter().map(|&s| f64::from(s) * factor).collect();
    math::softmax(&mut all);
    all
}

/// The slopes of the mean loss of the rows by the answers of a network.
pub fn slope(turn: &Turn, layer: &Layer, order: &[u32], truth: &[u32], scratch: &mut [f32]) {
    let outputs = layer.outputs as usize;
    let share = 1.0 / turn.rows as f32;
    for row in 0..turn.rows as usize {
        let own = truth[order[turn.start as usize + row] as usize];
        let answers = layer.out_at as usize + row * outputs;
        let out = layer.out_slopes as usize + row * outputs;
        if turn.classes == 0 {
            scratch[out] = (scratch[answers] - f32::from_bits(own)) * share;
            continue;
        }
        for (c, p) in probabilities(&scratch[answers..answers + outputs], 1.0).into_iter().enumerate() {
            scratch[out + c] = (p as f32 - f32::from(u8::from(c == own as usize))) * share;
        }
    }
}

/// Sums of the losses of the mean answer of each model's networks, models × blocks × degrees.
pub fn judge(
    turn: &Turn,
    (layers, models): (&[Layer], &[Model]),
    (order, truth): (&[u32], &[u32]),
    scratch: &[f32],
    losses: &mut [f32],
) {
    for (m, model) in models.iter().enumerate() {
        let nets = &layers[model.net as usize..][..model.nets as usize];
        for degree in 0..DEGREES {
            if turn.classes == 0 && degree != PLAIN {
                continue;
            }
            let factor = math::exp(LOG_STEP * (PLAIN as f64 - degree as f64));
            for row in 0..turn.rows as usize {
                let own = truth[order[turn.start as usize + row] as usize];
                let answer = |layer: &Layer| {
                    let outputs = layer.outputs as usize;
                    let answers = &scratch[layer.out_at as usize + row * outputs..][..outputs];
                    if turn.classes == 0 {
                        f64::from(answers[0])
                    } else {
                        probabilities(answers, factor)[own as usize]
                    }
                };
                let mean = nets.iter().map(answer).sum::<f64>() / nets.len() as f64;
                let error = mean - f64::from(f32::from_bits(own));
                let loss = if turn.classes == 0 { 0.5 * error * error } else { -math::ln(mean.max(1e-15)) };
                let block = m * turn.blocks as usize + turn.block as usize + row / JUDGED;
                losses[block * DEGREES + degree] += loss as f32;
            }
        }
    }
}
