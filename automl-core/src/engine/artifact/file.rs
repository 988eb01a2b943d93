//! The file: magic, version, header, members, checksum.
//!
//! ```text
//! "TRELLIS\n"  u32 version  u32 length of the header  header (JSON)  u8 packing  members  32 bytes BLAKE3
//! ```
//! Numbers are little-endian. The members are postcard, deflated (packing 1) or as they are (packing 0). The
//! checksum covers everything before it.

use super::{EncodedMember, Header, ModelArtifact};
use crate::diagnostic::Diagnostic;

const MAGIC: &[u8; 8] = b"TRELLIS\n";
/// Version of the file that this code writes. 2: a network is several. 3: what is done to predictions, and what
/// intervals are made of; a reader of version 2 would pass over both. 4: the scale of intervals, as before. 5: steps
/// before the recipe.
const VERSION: u32 = 5;
/// What it writes where there are no steps.
const WITHOUT_STEPS: u32 = 4;
/// Oldest version that it reads: what came later is absent in it.
const OLDEST: u32 = 2;
/// Larger members are stored as they are: deflating them takes longer than it saves.
const MOST_DEFLATED: usize = 48 << 20;
/// Members never unpack to more than this.
const MOST_UNPACKED: usize = 2 << 30;
const CHECKSUM: usize = 32;

fn damaged(what: &str) -> Diagnostic {
    Diagnostic::error(
        "model.damaged",
        format!("The model file is damaged: {what}."),
        "Copy or download it again, or train it again.",
    )
}

impl ModelArtifact {
    /// The model as a file. The same study gives the same bytes on every machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data with text keys into a growing vector cannot fail.
        let header = serde_json::to_vec(&self.header).unwrap_or_default();
        let members = postcard::to_allocvec(&self.encoded).unwrap_or_default();
        let mut out = Vec::with_capacity(header.len() + members.len() + 64);
        out.extend_from_slice(MAGIC);
        let version = if self.header.request.steps.is_empty() { WITHOUT_STEPS } else { VERSION };
        out.extend_from_slice(&version.to_le_bytes());
        out.extend_from_slice(&(header.len() as u32).to_le_bytes());
        out.extend_from_slice(&header);
        if members.len() <= MOST_DEFLATED {
            out.push(1);
            out.extend_from_slice(&miniz_oxide::deflate::compress_to_vec(&members, 1));
        } else {
            out.push(0);
            out.extend_from_slice(&members);
        }
        let checksum = blake3::hash(&out);
        out.extend_from_slice(checksum.as_bytes());
        out
    }

    /// Takes back what [`ModelArtifact::to_bytes`] gave. The bytes may come from anywhere.
    ///
    /// # Errors
    /// No model file, one of another version, or a damaged one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Diagnostic> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
            Diagnostic::error(
                "model.not_a_model",
                "This is not a Trellis model file.",
                "Choose the file that `trellis fit` wrote, or that was downloaded as the model.",
            )
        })?;
        let (version, rest) = take_u32(rest).ok_or_else(|| damaged("it ends too early"))?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(Diagnostic::error(
                "model.version",
                format!(
                    "The model file has version {version}; this program reads versions {OLDEST} to {VERSION}."
                ),
                if version > VERSION {
                    "Use the version of Trellis that wrote it, or a newer one."
                } else {
                    "Train the model again, or use the version of Trellis that wrote it."
                },
            ));
        }
        let body = bytes.len().checked_sub(CHECKSUM).filter(|b| *b >= MAGIC.len() + 8);
        let (body, checksum) = bytes.split_at(body.ok_or_else(|| damaged("it ends too early"))?);
        if blake3::hash(body).as_bytes() != checksum {
            return Err(damaged("its checksum does not fit its content"));
        }
        let (length, rest) = take_u32(rest).ok_or_else(|| damaged("it ends too early"))?;
        let rest = &rest[..rest.len() - CHECKSUM];
        let (header, rest) =
            rest.split_at_checked(length as usize).ok_or_else(|| damaged("its header ends too early"))?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|e| damaged(&format!("its header cannot be read ({e})")))?;
        if version < VERSION && !header.request.steps.is_empty() {
            return Err(damaged("it has steps that its version does not know"));
        }
        let members = unpack(rest).map_err(|what| damaged(&what))?;
        Self::new(header, members).map_err(|what| damaged(&what))
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*first), rest))
}

fn unpack(bytes: &[u8]) -> Result<Vec<EncodedMember>, String> {
    let members = |b: &[u8]| postcard::from_bytes(b).map_err(|e| format!("its models cannot be read ({e})"));
    match bytes.split_first() {
        Some((0, rest)) => members(rest),
        Some((1, rest)) => {
            let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(rest, MOST_UNPACKED)
                .map_err(|_| "its models cannot be unpacked".to_owned())?;
            members(&inflated)
        }
        _ => Err("its models are packed in an unknown way".to_owned()),
    }
}

/// The file with its members as they are, so that tests can change one of their bits.
#[cfg(test)]
pub(in crate::engine) fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let length = u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize;
    let mut out = bytes[..16 + length].to_vec();
    let packed = &bytes[17 + length..bytes.len() - CHECKSUM];
    out.push(0);
    out.extend(miniz_oxide::inflate::decompress_to_vec(packed).expect("deflated"));
    let checksum = blake3::hash(&out);
    out.extend_from_slice(checksum.as_bytes());
    out
}
