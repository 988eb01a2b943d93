//! A row for each group of rows.

use crate::diagnostic::Diagnostic;
use crate::kind::aggregate::Function;
use crate::kind::build::numbers;
use crate::kind::keys::{Groups, Members};
use crate::kind::stack::fresh;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, input, wanted,
};
use crate::table::{Column, Table};
use serde_json::json;
use std::collections::BTreeSet;

/// `table.group`
pub(in crate::kind) struct GroupRows;

impl Operation for GroupRows {
    fn spec(&self) -> KindSpec {
        let help = "Makes one row of all rows that are equal in some columns, with counts, sums, means and the like.";
        let mut spec = KindSpec::new("table.group", "Group", Group::Combine, Rows::Together, help);
        spec.more =
            "Groups stand in the order in which they first appear. Missing keys are a group of their own.\n\
                     Missing values are left out of every calculation but the share of missing ones."
                .to_owned();
        spec.words = "aggregate summarise group by sum mean count average distinct".to_owned();
        spec.fields = vec![
            FieldSpec::columns(
                "keys",
                "Group by",
                "Rows that are equal in these columns become one row; without any, all rows do.",
                &[],
            ),
            FieldSpec::list(
                "aggregates",
                "Calculate",
                "New columns; without any, rows are counted.",
                "calculation",
                vec![
                    FieldSpec::new(
                        "function",
                        "What",
                        "How the values of a group become one.",
                        Function::choice(None),
                    ),
                    FieldSpec::column("column", "Column", "Whose values; Count may go without.", &[]),
                    FieldSpec::text("name", "Name", "Of the new column; empty for a name of its own.", ""),
                ],
            ),
        ];
        spec.example = Some(Example::new(
            &[("table", "shop,day,sold\nnorth,Mon,3\nsouth,Mon,4\nnorth,Tue,5\n")],
            json!({"keys": ["shop"], "aggregates": [{"function": "sum", "column": "sold"}, {"function": "count"}]}),
            "Two rows: north with 8 sold on 2 days, south with 4 on 1.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let keys = wanted::columns(table, &given.names("keys"), "keys")?;
        let groups = Groups::new(&keys, table.rows);
        let members = groups.members();
        let mut used = BTreeSet::new();
        let key_column =
            |key: &&Column| Column { name: fresh(&key.name, &mut used), ..key.take(&groups.first) };
        let mut columns: Vec<Column> = keys.iter().map(key_column).collect();
        let aggregates = given.list("aggregates");
        for (at, aggregate) in aggregates.iter().enumerate() {
            columns.push(one(aggregate, at, table, &members, &mut used)?);
        }
        if aggregates.is_empty() {
            columns.push(counted(&fresh("count", &mut used), &members));
        }
        let mut findings = Vec::new();
        if table.rows > 1 && groups.count() == table.rows {
            let message = "Every row is a group of its own.";
            let remedy = "If that is not meant, choose fewer keys.";
            findings.push(Finding::at_param("keys", Diagnostic::info("group.all_apart", message, remedy)));
        }
        Ok(Done { findings, ..Done::table(Table { columns, rows: groups.count() }) })
    }
}

fn counted(name: &str, members: &Members) -> Column {
    numbers(name, members.iter().map(|rows| rows.len() as f64).collect())
}

fn one(
    aggregate: &Given<'_>,
    at: usize,
    table: &Table,
    members: &Members,
    used: &mut BTreeSet<String>,
) -> Result<Column, Vec<Finding>> {
    let function = Function::from_id(&aggregate.text("function"));
    let (column, name) = (aggregate.text("column"), aggregate.text("name"));
    let param = format!("aggregates.{at}.column");
    if column.is_empty() {
        if function != Function::Count {
            let message = format!("\"{}\" has no column.", function.title());
            return Err(wanted::error(
                &param,
                "param.missing",
                message,
                "Choose the column to calculate with.",
            ));
        }
        let name = if name.is_empty() { "count" } else { name.as_str() };
        return Ok(counted(&fresh(name, used), members));
    }
    let column = wanted::column(table, &column, &param)?;
    lacks(function, column, &param)?;
    let usual = format!("{}_{}", column.name, function.id());
    let name = fresh(if name.is_empty() { &usual } else { &name }, used);
    Ok(function.apply(&name, column, members))
}

/// Whether the function can be had of the column.
pub(super) fn lacks(function: Function, column: &Column, param: &str) -> Result<(), Vec<Finding>> {
    let Some(needs) = function.lacks(column) else { return Ok(()) };
    let message = format!(
        "\"{}\" needs {needs}, and column \"{}\" is {}.",
        function.title(),
        column.name,
        column.ty.name()
    );
    let remedy = "Choose another column or another calculation, or change the column's type before.";
    Err(wanted::error(param, "group.column_type", message, remedy))
}
