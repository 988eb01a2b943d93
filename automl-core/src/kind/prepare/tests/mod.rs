//! Tests of all steps: against oracles, and what must hold for any table.

mod any;
mod golden;

use crate::kind::{Finding, FittedStep, Given, check, step, steps};
use crate::table::{
    BitMask, Column, ColumnType, Format, MISSING_CODE, ReadOptions, Table, TextValues, Values, read,
};
use serde_json::{Value, json};

fn column(name: &str, ty: ColumnType, values: Values) -> Column {
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

fn categories(name: &str, values: &[Option<&str>]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut code = |v: &str| {
        levels.iter().position(|l| l == v).unwrap_or_else(|| {
            levels.push(v.to_owned());
            levels.len() - 1
        }) as u32
    };
    let codes = values.iter().map(|v| v.map_or(MISSING_CODE, &mut code)).collect();
    column(name, ColumnType::Categorical, Values::Dict { codes, levels })
}

fn texts(name: &str, values: &[Option<&str>]) -> Column {
    let mut text = TextValues::default();
    for value in values {
        text.push(*value);
    }
    column(name, ColumnType::Text, Values::Text(text))
}

/// What a cell says, whatever its column's dictionary.
#[derive(Debug, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Text(String),
}

fn cell(column: &Column, row: usize) -> Cell {
    match &column.values {
        _ if column.is_missing(row) => Cell::Missing,
        Values::Dict { codes, levels } => {
            levels.get(codes[row] as usize).map_or(Cell::Missing, |l| Cell::Text(l.clone()))
        }
        Values::Bool { values, labels, .. } => Cell::Text(labels[usize::from(values.get(row))].clone()),
        Values::Text(values) => Cell::Text(values.get(row).unwrap_or_default().to_owned()),
        _ => column.number(row).map_or(Cell::Missing, Cell::Number),
    }
}

fn cells(table: &Table, name: &str) -> Vec<Cell> {
    let column = table.column(name).unwrap_or_else(|| panic!("no column {name} in {:?}", names(table)));
    (0..table.rows).map(|row| cell(column, row)).collect()
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|c| c.name.as_str()).collect()
}

fn all_rows(table: &Table) -> Vec<u32> {
    (0..table.rows as u32).collect()
}

/// Fits with what training sees.
fn fit_rows(
    id: &str,
    params: &Value,
    table: &Table,
    rows: &[u32],
) -> Result<(FittedStep, Table), Vec<Finding>> {
    let step = step(id).expect("a step of this name");
    let spec = step.spec();
    let params = params.as_object().expect("an object");
    let schema = table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect::<Vec<_>>();
    let found = check(&spec, params, &|_| Some(schema.clone()));
    assert_eq!(found, [], "{id} {params:?}");
    step.fit_transform(&Given::new(&spec, params), table, rows, 7)
}

fn fit(id: &str, params: Value, table: &Table) -> FittedStep {
    fit_rows(id, &params, table, &all_rows(table)).expect("fits").0
}

fn csv(text: &str) -> Table {
    read(text.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

/// All columns of the table have its number of rows, and names of their own.
fn check_table(table: &Table) {
    assert!(table.columns.iter().all(|c| c.len() == table.rows));
    let mut names = names(table);
    names.sort_unstable();
    assert!(names.windows(2).all(|w| w[0] != w[1]), "{names:?}");
}

#[test]
fn every_example_runs() {
    for step in steps() {
        let spec = step.spec();
        let example = spec.example.clone().expect("an example");
        let table = csv(&example.tables[0].1);
        let (fitted, changed) =
            fit_rows(&spec.id, &Value::Object(example.params), &table, &all_rows(&table)).expect("fits");
        assert_eq!(fitted.validate(), Ok(()));
        check_table(&changed);
        assert_ne!(changed, table, "{}", spec.id);
    }
}

/// What the examples promise.
#[test]
fn examples_say_what_comes_of_them() {
    let outcome = |id: &str| {
        let example = step(id).and_then(|s| s.spec().example).expect("an example");
        let table = csv(&example.tables[0].1);
        fit(id, Value::Object(example.params), &table).apply(&table)
    };
    let number = |x: f64| Cell::Number(x);
    let text = |t: &str| Cell::Text(t.to_owned());
    assert_eq!(cells(&outcome("prepare.impute"), "age")[1], number(40.0));
    assert_eq!(cells(&outcome("prepare.impute"), "town")[2], text("Ulm"));
    assert_eq!(cells(&outcome("prepare.impute"), "age is missing")[1], text("true"));
    assert_eq!(cells(&outcome("prepare.outliers"), "price")[4], number(16.0));
    assert_eq!(cells(&outcome("prepare.scale"), "height"), [0.0, 0.5, 1.0].map(number));
    assert_eq!(cells(&outcome("prepare.encode"), "town: Ulm"), [1.0, 0.0, 1.0].map(number));
    let bins = ["below 18", "below 18", "18 to 65", "65 and more"].map(text);
    assert_eq!(cells(&outcome("prepare.bin"), "age"), bins);
    let words = outcome("prepare.text");
    assert_eq!(names(&words), ["review: \"and\"", "review: \"dear\"", "review: \"good\"", "stars"]);
    assert_eq!(names(&outcome("prepare.reduce")), ["pc1"]);
    assert_eq!(names(&outcome("prepare.select")), ["a", "c"]);
    assert_eq!(cells(&outcome("prepare.cluster"), "cluster"), ["1", "1", "1", "2", "2"].map(text));
}

#[test]
fn what_cannot_be_fitted_is_told() {
    let table = csv("a,b,c\n1,x,-1\n2,y,0\n3,z,5\n4,x,1\n");
    let code = |id: &str, params: Value| {
        let step = step(id).expect("a step");
        let spec = step.spec();
        let params = params.as_object().cloned().expect("an object");
        match step.fit(&Given::new(&spec, &params), &table, &[0, 1, 2, 3], 0) {
            Ok(_) => String::new(),
            Err(found) => found[0].diagnostic.code.clone(),
        }
    };
    assert_eq!(code("prepare.scale", json!({"columns": ["nope"]})), "param.no_column");
    assert_eq!(code("prepare.bin", json!({"method": "edges", "edges": "1 two"})), "bin.edges");
    assert_eq!(code("prepare.bin", json!({"method": "edges", "edges": " "})), "bin.edges");
    assert_eq!(code("prepare.encode", json!({"method": "target"})), "param.missing");
    assert_eq!(code("prepare.encode", json!({"method": "target", "target": "d"})), "param.no_column");
    assert_eq!(code("prepare.select", json!({"method": "pearson", "target": "b"})), "select.method");
    assert_eq!(code("prepare.select", json!({"method": "chi2", "target": "b"})), "select.method");
    assert_eq!(code("prepare.select", json!({"method": "anova", "target": "b"})), "");
}

/// With a level a row, a mean of the target that is not out of fold is the target itself.
#[test]
fn target_means_do_not_leak() {
    let n = 400;
    let mut rng = crate::numeric::Rng::new(3);
    let y: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let levels: Vec<String> = (0..n).map(|i| format!("level {}", i / 2)).collect();
    let levels: Vec<Option<&str>> = levels.iter().map(|l| Some(l.as_str())).collect();
    let target = column("y", ColumnType::Numeric, Values::F64(y.clone()));
    let table = Table { columns: vec![categories("c", &levels), target], rows: n };
    let params = json!({"method": "target", "target": "y", "rows": 0});
    let (fitted, training) = fit_rows("prepare.encode", &params, &table, &all_rows(&table)).expect("fits");
    let correlation = |t: &Table| {
        let x: Vec<f64> = (0..n).filter_map(|row| t.column("c")?.number(row)).collect();
        assert_eq!(x.len(), n);
        super::select::correlation(&x, &y)
    };
    assert!(correlation(&fitted.apply(&table)) > 0.5);
    assert!(correlation(&training) < 0.15);
    // The columns are those of `apply`, and what has no target is encoded by all others.
    assert_eq!(names(&training), names(&fitted.apply(&table)));
}

/// A million rows take seconds, not minutes: run with `--ignored`, in release.
#[test]
#[ignore = "takes long"]
fn a_million_rows() {
    let n = 1_000_000;
    let mut rng = crate::numeric::Rng::new(1);
    let mut columns: Vec<Column> = (0..20)
        .map(|j| {
            let values = (0..n).map(|_| rng.normal() as f32).collect();
            column(&format!("x{j}"), ColumnType::Numeric, Values::F32(values))
        })
        .collect();
    let codes = (0..n).map(|_| rng.below(300) as u32).collect();
    let levels = (0..300).map(|i| format!("level {i}")).collect();
    columns.push(column("c", ColumnType::Categorical, Values::Dict { codes, levels }));
    let table = Table { columns, rows: n };
    for (id, params) in any::variants() {
        if id == "prepare.text" {
            continue;
        }
        let mut params = params;
        if let Some(object) = params.as_object_mut() {
            for field in ["target"] {
                object.entry(field).and_modify(|v| *v = json!("x0"));
            }
        }
        if params["method"] == "pearson" || params["method"] == "chi2" {
            continue;
        }
        let watch = crate::platform::Stopwatch::start();
        let fitted = fit_rows(id, &params, &table, &all_rows(&table)).expect("fits").0;
        let to_fit = watch.elapsed_secs();
        fitted.apply(&table);
        println!("{id} {params}: {to_fit:.2} s to fit, {:.2} s in all", watch.elapsed_secs());
    }
}
