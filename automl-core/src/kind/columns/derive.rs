//! New columns from expressions.

use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, Wanted, expr, input,
};
use crate::table::Table;
use serde_json::json;

pub(crate) struct Derive;

impl Operation for Derive {
    fn spec(&self) -> KindSpec {
        let entry = vec![
            FieldSpec::text(
                "name",
                "Name",
                "What the column is called; a column of that name is replaced.",
                "",
            )
            .required(),
            FieldSpec::expression(
                "expression",
                "Expression",
                "How its values are worked out, such as price * amount.",
                Wanted::Anything,
            )
            .required(),
        ];
        KindSpec {
            more: "Expressions reckon with the values of one row. A later one may use columns that earlier ones make. \
                   What cannot be worked out, such as 1 / 0, is missing.\nThe model file holds the expressions, so new \
                   rows get the same columns at prediction."
                .to_owned(),
            words: "formula calculate compute feature new column mutate assign".to_owned(),
            fields: vec![
                FieldSpec::list("columns", "New columns", "Names and expressions.", "column", entry).required(),
            ],
            example: Some(Example::new(
                &[("table", "price,amount,ordered\n2.5,4,2024-03-02\n10,1,2024-03-04\n")],
                json!({"columns": [
                    {"name": "total", "expression": "price * amount"},
                    {"name": "weekend", "expression": "is_weekend(ordered)"},
                ]}),
                "Two columns are added: total is 10 in both rows, weekend is true in the first.",
            )),
            ..KindSpec::new(
                "table.derive",
                "Derive columns",
                Group::Columns,
                Rows::Apart,
                "Makes new columns by expressions.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let mut table: Table = input(inputs, "table")?.clone();
        for (i, entry) in given.list("columns").iter().enumerate() {
            let name = entry.text("name");
            if name.trim().is_empty() {
                let diagnostic =
                    Diagnostic::error("derive.name", "A new column has no name.", "Give it a name.");
                return Err(vec![Finding::at_param(&format!("columns.{i}.name"), diagnostic)]);
            }
            let param = format!("columns.{i}.expression");
            let column = expr::derived(&name, &entry.text("expression"), &table, &param)?;
            match table.columns.iter_mut().find(|c| c.name == name) {
                Some(old) => *old = column,
                None => table.columns.push(column),
            }
        }
        Ok(Done::table(table))
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::json;

    #[test]
    fn later_columns_use_earlier_ones() {
        let params = json!({"columns": [
            {"name": "b", "expression": "a * 2"},
            {"name": "c", "expression": "b + a"},
            {"name": "a", "expression": "text(c)"},
        ]});
        assert_eq!(run("table.derive", "a\n1\n2\n", params), "a,b,c\n3,2,3\n6,4,6\n");
    }

    #[test]
    fn mistakes_stand_at_their_entry() {
        let entry = |name: &str, expression: &str| json!({"name": name, "expression": expression});
        let check = |entries, expected: &str| {
            assert_eq!(findings("table.derive", "a\n1\n2\n", json!({"columns": entries})), [expected]);
        };
        check(json!([entry("b", "a"), entry("c", "a +")]), "expr.wrong@columns.1.expression");
        check(json!([entry(" ", "a")]), "derive.name@columns.0.name");
        check(json!([entry("", "a")]), "param.missing@columns.0.name");
        check(json!([entry("c", "b"), entry("b", "a")]), "expr.wrong@columns.0.expression");
    }
}
