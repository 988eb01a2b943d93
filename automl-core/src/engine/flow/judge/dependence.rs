//! Partial dependence (Friedman, 2001): the mean prediction when one column has the same value in all rows.

use super::{at_port, axis, categories, sample};
use crate::diagnostic::Diagnostic;
use crate::engine::artifact::{numbers, texts};
use crate::engine::flow::batch::{Batch, Place, Said};
use crate::engine::flow::value::{TableValue, TrainedModel, Value};
use crate::engine::flow::work::{Begun, Ran, RunResult, Work};
use crate::kind::{Axis, AxisScale, Chart, Finding, Given, Mark, Report};
use crate::numeric::{mean, sort_few_by_key};
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, Table, Values};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Classes with a line each.
const MOST_CLASSES: usize = 10;

/// A value of the grid, with its place on the chart.
struct Point {
    value: Cell,
    x: f64,
    text: String,
}

#[derive(Clone, Copy)]
enum Cell {
    Number(f64),
    Truth(bool),
    Level(u32),
    Time(i64),
}

struct Varying {
    model: Arc<TrainedModel>,
    table: Table,
    /// Place of the column.
    at: usize,
    grid: Vec<Point>,
    /// Points that the batch under way is of.
    asked: usize,
    /// Of each point and output: the mean, and what a tenth of the rows is below and above.
    lines: Vec<Vec<(f64, f64, f64)>>,
    findings: Vec<Finding>,
}

/// # Errors
/// A table or a column that does not suit.
pub(in crate::engine::flow) fn dependence(
    model: Arc<TrainedModel>,
    table: &Table,
    given: &Given<'_>,
) -> Result<Begun, Vec<Finding>> {
    let name = given.text("column");
    let refused = |code: &str, message: String, remedy: &str| {
        vec![Finding::at_param("column", Diagnostic::error(code, message, remedy).at_column(&name))]
    };
    let found = model.artifact.check(table).map_err(at_port("table"))?;
    if !model.artifact.header().inputs.iter().any(|f| f.column == name) {
        let message = format!("The model does not read the column \"{name}\".");
        return Err(refused("dependence.not_read", message, "Choose a column that it was trained on."));
    }
    let Some(at) = table.column_index(&name) else {
        let message = format!("There is no column \"{name}\" in the table that comes in.");
        return Err(refused("param.no_column", message, "Choose another column."));
    };
    let count = |name: &str, usual: usize| {
        given.integer(name).and_then(|n| usize::try_from(n).ok()).unwrap_or(usual).max(2)
    };
    let grid = grid(&table.columns[at], count("points", 20));
    if grid.is_empty() {
        let message =
            format!("The values of \"{name}\" cannot be varied: they are free text, or all missing.");
        return Err(refused(
            "dependence.no_grid",
            message,
            "Choose a column of numbers, dates or categories.",
        ));
    }
    let rows = sample(table.rows, count("rows", 500), given.integer("seed").unwrap_or(0) as u64);
    Ok(Begun::Long(Box::new(Varying {
        model,
        table: table.take(&rows),
        at,
        grid,
        asked: 0,
        lines: Vec::new(),
        findings: found.into_iter().map(|d| Finding::at_port("table", d)).collect(),
    })))
}

/// Quantiles of numbers and dates, and the most frequent categories.
fn grid(column: &Column, points: usize) -> Vec<Point> {
    let point = |value: Cell, x: f64, text: String| Point { value, x, text };
    match &column.values {
        Values::F32(_) | Values::F64(_) | Values::Time(_) => {
            let mut values: Vec<f64> = (0..column.len()).filter_map(|r| column.number(r)).collect();
            values.sort_unstable_by(f64::total_cmp);
            let last = values.len().saturating_sub(1);
            let mut chosen: Vec<f64> =
                (0..points).filter_map(|i| values.get(i * last / (points - 1)).copied()).collect();
            chosen.dedup();
            let is_time = matches!(column.values, Values::Time(_));
            let cell = |v: f64| if is_time { Cell::Time(v as i64) } else { Cell::Number(v) };
            chosen.into_iter().map(|v| point(cell(v), v, v.to_string())).collect()
        }
        Values::Bool { labels, .. } => vec![
            point(Cell::Truth(false), 0.0, labels[0].clone()),
            point(Cell::Truth(true), 1.0, labels[1].clone()),
        ],
        Values::Dict { codes, levels } => {
            let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
            codes.iter().filter(|c| **c != MISSING_CODE).for_each(|c| *rows.entry(*c).or_default() += 1);
            let mut rows: Vec<(u32, usize)> = rows.into_iter().collect();
            sort_few_by_key(&mut rows, |r| std::cmp::Reverse(r.1));
            rows.truncate(points);
            let level = |code: u32| levels.get(code as usize).cloned().unwrap_or_default();
            let at = |(i, (code, _)): (usize, (u32, usize))| point(Cell::Level(code), i as f64, level(code));
            rows.into_iter().enumerate().map(at).collect()
        }
        Values::Text(_) => Vec::new(),
    }
}

/// The column with one value in so many rows, and then the next.
fn constants(column: &Column, points: &[Point], rows: usize) -> Column {
    /// `None` in place of a value of another kind: a grid is of its own column.
    fn each<T: Clone>(points: &[Point], rows: usize, value: impl Fn(Cell) -> Option<T>) -> Vec<T> {
        points.iter().filter_map(|p| value(p.value)).flat_map(|v| std::iter::repeat_n(v, rows)).collect()
    }
    let values = match &column.values {
        Values::Time(_) => {
            Values::Time(each(points, rows, |c| if let Cell::Time(v) = c { Some(v) } else { None }))
        }
        Values::Bool { labels, .. } => {
            let truths = each(points, rows, |c| if let Cell::Truth(v) = c { Some(v) } else { None });
            Values::Bool {
                missing: BitMask::zeros(truths.len()),
                values: truths.into_iter().collect(),
                labels: labels.clone(),
            }
        }
        Values::Dict { levels, .. } => Values::Dict {
            codes: each(points, rows, |c| if let Cell::Level(v) = c { Some(v) } else { None }),
            levels: levels.clone(),
        },
        // Free text has no grid.
        Values::F32(_) | Values::F64(_) | Values::Text(_) => {
            Values::F64(each(points, rows, |c| if let Cell::Number(v) = c { Some(v) } else { None }))
        }
    };
    Column { values, ..column.clone() }
}

/// Mean, and the 10 % and 90 % quantiles.
fn summary(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |share: usize| values.get(last * share / 10).copied().unwrap_or(f64::NAN);
    (mean(&values), at(1), at(9))
}

impl Work for Varying {
    fn batch(&mut self, place: Place) -> Option<Batch> {
        let left = &self.grid[self.lines.len()..];
        if left.is_empty() {
            return None;
        }
        let rows = self.table.rows;
        let points = &left[..left.len().min((place.rows(&self.table) / rows.max(1)).max(1))];
        let as_they_are: Vec<u32> = points.iter().flat_map(|_| 0..rows as u32).collect();
        let column = |(at, column): (usize, &Column)| {
            if at == self.at { constants(column, points, rows) } else { column.take(&as_they_are) }
        };
        let columns = self.table.columns.iter().enumerate().map(column).collect();
        let table = Arc::new(Table { columns, rows: as_they_are.len() });
        self.asked = points.len();
        Some(Batch::whole(&self.model, table))
    }

    fn take(&mut self, said: Said) -> Result<(), Vec<Finding>> {
        let all = self.model.artifact.header().outputs();
        let shown = self.outputs();
        let cells = self.table.rows * all;
        for point in 0..self.asked {
            let said = said.values.get(point * cells..(point + 1) * cells).unwrap_or_default();
            let of_output = |j: usize| said.iter().skip(j).step_by(all.max(1)).copied().collect();
            self.lines.push(shown.clone().map(|j| summary(of_output(j))).collect());
        }
        Ok(())
    }

    fn finish(&mut self) -> RunResult {
        Ok(self.ran())
    }

    fn share(&self) -> f64 {
        self.lines.len() as f64 / self.grid.len().max(1) as f64
    }
}

impl Varying {
    /// The outputs that are shown: the second of two classes, or each of several.
    fn outputs(&self) -> std::ops::Range<usize> {
        match self.model.artifact.header().classes.len() {
            0 => 0..1,
            2 => 1..2,
            n => 0..n.min(MOST_CLASSES),
        }
    }

    fn ran(&mut self) -> Ran {
        let header = self.model.artifact.header();
        let names: Vec<String> = self
            .outputs()
            .map(|j| header.classes.get(j).cloned().unwrap_or_else(|| "prediction".to_owned()))
            .collect();
        let column = &self.table.columns[self.at];
        let is_number = matches!(column.values, Values::F32(_) | Values::F64(_));
        let first = match &column.values {
            Values::Time(_) => Column {
                name: column.name.clone(),
                ty: ColumnType::Datetime,
                values: Values::Time(self.grid.iter().map(|p| p.x as i64).collect()),
                spellings: Vec::new(),
            },
            _ if is_number => numbers(&column.name, self.grid.iter().map(|p| p.x).collect()),
            _ => texts(&column.name, self.grid.iter().map(|p| p.text.clone()).collect()),
        };
        let mut table = Table { columns: vec![first], rows: self.grid.len() };
        let mut marks = Vec::new();
        for (j, name) in names.iter().enumerate() {
            let of = |pick: fn(&(f64, f64, f64)) -> f64| {
                self.lines.iter().map(|l| pick(&l[j])).collect::<Vec<f64>>()
            };
            let (centre, low, high) = (of(|l| l.0), of(|l| l.1), of(|l| l.2));
            marks.push(Mark::Line {
                name: name.clone(),
                points: self.grid.iter().map(|p| p.x).zip(centre.iter().copied()).collect(),
                // Bands of several classes would cover each other.
                band: if names.len() == 1 {
                    low.iter().copied().zip(high.iter().copied()).collect()
                } else {
                    Vec::new()
                },
            });
            for (suffix, values) in [("", centre), ("_low", low), ("_high", high)] {
                let name = crate::engine::flow::sketch::free_name(&table, &format!("{name}{suffix}"));
                table.columns.push(numbers(&name, values));
            }
        }
        let report = self.report(&names, marks);
        let value = TableValue { table: Arc::new(table), read: Arc::default() };
        let findings = std::mem::take(&mut self.findings);
        Ran { values: vec![Value::Table(value), Value::Report(Arc::new(report))], findings }
    }

    fn report(&self, names: &[String], marks: Vec<Mark>) -> Report {
        let header = self.model.artifact.header();
        let column = &self.table.columns[self.at];
        let x = match &column.values {
            Values::Time(_) => Axis { title: column.name.clone(), scale: AxisScale::Time },
            Values::Bool { .. } | Values::Dict { .. } => {
                categories(&column.name, self.grid.iter().map(|p| p.text.clone()).collect())
            }
            _ => axis(&column.name),
        };
        let y = match names {
            [one] if !header.classes.is_empty() => format!("Probability of {one}"),
            [_] => format!("Prediction of {}", header.target),
            _ => "Probability".to_owned(),
        };
        let chart = Chart {
            title: format!("How predictions change with {}", column.name),
            x,
            y: axis(&y),
            marks,
            note: "The line is the mean over rows; between the ends of the band lie eight rows in ten."
                .to_owned(),
        };
        Report {
            title: format!("Dependence on {}", column.name),
            text: Vec::new(),
            charts: vec![chart],
            listings: Vec::new(),
        }
    }
}
