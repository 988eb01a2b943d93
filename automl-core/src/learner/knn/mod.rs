//! k nearest neighbours (Cover and Hart, 1967), by Euclidean distance, searched by brute force.
//!
//! A prediction is the mean of the k nearest training rows, each counted alike or by the inverse of its distance. The
//! classes' shares among all rows count as one neighbour more, so that no class that was ever seen is impossible.

mod model;
#[cfg(feature = "gpu")]
mod on_card;
mod search;

#[cfg(test)]
mod tests;

use super::dense::classes::Shares;
use super::dense::matrix::row_major;
use super::dense::{check, unsuitable};
use super::tree::center::Center;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use model::{Answers, KnnModel};

/// The learner `knn`.
pub struct Knn;

static SPEC: LearnerSpec = LearnerSpec {
    id: "knn",
    title: "Nearest neighbours",
    help: "Answers as the most similar rows of the training data do. Good where near rows are alike.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: &[
        super::param::LOG_TARGET,
        ParamSpec {
            name: "k",
            help: "How many neighbours answer.",
            kind: ParamKind::Int { default: 15, min: 1, max: 500, low: 1, high: 100, scale: Scale::Log },
            searched: true,
        },
        ParamSpec {
            name: "weights",
            help: "Whether near neighbours count for more (distance) or all alike (uniform).",
            kind: ParamKind::Choice { default: "uniform", options: &["uniform", "distance"] },
            searched: true,
        },
    ],
};

/// Most training cells: every prediction looks at each of them.
const MOST_CELLS: usize = 2_500_000;
/// Most training rows.
const MOST_ROWS: usize = 100_000;

impl Learner for Knn {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, _params: &Params, load: &Load) -> f64 {
        // A validation fold is about a quarter as long.
        5e-11 * load.cells() * load.rows as f64
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let (rows, features) = (fit.frame.rows, fit.frame.columns.len());
        if features == 0 {
            return Err(unsuitable("there are no features to measure distances by"));
        }
        if rows > MOST_ROWS || rows.saturating_mul(features) > MOST_CELLS {
            let most = MOST_ROWS.min(MOST_CELLS / features);
            return Err(unsuitable(format!(
                "nearest neighbours would be too slow: with {features} features they take at most {most} rows"
            )));
        }
        let answers = match fit.target {
            Target::Classes { codes, classes } => {
                Answers::Classes { codes: codes.clone(), shares: Shares::of(codes, *classes) }
            }
            Target::Values(values) => {
                let center = Center::of(values);
                let values = values.iter().map(|&v| center.apply(v)).collect();
                Answers::Values { values, offset: center.offset, scale: center.scale }
            }
        };
        Ok(Box::new(KnnModel {
            k: fit.params.count("k").clamp(1, rows) as u32,
            by_distance: fit.params.text("weights") == "distance",
            features: features as u32,
            cells: row_major(fit.frame, features),
            answers,
        }))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(KnnModel::decode(bytes, features)?))
    }
}
