//! Two-way tables in colours: correlations of numbers, counts of categories.

use super::correlation::{Method, correlations};
use super::drawn::{Notes, category_axis, declared, reported, sampled, title_field};
use super::levels::Levels;
use crate::kind::keys::{Family, family};
use crate::kind::{
    Chart, Done, Example, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation, input, wanted,
};
use crate::numeric::count;
use crate::table::{Column, ColumnType, Table};
use serde_json::json;

/// `chart.heatmap`
pub(in crate::kind) struct Heatmap;

const MOST_COLUMNS: usize = 30;
const MOST_LEVELS: usize = 25;
/// Rows that correlations are calculated from: they are then right to about 0.003.
const ROWS: usize = 100_000;

impl Operation for Heatmap {
    fn spec(&self) -> KindSpec {
        let help = "Shows which columns of numbers go together, or which categories meet, in colours.";
        let mut spec = declared("chart.heatmap", "Heatmap", help);
        spec.more = "A correlation of 1 means that two columns rise together, −1 that one falls as the other rises, \
                     0 that neither tells of the other. Pearson's looks at straight lines, Spearman's at order alone, \
                     so that it bears outliers and curves. Each pair is calculated from the rows where both have a \
                     value, of large tables from 100,000 rows chosen at random."
            .to_owned();
        spec.words = "correlation matrix pearson spearman crosstab contingency".to_owned();
        spec.fields = vec![
            FieldSpec::choice(
                "of",
                "Of what",
                "What the colours show.",
                &[("correlations", "Correlations of numbers"), ("counts", "Counts of two categories")],
            ),
            FieldSpec::columns(
                "columns",
                "Columns",
                "Columns of numbers; without any, all, at most 30.",
                &[
                    ColumnType::Numeric,
                    ColumnType::Boolean,
                    ColumnType::Id,
                    ColumnType::Constant,
                    ColumnType::Datetime,
                ],
            )
            .only_if("of", &[json!("correlations")]),
            FieldSpec::choice(
                "method",
                "Method",
                "How correlation is measured.",
                &[("pearson", "Pearson"), ("spearman", "Spearman")],
            )
            .only_if("of", &[json!("correlations")]),
            FieldSpec::column("x", "Across", "A column of categories.", &[])
                .required()
                .only_if("of", &[json!("counts")]),
            FieldSpec::column("y", "Up", "A column of categories.", &[])
                .required()
                .only_if("of", &[json!("counts")]),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "area,rooms,price\n50,2,210\n62,2,250\n80,3,340\n95,4,360\n")],
            json!({"method": "spearman"}),
            "Nine cells, all near 1: area, rooms and price rise together.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        if given.text("of") == "counts" { counts(given, table) } else { matrix(given, table) }
    }
}

fn matrix(given: &Given<'_>, table: &Table) -> Result<Done, Vec<Finding>> {
    let mut columns = wanted::columns(table, &given.names("columns"), "columns")?;
    let is_number = |c: &&Column| family(c) == Family::Numbers && c.ty == ColumnType::Numeric;
    if columns.is_empty() {
        columns = table.columns.iter().filter(is_number).collect();
    }
    let has_numbers = |c: &Column| family(c) != Family::Words || c.ty == ColumnType::Boolean;
    if let Some(odd) = columns.iter().find(|c| !has_numbers(c) && c.ty != ColumnType::Constant) {
        let message = format!("Column \"{}\" is {}, and correlations need numbers.", odd.name, odd.ty.name());
        return Err(wanted::error("columns", "chart.column_type", message, "Choose columns of numbers."));
    }
    let mut notes = Notes::default();
    if columns.len() > MOST_COLUMNS {
        notes.push(format!("The first {MOST_COLUMNS} of {} columns.", count(columns.len() as u64)));
        columns.truncate(MOST_COLUMNS);
    }
    let rows = sampled((0..table.rows as u32).collect(), ROWS, 0);
    notes.sample(rows.len(), table.rows);
    let (method, title) = match given.text("method").as_str() {
        "spearman" => (Method::Spearman, "Rank correlations (Spearman)"),
        _ => (Method::Pearson, "Correlations (Pearson)"),
    };
    let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    let matrix = correlations(&columns, &rows, method);
    let mut cells = Vec::new();
    let mut undefined = 0;
    for (i, row) in matrix.iter().enumerate() {
        for (j, &r) in row.iter().enumerate() {
            if r.is_nan() {
                undefined += 1;
            } else {
                cells.push((j as u32, i as u32, r));
            }
        }
    }
    if undefined > 0 && table.rows > 0 {
        notes.push("Cells without a colour have no correlation, as a column does not vary there.".to_owned());
    }
    let marks = vec![Mark::Cells { name: "Correlation".to_owned(), cells }];
    let (x, y) = (category_axis("", names.clone()), category_axis("", names));
    Ok(reported(given, title, Chart { x, y, marks, note: notes.joined(), ..Chart::default() }, table.rows))
}

fn counts(given: &Given<'_>, table: &Table) -> Result<Done, Vec<Finding>> {
    let x = wanted::column(table, &given.text("x"), "x")?;
    let y = wanted::column(table, &given.text("y"), "y")?;
    let (across, up) = (Levels::new(x, MOST_LEVELS), Levels::new(y, MOST_LEVELS));
    let mut times = vec![0u64; across.count() * up.count()];
    for (&i, &j) in across.of_row.iter().zip(&up.of_row) {
        times[j as usize * across.count() + i as usize] += 1;
    }
    let width = across.count().max(1);
    let cell = |(at, &n): (usize, &u64)| ((at % width) as u32, (at / width) as u32, n as f64);
    let marks =
        vec![Mark::Cells { name: "Rows".to_owned(), cells: times.iter().enumerate().map(cell).collect() }];
    let (x_axis, y_axis) = (category_axis(&x.name, across.names), category_axis(&y.name, up.names));
    let chart = Chart { x: x_axis, y: y_axis, marks, ..Chart::default() };
    Ok(reported(given, &format!("Rows by {} and {}", x.name, y.name), chart, table.rows))
}
