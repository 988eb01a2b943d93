//! What a search found, on its way to the process that trains on all rows.

use crate::diagnostic::Diagnostic;
use crate::engine::artifact::ModelArtifact;
use crate::engine::study::{Fitted, Outcome};
use crate::learner::Params;
use serde::{Deserialize, Serialize};

/// What [`super::train_on_all`] reads of an outcome.
#[derive(Serialize, Deserialize)]
struct Found {
    model: Vec<u8>,
    /// Parameters as JSON text, since a value says its type only in a format that describes itself; and seeds.
    fitted: Vec<(String, u64)>,
}

impl Outcome {
    /// For [`Outcome::from_bytes`] in another process; clock readings stay behind.
    pub fn to_bytes(&self) -> Vec<u8> {
        found_bytes(&self.artifact, &self.fitted)
    }

    /// # Errors
    /// Bytes that are not what [`Outcome::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Diagnostic> {
        let broken = |what: String| {
            Diagnostic::error(
                "study.broken_outcome",
                format!("What the search found did not arrive whole: {what}."),
                "Begin the search again.",
            )
        };
        let found: Found = postcard::from_bytes(bytes).map_err(|e| broken(e.to_string()))?;
        let fitted = found.fitted.into_iter().map(|(params, seed)| {
            let params: Params = serde_json::from_str(&params).map_err(|e| broken(e.to_string()))?;
            Ok(Fitted { params, seed })
        });
        let fitted = fitted.collect::<Result<_, Diagnostic>>()?;
        let artifact = ModelArtifact::from_bytes(&found.model)?;
        let (board, verdict) = (artifact.board(), artifact.verdict().clone());
        Ok(Self { artifact, verdict, board, fitted })
    }
}

/// [`Outcome::to_bytes`] of an outcome's parts.
pub(in crate::engine) fn found_bytes(artifact: &ModelArtifact, fitted: &[Fitted]) -> Vec<u8> {
    // Parameters are plain data, which can always be written.
    let fitted = fitted.iter().map(|f| (serde_json::to_string(&f.params).unwrap_or_default(), f.seed));
    let found = Found { model: artifact.to_bytes(), fitted: fitted.collect() };
    postcard::to_allocvec(&found).unwrap_or_default()
}
