//! From a table and a request to what every executor needs: rows with a target, features, the split.

use super::answers::{of_mean_one, weights_of};
use super::constraints;
use super::protocol::{InputField, StudyRequest};
use super::target::{EncodedTarget, encode, feature_columns, find_column, question, target_info};
use crate::diagnostic::Diagnostic;
use crate::metric::{self, Actual, MetricSpec};
use crate::model::{Target, Task};
use crate::search::{Constraints, Loads, Split, plan_split};
use crate::table::{Column, ColumnType, ReadOptions, Table, Values, fingerprint, profile};
use serde::{Deserialize, Serialize};

/// Fewest rows with a target.
const FEWEST_ROWS: usize = 10;
/// Levels that a form offers.
const FORM_LEVELS: usize = 200;

/// A table made ready for a study. Shared by all executors; plain data that travels to workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// Feature columns of the rows that have a target.
    pub(super) table: Table,
    pub(super) target: Target,
    /// How much rows count, 1 on average; all alike where there are none.
    pub(super) weights: Option<Vec<f64>>,
    pub(super) target_column: String,
    pub(super) weights_column: Option<String>,
    pub(super) constraints: Constraints,
    pub(super) classes: Vec<String>,
    pub(super) metric: String,
    pub(super) split: Split,
    pub(super) seed: u64,
    pub(super) fingerprint: String,
    /// How a table for prediction is to be read.
    pub(super) read: ReadOptions,
    pub(super) inputs: Vec<InputField>,
    /// Warnings worth showing.
    pub diagnostics: Vec<Diagnostic>,
}

impl Prepared {
    pub fn task(&self) -> Task {
        self.target.task()
    }

    /// Rows that have a target.
    pub fn rows(&self) -> usize {
        self.table.rows
    }

    pub(super) fn metric(&self) -> &'static MetricSpec {
        metric::find(&self.metric).unwrap_or_else(|| metric::default_for(question(self.task())))
    }

    /// How large a fold's fits are.
    pub(super) fn loads(&self, budget_secs: Option<f64>) -> Loads {
        let rows = self.split.training(0).len();
        Loads::new(&self.table, &self.target, rows, self.split.folds(), budget_secs)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// # Errors
    /// Where the bytes are not what [`Prepared::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|e| format!("the study's data did not arrive whole: {e}"))
    }
}

/// A target as a metric sees it.
pub(super) fn actual(target: &Target) -> Actual<'_> {
    match target {
        Target::Classes { codes, classes } => Actual::Classes { codes, classes: *classes },
        Target::Values(values) => Actual::Values(values),
    }
}

/// Checks a request against a table and makes everything ready. `next` says how a table for prediction is to be
/// read ([`crate::table::ReadReport::options_for_next`]).
///
/// # Errors
/// Everything that keeps the study from starting.
pub fn prepare(
    table: &Table,
    next: ReadOptions,
    request: &StudyRequest,
) -> Result<Prepared, Vec<Diagnostic>> {
    let one = |d: Diagnostic| vec![d];
    let info = target_info(table, Some(&request.target), request.task).map_err(one)?;
    let errors: Vec<Diagnostic> = info.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let metric = chosen_metric(request, info.task).map_err(one)?;
    check_names(table, request).map_err(one)?;
    let column = find_column(table, &request.target).map_err(one)?;
    let mut diagnostics = info.diagnostics;
    let mut encoded = encode(column, info.task).map_err(one)?;
    let weights = match weights_column(table, request).map_err(one)? {
        Some(weights) => Some(weigh(weights, &mut encoded, &mut diagnostics).map_err(one)?),
        None => None,
    };
    if encoded.rows.len() < FEWEST_ROWS {
        return Err(one(Diagnostic::error(
            "data.too_few_rows",
            format!("Only {} rows have a value of \"{}\".", encoded.rows.len(), column.name),
            format!("At least {FEWEST_ROWS} are needed, and some hundreds to learn from."),
        )));
    }
    let at = table.column_index(&column.name).unwrap_or(0);
    let ignore: Vec<String> = request.ignore.iter().chain(&request.weights).cloned().collect();
    let features = feature_columns(table, at, &ignore);
    // What is not looked at gives nothing away.
    diagnostics.retain(|d| d.code != "target.leak" || d.column.as_ref().is_none_or(|c| !ignore.contains(c)));
    let names: Vec<&str> = features.iter().map(|&j| table.columns[j].name.as_str()).collect();
    let constraints = constraints::checked(table, &names, request, info.task).map_err(one)?;
    if features.is_empty() {
        diagnostics.push(Diagnostic::warning(
            "data.no_features",
            "No column is left to predict from: the best that can be done is a guess.",
            "Give a column another type, or ignore fewer.",
        ));
    }
    let whole = encoded.rows.len() == table.rows;
    let columns: Vec<Column> = features
        .iter()
        .map(|&j| if whole { table.columns[j].clone() } else { table.columns[j].take(&encoded.rows) })
        .collect();
    let table_used = Table { columns, rows: encoded.rows.len() };
    let split = plan_split(&encoded.target, features.len(), request.budget_secs, request.seed);
    let read = read_options(
        next,
        &table_used,
        [Some(column), request.weights.as_ref().and_then(|w| table.column(w))],
    );
    Ok(Prepared {
        inputs: input_fields(&table_used),
        table: table_used,
        target: encoded.target,
        weights: weights.as_deref().map(of_mean_one),
        target_column: column.name.clone(),
        weights_column: request.weights.clone(),
        constraints,
        classes: encoded.classes,
        metric: metric.id.to_owned(),
        split,
        seed: request.seed,
        fingerprint: fingerprint(table),
        read,
        diagnostics,
    })
}

/// The column of weights that was asked for.
///
/// # Errors
/// Where it is not there, or is the target.
fn weights_column<'a>(table: &'a Table, request: &StudyRequest) -> Result<Option<&'a Column>, Diagnostic> {
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
fn weigh(
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
            format!("Rows of weight 0 are left out: {}.", crate::numeric::count(left_out as u64)),
            "Give them a weight above 0 if they are to count.",
        )
        .at_column(&column.name),
    );
    Ok(weights)
}

/// Options that force the types of the columns that the model reads, and of no other. `beside`: the target, and what
/// weighs rows.
fn read_options(next: ReadOptions, features: &Table, beside: [Option<&Column>; 2]) -> ReadOptions {
    let types =
        features.columns.iter().chain(beside.into_iter().flatten()).map(|c| (c.name.clone(), c.ty)).collect();
    ReadOptions { types, ..next }
}

fn chosen_metric(request: &StudyRequest, task: Task) -> Result<&'static MetricSpec, Diagnostic> {
    let suits = |m: &&MetricSpec| m.suits(question(task));
    let Some(name) = &request.metric else { return Ok(metric::default_for(question(task))) };
    metric::find(name).filter(suits).ok_or_else(|| {
        let names: Vec<&str> = metric::all().iter().filter(suits).map(|m| m.id).collect();
        Diagnostic::error(
            "metric.unknown",
            format!("\"{name}\" is no metric of a {} task.", task.name()),
            format!("Choose one of {}.", names.join(", ")),
        )
    })
}

/// Learners that exist and suit. Ignored columns that do not exist are no harm.
fn check_names(table: &Table, request: &StudyRequest) -> Result<(), Diagnostic> {
    for name in &request.ignore {
        find_column(table, name)?;
    }
    for id in &request.learners {
        if crate::learner::find(id).is_none() {
            let ids: Vec<&str> = crate::learner::all().iter().map(|l| l.spec().id).collect();
            return Err(Diagnostic::error(
                "learner.unknown",
                format!("There is no learner \"{id}\"."),
                format!("Choose from {}.", ids.join(", ")),
            ));
        }
    }
    Ok(())
}

/// A form's fields, with what is typical for each.
fn input_fields(table: &Table) -> Vec<InputField> {
    profile(table)
        .columns
        .iter()
        .zip(&table.columns)
        .map(|(p, column)| {
            let numeric = matches!(column.values, Values::F32(_) | Values::F64(_));
            let summary = p.numeric.as_ref().filter(|_| numeric);
            let typical = match (summary, &column.values) {
                (Some(s), _) => median_text(column, s.quantiles[2]),
                (None, Values::Time(_)) => {
                    (0..column.len()).find_map(|r| column.text(r)).unwrap_or_default().into_owned()
                }
                _ => most_frequent(column, 1).into_iter().next().unwrap_or_default(),
            };
            let lists = matches!(column.ty, ColumnType::Categorical | ColumnType::Boolean);
            InputField {
                column: column.name.clone(),
                ty: column.ty,
                typical,
                min: summary.map(|s| s.min),
                max: summary.map(|s| s.max),
                levels: if lists && !numeric { most_frequent(column, FORM_LEVELS) } else { Vec::new() },
            }
        })
        .collect()
}

/// The value of the column nearest to its median, as the file writes it.
fn median_text(column: &Column, median: f64) -> String {
    let near = (0..column.len())
        .filter_map(|r| Some((r, (column.number(r)? - median).abs())))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    near.and_then(|(r, _)| column.text(r)).unwrap_or_default().into_owned()
}

/// Levels with the most rows, at most `most`, the most frequent first.
fn most_frequent(column: &Column, most: usize) -> Vec<String> {
    let mut counts: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for row in 0..column.len() {
        if let Some(text) = column.text(row) {
            *counts.entry(text.into_owned()).or_default() += 1;
        }
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.into_iter().take(most).map(|(level, _)| level).collect()
}
