//! What charts share: their declaration, axes, samples of rows and notes.

use crate::diagnostic::Diagnostic;
use crate::kind::keys::{Family, family};
use crate::kind::stack::is_blank;
use crate::kind::{
    Axis, AxisScale, Chart, Done, FieldSpec, Finding, Given, Group, KindSpec, PortSpec, PortType, Report,
    Rows, wanted,
};
use crate::numeric::{Rng, count};
use crate::table::{Column, ColumnType, Table};

/// Types whose values may have a place along an axis.
pub(super) const ORDERED: [ColumnType; 4] =
    [ColumnType::Numeric, ColumnType::Datetime, ColumnType::Id, ColumnType::Constant];

/// A kind from a table to a report with one chart.
pub(super) fn declared(id: &str, title: &str, help: &str) -> KindSpec {
    let mut spec = KindSpec::new(id, title, Group::Look, Rows::Together, help);
    spec.outputs = vec![PortSpec::new("report", "Chart", PortType::Report)];
    spec
}

pub(super) fn title_field() -> FieldSpec {
    FieldSpec::text("title", "Title", "Of the chart; empty for one made of the columns.", "").advanced()
}

/// A report of one chart, its title as given or else `usual`.
pub(super) fn reported(given: &Given<'_>, usual: &str, mut chart: Chart, rows: usize) -> Done {
    let own = given.text("title");
    chart.title = if own.trim().is_empty() { usual.to_owned() } else { own };
    let title = chart.title.clone();
    let has_marks = chart.marks.iter().any(has_something);
    let mut findings = Vec::new();
    if !has_marks && rows > 0 {
        let message = "There is nothing to draw: no row has all of the values that the chart needs.";
        let remedy = "Choose other columns, or fill their missing values before.";
        findings.push(Finding::from(Diagnostic::warning("chart.empty", message, remedy)));
    }
    let text = if rows == 0 { vec!["The table has no rows.".to_owned()] } else { Vec::new() };
    Done { findings, ..Done::report(Report { title, text, charts: vec![chart], listings: Vec::new() }) }
}

fn has_something(mark: &crate::kind::Mark) -> bool {
    use crate::kind::Mark::{Bars, Boxes, Cells, Line, Points};
    match mark {
        Bars { bars, .. } => !bars.is_empty(),
        Points { points, .. } | Line { points, .. } => !points.is_empty(),
        Boxes { boxes, .. } => !boxes.is_empty(),
        Cells { cells, .. } => !cells.is_empty(),
    }
}

/// The column that a parameter names, whose values have a place along an axis.
///
/// # Errors
/// A column that is not there or holds words; `instead` says what draws those.
pub(super) fn ordered<'a>(
    given: &Given<'_>,
    table: &'a Table,
    param: &str,
    instead: &str,
) -> Result<&'a Column, Vec<Finding>> {
    let column = wanted::column(table, &given.text(param), param)?;
    check_ordered(column, param, instead)?;
    Ok(column)
}

/// See [`ordered`].
pub(super) fn check_ordered(column: &Column, param: &str, instead: &str) -> Result<(), Vec<Finding>> {
    // A column without any value is kept as words, and gives an empty chart.
    if family(column) != Family::Words || is_blank(column) {
        return Ok(());
    }
    let message = format!(
        "Column \"{}\" is {}: its values have no place along an axis.",
        column.name,
        column.ty.name()
    );
    Err(wanted::error(param, "chart.column_type", message, instead))
}

/// The axis of a column.
pub(super) fn axis(column: &Column) -> Axis {
    let is_time = family(column) == Family::Times;
    Axis { title: column.name.clone(), scale: if is_time { AxisScale::Time } else { AxisScale::Linear } }
}

pub(super) fn plain_axis(title: &str) -> Axis {
    Axis { title: title.to_owned(), scale: AxisScale::Linear }
}

pub(super) fn category_axis(title: &str, names: Vec<String>) -> Axis {
    Axis { title: title.to_owned(), scale: AxisScale::Category { names } }
}

/// At most `most` of these rows, chosen at random, in their order.
pub(super) fn sampled(mut rows: Vec<u32>, most: usize, seed: u64) -> Vec<u32> {
    if rows.len() <= most {
        return rows;
    }
    let mut rng = Rng::new(seed);
    for i in 0..most {
        let j = i + rng.below(rows.len() - i);
        rows.swap(i, j);
    }
    rows.truncate(most);
    rows.sort_unstable();
    rows
}

/// Notes as one text.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    pub(super) fn push(&mut self, note: String) {
        self.0.push(note);
    }

    /// Rows that are not drawn for want of a value.
    pub(super) fn without(&mut self, rows: usize) {
        if rows > 0 {
            let are = if rows == 1 { "row is" } else { "rows are" };
            self.push(format!("{} {are} not drawn, as a value is missing.", count(rows as u64)));
        }
    }

    pub(super) fn sample(&mut self, drawn: usize, all: usize) {
        if drawn < all {
            self.push(format!("{} of {} rows, chosen at random.", count(drawn as u64), count(all as u64)));
        }
    }

    pub(super) fn joined(self) -> String {
        self.0.join(" ")
    }
}

/// A number as people read it: four digits that matter.
pub(super) fn short(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{x:.3e}");
    }
    if size >= 1000.0 {
        let sign = if x < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(size.round() as u64));
    }
    let digits = if size >= 100.0 {
        1
    } else if size >= 10.0 {
        2
    } else if size >= 1.0 {
        3
    } else if size >= 0.1 {
        4
    } else if size >= 0.01 {
        5
    } else {
        6
    };
    let text = format!("{x:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let check = |x: f64, expected: &str| assert_eq!(short(x), expected);
        check(0.0, "0");
        check(1.0, "1");
        check(2.0 / 3.0, "0.6667");
        check(-12.3456, "-12.35");
        check(123_456.7, "123,457");
        check(-1234.5, "-1,235");
        check(1e12, "1.000e12");
        check(0.001234567, "0.001235");
        check(0.00001, "1.000e-5");
    }

    #[test]
    fn samples_are_of_the_rows_and_repeat() {
        let rows: Vec<u32> = (0..1000).collect();
        let some = sampled(rows.clone(), 50, 7);
        assert_eq!((some.len(), &some), (50, &sampled(rows.clone(), 50, 7)));
        assert!(some.windows(2).all(|w| w[0] < w[1]) && some[49] < 1000);
        assert_ne!(some, sampled(rows.clone(), 50, 8));
        assert_eq!(sampled(rows.clone(), 1000, 7), rows);
    }
}
