//! Support vector machines (Boser, Guyon and Vapnik, 1992) with a Gaussian kernel, trained by linfa's sequential
//! minimal optimisation.
//!
//! One machine a class tells that class from the rest; its distances become probabilities by Platt's method, fitted to
//! distances of rows that the machine did not train on. Numbers are regressed with an ε-insensitive loss.
//!
//! The library's exponentials and matrix products decide the last bits of a fit, so two kinds of machines may differ in
//! them. Predictions are our own arithmetic: a model file predicts the same bits everywhere.

mod machine;
mod model;

#[cfg(test)]
mod tests;

use super::dense::classes::Shares;
use super::dense::matrix::{row_major, squared_width};
use super::dense::{check, go_on, unsuitable};
use super::tree::center::Center;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Target, Task};
use machine::{Rows, Trainer};
use model::{Answers, SvmModel};

/// The learner `svm`.
pub struct Svm;

static SPEC: LearnerSpec = LearnerSpec {
    id: "svm",
    title: "Support vector machine",
    help: "Draws the widest smooth border between classes. For small tables: its time grows with the square of the rows.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::PerTarget,
    weights: false,
    params: &[
        ParamSpec {
            name: "c",
            help: "How much a training row on the wrong side costs. Larger values fit closer.",
            kind: ParamKind::Float {
                default: 1.0,
                min: 1e-3,
                max: 1e3,
                low: 0.1,
                high: 10.0,
                scale: Scale::Log,
            },
            searched: true,
        },
        ParamSpec {
            name: "width",
            help: "Squared width of the kernel, in units of the features' total variance. Smaller values bend more.",
            kind: ParamKind::Float {
                default: 1.0,
                min: 1e-3,
                max: 1e3,
                low: 0.2,
                high: 10.0,
                scale: Scale::Log,
            },
            searched: true,
        },
    ],
};

/// Most training rows: the library holds a matrix of rows × rows, and cannot be interrupted.
const MOST_ROWS: usize = 2_000;
/// Most classes: each takes a machine.
const MOST_CLASSES: usize = 20;

impl Learner for Svm {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, _params: &Params, load: &Load) -> f64 {
        4e-9 * load.cells() * load.rows as f64 * load.scores()
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        let (rows, features) = (fit.frame.rows, fit.frame.columns.len());
        if features == 0 {
            return Err(unsuitable("there are no features to draw a border between"));
        }
        if rows > MOST_ROWS {
            return Err(unsuitable(format!(
                "support vector machines take at most {MOST_ROWS} rows, and these are {rows}"
            )));
        }
        let cells: Vec<f64> = row_major(fit.frame, features);
        let rows = Rows { cells: &cells, features };
        let kernel = squared_width(&cells, features, fit.params.float("width"));
        let trainer = Trainer { rows, c: fit.params.float("c"), kernel };
        let model = match fit.target {
            Target::Classes { codes, classes } => of_classes(fit, &trainer, codes, *classes)?,
            Target::Values(values) => of_values(&trainer, values)?,
        };
        Ok(Box::new(model))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(SvmModel::decode(bytes, features)?))
    }
}

fn of_classes(
    fit: &Fit<'_>,
    trainer: &Trainer<'_>,
    codes: &[u32],
    classes: usize,
) -> Result<SvmModel, FitError> {
    let shares = Shares::of(codes, classes);
    let present = shares.present();
    if present.len() < 2 {
        return Err(unsuitable("the training rows are all of one class"));
    }
    if present.len() > MOST_CLASSES {
        return Err(unsuitable(format!("support vector machines take at most {MOST_CLASSES} classes")));
    }
    // Of two classes, one machine tells both.
    let told = if present.len() == 2 { &present[1..] } else { &present[..] };
    let mut machines = Vec::new();
    for &class in told {
        go_on(fit)?;
        let labels: Vec<bool> = codes.iter().map(|&c| c as usize == class).collect();
        machines.push(trainer.classify(&labels, || go_on(fit))?);
    }
    Ok(SvmModel::new(trainer, machines, Answers::Classes { shares }))
}

fn of_values(trainer: &Trainer<'_>, values: &[f64]) -> Result<SvmModel, FitError> {
    let center = Center::of(values);
    let centred: Vec<f64> = values.iter().map(|&v| center.apply(v)).collect();
    let machine = trainer.regress(&centred)?;
    let answers = Answers::Values { offset: center.offset, scale: center.scale };
    Ok(SvmModel::new(trainer, vec![machine], answers))
}
