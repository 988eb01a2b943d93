//! One batch through the network and back.

use super::data::Rows;
use super::net::Net;
use crate::learner::dense::gemm::{gemm, transpose};
use crate::numeric::Rng;

/// Scratch for batches.
#[derive(Default)]
pub struct Batch {
    /// What goes into each layer, and what comes out of the last.
    at: Vec<Vec<f32>>,
    turned: Vec<f32>,
    back: Vec<f32>,
    before: Vec<f32>,
}

impl Batch {
    /// Writes the gradient of the mean loss of these rows.
    pub fn gradient(
        &mut self,
        net: &Net,
        data: &Rows,
        rows: &[u32],
        dropout: f64,
        rng: &mut Rng,
        gradient: &mut [f32],
    ) {
        self.forward(net, data, rows, dropout, rng);
        let layers = net.layers();
        let keep = (1.0 / (1.0 - dropout)) as f32;
        self.back.clone_from(&self.at[layers]);
        data.truth.judge(rows.iter().map(|&i| i as usize), net.outputs(), &mut self.back);
        let share = 1.0 / rows.len() as f32;
        self.back.iter_mut().for_each(|g| *g *= share);
        for l in (0..layers).rev() {
            let (inputs, outputs) = (net.widths[l], net.widths[l + 1]);
            let (weights, biases) = net.places(l);
            gradient[weights.start..biases.end].fill(0.0);
            transpose(&self.at[l], rows.len(), inputs, &mut self.turned);
            gemm(&self.turned, &self.back, &mut gradient[weights.clone()], (inputs, rows.len(), outputs));
            for row in self.back.chunks_exact(outputs) {
                gradient[biases.clone()].iter_mut().zip(row).for_each(|(g, x)| *g += x);
            }
            if l == 0 {
                break;
            }
            transpose(&net.weights[weights], inputs, outputs, &mut self.turned);
            self.before.clear();
            self.before.resize(rows.len() * inputs, 0.0);
            gemm(&self.back, &self.turned, &mut self.before, (rows.len(), outputs, inputs));
            // A unit that gave nothing, being rectified or left out, gets nothing.
            for (g, &x) in self.before.iter_mut().zip(&self.at[l]) {
                *g = if x > 0.0 { *g * keep } else { 0.0 };
            }
            std::mem::swap(&mut self.back, &mut self.before);
        }
    }

    fn forward(&mut self, net: &Net, data: &Rows, rows: &[u32], dropout: f64, rng: &mut Rng) {
        let (layers, features) = (net.layers(), net.widths[0]);
        let keep = (1.0 / (1.0 - dropout)) as f32;
        let dropped = (dropout * f64::from(1u32 << 16)) as u64;
        self.at.resize(layers + 1, Vec::new());
        self.at[0].clear();
        for &i in rows {
            self.at[0].extend_from_slice(&data.cells[i as usize * features..(i as usize + 1) * features]);
        }
        for l in 0..layers {
            let (from, to) = self.at.split_at_mut(l + 1);
            net.apply(l, &from[l], rows.len(), &mut to[0]);
            if l + 1 == layers {
                break;
            }
            // 16 random bits a unit.
            for units in to[0].chunks_mut(4) {
                let mut bits = if dropped > 0 { rng.next_u64() } else { u64::MAX };
                for x in units {
                    *x = if *x > 0.0 && bits & 0xFFFF >= dropped { *x * keep } else { 0.0 };
                    bits >>= 16;
                }
            }
        }
    }
}

/// Mean loss of all rows.
pub fn mean_loss(net: &Net, data: &Rows) -> f64 {
    const BLOCK: usize = 256;
    let (mut at, mut spare) = (Vec::new(), Vec::new());
    let features = net.widths[0];
    let mut loss = 0.0;
    for start in (0..data.count).step_by(BLOCK) {
        let rows = BLOCK.min(data.count - start);
        at.clear();
        at.extend_from_slice(&data.cells[start * features..(start + rows) * features]);
        net.answer(&mut at, rows, &mut spare);
        loss += data.truth.judge(start..start + rows, net.outputs(), &mut at);
    }
    loss / data.count.max(1) as f64
}
