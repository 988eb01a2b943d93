//! A fitted pipeline: preprocessing and model together, from a table to predictions.

use super::chain::FittedChain;
use crate::compute::Card;
use crate::diagnostic::Diagnostic;
use crate::learner;
use crate::model::{LogTarget, Model, Prediction};
use crate::node::{FittedRecipe, Frame};
use crate::table::Table;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Preprocessing and the model that was fitted on its features.
pub(super) struct Pipeline {
    pub recipe: FittedRecipe,
    learner: String,
    /// Weight of "all classes alike" in a prediction; 0 for numbers.
    smoothing: f64,
    /// Where the model predicts logarithms.
    pub log_target: Option<LogTarget>,
    /// What is done to rows before the recipe; pipelines of one fold share it.
    pub chain: Option<Arc<FittedChain>>,
    pub model: Box<dyn Model>,
}

/// A pipeline as bytes hold it; a [`LogTarget`] follows where there is one. Where there is a chain,
/// `Option<LogTarget>` and the chain follow.
#[derive(Serialize, Deserialize)]
struct Encoded {
    recipe: FittedRecipe,
    learner: String,
    smoothing: f64,
    model: Vec<u8>,
}

/// From `rows` rows no one can know that a class is less likely than about 1 in `rows`: what a model says beyond
/// that is taken back, as in Laplace's rule of succession, or one sure mistake would outweigh all that is right.
fn smoothing(rows: usize, classification: bool) -> f64 {
    if classification { 1.0 / (rows as f64 + 2.0) } else { 0.0 }
}

/// Features of the rows `rows` of a table, or of all: what the recipe makes of them after the chain, where there is one.
///
/// # Errors
/// Where a step cannot be done to these rows.
pub(super) fn features(
    chain: Option<&FittedChain>,
    recipe: &FittedRecipe,
    table: &Table,
    rows: Option<&[u32]>,
) -> Result<Frame, Diagnostic> {
    Ok(match chain {
        Some(chain) => recipe.transform(&chain.apply(table, rows)?, None),
        None => recipe.transform(table, rows),
    })
}

impl Pipeline {
    /// `rows`: how many rows it was trained on.
    pub fn new(
        recipe: FittedRecipe,
        learner: &str,
        model: Box<dyn Model>,
        rows: usize,
        classification: bool,
    ) -> Self {
        Self {
            recipe,
            learner: learner.to_owned(),
            smoothing: smoothing(rows, classification),
            log_target: None,
            chain: None,
            model,
        }
    }

    /// Predictions of the rows `rows` of a table, or of all.
    ///
    /// # Errors
    /// Where a step cannot be done to these rows.
    pub fn predict(&self, table: &Table, rows: Option<&[u32]>) -> Result<Prediction, Diagnostic> {
        Ok(self.predict_frame(&self.features(table, rows)?))
    }

    /// Predictions of rows to which the chain was done.
    pub fn predict_chained(&self, table: &Table) -> Prediction {
        self.predict_frame(&self.features_of_chained(table))
    }

    /// Features of rows to which the chain was done.
    pub fn features_of_chained(&self, table: &Table) -> Frame {
        self.recipe.transform(table, None)
    }

    /// What the model says of features that the recipe has made, in the units of the target.
    pub fn said(&self, frame: &Frame) -> Prediction {
        self.in_units(self.model.predict(frame))
    }

    /// Predictions from features that the recipe has made.
    pub fn predict_frame(&self, frame: &Frame) -> Prediction {
        self.smoothed(self.said(frame))
    }

    /// The same, on a graphics card where that pays.
    pub async fn predict_frame_waiting(&self, frame: &Frame, card: Option<&Card>) -> Prediction {
        self.smoothed(self.in_units(self.model.predict_waiting(frame, card).await))
    }

    /// What the model says as amounts, where it tells their logarithms.
    fn in_units(&self, mut prediction: Prediction) -> Prediction {
        if let Some(scale) = &self.log_target {
            prediction.values.iter_mut().for_each(|v| *v = scale.amount(*v));
        }
        prediction
    }

    fn smoothed(&self, mut prediction: Prediction) -> Prediction {
        if self.smoothing > 0.0 {
            let share = self.smoothing / prediction.outputs.max(1) as f64;
            prediction.values.iter_mut().for_each(|p| *p = (1.0 - self.smoothing) * *p + share);
        }
        prediction
    }

    /// Features of the rows `rows` of a table, or of all.
    ///
    /// # Errors
    /// As [`Pipeline::predict`].
    pub fn features(&self, table: &Table, rows: Option<&[u32]>) -> Result<Frame, Diagnostic> {
        features(self.chain.as_deref(), &self.recipe, table, rows)
    }

    pub fn learner(&self) -> &str {
        &self.learner
    }

    pub fn encode(&self) -> Vec<u8> {
        let encoded = Encoded {
            recipe: self.recipe.clone(),
            learner: self.learner.clone(),
            smoothing: self.smoothing,
            model: self.model.encode(),
        };
        // Serialising plain data into a growing vector cannot fail.
        let mut bytes = postcard::to_allocvec(&encoded).unwrap_or_default();
        if let Some(chain) = &self.chain {
            bytes.extend(postcard::to_allocvec(&(self.log_target, chain.as_ref())).unwrap_or_default());
        } else if let Some(scale) = &self.log_target {
            bytes.extend(postcard::to_allocvec(scale).unwrap_or_default());
        }
        bytes
    }

    /// Takes back what [`Pipeline::encode`] gave. The bytes are untrusted: a pipeline that is returned predicts
    /// `outputs` finite numbers a row for any table. `chained`: whether it has a chain.
    ///
    /// # Errors
    /// What is damaged.
    pub fn decode(bytes: &[u8], outputs: usize, chained: bool) -> Result<Self, String> {
        let damaged = |e: postcard::Error| format!("a pipeline is damaged: {e}");
        let (encoded, rest): (Encoded, &[u8]) = postcard::take_from_bytes(bytes).map_err(damaged)?;
        let (log_target, chain): (Option<LogTarget>, Option<FittedChain>) = if chained {
            let (log_target, chain) = postcard::from_bytes(rest).map_err(damaged)?;
            (log_target, Some(chain))
        } else if rest.is_empty() {
            (None, None)
        } else {
            (Some(postcard::from_bytes(rest).map_err(damaged)?), None)
        };
        chain.iter().try_for_each(FittedChain::validate)?;
        encoded.recipe.validate()?;
        let learner = learner::find(&encoded.learner).ok_or_else(|| {
            format!("it uses the learner \"{}\", which this version does not have", encoded.learner)
        })?;
        let features = encoded.recipe.output_names().len();
        let model = learner.decode(&encoded.model, features).map_err(|e| e.reason)?;
        // One row of missing values shows what the model gives.
        if !(0.0..=1.0).contains(&encoded.smoothing) {
            return Err("a pipeline's smoothing is no share".to_owned());
        }
        if log_target.is_some_and(|scale| !scale.is_sound()) {
            return Err("a pipeline's scale of the target is damaged".to_owned());
        }
        let (learner, smoothing) = (encoded.learner, encoded.smoothing);
        let pipeline = Self {
            recipe: encoded.recipe,
            learner,
            smoothing,
            log_target,
            chain: chain.map(Arc::new),
            model,
        };
        let probe = pipeline.predict(&Table { columns: Vec::new(), rows: 1 }, None).map_err(|d| d.message)?;
        if probe.outputs != outputs || probe.rows != 1 || probe.values.iter().any(|v| !v.is_finite()) {
            return Err("a model does not give what its task needs".to_owned());
        }
        Ok(pipeline)
    }
}

#[cfg(test)]
mod tests {
    use super::smoothing;

    #[test]
    fn few_rows_allow_little_certainty() {
        assert_eq!(smoothing(98, true), 0.01);
        assert_eq!(smoothing(98, false), 0.0);
    }
}
