//! A diagnostic with its place at a node.

use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// What is wrong with a node, or worth knowing about it, and where on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The parameter; within a list `keys.2.column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    pub diagnostic: Diagnostic,
    /// The value of the parameter as it was probably meant, where that is sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

impl Finding {
    pub fn at_param(param: &str, diagnostic: Diagnostic) -> Self {
        Self { param: Some(param.to_owned()), port: None, diagnostic, instead: None }
    }

    pub fn at_port(port: &str, diagnostic: Diagnostic) -> Self {
        Self { param: None, port: Some(port.to_owned()), diagnostic, instead: None }
    }

    /// `instead`: the value of the parameter as it was probably meant.
    #[must_use]
    pub fn or(mut self, instead: Option<String>) -> Self {
        self.instead = instead;
        self
    }
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { param: None, port: None, diagnostic, instead: None }
    }
}
