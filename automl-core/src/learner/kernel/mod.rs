//! Kernel machines: ridge and logistic regression on what a Gaussian kernel says of a row, which are Gaussian-process
//! regression with a chosen noise (Rasmussen and Williams, 2006, section 2.2) and kernel logistic regression.
//!
//! The kernel is taken to some hundred landmarks, rows of the training data (Nyström's method; Williams and Seeger,
//! 2001): where there are no more rows than that, nothing is lost. The penalty is chosen by the rows that validate, as
//! the linear learners do.

mod landmarks;
mod model;

#[cfg(test)]
mod tests;

use super::dense::{check, unsuitable};
use super::weight::CLASS_WEIGHT;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, ParamValue,
    Params, Reproducible, Scale, logistic, ridge,
};
use crate::model::{Model, Target, Task};
use landmarks::Landmarks;
use model::KernelModel;

/// The learner `kernel`.
pub struct Kernel;

static SPEC: LearnerSpec = LearnerSpec {
    id: "kernel",
    title: "Kernel machine",
    help: "Draws smooth curves through the rows, near rows counting most. Often the best on small tables of numbers.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: &[
        super::param::LOG_TARGET,
        CLASS_WEIGHT,
        ParamSpec {
            name: "width",
            help: "How far a row's influence reaches: squared, in units of the features' total variance. Smaller values bend \
                   more.",
            kind: ParamKind::Float {
                default: 5.0,
                min: 1e-3,
                max: 1e4,
                low: 0.3,
                high: 30.0,
                scale: Scale::Log,
            },
            searched: true,
        },
        ParamSpec {
            name: "alpha",
            help: "How strongly the curve is kept flat, against overfitting. 0 chooses by the rows that validate.",
            kind: ParamKind::Float {
                default: 0.0,
                min: 0.0,
                max: 1e6,
                low: 1e-3,
                high: 10.0,
                scale: Scale::Log,
            },
            searched: false,
        },
        ParamSpec {
            name: "landmarks",
            help: "Most rows that others are compared with. Large tables take fewer.",
            kind: ParamKind::Int { default: 300, min: 1, max: 1000, low: 100, high: 600, scale: Scale::Log },
            searched: true,
        },
    ],
};

/// Most training rows × landmarks: they are all in memory.
const MOST_CELLS: usize = 4_000_000;
/// Most training rows: with more, too few landmarks are left to say anything.
const MOST_ROWS: usize = 40_000;
/// The penalty where none is given and nothing validates.
const USUAL_ALPHA: f64 = 0.1;

/// The learner that is fitted on what the kernel says.
fn inner(classes: bool) -> &'static dyn Learner {
    if classes { &logistic::Logistic } else { &ridge::Ridge }
}

/// Its parameters.
fn inner_params(fit: &Fit<'_>, classes: bool) -> Params {
    let alpha = match fit.params.float("alpha") {
        alpha if alpha <= 0.0 && fit.validation.is_none() => USUAL_ALPHA,
        alpha => alpha,
    };
    let given = if classes {
        let c = if alpha > 0.0 { 1.0 / alpha } else { 0.0 };
        let class_weight = fit.params.text(CLASS_WEIGHT.name).to_owned();
        Params::default()
            .with("c", ParamValue::Float(c))
            .with(CLASS_WEIGHT.name, ParamValue::Text(class_weight))
    } else {
        Params::default().with("alpha", ParamValue::Float(alpha))
    };
    Params::complete(inner(classes).spec().params, &given)
}

/// Landmarks for so many training rows.
fn most_landmarks(params: &Params, rows: usize) -> usize {
    params.count("landmarks").min(MOST_CELLS / rows.max(1)).min(rows).max(1)
}

impl Learner for Kernel {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        let landmarks = most_landmarks(params, load.rows);
        let (rows, m) = (load.rows as f64, landmarks as f64);
        let compared = rows * m * (load.features as f64 * 1e-9 + m * 3e-10 + 3e-8);
        let inner_load = Load { features: landmarks, ..*load };
        let classes = load.outputs > 1;
        let params =
            Params::default().with("alpha", ParamValue::Float(0.0)).with("c", ParamValue::Float(0.0));
        compared + inner(classes).cost(&params, &inner_load)
    }

    fn memory(&self, params: &Params, load: &Load) -> f64 {
        let landmarks = most_landmarks(params, load.rows);
        8.0 * load.cells()
            + 12.0 * load.rows as f64 * landmarks as f64
            + 16.0 * (landmarks * landmarks) as f64
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let (rows, features) = (fit.frame.rows, fit.frame.columns.len());
        if features == 0 {
            return Err(unsuitable("there are no features to measure distances by"));
        }
        if rows > MOST_ROWS {
            return Err(unsuitable(format!(
                "kernel machines take at most {MOST_ROWS} rows, and these are {rows}"
            )));
        }
        let landmarks = Landmarks::choose(fit, fit.params.float("width"), most_landmarks(fit.params, rows))?;
        let frame = landmarks.compare(fit.frame);
        let validation = fit.validation.filter(|(x, _)| x.columns.len() == features);
        let validation = validation.map(|(x, y)| (landmarks.compare(x), y));
        let classes = matches!(fit.target, Target::Classes { .. });
        let fit = Fit {
            frame: &frame,
            validation: validation.as_ref().map(|(x, y)| (x, *y)),
            params: &inner_params(fit, classes),
            ..*fit
        };
        let model = inner(classes).fit(&fit)?;
        Ok(Box::new(KernelModel { landmarks, classes, model }))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(KernelModel::decode(bytes, features)?))
    }
}
