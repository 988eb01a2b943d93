//! What is wrong with an input, where, and how to mend it.
//!
//! Bad user input is never a panic and never a bare string: it is a [`Diagnostic`] that a page, a command
//! line and an API can all show.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing was changed.
    Info,
    /// The work goes on, with a guess or a repair that the person should know of.
    Warning,
    /// The work cannot go on until this is mended.
    Error,
}

/// One finding about an input. Every field is always written: it also travels in a format without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable, dotted identifier, for example `csv.ragged_row`.
    pub code: String,
    pub severity: Severity,
    /// The pipeline node that it concerns, if any.
    #[serde(default)]
    pub node: Option<String>,
    /// The column or port that it concerns, if any.
    #[serde(default)]
    pub column: Option<String>,
    /// 1-based data row (the header not counted) that it concerns first, if any.
    #[serde(default)]
    pub row: Option<u64>,
    /// What happened, in one plain sentence.
    pub message: String,
    /// What the person can do about it.
    pub remedy: String,
}

impl Diagnostic {
    pub fn new(
        severity: Severity,
        code: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            severity,
            node: None,
            column: None,
            row: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    pub fn info(code: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Info, code, message, remedy)
    }

    pub fn warning(code: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message, remedy)
    }

    pub fn error(code: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message, remedy)
    }

    #[must_use]
    pub fn at_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl std::error::Error for Diagnostic {}
