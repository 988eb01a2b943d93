//! Rows in an order.

use super::rank::{MISSING, ranks};
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use serde_json::json;

pub(crate) struct Sort;

impl Operation for Sort {
    fn spec(&self) -> KindSpec {
        let key = vec![
            FieldSpec::column("column", "Column", "The column to sort by.", &[]).required(),
            FieldSpec::flag("descending", "Largest first", "From the largest to the smallest.", false),
        ];
        KindSpec {
            more: "Rows that are alike in the first column are sorted by the second, and so on. What is missing comes \
                   last, whichever the direction. Rows that are alike in all of them stay in their order.\nTexts are \
                   in the order of their characters, capitals before small letters."
                .to_owned(),
            words: "order arrange ascending descending rank".to_owned(),
            fields: vec![FieldSpec::list("keys", "Sort by", "Columns, the weightiest first.", "column", key).required()],
            example: Some(Example::new(
                &[("table", "name,town,age\nAnn,Rome,31\nBob,Paris,18\nCem,Paris,45\n")],
                json!({"keys": [{"column": "town"}, {"column": "age", "descending": true}]}),
                "Paris comes before Rome; within Paris, Cem comes before Bob.",
            )),
            ..KindSpec::new(
                "table.sort",
                "Sort rows",
                Group::Rows,
                Rows::Together,
                "Puts rows in the order of one or several columns.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let mut keys = Vec::new();
        let mut findings = Vec::new();
        for (i, key) in given.list("keys").iter().enumerate() {
            let name = key.text("column");
            let Some(column) = table.column(&name) else {
                findings.push(absent(&name, &format!("keys.{i}.column")));
                continue;
            };
            let mut ranks = ranks(column);
            if key.flag("descending") {
                ranks.iter_mut().filter(|r| **r != MISSING).for_each(|r| *r = MISSING - 1 - *r);
            }
            keys.push(ranks);
        }
        let mut rows: Vec<u32> = (0..table.rows as u32).collect();
        rows.sort_by(|&a, &b| {
            let orders = keys.iter().map(|ranks| ranks[a as usize].cmp(&ranks[b as usize]));
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(Done { findings, ..Done::table(build::taken_table(table, &rows)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::json;

    const TABLE: &str = "a,b,n\n2,x,1\n,y,2\n10,x,3\n2,y,4\n10,,5\n";

    #[test]
    fn rows_are_sorted_stably_missing_last() {
        let check = |keys: serde_json::Value, expected: &str| {
            let out = run("table.sort", TABLE, json!({"keys": keys}));
            let order: String = out.lines().skip(1).filter_map(|l| l.chars().last()).collect();
            assert_eq!(order, expected);
        };
        check(json!([{"column": "a"}]), "14352");
        check(json!([{"column": "a", "descending": true}]), "35142");
        check(json!([{"column": "b", "descending": true}, {"column": "a"}]), "42135");
        check(json!([{"column": "b"}, {"column": "a", "descending": true}]), "31425");
    }

    #[test]
    fn a_column_that_is_not_there() {
        let params = json!({"keys": [{"column": "a"}, {"column": "zzz"}]});
        assert_eq!(findings("table.sort", TABLE, params), ["param.no_column@keys.1.column"]);
    }
}
