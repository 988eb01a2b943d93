//! The page's files, as they lay in `app/dist` when this binary was built.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Smaller files are not worth packing.
const FEWEST_PACKED: usize = 1_000;

/// One file.
pub struct Asset {
    pub bytes: &'static [u8],
    pub mime: &'static str,
    /// Its name changes with its content, so it may be kept for ever.
    pub immutable: bool,
    pub etag: String,
    brotli: OnceLock<Option<Vec<u8>>>,
    gzip: OnceLock<Option<Vec<u8>>>,
}

/// Path (with its leading slash) → file.
pub struct Assets(BTreeMap<String, Asset>);

impl Assets {
    pub fn embedded() -> Self {
        Self(FILES.iter().map(|(path, bytes)| ((*path).to_owned(), Asset::new(path, bytes))).collect())
    }

    /// Looked up by name among what there is, so no path can lead elsewhere.
    pub fn get(&self, path: &str) -> Option<&Asset> {
        self.0.get(if path == "/" { "/index.html" } else { path })
    }

    /// The bytes of a file, without getting ready to serve it.
    pub fn file(path: &str) -> Option<&'static [u8]> {
        FILES.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
    }

    pub fn index(&self) -> &'static [u8] {
        self.get("/").map_or(&[], |a| a.bytes)
    }
}

impl Asset {
    fn new(path: &str, bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            mime: mime(path),
            immutable: has_hash(path),
            etag: format!("\"{}\"", &blake3::hash(bytes).to_hex()[..32]),
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    /// Packed once, at the first request; `None` where packing saves nothing.
    pub fn brotli(&self) -> Option<&[u8]> {
        let pack = || {
            self.packed(|bytes| {
                let mut out = Vec::new();
                let params = brotli::enc::BrotliEncoderParams { quality: 9, ..Default::default() };
                brotli::BrotliCompress(&mut &bytes[..], &mut out, &params).ok()?;
                Some(out)
            })
        };
        self.brotli.get_or_init(pack).as_deref()
    }

    /// As [`Asset::brotli`].
    pub fn gzip(&self) -> Option<&[u8]> {
        let pack = || {
            self.packed(|bytes| {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(bytes).ok()?;
                encoder.finish().ok()
            })
        };
        self.gzip.get_or_init(pack).as_deref()
    }

    fn packed(&self, pack: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
        if self.bytes.len() < FEWEST_PACKED || self.mime.starts_with("image/png") {
            return None;
        }
        pack(self.bytes).filter(|packed| packed.len() < self.bytes.len())
    }
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "csv" => "text/csv; charset=utf-8",
        "md" | "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// Names as trunk makes them: `app-0123456789abcdef.js`.
fn has_hash(path: &str) -> bool {
    let stem = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.split('.').next().unwrap_or(stem).trim_end_matches("_bg");
    stem.rsplit_once('-')
        .is_some_and(|(_, hash)| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(has_hash("/app-0123456789abcdef.js") && has_hash("/app-0123456789abcdef_bg.wasm"));
        assert!(!has_hash("/index.html") && !has_hash("/worker_loader.js") && !has_hash("/a-b.css"));
    }
}
