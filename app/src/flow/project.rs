//! What a project file holds, and what a dropped file is.

use super::zip::{self, Entry};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::NodeId;
use automl_core::table::ReadOptions;
use serde::{Deserialize, Serialize};

/// The pipeline's name in a project file.
pub const PIPELINE: &str = "pipeline.trellis.json";
/// Which table is whose, and how it is read: JSON, a list of [`Data`].
pub const READING: &str = "reading.json";
const DATA: &str = "data/";
const MODELS: &str = "models/";
const RESULTS: &str = "results/";
/// Characters of a result's key.
const KEY_CHARS: usize = 64;
/// Most bytes of a result that a project takes, and of all of them.
pub const MOST_RESULT: u64 = 64 << 20;
pub const MOST_RESULTS: u64 = 256 << 20;
/// Bytes at the front of a file that tell what it is.
pub const SNIFFED: usize = 512;

/// What a file is, by its first bytes and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A pipeline with its data.
    Project,
    /// A model file.
    Model,
    /// A pipeline document.
    Pipeline,
    /// Anything else: a table, if any.
    Table,
}

/// `front`: the first [`SNIFFED`] bytes, or all of a shorter file.
pub fn sort(name: &str, front: &[u8]) -> Sort {
    if front.starts_with(b"TRELLIS\n") {
        return Sort::Model;
    }
    let lower = name.to_lowercase();
    if front.starts_with(b"PK\x03\x04") && !lower.ends_with(".xlsx") {
        return Sort::Project;
    }
    let text = String::from_utf8_lossy(front);
    let is_object = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if lower.ends_with(".trellis.json") || (is_object && text.contains("\"trellis.pipeline\"")) {
        return Sort::Pipeline;
    }
    Sort::Table
}

/// A name as file systems take it.
fn plain(name: &str, or: &str) -> String {
    let is_bad =
        |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let name: String = name.chars().map(|c| if is_bad(c) { '-' } else { c }).take(80).collect();
    let name = name.trim().trim_matches('.').to_owned();
    if name.is_empty() { or.to_owned() } else { name }
}

/// The name of a pipeline's file, by its title.
pub fn file_name(title: &str, ending: &str) -> String {
    format!("{}.{ending}", plain(title, "pipeline"))
}

/// A table of a project.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Data {
    /// Where it lies in the project.
    pub path: String,
    /// What names it to the engine.
    pub source: String,
    pub name: String,
    #[serde(default)]
    pub options: ReadOptions,
}

/// Where the table of this number lies in a project file.
pub fn data_path(number: usize, file: &str) -> String {
    format!("{DATA}{number}/{}", plain(file, "table.csv"))
}

/// The name of a node's model in a project file.
pub fn model_name(node: &NodeId) -> String {
    format!("{MODELS}{node}.trellis")
}

/// The name of a result in a project file.
pub fn result_name(key: &str) -> String {
    format!("{RESULTS}{key}")
}

/// The key of the result that lies under this name, if one does.
fn result_key(name: &str) -> Option<String> {
    let key = name.strip_prefix(RESULTS)?;
    (key.len() == KEY_CHARS && key.bytes().all(|b| b.is_ascii_hexdigit())).then(|| key.to_owned())
}

/// What to say of results that a project holds and that were not taken. `of`: how many there were.
pub fn results_lost(lost: usize, of: usize) -> Option<Diagnostic> {
    let (were, them) = if lost == 1 { ("was", "its node") } else { ("were", "their nodes") };
    (lost > 0).then(|| {
        Diagnostic::warning(
            "project.results_damaged",
            format!("{lost} of {of} results in the project {were} damaged or too large, and passed over."),
            format!("Nothing else is lost: run {them} again."),
        )
    })
}

/// What is in a project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub pipeline: Entry,
    pub reading: Option<Entry>,
    pub data: Vec<Entry>,
    /// Node, and where its model is.
    pub models: Vec<(NodeId, Entry)>,
    /// Key, and where the result is.
    pub results: Vec<(String, Entry)>,
}

/// Most bytes of a deflated entry: such are inflated in memory.
pub const MOST_INFLATED: u32 = 64 << 20;

/// Tells what entries are.
///
/// # Errors
/// No pipeline among them.
pub fn contents(entries: Vec<Entry>) -> Result<Contents, Diagnostic> {
    let (mut pipeline, mut reading, mut data, mut models) = (None, None, Vec::new(), Vec::new());
    let mut results = Vec::new();
    for entry in entries {
        if entry.is_deflated && entry.size > MOST_INFLATED && !entry.name.starts_with(RESULTS) {
            return Err(Diagnostic::error(
                "project.too_large",
                format!("\"{}\" in the project is too large to be unpacked here.", entry.name),
                "Unpack the project, open the pipeline in it, and drop the tables.",
            ));
        }
        let name = entry.name.clone();
        if name == PIPELINE {
            pipeline = Some(entry);
        } else if name == READING {
            reading = Some(entry);
        } else if name.starts_with(DATA) {
            data.push(entry);
        } else if let Some(node) = name.strip_prefix(MODELS).and_then(|n| n.strip_suffix(".trellis")) {
            models.push((NodeId(node.to_owned()), entry));
        } else if let Some(key) = result_key(&name) {
            results.push((key, entry));
        }
    }
    let pipeline = pipeline.ok_or_else(|| {
        Diagnostic::error(
            "project.no_pipeline",
            format!("The archive holds no {PIPELINE}, so it is no project."),
            "If it holds a table, unpack it and drop the table.",
        )
    })?;
    Ok(Contents { pipeline, reading, data, models, results })
}

/// A deflated entry's bytes.
///
/// # Errors
/// It is damaged, or is larger than it says.
pub fn inflated(entry: &Entry, packed: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let most = entry.size.min(MOST_INFLATED) as usize;
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, most).ok();
    let is_whole = |b: &Vec<u8>| b.len() == entry.size as usize && zip::crc32(0, b) == entry.crc;
    bytes.filter(is_whole).ok_or_else(|| damaged(&entry.name))
}

/// What to say of an entry whose bytes are not what its archive says.
pub fn damaged(name: &str) -> Diagnostic {
    Diagnostic::error(
        "project.damaged",
        format!("\"{name}\" in the project is damaged."),
        "Save the project again and use that file, or ask for it again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, size: u32) -> Entry {
        Entry { name: name.to_owned(), crc: 0, packed: size, size, is_deflated: true, offset: 0 }
    }

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let check =
            |name: &str, front: &[u8], expected: Sort| assert_eq!(sort(name, front), expected, "{name}");
        check("m.trellis", b"TRELLIS\n\x04\0\0\0", Sort::Model);
        check("p.trellis", b"PK\x03\x04\x14", Sort::Project);
        check("p.zip", b"PK\x03\x04\x14", Sort::Project);
        check("t.xlsx", b"PK\x03\x04\x14", Sort::Table);
        check("x.json", b" {\n \"format\": \"trellis.pipeline\"", Sort::Pipeline);
        check("x.trellis.json", b"{", Sort::Pipeline);
        check("x.json", b"{\"a\": 1}", Sort::Table);
        check("x.csv", b"a,b\n", Sort::Table);
        check("x.csv", b"", Sort::Table);
    }

    #[test]
    fn names_are_plain() {
        let check = |title: &str, expected: &str| assert_eq!(file_name(title, "trellis.json"), expected);
        check("Churn: 2024/25", "Churn- 2024-25.trellis.json");
        check(" .. ", "pipeline.trellis.json");
        assert_eq!(data_path(1, "a/b.csv"), "data/1/a-b.csv");
    }

    #[test]
    fn entries_are_sorted() {
        let key = "0f".repeat(32);
        let result = result_name(&key);
        let all = [
            "pipeline.trellis.json",
            "data/s/t.csv",
            "models/m-1.trellis",
            "other.txt",
            &result,
            "results/x",
        ];
        let found = contents(all.map(|n| entry(n, 1)).to_vec()).expect("a project");
        assert_eq!(found.data[0].name, "data/s/t.csv");
        assert_eq!(found.models[0].0, NodeId("m-1".to_owned()));
        assert_eq!(found.results, [(key, entry(&result, 1))]);
        assert_eq!(results_lost(0, 3), None);
        assert!(results_lost(1, 3).expect("words").message.starts_with("1 of 3 results in the project was"));
        assert_eq!(contents(vec![entry("a.csv", 1)]).expect_err("none").code, "project.no_pipeline");
        let large = vec![entry("pipeline.trellis.json", MOST_INFLATED + 1)];
        assert_eq!(contents(large).expect_err("large").code, "project.too_large");
    }

    #[test]
    fn what_inflates_to_more_than_it_says_is_refused() {
        let bytes = vec![7u8; 10_000];
        let packed = miniz_oxide::deflate::compress_to_vec(&bytes, 6);
        let sound = Entry { crc: zip::crc32(0, &bytes), packed: packed.len() as u32, ..entry("a", 10_000) };
        assert_eq!(inflated(&sound, &packed), Ok(bytes));
        let check = |wrong: Entry| assert_eq!(inflated(&wrong, &packed), Err(damaged("a")));
        check(Entry { size: 9_999, ..sound.clone() });
        check(Entry { size: 10_001, ..sound.clone() });
        check(Entry { crc: 1, ..sound });
    }
}
