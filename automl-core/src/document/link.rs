//! A document as the fragment of a link: a version, then deflated canonical bytes in base64url.

use super::PipelineDocument;
use super::format::MOST_BYTES;
use crate::diagnostic::Diagnostic;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Characters from which on a link is long for some programs, and from which on a file serves better.
pub const HINT_CHARS: usize = 2_000;
pub const MOST_CHARS: usize = 8_000;
/// The version of links that is written, one character.
const VERSION: char = '1';
/// The best that deflate offers: documents are small.
const LEVEL: u8 = 10;

impl PipelineDocument {
    /// The document as the text that follows `#p=`.
    pub fn to_link(&self) -> String {
        let mut link = VERSION.to_string();
        URL_SAFE_NO_PAD.encode_string(compress_to_vec(&self.canonical(), LEVEL), &mut link);
        link
    }

    /// Takes back what [`Self::to_link`] gave. The text is untrusted.
    ///
    /// # Errors
    /// Why the link cannot be read.
    pub fn from_link(link: &str) -> Result<Self, Diagnostic> {
        let damaged = |what: &str| {
            Diagnostic::error(
                "link.damaged",
                format!("The link cannot be read: {what}."),
                "Links are cut short by some programs. Ask for it again, or for the pipeline as a file.",
            )
        };
        let mut chars = link.trim().chars();
        match chars.next() {
            Some(VERSION) => {}
            Some(newer) if newer.is_ascii_digit() => {
                return Err(Diagnostic::error(
                    "link.newer",
                    "The link was made by a newer Trellis.",
                    "Open it with that Trellis, or reload this page to get the newest.",
                ));
            }
            _ => return Err(damaged("it is no link to a pipeline")),
        }
        let bytes =
            URL_SAFE_NO_PAD.decode(chars.as_str()).map_err(|_| damaged("a character is wrong or missing"))?;
        let bytes = decompress_to_vec_with_limit(&bytes, MOST_BYTES)
            .map_err(|_| damaged("it is cut short, or holds more than a pipeline may"))?;
        Self::from_json(&bytes)
    }
}
