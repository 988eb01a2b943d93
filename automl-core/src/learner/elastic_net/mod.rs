//! Elastic net (Zou and Hastie, 2005): least squares with an L1 and an L2 penalty, which leaves features out.
//!
//! Minimises 1/(2n) · ‖y − Xw‖² + alpha · (l1_ratio · ‖w‖₁ + (1 − l1_ratio)/2 · ‖w‖²), the intercept free, with y in
//! units of its standard deviation, so that alpha means the same for any target. Solved by coordinate descent
//! (Friedman, Hastie and Tibshirani, 2010): whole sweeps, and between them sweeps over the weights that are not 0.
//! With alpha 0 it is chosen by the rows that validate, on a path that begins where all weights are 0.

mod descent;

#[cfg(test)]
mod tests;

use super::dense::linear::Linear;
use super::dense::matrix::columns;
use super::dense::path;
use super::dense::{check, unsuitable};
use super::tree::center::Center;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use descent::{Descent, Penalty};

/// The learner `elastic_net`.
pub struct ElasticNet;

static SPEC: LearnerSpec = LearnerSpec {
    id: "elastic_net",
    title: "Elastic net",
    help: "A weighted sum of the features that leaves out those it does not need.",
    tasks: &[Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: &[
        super::param::LOG_TARGET,
        super::features::KNOTS,
        ParamSpec {
            name: "alpha",
            help: "How strongly weights are kept small and features left out. 0 chooses by the rows that validate.",
            kind: ParamKind::Float {
                default: 0.01,
                min: 0.0,
                max: 1e3,
                low: 1e-5,
                high: 1.0,
                scale: Scale::Log,
            },
            searched: true,
        },
        ParamSpec {
            name: "l1_ratio",
            help: "1 only leaves features out (lasso), 0 only keeps weights small (ridge).",
            kind: ParamKind::Float {
                default: 0.5,
                min: 0.0,
                max: 1.0,
                low: 0.05,
                high: 1.0,
                scale: Scale::Linear,
            },
            searched: true,
        },
    ],
};

/// Largest change of the fit, in standard deviations of the target, at which the weights are taken as found.
const TOLERANCE: f64 = 1e-9;
/// The same of the models of the path, which are stopped by what validates.
const PATH_TOLERANCE: f64 = 1e-3;
/// The path: each penalty is so much of the one before, and how many there are at most.
const STEP: f64 = 0.5;
const STEPS: usize = 16;
/// Where no feature is ever left out, the path begins as for this ratio.
const LEAST_RATIO: f64 = 1e-2;
/// Where nothing validates.
const USUAL_ALPHA: f64 = 0.01;

impl Learner for ElasticNet {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        let load = super::features::load(load, params);
        let f = load.features as f64;
        let fits = if params.float("alpha") > 0.0 { 1.0 } else { 2.0 };
        1e-10 * (load.cells() * (f + 20.0) + 2e3 * f * f) * fits
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let Target::Values(y) = fit.target else {
            return Err(unsuitable("an elastic net predicts numbers, not classes"));
        };
        let center = Center::of(y);
        let y: Vec<f64> = y.iter().map(|&v| center.apply(v)).collect();
        let columns = columns(fit.frame);
        let (alpha, ratio) = (fit.params.float("alpha"), fit.params.float("l1_ratio"));
        let penalty = |alpha: f64| Penalty { l1: alpha * ratio, l2: alpha * (1.0 - ratio) };
        let mut descent = Descent::new(&columns, y);
        let alpha = match path::validating(fit) {
            _ if alpha > 0.0 => alpha,
            Some((frame, Target::Values(actual))) => {
                let first = descent.largest_pull() / ratio.max(LEAST_RATIO);
                let (_, model) = path::best(path::geometric(first * STEP, STEP, STEPS), |alpha| {
                    descent.run(fit, penalty(alpha), PATH_TOLERANCE)?;
                    let model = Linear::new(center, descent.weights.clone(), &descent.means);
                    let loss = model.mean_squared_error(frame, actual);
                    Ok((model, loss))
                })?;
                return Ok(Box::new(model));
            }
            _ => USUAL_ALPHA,
        };
        descent.run(fit, penalty(alpha), TOLERANCE)?;
        Ok(Box::new(Linear::new(center, descent.weights, &descent.means)))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(Linear::decode(bytes, features)?))
    }
}
