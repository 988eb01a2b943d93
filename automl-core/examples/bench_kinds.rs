//! How long kinds of nodes take on a large table.
//!
//! `cargo run --release -p automl-core --example bench_kinds [ROWS]` makes a table of numbers, categories, dates and
//! texts, a million rows unless told otherwise, and runs every kind that tells on it: what keeps and changes rows and
//! columns, groups, joins and draws.

use automl_core::kind::{Given, Inputs, Made, operation};
use automl_core::numeric::Rng;
use automl_core::platform::Stopwatch;
use automl_core::table::{Column, ColumnType, Table, TextValues, Values};
use serde_json::{Map, Value, json};

fn main() {
    let rows = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1_000_000);
    let table = table(rows);
    let right = table.take(&(0..rows as u32).step_by(10).collect::<Vec<u32>>());
    let one = [("table", &table)];
    rows_and_columns(&one);
    let two = [("left", &table), ("right", &right)];
    let key = |name: &str| json!({"keys": [{"left": name, "right": name}]});
    run("table.join", key("id"), &two);
    run("table.join", key("text"), &two);
    run(
        "table.join",
        json!({"keep": "full", "keys": [{"left": "id", "right": "id"}, {"left": "town", "right": "town"}]}),
        &two,
    );
    run("table.union", json!({}), &[("tables", &table), ("tables", &right)]);
    let all: Vec<Value> = [
        "count",
        "distinct",
        "sum",
        "mean",
        "median",
        "min",
        "max",
        "sd",
        "first",
        "last",
        "most_frequent",
        "share_missing",
    ]
    .iter()
    .map(|f| json!({"column": "x", "function": f}))
    .collect();
    run("table.group", json!({"keys": ["town"], "aggregates": all}), &one);
    run("table.group", json!({"keys": ["id"], "aggregates": all}), &one);
    run(
        "table.group",
        json!({"keys": ["town", "day"], "aggregates": [{"column": "x", "function": "mean"}]}),
        &one,
    );
    run("table.pivot", json!({"index": ["day"], "names": "town", "values": "x", "function": "mean"}), &one);
    run("table.unpivot", json!({"ids": ["id"], "values": ["x", "y"]}), &one);
    for how in ["random", "stratified", "group", "time"] {
        run("table.split", json!({"how": how, "stratify": "x", "group": "id", "time": "day"}), &one);
    }
    run("table.statistics", json!({}), &one);
    run("chart.histogram", json!({"column": "x", "colour": "town"}), &one);
    run("chart.bar", json!({"category": "text"}), &one);
    run("chart.box", json!({"value": "x", "by": "town"}), &one);
    run("chart.scatter", json!({"x": "x", "y": "y", "colour": "x"}), &one);
    run("chart.line", json!({"x": "x", "y": ["y"]}), &one);
    run("chart.heatmap", json!({"method": "pearson"}), &one);
    run("chart.heatmap", json!({"method": "spearman"}), &one);
    run("chart.heatmap", json!({"of": "counts", "x": "town", "y": "day"}), &one);
    for generator in ["classes", "numbers", "clusters", "moons", "series"] {
        run("source.generate", json!({"generator": generator, "rows": rows}), &[]);
    }
}

fn rows_and_columns(one: &[(&str, &Table)]) {
    let key = |column: &str| json!({"column": column, "descending": true});
    run("table.filter", json!({"where": "x > 0.5 and town in ('town 3', 'town 7')"}), one);
    run("table.filter", json!({"where": "contains(text, '99') or year(day) = 1971"}), one);
    run("table.sort", json!({"keys": [key("x")]}), one);
    run("table.sort", json!({"keys": [key("town"), key("day"), key("x")]}), one);
    run("table.sort", json!({"keys": [key("text")]}), one);
    run("table.deduplicate", json!({"columns": ["town", "day"]}), one);
    run("table.deduplicate", json!({}), one);
    run("table.sample", json!({"by": "share", "share": 0.1}), one);
    run("table.sample", json!({"by": "share", "share": 0.5, "stratify": "town"}), one);
    run("table.head", json!({"from": "last", "rows": 500_000}), one);
    let derive = |text: &str| json!({"columns": [{"name": "new", "expression": text}]});
    run("table.derive", derive("x * 2 + sqrt(abs(y)) - coalesce(x, 0)"), one);
    run("table.derive", derive("concat(town, ' ', upper(text))"), one);
    run("table.derive", derive("if(x > 0, 'above', 'below')"), one);
    let parts = json!({"columns": ["day"], "weekend": true});
    run("table.datetime", parts, one);
    run("table.fill", json!({"columns": [{"column": "x", "value": "0"}]}), one);
    run("table.rename", json!({"columns": [{"column": "x", "to": "z"}]}), one);
    run("table.retype", json!({"columns": [{"column": "x", "type": "text"}]}), one);
    run("table.retype", json!({"columns": [{"column": "text", "type": "categorical"}]}), one);
    run("table.select", json!({"how": "drop", "by": "name", "columns": ["text"]}), one);
}

fn table(rows: usize) -> Table {
    let mut rng = Rng::new(1);
    let column = |name: &str, ty, values| Column { name: name.to_owned(), ty, values, spellings: Vec::new() };
    let number = |share: f64, rng: &mut Rng| {
        let one = |rng: &mut Rng| if rng.uniform() < share { f64::NAN } else { rng.normal() };
        Values::F64((0..rows).map(|_| one(rng)).collect())
    };
    let (x, y) = (number(0.1, &mut rng), number(0.0, &mut rng));
    let mut id: Vec<f32> = (0..rows).map(|i| i as f32).collect();
    rng.shuffle(&mut id);
    let mut text = TextValues::default();
    (0..rows).for_each(|_| {
        text.push(Some(&format!("customer number {}", rng.below(rows))));
    });
    let levels: Vec<String> = (0..50).map(|i| format!("town {i}")).collect();
    let codes = (0..rows).map(|_| rng.below(50) as u32).collect();
    let days = (0..rows).map(|_| 86_400_000 * rng.below(1000) as i64).collect();
    let columns = vec![
        column("id", ColumnType::Id, Values::F32(id)),
        column("town", ColumnType::Categorical, Values::Dict { codes, levels }),
        column("day", ColumnType::Datetime, Values::Time(days)),
        column("x", ColumnType::Numeric, x),
        column("y", ColumnType::Numeric, y),
        column("text", ColumnType::Text, Values::Text(text)),
    ];
    Table { columns, rows }
}

fn run(kind: &str, params: Value, tables: &[(&str, &Table)]) {
    let Some(operation) = operation(kind) else { return println!("{kind} is not there") };
    let spec = operation.spec();
    let told = params.to_string();
    let params = if let Value::Object(params) = params { params } else { Map::new() };
    let mut inputs = Inputs::new();
    tables.iter().for_each(|(port, table)| inputs.entry(port).or_default().push(table));
    let watch = Stopwatch::start();
    let done = operation.run(&Given::new(&spec, &params), &inputs);
    let secs = watch.elapsed_secs();
    let made = match &done {
        Ok(done) => match done.outputs.first() {
            Some(Made::Table(table)) => format!("{} x {}", table.rows, table.columns.len()),
            _ => "a report".to_owned(),
        },
        Err(found) => found.first().map_or(String::new(), |f| f.diagnostic.message.clone()),
    };
    let told: String = told.chars().take(70).collect();
    println!("{secs:6.2} s  {kind:<16} {made:<14} {told}");
}
