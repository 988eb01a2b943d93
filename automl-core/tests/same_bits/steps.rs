//! What learns how to prepare columns.

use crate::golden::{Hashes, check, hash};
use automl_core::kind::{Given, step};
use automl_core::numeric::{Rng, math};
use automl_core::table::{Column, ColumnType, MISSING_CODE, Table, TextValues, Values, write_csv};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

fn table(rows: usize) -> Table {
    let mut rng = Rng::new(12);
    let column = |name: &str, ty, values| Column { name: name.to_owned(), ty, values, spellings: Vec::new() };
    let mut columns: Vec<Column> = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let values = (0..rows).map(|_| match rng.below(10) {
            0 => f64::NAN,
            1 => rng.below(4) as f64,
            _ => math::exp(rng.normal()) + rng.normal(),
        });
        columns.push(column(name, ColumnType::Numeric, Values::F64(values.collect())));
    }
    let codes = (0..rows).map(|_| if rng.below(9) == 0 { MISSING_CODE } else { rng.below(6) as u32 });
    let values =
        Values::Dict { codes: codes.collect(), levels: (0..6).map(|i| format!("level {i}")).collect() };
    columns.push(column("town", ColumnType::Categorical, values));
    let mut text = TextValues::default();
    let words = ["good", "bad", "größe", "parcel", "late", "x-ray"];
    for _ in 0..rows {
        let said: Vec<&str> = (0..rng.below(7)).map(|_| words[rng.below(words.len())]).collect();
        text.push(Some(&said.join(" ")));
    }
    columns.push(column("note", ColumnType::Text, Values::Text(text)));
    Table { columns, rows }
}

fn cases() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("impute", "prepare.impute", json!({"flag": true})),
        ("outliers", "prepare.outliers", json!({})),
        ("standard", "prepare.scale", json!({})),
        ("power", "prepare.scale", json!({"method": "power"})),
        ("normal", "prepare.scale", json!({"method": "normal", "knots": 40})),
        ("one_hot", "prepare.encode", json!({"levels": 3})),
        ("target", "prepare.encode", json!({"method": "target", "target": "a", "smooth": "auto"})),
        ("bin", "prepare.bin", json!({})),
        ("tfidf", "prepare.text", json!({"unit": "pairs", "size": 20, "log": true})),
        ("hashed", "prepare.text", json!({"unit": "characters", "size": 9, "method": "hash"})),
        ("pca", "prepare.reduce", json!({"components": 3})),
        ("random", "prepare.reduce", json!({"components": 3, "method": "random"})),
        ("information", "prepare.select", json!({"method": "mutual_information", "target": "a", "count": 2})),
        ("clusters", "prepare.cluster", json!({"by": "silhouette", "to": 5, "distances": true})),
    ]
}

#[wasm_bindgen_test(unsupported = test)]
fn steps() {
    let table = table(150);
    let rows: Vec<u32> = (0..120).collect();
    let mut found = Hashes::new();
    for (name, id, params) in cases() {
        let step = step(id).expect("a step");
        let spec = step.spec();
        let params = params.as_object().cloned().expect("an object");
        let (fitted, training) =
            step.fit_transform(&Given::new(&spec, &params), &table, &rows, 5).expect("fits");
        let told = serde_json::to_string(&fitted).expect("plain data");
        let all = [told, write_csv(&training), write_csv(&fitted.apply(&table))].join("\n");
        found.insert(name.to_owned(), hash(all.as_bytes()));
    }
    check("step", &found);
}
