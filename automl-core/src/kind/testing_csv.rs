//! Operations run on tables written as CSV.

use super::{Given, Inputs, Made, Operation, check, operation};
use crate::table::{Format, ReadOptions, Table, read, write_csv};
use serde_json::{Map, Value};

pub(crate) fn table(csv: &str) -> Table {
    read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

fn object(params: Value) -> Map<String, Value> {
    if let Value::Object(params) = params { params } else { Map::new() }
}

fn known(id: &str) -> &'static dyn Operation {
    operation(id).unwrap_or_else(|| panic!("no operation {id}"))
}

/// The table that comes of one.
pub(crate) fn made(id: &str, csv: &str, params: Value) -> Table {
    let (operation, table, params) = (known(id), table(csv), object(params));
    let spec = operation.spec();
    let done = operation.run(&Given::new(&spec, &params), &Inputs::from([("table", vec![&table])])).unwrap();
    match done.outputs.into_iter().next() {
        Some(Made::Table(table)) => table,
        other => panic!("{other:?} is no table"),
    }
}

/// The same as CSV.
pub(crate) fn run(id: &str, csv: &str, params: Value) -> String {
    write_csv(&made(id, csv, params))
}

/// Codes and places of what is found about parameters, or else by the run.
pub(crate) fn findings(id: &str, csv: &str, params: Value) -> Vec<String> {
    let (operation, table, params) = (known(id), table(csv), object(params));
    let spec = operation.spec();
    let schema = table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect::<Vec<_>>();
    let mut found = check(&spec, &params, &|_| Some(schema.clone()));
    if found.is_empty() {
        let inputs = Inputs::from([("table", vec![&table])]);
        found =
            operation.run(&Given::new(&spec, &params), &inputs).map_or_else(|found| found, |d| d.findings);
    }
    found.into_iter().map(|f| format!("{}@{}", f.diagnostic.code, f.param.unwrap_or_default())).collect()
}
