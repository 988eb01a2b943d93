//! What is predicted.

use serde::{Deserialize, Serialize};

/// The kind of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Binary,
    Multiclass,
    Regression,
}

impl Task {
    pub fn is_classification(self) -> bool {
        self != Self::Regression
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }
}

/// Target values, one a row, without missing ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// Codes in `0..classes`; `classes` is at least 2.
    Classes {
        codes: Vec<u32>,
        classes: usize,
    },
    Values(Vec<f64>),
}

impl Target {
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { codes, .. } => codes.len(),
            Self::Values(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn task(&self) -> Task {
        match self {
            Self::Classes { classes: 2, .. } => Task::Binary,
            Self::Classes { .. } => Task::Multiclass,
            Self::Values(_) => Task::Regression,
        }
    }

    /// How many outputs a prediction of this target has.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => *classes,
            Self::Values(_) => 1,
        }
    }

    /// The target of the rows in `rows` (each below `self.len()`), in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Target {
        match self {
            Self::Classes { codes, classes } => {
                Self::Classes { codes: rows.iter().map(|&i| codes[i as usize]).collect(), classes: *classes }
            }
            Self::Values(v) => Self::Values(rows.iter().map(|&i| v[i as usize]).collect()),
        }
    }
}
