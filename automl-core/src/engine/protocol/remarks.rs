//! What is worth saying under a board.

use super::Board;
use serde::{Deserialize, Serialize};

/// The note of a trial whose learner takes no weights, in a study that has some.
pub(in crate::engine) const UNWEIGHTED: &str = "trained on all rows alike, as it takes no weights";

/// The note of a trial that is slower than may be.
pub(in crate::engine) const TOO_SLOW: &str = "slower to predict than was asked for";

/// A learner that was not searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub learner: String,
    pub title: String,
    /// In words that follow its name, for example `cannot keep to the constraints`.
    pub reason: String,
}

impl Board {
    /// Which learners were not searched, and which did not heed weights; a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for l in &self.left_out {
            match reasons.iter_mut().find(|r| r.0 == l.reason) {
                Some(found) => found.1.push(&l.title),
                None => reasons.push((&l.reason, vec![&l.title])),
            }
        }
        let mut out: Vec<String> = reasons
            .into_iter()
            .map(|(reason, titles)| format!("Not searched ({reason}): {}.", titles.join(", ")))
            .collect();
        let mut unweighted: Vec<&str> =
            self.rows.iter().filter(|r| r.note.ends_with(UNWEIGHTED)).map(|r| r.title.as_str()).collect();
        unweighted.sort_unstable();
        unweighted.dedup();
        if !unweighted.is_empty() {
            out.push(format!(
                "Trained on all rows alike (takes no weights; scores are weighted all the same): {}.",
                unweighted.join(", ")
            ));
        }
        let slow = self.rows.iter().filter(|r| r.note.contains(TOO_SLOW)).count();
        if slow > 0 {
            out.push(format!("Not in the model, as they are {TOO_SLOW}: {slow} of the trials."));
        }
        out
    }
}
