//! One row of those that are alike.

use super::rank::groups;
use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use crate::table::Column;
use serde_json::json;

pub(crate) struct Deduplicate;

impl Operation for Deduplicate {
    fn spec(&self) -> KindSpec {
        KindSpec {
            more: "Two missing values count as alike. Rows stay in their order.\nThe same row in training and in \
                   validation makes a model look better than it is, so repeated rows are best removed before."
                .to_owned(),
            words: "duplicates unique distinct repeated".to_owned(),
            fields: vec![
                FieldSpec::columns("columns", "Alike in", "Columns that are compared; all if none is chosen.", &[]),
                FieldSpec::choice(
                    "keep",
                    "Keep",
                    "Which of the rows that are alike stays.",
                    &[("first", "The first"), ("last", "The last")],
                ),
            ],
            example: Some(Example::new(
                &[("table", "customer,visit\n7,Monday\n8,Monday\n7,Tuesday\n")],
                json!({"columns": ["customer"], "keep": "last"}),
                "Of customer 7 the visit on Tuesday is kept.",
            )),
            ..KindSpec::new(
                "table.deduplicate",
                "Remove duplicates",
                Group::Rows,
                Rows::Together,
                "Keeps one row of those that are alike.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let names = given.names("columns");
        let mut findings: Vec<Finding> = Vec::new();
        let mut compared: Vec<&Column> = Vec::new();
        for name in &names {
            match table.column(name) {
                Some(column) => compared.push(column),
                None => findings.push(absent(name, "columns")),
            }
        }
        if compared.is_empty() && !names.is_empty() {
            return Err(findings);
        }
        if names.is_empty() {
            compared = table.columns.iter().collect();
        }
        let groups = groups(&compared, table.rows);
        let mut seen = vec![false; table.rows];
        // Groups are numbered from 0 without gaps, so there are no more than rows.
        let mut is_new = |row: &u32| {
            let seen = &mut seen[groups[*row as usize] as usize];
            !std::mem::replace(seen, true)
        };
        let all = 0..table.rows as u32;
        let rows: Vec<u32> = if given.text("keep") == "last" {
            let mut rows: Vec<u32> = all.rev().filter(&mut is_new).collect();
            rows.reverse();
            rows
        } else {
            all.filter(&mut is_new).collect()
        };
        let removed = table.rows - rows.len();
        if removed > 0 {
            let message = format!("{removed} of {} rows are like others and were removed.", table.rows);
            findings
                .push(Diagnostic::info("deduplicate.removed", message, "Nothing needs to be done.").into());
        }
        Ok(Done { findings, ..Done::table(build::taken_table(table, &rows)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::{Value, json};

    const TABLE: &str = "a,b,n\n1,x,1\n,x,2\n1,x,3\n,x,4\n1,y,5\n";

    #[test]
    fn one_row_of_those_alike_stays() {
        let check = |params: Value, expected: &str| {
            let out = run("table.deduplicate", TABLE, params);
            let left: String = out.lines().skip(1).filter_map(|l| l.chars().last()).collect();
            assert_eq!(left, expected);
        };
        check(json!({}), "12345");
        check(json!({"columns": ["a", "b"]}), "125");
        check(json!({"columns": ["a", "b"], "keep": "last"}), "345");
        check(json!({"columns": ["b"]}), "15");
        let removed = findings("table.deduplicate", TABLE, json!({"columns": ["a"]}));
        assert_eq!(removed, ["deduplicate.removed@"]);
    }
}
