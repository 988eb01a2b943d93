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
    /// Weights of the first layer, factors in them.
    first: Vec<f32>,
}

impl Batch {
    /// Writes the gradient of the mean loss of these rows: of the weights, and then of the factors.
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
            if l == 0 {
                through_factors(net, gradient);
            }
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
        let layers = net.layers();
        net.first(&mut self.first);
        let keep = (1.0 / (1.0 - dropout)) as f32;
        let dropped = (dropout * f64::from(1u32 << 16)) as u64;
        self.at.resize(layers + 1, Vec::new());
        data.load(rows, net.widths[0], &mut self.at[0]);
        for l in 0..layers {
            let (from, to) = self.at.split_at_mut(l + 1);
            let weights = if l == 0 { &self.first } else { &net.weights[net.places(l).0] };
            net.apply(l, weights, &from[l], rows.len(), &mut to[0]);
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

/// Turns the gradient of what the first layer's weights are with their factors in them into that of the weights and of
/// the factors. With v = f · w: dL/dw = f · dL/dv, and dL/df = Σ w · dL/dv over the input's weights.
fn through_factors(net: &Net, gradient: &mut [f32]) {
    let outputs = net.widths[1].max(1);
    let (weights, factors) = gradient.split_at_mut(net.weights.len());
    let rows = net.weights.chunks_exact(outputs).zip(weights.chunks_exact_mut(outputs));
    for (((row, slopes), &factor), out) in rows.zip(&net.factors).zip(factors) {
        *out = 0.0;
        for (&w, slope) in row.iter().zip(slopes) {
            *out += w * *slope;
            *slope *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::mlp::data::{Meaning, Truth};
    use crate::learner::mlp::inputs::Pieces;
    use crate::learner::mlp::net::Net;

    fn loss(net: &Net, data: &Rows, rows: &[u32]) -> f64 {
        let (mut at, mut spare) = (Vec::new(), Vec::new());
        data.load(rows, net.widths[0], &mut at);
        let net = net.plain();
        net.answer(&mut at, rows.len(), &mut spare);
        data.truth.judge(rows.iter().map(|&i| i as usize), net.outputs(), &mut at) / rows.len() as f64
    }

    /// Moves one weight, or one factor, by `by`.
    fn moved(net: &Net, k: usize, by: f32) -> Net {
        let mut net = net.clone();
        let weights = net.weights.len();
        if k < weights {
            net.weights[k] += by
        } else {
            net.factors[k - weights] += by
        }
        net
    }

    fn check(truth: Truth, meaning: &Meaning) {
        let mut rng = Rng::new(3);
        let cells: Vec<f32> = (0..24 * 3).map(|_| rng.normal() as f32).collect();
        let mut data = Rows { cells, truth, count: 24, pieces: Pieces::none(3) };
        data.cut(24, 4);
        let widths = vec![data.pieces.width(), 8, 8, meaning.outputs()];
        let mut net = Net::new(widths, &meaning.prior(), &mut rng);
        net.factors.iter_mut().for_each(|f| *f = 1.0 + 0.3 * rng.normal() as f32);
        let (last, end) = (net.places(2).0.start, net.weights.len());
        net.weights[last..end].iter_mut().for_each(|w| *w += rng.normal() as f32);
        let rows: Vec<u32> = (0..24).collect();
        let size = net.weights.len() + net.factors.len();
        let mut gradient = vec![f32::NAN; size];
        Batch::default().gradient(&net, &data, &rows, 0.0, &mut rng, &mut gradient);
        // Where a row is near the bend of a unit, only the slope on the bend's other side is the derivative.
        let step = 2e-3;
        let here = loss(&net, &data, &rows);
        let differs = |&k: &usize| {
            let [up, down] = [step, -step].map(|by| loss(&moved(&net, k, by), &data, &rows) - here);
            let step = f64::from(step);
            let slopes = [(up - down) / (2.0 * step), up / step, -down / step];
            let is_near = |slope: &f64| (slope - f64::from(gradient[k])).abs() <= 3e-3 + 0.02 * slope.abs();
            !slopes.iter().any(is_near)
        };
        let odd: Vec<usize> = (0..size).filter(differs).collect();
        // A row at two bends at once.
        assert!(odd.len() <= size / 100, "{odd:?} of {size}");
        assert!(gradient[net.weights.len()..].iter().any(|g| g.abs() > 0.01));
    }

    #[test]
    fn the_gradient_is_what_small_steps_say() {
        let codes: Vec<u32> = (0..24).map(|i| i % 3).collect();
        let target = crate::model::Target::Classes { codes: codes.clone(), classes: 3 };
        check(Truth::Places(codes), &Meaning::of(&target));
        let numbers = (0..24).map(|i| (i % 7) as f32 - 3.0).collect();
        check(Truth::Numbers(numbers), &Meaning::Number { offset: 0.0, scale: 1.0 });
    }
}
