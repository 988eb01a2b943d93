//! The one way to write a document down.

use super::{PipelineDocument, format};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Largest whole number that a float holds exactly, and that every JSON reader therefore reads alike.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// The hash of what a pipeline does: BLAKE3 of its canonical bytes without the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentHash(pub [u8; 32]);

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PipelineDocument {
    /// Canonical bytes: JSON without spaces, keys sorted, whole numbers without a point.
    pub fn canonical(&self) -> Vec<u8> {
        // Writing plain values into memory cannot fail.
        serde_json::to_vec(&canonical(format::to_value(self, true))).unwrap_or_default()
    }

    /// The same, a key a line, for files whose changes people read.
    pub fn pretty(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(&canonical(format::to_value(self, true))).unwrap_or_default();
        text.push('\n');
        text
    }

    pub fn hash(&self) -> DocumentHash {
        let bytes = serde_json::to_vec(&canonical(format::to_value(self, false))).unwrap_or_default();
        DocumentHash(*blake3::hash(&bytes).as_bytes())
    }
}

/// Keys sorted and whole numbers written without a point, at every depth.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k, canonical(v))).collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        other => other,
    }
}

fn whole(number: Number) -> Number {
    match number.as_f64() {
        Some(v) if number.is_f64() && v.fract() == 0.0 && v.abs() <= MOST_EXACT => Number::from(v as i64),
        _ => number,
    }
}
