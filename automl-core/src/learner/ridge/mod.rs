//! Ridge regression (Hoerl and Kennard, 1970): least squares with an L2 penalty, in closed form.
//!
//! Minimises Σ weight · (y − x·w)² + alpha · ‖w‖², the intercept free, by Cholesky's factorisation: of the features' products
//! where they are fewer than the rows, else of the rows' products.

use super::dense::cholesky::{backward, factor, forward};
use super::dense::linear::Linear;
use super::dense::matrix::columns;
use super::dense::{check, go_on, unsuitable};
use super::tree::center::Center;
use super::weight;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use crate::numeric::{dot, weighted_mean};
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
            help: "How strongly weights are kept small, against overfitting.",
            kind: ParamKind::Float {
                default: 1.0,
                min: 1e-6,
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
/// Rows of a column whose products are added up at a time, so that they stay in the cache.
const BLOCK: usize = 512;

impl Learner for Ridge {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        let load = super::features::load(load, params);
        let f = load.features as f64;
        1e-10 * (load.cells() * (f + 20.0) + 10.0 * f * f * f)
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
        let alpha = fit.params.float("alpha");
        let weights = if features <= rows {
            primal(fit, &columns, &means, (&y, roots.as_deref()), alpha)?
        } else {
            dual(fit, &columns, &means, (&y, roots.as_deref()), alpha)?
        };
        Ok(Box::new(Linear::new(center, weights, &means)))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(Linear::decode(bytes, features)?))
    }
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

/// (XᵀX + alpha·1)⁻¹ Xᵀy, the rows of X and y multiplied by `roots`, as those of `y` are already.
fn primal(
    fit: &Fit<'_>,
    columns: &[Cow<'_, [f32]>],
    means: &[f64],
    (y, roots): (&[f64], Option<&[f64]>),
    alpha: f64,
) -> Result<Vec<f64>, FitError> {
    let d = columns.len();
    let (mut gram, mut xy) = (vec![0.0; d * d], vec![0.0; d]);
    let mut block: Vec<Vec<f64>> = vec![Vec::new(); d];
    for start in (0..y.len()).step_by(BLOCK) {
        go_on(fit)?;
        let end = (start + BLOCK).min(y.len());
        for ((block, column), mean) in block.iter_mut().zip(columns).zip(means) {
            block.clear();
            block.extend(column[start..end].iter().map(|&x| f64::from(x) - mean));
            scale(block, roots.map(|r| &r[start..end]));
        }
        add_products(&block, &mut gram);
        xy.iter_mut().zip(&block).for_each(|(xy, x)| *xy += dot(x, &y[start..end]));
    }
    solve(gram, d, alpha, xy)
}

/// Xᵀ(XXᵀ + alpha·1)⁻¹ y, the rows of X and y multiplied by `roots`, as those of `y` are already.
fn dual(
    fit: &Fit<'_>,
    columns: &[Cow<'_, [f32]>],
    means: &[f64],
    (y, roots): (&[f64], Option<&[f64]>),
    alpha: f64,
) -> Result<Vec<f64>, FitError> {
    let n = y.len();
    let mut gram = vec![0.0; n * n];
    let mut block: Vec<Vec<f64>> = vec![Vec::new(); n];
    for (columns, means) in columns.chunks(BLOCK).zip(means.chunks(BLOCK)) {
        go_on(fit)?;
        for (i, row) in block.iter_mut().enumerate() {
            row.clear();
            let root = roots.map_or(1.0, |r| r[i]);
            row.extend(columns.iter().zip(means).map(|(c, mean)| root * (f64::from(c[i]) - mean)));
        }
        add_products(&block, &mut gram);
    }
    let v = solve(gram, n, alpha, y.to_vec())?;
    let weight = |(column, mean): (&Cow<'_, [f32]>, &f64)| {
        let mut x: Vec<f64> = column.iter().map(|&x| f64::from(x) - mean).collect();
        scale(&mut x, roots);
        dot(&x, &v)
    };
    Ok(columns.iter().zip(means).map(weight).collect())
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
fn solve(gram: Vec<f64>, n: usize, mut alpha: f64, mut b: Vec<f64>) -> Result<Vec<f64>, FitError> {
    let mut tries = 0;
    let l = loop {
        let mut a = gram.clone();
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
