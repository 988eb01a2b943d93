//! Metrics, equal to scikit-learn's: one file a metric or a family of them, and one registry line each.
//!
//! A metric takes what was seen and what was predicted, and gives one number, or `None` where it is undefined
//! on these rows (none at all, a single class, predictions that are not finite). Predictions are rows × outputs,
//! row-major: one output a class with probabilities, or one value a row.

mod brier;
mod calibration_error;
mod confusion;
mod errors;
pub mod interval;
mod labels;
mod log_loss;
pub mod paired;
mod pr_auc;
mod rank;
mod registry;
mod roc_auc;
mod told;
mod weighted;

#[cfg(test)]
mod tests;

pub use brier::brier;
pub use calibration_error::expected_calibration_error;
pub use confusion::{Confusion, confusion_matrix, most_likely};
pub use errors::{mae, mape, median_absolute_error, mse, r2, rmse, rmsle};
pub use labels::{accuracy, balanced_accuracy, f1, mcc, of_confusion, precision, recall};
pub use log_loss::log_loss;
pub use pr_auc::pr_auc;
pub use registry::{all, default_for, find};
pub use roc_auc::roc_auc;
pub use told::{says_nothing, told};

/// What was seen, one value a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Actual<'a> {
    /// Codes in `0..classes`.
    Classes {
        codes: &'a [u32],
        classes: usize,
    },
    Values(&'a [f64]),
}

impl Actual<'_> {
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { codes, .. } => codes.len(),
            Self::Values(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many numbers a row of predictions has.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => *classes,
            Self::Values(_) => 1,
        }
    }

    pub fn question(&self) -> Question {
        match self {
            Self::Classes { classes: 0..=2, .. } => Question::Binary,
            Self::Classes { .. } => Question::Multiclass,
            Self::Values(_) => Question::Regression,
        }
    }
}

/// What was seen, and how much each row counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen<'a> {
    pub actual: Actual<'a>,
    /// One a row, finite and from 0; all rows alike where there are none.
    pub weights: Option<&'a [f64]>,
}

impl<'a> From<Actual<'a>> for Seen<'a> {
    fn from(actual: Actual<'a>) -> Self {
        Self { actual, weights: None }
    }
}

/// The kinds of question that metrics answer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Binary,
    Multiclass,
    Regression,
}

/// How a metric is computed.
#[derive(Debug, Clone, Copy)]
pub enum Formula {
    /// From class codes, probabilities (rows × classes, row-major) and the number of classes.
    Classes(fn(&[u32], &[f64], usize) -> Option<f64>),
    /// From actual and predicted values.
    Values(fn(&[f64], &[f64]) -> Option<f64>),
}

/// What a metric is, declared once.
#[derive(Debug, Clone, Copy)]
pub struct MetricSpec {
    /// Stable id, for example `roc_auc`.
    pub id: &'static str,
    /// Other names that people use.
    pub synonyms: &'static [&'static str],
    pub title: &'static str,
    /// One plain sentence for a newcomer.
    pub help: &'static str,
    pub greater_is_better: bool,
    pub questions: &'static [Question],
    /// Whether the probabilities themselves matter, and not only which class is the most likely.
    pub needs_probabilities: bool,
    /// The value of a perfect prediction.
    pub best: f64,
    pub formula: Formula,
}

impl MetricSpec {
    pub fn suits(&self, question: Question) -> bool {
        self.questions.contains(&question)
    }

    /// The metric of `predicted` (rows × outputs, row-major); `None` where it is undefined, or where the lengths
    /// or the kind of target do not fit.
    pub fn score<'a>(&self, seen: impl Into<Seen<'a>>, predicted: &[f64]) -> Option<f64> {
        let Seen { actual, weights } = seen.into();
        if actual.is_empty() || !self.suits(actual.question()) {
            return None;
        }
        if Some(predicted.len()) != actual.len().checked_mul(actual.outputs())
            || predicted.iter().any(|p| !p.is_finite())
        {
            return None;
        }
        if let Actual::Classes { codes, classes } = actual
            && codes.iter().any(|&c| c as usize >= classes)
        {
            return None;
        }
        if let Some(weights) = weights {
            return weighted::score(self, actual, predicted, weights).filter(|v| v.is_finite());
        }
        let value = match (self.formula, actual) {
            (Formula::Classes(formula), Actual::Classes { codes, classes }) => {
                formula(codes, predicted, classes)
            }
            (Formula::Values(formula), Actual::Values(values)) => formula(values, predicted),
            _ => None,
        };
        value.filter(|v| v.is_finite())
    }

    /// `value` as an error, where lower is better and, for bounded metrics, 0 is perfect: 1 − AUC, the log loss
    /// itself.
    pub fn loss(&self, value: f64) -> f64 {
        if self.greater_is_better { self.best - value } else { value }
    }

    /// Whether `a` is better than `b`.
    pub fn is_better(&self, a: f64, b: f64) -> bool {
        if self.greater_is_better { a > b } else { a < b }
    }
}
