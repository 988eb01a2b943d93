//! What is known of a loss's second derivatives before its minimum is looked for.

use super::loss::Data;
use crate::learner::dense::gemm::{gemm, transpose};
use crate::numeric::cholesky::{backward, factor, forward};

/// A curvature below this is taken as this, so that a column that hardly varies cannot make a step explode.
const FLATTEST: f64 = 1e-6;
/// With more features their products would take longer than they save.
const MOST_FEATURES: usize = 600;
/// Products are added up over so many rows, evenly taken from all of them.
const MOST_ROWS: usize = 2_000;

/// A guess of the matrix of second derivatives, by which a step is found from a gradient.
pub enum Curvature {
    /// Its diagonal.
    Diagonal(Vec<f64>),
    /// The same block for every output, `size` × `size`: Cholesky's factor of it, row-major, in the lower half.
    Blocks { factor: Vec<f64>, size: usize, outputs: usize },
}

/// The products of features, the constant feature 1 of the intercept among them, over the rows.
pub struct Products {
    gram: Vec<f64>,
    size: usize,
}

impl Products {
    /// `None` where there are too many features.
    pub fn of(data: &Data<'_>) -> Option<Self> {
        let features = data.features;
        if features > MOST_FEATURES {
            return None;
        }
        let step = data.codes.len().div_ceil(MOST_ROWS).max(1);
        let size = features + 1;
        let (mut gram, mut cells, mut weighted) = (vec![0.0; size * size], Vec::new(), Vec::new());
        let mut total = 0.0;
        for i in (0..data.codes.len()).step_by(step) {
            let weight = data.weight(i);
            let row =
                data.values[i * features..(i + 1) * features].iter().map(|&x| f64::from(x)).chain([1.0]);
            cells.extend(row.clone());
            weighted.extend(row.map(|x| weight * x));
            total += weight;
        }
        let rows = cells.len() / size;
        let mut turned = Vec::new();
        transpose(&weighted, rows, size, &mut turned);
        gemm(&turned, &cells, &mut gram, (size, rows, size));
        gram.iter_mut().for_each(|x| *x /= total);
        Some(Self { gram, size })
    }

    /// The curvature of the mean log loss with `penalty`/2 · ‖weights‖², where every row's answer is as uncertain as at first.
    pub fn curvature(&self, outputs: usize, penalty: f64) -> Option<Curvature> {
        let mut block: Vec<f64> = self.gram.iter().map(|x| spread(outputs) * x).collect();
        block.iter_mut().step_by(self.size + 1).for_each(|x| *x += penalty.max(FLATTEST));
        Some(Curvature::Blocks { factor: factor(block, self.size)?, size: self.size, outputs })
    }
}

/// The second derivative of a row's log loss in one score, where all classes are as likely.
fn spread(outputs: usize) -> f64 {
    if outputs == 1 { 0.25 } else { (1.0 - 1.0 / outputs as f64) / outputs as f64 }
}

impl Curvature {
    /// Of each weight by itself.
    pub fn diagonal(data: &Data<'_>, penalty: f64) -> Self {
        let Data { values, features, outputs, .. } = *data;
        let mut squares = vec![0.0; features];
        for (i, row) in values.chunks_exact(features.max(1)).enumerate() {
            let weight = data.weight(i);
            for (s, &x) in squares.iter_mut().zip(row) {
                *s += weight * (f64::from(x) * f64::from(x));
            }
        }
        let (n, spread) = (data.total(), spread(outputs));
        let of_weight = |s: &f64| (spread * s / n + penalty).max(FLATTEST);
        let weights = squares.iter().flat_map(|s| std::iter::repeat_n(of_weight(s), outputs));
        Self::Diagonal(weights.chain(std::iter::repeat_n(spread, outputs)).collect())
    }

    /// Multiplies features × outputs numbers, and one an output after them, by the inverse.
    pub fn undo(&self, x: &mut [f64]) {
        match self {
            Self::Diagonal(diagonal) => x.iter_mut().zip(diagonal).for_each(|(x, d)| *x /= d),
            Self::Blocks { factor, size, outputs } => {
                let mut own = vec![0.0; *size];
                for output in 0..*outputs {
                    own.iter_mut().zip(x[output..].iter().step_by(*outputs)).for_each(|(o, &x)| *o = x);
                    forward(factor, *size, &mut own);
                    backward(factor, *size, &mut own);
                    x[output..].iter_mut().step_by(*outputs).zip(&own).for_each(|(x, &o)| *x = o);
                }
            }
        }
    }
}
