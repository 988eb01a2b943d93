//! Rows that others are compared with.

use crate::learner::dense::matrix::{load, row_major, squared_width};
use crate::learner::dense::{damaged, finite, go_on, unsuitable};
use crate::learner::{DecodeError, Fit, FitError};
use crate::node::{FeatureColumn, FeatureValues, Frame};
use crate::numeric::cholesky::{factor, forward};
use crate::numeric::{Rng, dot, math};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Landmarks are chosen among so many rows at most.
const MOST_CANDIDATES: usize = 2_500;
/// Once the landmarks leave less than this of every row's variance unexplained, more would be rounding errors.
const LEAST_LEFT: f64 = 1e-6;
/// Most landmarks that bytes may name.
const MOST: usize = 1_000;

/// Landmarks, and how rows are compared with them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Landmarks {
    given: Given,
    /// The factor L of the kernel among landmarks, K = L·Lᵀ, row-major, in the lower half.
    factor: Vec<f64>,
}

/// What everything else follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Given {
    /// Two rows a and b have the kernel exp(−‖a − b‖² / width).
    width: f64,
    features: u32,
    /// Landmarks × features, row-major.
    cells: Vec<f32>,
}

impl Given {
    fn count(&self) -> usize {
        self.cells.len().checked_div(self.features as usize).unwrap_or(0)
    }

    /// What the kernel says of a row and each landmark.
    fn kernels(&self, row: &[f32], out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.cells.chunks_exact(row.len().max(1)).map(|other| kernel(row, other, self.width)));
    }
}

fn kernel(a: &[f32], b: &[f32], width: f64) -> f64 {
    let mut sums = [0.0f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            let d = a[i] - b[i];
            sums[i] += d * d;
        }
    }
    let mut squares: f64 = sums.iter().map(|&s| f64::from(s)).sum();
    for (a, b) in a_rest.iter().zip(b_rest) {
        squares += f64::from((a - b) * (a - b));
    }
    math::exp(-squares / width)
}

impl Landmarks {
    /// At most `most` of the training rows, each the one of which those before say least: Cholesky's factorisation with
    /// pivots (Fine and Scheinberg, 2001). `width` is in units of the features' total variance.
    ///
    /// # Errors
    /// [`FitError`] when cancelled, or where the features are too large to be compared.
    pub fn choose(fit: &Fit<'_>, width: f64, most: usize) -> Result<Self, FitError> {
        let features = fit.frame.columns.len();
        let cells: Vec<f32> = row_major(fit.frame, features);
        let width = squared_width(&cells, features, width);
        let mut candidates: Vec<usize> = (0..fit.frame.rows).collect();
        if candidates.len() > MOST_CANDIDATES {
            Rng::for_stream(fit.seed, &[0x4B]).shuffle(&mut candidates);
            candidates.truncate(MOST_CANDIDATES);
            candidates.sort_unstable();
        }
        let row = |i: usize| &cells[i * features..(i + 1) * features];
        let mut left = vec![1.0f64; candidates.len()];
        // Candidates × landmarks, row-major.
        let mut factors = vec![0.0; candidates.len() * most];
        let mut chosen: Vec<usize> = Vec::new();
        while chosen.len() < most {
            go_on(fit)?;
            let Some(pivot) = (0..left.len()).max_by(|&a, &b| left[a].total_cmp(&left[b]).then(b.cmp(&a)))
            else {
                break;
            };
            if left[pivot] < LEAST_LEFT {
                break;
            }
            let (done, root) = (chosen.len(), left[pivot].sqrt());
            let of_pivot = factors[pivot * most..pivot * most + done].to_vec();
            for (i, own) in factors.chunks_exact_mut(most).enumerate() {
                let kernel = kernel(row(candidates[i]), row(candidates[pivot]), width);
                let value = (kernel - dot(&own[..done], &of_pivot)) / root;
                own[done] = value;
                left[i] -= value * value;
            }
            left[pivot] = 0.0;
            chosen.push(candidates[pivot]);
        }
        let cells = chosen.iter().flat_map(|&i| row(i)).copied().collect();
        Self::of(Given { width, features: features as u32, cells })
            .ok_or_else(|| unsuitable("the features are too large to be compared"))
    }

    /// `None` where the landmarks do not differ enough.
    fn of(given: Given) -> Option<Self> {
        let (count, features) = (given.count(), given.features as usize);
        let mut gram = Vec::with_capacity(count * count);
        let mut kernels = Vec::new();
        for row in given.cells.chunks_exact(features.max(1)) {
            given.kernels(row, &mut kernels);
            gram.extend_from_slice(&kernels);
        }
        Some(Self { factor: factor(gram, count)?, given })
    }

    pub fn count(&self) -> usize {
        self.given.count()
    }

    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Features whose products are the kernel between rows, as far as landmarks know it: L⁻¹ · k, one a landmark.
    pub fn compare(&self, frame: &Frame) -> Frame {
        self.compare_rows(frame, 0..frame.rows)
    }

    /// The same of some rows of a frame.
    pub fn compare_rows(&self, frame: &Frame, rows: Range<usize>) -> Frame {
        let (count, features) = (self.count(), self.given.features as usize);
        let mut cells: Vec<f32> = Vec::new();
        load(frame, features, rows.start, rows.len(), &mut cells);
        let mut columns = vec![Vec::with_capacity(rows.len()); count];
        let mut kernels = Vec::new();
        for row in cells.chunks_exact(features.max(1)) {
            self.given.kernels(row, &mut kernels);
            forward(&self.factor, count, &mut kernels);
            columns.iter_mut().zip(&kernels).for_each(|(column, &x)| column.push(x as f32));
        }
        let named = |(j, values): (usize, Vec<f32>)| FeatureColumn {
            name: format!("landmark {}", j + 1),
            values: FeatureValues::Numeric(values.into()),
        };
        Frame { columns: columns.into_iter().enumerate().map(named).collect(), rows: rows.len() }
    }

    /// # Errors
    /// [`DecodeError`] unless these are landmarks of `features` features.
    pub fn take_back(given: Given, features: usize) -> Result<Self, DecodeError> {
        let sound = given.width > 0.0
            && given.width.is_finite()
            && features > 0
            && given.features as usize == features
            && (1..=MOST).contains(&given.count())
            && given.cells.len() == given.count() * features;
        if !sound {
            return Err(damaged("landmarks are missing"));
        }
        let cells: Vec<f64> = given.cells.iter().map(|&x| f64::from(x)).collect();
        finite(&cells, Some(cells.len()))?;
        Self::of(given).ok_or_else(|| damaged("landmarks are too alike"))
    }
}
