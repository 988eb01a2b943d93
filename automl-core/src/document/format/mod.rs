//! The document as JSON: an envelope that says form and version, the pipeline, and apart from it the layout.

mod v1;

use super::PipelineDocument;
use crate::diagnostic::Diagnostic;
use serde_json::{Map, Value};

/// What the envelope calls itself.
const FORMAT: &str = "trellis.pipeline";
/// The version that is written. Every earlier one is read, and has a frozen file in `tests/fixtures`.
const VERSION: u64 = 1;
/// Most bytes of a document that is read.
pub(super) const MOST_BYTES: usize = 1 << 20;

impl PipelineDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// What keeps it from being read; a document of a newer version among it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Diagnostic> {
        if bytes.len() > MOST_BYTES {
            return Err(Diagnostic::error(
                "document.too_large",
                format!("The pipeline takes {} bytes.", bytes.len()),
                format!("At most {MOST_BYTES} are read. A pipeline holds no data: is this a data file?"),
            ));
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|e| {
            Diagnostic::error(
                "document.not_json",
                format!("This is no pipeline: {e}."),
                "Open a file that was saved as a pipeline (.trellis.json).",
            )
        })?;
        let document = from_value(value)?;
        document.check()?;
        Ok(document)
    }
}

fn from_value(value: Value) -> Result<PipelineDocument, Diagnostic> {
    let not_a_pipeline = |what: &str| {
        Diagnostic::error(
            "document.not_a_pipeline",
            format!("This is no pipeline: {what}."),
            "Open a file that was saved as a pipeline (.trellis.json), or a link to one.",
        )
    };
    let Value::Object(envelope) = value else { return Err(not_a_pipeline("it is no object")) };
    if envelope.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(not_a_pipeline(&format!("its format is not \"{FORMAT}\"")));
    }
    match envelope.get("version").and_then(Value::as_u64) {
        Some(1) => v1::read(envelope),
        Some(newer) if newer > VERSION => Err(Diagnostic::error(
            "document.newer",
            format!(
                "The pipeline was saved by a newer Trellis (version {newer} of the form; this one reads up to {VERSION})."
            ),
            "Open it with that Trellis, or reload this page to get the newest.",
        )),
        _ => Err(not_a_pipeline("its version is missing")),
    }
}

/// The document in the newest form, with its layout or without.
pub(super) fn to_value(document: &PipelineDocument, layout: bool) -> Value {
    let mut envelope = Map::new();
    envelope.insert("format".to_owned(), FORMAT.into());
    envelope.insert("version".to_owned(), VERSION.into());
    v1::write(document, layout, &mut envelope);
    Value::Object(envelope)
}
