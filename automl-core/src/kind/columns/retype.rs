//! Columns read as another type, each value by itself.
//!
//! Readers of files guess from whole columns which comes first, day or month, and what the decimal mark is. Here that
//! is told, so that a row gives the same whatever other rows there are.

use super::select::TYPES;
use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use crate::table::{Column, ColumnType, Decimal, MISSING_CODE, MISSING_TIME, Table, Values, infer, number};
use serde_json::json;

pub(crate) struct Retype;

impl Operation for Retype {
    fn spec(&self) -> KindSpec {
        let entry = vec![
            FieldSpec::column("column", "Column", "The column.", &[]).required(),
            FieldSpec::choice("type", "Type", "What it is to be.", &TYPES),
            FieldSpec::choice(
                "decimal",
                "Decimal mark",
                "What stands before the decimals.",
                &[("point", "Point: 1.5"), ("comma", "Comma: 1,5")],
            )
            .advanced()
            .only_if("type", &[json!("numeric")]),
            FieldSpec::choice(
                "order",
                "Day and month",
                "Which comes first in dates such as 03/04/2024; if neither is told, such dates are missing.",
                &[("clear", "Only dates that are clear"), ("day", "The day"), ("month", "The month")],
            )
            .only_if("type", &[json!("datetime")]),
        ];
        KindSpec {
            more: "Values that are none of the type become missing, and how many is told.\nNumbers are read with units \
                   and thousands separators, dates also from seconds or milliseconds since 1970, yes and no from words \
                   such as true, no, 1."
                .to_owned(),
            words: "cast convert type parse as number date category".to_owned(),
            fields: vec![FieldSpec::list("columns", "Columns", "Columns and their types.", "column", entry).required()],
            example: Some(Example::new(
                &[("table", "code,churn\n1,0\n2,1\n1,0\n")],
                json!({"columns": [{"column": "code", "type": "categorical"}, {"column": "churn", "type": "boolean"}]}),
                "The codes are categories, and churn is yes or no.",
            )),
            ..KindSpec::new(
                "table.retype",
                "Change types",
                Group::Columns,
                Rows::Apart,
                "Reads columns as another type.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let mut table: Table = input(inputs, "table")?.clone();
        let mut findings = Vec::new();
        for (i, entry) in given.list("columns").iter().enumerate() {
            let param = format!("columns.{i}.column");
            let name = entry.text("column");
            let Some(column) = table.columns.iter_mut().find(|c| c.name == name) else {
                findings.push(absent(&name, &param));
                continue;
            };
            let (new, found) = retyped(column, entry);
            *column = new;
            findings.extend(found.into_iter().map(|d| Finding::at_param(&param, d)));
        }
        Ok(Done { findings, ..Done::table(table) })
    }
}

fn retyped(column: &Column, entry: &Given<'_>) -> (Column, Vec<Diagnostic>) {
    let wanted = entry.text("type");
    let ty = ColumnType::ALL.into_iter().find(|t| t.name() == wanted).unwrap_or(ColumnType::Numeric);
    match (ty, &column.values) {
        (ColumnType::Numeric, Values::F32(_) | Values::F64(_))
        | (ColumnType::Datetime, Values::Time(_))
        | (ColumnType::Boolean, Values::Bool { .. })
        | (ColumnType::Categorical, Values::Dict { .. }) => (Column { ty, ..column.clone() }, Vec::new()),
        (ColumnType::Numeric, Values::Bool { .. }) => {
            let numbers = (0..column.len()).map(|row| column.number(row).unwrap_or(f64::NAN)).collect();
            (build::numbers(&column.name, numbers), Vec::new())
        }
        (ColumnType::Numeric, _) => {
            let decimal = if entry.text("decimal") == "comma" { Decimal::Comma } else { Decimal::Point };
            let read = |text: &str| number::rich(text, decimal).map(|n| n.value).filter(|x| x.is_finite());
            let (values, unread) = converted(column, read, f64::NAN);
            (
                build::numbers(&column.name, values),
                unread.finding(&column.name, "number").into_iter().collect(),
            )
        }
        (ColumnType::Datetime, _) => dates(column, &entry.text("order")),
        // In their shortest form: how a number was spelt is known only of columns of few values.
        _ => Column { spellings: Vec::new(), ..column.clone() }.retyped(ty),
    }
}

fn dates(column: &Column, order: &str) -> (Column, Vec<Diagnostic>) {
    let unclear = std::cell::Cell::new(false);
    let read = |text: &str| {
        let readings = infer::date_on_request(text)?;
        let one = readings.day_first.or(readings.month_first);
        let both = readings.day_first.is_some() && readings.month_first.is_some();
        match order {
            "day" => readings.day_first,
            "month" => readings.month_first,
            _ if both && readings.day_first != readings.month_first => {
                unclear.set(true);
                None
            }
            _ => one,
        }
    };
    let plain = Column { spellings: Vec::new(), ..column.clone() };
    let (values, unread) = converted(&plain, read, MISSING_TIME);
    let mut found: Vec<Diagnostic> = unread.finding(&column.name, "date").into_iter().collect();
    if unclear.get() {
        let message = format!(
            "Column \"{}\" has dates that can be read both ways round, such as 03/04/2024; they are missing.",
            column.name
        );
        let remedy = "Choose which comes first, the day or the month.";
        found.push(Diagnostic::warning("type.ambiguous_date", message, remedy).at_column(&column.name));
    }
    (build::times(&column.name, values), found)
}

/// What could not be read.
#[derive(Debug, Default)]
struct Unread {
    count: usize,
    /// Row (0-based) and text.
    first: Option<(usize, String)>,
}

impl Unread {
    fn finding(self, name: &str, what: &str) -> Option<Diagnostic> {
        let (row, text) = self.first?;
        let (values, are) = if self.count == 1 { ("value", "is") } else { ("values", "are") };
        let shown: String = text.chars().take(40).collect();
        let message = format!(
            "Column \"{name}\": {} {values} {are} no {what} and {are} taken as missing, first \"{shown}\".",
            self.count
        );
        let remedy = "Correct the values, or choose another type.";
        Some(Diagnostic::warning("type.unparsed", message, remedy).at_column(name).at_row(row as u64 + 1))
    }
}

/// Values by row, read once a level where there are levels.
fn converted<T: Copy>(column: &Column, read: impl Fn(&str) -> Option<T>, missing: T) -> (Vec<T>, Unread) {
    let mut unread = Unread::default();
    let mut values = Vec::with_capacity(column.len());
    let mut push = |row: usize, text: &str, value: Option<T>| {
        if value.is_none() {
            unread.count += 1;
            unread.first.get_or_insert_with(|| (row, text.to_owned()));
        }
        values.push(value.unwrap_or(missing));
    };
    if let Values::Dict { codes, levels } = &column.values {
        let of_level: Vec<Option<T>> = levels.iter().map(|l| read(l)).collect();
        for (row, &code) in codes.iter().enumerate() {
            match of_level.get(code as usize) {
                Some(value) if code != MISSING_CODE => push(row, &levels[code as usize], *value),
                _ => push(row, "", Some(missing)),
            }
        }
    } else {
        for row in 0..column.len() {
            match column.text(row) {
                Some(text) => push(row, &text, read(&text)),
                None => push(row, "", Some(missing)),
            }
        }
    }
    (values, unread)
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, made, run};
    use crate::table::ColumnType;
    use serde_json::{Value, json};

    fn entry(more: Value) -> Value {
        let mut entry = json!({"column": "a"});
        if let (Value::Object(entry), Value::Object(more)) = (&mut entry, more) {
            entry.extend(more);
        }
        json!({"columns": [entry]})
    }

    #[test]
    fn values_are_read_as_the_type() {
        let check = |values: &str, params: Value, ty: ColumnType, expected: &str| {
            let csv =
                format!("a,n\n{}", values.split(' ').map(|v| format!("\"{v}\",1\n")).collect::<String>());
            let table = made("table.retype", &csv, entry(params.clone()));
            assert_eq!(table.columns[0].ty, ty, "{params}");
            let out = run("table.retype", &csv, entry(params));
            let out: Vec<&str> = out.lines().skip(1).map(|l| l.trim_end_matches(",1")).collect();
            assert_eq!(out.join(" "), expected);
        };
        check("1.50 2 x", json!({"type": "numeric"}), ColumnType::Numeric, "1.5 2 ");
        check(
            "x 1,5 1.000,5",
            json!({"type": "numeric", "decimal": "comma"}),
            ColumnType::Numeric,
            " 1.5 1000.5",
        );
        check("yes no", json!({"type": "numeric"}), ColumnType::Numeric, "1 0");
        check("2.0 2.0 3.5", json!({"type": "categorical"}), ColumnType::Categorical, "2 2 3.5");
        check("0 1 1", json!({"type": "boolean"}), ColumnType::Boolean, "0 1 1");
        check("x 31/12/2024 03/04/2024", json!({"type": "datetime"}), ColumnType::Datetime, " 2024-12-31 ");
        check(
            "x 31/12/2024 03/04/2024",
            json!({"type": "datetime", "order": "day"}),
            ColumnType::Datetime,
            " 2024-12-31 2024-04-03",
        );
        check(
            "86400000 1700000000",
            json!({"type": "datetime"}),
            ColumnType::Datetime,
            " 2023-11-14T22:13:20",
        );
        check("a b", json!({"type": "text"}), ColumnType::Text, "a b");
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let csv = "a,n\nx,1\n03/04/2024,1\ny,1\n";
        let found = findings("table.retype", csv, entry(json!({"type": "datetime"})));
        assert_eq!(found, ["type.unparsed@columns.0.column", "type.ambiguous_date@columns.0.column"]);
        assert_eq!(
            findings("table.retype", csv, entry(json!({"type": "numeric"}))),
            ["type.unparsed@columns.0.column"]
        );
    }
}
