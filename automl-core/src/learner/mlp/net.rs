//! The network's weights, and its answers.

use super::half::{from_half, to_half};
use crate::learner::dense::gemm::gemm;
use crate::numeric::Rng;
use serde::{Deserialize, Serialize};

/// The last layer starts at this share of the usual size, so that the first answers are near the prior.
const LAST_LAYER: f64 = 0.1;

/// Dense layers. Layer l takes `widths[l]` numbers and gives `widths[l + 1]`; all but the last are rectified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Net {
    pub widths: Vec<usize>,
    /// For each layer its weights, inputs × outputs, row-major, and then its biases.
    pub weights: Vec<f32>,
    /// While it is trained: a factor for each input, learned beside the weights of the first layer. It is another way to
    /// write the same network, in which an input that says nothing is soon turned down (Holzmüller, Grinsztajn and
    /// Steinwart, 2024, section 3). Empty afterwards.
    #[serde(skip)]
    pub factors: Vec<f32>,
}

impl Net {
    /// Weights by He and others (2015), biases uniform as far as weights reach, `last` as the last layer's biases.
    pub fn new(widths: Vec<usize>, last: &[f64], rng: &mut Rng) -> Self {
        let mut weights = Vec::new();
        let layers = widths.len() - 1;
        for l in 0..layers {
            let (inputs, outputs) = (widths[l], widths[l + 1]);
            let fan = inputs.max(1) as f64;
            let size = (2.0 / fan).sqrt() * if l + 1 == layers { LAST_LAYER } else { 1.0 };
            weights.extend((0..inputs * outputs).map(|_| (rng.normal() * size) as f32));
            if l + 1 == layers {
                weights.extend(last.iter().map(|&b| b as f32));
            } else {
                weights.extend((0..outputs).map(|_| ((2.0 * rng.uniform() - 1.0) / fan.sqrt()) as f32));
            }
        }
        let factors = vec![1.0; widths[0]];
        Self { widths, weights, factors }
    }

    /// Weights of the first layer, each times its input's factor.
    pub fn first(&self, out: &mut Vec<f32>) {
        let (weights, _) = self.places(0);
        out.clear();
        out.extend_from_slice(&self.weights[weights]);
        for (row, factor) in out.chunks_exact_mut(self.widths[1].max(1)).zip(&self.factors) {
            row.iter_mut().for_each(|w| *w *= factor);
        }
    }

    /// The same network without factors.
    pub fn plain(&self) -> Net {
        let mut first = Vec::new();
        self.first(&mut first);
        let mut weights = self.weights.clone();
        weights[..first.len()].copy_from_slice(&first);
        Net { widths: self.widths.clone(), weights, factors: Vec::new() }
    }

    /// With weights of half precision, and what it answers divided by `temperature`.
    pub fn finished(&self, temperature: f64) -> Net {
        let mut net = self.plain();
        let (last, _) = net.places(net.layers() - 1);
        net.weights[last.start..].iter_mut().for_each(|w| *w = (f64::from(*w) / temperature) as f32);
        net.weights.iter_mut().for_each(|w| *w = if w.is_finite() { from_half(to_half(*w)) } else { *w });
        net
    }

    pub fn layers(&self) -> usize {
        self.widths.len() - 1
    }

    pub fn outputs(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// How many weights and biases nets of these widths have; `None` beyond all memory.
    pub fn size(widths: &[usize]) -> Option<usize> {
        widths.windows(2).try_fold(0usize, |n, w| n.checked_add(w[0].checked_add(1)?.checked_mul(w[1])?))
    }

    /// Where layer `l` has its weights and where its biases.
    pub fn places(&self, l: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let start: usize = self.widths[..l + 1].windows(2).map(|w| (w[0] + 1) * w[1]).sum();
        let middle = start + self.widths[l] * self.widths[l + 1];
        (start..middle, middle..middle + self.widths[l + 1])
    }

    /// Writes what layer `l` gives for `rows` rows, before rectifying; `weights` are the layer's, factors in them.
    pub fn apply(&self, l: usize, weights: &[f32], from: &[f32], rows: usize, to: &mut Vec<f32>) {
        let (_, biases) = self.places(l);
        to.clear();
        for _ in 0..rows {
            to.extend_from_slice(&self.weights[biases.clone()]);
        }
        gemm(from, weights, to, (rows, self.widths[l], self.widths[l + 1]));
    }

    /// What the last layer of a network without factors gives for `rows` rows that lie in `at`. `at` and `spare` are overwritten.
    pub fn answer(&self, at: &mut Vec<f32>, rows: usize, spare: &mut Vec<f32>) {
        for l in 0..self.layers() {
            let (weights, _) = self.places(l);
            self.apply(l, &self.weights[weights], at, rows, spare);
            std::mem::swap(at, spare);
            if l + 1 < self.layers() {
                at.iter_mut().for_each(|x| *x = x.max(0.0));
            }
        }
    }
}
