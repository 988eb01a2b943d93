//! How the values of a column are spread.

use super::bins::{counted, edges};
use super::drawn::{Notes, ORDERED, axis, declared, ordered, plain_axis, reported, title_field};
use super::levels::Levels;
use crate::kind::keys::{Family, Members, family};
use crate::kind::{
    Bar, Chart, Done, Example, FieldKind, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation,
    input, wanted,
};
use serde_json::json;

/// `chart.histogram`
pub(in crate::kind) struct Histogram;

impl Operation for Histogram {
    fn spec(&self) -> KindSpec {
        let help = "Shows how often small, middling and large values are in a column.";
        let mut spec = declared("chart.histogram", "Histogram", help);
        spec.more = "The width of the bars follows from the spread of the middle half of the values and their number \
                     (Freedman and Diaconis), and is made a round number."
            .to_owned();
        spec.words = "distribution frequency bins spread density".to_owned();
        let bins =
            FieldKind::Integer { default: None, min: 1, max: 500, soft: (5, 100), unit: "bins".to_owned() };
        spec.fields = vec![
            FieldSpec::column("column", "Column", "Numbers or dates.", &ORDERED).required(),
            FieldSpec::column("colour", "Colour by", "Draws the rows of each value by themselves.", &[]),
            FieldSpec::new("bins", "Bins", "How many; empty for as many as suit the values.", bins)
                .advanced(),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "age\n23\n31\n35\n38\n41\n44\n52\n67\n")],
            json!({"column": "age", "bins": 4}),
            "Four bars; half of the people are between 34 and 45.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let column = ordered(given, table, "column", "A bar chart counts them.")?;
        let colour = given.text("colour");
        let levels = if colour.is_empty() {
            Levels::one(table.rows, &column.name)
        } else {
            Levels::of_colours(wanted::column(table, &colour, "colour")?)
        };
        let mut values: Vec<f64> = (0..table.rows).filter_map(|row| column.number(row)).collect();
        let wished = given.integer("bins").map(|n| n.clamp(1, 500) as usize);
        let edges = edges(&mut values, wished, family(column) == Family::Times);
        let members = Members::new(&levels.of_row, levels.count());
        let mut marks = Vec::new();
        for (name, rows) in levels.names.iter().zip(members.iter()) {
            let counts = counted(rows.iter().filter_map(|&row| column.number(row as usize)), &edges);
            let bar = |(at, count): (&[f64], u64)| Bar { from: at[0], to: at[1], value: count as f64 };
            let bars = edges.windows(2).zip(counts).map(bar).collect();
            marks.push(Mark::Bars { name: name.clone(), bars });
        }
        let mut notes = Notes::default();
        notes.without(table.rows - values.len());
        let chart =
            Chart { x: axis(column), y: plain_axis("Rows"), marks, note: notes.joined(), ..Chart::default() };
        Ok(reported(given, &format!("How {} is spread", column.name), chart, table.rows))
    }
}
