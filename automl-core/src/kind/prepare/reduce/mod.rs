//! Many columns of numbers made few: principal components, truncated singular value decomposition, random projection.
//!
//! Components come from the eigenvectors of the p × p matrix of products, whose signs are such that the largest weight
//! of each is positive, as in scikit-learn.

use super::columns::{LARGEST, Names, bounded, chosen, column_fields, number_column, real, refusal, whole};
use super::matrix::{Source, gram};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::numeric::{Rng, symmetric_eigen};
use crate::table::{ColumnType, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 2] = [ColumnType::Numeric, ColumnType::Boolean];
/// Beyond so many columns, p × p products take too long.
const MOST_COLUMNS: usize = 1000;
/// Stream label of random weights.
const STREAM: u64 = 0x7072_6F6A;

/// `prepare.reduce`.
pub struct Reduce;

/// Components, each a weighted sum of the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedReduce {
    sources: Vec<Source>,
    /// Component by component, one weight for each source.
    weights: Vec<f64>,
    /// Of the components.
    names: Vec<String>,
}

impl Step for Reduce {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.reduce",
            "Reduce columns",
            Group::Prepare,
            Rows::Fitted,
            "Replaces many columns of numbers by few that say almost as much.",
        );
        spec.more = "Principal components are the directions in which rows differ most. Missing numbers count as the \
            column's mean.\nA random projection roughly keeps the distances between rows, and needs no learning."
            .to_owned();
        spec.words = "pca principal components svd lsa projection dimension".to_owned();
        spec.fields = column_fields(&TYPES, "all columns of numbers");
        spec.fields.extend([
            FieldSpec::choice(
                "method",
                "Method",
                "How the new columns are found.",
                &[
                    ("pca", "Principal components"),
                    ("svd", "Singular value decomposition, not centred"),
                    ("random", "Random projection"),
                ],
            ),
            FieldSpec::choice(
                "by",
                "How many",
                "What decides how many new columns there are.",
                &[("number", "A number"), ("share", "A share of the variance")],
            )
            .only_if("method", &[json!("pca"), json!("svd")]),
            FieldSpec::integer(
                "components",
                "Columns",
                "How many new columns.",
                2,
                (1, MOST_COLUMNS as i64),
                (1, 50),
            )
            .only_if("by", &[json!("number")]),
            FieldSpec::number(
                "share",
                "Share of variance",
                "How much of the variance the new columns keep.",
                0.95,
                (0.01, 1.0),
                (0.5, 0.99),
            )
            .only_if("by", &[json!("share")]),
            FieldSpec::flag("scale", "Scale first", "Gives each column the same weight.", true),
        ]);
        spec.example = Some(Example::new(
            &[("table", "width,height,depth\n1,2,1\n2,4,1\n3,6,2\n4,8,2\n")],
            json!({"components": 1}),
            "One column, pc1, says nearly all that the three do.",
        ));
        spec
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        let chosen = chosen(given, table, &TYPES, "")?;
        let p = chosen.len();
        if p > MOST_COLUMNS {
            let message = format!("{p} columns are to be reduced, where at most {MOST_COLUMNS} can be.");
            let remedy = "Choose fewer columns, or select some before.";
            return Err(refusal("columns", "reduce.too_many", message, remedy));
        }
        let method = given.text("method");
        let mut free = Names::beside(table, &chosen);
        let fit = |name| Source::fit(table, name, rows, method == "pca", given.flag("scale"));
        let sources: Vec<Source> = chosen.into_iter().map(fit).collect();
        let wanted = whole(given, "components", (1, MOST_COLUMNS));
        let (weights, prefix) = match method.as_str() {
            "random" if p > 0 => (gaussian(wanted, p, seed), "rp"),
            "svd" => (components(given, gram(table, &sources, rows), p, wanted), "svd"),
            _ => (components(given, gram(table, &sources, rows), p, wanted), "pc"),
        };
        let count = weights.len().checked_div(p).unwrap_or(0);
        let names = (1..=count).map(|i| free.free(format!("{prefix}{i}"))).collect();
        Ok(FittedStep::Reduce(FittedReduce { sources, weights, names }))
    }
}

/// Standard normal weights divided by √components (Johnson and Lindenstrauss, 1984).
fn gaussian(components: usize, p: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::for_stream(seed, &[STREAM]);
    let scale = 1.0 / (components as f64).sqrt();
    (0..components * p).map(|_| scale * rng.normal()).collect()
}

/// The first eigenvectors of `products`: `wanted`, or so many that the share of the trace is reached.
fn components(given: &Given<'_>, products: Vec<f64>, p: usize, wanted: usize) -> Vec<f64> {
    let eigen = symmetric_eigen(products, p);
    let count = if given.text("by") == "share" {
        let share = real(given, "share", (0.01, 1.0));
        let total: f64 = eigen.values.iter().map(|v| v.max(0.0)).sum();
        let mut kept = 0.0;
        let enough = |v: &f64| {
            kept += v.max(0.0);
            kept > share * total
        };
        eigen.values.iter().position(enough).map_or(p, |last| last + 1)
    } else {
        wanted.min(p)
    };
    let mut weights = eigen.vectors;
    weights.truncate(count * p);
    for vector in weights.chunks_exact_mut(p.max(1)) {
        let largest = vector.iter().fold(0.0f64, |m, x| if x.abs() > m.abs() { *x } else { m });
        if largest < 0.0 {
            vector.iter_mut().for_each(|x| *x = -*x);
        }
    }
    weights
}

impl FittedReduce {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let p = self.sources.len();
        let mut sums = vec![vec![0.0; table.rows]; self.names.len()];
        for (j, source) in self.sources.iter().enumerate() {
            let values = source.values(table, None);
            for (k, sums) in sums.iter_mut().enumerate() {
                let weight = self.weights.get(k * p + j).copied().unwrap_or(0.0);
                sums.iter_mut().zip(&values).for_each(|(sum, x)| *sum += weight * x);
            }
        }
        let gone: Vec<String> = self.sources.iter().map(|s| s.name.clone()).collect();
        let mut changed = super::columns::Changed::without(table, &gone);
        for (name, sums) in self.names.iter().zip(sums) {
            changed.add(number_column(name, sums.into_iter().map(bounded).collect()));
        }
        changed.table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let p = self.sources.len();
        let sized = p <= MOST_COLUMNS
            && self.names.len() <= MOST_COLUMNS
            && self.names.len() * p == self.weights.len()
            && (p > 0 || self.names.is_empty());
        let sound = self.sources.iter().all(Source::is_sound);
        if sized && sound && self.weights.iter().all(|w| w.abs() <= LARGEST) {
            Ok(())
        } else {
            Err("components that fitting cannot give".to_owned())
        }
    }
}
