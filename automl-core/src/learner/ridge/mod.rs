//! Ridge regression (Hoerl and Kennard, 1970): least squares with an L2 penalty, in closed form.
//!
//! Minimises Σ weight · (y − x·w)² + alpha · ‖w‖², the intercept free, by Cholesky's factorisation: of the features' products
//! where they are fewer than the rows, else of the rows' products. With alpha 0 the products are made once and alpha is chosen
//! by the rows that validate.

mod parts;
#[cfg(test)]
mod tests;

use super::dense::linear::Linear;
use super::dense::matrix::columns;
use super::dense::path;
use super::dense::{check, go_on, unsuitable};
use super::parts::InParts;
use super::tree::center::Center;
use super::weight;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use crate::node::Frame;
use crate::numeric::cholesky::{backward, factor, forward};
use crate::numeric::{dot, weighted_mean};
use crate::platform::Cancel;
use std::borrow::Cow;

/// The learner `ridge`.
pub struct Ridge;

static SPEC: LearnerSpec = LearnerSpec {
    id: "ridge",
    title: "Ridge regression",
    help: "A weighted sum of the features, with weights kept small. Quick, and hard to beat on small tables.",
    tasks: &[Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: &[
        super::param::LOG_TARGET,
        super::features::KNOTS,
        ParamSpec {
            name: "alpha",
            help: "How strongly weights are kept small, against overfitting. 0 chooses by the rows that validate.",
            kind: ParamKind::Float {
                default: 1.0,
                min: 0.0,
                max: 1e9,
                low: 1e-2,
                high: 1e4,
                scale: Scale::Log,
            },
            searched: true,
        },
    ],
};

/// Largest system that is solved: beyond it, memory and time are no longer those of a quick model.
const LARGEST_SYSTEM: usize = 3_000;
/// Where alpha is chosen: the strongest penalty, the step to the next, and how many there are.
const PATH: (f64, f64, usize) = (1e5, 0.316_227_766_016_837_94, 17);
/// Larger systems take every second penalty only.
const LARGE_SYSTEM: usize = 500;
/// Where nothing validates.
const USUAL_ALPHA: f64 = 1.0;
/// Rows of a column whose products are added up at a time, so that they stay in the cache.
const BLOCK: usize = 512;

impl Learner for Ridge {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        let load = super::features::load(load, params);
        let f = load.features as f64;
        let solved = if params.float("alpha") > 0.0 { 1.0 } else { 8.0 };
        1e-10 * (load.cells() * (f + 20.0) + 10.0 * solved * f * f * f)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let Target::Values(y) = fit.target else {
            return Err(unsuitable("ridge regression predicts numbers, not classes"));
        };
        let (rows, features) = (fit.frame.rows, fit.frame.columns.len());
        if rows.min(features) > LARGEST_SYSTEM {
            return Err(unsuitable(format!("there are more than {LARGEST_SYSTEM} features")));
        }
        let weights = weight::given(fit)?;
        let center = Center::weighted(y, weights.as_deref());
        let mut y: Vec<f64> = y.iter().map(|&v| center.apply(v)).collect();
        let columns = columns(fit.frame);
        let means: Vec<f64> = columns.iter().map(|c| column_mean(c, weights.as_deref())).collect();
        // A row that is multiplied by its weight's root has its squared error multiplied by the weight.
        let roots: Option<Vec<f64>> = weights.map(|w| w.into_iter().map(f64::sqrt).collect());
        scale(&mut y, roots.as_deref());
        let centred = Centred { columns: &columns, means: &means, roots: roots.as_deref() };
        let system = if features <= rows { centred.primal(fit, &y)? } else { centred.dual(fit, &y)? };
        let validating = match path::validating(fit) {
            Some((frame, Target::Values(actual))) => Some((frame, actual.as_slice())),
            _ => None,
        };
        let model = choose(fit.params.float("alpha"), system.n, validating, fit.cancel, |alpha| {
            Ok(Linear::new(center, centred.weights(&system, alpha)?, &means))
        })?;
        Ok(Box::new(model))
    }

    fn in_parts(&self, sample: &Fit<'_>, _parts: usize) -> Result<Option<Box<dyn InParts>>, FitError> {
        Ok(Some(Box::new(Self::begin(sample)?)))
    }

    fn bytes_a_row_in_parts(&self, _load: &Load) -> Option<f64> {
        // Rows are added up as they come.
        Some(0.0)
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(Linear::decode(bytes, features)?))
    }
}

/// The model of this alpha; with alpha 0, that of the path's which is best on what validates.
///
/// # Errors
/// A fit that is cancelled; what `model` says.
fn choose(
    alpha: f64,
    n: usize,
    validating: Option<(&Frame, &[f64])>,
    cancel: &Cancel,
    model: impl Fn(f64) -> Result<Linear, FitError>,
) -> Result<Linear, FitError> {
    let Some((frame, actual)) = validating.filter(|_| alpha <= 0.0) else {
        return model(if alpha > 0.0 { alpha } else { USUAL_ALPHA });
    };
    let (first, factor, count) = PATH;
    let skip = if n > LARGE_SYSTEM { 2 } else { 1 };
    let (_, best) = path::best(path::geometric(first, factor, count).step_by(skip), |alpha| {
        if cancel.is_cancelled() {
            return Err(FitError::Cancelled);
        }
        let model = model(alpha)?;
        let loss = model.mean_squared_error(frame, actual);
        Ok((model, loss))
    })?;
    Ok(best)
}

fn column_mean(column: &[f32], weights: Option<&[f64]>) -> f64 {
    let values: Vec<f64> = column.iter().map(|&x| f64::from(x)).collect();
    weighted_mean(&values, weights)
}

/// Multiplies rows by the roots of their weights.
fn scale(rows: &mut [f64], roots: Option<&[f64]>) {
    if let Some(roots) = roots {
        rows.iter_mut().zip(roots).for_each(|(x, root)| *x *= root);
    }
}

/// The features X less their means, and the roots of the rows' weights, by which rows are multiplied.
struct Centred<'a> {
    columns: &'a [Cow<'a, [f32]>],
    means: &'a [f64],
    roots: Option<&'a [f64]>,
}

/// n × n products and a right side: the features' (XᵀX, Xᵀy) or, `dual`, the rows' (XXᵀ, y).
struct System {
    n: usize,
    gram: Vec<f64>,
    right: Vec<f64>,
    dual: bool,
}

impl Centred<'_> {
    /// XᵀX and Xᵀy; the rows of `y` are multiplied by the roots already.
    fn primal(&self, fit: &Fit<'_>, y: &[f64]) -> Result<System, FitError> {
        let n = self.columns.len();
        let (mut gram, mut xy) = (vec![0.0; n * n], vec![0.0; n]);
        let mut block: Vec<Vec<f64>> = vec![Vec::new(); n];
        for start in (0..y.len()).step_by(BLOCK) {
            go_on(fit)?;
            let end = (start + BLOCK).min(y.len());
            for ((block, column), mean) in block.iter_mut().zip(self.columns).zip(self.means) {
                block.clear();
                block.extend(column[start..end].iter().map(|&x| f64::from(x) - mean));
                scale(block, self.roots.map(|r| &r[start..end]));
            }
            add_products(&block, &mut gram);
            xy.iter_mut().zip(&block).for_each(|(xy, x)| *xy += dot(x, &y[start..end]));
        }
        Ok(System { n, gram, right: xy, dual: false })
    }

    /// XXᵀ and y; the rows of `y` are multiplied by the roots already.
    fn dual(&self, fit: &Fit<'_>, y: &[f64]) -> Result<System, FitError> {
        let n = y.len();
        let mut gram = vec![0.0; n * n];
        let mut block: Vec<Vec<f64>> = vec![Vec::new(); n];
        for (columns, means) in self.columns.chunks(BLOCK).zip(self.means.chunks(BLOCK)) {
            go_on(fit)?;
            for (i, row) in block.iter_mut().enumerate() {
                row.clear();
                let root = self.roots.map_or(1.0, |r| r[i]);
                row.extend(columns.iter().zip(means).map(|(c, mean)| root * (f64::from(c[i]) - mean)));
            }
            add_products(&block, &mut gram);
        }
        Ok(System { n, gram, right: y.to_vec(), dual: true })
    }

    /// (XᵀX + alpha·1)⁻¹ Xᵀy, which is Xᵀ(XXᵀ + alpha·1)⁻¹ y.
    fn weights(&self, system: &System, alpha: f64) -> Result<Vec<f64>, FitError> {
        let v = solve(&system.gram, system.n, alpha, system.right.clone())?;
        if !system.dual {
            return Ok(v);
        }
        let weight = |(column, mean): (&Cow<'_, [f32]>, &f64)| {
            let mut x: Vec<f64> = column.iter().map(|&x| f64::from(x) - mean).collect();
            scale(&mut x, self.roots);
            dot(&x, &v)
        };
        Ok(self.columns.iter().zip(self.means).map(weight).collect())
    }
}

/// Adds every pair's product to the lower half of `gram`.
fn add_products(vectors: &[Vec<f64>], gram: &mut [f64]) {
    for (i, row) in gram.chunks_exact_mut(vectors.len().max(1)).enumerate() {
        for (cell, other) in row.iter_mut().zip(&vectors[..=i]) {
            *cell += dot(&vectors[i], other);
        }
    }
}

/// (gram + alpha·1)⁻¹ b; with more than alpha where rounding ate alpha up.
fn solve(gram: &[f64], n: usize, mut alpha: f64, mut b: Vec<f64>) -> Result<Vec<f64>, FitError> {
    let mut tries = 0;
    let l = loop {
        let mut a = gram.to_vec();
        a.iter_mut().step_by(n + 1).for_each(|x| *x += alpha);
        if let Some(l) = factor(a, n) {
            break l;
        }
        tries += 1;
        alpha *= 10.0;
        if tries == 40 {
            return Err(unsuitable("the features are too large to be multiplied"));
        }
    };
    forward(&l, n, &mut b);
    backward(&l, n, &mut b);
    Ok(b)
}
