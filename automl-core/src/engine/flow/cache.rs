//! Results by the content of all that they depend on.

use super::value::Value;
use crate::kind::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What came of running a node.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// One for each output.
    pub values: Arc<Vec<Value>>,
    pub findings: Vec<Finding>,
    /// Hash of what came out of the first port.
    pub digest: String,
    /// Not part of what is reproducible.
    pub secs: f64,
    pub bytes: u64,
    pub peak_bytes: u64,
    /// Came from elsewhere, or was made of what did: good for the open document alone.
    pub brought: bool,
    /// When it was last asked for, counted in questions.
    used: u64,
}

impl Entry {
    pub fn new(values: Vec<Value>, findings: Vec<Finding>, secs: f64, held_bytes: u64) -> Self {
        let bytes = values.iter().map(Value::bytes).sum();
        let digest = values.first().map_or(String::new(), Value::digest);
        let peak_bytes = held_bytes + bytes;
        Self { values: Arc::new(values), findings, digest, secs, bytes, peak_bytes, brought: false, used: 0 }
    }
}

/// A cache of bounded size.
pub(super) struct Cache {
    entries: BTreeMap<String, Entry>,
    most_bytes: u64,
    asked: u64,
    /// Keys that were put in and that nobody has kept elsewhere yet.
    fresh: BTreeSet<String>,
}

impl Cache {
    pub fn new(most_bytes: u64) -> Self {
        Self { entries: BTreeMap::new(), most_bytes, asked: 0, fresh: BTreeSet::new() }
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Takes note that an entry is used now.
    pub fn touch(&mut self, key: &str) {
        self.asked += 1;
        if let Some(entry) = self.entries.get_mut(key) {
            entry.used = self.asked;
        }
    }

    pub fn bytes(&self) -> u64 {
        self.entries.values().map(|e| e.bytes).sum()
    }

    /// Puts a result in, and throws out what there is no room for: least recently used first, and those of `current`
    /// after all others. Those of `needed`, and the new one, stay whatever room they take.
    pub fn put(&mut self, key: &str, entry: Entry, current: &BTreeSet<String>, needed: &BTreeSet<String>) {
        if !entry.brought {
            self.fresh.insert(key.to_owned());
        }
        self.entries.insert(key.to_owned(), entry);
        self.touch(key);
        while self.bytes() > self.most_bytes {
            let may_go = |k: &&String| k.as_str() != key && !needed.contains(*k);
            let oldest = self.entries.keys().filter(may_go).min_by_key(|k| {
                let used = self.entries.get(*k).map_or(0, |e| e.used);
                (current.contains(*k), used)
            });
            let Some(oldest) = oldest.cloned() else { break };
            self.remove(&oldest);
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
        self.fresh.remove(key);
    }

    /// Throws out what came from elsewhere, and what was made of it; gives their keys.
    pub fn forget_brought(&mut self) -> BTreeSet<String> {
        let brought = self.entries.iter().filter(|(_, entry)| entry.brought);
        let keys: BTreeSet<String> = brought.map(|(key, _)| key.clone()).collect();
        self.entries.retain(|key, _| !keys.contains(key));
        keys
    }

    /// Keys of what was put in since the last call.
    pub fn take_fresh(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fresh).into_iter().collect()
    }

    /// Takes note that a result came from where it is kept already.
    pub fn is_kept(&mut self, key: &str) {
        self.fresh.remove(key);
    }
}
