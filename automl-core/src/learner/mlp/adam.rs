//! AdamW: Adam (Kingma and Ba, 2015) with decoupled weight decay.

use super::net::Net;

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Factors of inputs move so many times as fast as weights.
const FACTORS_RATE: f32 = 4.0;

/// Running moments of the gradient.
pub struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    /// 0.9ᵗ and 0.999ᵗ.
    powers: (f64, f64),
}

impl Adam {
    pub fn new(size: usize) -> Self {
        Self { first: vec![0.0; size], second: vec![0.0; size], powers: (1.0, 1.0) }
    }

    /// Moves the weights against `gradient`, and towards 0 by the share rate · decay; biases and factors do
    /// not decay. `gradient` is that of the weights and then that of the factors.
    pub fn step(&mut self, net: &mut Net, gradient: &[f32], rate: f64, decay: f64) {
        self.powers.0 *= f64::from(FIRST);
        self.powers.1 *= f64::from(SECOND);
        let keep = (1.0 - rate * decay) as f32;
        for l in 0..net.layers() {
            let (weights, _) = net.places(l);
            net.weights[weights].iter_mut().for_each(|w| *w *= keep);
        }
        let size = (rate / (1.0 - self.powers.0)) as f32;
        let correction = (1.0 / (1.0 - self.powers.1)) as f32;
        let moments = self.first.iter_mut().zip(&mut self.second);
        let weights = net.weights.iter_mut().map(|w| (w, size));
        let factors = net.factors.iter_mut().map(|f| (f, size * FACTORS_RATE));
        for (((w, size), &g), (m, v)) in weights.chain(factors).zip(gradient).zip(moments) {
            *m = FIRST * *m + (1.0 - FIRST) * g;
            *v = SECOND * *v + (1.0 - SECOND) * (g * g);
            *w -= size * *m / ((*v * correction).sqrt() + EPSILON);
        }
    }
}
