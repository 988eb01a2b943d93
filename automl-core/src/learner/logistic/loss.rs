//! The penalised mean log loss and its gradient.

use crate::learner::dense::gemm::{gemm, transpose};
use crate::numeric::{dot, math, sum};

/// Rows at a time.
const BLOCK: usize = 128;

/// Training rows.
pub struct Data<'a> {
    /// Rows × features, row-major.
    pub values: &'a [f32],
    /// Places among the classes that have rows.
    pub codes: &'a [u32],
    /// How much each row counts; 1 where there is none.
    pub weights: Option<&'a [f64]>,
    pub features: usize,
    /// 1 where there are two classes, else the number of classes.
    pub outputs: usize,
}

impl Data<'_> {
    /// The sum of the rows' weights.
    pub fn total(&self) -> f64 {
        self.weights.map_or(self.codes.len() as f64, sum)
    }

    /// How much a row counts.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }
}

/// A function of features × outputs weights, row-major, and then outputs intercepts.
pub struct Loss<'a> {
    data: &'a Data<'a>,
    penalty: f64,
    sums: Sums,
}

impl<'a> Loss<'a> {
    /// With `penalty`/2 · ‖weights‖² added to the mean log loss.
    pub fn new(data: &'a Data<'a>, penalty: f64) -> Self {
        Self { data, penalty, sums: Sums::default() }
    }

    /// The value at `weights`; writes the gradient.
    pub fn at(&mut self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let loss = self.sums.add(self.data, weights, gradient);
        let slopes = &weights[..self.data.features * self.data.outputs];
        penalised(loss, self.data.total(), self.penalty, slopes, gradient)
    }
}

/// The penalised mean of a sum over rows of so much weight in all; makes the gradient's sums its gradient.
pub fn penalised(loss: f64, total: f64, penalty: f64, slopes: &[f64], gradient: &mut [f64]) -> f64 {
    gradient.iter_mut().for_each(|g| *g /= total);
    gradient.iter_mut().zip(slopes).for_each(|(g, w)| *g += penalty * w);
    loss / total + 0.5 * penalty * dot(slopes, slopes)
}

/// Memory for adding up.
#[derive(Default)]
pub struct Sums {
    block: Vec<f64>,
    turned: Vec<f64>,
    scores: Vec<f64>,
}

impl Sums {
    /// The sum of the rows' log losses at `weights`; adds their gradients to `gradient`.
    pub fn add(&mut self, data: &Data<'_>, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let Data { values, codes, features, outputs, .. } = *data;
        let (slopes, intercepts) = weights.split_at(features * outputs);
        let (slope_gradient, intercept_gradient) = gradient.split_at_mut(features * outputs);
        let mut loss = 0.0;
        for (b, codes) in codes.chunks(BLOCK).enumerate() {
            let rows = codes.len();
            let start = b * BLOCK * features;
            self.block.clear();
            self.block.extend(values[start..start + rows * features].iter().map(|&x| f64::from(x)));
            self.scores.clear();
            self.scores.extend(intercepts.iter().cycle().take(rows * outputs));
            multiply(&self.block, slopes, &mut self.scores, (rows, features, outputs));
            let weight = |i: usize| data.weight(b * BLOCK + i);
            loss += if outputs == 1 {
                two(&mut self.scores, codes, weight)
            } else {
                many(&mut self.scores, codes, outputs, weight)
            };
            if outputs == 1 {
                for (row, r) in self.block.chunks_exact(features.max(1)).zip(&self.scores) {
                    slope_gradient.iter_mut().zip(row).for_each(|(g, x)| *g += r * x);
                }
            } else {
                transpose(&self.block, rows, features, &mut self.turned);
                gemm(&self.turned, &self.scores, slope_gradient, (features, rows, outputs));
            }
            for row in self.scores.chunks_exact(outputs) {
                intercept_gradient.iter_mut().zip(row).for_each(|(g, r)| *g += r);
            }
        }
        loss
    }
}

/// scores += block · slopes.
pub fn multiply(block: &[f64], slopes: &[f64], scores: &mut [f64], shape: (usize, usize, usize)) {
    let (_, features, outputs) = shape;
    if outputs != 1 {
        gemm(block, slopes, scores, shape);
    } else if features > 0 {
        for (s, row) in scores.iter_mut().zip(block.chunks_exact(features)) {
            *s += dot(row, slopes);
        }
    }
}

/// Log loss of log odds; turns them into residuals, probability − truth, both multiplied by the rows' weights.
fn two(scores: &mut [f64], codes: &[u32], weight: impl Fn(usize) -> f64) -> f64 {
    let mut loss = 0.0;
    for (i, (s, &code)) in scores.iter_mut().zip(codes).enumerate() {
        let (y, weight) = (f64::from(code), weight(i));
        let e = math::exp(-s.abs());
        loss += weight * (s.max(0.0) - *s * y + math::ln_1p(e));
        *s = weight * (if *s >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) } - y);
    }
    loss
}

/// Log loss of scores, one a class; turns them into residuals, probability − truth, both multiplied by the rows' weights.
fn many(scores: &mut [f64], codes: &[u32], outputs: usize, weight: impl Fn(usize) -> f64) -> f64 {
    let mut loss = 0.0;
    for (i, (row, &code)) in scores.chunks_exact_mut(outputs).zip(codes).enumerate() {
        let weight = weight(i);
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let own = row[code as usize];
        let mut total = 0.0;
        for s in row.iter_mut() {
            *s = math::exp(*s - max);
            total += *s;
        }
        loss += weight * (math::ln(total) + max - own);
        row.iter_mut().for_each(|s| *s /= total);
        row[code as usize] -= 1.0;
        row.iter_mut().for_each(|s| *s *= weight);
    }
    loss
}
