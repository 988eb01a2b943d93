//! Gaussian naive Bayes: each class has its own mean and variance of each feature, and features are taken as
//! independent within a class.
//!
//! A share of the largest variance of any feature is added to all variances, as scikit-learn does, so that a feature
//! that is constant within a class does not decide alone.

mod model;
mod parts;

use super::dense::classes::Shares;
use super::dense::matrix::columns;
use super::dense::{check, go_on, unsuitable};
use super::parts::InParts;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use crate::numeric::sum;
use model::{BayesModel, Moments};
use parts::BayesInParts;

/// The learner `naive_bayes`.
pub struct NaiveBayes;

static SPEC: LearnerSpec = LearnerSpec {
    id: "naive_bayes",
    title: "Naive Bayes",
    help: "Compares each feature with what is usual in each class. Very quick, and fair on few rows.",
    tasks: &[Task::Binary, Task::Multiclass],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: &[ParamSpec {
        name: "var_smoothing",
        help: "Share of the largest variance that is added to all: high values make classes more alike.",
        kind: ParamKind::Float {
            default: 1e-3,
            min: 1e-12,
            max: 10.0,
            low: 1e-6,
            high: 1.0,
            scale: Scale::Log,
        },
        searched: true,
    }],
};

/// Variance of features that do not vary at all.
const NO_VARIANCE: f64 = 1e-9;

impl Learner for NaiveBayes {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, _params: &Params, load: &Load) -> f64 {
        6e-9 * load.cells()
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let Target::Classes { codes, classes } = fit.target else {
            return Err(unsuitable("naive Bayes predicts classes, not numbers"));
        };
        let shares = Shares::of(codes, *classes);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); *classes];
        codes.iter().enumerate().for_each(|(i, &c)| rows[c as usize].push(i));
        rows.retain(|r| !r.is_empty());
        let features = fit.frame.columns.len();
        let mut moments = vec![Moments { means: Vec::new(), variances: Vec::new() }; rows.len()];
        let mut largest = 0.0f64;
        for column in columns(fit.frame) {
            go_on(fit)?;
            largest = largest.max(mean_and_variance(column.iter().map(|&x| f64::from(x)).collect()).1);
            for (moments, rows) in moments.iter_mut().zip(&rows) {
                let (mean, variance) =
                    mean_and_variance(rows.iter().map(|&i| f64::from(column[i])).collect());
                moments.means.push(mean);
                moments.variances.push(variance);
            }
        }
        let least = (largest * fit.params.float("var_smoothing")).max(NO_VARIANCE);
        moments.iter_mut().flat_map(|m| &mut m.variances).for_each(|v| *v += least);
        Ok(Box::new(BayesModel { features: features as u32, shares, moments }))
    }

    fn in_parts(&self, sample: &Fit<'_>, _parts: usize) -> Result<Option<Box<dyn InParts>>, FitError> {
        Ok(Some(Box::new(BayesInParts::new(sample)?)))
    }

    fn bytes_a_row_in_parts(&self, _load: &Load) -> Option<f64> {
        // Rows are added up as they come.
        Some(0.0)
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(BayesModel::decode(bytes, features)?))
    }
}

/// Mean, and variance divided by n, of at least one value.
fn mean_and_variance(mut values: Vec<f64>) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = sum(&values) / n;
    values.iter_mut().for_each(|x| *x = (*x - mean) * (*x - mean));
    (mean, sum(&values) / n)
}
