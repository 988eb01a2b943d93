//! A model of the blend whose learner can learn from all rows.

use super::Means;
use super::read::Kept;
use crate::diagnostic::Diagnostic;
use crate::engine::chain::FittedChain;
use crate::engine::constraints::features_of;
use crate::engine::pipeline::{Pipeline, features};
use crate::engine::prepare::{Prepared, actual};
use crate::engine::study::Outcome;
use crate::learner::cluster::Cluster;
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::{self, Fit, FitError, Learner, Load};
use crate::metric::Seen;
use crate::model::{LogTarget, Target};
use crate::node::{FittedRecipe, Frame};
use crate::numeric::count;
use crate::platform::Cancel;
use crate::table::Table;
use std::borrow::Cow;
use std::sync::Arc;

/// Most parts that rows are dealt to.
const MOST_PARTS: f64 = 1_024.0;

pub(super) struct Finalist {
    /// Its place in the blend, and among the finalists.
    pub member: usize,
    number: usize,
    pub title: &'static str,
    learner: &'static str,
    recipe: FittedRecipe,
    chain: Option<Arc<FittedChain>>,
    /// Where it learns logarithms.
    log_target: Option<LogTarget>,
    begun: Box<dyn InParts>,
    /// Where its places on the shelf begin.
    first_place: usize,
    /// Rows that it was given.
    rows: usize,
}

/// The places of a shelf from one on.
struct From<'a> {
    shelf: &'a mut dyn Shelf,
    first: usize,
}

impl Shelf for From<'_> {
    fn append(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
        self.shelf.append(self.first + place, bytes)
    }

    fn put(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
        self.shelf.put(self.first + place, bytes)
    }

    fn get(&mut self, place: usize, out: &mut Vec<u8>) -> Result<(), String> {
        self.shelf.get(self.first + place, out)
    }
}

fn failed(title: &str, error: &FitError) -> Diagnostic {
    let remedy = match error {
        FitError::Executors { .. } => {
            "Start executors with enough memory, see that this machine can reach them, and fit again."
        }
        _ => {
            "See that there is room on the disk for temporary files, or allow enough memory for the whole table."
        }
    };
    let message = format!("{title} could not be trained on all rows: {error}.");
    Diagnostic::error("study.all_rows", message, remedy)
}

/// # Errors
/// More rows than this machine has memory for beside executors.
fn check_room(learner: &dyn Learner, load: &Load, means: &Means<'_>) -> Result<(), Diagnostic> {
    let a_row = learner.bytes_a_row_in_parts(&Load { features: 0, ..*load }).unwrap_or(0.0);
    let (rows, room) = (means.deal.rows(), means.part_bytes as f64);
    if rows as f64 * a_row <= room {
        return Ok(());
    }
    Err(Diagnostic::error(
        "study.all_rows",
        format!(
            "Executors hold features, but gradients and scores of {} rows take {:.1} GB on this machine, and {:.1} GB may be used for them.",
            count(rows),
            rows as f64 * a_row / 1e9,
            room / 1e9,
        ),
        "Allow more memory, or leave out the executors: rows are then learned from in parts.",
    ))
}

/// What is learned of a target: itself, or its logarithms.
fn learned<'t>(log: Option<&LogTarget>, target: &'t Target) -> Cow<'t, Target> {
    match (log, target) {
        (Some(log), Target::Values(values)) => Cow::Owned(Target::Values(log.logs(values))),
        _ => Cow::Borrowed(target),
    }
}

impl Finalist {
    /// The models of a blend that can learn from all rows.
    ///
    /// # Errors
    /// A fit that cannot be begun.
    pub fn all(
        prepared: &Prepared,
        outcome: &Outcome,
        means: &Means<'_>,
    ) -> Result<Vec<Finalist>, Diagnostic> {
        let mut finalists = Vec::new();
        let mut first_place = 0;
        for (member, ((_, folds), fitted)) in outcome.artifact.models().zip(&outcome.fitted).enumerate() {
            let Some((pipeline, learner)) =
                folds.first().and_then(|fold| Some((fold, learner::find(fold.learner())?)))
            else {
                continue;
            };
            let spec = learner.spec();
            let frame = pipeline.features(&prepared.table, None)?;
            let outputs = prepared.target.outputs();
            let load = Load { rows: frame.rows, features: frame.columns.len(), few_levels: 0, outputs };
            let Some(bytes_a_row) = learner.bytes_a_row_in_parts(&load) else { continue };
            let parts = (means.deal.rows() as f64 * bytes_a_row / (means.part_bytes as f64).max(1.0)).ceil();
            let parts = parts.clamp(1.0, MOST_PARTS) as usize;
            let weights: Option<Vec<f32>> =
                prepared.weights.as_ref().map(|w| w.iter().map(|&w| w as f32).collect());
            let mut params = fitted.params.clone();
            let constraints = prepared.constraints.as_params(|column| features_of(&pipeline.recipe, column));
            for (name, value) in constraints.0 {
                // What the learner does not declare it has no value for.
                params.0.entry(name).and_modify(|place| *place = value);
            }
            let log_target = pipeline.log_target;
            let sample = Fit {
                frame: &frame,
                target: &learned(log_target.as_ref(), &prepared.target),
                weights: weights.as_deref(),
                validation: None,
                params: &params,
                seed: fitted.seed,
                threads: means.threads,
                cancel: means.cancel,
                card: None,
            };
            let failed = |e: FitError| failed(spec.title, &e);
            let mut begun = None;
            if means.cluster.is_some() {
                begun = learner.on_executors(&sample, means.deal.rows() as usize).map_err(failed)?;
            }
            if begun.is_some() {
                check_room(learner, &load, means)?;
            } else {
                begun = learner.in_parts(&sample, parts).map_err(failed)?;
            }
            let Some(begun) = begun else { continue };
            let places = begun.places();
            finalists.push(Finalist {
                member,
                number: finalists.len(),
                title: spec.title,
                learner: spec.id,
                recipe: pipeline.recipe.clone(),
                chain: pipeline.chain.clone(),
                log_target,
                begun,
                first_place,
                rows: 0,
            });
            first_place += places;
        }
        Ok(finalists)
    }

    /// Whether its features know the targets of the rows that were searched on.
    pub fn knows_searched(&self) -> bool {
        self.recipe.knows_targets() || self.chain.is_some()
    }

    /// Features of the rows `rows`.
    ///
    /// # Errors
    /// A step that cannot be done to them.
    pub fn features(&self, table: &Table, rows: &[u32]) -> Result<Frame, Diagnostic> {
        features(self.chain.as_deref(), &self.recipe, table, Some(rows))
    }

    /// Takes rows to train on.
    ///
    /// # Errors
    /// A shelf that fails.
    pub fn take(
        &mut self,
        table: &Table,
        rows: &[u32],
        target: &Target,
        weights: Option<&[f64]>,
        shelf: &mut dyn Shelf,
    ) -> Result<(), Diagnostic> {
        if rows.is_empty() {
            return Ok(());
        }
        let frame = self.features(table, rows)?;
        let weights: Option<Vec<f32>> = weights.map(|w| w.iter().map(|&w| w as f32).collect());
        let target = learned(self.log_target.as_ref(), target);
        let block = Block { frame: &frame, target: &target, weights: weights.as_deref() };
        let mut shelf = From { shelf, first: self.first_place };
        self.begun.take(&block, &mut shelf).map_err(|e| failed(self.title, &e))?;
        self.rows += rows.len();
        Ok(())
    }

    /// The model of all rows, where it is better than the search's on rows that neither has learned from; it has then
    /// also said what it predicts of the rows in `test`.
    ///
    /// # Errors
    /// A shelf that fails.
    pub fn fit(
        self,
        prepared: &Prepared,
        stop: &Kept,
        test: &mut Kept,
        (shelf, cluster): (&mut dyn Shelf, Option<&mut dyn Cluster>),
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Option<Pipeline>, Diagnostic> {
        let Some(frame) = stop.frames.get(self.number) else { return Ok(None) };
        let mut shelf = From { shelf, first: self.first_place };
        let unseen = learned(self.log_target.as_ref(), &stop.target);
        let model = match self.begun.finish((frame, &unseen), &mut shelf, cluster, cancel, told) {
            Ok(model) => model,
            Err(FitError::Cancelled) => return Ok(None),
            Err(error) => return Err(failed(self.title, &error)),
        };
        let classes = prepared.task().is_classification();
        let mut pipeline = Pipeline::new(self.recipe, self.learner, model, self.rows, classes);
        pipeline.chain = self.chain;
        if let (Some(log), Target::Values(actual)) = (self.log_target, &stop.target) {
            let logs = pipeline.model.predict(frame).values;
            pipeline.log_target = Some(log.scaled(&logs, actual));
        }
        let metric = prepared.metric();
        let score = |values: &[f64]| {
            metric.score(Seen { actual: actual(&stop.target), weights: stop.weights.as_deref() }, values)
        };
        let (old, new) = (score(stop.said(self.member)), score(&pipeline.predict_frame(frame).values));
        let better = old
            .zip(new)
            .is_some_and(|(old, new)| if metric.greater_is_better { new > old } else { new < old });
        if !better {
            return Ok(None);
        }
        if let Some(frame) = test.frames.get(self.number) {
            test.new[self.member] = Some(pipeline.predict_frame(frame).values);
        }
        Ok(Some(pipeline))
    }
}
