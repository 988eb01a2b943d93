//! Kinds that combine against pandas: `tests/golden/kinds.json`, made by the script beside it.

use crate::kind::testing::{golden, made_table, run, table};
use crate::table::Table;
use serde_json::{Value, json};

/// Every value as the column writes it; numbers up to rounding.
fn check(table: &Table, expected: &Value) {
    let expected = expected.as_array().unwrap();
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let wanted: Vec<&str> = expected.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, wanted);
    for (column, expected) in table.columns.iter().zip(expected) {
        let expected = expected["values"].as_array().unwrap();
        assert_eq!(column.len(), expected.len(), "{}", column.name);
        for (row, expected) in expected.iter().enumerate() {
            let text = column.text(row);
            match (expected, text.as_deref()) {
                (Value::Null, None) => {}
                (Value::Number(n), Some(text)) => {
                    let (x, n) = (text.parse::<f64>().unwrap(), n.as_f64().unwrap());
                    assert!((x - n).abs() <= 1e-12 * (1.0 + n.abs()), "{} {row}: {x} for {n}", column.name);
                }
                (Value::String(s), Some(text)) => assert_eq!(s, text, "{} {row}", column.name),
                (expected, text) => panic!("{} {row}: {text:?} for {expected}", column.name),
            }
        }
    }
}

fn side(golden: &Value, name: &str) -> Table {
    table(golden[name].as_str().unwrap())
}

#[test]
fn joins() {
    let golden = golden();
    let (left, right) = (side(&golden, "left"), side(&golden, "right"));
    for keep in ["inner", "left", "right", "full", "anti"] {
        let keys = json!([{"left": "shop", "right": "shop"}, {"left": "code", "right": "number"}]);
        let done =
            run("table.join", json!({"keep": keep, "keys": keys}), &[("left", &left), ("right", &right)]);
        check(made_table(&done.unwrap(), 0), &golden["joins"][keep]);
    }
}

#[test]
fn groups() {
    let golden = golden();
    let aggregates: Vec<Value> = golden["groups"].as_array().unwrap()[2..]
        .iter()
        .map(|column| match column["name"].as_str().unwrap().split_once('_') {
            Some((of, function)) => json!({"column": of, "function": function}),
            None => json!({"function": "count", "name": column["name"]}),
        })
        .collect();
    let params = json!({"keys": ["shop", "weather"], "aggregates": aggregates});
    let done = run("table.group", params, &[("table", &side(&golden, "left"))]).unwrap();
    check(made_table(&done, 0), &golden["groups"]);
}

#[test]
fn pivots() {
    let golden = golden();
    let params = json!({"index": ["shop"], "names": "weather", "values": "sold", "function": "mean"});
    let done = run("table.pivot", params, &[("table", &side(&golden, "left"))]).unwrap();
    check(made_table(&done, 0), &golden["pivot"]);
}
