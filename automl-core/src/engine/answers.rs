//! Answers of rows and how much these rows count.

use super::prepare::{Prepared, actual};
use super::protocol::StudyRequest;
use super::target::{EncodedTarget, find_column};
use crate::diagnostic::Diagnostic;
use crate::metric::Seen;
use crate::model::Target;
use crate::numeric::{count, mean};
use crate::table::{Column, Table, Values};
use serde::{Deserialize, Serialize};

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

/// The column of weights that was asked for.
///
/// # Errors
/// Where it is not there, or is the target.
pub(super) fn weights_column<'a>(
    table: &'a Table,
    request: &StudyRequest,
) -> Result<Option<&'a Column>, Diagnostic> {
    let Some(name) = &request.weights else { return Ok(None) };
    let column = find_column(table, name)?;
    if *name == request.target {
        return Err(Diagnostic::error(
            "weights.target",
            format!("\"{name}\" is the target: it cannot say how much rows count as well."),
            "Choose another column of weights, or none.",
        )
        .at_column(name));
    }
    Ok(Some(column))
}

/// The weights of the rows that have a target. Rows of weight 0 are left out there.
///
/// # Errors
/// A row without a weight; a single class that is left.
pub(super) fn weigh(
    column: &Column,
    encoded: &mut EncodedTarget,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<f64>, Diagnostic> {
    let mut weights = weights_of(column, &encoded.rows)?;
    let kept: Vec<u32> = (0..weights.len() as u32).filter(|&i| weights[i as usize] > 0.0).collect();
    let left_out = weights.len() - kept.len();
    if left_out == 0 {
        return Ok(weights);
    }
    encoded.rows = kept.iter().map(|&i| encoded.rows[i as usize]).collect();
    encoded.target = encoded.target.take(&kept);
    weights.retain(|&w| w > 0.0);
    if let Target::Classes { codes, .. } = &encoded.target
        && codes.iter().all(|c| *c == codes[0])
    {
        return Err(Diagnostic::error(
            "weights.one_class",
            format!("All rows whose weight in \"{}\" is above 0 are of one class.", column.name),
            "Choose another column of weights, or none.",
        )
        .at_column(&column.name));
    }
    diagnostics.push(
        Diagnostic::info(
            "weights.rows_left_out",
            format!("Rows of weight 0 are left out: {}.", count(left_out as u64)),
            "Give them a weight above 0 if they are to count.",
        )
        .at_column(&column.name),
    );
    Ok(weights)
}

/// The weights of the rows `rows` of `column`, as they are written.
///
/// # Errors
/// The first row whose weight is missing, no number, negative or endless; and where no row counts.
pub(super) fn weights_of(column: &Column, rows: &[u32]) -> Result<Vec<f64>, Diagnostic> {
    let mut weights = Vec::with_capacity(rows.len());
    for &row in rows {
        weights.push(weight_at(column, row as usize).ok_or_else(|| no_weight(column, row as usize, 0))?);
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

/// The weight of a row; `None` where it is missing, no number, negative or endless.
pub(super) fn weight_at(column: &Column, row: usize) -> Option<f64> {
    let weight: Option<f64> = match &column.values {
        Values::F32(_) | Values::F64(_) => column.number(row),
        Values::Time(_) => None,
        _ => column.text(row)?.trim().parse().ok(),
    };
    weight.filter(|w| w.is_finite() && *w >= 0.0)
}

/// `before`: rows of the file before the table that `column` is of.
pub(super) fn no_weight(column: &Column, row: usize, before: u64) -> Diagnostic {
    let what = match column.text(row) {
        None => "is missing".to_owned(),
        Some(text) => format!("is \"{text}\""),
    };
    let row_of_file = before + row as u64 + 1;
    let number = count(row_of_file);
    Diagnostic::error(
        "weights.not_a_weight",
        format!("The weight of row {number} in \"{}\" {what}: a weight is a number from 0 on.", column.name),
        "Mend or leave out such rows, or choose another column of weights.",
    )
    .at_column(&column.name)
    .at_row(row_of_file)
}

/// What weights are divided by so that their mean is 1 and what learners weigh against rows means the same as without:
/// only ratios matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct WeightUnit {
    /// The largest is taken out first, so that sums stay finite.
    largest: f64,
    /// Mean of what is left.
    centre: f64,
}

impl WeightUnit {
    pub fn apply(self, weight: f64) -> f64 {
        weight / self.largest / self.centre
    }
}

/// Weights whose mean is 1, and what they were divided by.
pub(super) fn of_mean_one(weights: &[f64]) -> (Vec<f64>, WeightUnit) {
    let largest = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let shares: Vec<f64> = weights.iter().map(|w| w / largest).collect();
    let unit = WeightUnit { largest, centre: mean(&shares) };
    (weights.iter().map(|&w| unit.apply(w)).collect(), unit)
}
