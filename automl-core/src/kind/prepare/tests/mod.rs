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

/// Johnson and Lindenstrauss: most distances change by less than a third in a hundred dimensions.
#[test]
fn random_projections_keep_distances() {
    let mut rng = crate::numeric::Rng::new(8);
    let number = |rng: &mut crate::numeric::Rng| (0..20).map(|_| rng.normal()).collect();
    let columns: Vec<Column> = (0..300)
        .map(|j| column(&format!("x{j}"), ColumnType::Numeric, Values::F64(number(&mut rng))))
        .collect();
    let table = Table { columns, rows: 20 };
    let params = json!({"method": "random", "components": 100, "scale": false});
    let projected = fit("prepare.reduce", params, &table).apply(&table);
    assert_eq!(projected.columns.len(), 100);
    let distance = |table: &Table, a: usize, b: usize| {
        let square = |c: &Column| (c.number(a).unwrap_or(0.0) - c.number(b).unwrap_or(0.0)).abs();
        table.columns.iter().map(|c| square(c) * square(c)).sum::<f64>().sqrt()
    };
    for row in 1..20 {
        let ratio = distance(&projected, 0, row) / distance(&table, 0, row);
        assert!((0.67..1.33).contains(&ratio), "{ratio}");
    }
}

/// Rows without a target are encoded by what was learnt from all others.
#[test]
fn rows_without_a_target_are_encoded_too() {
    let table = csv("c,y\nu,1\nu,\nv,3\nv,4\nu,9\n");
    let params = json!({"columns": ["c"], "method": "target", "target": "y", "rows": 0});
    let (fitted, training) = fit_rows("prepare.encode", &params, &table, &all_rows(&table)).expect("fits");
    assert_eq!(cells(&fitted.apply(&table), "c")[1], Cell::Number(5.0));
    assert_eq!(cells(&training, "c")[1], Cell::Number(5.0));
    assert_ne!(cells(&training, "c")[0], Cell::Number(5.0));
    assert!((0..5).all(|row| cells(&training, "c")[row] != Cell::Missing));
}

#[test]
fn fills_of_yes_and_no() {
    let table = csv("f,x\nyes,1\nno,2\n,3\nyes,4\n");
    assert_eq!(table.columns[0].ty, ColumnType::Boolean);
    let check = |params: Value, ty: ColumnType, expected: &str| {
        let changed = fit("prepare.impute", params, &table).apply(&table);
        assert_eq!((names(&changed), changed.columns[0].ty), (vec!["f", "x"], ty));
        let expected = ["yes", "no", expected, "yes"].map(|t| Cell::Text(t.to_owned()));
        assert_eq!(cells(&changed, "f"), expected);
    };
    check(json!({}), ColumnType::Boolean, "yes");
    check(json!({"categories": "constant", "text": "no"}), ColumnType::Boolean, "no");
    check(json!({"categories": "constant", "text": "who knows"}), ColumnType::Categorical, "who knows");
    check(json!({"categories": "constant", "text": ""}), ColumnType::Categorical, "missing");
}

/// What training never saw, and what is missing, has a place of its own.
#[test]
fn levels_that_training_never_saw() {
    let table = csv("c,y\nu,1\nu,2\nv,3\nw,4\n,5\n");
    let new = csv("c,y\nu,\nelse,\n,\nu,\n");
    let check = |params: Value, name: &str, expected: [f64; 3]| {
        let changed = fit("prepare.encode", params.clone(), &table).apply(&new);
        let got: Vec<f64> =
            (0..3).map(|row| changed.column(name).and_then(|c| c.number(row)).unwrap_or(f64::NAN)).collect();
        let same = got.iter().zip(expected).all(|(g, e)| (g.is_nan() && e.is_nan()) || (g - e).abs() < 1e-6);
        assert!(same, "{params} {name}: {got:?} for {expected:?}");
    };
    check(json!({"columns": ["c"]}), "c: u", [1.0, 0.0, 0.0]);
    check(json!({"columns": ["c"]}), "c is missing", [0.0, 0.0, 1.0]);
    check(json!({"columns": ["c"], "levels": 1}), "c: other", [0.0, 1.0, 0.0]);
    check(json!({"columns": ["c"], "method": "ordinal"}), "c", [0.0, f64::NAN, f64::NAN]);
    check(json!({"columns": ["c"], "method": "frequency"}), "c", [0.4, 0.0, 0.2]);
    let target = json!({"columns": ["c"], "method": "target", "target": "y", "rows": 0});
    check(target, "c", [1.5, 3.0, 5.0]);
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
