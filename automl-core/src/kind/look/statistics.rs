//! All columns in a few numbers each.

use super::drawn::short;
use super::summary::Summary;
use crate::kind::build::{numbers, texts, times};
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Listing, Made, Operation, PortSpec,
    PortType, Report, Rows, input, wanted,
};
use crate::numeric::{count, percent};
use crate::table::{Column, ColumnType, MISSING_TIME, Table, Values};
use serde_json::json;

/// `table.statistics`
pub(in crate::kind) struct Statistics;

/// Longest value that is shown, in characters.
const LONGEST: usize = 60;

impl Operation for Statistics {
    fn spec(&self) -> KindSpec {
        let help = "Describes each column: how many values, how many missing, the mean, the spread, the most frequent.";
        let mut spec = KindSpec::new("table.statistics", "Statistics", Group::Look, Rows::Together, help);
        spec.more = "The table that comes out has a row for each column and can be used further; the report shows the \
                     same to read."
            .to_owned();
        spec.words = "describe summary profile overview mean quartiles missing".to_owned();
        spec.outputs = vec![PortSpec::table(), PortSpec::new("report", "Report", PortType::Report)];
        spec.fields = vec![
            FieldSpec::columns("columns", "Columns", "Which columns; without any, all.", &[]).advanced(),
        ];
        spec.example = Some(Example::new(
            &[("table", "age,town\n31,Bern\n45,Lyon\n28,Bern\n")],
            json!({}),
            "Two rows: age with mean 34.67, town with Bern as the most frequent value.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let mut columns = wanted::columns(table, &given.names("columns"), "columns")?;
        if columns.is_empty() {
            columns = table.columns.iter().collect();
        }
        let described: Vec<Described> =
            columns.iter().map(|&column| Described { column, summary: Summary::new(column) }).collect();
        let outputs = vec![Made::Table(tabled(&described)), Made::Report(reported(table.rows, &described))];
        Ok(Done { outputs, findings: Vec::new() })
    }
}

struct Described<'a> {
    column: &'a Column,
    summary: Summary,
}

impl Described<'_> {
    fn is_time(&self) -> bool {
        matches!(self.column.values, Values::Time(_))
    }

    fn most_frequent(&self) -> Option<String> {
        let (row, _) = self.summary.most_frequent?;
        Some(self.column.text(row as usize)?.chars().take(LONGEST).collect())
    }

    /// A number, or where dates are a date, as it is read.
    fn shown(&self, x: f64) -> String {
        if !x.is_finite() {
            return String::new();
        }
        if !self.is_time() {
            return short(x);
        }
        let values = Values::Time(vec![x.round() as i64]);
        let one = Column { name: String::new(), ty: ColumnType::Datetime, values, spellings: Vec::new() };
        one.text(0).map_or(String::new(), |t| t.into_owned())
    }
}

/// One row a column. Means and quantiles are of numbers; of dates the first and the last have columns of their own.
fn tabled(described: &[Described]) -> Table {
    let number = |name: &str, of: &dyn Fn(&Summary) -> f64| {
        numbers(name, described.iter().map(|d| of(&d.summary)).collect())
    };
    let measure = |name: &str, of: &dyn Fn(&Summary) -> f64| {
        let value = |d: &Described| if d.is_time() { f64::NAN } else { of(&d.summary) };
        numbers(name, described.iter().map(value).collect())
    };
    let date = |name: &str, at: usize| {
        let value = |d: &Described| {
            let t = d.summary.quantiles[at];
            if d.is_time() && !t.is_nan() { t as i64 } else { MISSING_TIME }
        };
        times(name, described.iter().map(value).collect())
    };
    let frequent: Vec<Option<String>> = described.iter().map(Described::most_frequent).collect();
    let names = described.iter().map(|d| Some(d.column.name.as_str()));
    let types = described.iter().map(|d| Some(d.column.ty.name()));
    let columns = vec![
        texts("column", ColumnType::Text, names),
        texts("type", ColumnType::Categorical, types),
        number("count", &|s| s.count as f64),
        number("missing", &|s| s.missing as f64),
        number("distinct", &|s| s.distinct as f64),
        measure("mean", &|s| s.mean),
        measure("sd", &|s| s.sd),
        measure("min", &|s| s.quantiles[0]),
        measure("quartile_1", &|s| s.quantiles[1]),
        measure("median", &|s| s.quantiles[2]),
        measure("quartile_3", &|s| s.quantiles[3]),
        measure("max", &|s| s.quantiles[4]),
        date("earliest", 0),
        date("latest", 4),
        texts("most_frequent", ColumnType::Text, frequent.iter().map(Option::as_deref)),
        number("most_frequent_count", &|s| s.most_frequent.map_or(0.0, |m| m.1 as f64)),
    ];
    Table { columns, rows: described.len() }
}

fn reported(rows: usize, described: &[Described]) -> Report {
    let heads = [
        ("Column", false),
        ("Type", false),
        ("Missing", true),
        ("Distinct", true),
        ("Mean", true),
        ("SD", true),
        ("Min", true),
        ("25 %", true),
        ("Median", true),
        ("75 %", true),
        ("Max", true),
        ("Most frequent", false),
    ];
    let row = |d: &Described| {
        let s = &d.summary;
        let frequent = d.most_frequent().zip(s.most_frequent).filter(|(_, (_, n))| *n > 1);
        // A spread of dates is in milliseconds, which nobody reads.
        let sd = if d.is_time() { String::new() } else { d.shown(s.sd) };
        let mut cells = vec![d.column.name.clone(), d.column.ty.name().to_owned()];
        cells.extend([count(s.missing as u64), count(s.distinct as u64), d.shown(s.mean), sd]);
        cells.extend(s.quantiles.iter().map(|&q| d.shown(q)));
        cells.push(frequent.map_or(String::new(), |(text, (_, n))| format!("{text} ({})", count(n as u64))));
        cells
    };
    let missing: usize = described.iter().map(|d| d.summary.missing).sum();
    let cells = rows * described.len();
    let share = if cells == 0 { 0.0 } else { missing as f64 / cells as f64 };
    let text = format!(
        "{} rows, {} columns; {} of the values are missing.",
        count(rows as u64),
        count(described.len() as u64),
        percent(share)
    );
    Report {
        title: "Statistics".to_owned(),
        text: vec![text],
        charts: Vec::new(),
        listings: vec![Listing {
            title: "Columns".to_owned(),
            columns: heads.iter().map(|h| h.0.to_owned()).collect(),
            numeric: heads.iter().map(|h| h.1).collect(),
            rows: described.iter().map(row).collect(),
        }],
    }
}
