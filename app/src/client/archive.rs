//! Project files: put together and taken apart a slice at a time, so that no table is in memory whole.

use automl_core::diagnostic::Diagnostic;
use automl_core::document::NodeId;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use trellis_page::flow::project::{self, Data};
use trellis_page::flow::zip::{self, Entry};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Bytes that are read at a time.
const CHUNK: u64 = 4 << 20;

fn unreadable() -> Diagnostic {
    Diagnostic::error(
        "file.unreadable",
        "The browser could not read the file.",
        "It may have been moved or changed since it was chosen: choose it again.",
    )
}

fn slice(blob: &Blob, from: u64, to: u64) -> Result<Blob, Diagnostic> {
    blob.slice_with_f64_and_f64(from as f64, to as f64).map_err(|_| unreadable())
}

/// A blob's bytes, still the browser's.
///
/// # Errors
/// The browser cannot read it.
pub async fn buffer(blob: &Blob) -> Result<ArrayBuffer, Diagnostic> {
    let read = JsFuture::from(blob.array_buffer()).await.map_err(|_| unreadable())?;
    read.dyn_into().map_err(|_| unreadable())
}

/// Up to `count` bytes of a blob, from `from` on.
///
/// # Errors
/// The browser cannot read it.
pub async fn bytes(blob: &Blob, from: u64, count: u64) -> Result<Vec<u8>, Diagnostic> {
    let read: ArrayBuffer = buffer(&slice(blob, from, from + count)?).await?;
    Ok(Uint8Array::new(&read).to_vec())
}

/// CRC-32 of a blob.
async fn sum(blob: &Blob) -> Result<u32, Diagnostic> {
    let (mut crc, mut at, size) = (0, 0, blob.size() as u64);
    while at < size {
        crc = zip::crc32(crc, &bytes(blob, at, CHUNK).await?);
        at += CHUNK;
    }
    Ok(crc)
}

/// What becomes of the entries one after the other.
struct Writer {
    parts: Array,
    entries: Vec<Entry>,
    at: u64,
}

impl Writer {
    async fn add(&mut self, name: String, blob: &Blob) -> Result<(), Diagnostic> {
        let size = blob.size() as u64;
        if self.at + size > zip::MOST_BYTES || self.entries.len() == zip::MOST_ENTRIES {
            return Err(Diagnostic::error(
                "project.too_large",
                "The tables and models of this pipeline are too large for one project file.",
                "Save the pipeline alone: who opens it is asked for the tables.",
            ));
        }
        let (crc, packed) = (sum(blob).await?, size as u32);
        let entry = Entry { name, crc, packed, size: packed, is_deflated: false, offset: self.at as u32 };
        let head = zip::head(&entry);
        self.parts.push(&Uint8Array::from(head.as_slice()));
        self.parts.push(blob);
        self.at += head.len() as u64 + size;
        self.entries.push(entry);
        Ok(())
    }
}

/// The parts of a project file.
///
/// # Errors
/// Too much for one file, or a table that can no longer be read.
pub async fn pack(
    pipeline: &str,
    data: &[(Data, Blob)],
    models: &[(NodeId, Blob)],
    results: &[(String, Blob)],
) -> Result<Array, Diagnostic> {
    let text = |text: &str| {
        Blob::new_with_str_sequence(&Array::of1(&text.into())).map_err(|_: JsValue| unreadable())
    };
    let mut writer = Writer { parts: Array::new(), entries: Vec::new(), at: 0 };
    writer.add(project::PIPELINE.to_owned(), &text(pipeline)?).await?;
    let list: Vec<&Data> = data.iter().map(|d| &d.0).collect();
    // Plain data with text keys always serialises.
    let list = serde_json::to_string_pretty(&list).unwrap_or_default();
    writer.add(project::READING.to_owned(), &text(&list)?).await?;
    for (data, blob) in data {
        writer.add(data.path.clone(), blob).await?;
    }
    for (node, blob) in models {
        writer.add(project::model_name(node), blob).await?;
    }
    for (key, blob) in results {
        writer.add(project::result_name(key), blob).await?;
    }
    writer.parts.push(&Uint8Array::from(zip::directory(&writer.entries).as_slice()));
    Ok(writer.parts)
}

/// What was in a project file.
pub struct Project {
    pub pipeline: Vec<u8>,
    pub data: Vec<(Data, Blob)>,
    /// How many models there are.
    pub models: usize,
    /// Results by their keys, and how many could not be read.
    pub results: Vec<(String, Blob)>,
    pub lost: usize,
}

/// An entry's bytes, checked against its sum.
async fn entry(file: &Blob, entry: &Entry) -> Result<Blob, Diagnostic> {
    let head = bytes(file, u64::from(entry.offset), zip::HEAD_BYTES).await?;
    let start = zip::data_start(entry, &head)?;
    let packed = slice(file, start, start + u64::from(entry.packed))?;
    if entry.is_deflated {
        let packed = bytes(&packed, 0, u64::from(entry.packed)).await?;
        let inflated = project::inflated(entry, &packed)?;
        let parts = Array::of1(&Uint8Array::from(inflated.as_slice()));
        return Blob::new_with_u8_array_sequence(&parts).map_err(|_| unreadable());
    }
    if packed.size() as u64 != u64::from(entry.size) || sum(&packed).await? != entry.crc {
        return Err(project::damaged(&entry.name));
    }
    Ok(packed)
}

/// Takes a project file apart. Tables stay in the file until they are read.
///
/// # Errors
/// No project, or one that is damaged.
pub async fn unpack(file: &Blob) -> Result<Project, Diagnostic> {
    let size = file.size() as u64;
    let from = size.saturating_sub(zip::END_BYTES);
    let (begin, length) = zip::find_directory(&bytes(file, from, size - from).await?, size)?;
    let entries = zip::read_directory(&bytes(file, begin, length).await?, begin)?;
    let contents = project::contents(entries)?;
    let pipeline = entry(file, &contents.pipeline).await?;
    let pipeline = bytes(&pipeline, 0, pipeline.size() as u64).await?;
    let list: Vec<Data> = match &contents.reading {
        None => Vec::new(),
        Some(reading) => {
            let reading = entry(file, reading).await?;
            let text = bytes(&reading, 0, (reading.size() as u64).min(1 << 20)).await?;
            serde_json::from_slice(&text).map_err(|_| project::damaged(project::READING))?
        }
    };
    let mut data = Vec::new();
    for told in list {
        if let Some(found) = contents.data.iter().find(|e| e.name == told.path) {
            data.push((told, entry(file, found).await?));
        }
    }
    let (mut results, mut lost, mut room) = (Vec::new(), 0, project::MOST_RESULTS);
    for (key, found) in &contents.results {
        let size = u64::from(found.size);
        // A result that is damaged can be made again: the project opens without it.
        match entry(file, found).await {
            Ok(blob) if size <= project::MOST_RESULT && size <= room => {
                room -= size;
                results.push((key.clone(), blob));
            }
            _ => lost += 1,
        }
    }
    Ok(Project { pipeline, data, models: contents.models.len(), results, lost })
}
