//! From a table and a request to what every executor needs: rows with a target, features, the split.

use super::answers::{WeightUnit, of_mean_one, weigh, weights_column};
use super::chain::Chain;
use super::constraints;
use super::memory::{self, Memory, Wanted};
use super::protocol::{InputField, StudyRequest};
use super::settings;
use super::study::check_request;
use super::target::{EncodedTarget, encode, feature_columns, find_column, question, target_info};
use crate::diagnostic::Diagnostic;
use crate::learner::{Learner, LearnerSpec, Reproducible};
use crate::metric::{self, Actual, MetricSpec};
use crate::model::{Target, Task};
use crate::numeric::sort_few_by_key;
use crate::search::{Constraints, Loads, Split, plan_split, sample_rows};
use crate::table::{Column, ColumnType, ReadOptions, Table, Values, fingerprint, profile};
use serde::{Deserialize, Serialize};

/// Fewest rows with a target.
const FEWEST_ROWS: usize = 10;
/// Levels that a form offers.
const FORM_LEVELS: usize = 200;

/// A table made ready for a study. Shared by all executors; plain data that travels to workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prepared {
    /// The rows that have a target: feature columns, or where there is a chain all that come into it.
    pub(super) table: Table,
    pub(super) chain: Option<Chain>,
    /// How large a fold's fits are.
    loads: Loads,
    pub(super) target: Target,
    /// How much rows count, 1 on average; all alike where there are none.
    pub(super) weights: Option<Vec<f64>>,
    pub(super) weight_unit: Option<WeightUnit>,
    pub(super) target_column: String,
    pub(super) weights_column: Option<String>,
    pub(super) constraints: Constraints,
    pub(super) memory: Memory,
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

    /// Rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.table.rows, self.table.columns.len())
    }

    /// What is to be predicted, a value a row.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Which rows train, validate and are locked away.
    pub fn split(&self) -> &Split {
        &self.split
    }

    pub fn metric(&self) -> &'static MetricSpec {
        metric::find(&self.metric).unwrap_or_else(|| metric::default_for(question(self.task())))
    }

    /// How large a fold's fits are.
    pub(super) fn loads(&self, budget_secs: Option<f64>) -> Loads {
        self.loads.within(budget_secs)
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
pub fn actual(target: &Target) -> Actual<'_> {
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
    prepare_within(table, next, request, None)
}

/// [`prepare`], where the machine has `memory` bytes for the study, unless the request names a limit. What does not fit is
/// not taken: the rows are sampled before they are copied, and [`Prepared::diagnostics`] say so.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_within(
    table: &Table,
    next: ReadOptions,
    request: &StudyRequest,
    memory: Option<u64>,
) -> Result<Prepared, Vec<Diagnostic>> {
    let one = |d: Diagnostic| vec![d];
    let looked = Chain::of(request)?.map(|chain| chain.look(table, request.seed)).transpose()?;
    // Where the question is asked, and what is learned from: the same table where there are no steps.
    let (asked, learned) = looked.as_ref().map_or((table, table), |l| (&l.asked, &l.after));
    let info = target_info(asked, Some(&request.target), request.task).map_err(one)?;
    let errors: Vec<Diagnostic> = info.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let metric = chosen_metric(request, info.task).map_err(one)?;
    check_names(learned, request).and_then(|()| check_request(request)).map_err(one)?;
    let column = find_column(asked, &request.target).map_err(one)?;
    let mut diagnostics = info.diagnostics;
    let mut encoded = encode(column, info.task).map_err(one)?;
    let weighing = weights_column(asked, request).map_err(one)?;
    let mut weights = match weighing {
        Some(weighing) => Some(weigh(weighing, &mut encoded, &mut diagnostics).map_err(one)?),
        None => None,
    };
    if encoded.rows.len() < FEWEST_ROWS {
        return Err(one(too_few_rows(encoded.rows.len(), &column.name)));
    }
    let features = used_columns(learned, column, request, &mut diagnostics);
    let names: Vec<&str> = features.iter().map(|c| c.name.as_str()).collect();
    let constraints = constraints::checked(learned, &names, request, info.task).map_err(one)?;
    settings::checked(request, info.task, &constraints)?;
    let chain = looked.as_ref().map(|l| l.settled(table, &features)).transpose().map_err(one)?;
    let is_in = |c: &String| names.contains(&c.as_str()) || chain.as_ref().is_none_or(|chain| chain.reads(c));
    // A column that is not learned from in the end gives nothing away.
    diagnostics.retain(|d| d.code != "target.leak" || d.column.as_ref().is_none_or(is_in));
    let held: Vec<&Column> = if chain.is_some() { table.columns.iter().collect() } else { features.clone() };
    let (rows, memory) = memory::plan(
        &Wanted {
            held: &held,
            columns: &features,
            chained: chain.is_some(),
            outputs: encoded.target.outputs(),
            rows: encoded.rows.len(),
            learners: &usable_learners(info.task, request, &constraints),
        },
        request.max_memory_mb,
        memory,
    );
    if let Some(sampled) = memory.sampled(rows) {
        weights = encoded.sample(rows, weights, request.seed);
        diagnostics.push(sampled);
    }
    let split = plan_split(&encoded.target, features.len(), request.budget_secs, request.seed);
    let training = split.training(0).len();
    let table_used = rows_of(&held, &encoded.rows, table.rows);
    let sized = if chain.is_some() { features } else { table_used.columns.iter().collect() };
    let loads = Loads::of_columns(&sized, &encoded.target, training, split.folds(), request.budget_secs);
    let (weights, weight_unit) = weights.as_deref().map(of_mean_one).unzip();
    let beside = if chain.is_some() { [None, None] } else { [Some(column), weighing] };
    Ok(Prepared {
        inputs: input_fields(&table_used, chain.as_ref()),
        read: read_options(next, &table_used, beside),
        table: table_used,
        chain,
        loads,
        target: encoded.target,
        weights,
        weight_unit,
        target_column: column.name.clone(),
        weights_column: request.weights.clone(),
        constraints,
        memory,
        classes: encoded.classes,
        metric: metric.id.to_owned(),
        split,
        seed: request.seed,
        fingerprint: fingerprint(table),
        diagnostics,
    })
}

impl EncodedTarget {
    /// Keeps a sample of `count` rows, and gives their weights.
    fn sample(&mut self, count: usize, weights: Option<Vec<f64>>, seed: u64) -> Option<Vec<f64>> {
        let sample = sample_rows(&self.target, count, seed);
        self.rows = sample.iter().map(|&i| self.rows[i as usize]).collect();
        self.target = self.target.take(&sample);
        weights.map(|w| sample.iter().map(|&i| w[i as usize]).collect())
    }
}

/// The rows `rows` of columns of a table of `of` rows.
fn rows_of(columns: &[&Column], rows: &[u32], of: usize) -> Table {
    let whole = rows.len() == of;
    let columns = columns.iter().map(|&c| if whole { c.clone() } else { c.take(rows) }).collect();
    Table { columns, rows: rows.len() }
}

fn too_few_rows(rows: usize, target: &str) -> Diagnostic {
    Diagnostic::error(
        "data.too_few_rows",
        format!("Only {rows} rows have a value of \"{target}\"."),
        format!("At least {FEWEST_ROWS} are needed, and some hundreds to learn from."),
    )
}

/// The columns that are learned from.
fn used_columns<'a>(
    table: &'a Table,
    target: &Column,
    request: &StudyRequest,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<&'a Column> {
    let at = table.column_index(&target.name).unwrap_or(0);
    let ignore: Vec<String> = request.ignore.iter().chain(&request.weights).cloned().collect();
    let features = feature_columns(table, at, &ignore);
    // What is not looked at gives nothing away.
    diagnostics.retain(|d| d.code != "target.leak" || d.column.as_ref().is_none_or(|c| !ignore.contains(c)));
    if features.is_empty() {
        diagnostics.push(Diagnostic::warning(
            "data.no_features",
            "No column is left to predict from: the best that can be done is a guess.",
            "Give a column another type, or ignore fewer.",
        ));
    }
    features.into_iter().map(|j| &table.columns[j]).collect()
}

/// Whether a learner suits a task and a request, guessing aside.
pub(super) fn suits(spec: &LearnerSpec, task: Task, request: &StudyRequest) -> bool {
    let everywhere = spec.reproducible == Reproducible::Everywhere;
    let named = request.learners.iter().any(|id| id == spec.id);
    let wanted = if request.learners.is_empty() { everywhere } else { named };
    spec.id != "baseline" && spec.tasks.contains(&task) && wanted && (everywhere || !request.reproducible)
}

/// The learners that a search may use, or that settings name.
fn usable_learners(
    task: Task,
    request: &StudyRequest,
    constraints: &Constraints,
) -> Vec<&'static dyn Learner> {
    let usable = |l: &&dyn Learner| suits(l.spec(), task, request) && constraints.are_kept_by(l.spec());
    if !request.settings.is_empty() {
        let named = |l: &&dyn Learner| request.settings.iter().any(|s| s.learner == l.spec().id);
        return crate::learner::all().iter().copied().filter(named).collect();
    }
    crate::learner::all().iter().copied().filter(usable).collect()
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
fn input_fields(table: &Table, chain: Option<&Chain>) -> Vec<InputField> {
    profile(table)
        .columns
        .iter()
        .zip(&table.columns)
        .filter(|(_, column)| chain.is_none_or(|chain| chain.reads(&column.name)))
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
    sort_few_by_key(&mut counts, |(_, n)| std::cmp::Reverse(*n));
    counts.into_iter().take(most).map(|(level, _)| level).collect()
}
