//! What a learner returns: a model that predicts from features, and knows how to become bytes.

mod log_target;
mod target;

pub use log_target::LogTarget;
pub use target::{Target, Task};

use crate::compute::Card;
use crate::node::Frame;
use std::pin::Pin;

/// Predictions, rows × outputs, row-major.
///
/// Classification: one output a class, each row non-negative and summing to 1. Regression: one output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prediction {
    pub values: Vec<f64>,
    pub rows: usize,
    pub outputs: usize,
}

impl Prediction {
    pub fn new(values: Vec<f64>, outputs: usize) -> Self {
        let rows = values.len().checked_div(outputs).unwrap_or(0);
        Self { values, rows, outputs }
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.outputs..(i + 1) * self.outputs]
    }

    /// The values of output `j`, one a row.
    pub fn output(&self, j: usize) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().skip(j).step_by(self.outputs.max(1)).copied()
    }
}

/// A prediction that may wait.
pub type Predicting<'a> = Pin<Box<dyn Future<Output = Prediction> + 'a>>;

/// A fitted model. Immutable; the same bytes give the same predictions on every target.
pub trait Model: Send + Sync {
    /// Predictions for every row of `frame`, whose columns are those the model was fitted on, in that order.
    fn predict(&self, frame: &Frame) -> Prediction;

    /// The same to the last bit, on a graphics card where that pays, which it waits for instead of blocking.
    fn predict_waiting<'a>(&'a self, frame: &'a Frame, _card: Option<&'a Card>) -> Predicting<'a> {
        Box::pin(async move { self.predict(frame) })
    }

    /// The model as bytes that the learner's `decode` takes back. Deterministic.
    fn encode(&self) -> Vec<u8>;

    /// What is worth telling about the fit, for example how many trees early stopping kept. May be empty.
    fn summary(&self) -> String {
        String::new()
    }
}
