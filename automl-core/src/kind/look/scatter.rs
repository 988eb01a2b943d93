//! Two columns against each other, a point a row.

use super::drawn::{Notes, ORDERED, axis, declared, ordered, reported, sampled, title_field};
use super::levels::Levels;
use crate::kind::{
    Chart, Done, Example, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation, input, wanted,
};
use serde_json::json;

/// `chart.scatter`
pub(in crate::kind) struct Scatter;

const POINTS: i64 = 2_000;

impl Operation for Scatter {
    fn spec(&self) -> KindSpec {
        let help = "Draws a point for each row, to see how two columns go together.";
        let mut spec = declared("chart.scatter", "Scatter plot", help);
        spec.more = "Of large tables a sample of the rows is drawn, and the chart says so.".to_owned();
        spec.words = "points xy cloud relation plot".to_owned();
        spec.fields = vec![
            FieldSpec::column("x", "Across", "Numbers or dates.", &ORDERED).required(),
            FieldSpec::column("y", "Up", "Numbers or dates.", &ORDERED).required(),
            FieldSpec::column("colour", "Colour by", "Gives each value a colour; at most ten.", &[]),
            FieldSpec::integer(
                "points",
                "Most points",
                "Of more rows a sample is drawn.",
                POINTS,
                (10, 20_000),
                (100, 10_000),
            )
            .unit("points")
            .advanced(),
            FieldSpec::integer(
                "seed",
                "Seed",
                "Another number gives another sample.",
                0,
                (0, 1_000_000_000),
                (0, 100),
            )
            .advanced(),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "area,price,garden\n50,210,no\n62,250,no\n80,340,yes\n95,390,yes\n")],
            json!({"x": "area", "y": "price", "colour": "garden"}),
            "Four points in two colours: larger flats cost more.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let instead = "Choose a column of numbers or dates; a box plot shows numbers by category.";
        let (x, y) = (ordered(given, table, "x", instead)?, ordered(given, table, "y", instead)?);
        let colour = given.text("colour");
        let levels = if colour.is_empty() {
            Levels::one(table.rows, &y.name)
        } else {
            Levels::of_colours(wanted::column(table, &colour, "colour")?)
        };
        let whole = |row: u32| x.number(row as usize).is_some() && y.number(row as usize).is_some();
        let rows: Vec<u32> = (0..table.rows as u32).filter(|&row| whole(row)).collect();
        let all = rows.len();
        let most = given.integer("points").unwrap_or(POINTS).clamp(1, 20_000) as usize;
        let rows = sampled(rows, most, given.integer("seed").unwrap_or(0) as u64);
        let mut points = vec![Vec::new(); levels.count()];
        for &row in &rows {
            if let (Some(x), Some(y)) = (x.number(row as usize), y.number(row as usize)) {
                points[levels.of_row[row as usize] as usize].push((x, y));
            }
        }
        let marks = levels.names.iter().zip(points);
        let marks = marks.map(|(name, points)| Mark::Points { name: name.clone(), points }).collect();
        let mut notes = Notes::default();
        notes.sample(rows.len(), all);
        notes.without(table.rows - all);
        let chart = Chart { x: axis(x), y: axis(y), marks, note: notes.joined(), ..Chart::default() };
        Ok(reported(given, &format!("{} by {}", y.name, x.name), chart, table.rows))
    }
}
