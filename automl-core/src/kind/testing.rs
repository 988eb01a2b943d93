//! What tests of kinds share.

use super::{Done, Finding, Given, Inputs, Made, Report, check, operation};
use crate::table::{Column, Format, ReadOptions, Table, read};
use serde_json::{Map, Value};

pub(super) fn table(csv: &str) -> Table {
    read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

/// Values with spaces between; `·` where missing.
pub(super) fn shown(column: &Column) -> String {
    let texts = (0..column.len()).map(|row| column.text(row).map_or("·".to_owned(), |t| t.into_owned()));
    texts.collect::<Vec<_>>().join(" ")
}

/// A line a column: `name: values`.
pub(super) fn lines(table: &Table) -> Vec<String> {
    table.columns.iter().map(|c| format!("{}: {}", c.name, shown(c))).collect()
}

fn object(params: Value) -> Map<String, Value> {
    let Value::Object(params) = params else { panic!("an object") };
    params
}

/// Runs a kind on tables by port; parameters are checked first, as the engine does.
pub(super) fn run(kind: &str, params: Value, tables: &[(&str, &Table)]) -> Result<Done, Vec<Finding>> {
    let operation = operation(kind).unwrap();
    let spec = operation.spec();
    let params = object(params);
    let mut inputs = Inputs::new();
    for (port, table) in tables {
        inputs.entry(port).or_default().push(table);
    }
    let schema =
        |port: &str| inputs.get(port).map(|t| t[0].columns.iter().map(|c| (c.name.clone(), c.ty)).collect());
    let wrong = check(&spec, &params, &schema);
    if wrong.iter().any(|f| f.diagnostic.is_error()) {
        return Err(wrong);
    }
    operation.run(&Given::new(&spec, &params), &inputs)
}

/// Runs a kind without the check.
pub(super) fn run_unchecked(
    kind: &str,
    params: Value,
    tables: &[(&str, &Table)],
) -> Result<Done, Vec<Finding>> {
    let operation = operation(kind).unwrap();
    let (spec, params) = (operation.spec(), object(params));
    let mut inputs = Inputs::new();
    for (port, table) in tables {
        inputs.entry(port).or_default().push(table);
    }
    operation.run(&Given::new(&spec, &params), &inputs)
}

pub(super) fn made_table(done: &Done, at: usize) -> &Table {
    let Some(Made::Table(table)) = done.outputs.get(at) else { panic!("no table at {at}") };
    table
}

pub(super) fn made_report(done: &Done) -> &Report {
    let report = done.outputs.iter().find_map(|made| match made {
        Made::Report(report) => Some(report),
        Made::Table(_) => None,
    });
    report.unwrap()
}

/// Codes of findings.
pub(super) fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| f.diagnostic.code.as_str()).collect()
}

/// Runs a kind on CSVs by port and checks the first table that comes out, as [`lines`]. What it gives.
pub(super) fn check_lines(kind: &str, params: Value, csvs: &[(&str, &str)], expected: &[&str]) -> Done {
    let tables: Vec<(&str, Table)> = csvs.iter().map(|(port, csv)| (*port, table(csv))).collect();
    let tables: Vec<(&str, &Table)> = tables.iter().map(|(port, t)| (*port, t)).collect();
    let done = run(kind, params, &tables).unwrap();
    assert_eq!(lines(made_table(&done, 0)), expected);
    done
}

/// The codes of what is found where a kind refuses these CSVs.
pub(super) fn check_refused(kind: &str, params: Value, csvs: &[(&str, &str)], expected: &[&str]) {
    let tables: Vec<(&str, Table)> = csvs.iter().map(|(port, csv)| (*port, table(csv))).collect();
    let tables: Vec<(&str, &Table)> = tables.iter().map(|(port, t)| (*port, t)).collect();
    let found = run_unchecked(kind, params, &tables).unwrap_err();
    assert_eq!(codes(&found), expected);
    assert!(found.iter().all(|f| !f.diagnostic.remedy.is_empty()));
}

/// Values by pandas and NumPy.
pub(super) fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/kinds.json")).unwrap()
}
