//! Numbers cut into bins, as scikit-learn's `KBinsDiscretizer`.

use super::columns::{
    Changed, LARGEST, category_column, chosen, column_fields, number_column, numbers, present, refusal, whole,
};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::node::quantiles_of_sorted;
use crate::table::{ColumnType, MISSING_CODE, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 1] = [ColumnType::Numeric];
const MOST_BINS: usize = 1000;
/// Bins by quantiles that are not wider than this are joined with the next, as scikit-learn does.
const NARROWEST: f64 = 1e-8;

/// `prepare.bin`.
pub struct Bin;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Binned {
    name: String,
    /// Where one bin ends and the next begins, ascending: bin `i` holds `edges[i - 1] <= x < edges[i]`.
    edges: Vec<f64>,
    /// What the bins are called, one more than `edges`; empty where they are numbered.
    labels: Vec<String>,
}

/// The bins of each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedBin(Vec<Binned>);

impl Step for Bin {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.bin",
            "Cut into bins",
            Group::Prepare,
            Rows::Fitted,
            "Replaces numbers by the range they lie in.",
        );
        spec.more = "A bin holds its lower edge and not its upper one. Numbers beyond those seen in training fall in \
            the first or the last bin; missing ones stay missing."
            .to_owned();
        spec.words = "bin discretize bucket cut qcut histogram range".to_owned();
        spec.fields = column_fields(&TYPES, "all columns of numbers");
        spec.fields.extend([
            FieldSpec::choice(
                "method",
                "Method",
                "How the edges are found.",
                &[
                    ("count", "Equally many rows"),
                    ("width", "Equally wide"),
                    ("edges", "Edges that you give"),
                ],
            ),
            FieldSpec::integer("bins", "Bins", "How many.", 5, (2, MOST_BINS as i64), (2, 20))
                .only_if("method", &[json!("count"), json!("width")]),
            FieldSpec::text("edges", "Edges", "Numbers where a new bin begins, with blanks between.", "")
                .required()
                .only_if("method", &[json!("edges")]),
            FieldSpec::choice(
                "output",
                "Output",
                "What a bin becomes.",
                &[("label", "A category, for example \"10 to 20\""), ("number", "Its number, from 0")],
            ),
        ]);
        spec.example = Some(Example::new(
            &[("table", "age\n5\n17\n30\n70\n")],
            json!({"method": "edges", "edges": "18 65"}),
            "The ages become \"below 18\", \"below 18\", \"18 to 65\" and \"65 and more\".",
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
        let method = given.text("method");
        let fixed = if method == "edges" { given_edges(&given.text("edges"))? } else { Vec::new() };
        let bins = whole(given, "bins", (2, MOST_BINS));
        let binned = |name: String| {
            let edges = if method == "edges" {
                fixed.clone()
            } else {
                let mut values = present(&numbers(table, &name, Some(rows)));
                values.sort_unstable_by(f64::total_cmp);
                if method == "width" { equal_widths(&values, bins) } else { equal_counts(&values, bins) }
            };
            let labels = if given.text("output") == "number" { Vec::new() } else { labels(&edges) };
            Binned { name, edges, labels }
        };
        let all = chosen(given, table, &TYPES, "")?.into_iter().map(binned).collect();
        Ok(FittedStep::Bin(FittedBin(all)))
    }
}

fn given_edges(text: &str) -> Result<Vec<f64>, Vec<Finding>> {
    let remedy = "Write numbers with blanks between, for example: 0 10 25.5";
    let mut edges = Vec::new();
    for part in text.split(|c: char| c.is_whitespace() || c == ';').filter(|p| !p.is_empty()) {
        let part = part.trim_end_matches(',');
        match part.parse::<f64>().ok().filter(|x| x.abs() <= LARGEST) {
            Some(edge) => edges.push(edge),
            None => {
                let message = format!("\"{part}\" among the edges is no number.");
                return Err(refusal("edges", "bin.edges", message, remedy));
            }
        }
    }
    edges.sort_unstable_by(f64::total_cmp);
    edges.dedup();
    if edges.is_empty() || edges.len() >= MOST_BINS {
        let message = format!("There are {} edges, where 1 to {} are wanted.", edges.len(), MOST_BINS - 1);
        return Err(refusal("edges", "bin.edges", message, remedy));
    }
    Ok(edges)
}

fn equal_widths(sorted: &[f64], bins: usize) -> Vec<f64> {
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let step = (high - low) / bins as f64;
    let mut edges: Vec<f64> = (1..bins).map(|i| i as f64 * step + low).collect();
    edges.dedup();
    edges.retain(|&e| e > low);
    edges
}

fn equal_counts(sorted: &[f64], bins: usize) -> Vec<f64> {
    let all = quantiles_of_sorted(sorted, bins + 1);
    let Some(&first) = all.first() else { return Vec::new() };
    let mut edges = vec![first];
    for (before, edge) in all.iter().zip(all.iter().skip(1)) {
        if edge - before > NARROWEST {
            edges.push(*edge);
        }
    }
    edges.pop();
    if edges.is_empty() { edges } else { edges.split_off(1) }
}

/// What the bins are called. Edges have as few digits as put them within a two-hundredth of a bin's width.
fn labels(edges: &[f64]) -> Vec<String> {
    let width = |pair: usize| match edges.get(pair..pair + 2) {
        Some(&[low, high]) => high - low,
        _ => f64::INFINITY,
    };
    let text = |(i, &edge): (usize, &f64)| {
        let narrowest = if i > 0 { width(i - 1).min(width(i)) } else { width(i) };
        shown(edge, 0.005 * if narrowest.is_finite() { narrowest } else { edge.abs() })
    };
    let texts: Vec<String> = edges.iter().enumerate().map(text).collect();
    let (Some(first), Some(last)) = (texts.first(), texts.last()) else { return vec!["all".to_owned()] };
    let between = texts.windows(2).map(|w| format!("{} to {}", w[0], w[1]));
    [format!("below {first}")].into_iter().chain(between).chain([format!("{last} and more")]).collect()
}

/// `x` with so few digits as leave it within `tolerance`.
fn shown(x: f64, tolerance: f64) -> String {
    let rounded = (0..17).filter_map(|digits| format!("{x:.digits$e}").parse::<f64>().ok());
    let x = rounded.into_iter().find(|r| (r - x).abs() <= tolerance).unwrap_or(x);
    if x == 0.0 || (1e-5..1e15).contains(&x.abs()) { x.to_string() } else { format!("{x:e}") }
}

impl FittedBin {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let mut changed = Changed::of(table);
        for Binned { name, edges, labels } in &self.0 {
            let bin = |x: &f64| edges.partition_point(|e| e <= x);
            let values = numbers(table, name, None);
            let column = if labels.is_empty() {
                let number = |x: &f64| if x.is_nan() { f64::NAN } else { bin(x) as f64 };
                number_column(name, values.iter().map(number).collect())
            } else {
                let last = labels.len() - 1;
                let code = |x: &f64| if x.is_nan() { MISSING_CODE } else { bin(x).min(last) as u32 };
                category_column(name, values.iter().map(code).collect(), labels.clone())
            };
            changed.replace(name, vec![column]);
        }
        changed.table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let sound = |b: &Binned| {
            let sized = b.edges.len() < MOST_BINS && [0, b.edges.len() + 1].contains(&b.labels.len());
            let differ = {
                let mut labels: Vec<&String> = b.labels.iter().collect();
                labels.sort_unstable();
                labels.windows(2).all(|w| w[0] < w[1])
            };
            let ascend = b.edges.windows(2).all(|w| w[0] < w[1]);
            sized && differ && ascend && b.edges.iter().all(|e| e.abs() <= LARGEST)
        };
        if self.0.iter().all(sound) { Ok(()) } else { Err("bins that fitting cannot give".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_what_lies_between_them() {
        let check = |text: &str, expected: &[&str]| {
            let edges = given_edges(text).expect("edges");
            assert_eq!(labels(&edges), expected, "{text}");
        };
        check("10", &["below 10", "10 and more"]);
        check("10, 0; 2.5 10", &["below 0", "0 to 2.5", "2.5 to 10", "10 and more"]);
        check("1e20 0.1", &["below 0.1", "0.1 to 1e20", "1e20 and more"]);
        assert_eq!(labels(&[]), ["all"]);
        // So many digits as tell them apart.
        assert_eq!(labels(&[1.0 / 3.0, 2.0 / 3.0])[1], "0.333 to 0.667");
        assert_eq!(labels(&[1234.5, 1234.75])[1], "1234.5 to 1234.75");
    }

    #[test]
    fn bins_that_cannot_be_told_apart_are_one() {
        assert_eq!(equal_counts(&[1.0, 1.0, 1.0, 2.0, 3.0], 4), [2.0]);
        assert_eq!(equal_counts(&[5.0; 9], 4), [0.0; 0]);
        assert_eq!(equal_widths(&[5.0; 9], 4), [0.0; 0]);
        assert_eq!(equal_widths(&[0.0, 1.0, 8.0], 4), [2.0, 4.0, 6.0]);
        assert_eq!(equal_counts(&[], 4), [0.0; 0]);
    }
}
