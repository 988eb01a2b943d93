//! The constant baseline: the class shares, or the mean, of the training rows. What any model must beat.

use super::dense::classes::Shares;
use super::weight;
use super::{DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, Params, Reproducible};
use crate::model::{Model, Prediction, Target, Task};
use crate::node::Frame;
use crate::numeric;
use serde::{Deserialize, Serialize};

pub struct Baseline;

static SPEC: LearnerSpec = LearnerSpec {
    id: "baseline",
    title: "Guessing",
    help: "Answers the same for every row: the class shares, or the mean. What any model must beat.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Native,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: &[],
};

#[derive(Debug, Serialize, Deserialize)]
struct ConstantModel {
    outputs: Vec<f64>,
}

impl Learner for Baseline {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, _params: &Params, load: &Load) -> f64 {
        1e-8 * load.rows as f64
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        if fit.target.is_empty() {
            return Err(FitError::Unsuitable { reason: "there are no training rows".into() });
        }
        let weights = weight::given(fit)?;
        let outputs = match fit.target {
            Target::Values(v) => vec![numeric::weighted_mean(v, weights.as_deref())],
            Target::Classes { codes, classes } => Shares::weighted(codes, *classes, weights.as_deref()).0,
        };
        Ok(Box::new(ConstantModel { outputs }))
    }

    fn decode(&self, bytes: &[u8], _features: usize) -> Result<Box<dyn Model>, DecodeError> {
        let model: ConstantModel = postcard::from_bytes(bytes)
            .map_err(|e| DecodeError { reason: format!("the baseline model is damaged: {e}") })?;
        if model.outputs.is_empty() || model.outputs.iter().any(|p| !p.is_finite()) {
            return Err(DecodeError { reason: "the baseline model has no finite outputs".into() });
        }
        Ok(Box::new(model))
    }
}

impl Model for ConstantModel {
    fn predict(&self, frame: &Frame) -> Prediction {
        Prediction::new(self.outputs.repeat(frame.rows), self.outputs.len())
    }

    fn encode(&self) -> Vec<u8> {
        // Serialising plain numbers into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }
}
