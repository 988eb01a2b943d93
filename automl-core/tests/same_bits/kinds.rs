//! Kinds of nodes: every one's example, and larger tables through those that sum and sort.

use crate::golden::{Hashes, check, hash};
use automl_core::kind::{Given, Inputs, Made, operation, operations};
use automl_core::table::{Format, ReadOptions, Table, read, write_csv};
use serde_json::{Map, Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

fn run(kind: &str, params: &Map<String, Value>, tables: &[(&str, &Table)]) -> Vec<Made> {
    let operation = operation(kind).unwrap_or_else(|| panic!("no {kind}"));
    let spec = operation.spec();
    let mut inputs = Inputs::new();
    tables.iter().for_each(|(port, table)| inputs.entry(port).or_default().push(table));
    operation.run(&Given::new(&spec, params), &inputs).unwrap_or_else(|e| panic!("{kind}: {e:?}")).outputs
}

fn hashed(made: &[Made]) -> String {
    let text = |made: &Made| match made {
        Made::Table(table) => write_csv(table),
        Made::Report(report) => serde_json::to_string(report).unwrap_or_default(),
    };
    hash(made.iter().map(text).collect::<Vec<_>>().join("\n").as_bytes())
}

#[wasm_bindgen_test(unsupported = test)]
fn examples() {
    let mut found = Hashes::new();
    for spec in operations().iter().map(|o| o.spec()) {
        let Some(example) = &spec.example else { continue };
        let read = |csv: &str| read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0;
        let tables: Vec<(&str, Table)> =
            example.tables.iter().map(|(p, csv)| (p.as_str(), read(csv))).collect();
        let tables: Vec<(&str, &Table)> = tables.iter().map(|(port, table)| (*port, table)).collect();
        found.insert(spec.id.clone(), hashed(&run(&spec.id, &example.params, &tables)));
    }
    check("kind", &found);
}

#[wasm_bindgen_test(unsupported = test)]
fn generated_tables() {
    let mut found = Hashes::new();
    let object = |params: Value| if let Value::Object(params) = params { params } else { Map::new() };
    for generator in ["classes", "numbers", "clusters", "moons", "series"] {
        let params = object(json!({"generator": generator, "rows": 700, "missing": 0.1, "seed": 3}));
        let made = run("source.generate", &params, &[]);
        let Some(Made::Table(table)) = made.first() else { panic!("no table") };
        let last = &table.columns[table.columns.len() - 1].name;
        let first = &table.columns[0].name;
        for (kind, params) in [
            ("table.statistics", json!({})),
            ("table.split", json!({"how": "stratified", "stratify": last, "seed": 1})),
            ("chart.heatmap", json!({"method": "pearson"})),
            ("chart.heatmap", json!({"method": "spearman"})),
            ("chart.histogram", json!({"column": first})),
            ("chart.box", json!({"value": first, "by": last})),
            ("chart.scatter", json!({"x": first, "y": first, "colour": last, "points": 50})),
            ("chart.line", json!({"x": first, "y": [first], "points": 40})),
            ("table.group", json!({"keys": [last], "aggregates": [{"function": "median", "column": first}]})),
        ] {
            let name = format!("{generator}.{kind}.{}", params["method"].as_str().unwrap_or("usual"));
            // The line of a series is of its day, which is no number.
            let is_odd = generator == "series" && kind == "chart.line";
            if !is_odd {
                found.insert(name, hashed(&run(kind, &object(params), &[("table", table)])));
            }
        }
    }
    check("made", &found);
}
