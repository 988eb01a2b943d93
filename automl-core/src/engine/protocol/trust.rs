//! How far predictions can be trusted.

use serde::{Deserialize, Serialize};

/// How often intervals (or sets of classes) of the search's model held the true value, on the locked rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// The share that was to be held, for example 0.9.
    pub level: f64,
    pub rows: u64,
    /// The share that was held.
    pub held: f64,
    /// Median width of the intervals in the target's units, or mean number of classes in a set.
    pub size: f64,
    /// Whether intervals are as wide as predictions like theirs were off, and not of about one width.
    #[serde(default)]
    pub scaled: bool,
}

/// How probabilities were corrected, and what came of it on the locked rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCheck {
    /// Name for people of the map that was chosen on out-of-fold predictions; `none` where none was clearly better.
    pub method: String,
    /// As the models said.
    pub before: ProbabilityErrors,
    /// After the map; equal to `before` where there is none.
    pub after: ProbabilityErrors,
}

/// Errors of probabilities, 0 at best.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ProbabilityErrors {
    /// Expected calibration error: how far probabilities are from how often they come true, on average.
    pub expected_calibration_error: f64,
    pub brier: f64,
    pub log_loss: f64,
}

/// The interval of a predicted number, or the set of classes that go with a predicted class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowInterval {
    /// The share of rows whose true value it holds, for example 0.9.
    pub level: f64,
    /// Ends of the interval; `None` for classification.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The classes of the set, the likeliest first; empty for regression.
    pub classes: Vec<String>,
}
