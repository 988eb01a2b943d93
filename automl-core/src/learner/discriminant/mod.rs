//! Regularised discriminant analysis (Friedman, 1989): each class is a normal distribution with its own mean and its
//! own covariance, drawn towards the covariance that all classes share and towards the unit matrix.
//!
//! covariance = (1 − shrinkage) · ((1 − pooling) · own + pooling · shared) + shrinkage · 1, with own and shared
//! divided by the number of rows. Without pooling it is quadratic discriminant analysis, with full pooling linear.

mod model;

#[cfg(test)]
mod tests;

use super::dense::classes::Shares;
use super::dense::matrix::row_major;
use super::dense::{check, go_on, unsuitable};
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use crate::numeric::cholesky::factor;
use crate::numeric::dot;
use model::{DiscriminantModel, Normal};

/// The learner `discriminant`.
pub struct Discriminant;

static SPEC: LearnerSpec = LearnerSpec {
    id: "discriminant",
    title: "Discriminant analysis",
    help: "Takes each class as a cloud with a centre and a shape, and asks which cloud a row lies in.",
    tasks: &[Task::Binary, Task::Multiclass],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: &[
        ParamSpec {
            name: "shrinkage",
            help: "How far the clouds' shapes are drawn towards a ball, against overfitting.",
            kind: ParamKind::Float {
                default: 0.05,
                min: 0.0,
                max: 1.0,
                low: 1e-4,
                high: 0.9,
                scale: Scale::Log,
            },
            searched: true,
        },
        ParamSpec {
            name: "pooling",
            help: "How far the clouds share one shape: 0 gives each its own, 1 all the same.",
            kind: ParamKind::Float {
                default: 0.3,
                min: 0.0,
                max: 1.0,
                low: 0.0,
                high: 1.0,
                scale: Scale::Linear,
            },
            searched: true,
        },
    ],
};

/// Most numbers in all covariances together, and most products to sum up: beyond, it is no longer a quick model.
const MOST_CELLS: usize = 4_000_000;
const MOST_PRODUCTS: f64 = 4e10;

impl Learner for Discriminant {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, _params: &Params, load: &Load) -> f64 {
        let f = load.features as f64;
        4e-10 * (load.cells() * (f + 20.0) + load.scores() * f * f * f)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let Target::Classes { codes, classes } = fit.target else {
            return Err(unsuitable("discriminant analysis predicts classes, not numbers"));
        };
        let d = fit.frame.columns.len();
        let shares = Shares::of(codes, *classes);
        let present = shares.present();
        let products = fit.frame.rows as f64 * d as f64 * d as f64 / 2.0;
        if d.saturating_mul(d).saturating_mul(present.len() + 1) > MOST_CELLS || products > MOST_PRODUCTS {
            return Err(unsuitable("there are too many features for a covariance of each class"));
        }
        let cells: Vec<f64> = row_major(fit.frame, d);
        let mut shared = vec![0.0; d * d];
        let mut own = Vec::new();
        for &class in &present {
            let rows: Vec<usize> = (0..codes.len()).filter(|&i| codes[i] as usize == class).collect();
            let (mean, scatter) = scatter(fit, &cells, d, &rows)?;
            shared.iter_mut().zip(&scatter).for_each(|(s, x)| *s += x / codes.len() as f64);
            own.push((mean, scatter, rows.len() as f64));
        }
        let (shrinkage, pooling) = (fit.params.float("shrinkage"), fit.params.float("pooling"));
        let mut normals = Vec::new();
        for (mean, mut covariance, count) in own {
            go_on(fit)?;
            for (c, s) in covariance.iter_mut().zip(&shared) {
                *c = (1.0 - shrinkage) * ((1.0 - pooling) * *c / count + pooling * s);
            }
            normals.push(Normal::new(mean, &positive_factor(covariance, d, shrinkage)?));
        }
        Ok(Box::new(DiscriminantModel { features: d as u32, shares, normals }))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(DiscriminantModel::decode(bytes, features)?))
    }
}

/// The mean of these rows, and the sums of products of what they differ from it by, in the lower half.
fn scatter(fit: &Fit<'_>, cells: &[f64], d: usize, rows: &[usize]) -> Result<(Vec<f64>, Vec<f64>), FitError> {
    let mut mean = vec![0.0; d];
    for &i in rows {
        mean.iter_mut().zip(&cells[i * d..(i + 1) * d]).for_each(|(m, x)| *m += x / rows.len() as f64);
    }
    let mut scatter = vec![0.0; d * d];
    for rows in rows.chunks(512) {
        go_on(fit)?;
        let column = |j| rows.iter().map(|&i| cells[i * d + j] - mean[j]).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..d).map(column).collect();
        for (i, row) in scatter.chunks_exact_mut(d.max(1)).enumerate() {
            for (cell, other) in row.iter_mut().zip(&columns[..=i]) {
                *cell += dot(&columns[i], other);
            }
        }
    }
    Ok((mean, scatter))
}

/// Cholesky's factor of covariance + shrinkage · 1, with more than that where it is needed to be positive definite.
fn positive_factor(covariance: Vec<f64>, d: usize, shrinkage: f64) -> Result<Vec<f64>, FitError> {
    let mut added = shrinkage;
    for _ in 0..100 {
        let mut a = covariance.clone();
        a.iter_mut().step_by(d + 1).for_each(|x| *x += added);
        if let Some(l) = factor(a, d) {
            return Ok(l);
        }
        added = (added * 10.0).max(1e-9);
    }
    Err(unsuitable("the features are too large to be multiplied"))
}
