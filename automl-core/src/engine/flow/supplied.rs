//! Tables that were brought from outside.

use super::value::{TableValue, json_bytes};
use crate::document::canonical;
use crate::engine::protocol::{Wants, WantsFrom};
use crate::kind::{Given, KindSpec};
use crate::table::{ReadOptions, ReadReport, Table, fingerprint};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table from outside.
#[derive(Debug, Clone)]
pub struct SuppliedTable {
    pub(super) value: TableValue,
    pub(super) report: ReadReport,
    /// Hash of its content and of how tables like it are read.
    pub(super) key: String,
}

impl SuppliedTable {
    /// `options`: how it was read.
    pub fn new(table: Table, report: ReadReport, options: &ReadOptions) -> Self {
        let next = report.options_for_next(&table, options);
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"supplied 1\n");
        hasher.update(fingerprint(&table).as_bytes());
        hasher.update(&json_bytes(&next));
        let value = TableValue { table: Arc::new(table), read: Arc::new(next) };
        Self { value, report, key: hasher.finalize().to_hex().to_string() }
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.value.table)
    }
}

/// Tables by what names them ([`Wants::source`]).
pub type Supplied = BTreeMap<String, SuppliedTable>;

/// The data that a source asks for. `None`: its parameters do not say which.
pub(super) fn wants(spec: &KindSpec, params: &Map<String, Value>) -> Option<Wants> {
    let given = Given::new(spec, params);
    let (from, word, name) = match spec.id.as_str() {
        "source.file" => (WantsFrom::File, "file", given.text("name")),
        "source.sample" => (WantsFrom::Sample, "sample", given.text("sample")),
        "source.url" => (WantsFrom::Url, "url", given.text("url")),
        _ => return None,
    };
    if name.is_empty() {
        return None;
    }
    // The same file read in another way is another table.
    let read = params.get("read").filter(|v| !v.is_null()).map(|v| canonical(v.clone()));
    let read = read.map(|v| format!("#{}", &blake3::hash(&json_bytes(&v)).to_hex()[..16]));
    Some(Wants { source: format!("{word}:{name}{}", read.unwrap_or_default()), from, name })
}

/// How a source says that its data is to be read.
pub fn read_options(params: &Map<String, Value>) -> ReadOptions {
    params.get("read").and_then(|v| serde_json::from_value(v.clone()).ok()).unwrap_or_default()
}
