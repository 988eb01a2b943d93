//! A fitted pipeline: preprocessing and model together, from a table to predictions.

use crate::learner;
use crate::model::{Model, Prediction};
use crate::node::FittedRecipe;
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Preprocessing and the model that was fitted on its features.
pub(super) struct Pipeline {
    pub recipe: FittedRecipe,
    learner: String,
    pub model: Box<dyn Model>,
}

/// A pipeline as bytes hold it.
#[derive(Serialize, Deserialize)]
struct Encoded {
    recipe: FittedRecipe,
    learner: String,
    model: Vec<u8>,
}

impl Pipeline {
    pub fn new(recipe: FittedRecipe, learner: &str, model: Box<dyn Model>) -> Self {
        Self { recipe, learner: learner.to_owned(), model }
    }

    pub fn predict(&self, table: &Table, rows: Option<&[u32]>) -> Prediction {
        self.model.predict(&self.recipe.transform(table, rows))
    }

    pub fn encode(&self) -> Vec<u8> {
        let encoded = Encoded {
            recipe: self.recipe.clone(),
            learner: self.learner.clone(),
            model: self.model.encode(),
        };
        // Serialising plain data into a growing vector cannot fail.
        postcard::to_allocvec(&encoded).unwrap_or_default()
    }

    /// Takes back what [`Pipeline::encode`] gave. The bytes are untrusted: a pipeline that is returned predicts
    /// `outputs` finite numbers a row for any table.
    ///
    /// # Errors
    /// What is damaged.
    pub fn decode(bytes: &[u8], outputs: usize) -> Result<Self, String> {
        let encoded: Encoded =
            postcard::from_bytes(bytes).map_err(|e| format!("a pipeline is damaged: {e}"))?;
        encoded.recipe.validate()?;
        let learner = learner::find(&encoded.learner).ok_or_else(|| {
            format!("it uses the learner \"{}\", which this version does not have", encoded.learner)
        })?;
        let features = encoded.recipe.output_names().len();
        let model = learner.decode(&encoded.model, features).map_err(|e| e.reason)?;
        // One row of missing values shows what the model gives.
        let probe = model.predict(&encoded.recipe.transform(&Table { columns: Vec::new(), rows: 1 }, None));
        if probe.outputs != outputs || probe.rows != 1 || probe.values.iter().any(|v| !v.is_finite()) {
            return Err("a model does not give what its task needs".to_owned());
        }
        Ok(Self { recipe: encoded.recipe, learner: encoded.learner, model })
    }
}
