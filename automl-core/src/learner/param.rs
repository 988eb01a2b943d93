//! Parameters that describe themselves.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// How a range is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Linear,
    Log,
}

/// What values a parameter may have, its default, and (`low`, `high`) the range that the search draws from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    Int {
        default: i64,
        min: i64,
        max: i64,
        low: i64,
        high: i64,
        scale: Scale,
    },
    Float {
        default: f64,
        min: f64,
        max: f64,
        low: f64,
        high: f64,
        scale: Scale,
    },
    Bool {
        default: bool,
    },
    Choice {
        default: &'static str,
        options: &'static [&'static str],
    },
    /// Free text, empty by default, that the learner reads.
    Text,
}

/// The declaration of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamSpec {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: ParamKind,
    /// Whether the search varies it.
    pub searched: bool,
}

/// Whether a regression learns the logarithm of its target. The engine does it, for whichever learner declares it.
pub const LOG_TARGET: ParamSpec = ParamSpec {
    name: "log_target",
    help: "Learn the logarithm of the target: for prices and other amounts above 0 that spread widely. Regression only.",
    kind: ParamKind::Bool { default: false },
    searched: false,
};

/// Parameter values by name, in a fixed order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(pub BTreeMap<String, ParamValue>);

impl ParamSpec {
    pub fn default_value(&self) -> ParamValue {
        match self.kind {
            ParamKind::Int { default, .. } => ParamValue::Int(default),
            ParamKind::Float { default, .. } => ParamValue::Float(default),
            ParamKind::Bool { default } => ParamValue::Bool(default),
            ParamKind::Choice { default, .. } => ParamValue::Text(default.to_owned()),
            ParamKind::Text => ParamValue::Text(String::new()),
        }
    }

    /// `value` where it is of the right kind and inside the hard range, brought inside where it is a number
    /// outside it, and the default otherwise.
    pub fn admit(&self, value: Option<&ParamValue>) -> ParamValue {
        match (self.kind, value) {
            (ParamKind::Int { min, max, .. }, Some(ParamValue::Int(v))) => {
                ParamValue::Int(*v.clamp(&min, &max))
            }
            (ParamKind::Float { min, max, .. }, Some(ParamValue::Float(v))) if v.is_finite() => {
                ParamValue::Float(v.clamp(min, max))
            }
            (ParamKind::Float { min, max, .. }, Some(ParamValue::Int(v))) => {
                ParamValue::Float((*v as f64).clamp(min, max))
            }
            (ParamKind::Bool { .. }, Some(v @ ParamValue::Bool(_)))
            | (ParamKind::Text, Some(v @ ParamValue::Text(_))) => v.clone(),
            (ParamKind::Choice { options, .. }, Some(ParamValue::Text(t)))
                if options.contains(&t.as_str()) =>
            {
                ParamValue::Text(t.clone())
            }
            _ => self.default_value(),
        }
    }
}

impl Params {
    /// A value for every declared parameter: from `given` where it has one, else the default.
    pub fn complete(specs: &[ParamSpec], given: &Params) -> Params {
        Params(specs.iter().map(|s| (s.name.to_owned(), s.admit(given.0.get(s.name)))).collect())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: ParamValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// The number `name`, or 0 where there is none: declared parameters always have a value.
    pub fn float(&self, name: &str) -> f64 {
        match self.0.get(name) {
            Some(ParamValue::Float(v)) => *v,
            Some(ParamValue::Int(v)) => *v as f64,
            _ => 0.0,
        }
    }

    pub fn int(&self, name: &str) -> i64 {
        match self.0.get(name) {
            Some(ParamValue::Int(v)) => *v,
            _ => 0,
        }
    }

    /// The number `name` as a count: negative numbers count as 0.
    pub fn count(&self, name: &str) -> usize {
        usize::try_from(self.int(name)).unwrap_or(0)
    }

    pub fn bool(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(ParamValue::Bool(true)))
    }

    pub fn text(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(ParamValue::Text(t)) => t,
            _ => "",
        }
    }
}
