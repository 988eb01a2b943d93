//! Columns left out that vary little, repeat another, or say little about the target.

mod score;

use super::columns::{
    Changed, chosen, column_fields, mean_and_deviation, numbers, present, real, refusal, whole,
};
use super::target::{self, Target};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::numeric::sort_few_by;
use crate::table::{ColumnType, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const TYPES: [ColumnType; 3] = [ColumnType::Numeric, ColumnType::Boolean, ColumnType::Categorical];
const NUMBERS: [ColumnType; 2] = [ColumnType::Numeric, ColumnType::Boolean];

/// `prepare.select`.
pub struct Select;

/// The columns that are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedSelect {
    dropped: Vec<String>,
}

fn by_target() -> [Value; 4] {
    [json!("mutual_information"), json!("anova"), json!("chi2"), json!("pearson")]
}

impl Step for Select {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.select",
            "Select features",
            Group::Prepare,
            Rows::Fitted,
            "Leaves out columns that say little.",
        );
        spec.more = "Mutual information also sees what is no straight line, and takes categories; ANOVA's F and \
            Pearson's correlation see straight lines; chi² takes counts and shares.\nColumns that a method cannot \
            judge stay. What the target says is looked at within each fold only."
            .to_owned();
        spec.words = "feature selection variance threshold correlation mutual information anova chi2 k best"
            .to_owned();
        spec.fields = column_fields(&TYPES, "all columns that the method can judge");
        spec.fields.extend([
            FieldSpec::choice(
                "method",
                "Method",
                "What a column is judged by.",
                &[
                    ("variance", "Variance"),
                    ("correlation", "Correlation with another column"),
                    ("mutual_information", "Mutual information with the target"),
                    ("anova", "ANOVA's F with the target"),
                    ("chi2", "Chi² with the target"),
                    ("pearson", "Correlation with the target"),
                ],
            ),
            FieldSpec::number(
                "variance",
                "Least variance",
                "Columns that do not vary more than this are left out.",
                0.0,
                (0.0, 1e9),
                (0.0, 1.0),
            )
            .only_if("method", &[json!("variance")]),
            FieldSpec::number(
                "correlation",
                "Largest correlation",
                "Of two columns that go together more than this, the later one is left out.",
                0.95,
                (0.0, 1.0),
                (0.5, 1.0),
            )
            .only_if("method", &[json!("correlation")]),
            FieldSpec::column("target", "Target", "What is to be predicted.", &[])
                .required()
                .only_if("method", &by_target()),
            FieldSpec::integer("count", "Keep", "How many columns to keep.", 10, (1, 100_000), (1, 100))
                .only_if("method", &by_target()),
        ]);
        spec.example = Some(Example::new(
            &[("table", "a,b,c\n1,2,7\n2,4,1\n3,6,5\n4,8,2\n")],
            json!({"method": "correlation"}),
            "Column b is left out: it goes together with a.",
        ));
        spec
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        _: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        let dropped = match given.text("method").as_str() {
            "variance" => by_variance(given, table, rows)?,
            "correlation" => by_correlation(given, table, rows)?,
            _ => by_score(given, table, rows)?,
        };
        Ok(FittedStep::Select(FittedSelect { dropped }))
    }
}

/// Of the chosen columns those of these types; others cannot be judged and stay.
fn judged(
    given: &Given<'_>,
    table: &Table,
    types: &[ColumnType],
    target: &str,
) -> Result<Vec<String>, Vec<Finding>> {
    let mut names = chosen(given, table, &TYPES, target)?;
    names.retain(|name| table.column(name).is_some_and(|c| types.contains(&c.ty)));
    Ok(names)
}

/// As scikit-learn's `VarianceThreshold`, with divisor n.
fn by_variance(given: &Given<'_>, table: &Table, rows: &[u32]) -> Result<Vec<String>, Vec<Finding>> {
    let least = real(given, "variance", (0.0, 1e9));
    let mut names = judged(given, table, &NUMBERS, "")?;
    names.retain(|name| {
        let values = present(&numbers(table, name, Some(rows)));
        let first = values.first().copied().unwrap_or(0.0);
        let varies = values.iter().any(|&x| x != first);
        let (_, deviation) = mean_and_deviation(&values);
        !varies || deviation * deviation <= least
    });
    // Without rows nothing is known.
    if rows.is_empty() { Ok(Vec::new()) } else { Ok(names) }
}

/// Those that go together with an earlier one that stays.
fn by_correlation(given: &Given<'_>, table: &Table, rows: &[u32]) -> Result<Vec<String>, Vec<Finding>> {
    let most = real(given, "correlation", (0.0, 1.0));
    let (mut kept, mut dropped): (Vec<score::Unit>, Vec<String>) = (Vec::new(), Vec::new());
    for name in judged(given, table, &NUMBERS, "")? {
        let unit = score::Unit::of(&numbers(table, &name, Some(rows)));
        if kept.iter().any(|other| other.correlation(&unit).abs() > most) {
            dropped.push(name);
        } else {
            kept.push(unit);
        }
    }
    Ok(dropped)
}

/// All but the best by what they say about the target.
fn by_score(given: &Given<'_>, table: &Table, rows: &[u32]) -> Result<Vec<String>, Vec<Finding>> {
    let target = target::read(given, table, rows)?;
    let method = given.text("method");
    let types: &[ColumnType] = match method.as_str() {
        "anova" | "pearson" => &NUMBERS,
        _ => &TYPES,
    };
    let names = judged(given, table, types, &target.name)?;
    let mut scores = Vec::with_capacity(names.len());
    for name in &names {
        let score = score_against(&method, table, name, &target);
        scores.push(score.map_err(|(message, remedy)| refusal("method", "select.method", message, remedy))?);
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    sort_few_by(&mut order, |&a, &b| scores[b].total_cmp(&scores[a]));
    let mut left_out: Vec<usize> = order.into_iter().skip(whole(given, "count", (1, usize::MAX))).collect();
    left_out.sort_unstable();
    Ok(left_out.into_iter().map(|i| names[i].clone()).collect())
}

fn score_against(method: &str, table: &Table, name: &str, target: &Target) -> Result<f64, score::Unfit> {
    match method {
        "anova" => Ok(score::anova(&numbers(table, name, Some(&target.rows)), &target.values)),
        "chi2" => score::chi_squared(table, name, target),
        "pearson" => score::with_target(&numbers(table, name, Some(&target.rows)), &target.values),
        _ => Ok(score::mutual_information(table, name, target)),
    }
}

#[cfg(test)]
pub(super) fn score_of(method: &str, table: &Table, name: &str, target: &str) -> f64 {
    let spec = Select.spec();
    let params = json!({"target": target});
    let given = Given::new(&spec, params.as_object().expect("an object"));
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    let target = target::read(&given, table, &rows).expect("a target");
    score_against(method, table, name, &target).expect("a score")
}

#[cfg(test)]
pub(super) use score::pearson as correlation;

impl FittedSelect {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        Changed::without(table, &self.dropped).table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
