//! What is wrong with an expression, and where in it.

use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// One thing that is wrong: bytes `from..to` of the text, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExprError {
    pub from: usize,
    pub to: usize,
    /// One sentence.
    pub message: String,
    pub remedy: String,
    /// The whole text as it was probably meant, which is understood; `None` where that is not sure. Until the whole is
    /// looked at: what to write at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

impl ExprError {
    pub(crate) fn new(
        (from, to): (usize, usize),
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { from, to, message: message.into(), remedy: remedy.into(), instead: None }
    }

    /// `instead`: what to write at the place.
    pub(crate) fn or(mut self, instead: Option<String>) -> Self {
        self.instead = instead;
        self
    }

    /// As a diagnostic that counts characters, from 1, in the expression `text`.
    pub fn diagnostic(&self, text: &str) -> Diagnostic {
        let at = text.char_indices().take_while(|(byte, _)| *byte < self.from).count() + 1;
        Diagnostic::error("expr.wrong", format!("At character {at}: {}", self.message), &*self.remedy)
    }
}
