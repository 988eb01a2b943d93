//! A value in place of what is missing.

use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use crate::table::{
    Column, Decimal, MISSING_CODE, MISSING_TIME, Table, TextValues, Values, datetime, infer, number,
};
use serde_json::json;

pub(crate) struct Fill;

impl Operation for Fill {
    fn spec(&self) -> KindSpec {
        let entry = vec![
            FieldSpec::column("column", "Column", "The column.", &[]).required(),
            FieldSpec::text("value", "Value", "What stands where nothing does, such as 0 or unknown.", "")
                .required(),
        ];
        KindSpec {
            more: "Where a missing value has a meaning, such as no purchase or no answer, say so here. Where it is not \
                   known, leave it: learners handle missing values, and what is filled in from other rows belongs \
                   inside the folds, which the kinds under Prepare see to."
                .to_owned(),
            words: "missing impute na null replace constant".to_owned(),
            fields: vec![FieldSpec::list("columns", "Columns", "Columns and values.", "column", entry).required()],
            example: Some(Example::new(
                &[("table", "visits,answer\n3,good\n,\n1,bad\n")],
                json!({"columns": [{"column": "visits", "value": "0"}, {"column": "answer", "value": "none"}]}),
                "The second row has 0 visits and the answer none.",
            )),
            ..KindSpec::new(
                "table.fill",
                "Fill missing values",
                Group::Columns,
                Rows::Apart,
                "Puts a given value where values are missing.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let mut table: Table = input(inputs, "table")?.clone();
        let mut findings = Vec::new();
        for (i, entry) in given.list("columns").iter().enumerate() {
            let (name, value) = (entry.text("column"), entry.text("value"));
            let Some(column) = table.columns.iter_mut().find(|c| c.name == name) else {
                findings.push(absent(&name, &format!("columns.{i}.column")));
                continue;
            };
            match filled(column, &value) {
                Some(values) => column.values = values,
                None => {
                    let message = format!(
                        "\"{value}\" cannot stand in column \"{name}\", which is {}.",
                        column.ty.name()
                    );
                    let diagnostic = Diagnostic::error("fill.value", message, remedy(&column.values));
                    let param = format!("columns.{i}.value");
                    return Err(vec![Finding::at_param(&param, diagnostic.at_column(name))]);
                }
            }
        }
        Ok(Done { findings, ..Done::table(table) })
    }
}

fn remedy(values: &Values) -> String {
    match values {
        Values::Bool { labels: [no, yes], .. } => format!("Write {no} or {yes}."),
        Values::Time(_) => "Write a date such as 2024-03-31.".to_owned(),
        _ => "Write a number such as 0 or 1.5.".to_owned(),
    }
}

/// The values with `value` where they are missing; `None` where it is none of their type.
fn filled(column: &Column, value: &str) -> Option<Values> {
    let value = value.trim();
    Some(match &column.values {
        Values::F32(_) | Values::F64(_) => {
            let x = number::rich(value, Decimal::Point).map(|n| n.value).filter(|x| x.is_finite())?;
            let numbers = (0..column.len()).map(|row| column.number(row).unwrap_or(x)).collect();
            build::numbers(&column.name, numbers).values
        }
        Values::Bool { values, missing, labels } => {
            let label = labels.iter().position(|l| l.eq_ignore_ascii_case(value));
            let yes = label.map(|at| at == 1).or_else(|| infer::truth(value))?;
            Values::Bool {
                values: (0..values.len()).map(|i| if missing.get(i) { yes } else { values.get(i) }).collect(),
                missing: (0..values.len()).map(|_| false).collect(),
                labels: labels.clone(),
            }
        }
        Values::Dict { codes, levels } => {
            let new = levels.len() as u32;
            let codes = codes.iter().map(|&code| if code == MISSING_CODE { new } else { code }).collect();
            let levels: Vec<String> = levels.iter().cloned().chain([value.to_owned()]).collect();
            build::categories(&column.name, codes, &levels).values
        }
        Values::Time(times) => {
            let readings = datetime::parse(value, false)?;
            let time = readings.day_first.filter(|day_first| readings.month_first == Some(*day_first))?;
            Values::Time(times.iter().map(|&t| if t == MISSING_TIME { time } else { t }).collect())
        }
        Values::Text(texts) => {
            let mut all = TextValues::default();
            for row in 0..texts.len() {
                all.push(Some(texts.get(row).unwrap_or(value)));
            }
            Values::Text(all)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::{Value, json};

    const TABLE: &str = "x,b,c,d\n1.5,yes,u,2024-01-01\n,,,\n2,no,v,2024-05-01T12:00\n";

    fn fill(column: &str, value: &str) -> Value {
        json!({"columns": [{"column": column, "value": value}]})
    }

    #[test]
    fn what_is_missing_is_filled() {
        let check = |column: &str, value: &str, expected: &str| {
            let out = run("table.fill", TABLE, fill(column, value));
            assert_eq!(out.lines().nth(2).unwrap_or_default(), expected, "{column}");
            assert_eq!(out.lines().nth(1), Some("1.5,yes,u,2024-01-01"));
        };
        check("x", "0.1", "0.1,,,");
        check("b", "NO", ",no,,");
        check("b", "true", ",yes,,");
        check("c", "none", ",,none,");
        check("c", "v", ",,v,");
        check("d", "2023-12-31", ",,,2023-12-31");
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        for (column, value) in [("x", "none"), ("b", "perhaps"), ("d", "03/04/2024")] {
            assert_eq!(findings("table.fill", TABLE, fill(column, value)), ["fill.value@columns.0.value"]);
        }
    }
}
