//! Some of the columns.

use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, input,
};
use crate::table::{Column, Table};
use serde_json::json;

pub(crate) struct Select;

/// Types that a choice offers, with what people call them.
pub(super) const TYPES: [(&str, &str); 6] = [
    ("numeric", "Numbers"),
    ("boolean", "Yes or no"),
    ("categorical", "Categories"),
    ("datetime", "Dates"),
    ("text", "Texts"),
    ("id", "Identifiers"),
];

impl Operation for Select {
    fn spec(&self) -> KindSpec {
        let ty = vec![FieldSpec::choice(
            "type",
            "Type",
            "A type of column.",
            &[TYPES.as_slice(), &[("constant", "One value only")]].concat(),
        )];
        let fields = vec![
            FieldSpec::choice(
                "how",
                "What to do",
                "Whether the chosen columns stay or go.",
                &[("keep", "Keep these"), ("drop", "Drop these")],
            ),
            FieldSpec::choice(
                "by",
                "Chosen by",
                "By name, or all of a type.",
                &[("name", "Name"), ("type", "Type")],
            ),
            FieldSpec::columns("columns", "Columns", "Which columns.", &[])
                .required()
                .only_if("by", &[json!("name")]),
            FieldSpec::list("types", "Types", "Which types.", "type", ty)
                .required()
                .only_if("by", &[json!("type")]),
        ];
        KindSpec {
            more: "Columns stay in their order.".to_owned(),
            words: "keep drop remove columns choose pick".to_owned(),
            fields,
            example: Some(Example::new(
                &[("table", "id,age,note,town\n1,31,late,Paris\n2,18,paid,Rome\n")],
                json!({"how": "drop", "by": "name", "columns": ["note"]}),
                "All columns but note.",
            )),
            ..KindSpec::new(
                "table.select",
                "Select columns",
                Group::Columns,
                Rows::Apart,
                "Keeps some columns, or drops them.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let keeps = given.text("how") != "drop";
        let mut findings = Vec::new();
        let columns: Vec<Column> = if given.text("by") == "type" {
            let types: Vec<String> = given.list("types").iter().map(|t| t.text("type")).collect();
            let is_chosen = |c: &&Column| types.iter().any(|t| t == c.ty.name()) == keeps;
            table.columns.iter().filter(is_chosen).cloned().collect()
        } else {
            let mut names = given.names("columns");
            names.sort_unstable();
            let is_absent = |name: &&String| table.column(name).is_none();
            findings.extend(names.iter().filter(is_absent).map(|name| absent(name, "columns")));
            let is_chosen = |c: &&Column| names.binary_search(&c.name).is_ok() == keeps;
            table.columns.iter().filter(is_chosen).cloned().collect()
        };
        Ok(Done { findings, ..Done::table(Table { columns, rows: table.rows }) })
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::{Value, json};

    const TABLE: &str = "a,b,c\n1,x,yes\n2,y,no\n3,x,yes\n";

    #[test]
    fn columns_stay_or_go() {
        let check = |params: Value, expected: &str| {
            let out = run("table.select", TABLE, params);
            assert_eq!(out.lines().next().unwrap_or_default(), expected);
        };
        check(json!({"columns": ["c", "a"]}), "a,c");
        check(json!({"how": "drop", "columns": ["a"]}), "b,c");
        check(json!({"by": "type", "types": [{"type": "numeric"}, {"type": "boolean"}]}), "a,c");
        check(json!({"by": "type", "how": "drop", "types": [{}]}), "b,c");
        assert_eq!(
            findings("table.select", TABLE, json!({"columns": ["a", "q"]})),
            ["param.no_column@columns"]
        );
    }
}
