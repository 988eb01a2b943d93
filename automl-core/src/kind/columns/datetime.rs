//! Parts of dates as columns.

use crate::kind::expr::Part;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use crate::table::{Column, ColumnType, MISSING_TIME, Table, Values};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Datetime;

/// Parameter, title, help, whether it is made unless it is said otherwise, part.
type Piece = (&'static str, &'static str, &'static str, bool, Part);

const PARTS: [Piece; 8] = [
    ("year", "Year", "The year.", true, Part::Year),
    ("quarter", "Quarter", "The quarter, 1 to 4.", false, Part::Quarter),
    ("month", "Month", "The month, 1 to 12.", true, Part::Month),
    ("day", "Day of month", "The day of the month, 1 to 31.", true, Part::Day),
    ("weekday", "Day of week", "1 for Monday to 7 for Sunday.", true, Part::Weekday),
    ("day_of_year", "Day of year", "1 to 366.", false, Part::DayOfYear),
    ("hour", "Hour", "The hour, 0 to 23.", false, Part::Hour),
    ("minute", "Minute", "The minute, 0 to 59.", false, Part::Minute),
];

impl Operation for Datetime {
    fn spec(&self) -> KindSpec {
        let mut fields = vec![
            FieldSpec::columns("columns", "Columns", "Columns of dates.", &[ColumnType::Datetime]).required(),
        ];
        fields.extend(PARTS.iter().map(|(name, title, help, on, _)| FieldSpec::flag(name, title, help, *on)));
        fields.push(FieldSpec::flag("weekend", "Weekend", "Whether it is a Saturday or a Sunday.", false));
        fields.push(FieldSpec::flag(
            "keep",
            "Keep the dates",
            "Whether the dates themselves stay too.",
            true,
        ));
        KindSpec {
            more: "The new columns stand behind their dates and are called like them, for example: ordered month. A \
                   column that has such a name already is replaced.\nLearners take dates apart by themselves; parts \
                   serve to filter, group and draw."
                .to_owned(),
            words: "date time parts year month weekday hour extract calendar".to_owned(),
            fields,
            example: Some(Example::new(
                &[("table", "ordered\n2024-02-29\n2024-03-03\n")],
                json!({"columns": ["ordered"], "year": false, "day": false, "weekend": true}),
                "The months 2 and 3, the weekdays 4 and 7, and that the second is at a weekend.",
            )),
            ..KindSpec::new(
                "table.datetime",
                "Parts of dates",
                Group::Columns,
                Rows::Apart,
                "Makes columns of years, months, weekdays and hours.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let source = input(inputs, "table")?;
        let names = given.names("columns");
        let mut findings: Vec<Finding> = Vec::new();
        findings.extend(names.iter().filter(|n| source.column(n).is_none()).map(|n| absent(n, "columns")));
        let chosen = source.columns.iter().filter(|c| names.contains(&c.name));
        let mut made: BTreeMap<&str, Vec<Column>> = BTreeMap::new();
        for column in chosen {
            if let Values::Time(times) = &column.values {
                made.insert(&column.name, parts(&column.name, times, given));
            }
        }
        let new_names: BTreeSet<String> = made.values().flatten().map(|c| c.name.clone()).collect();
        let mut kept: Vec<Column> = Vec::with_capacity(source.columns.len() + new_names.len());
        for column in &source.columns {
            let parts = made.remove(column.name.as_str());
            if !new_names.contains(&column.name) && (parts.is_none() || given.flag("keep")) {
                kept.push(column.clone());
            }
            for part in parts.into_iter().flatten() {
                if kept.iter().all(|c| c.name != part.name) {
                    kept.push(part);
                }
            }
        }
        Ok(Done { findings, ..Done::table(Table { columns: kept, rows: source.rows }) })
    }
}

/// The columns that are asked for, of the dates `times` called `name`.
fn parts(name: &str, times: &[i64], given: &Given<'_>) -> Vec<Column> {
    let mut columns = Vec::new();
    for (param, title, _, _, part) in PARTS {
        if given.flag(param) {
            let at = |&t: &i64| if t == MISSING_TIME { f64::NAN } else { part.of(t) as f64 };
            let title = title.to_lowercase();
            columns.push(build::numbers(&format!("{name} {title}"), times.iter().map(at).collect()));
        }
    }
    if given.flag("weekend") {
        let at = |&t: &i64| (t != MISSING_TIME).then(|| Part::Weekday.of(t) > 5);
        columns.push(build::truths(&format!("{name} weekend"), times.iter().map(at)));
    }
    columns
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::run;
    use serde_json::{Value, json};

    #[test]
    fn dates_are_taken_apart() {
        let csv = "d,n\n2024-02-29T23:59,1\n,2\n1969-12-31T00:30,3\n";
        let check = |params: Value, expected: &str| assert_eq!(run("table.datetime", csv, params), expected);
        check(
            json!({"columns": ["d"], "keep": false}),
            "d year,d month,d day of month,d day of week,n\n2024,2,29,4,1\n,,,,2\n1969,12,31,3,3\n",
        );
        let off = json!({
            "columns": ["d"], "keep": false, "year": false, "month": false, "day": false, "weekday": false,
            "quarter": true, "day_of_year": true, "hour": true, "minute": true, "weekend": true,
        });
        check(
            off,
            "d quarter,d day of year,d hour,d minute,d weekend,n\n1,60,23,59,false,1\n,,,,,2\n4,365,0,30,false,3\n",
        );
    }

    #[test]
    fn a_column_of_the_same_name_is_replaced() {
        let flags = json!({"columns": ["d"], "month": false, "day": false, "weekday": false});
        for csv in ["d,d year\n2024-02-29,x\n2023-01-01,y\n", "d year,d\nx,2024-02-29\ny,2023-01-01\n"] {
            let out = run("table.datetime", csv, flags.clone());
            let mut names: Vec<&str> = out.lines().next().unwrap_or_default().split(',').collect();
            names.sort_unstable();
            assert_eq!(names, ["d", "d year"]);
            assert!(out.contains("2024") && !out.contains('x'), "{out}");
        }
    }
}
