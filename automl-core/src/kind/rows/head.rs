//! The first or last rows.

use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, build, input,
};
use serde_json::json;

pub(crate) struct Head;

impl Operation for Head {
    fn spec(&self) -> KindSpec {
        KindSpec {
            more: "The first rows are seldom like the others. To work with fewer rows, take a sample."
                .to_owned(),
            words: "top bottom limit tail slice first last".to_owned(),
            fields: vec![
                FieldSpec::choice(
                    "from",
                    "From",
                    "Which end.",
                    &[("first", "The first"), ("last", "The last")],
                ),
                FieldSpec::integer("rows", "Rows", "How many rows to keep.", 100, (0, 1 << 40), (1, 10_000)),
            ],
            example: Some(Example::new(
                &[("table", "day,sales\n1,7\n2,9\n3,4\n")],
                json!({"from": "last", "rows": 2}),
                "The rows of day 2 and day 3 are kept.",
            )),
            ..KindSpec::new(
                "table.head",
                "First or last rows",
                Group::Rows,
                Rows::Together,
                "Keeps so many rows from the beginning or the end.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let count = given.integer("rows").map_or(0, |n| usize::try_from(n).unwrap_or(0)).min(table.rows);
        let start = if given.text("from") == "last" { table.rows - count } else { 0 };
        let rows: Vec<u32> = (start as u32..(start + count) as u32).collect();
        Ok(Done::table(build::taken_table(table, &rows)))
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::run;
    use serde_json::json;

    #[test]
    fn rows_from_either_end() {
        let check = |from: &str, rows: i64, expected: &str| {
            let params = json!({"from": from, "rows": rows});
            assert_eq!(run("table.head", "a\n1\n2\n3\n", params), expected, "{from} {rows}");
        };
        check("first", 2, "a\n1\n2\n");
        check("last", 2, "a\n2\n3\n");
        check("last", 9, "a\n1\n2\n3\n");
        check("first", 0, "a\n");
    }
}
