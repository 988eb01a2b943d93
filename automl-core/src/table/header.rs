//! Names of columns.

use super::findings::{Fault, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// `sep=;` in the first line, as spreadsheets write it: the delimiter and the text after that line.
pub(super) fn take_separator_line(sample: &str) -> (Option<u8>, &str) {
    let Some((line, rest)) = sample.split_once('\n') else { return (None, sample) };
    match line.trim_end_matches('\r').strip_prefix("sep=").map(str::as_bytes) {
        Some(&[delimiter]) => (Some(delimiter), rest),
        _ => (None, sample),
    }
}

/// Distinct names for `width` columns: empty ones become `column_3`, repeated ones `name_2`.
pub(super) fn names(fields: &[String], width: usize, findings: &mut Findings) -> Vec<String> {
    let given = |at: usize| fields.get(at).map_or("", |f| f.trim());
    let taken_by_file: BTreeSet<&str> = fields.iter().map(|f| f.trim()).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut next_number: BTreeMap<String, u64> = BTreeMap::new();
    let mut out = Vec::with_capacity(width);
    for at in 0..width {
        let given = given(at);
        let base = if given.is_empty() { format!("column_{}", at + 1) } else { given.to_string() };
        let mut name = base.clone();
        let is_free = |name: &str, used: &BTreeSet<String>| {
            !used.contains(name) && (name == given || !taken_by_file.contains(name))
        };
        while !is_free(&name, &used) {
            let number = next_number.entry(base.clone()).or_insert(2);
            name = format!("{base}_{number}");
            *number += 1;
        }
        if given.is_empty() {
            findings.note(Fault::EmptyHeader, None, Some(&name));
        } else if name != given {
            findings.note(Fault::DuplicateHeader, None, Some(given));
        }
        used.insert(name.clone());
        out.push(name);
    }
    out
}
