//! Rows for which a condition is true.

use crate::diagnostic::Diagnostic;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, Wanted, build, expr,
    input,
};
use serde_json::json;

pub(crate) struct Filter;

impl Operation for Filter {
    fn spec(&self) -> KindSpec {
        KindSpec {
            more: "A row is kept where the condition is true. Where it is false it goes, and also where it is \
                   missing: a comparison with a missing value is neither true nor false. To keep such rows, write \
                   age > 30 or age is missing.\nRows stay in their order."
                .to_owned(),
            words: "where condition keep remove drop subset query".to_owned(),
            fields: vec![
                FieldSpec::expression(
                    "where",
                    "Keep rows where",
                    "A condition, such as age > 30 and town = 'Paris'.",
                    Wanted::Condition,
                )
                .required(),
            ],
            example: Some(Example::new(
                &[("table", "name,age,town\nAnn,31,Paris\nBob,18,Rome\nCem,45,Paris\nDee,,Paris\n")],
                json!({"where": "age > 20 and town in ('Paris', 'Oslo')"}),
                "Ann and Cem are kept; Dee's age is not known.",
            )),
            ..KindSpec::new(
                "table.filter",
                "Filter rows",
                Group::Rows,
                Rows::Together,
                "Keeps the rows for which a condition is true.",
            )
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let kept = expr::rows_where(&given.text("where"), table, "where")?;
        let mut done = Done::table(build::taken_table(table, &kept));
        if kept.is_empty() && table.rows > 0 {
            let diagnostic = Diagnostic::warning(
                "filter.none",
                format!("The condition is true for none of {} rows.", table.rows),
                "Look at the values that come in, and change the condition.",
            );
            done.findings.push(Finding::at_param("where", diagnostic));
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::testing_csv::{findings, run};
    use serde_json::json;

    const TABLE: &str = "a,b\n1,x\n2,y\n,x\n4,z\n";

    #[test]
    fn rows_that_are_true_stay() {
        let check = |condition: &str, expected: &str| {
            assert_eq!(run("table.filter", TABLE, json!({"where": condition})), expected, "{condition}");
        };
        check("a > 1", "a,b\n2,y\n4,z\n");
        check("not a > 1", "a,b\n1,x\n");
        check("a is missing or b = 'z'", "a,b\n,x\n4,z\n");
        check("true", TABLE);
        check("missing", "a,b\n");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(findings("table.filter", TABLE, json!({"where": "a > 9"})), ["filter.none@where"]);
        assert_eq!(findings("table.filter", TABLE, json!({"where": "a > b"})), ["expr.wrong@where"]);
        assert_eq!(findings("table.filter", TABLE, json!({})), ["param.missing@where"]);
    }
}
