//! JSON lines: one object a line, or one array of objects.
//!
//! Nested objects become dotted names (`address.city`), arrays their own JSON text. Columns stand in the order in
//! which their names first appear.

use super::columns::Outcome;
use super::findings::{Fault, Findings};
use super::infer::{ColumnBuilder, Parsing};
use super::options::{Decimal, ReadOptions, ReadReport};
use super::{MOST_COLUMNS, MOST_ROWS, Table};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Objects inside objects deeper than this stay JSON text.
const DEEPEST: usize = 8;

struct JsonReader<'a> {
    options: &'a ReadOptions,
    parsing: Parsing,
    names: Vec<String>,
    builders: Vec<ColumnBuilder>,
    /// Rows that each builder has.
    filled: Vec<u64>,
    by_name: BTreeMap<String, usize>,
    rows: u64,
    rows_skipped: u64,
    findings: Findings,
}

pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> (Table, ReadReport) {
    let mut reader = JsonReader {
        options,
        parsing: Parsing::new(Decimal::Point, options.missing.as_deref(), options.day_first),
        names: Vec::new(),
        builders: Vec::new(),
        filled: Vec::new(),
        by_name: BTreeMap::new(),
        rows: 0,
        rows_skipped: 0,
        findings: Findings::default(),
    };
    let text = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let array = text.trim_ascii_start().first() == Some(&b'[');
    match array.then(|| serde_json::from_slice::<Vec<Value>>(text)) {
        Some(Ok(values)) => values.into_iter().for_each(|value| reader.push(Some(value))),
        _ => {
            for line in text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()) {
                reader.push(serde_json::from_slice(line).ok());
            }
        }
    }
    reader.finish(bytes.len() as u64)
}

impl JsonReader<'_> {
    fn push(&mut self, value: Option<Value>) {
        let Some(Value::Object(object)) = value else {
            self.rows_skipped += 1;
            self.findings.note(Fault::BadJson, Some(self.rows + self.rows_skipped), None);
            return;
        };
        if self.rows >= MOST_ROWS {
            self.rows_skipped += 1;
            self.findings.note(Fault::TooManyRows, Some(self.rows), None);
            return;
        }
        self.rows += 1;
        self.push_object("", object, 0);
    }

    fn push_object(&mut self, prefix: &str, object: Map<String, Value>, depth: usize) {
        for (key, value) in object {
            let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            match value {
                Value::Object(inner) if depth < DEEPEST => self.push_object(&name, inner, depth + 1),
                Value::Null => self.push_field(&name, None),
                Value::String(text) => self.push_field(&name, Some(&text)),
                other => self.push_field(&name, Some(&other.to_string())),
            }
        }
    }

    fn push_field(&mut self, name: &str, field: Option<&str>) {
        let at = match self.by_name.get(name) {
            Some(&at) => at,
            None if self.names.len() >= MOST_COLUMNS => {
                self.findings.note(Fault::TooManyColumns, None, None);
                return;
            }
            None => {
                self.by_name.insert(name.to_string(), self.names.len());
                self.names.push(name.to_string());
                self.builders.push(ColumnBuilder::new(self.options.types.get(name).copied(), 0));
                self.filled.push(0);
                self.names.len() - 1
            }
        };
        let builder = &mut self.builders[at];
        // A name that an object has twice (`a.b` and `a: {b}`) keeps its first value.
        if self.filled[at] >= self.rows {
            return;
        }
        for _ in self.filled[at] + 1..self.rows {
            builder.push_missing();
        }
        match field {
            Some(text) => builder.push(text, &self.parsing),
            None => builder.push_missing(),
        }
        self.filled[at] = self.rows;
    }

    fn finish(mut self, bytes: u64) -> (Table, ReadReport) {
        for (builder, filled) in self.builders.iter_mut().zip(&self.filled) {
            for _ in *filled..self.rows {
                builder.push_missing();
            }
        }
        if self.rows == 0 {
            let fault = if self.rows_skipped == 0 { Fault::Empty } else { Fault::Unreadable };
            self.findings.note(fault, None, None);
        }
        let (mut columns, mut outcome) = (Vec::with_capacity(self.builders.len()), Outcome::default());
        for (name, builder) in self.names.iter().zip(self.builders) {
            let finished = builder.finish(name, &self.parsing);
            columns.push(outcome.hear(finished, &mut self.findings));
        }
        let report = ReadReport {
            day_first: outcome.day_first,
            dialect: None,
            diagnostics: self.findings.into_diagnostics(),
            rows_skipped: self.rows_skipped,
            bytes,
        };
        (Table { columns, rows: self.rows as usize }, report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::ColumnType;

    #[test]
    fn nested_late_and_absent_fields() {
        let text = br#"{"a": 1, "b": {"c": "x", "d": null}}
            not json
            {"b": {"c": "y", "d": true}, "e": [1, 2]}

            {"a": 2.5, "b": {"c": "x"}}"#;
        let (table, report) = read(text, &ReadOptions::default());
        assert_eq!(table.rows, 3);
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["a", "b.c", "b.d", "e"]);
        assert_eq!(table.columns[0].ty, ColumnType::Numeric);
        assert_eq!((table.columns[0].number(0), table.columns[0].number(1)), (Some(1.0), None));
        assert_eq!(table.columns[2].text(1).as_deref(), Some("true"));
        assert_eq!(table.columns[3].text(1).as_deref(), Some("[1,2]"));
        assert!(table.columns.iter().all(|c| c.len() == 3));
        assert_eq!(report.rows_skipped, 1);
        assert_eq!(report.diagnostics[0].code, "json.bad_line");
        assert_eq!(report.diagnostics[0].row, Some(2));
    }

    #[test]
    fn an_array_of_objects_and_nothing_at_all() {
        let (table, _) = read(br#"[{"a": 1}, {"a": 2}]"#, &ReadOptions::default());
        assert_eq!(table.rows, 2);
        for text in [b"".as_slice(), b"[]", b"\"a\"", b"[[[[", b"{"] {
            let (table, report) = read(text, &ReadOptions::default());
            assert_eq!(table.rows, 0);
            assert!(report.diagnostics.iter().any(|d| d.is_error()), "{text:?}");
        }
    }
}
