//! Numbers along an axis, joined by lines.

use super::drawn::{
    Notes, ORDERED, axis, check_ordered, declared, ordered, plain_axis, reported, title_field,
};
use super::levels::Levels;
use crate::kind::aggregate::Function;
use crate::kind::{
    Chart, Done, Example, FieldSpec, Finding, Given, Inputs, KindSpec, Mark, Operation, input, wanted,
};
use crate::numeric::count;
use crate::table::{Column, ColumnType};
use serde_json::json;

/// `chart.line`
pub(in crate::kind) struct LineChart;

const POINTS: i64 = 1_000;
const LINES: usize = 10;
const FUNCTIONS: [Function; 5] =
    [Function::Mean, Function::Sum, Function::Median, Function::Min, Function::Max];

impl Operation for LineChart {
    fn spec(&self) -> KindSpec {
        let help = "Draws numbers along time, or along another number, as lines.";
        let mut spec = declared("chart.line", "Line chart", help);
        spec.more = "Values at the same place become one. More than 1,000 places are cut into as many equal \
                     stretches, and the values of each become one; the chart says so."
            .to_owned();
        spec.words = "time series trend curve over time".to_owned();
        spec.fields = vec![
            FieldSpec::column("x", "Along", "Dates or numbers.", &ORDERED).required(),
            FieldSpec::columns(
                "y",
                "Lines",
                "Columns of numbers, each a line; at most ten.",
                &[ColumnType::Numeric, ColumnType::Boolean, ColumnType::Id, ColumnType::Constant],
            )
            .required(),
            FieldSpec::column("by", "Line for each", "Each value of this column has a line of its own.", &[]),
            FieldSpec::new(
                "function",
                "Several values",
                "How values at the same place become one.",
                Function::choice(Some(&FUNCTIONS)),
            ),
            FieldSpec::integer(
                "points",
                "Most points",
                "Of a line; more are put together.",
                POINTS,
                (10, 20_000),
                (100, 5_000),
            )
            .unit("points")
            .advanced(),
            title_field(),
        ];
        spec.example = Some(Example::new(
            &[("table", "day,sold\n2024-01-01,3\n2024-01-02,5\n2024-01-02,7\n2024-01-03,4\n")],
            json!({"x": "day", "y": ["sold"]}),
            "A line over three days; the second has the mean of two values, 6.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let x =
            ordered(given, table, "x", "Choose a column of dates or numbers; a bar chart shows categories.")?;
        let mut ys = wanted::columns(table, &given.names("y"), "y")?;
        for y in ys.iter().filter(|y| y.ty != ColumnType::Boolean) {
            check_ordered(y, "y", "Choose columns of numbers.")?;
        }
        let by = given.text("by");
        let levels = if by.is_empty() {
            Levels::one(table.rows, "")
        } else {
            Levels::of_colours(wanted::column(table, &by, "by")?)
        };
        let mut notes = Notes::default();
        let most_columns = (LINES / levels.count().max(1)).max(1);
        if ys.len() > most_columns {
            notes.push(format!("The first {most_columns} of {} columns.", ys.len()));
            ys.truncate(most_columns);
        }
        let function = Function::from_id(&given.text("function"));
        let most = given.integer("points").unwrap_or(POINTS).clamp(2, 20_000) as usize;
        let places = Places::new(x, most);
        if places.stretches.is_some() {
            let (all, most) = (count(places.distinct as u64), count(most as u64));
            notes.push(format!(
                "{all} different values of {} in {most} stretches: {} of each.",
                x.name,
                function.title().to_lowercase()
            ));
        }
        let mut marks = Vec::new();
        for y in &ys {
            for (at, name) in levels.names.iter().enumerate() {
                let name = match (by.is_empty(), ys.len()) {
                    (true, _) => y.name.clone(),
                    (false, 1) => name.clone(),
                    (false, _) => format!("{}, {name}", y.name),
                };
                let points = places.line(x, y, &levels.of_row, at as u32, function);
                marks.push(Mark::Line { name, points, band: Vec::new() });
            }
        }
        notes.without((0..table.rows).filter(|&row| x.number(row).is_none()).count());
        let names: Vec<&str> = ys.iter().map(|y| y.name.as_str()).collect();
        let names = names.join(", ");
        let title = format!("{names} by {}", x.name);
        let chart =
            Chart { x: axis(x), y: plain_axis(&names), marks, note: notes.joined(), ..Chart::default() };
        Ok(reported(given, &title, chart, table.rows))
    }
}

/// Rows in the order of x, and the stretches that x is cut into where it has too many values.
struct Places {
    order: Vec<u32>,
    /// Different values of x.
    distinct: usize,
    /// The smallest x, the range and the number of stretches.
    stretches: Option<(f64, f64, usize)>,
}

impl Places {
    fn new(x: &Column, most: usize) -> Self {
        let mut pairs: Vec<(f64, u32)> =
            (0..x.len()).filter_map(|row| Some((x.number(row)?, row as u32))).collect();
        // Rows of one place keep their order, so that sums are the same everywhere.
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let distinct = pairs.chunk_by(|a, b| a.0 == b.0).count();
        let ends = pairs.first().zip(pairs.last()).map(|(a, b)| (a.0, b.0 - a.0));
        let stretches =
            ends.filter(|e| distinct > most && e.1.is_finite()).map(|(from, range)| (from, range, most));
        Self { order: pairs.into_iter().map(|p| p.1).collect(), distinct, stretches }
    }

    /// What tells places apart: x itself, or the stretch that it lies in.
    fn key(&self, x: f64) -> f64 {
        match self.stretches {
            Some((from, range, most)) => ((x - from) / range * most as f64).floor().min(most as f64 - 1.0),
            None => x,
        }
    }

    /// The points of the rows of one level.
    fn line(
        &self,
        x: &Column,
        y: &Column,
        levels: &[u32],
        level: u32,
        function: Function,
    ) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut close = |xs: &mut Vec<f64>, ys: &mut Vec<f64>| {
            let point = (Function::Mean.of(xs), function.of(ys));
            // Sums of the largest numbers are none, and neither is the mean of nothing.
            if point.0.is_finite() && point.1.is_finite() {
                points.push(point);
            }
            xs.clear();
            ys.clear();
        };
        let mut last = None;
        for &row in self.order.iter().filter(|&&row| levels[row as usize] == level) {
            let (Some(at), Some(value)) = (x.number(row as usize), y.number(row as usize)) else { continue };
            let key = self.key(at);
            if last != Some(key) {
                close(&mut xs, &mut ys);
                last = Some(key);
            }
            // The mean of equal places is that place, without rounding.
            if self.stretches.is_some() || xs.is_empty() {
                xs.push(at);
            }
            ys.push(value);
        }
        close(&mut xs, &mut ys);
        points
    }
}
