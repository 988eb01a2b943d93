//! Logistic regression with an L2 penalty, binary and multinomial.
//!
//! Minimises ½‖w‖² + c · Σ weight · log loss, as scikit-learn does, the intercepts free, by L-BFGS from the classes' shares.
//! With c 0 it is chosen by the rows that validate.
//! Two classes have one vector of weights, more have one each. Classes without training rows are left out.

mod curvature;
mod lbfgs;
mod loss;
mod model;
mod parts;

#[cfg(test)]
mod tests;

use super::dense::classes::Shares;
use super::dense::matrix::row_major;
use super::dense::path;
use super::dense::{check, unsuitable};
use super::parts::InParts;
use super::weight::{self, CLASS_WEIGHT};
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use crate::node::Frame;
use crate::numeric::math;
use crate::platform::Cancel;
use curvature::{Curvature, Products};
use lbfgs::Minimiser;
use loss::{Data, Loss};
use model::LogisticModel;
use parts::LogisticInParts;

/// The learner `logistic`.
pub struct Logistic;

static SPEC: LearnerSpec = LearnerSpec {
    id: "logistic",
    title: "Logistic regression",
    help: "Adds up evidence for each class, one weight a feature. Quick, and hard to beat on small tables.",
    tasks: &[Task::Binary, Task::Multiclass],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: &[
        ParamSpec {
            name: "c",
            help: "How freely weights may grow: low values keep them small, against overfitting. 0 chooses by the rows \
                   that validate.",
            kind: ParamKind::Float {
                default: 1.0,
                min: 0.0,
                max: 1e6,
                low: 1e-4,
                high: 1e3,
                scale: Scale::Log,
            },
            searched: true,
        },
        CLASS_WEIGHT,
        super::features::KNOTS,
    ],
};

/// Largest entry of the mean loss's gradient at which the weights are taken as found.
const TOLERANCE: f64 = 1e-6;
const MOST_ITERATIONS: usize = 300;
/// The same for the models of the path, which are stopped by what validates.
const PATH_TOLERANCE: f64 = 1e-4;
const PATH_ITERATIONS: usize = 50;
/// The path of c: the first, the step to the next, and how many there are.
const PATH: (f64, f64, usize) = (1e-4, 3.162_277_660_168_379_5, 16);
/// Where nothing validates.
const USUAL_C: f64 = 1.0;
const LEAST_C: f64 = 1e-6;
/// Products that a fit may spend, about: so that a large table costs seconds and not minutes.
const MOST_PRODUCTS: f64 = 2e10;

impl Learner for Logistic {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        let load = super::features::load(load, params);
        let fits = if params.float("c") > 0.0 { 1.0 } else { 4.0 };
        5e-8 * fits * load.cells() * load.scores()
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let Target::Classes { codes, classes } = fit.target else {
            return Err(unsuitable("logistic regression predicts classes, not numbers"));
        };
        let weights = weight::given(fit)?;
        let class_weights = weight::of_classes(fit, weights.as_deref());
        let weights = weight::product(weights, class_weights.as_deref(), fit.target);
        let shares = Shares::weighted(codes, *classes, weights.as_deref());
        let features = fit.frame.columns.len();
        let Some(outputs) = outputs_of(&shares) else {
            return Ok(Box::new(LogisticModel::new(shares, vec![0.0; features + 1], features, 0)));
        };
        let values: Vec<f32> = row_major(fit.frame, features);
        let codes = shares.places(codes);
        let data = Data { values: &values, codes: &codes, weights: weights.as_deref(), features, outputs };
        let question = Question {
            shares: &shares,
            class_weights: class_weights.as_deref(),
            c: fit.params.float("c"),
            validation: path::validating(fit),
            trained: fit.frame.rows,
            cancel: fit.cancel,
        };
        let Found { weights, iterations, .. } = question.answer(&data)?;
        Ok(Box::new(LogisticModel::new(shares, weights, features, iterations)))
    }

    fn in_parts(&self, sample: &Fit<'_>, parts: usize) -> Result<Option<Box<dyn InParts>>, FitError> {
        Ok(Some(Box::new(LogisticInParts::new(sample, parts)?)))
    }

    fn bytes_a_row_in_parts(&self, load: &Load) -> Option<f64> {
        // As they lie, and as they are learned from.
        Some(8.0 * load.features as f64 + 32.0)
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(LogisticModel::decode(bytes, features)?))
    }
}

/// Scores of a row; `None` where there is but one class.
fn outputs_of(shares: &Shares) -> Option<usize> {
    match shares.present().len() {
        0 | 1 => None,
        2 => Some(1),
        more => Some(more),
    }
}

/// What is looked for: the minimum, where c is 0 that of the c which is best on what validates.
struct Question<'a> {
    shares: &'a Shares,
    class_weights: Option<&'a [f64]>,
    c: f64,
    validation: Option<(&'a Frame, &'a Target)>,
    /// Rows that train.
    trained: usize,
    cancel: &'a Cancel,
}

/// Weights and intercepts, after so many iterations, with this c.
struct Found {
    weights: Vec<f64>,
    iterations: usize,
    c: f64,
}

/// How often rows may be gone through, of so many values.
fn most_iterations(values: f64, outputs: usize) -> usize {
    let per_pass = values * outputs as f64 * 4.0;
    ((MOST_PRODUCTS / per_pass.max(1.0)) as usize).clamp(15, MOST_ITERATIONS)
}

fn penalty(c: f64, total: f64) -> f64 {
    1.0 / (c.max(LEAST_C) * total)
}

impl Question<'_> {
    /// No slopes, and the classes' shares.
    fn start(&self, data: &Data<'_>) -> Vec<f64> {
        let logs: Vec<f64> = self.shares.present().iter().map(|&c| math::ln(self.shares.0[c])).collect();
        let mut start = vec![0.0; data.features * data.outputs];
        start.extend(if data.outputs == 1 { vec![logs[1] - logs[0]] } else { logs });
        start
    }

    fn answer(&self, data: &Data<'_>) -> Result<Found, FitError> {
        let mut start = self.start(data);
        let most = most_iterations(data.values.len() as f64, data.outputs);
        // A path is walked in so many small steps that it pays to know how features go together.
        let is_path = self.c <= 0.0 && self.validation.is_some();
        let products = if is_path { Products::of(data) } else { None };
        let minimise = |start: Vec<f64>, c: f64, most: usize, tolerance: f64| {
            let penalty = penalty(c, data.total());
            let mut loss = Loss::new(data, penalty);
            let curvature = products.as_ref().and_then(|p| p.curvature(data.outputs, penalty));
            let curvature = curvature.unwrap_or_else(|| Curvature::diagonal(data, penalty));
            Minimiser { tolerance, most, cancel: self.cancel }.run(start, &curvature, |w, g| loss.at(w, g))
        };
        let c = match self.validation {
            _ if self.c > 0.0 => self.c,
            Some((frame, target @ Target::Classes { codes, .. })) => {
                let weights = weight::product(None, self.class_weights, target);
                let (first, factor, count) = PATH;
                let each = (most / 4).clamp(5, PATH_ITERATIONS);
                let mut iterations = 0;
                let (c, (weights, iterations)) = path::best(path::geometric(first, factor, count), |c| {
                    let (place, more) = minimise(std::mem::take(&mut start), c, each, PATH_TOLERANCE)?;
                    iterations += more;
                    start.clone_from(&place);
                    let model =
                        LogisticModel::new(self.shares.clone(), place.clone(), data.features, iterations);
                    let loss = model.log_loss(frame, codes, weights.as_deref(), self.trained);
                    Ok(((place, iterations), loss))
                })?;
                return Ok(Found { weights, iterations, c });
            }
            _ => USUAL_C,
        };
        let (weights, iterations) = minimise(start, c, most, TOLERANCE)?;
        Ok(Found { weights, iterations, c })
    }
}
