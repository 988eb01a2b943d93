//! Filters and derived columns against pandas: `tests/golden/expressions.json`, made by the script beside it.

use super::*;
use crate::kind::testing_csv::table;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../../tests/golden/expressions.json")).unwrap()
}

/// The expressions of a section with their values.
fn section<'a>(golden: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Vec<Value>)> {
    let all = golden[name].as_object().unwrap();
    assert!(all.len() >= 8, "{name}");
    all.iter().map(|(text, values)| (text.as_str(), values.as_array().unwrap()))
}

#[test]
fn conditions_keep_the_rows_that_pandas_keeps() {
    let golden = golden();
    let table = table(golden["csv"].as_str().unwrap());
    assert_eq!(table.rows, 300);
    for (text, expected) in section(&golden, "conditions") {
        let rows: Vec<u64> = rows_where(text, &table, "p").unwrap().into_iter().map(u64::from).collect();
        let expected: Vec<u64> = expected.iter().map(|v| v.as_u64().unwrap()).collect();
        assert!(!expected.is_empty() && expected.len() < 300, "{text}");
        assert_eq!(rows, expected, "{text}");
    }
}

#[test]
fn columns_have_the_values_that_pandas_gives() {
    let golden = golden();
    let table = table(golden["csv"].as_str().unwrap());
    for (text, expected) in section(&golden, "numbers") {
        let column = derived("new", text, &table, "p").unwrap();
        for (row, expected) in expected.iter().enumerate() {
            let (value, expected) = (column.number(row), expected.as_f64());
            let is_close = match (value, expected) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-14 * b.abs(),
                (a, b) => a == b,
            };
            assert!(is_close, "{text} in row {row}: {value:?}, not {expected:?}");
        }
    }
    for (text, expected) in section(&golden, "texts") {
        let column = derived("new", text, &table, "p").unwrap();
        for (row, expected) in expected.iter().enumerate() {
            assert_eq!(column.text(row).as_deref(), expected.as_str(), "{text} in row {row}");
        }
    }
}
