//! Results as bytes, so that a front can keep them beyond its own life.
//!
//! ```text
//! "TRELLIS RESULT 1\n"  postcard of [`Stored`]  32 bytes BLAKE3 of the key and of all before
//! ```

use super::cache::Entry;
use super::value::{TableValue, TrainedModel, Value, json_bytes};
use super::workspace::Workspace;
use crate::diagnostic::Diagnostic;
use crate::document::NodeId;
use crate::engine::ModelArtifact;
use crate::table::Table;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

const MAGIC: &[u8] = b"TRELLIS RESULT 1\n";
const CHECKSUM: usize = 32;

#[derive(Serialize, Deserialize)]
struct Stored {
    values: Vec<StoredValue>,
    /// JSON.
    findings: Vec<u8>,
    secs: f64,
    peak_bytes: u64,
}

/// What describes itself is JSON.
#[derive(Serialize, Deserialize)]
enum StoredValue {
    Table { table: Table, read: Vec<u8> },
    Target(Vec<u8>),
    Model { artifact: Vec<u8>, board: Vec<u8> },
    Scores(Vec<u8>),
    Report(Vec<u8>),
}

fn checksum(key: &str, bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

fn to_stored(value: &Value) -> StoredValue {
    match value {
        Value::Table(t) => {
            StoredValue::Table { table: t.table.as_ref().clone(), read: json_bytes(t.read.as_ref()) }
        }
        Value::Target(info) => StoredValue::Target(json_bytes(info.as_ref())),
        Value::Model(model) => {
            StoredValue::Model { artifact: model.artifact.to_bytes(), board: json_bytes(&model.board) }
        }
        Value::Scores(scores) => StoredValue::Scores(json_bytes(scores.as_ref())),
        Value::Report(report) => StoredValue::Report(json_bytes(report.as_ref())),
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Diagnostic> {
    serde_json::from_slice(json).map_err(|e| damaged(&e.to_string()))
}

fn from_stored(stored: StoredValue) -> Result<Value, Diagnostic> {
    Ok(match stored {
        StoredValue::Table { table, read: options } => {
            let even = table.columns.iter().all(|c| c.len() == table.rows && c.is_sound())
                && (table.rows == 0 || !table.columns.is_empty());
            if !even {
                return Err(damaged("a table's columns do not fit"));
            }
            Value::Table(TableValue { table: Arc::new(table), read: Arc::new(read(&options)?) })
        }
        StoredValue::Target(info) => Value::Target(Arc::new(read(&info)?)),
        StoredValue::Model { artifact, board } => {
            let artifact = ModelArtifact::from_bytes(&artifact)?;
            let verdict = artifact.verdict().clone();
            Value::Model(Arc::new(TrainedModel { artifact, board: read(&board)?, verdict }))
        }
        StoredValue::Scores(scores) => Value::Scores(Arc::new(read(&scores)?)),
        StoredValue::Report(report) => Value::Report(Arc::new(read(&report)?)),
    })
}

fn damaged(what: &str) -> Diagnostic {
    Diagnostic::error(
        "result.damaged",
        format!("A kept result is damaged: {what}."),
        "It is passed over; run the node again.",
    )
}

/// What bytes of [`Workspace::cache_bytes`] hold. They may come from anywhere.
///
/// # Errors
/// They are damaged, or are not of this key.
pub(super) fn entry_of(key: &str, bytes: &[u8]) -> Result<Entry, Diagnostic> {
    let at = bytes.len().checked_sub(CHECKSUM).ok_or_else(|| damaged("it ends too early"))?;
    let (body, sum) = bytes.split_at(at);
    if checksum(key, body).as_bytes() != sum {
        return Err(damaged("its checksum does not fit"));
    }
    let body = body.strip_prefix(MAGIC).ok_or_else(|| damaged("it is of another version"))?;
    let stored: Stored = postcard::from_bytes(body).map_err(|e| damaged(&e.to_string()))?;
    let values = stored.values.into_iter().map(from_stored).collect::<Result<Vec<Value>, Diagnostic>>()?;
    let mut entry = Entry::new(values, read(&stored.findings)?, stored.secs, 0);
    entry.peak_bytes = stored.peak_bytes;
    Ok(entry)
}

impl Workspace {
    /// A result as bytes, for [`Workspace::take_cached`]. `None`: there is none of this key.
    pub fn cache_bytes(&self, key: &str) -> Option<Vec<u8>> {
        let entry = self.cache.get(key)?;
        let stored = Stored {
            values: entry.values.iter().map(to_stored).collect(),
            findings: json_bytes(&entry.findings),
            secs: entry.secs,
            peak_bytes: entry.peak_bytes,
        };
        let mut out = MAGIC.to_vec();
        // Writing plain data into a growing vector cannot fail.
        out.extend(postcard::to_allocvec(&stored).unwrap_or_default());
        let sum = checksum(key, &out);
        out.extend_from_slice(sum.as_bytes());
        Some(out)
    }

    /// Takes a result back. The bytes may come from anywhere.
    ///
    /// # Errors
    /// Where they are not what [`Workspace::cache_bytes`] gave for this key.
    pub fn take_cached(&mut self, key: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        let entry = entry_of(key, bytes)?;
        self.put(key, entry);
        self.cache.is_kept(key);
        Ok(())
    }

    /// The key of a node's present state, if it has one.
    pub fn present_key(&self, node: &str) -> Option<String> {
        self.plan.nodes.get(&NodeId(node.to_owned()))?.key.clone()
    }

    /// Keys of results that came since the last call.
    pub fn fresh_results(&mut self) -> Vec<String> {
        self.cache.take_fresh()
    }

    /// Keys of results that the document could have, or that pinned nodes keep, and that are not here.
    pub fn wanted_results(&self) -> Vec<String> {
        let pinned =
            self.pinned.iter().filter(|(id, key)| !key.is_empty() && self.plan.nodes.contains_key(id));
        let keys = self.plan.nodes.values().filter_map(|n| n.key.as_ref()).chain(pinned.map(|(_, key)| key));
        keys.filter(|key| self.cache.get(key).is_none()).cloned().collect()
    }

    /// A result's bytes under another key, with a checksum that fits: what a hostile file may hold.
    #[cfg(test)]
    pub(super) fn forged(&self, key: &str, as_key: &str) -> Vec<u8> {
        let mut bytes = self.cache_bytes(key).unwrap_or_default();
        bytes.truncate(bytes.len() - CHECKSUM);
        let sum = checksum(as_key, &bytes);
        bytes.extend_from_slice(sum.as_bytes());
        bytes
    }

    /// Looks the document over again, for what has come since.
    pub fn refresh(&mut self) {
        self.replan();
    }
}
