//! A multilayer perceptron: dense layers with rectified linear units, trained by AdamW (Loshchilov and Hutter, 2019)
//! on small batches, with dropout (Srivastava and others, 2014) and early stopping.
//!
//! The rate rises at the start and falls in a line to the end, which takes fewer passes than waiting for the loss to
//! stand still before it falls. The answers of a few networks are averaged; every second of them sees numbers in pieces
//! too (`inputs`), and one of each kind does as well as more on most tables. A factor of each input is learned beside
//! the weights. Training ends where the loss of the mean on held-out rows was least, and scores of classes are divided
//! by the temperature that suits these rows (`trial`). Where rows are few, other networks find both on rows that are
//! held out from the training rows, and the networks are trained on all of them (`train`). All arithmetic is in single
//! precision in a fixed order; the weights that are kept are of half precision.

mod adam;
mod batch;
mod data;
mod half;
mod inputs;
mod model;
mod net;
#[cfg(feature = "gpu")]
pub mod population;
mod train;
mod trial;

#[cfg(test)]
mod tests;

use super::dense::check;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, ParamKind, ParamSpec, Params,
    Reproducible, Scale,
};
use crate::model::{Model, Task};

/// The learner `mlp`.
pub struct Mlp;

static SPEC: LearnerSpec = LearnerSpec {
    id: "mlp",
    title: "Neural network",
    help: "Layers of small units that learn their own features. Differs from trees, so it helps in ensembles.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Dense,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: &[
        super::param::LOG_TARGET,
        ParamSpec {
            name: "hidden",
            help: "Units of each hidden layer.",
            kind: ParamKind::Int { default: 64, min: 1, max: 1024, low: 16, high: 256, scale: Scale::Log },
            searched: true,
        },
        ParamSpec {
            name: "layers",
            help: "Hidden layers; 0 for a sum of what each input, or each of its pieces, says by itself.",
            kind: ParamKind::Int { default: 2, min: 0, max: 4, low: 1, high: 3, scale: Scale::Linear },
            searched: true,
        },
        ParamSpec {
            name: "pieces",
            help: "Pieces that numbers are cut into for every second network, so that it can bend at each of them; 1 for none.",
            kind: ParamKind::Int { default: 8, min: 1, max: 64, low: 4, high: 16, scale: Scale::Log },
            searched: true,
        },
        ParamSpec {
            name: "learning_rate",
            help: "Size of a step at first; it falls to nothing.",
            kind: float(0.008, 1e-6, 1.0, 1e-3, 0.03, Scale::Log),
            searched: true,
        },
        ParamSpec {
            name: "weight_decay",
            help: "How strongly weights are kept small, against overfitting.",
            kind: float(0.3, 0.0, 10.0, 1e-2, 3.0, Scale::Log),
            searched: true,
        },
        ParamSpec {
            name: "dropout",
            help: "Share of the units that sit out each step, against overfitting.",
            kind: float(0.1, 0.0, 0.9, 0.0, 0.5, Scale::Linear),
            searched: true,
        },
        ParamSpec {
            name: "epochs",
            help: "Most passes over the rows. Large tables take fewer.",
            kind: ParamKind::Int { default: 40, min: 1, max: 10_000, low: 20, high: 100, scale: Scale::Log },
            searched: false,
        },
        ParamSpec {
            name: "networks",
            help: "Most networks whose answers are averaged. Large tables take fewer.",
            kind: ParamKind::Int { default: 2, min: 1, max: 16, low: 1, high: 8, scale: Scale::Log },
            searched: false,
        },
    ],
};

const fn float(default: f64, min: f64, max: f64, low: f64, high: f64, scale: Scale) -> ParamKind {
    ParamKind::Float { default, min, max, low, high, scale }
}

impl Learner for Mlp {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        train::cost(params, load)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        check(fit)?;
        Ok(Box::new(train::fit(fit)?))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(model::MlpModel::decode(bytes, features)?))
    }
}
