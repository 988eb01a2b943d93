//! Operations that only tests know, and tables for them.

use crate::kind::{Done, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, input};
use crate::table::{Column, ColumnType, MISSING_CODE, Values};

/// An operation by its id.
pub(in crate::engine) fn operation(id: &str) -> Option<&'static dyn Operation> {
    match id {
        "test.above" => Some(&Above),
        "test.half" => Some(&Half),
        _ => None,
    }
}

/// Adds the column `name`: whether `column` is above `limit`.
struct Above;

impl Operation for Above {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new("test.above", "Above", Group::Columns, Rows::Apart, "Compares.");
        spec.fields = vec![
            FieldSpec::column("column", "Column", "Which.", &[ColumnType::Numeric]).required(),
            FieldSpec::text("name", "Name", "Of the new column.", "").required(),
            FieldSpec::number("limit", "Limit", "Above which.", 0.0, (-1e9, 1e9), (-1.0, 1.0)),
        ];
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let mut table = input(inputs, "table")?.clone();
        let limit = given.number("limit").unwrap_or(0.0);
        let column = table.column(&given.text("column"));
        let code = |row| column.and_then(|c| c.number(row)).map_or(MISSING_CODE, |x| u32::from(x > limit));
        let codes = (0..table.rows).map(code).collect();
        let values = Values::Dict { codes, levels: vec!["no".to_owned(), "yes".to_owned()] };
        let name = given.text("name");
        table.columns.retain(|c| c.name != name);
        table.columns.push(Column { name, ty: ColumnType::Categorical, values, spellings: Vec::new() });
        Ok(Done::table(table))
    }
}

/// Keeps every second row, though it says that it keeps all.
struct Half;

impl Operation for Half {
    fn spec(&self) -> KindSpec {
        KindSpec::new("test.half", "Half", Group::Rows, Rows::Apart, "Keeps half.")
    }

    fn run(&self, _: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let rows: Vec<u32> = (0..table.rows as u32).step_by(2).collect();
        Ok(Done::table(table.take(&rows)))
    }
}
