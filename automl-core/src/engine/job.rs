//! The unit of work: one fold of one trial.

use crate::compute::Used;
use crate::learner::Params;
use crate::node::Recipe;
use serde::{Deserialize, Serialize};

/// Which split a job works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// The study's folds, with rows locked away.
    Search,
    /// Folds of all rows.
    Refit,
}

/// Fit one pipeline on one fold's training rows and predict its validation rows and the locked rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Unique within the study.
    pub id: u64,
    pub stage: Stage,
    pub fold: u32,
    /// Folds in all.
    pub folds: u32,
    /// Train on so many of the fold's rows only, and give nothing but the score.
    pub rows: Option<u32>,
    pub learner: String,
    #[serde(with = "params_as_text")]
    pub params: Params,
    pub recipe: Recipe,
    pub seed: u64,
    /// Seconds after which the result is not wanted any more.
    pub deadline_secs: Option<f64>,
    /// Parameters of which a population is to choose, in place of a fit; empty: a fit. Travel beside the rest, which is as it
    /// was before.
    #[serde(skip)]
    pub population: Vec<Params>,
}

/// What a population chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Places among the job's settings, the best first.
    pub best: Vec<u32>,
    /// So many settings were trained, the first ones.
    pub trained: u32,
    /// Epochs of those that were trained longest.
    pub epochs: u32,
    /// What the graphics card is called.
    pub card: String,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    pub id: u64,
    pub outcome: Result<FoldResult, JobFailure>,
    /// Seconds of fitting, preprocessing included.
    pub fit_secs: f64,
    /// Seconds of predicting `predicted_rows` rows, preprocessing included.
    pub predict_secs: f64,
    pub predicted_rows: u64,
    /// What the fit was computed on, where there was a choice. Travels behind the rest, which is as it was before.
    #[serde(skip)]
    pub used: Option<Used>,
    /// What came of a population; travels behind that.
    #[serde(skip)]
    pub chosen: Option<Chosen>,
}

/// Why a job gave no model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobFailure {
    Cancelled,
    Failed(String),
}

/// What one fold's pipeline predicts, and the pipeline itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FoldResult {
    /// Rows × outputs, row-major, of the fold's validation rows in ascending order.
    pub validation: Vec<f64>,
    /// The same for the locked rows. Nobody looks at them before the search has ended.
    pub locked: Vec<f64>,
    /// The study's metric on the validation rows.
    pub score: Option<f64>,
    /// [`super::pipeline::Pipeline::encode`].
    pub pipeline: Vec<u8>,
    /// What the fit has to tell.
    pub summary: String,
}

/// Parameters as JSON text: a value says its type only in a format that describes itself.
mod params_as_text {
    use super::Params;
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub fn serialize<S: Serializer>(params: &Params, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(params).map_err(ser::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Params, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JobResult {
    pub fn failed(id: u64, failure: JobFailure) -> Self {
        Self {
            id,
            outcome: Err(failure),
            fit_secs: 0.0,
            predict_secs: 0.0,
            predicted_rows: 0,
            used: None,
            chosen: None,
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        // As above.
        let mut bytes = postcard::to_allocvec(self).unwrap_or_default();
        if self.used.is_some() || self.chosen.is_some() {
            let used = self.used.as_ref().map_or(("", "", true), |u| (u.name(), u.reason(), u.is_exact()));
            bytes.extend(postcard::to_allocvec(&used).unwrap_or_default());
        }
        if let Some(chosen) = &self.chosen {
            bytes.extend(postcard::to_allocvec(chosen).unwrap_or_default());
        }
        bytes
    }

    /// # Errors
    /// Where the bytes are no result.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let broken = |e: postcard::Error| format!("the result did not arrive whole: {e}");
        let (mut result, rest): (Self, &[u8]) = postcard::take_from_bytes(bytes).map_err(broken)?;
        if rest.is_empty() {
            return Ok(result);
        }
        let (used, rest): ((String, String, bool), &[u8]) =
            postcard::take_from_bytes(rest).map_err(broken)?;
        result.used = match (used.0.as_str(), used.1, used.2) {
            ("", ..) => None,
            ("gpu", reason, exact) => Some(Used::Gpu { reason, exact }),
            (_, reason, _) => Some(Used::Cpu { reason }),
        };
        if !rest.is_empty() {
            result.chosen = Some(postcard::from_bytes(rest).map_err(broken)?);
        }
        Ok(result)
    }
}
