//! Labels: the model's own threshold, or another for once.

use super::ModelArtifact;
use crate::calibrate::{Decision, EVEN};
use crate::diagnostic::Diagnostic;

impl ModelArtifact {
    /// The probability of the second class above which a row is called so; `None` unless there are two classes.
    pub fn threshold(&self) -> Option<f64> {
        (self.header.classes.len() == 2).then(|| self.header.decision.threshold.unwrap_or(EVEN))
    }

    /// The model's decision, with `threshold` in place of its own where one is given.
    ///
    /// # Errors
    /// A threshold that is no probability, or where there are not two classes.
    pub(super) fn decision_at(&self, threshold: Option<f64>) -> Result<Decision, Diagnostic> {
        let own = self.header.decision.clone();
        let Some(threshold) = threshold else { return Ok(own) };
        if self.header.classes.len() != 2 {
            return Err(Diagnostic::error(
                "threshold.not_two_classes",
                format!("A threshold tells two classes apart; \"{}\" has not two.", self.header.target),
                "Leave out the threshold.",
            ));
        }
        if !(0.0..=1.0).contains(&threshold) {
            return Err(Diagnostic::error(
                "threshold.no_probability",
                format!("{threshold} is no probability."),
                "Give a threshold between 0 and 1; 0.5 calls a row what is more likely.",
            ));
        }
        Ok(Decision { threshold: Some(threshold), ..own })
    }
}
