//! Answers of rows and how much these rows count.

use super::prepare::{Prepared, actual};
use crate::diagnostic::Diagnostic;
use crate::metric::Seen;
use crate::model::Target;
use crate::numeric::{count, mean};
use crate::table::{Column, Values};

/// Target values of some rows, and their weights where rows do not count alike.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    pub target: Target,
    pub weights: Option<Vec<f64>>,
}

impl Answers {
    pub fn seen(&self) -> Seen<'_> {
        Seen { actual: actual(&self.target), weights: self.weights.as_deref() }
    }

    /// Weights as learners take them.
    pub fn fit_weights(&self) -> Option<Vec<f32>> {
        self.weights.as_ref().map(|w| w.iter().map(|&w| w as f32).collect())
    }
}

impl Prepared {
    /// The answers of the rows `rows`.
    pub(super) fn answers(&self, rows: &[u32]) -> Answers {
        let of_rows = |w: &Vec<f64>| rows.iter().map(|&i| w[i as usize]).collect();
        Answers { target: self.target.take(rows), weights: self.weights.as_ref().map(of_rows) }
    }
}

/// The weights of the rows `rows` of `column`, as they are written.
///
/// # Errors
/// The first row whose weight is missing, no number, negative or endless; and where no row counts.
pub(super) fn weights_of(column: &Column, rows: &[u32]) -> Result<Vec<f64>, Diagnostic> {
    let weight = |row: usize| match &column.values {
        Values::F32(_) | Values::F64(_) => column.number(row),
        Values::Time(_) => None,
        _ => column.text(row)?.trim().parse().ok(),
    };
    let mut weights = Vec::with_capacity(rows.len());
    for &row in rows {
        match weight(row as usize).filter(|w| w.is_finite() && *w >= 0.0) {
            Some(w) => weights.push(w),
            None => return Err(no_weight(column, row as usize)),
        }
    }
    if weights.iter().all(|&w| w == 0.0) {
        return Err(Diagnostic::error(
            "weights.none",
            format!("All weights in \"{}\" are 0: no row would count.", column.name),
            "Choose another column of weights, or none.",
        )
        .at_column(&column.name));
    }
    Ok(weights)
}

fn no_weight(column: &Column, row: usize) -> Diagnostic {
    let what = match column.text(row) {
        None => "is missing".to_owned(),
        Some(text) => format!("is \"{text}\""),
    };
    let number = count(row as u64 + 1);
    Diagnostic::error(
        "weights.not_a_weight",
        format!("The weight of row {number} in \"{}\" {what}: a weight is a number from 0 on.", column.name),
        "Mend or leave out such rows, or choose another column of weights.",
    )
    .at_column(&column.name)
    .at_row(row as u64 + 1)
}

/// Weights whose mean is 1, so that what learners weigh against rows means the same as without: only ratios matter.
pub(super) fn of_mean_one(weights: &[f64]) -> Vec<f64> {
    // The largest is taken out first, so that sums stay finite.
    let largest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let shares: Vec<f64> = weights.iter().map(|w| w / largest).collect();
    let centre = mean(&shares);
    shares.iter().map(|w| w / centre).collect()
}
