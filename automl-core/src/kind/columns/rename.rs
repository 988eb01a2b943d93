//! Other names for columns.

use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, input,
};
use crate::table::Table;
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) struct Rename;

impl Operation for Rename {
    fn spec(&self) -> KindSpec {
        let entry = vec![
            FieldSpec::column("column", "Column", "The column.", &[]).required(),
            FieldSpec::text("to", "New name", "What it is called from here on.", "").required(),
        ];
        KindSpec {
            more: "All are renamed at once, so two columns may swap their names.".to_owned(),
            words: "name relabel title header".to_owned(),
            fields: vec![
                FieldSpec::list("columns", "Columns", "Columns and their new names.", "column", entry)
                    .required(),
            ],
            example: Some(Example::new(
                &[("table", "x1,x2\n31,Paris\n18,Rome\n")],
                json!({"columns": [{"column": "x1", "to": "age"}, {"column": "x2", "to": "town"}]}),
                "The columns are called age and town.",
            )),
            ..KindSpec::new(
                "table.rename",
                "Rename columns",
                Group::Columns,
                Rows::Apart,
                "Gives columns other names.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let source = input(inputs, "table")?;
        let mut table: Table = source.clone();
        let mut findings = Vec::new();
        let mut entries: BTreeMap<usize, usize> = BTreeMap::new();
        for (i, entry) in given.list("columns").iter().enumerate() {
            let (name, to) = (entry.text("column"), entry.text("to"));
            if to.trim().is_empty() {
                let diagnostic = Diagnostic::error(
                    "rename.name",
                    format!("Column \"{name}\" would have no name."),
                    "Give it one.",
                );
                return Err(vec![Finding::at_param(&format!("columns.{i}.to"), diagnostic.at_column(name))]);
            }
            match source.column_index(&name) {
                Some(at) => {
                    table.columns[at].name = to;
                    entries.insert(at, i);
                }
                None => findings.push(absent(&name, &format!("columns.{i}.column"))),
            }
        }
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, column) in table.columns.iter().enumerate() {
            if let Some(other) = by_name.insert(&column.name, at) {
                // One of the two was renamed, as names differed before.
                let entry = entries.get(&at).or_else(|| entries.get(&other)).copied().unwrap_or(0);
                let message = format!("Two columns would be called \"{}\".", column.name);
                let diagnostic = Diagnostic::error("rename.twice", message, "Choose another name.");
                let param = format!("columns.{entry}.to");
                return Err(vec![Finding::at_param(&param, diagnostic.at_column(&column.name))]);
            }
        }
        Ok(Done { findings, ..Done::table(table) })
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::json;

    #[test]
    fn names_change_at_once() {
        let swap = json!({"columns": [{"column": "a", "to": "b"}, {"column": "b", "to": "a"}]});
        assert_eq!(run("table.rename", "a,b\n1,x\n2,y\n", swap), "b,a\n1,x\n2,y\n");
        let twice = json!({"columns": [{"column": "a", "to": "b"}]});
        assert_eq!(findings("table.rename", "a,b\n1,x\n", twice), ["rename.twice@columns.0.to"]);
        let empty = json!({"columns": [{"column": "a", "to": " "}]});
        assert_eq!(findings("table.rename", "a,b\n1,x\n", empty), ["rename.name@columns.0.to"]);
    }
}
