//! Extreme numbers brought within fences, or set missing.

use super::columns::{
    LARGEST, change_numbers, chosen, column_fields, mean_and_deviation, numbers, present, real,
};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::node::quantiles;
use crate::table::{ColumnType, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 1] = [ColumnType::Numeric];

/// `prepare.outliers`.
pub struct Outliers;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fence {
    name: String,
    low: f64,
    high: f64,
}

/// What counts as extreme in each column, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedOutliers {
    fences: Vec<Fence>,
    /// Numbers beyond the fences become missing; they are set to the fence otherwise.
    set_missing: bool,
}

impl Step for Outliers {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.outliers",
            "Tame outliers",
            Group::Prepare,
            Rows::Fitted,
            "Brings extreme numbers back to a limit, or sets them missing.",
        );
        spec.more =
            "Tukey's fences lie 1.5 times the distance of the quartiles beyond them.\nA column in which \
            most values are the same one is left as it is: the few others are what it has to say."
                .to_owned();
        spec.words = "outlier extreme clip winsorize iqr fence z-score".to_owned();
        spec.fields = column_fields(&TYPES, "all columns of numbers");
        spec.fields.extend([
            FieldSpec::choice(
                "rule",
                "Limits",
                "How the limits are found.",
                &[
                    ("iqr", "Quartiles (Tukey's fences)"),
                    ("quantile", "Quantiles"),
                    ("zscore", "Standard deviations"),
                ],
            ),
            FieldSpec::number(
                "reach",
                "Reach",
                "How far the limits lie beyond the quartiles, in distances between them.",
                1.5,
                (0.0, 1000.0),
                (0.5, 5.0),
            )
            .only_if("rule", &[json!("iqr")]),
            FieldSpec::number(
                "share",
                "Share",
                "Which share of the rows lies beyond each limit.",
                0.01,
                (0.0, 0.5),
                (0.0, 0.1),
            )
            .only_if("rule", &[json!("quantile")]),
            FieldSpec::number(
                "deviations",
                "Deviations",
                "How many standard deviations the limits lie from the mean.",
                3.0,
                (0.0, 1000.0),
                (1.0, 6.0),
            )
            .only_if("rule", &[json!("zscore")]),
            FieldSpec::choice(
                "then",
                "Then",
                "What becomes of a number beyond a limit.",
                &[("clip", "Becomes the limit"), ("missing", "Becomes missing")],
            ),
        ]);
        spec.example = Some(Example::new(
            &[("table", "price\n10\n11\n12\n13\n900\n")],
            json!({}),
            "The price of 900 becomes 16, the upper fence.",
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
        let fence = |name: String| {
            let mut values = present(&numbers(table, &name, Some(rows)));
            let (low, high) = limits(given, &mut values);
            Fence { name, low, high }
        };
        let fences = chosen(given, table, &TYPES, "")?.into_iter().map(fence).collect();
        let set_missing = given.text("then") == "missing";
        Ok(FittedStep::Outliers(FittedOutliers { fences, set_missing }))
    }
}

/// Where numbers begin to be extreme; nowhere, where they do not vary.
fn limits(given: &Given<'_>, values: &mut [f64]) -> (f64, f64) {
    const NOWHERE: (f64, f64) = (-LARGEST, LARGEST);
    if values.is_empty() {
        return NOWHERE;
    }
    let (low, high) = match given.text("rule").as_str() {
        "quantile" => {
            let share = real(given, "share", (0.0, 0.5));
            let [low, high] = quantiles(values, [share, 1.0 - share]);
            // With a share of a half both limits are the median, as asked for.
            (low, high)
        }
        "zscore" => {
            let (mean, deviation) = mean_and_deviation(values);
            let reach = real(given, "deviations", (0.0, 1000.0)) * deviation;
            (mean - reach, mean + reach)
        }
        _ => {
            let [q1, q3] = quantiles(values, [0.25, 0.75]);
            if q1 == q3 {
                return NOWHERE;
            }
            let reach = real(given, "reach", (0.0, 1000.0)) * (q3 - q1);
            (q1 - reach, q3 + reach)
        }
    };
    (low.max(-LARGEST), high.min(LARGEST))
}

impl FittedOutliers {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let values: Vec<_> = self
            .fences
            .iter()
            .map(|f| {
                move |x: f64| match (self.set_missing, x < f.low, x > f.high) {
                    (_, false, false) => x,
                    (true, ..) => f64::NAN,
                    (false, true, _) => f.low,
                    (false, false, true) => f.high,
                }
            })
            .collect();
        let columns = self.fences.iter().zip(&values);
        change_numbers(table, columns.map(|(f, v)| (f.name.as_str(), v as &dyn Fn(f64) -> f64)))
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let within = |x: f64| x.abs() <= LARGEST;
        if self.fences.iter().all(|f| f.low <= f.high && within(f.low) && within(f.high)) {
            Ok(())
        } else {
            Err("limits that fitting cannot give".to_owned())
        }
    }
}
