//! Columns become rows.

use crate::diagnostic::Diagnostic;
use crate::kind::build::categories;
use crate::kind::stack::{become_text, fresh, stack};
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, input, wanted,
};
use crate::numeric::count;
use crate::table::{Column, Table};
use serde_json::json;
use std::collections::BTreeSet;

/// `table.unpivot`
pub(in crate::kind) struct Unpivot;

/// Rows that come out at most.
const MOST_ROWS: u64 = 50_000_000;

impl Operation for Unpivot {
    fn spec(&self) -> KindSpec {
        let help =
            "Makes rows of columns: one row for each value, with the name of the column that it was in.";
        let mut spec = KindSpec::new("table.unpivot", "Unpivot", Group::Combine, Rows::Together, help);
        spec.more =
            "Each row becomes as many as there are value columns. Where some of them hold text and others \
                     numbers or dates, the values become text."
                .to_owned();
        spec.words = "melt long gather reshape rows from columns".to_owned();
        spec.fields = vec![
            FieldSpec::columns("ids", "Columns kept", "Are repeated in each of the new rows.", &[]),
            FieldSpec::columns(
                "values",
                "Value columns",
                "Become rows; without any, all that are not kept.",
                &[],
            ),
            FieldSpec::text(
                "name_column",
                "Column of names",
                "Holds the names of the value columns.",
                "name",
            ),
            FieldSpec::text("value_column", "Column of values", "Holds their values.", "value"),
            FieldSpec::flag(
                "drop_missing",
                "Leave missing values out",
                "Gives no row for a value that is missing.",
                false,
            )
            .advanced(),
        ];
        spec.example = Some(Example::new(
            &[("table", "shop,Mon,Tue\nnorth,3,5\nsouth,4,NA\n")],
            json!({"ids": ["shop"], "name_column": "day", "value_column": "sold"}),
            "Four rows: each shop on each day.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let ids = wanted::columns(table, &given.names("ids"), "ids")?;
        let mut values = wanted::columns(table, &given.names("values"), "values")?;
        if values.is_empty() {
            values = table.columns.iter().filter(|c| ids.iter().all(|id| id.name != c.name)).collect();
        }
        let width = values.len();
        let all = table.rows as u64 * width as u64;
        if all > MOST_ROWS {
            let message = format!("{} rows would come out, more than {}.", count(all), count(MOST_ROWS));
            return Err(wanted::error(
                "values",
                "unpivot.too_many_rows",
                message,
                "Choose fewer value columns, or fewer rows before.",
            ));
        }
        let parts: Vec<(Option<&Column>, usize)> = values.iter().map(|c| (Some(*c), table.rows)).collect();
        let below = stack("value", &parts);
        // Value `j` of row `i` stands at `j · rows + i` there, and at `i · width + j` here.
        let drop_missing = given.flag("drop_missing");
        let place = |i: usize, j: usize| j * table.rows + i;
        let places = (0..table.rows).flat_map(|i| (0..width).map(move |j| (i, j)));
        let kept = places.filter(|&(i, j)| !drop_missing || !below.is_missing(place(i, j)));
        let places: Vec<(u32, u32)> = kept.map(|(i, j)| (i as u32, j as u32)).collect();
        let from: Vec<u32> = places.iter().map(|p| p.0).collect();
        let mut used = BTreeSet::new();
        let kept = |column: &&Column| Column { name: fresh(&column.name, &mut used), ..column.take(&from) };
        let mut columns: Vec<Column> = ids.iter().map(kept).collect();
        let levels: Vec<String> = values.iter().map(|c| c.name.clone()).collect();
        let names = places.iter().map(|p| p.1).collect();
        columns.push(categories(&fresh(&given.text("name_column"), &mut used), names, &levels));
        let order: Vec<u32> = places.iter().map(|&(i, j)| place(i as usize, j as usize) as u32).collect();
        columns.push(Column { name: fresh(&given.text("value_column"), &mut used), ..below.take(&order) });
        let mut findings = Vec::new();
        if width > 1 && become_text(&values) {
            let message = "The value columns are of different types, so the values become text.";
            let remedy = "If that is not meant, choose columns of one type.";
            findings.push(Finding::at_param(
                "values",
                Diagnostic::warning("unpivot.mixed_types", message, remedy),
            ));
        }
        Ok(Done { findings, ..Done::table(Table { columns, rows: places.len() }) })
    }
}
