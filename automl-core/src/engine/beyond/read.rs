//! One reading of all rows: those that train go to the learners, the others are kept.

use super::deal::Deal;
use super::finalist::Finalist;
use crate::diagnostic::Diagnostic;
use crate::engine::answers::{no_weight, weight_at};
use crate::engine::artifact::ModelArtifact;
use crate::engine::pipeline::Pipeline;
use crate::engine::prepare::Prepared;
use crate::engine::study::Outcome;
use crate::engine::target::find_column;
use crate::learner::parts::Shelf;
use crate::model::Target;
use crate::node::{FeatureColumn, FeatureValues, Frame};
use crate::table::{Column, Table};
use std::collections::BTreeMap;

/// Rows with a target and their weights, by their places in a table.
struct Answered {
    rows: Vec<u32>,
    target: Target,
    weights: Option<Vec<f64>>,
}

/// Rows that are held, in memory.
pub(super) struct Kept {
    pub target: Target,
    pub weights: Option<Vec<f64>>,
    /// What each finalist's recipe makes of them.
    pub frames: Vec<Frame>,
    /// What each model of the blend says of them, rows × outputs.
    old: Vec<Vec<f64>>,
    /// The same of models that were trained again.
    pub new: Vec<Option<Vec<f64>>>,
}

/// What the blends of old and of new models say, before a decision.
pub(super) struct Blend {
    pub old: Vec<f64>,
    pub new: Vec<f64>,
}

impl Kept {
    fn empty(prepared: &Prepared, models: usize) -> Self {
        Self {
            target: prepared.target().take(&[]),
            weights: prepared.weight_unit.map(|_| Vec::new()),
            frames: Vec::new(),
            old: vec![Vec::new(); models],
            new: vec![None; models],
        }
    }

    /// What model `member` said before.
    pub fn said(&self, member: usize) -> &[f64] {
        &self.old[member]
    }

    pub fn blend(&self, outcome: &Outcome) -> Blend {
        let mut blend = Blend { old: vec![0.0; self.target.len() * self.target.outputs()], new: Vec::new() };
        blend.new.clone_from(&blend.old);
        for ((share, _), (old, new)) in outcome.artifact.models().zip(self.old.iter().zip(&self.new)) {
            let new = new.as_ref().unwrap_or(old);
            blend.old.iter_mut().zip(old).for_each(|(t, p)| *t += share * p);
            blend.new.iter_mut().zip(new).for_each(|(t, p)| *t += share * p);
        }
        blend
    }

    fn extend(&mut self, more: Answered) {
        match (&mut self.target, more.target) {
            (Target::Classes { codes, .. }, Target::Classes { codes: more, .. }) => codes.extend(more),
            (Target::Values(values), Target::Values(more)) => values.extend(more),
            // A target's kind follows from the study's.
            _ => {}
        }
        if let Some((weights, more)) = self.weights.as_mut().zip(more.weights) {
            weights.extend(more);
        }
    }
}

/// What was read.
pub(super) struct Held {
    pub stop: Kept,
    pub test: Kept,
    /// Rows with a target.
    pub rows: u64,
}

/// A reading under way.
pub(super) struct Reading<'a> {
    prepared: &'a Prepared,
    models: Vec<&'a [Pipeline]>,
    deal: Deal,
    codes: BTreeMap<&'a str, u32>,
    read: u64,
    answered: u64,
    held: [(Kept, Vec<Vec<Frame>>); 2],
}

impl<'a> Reading<'a> {
    pub fn new(prepared: &'a Prepared, artifact: &'a ModelArtifact, deal: Deal) -> Self {
        let models: Vec<&[Pipeline]> = artifact.models().map(|(_, folds)| folds).collect();
        let kept = || (Kept::empty(prepared, models.len()), Vec::new());
        Self {
            held: [kept(), kept()],
            codes: prepared.classes.iter().map(String::as_str).zip(0..).collect(),
            prepared,
            models,
            deal,
            read: 0,
            answered: 0,
        }
    }

    pub fn rows_read(&self) -> u64 {
        self.read
    }

    /// Takes the next rows.
    ///
    /// # Errors
    /// A table without the target; rows without the weight that was asked for; a shelf that fails.
    pub fn take(
        &mut self,
        table: &Table,
        finalists: &mut [Finalist],
        shelf: &mut dyn Shelf,
    ) -> Result<(), Diagnostic> {
        let target = find_column(table, &self.prepared.target_column)?;
        let weights =
            self.prepared.weights_column.as_ref().map(|name| find_column(table, name)).transpose()?;
        let mut of_role: [Vec<u32>; 4] = Default::default();
        for row in 0..table.rows as u32 {
            let role = self.deal.role(self.read + u64::from(row));
            of_role[role as usize].push(row);
        }
        let [search, stop, test, train] = of_role;
        for (which, rows) in [stop, test].iter().enumerate() {
            let answered = self.answered(target, weights, rows)?;
            self.hold(which, table, answered, finalists)?;
        }
        let mut all = [search, train.clone()].concat();
        all.sort_unstable();
        let all = self.answered(target, weights, &all)?;
        // Rows whose own targets the features know would teach that features know the answer.
        let unknown = match finalists.iter().any(Finalist::knows_searched) {
            true => Some(self.answered_again(target, weights, &train)?),
            false => None,
        };
        for finalist in finalists {
            let rows = unknown.as_ref().filter(|_| finalist.knows_searched()).unwrap_or(&all);
            finalist.take(table, &rows.rows, &rows.target, rows.weights.as_deref(), shelf)?;
        }
        self.read += table.rows as u64;
        Ok(())
    }

    /// Those of `rows` that have a target and count, which are noted.
    fn answered(
        &mut self,
        target: &Column,
        weights: Option<&Column>,
        rows: &[u32],
    ) -> Result<Answered, Diagnostic> {
        let answered = self.answered_again(target, weights, rows)?;
        self.answered += answered.rows.len() as u64;
        Ok(answered)
    }

    /// The same without noting them.
    fn answered_again(
        &self,
        target: &Column,
        weights: Option<&Column>,
        rows: &[u32],
    ) -> Result<Answered, Diagnostic> {
        let mut answered = Answered {
            rows: Vec::with_capacity(rows.len()),
            target: self.prepared.target().take(&[]),
            weights: self.prepared.weight_unit.map(|_| Vec::with_capacity(rows.len())),
        };
        for &row in rows {
            let at = row as usize;
            let weight = match weights.zip(self.prepared.weight_unit) {
                None => 1.0,
                Some((column, unit)) => {
                    unit.apply(weight_at(column, at).ok_or_else(|| no_weight(column, at, self.read))?)
                }
            };
            let known = match &mut answered.target {
                // A class that the search never saw cannot be told.
                Target::Classes { codes, .. } if weight > 0.0 => {
                    let code = target.text(at).and_then(|text| self.codes.get(text.as_ref()));
                    codes.extend(code);
                    code.is_some()
                }
                Target::Values(values) if weight > 0.0 => {
                    let value = target.number(at).filter(|v| v.is_finite());
                    values.extend(value);
                    value.is_some()
                }
                _ => false,
            };
            if known {
                answered.rows.push(row);
                answered.weights.iter_mut().for_each(|w| w.push(weight));
            }
        }
        Ok(answered)
    }

    fn hold(
        &mut self,
        which: usize,
        table: &Table,
        answered: Answered,
        finalists: &[Finalist],
    ) -> Result<(), Diagnostic> {
        if answered.rows.is_empty() {
            return Ok(());
        }
        let (kept, frames) = &mut self.held[which];
        for (folds, said) in self.models.iter().zip(&mut kept.old) {
            let mut mean = vec![0.0; answered.rows.len() * answered.target.outputs()];
            for fold in *folds {
                let values = fold.predict(table, Some(&answered.rows))?.values;
                mean.iter_mut().zip(values).for_each(|(m, p)| *m += p / folds.len() as f64);
            }
            said.extend(mean);
        }
        frames.resize(finalists.len(), Vec::new());
        for (finalist, frames) in finalists.iter().zip(frames) {
            frames.push(finalist.features(table, &answered.rows)?);
        }
        kept.extend(answered);
        Ok(())
    }

    /// What was held, once all rows were read.
    pub fn end(self) -> Held {
        let [stop, test] = self.held.map(|(kept, frames)| Kept {
            frames: frames.into_iter().map(one_below_another).collect(),
            ..kept
        });
        Held { stop, test, rows: self.answered }
    }
}

/// Frames of the same columns as one.
fn one_below_another(frames: Vec<Frame>) -> Frame {
    let Some(first) = frames.first() else { return Frame::default() };
    let rows = frames.iter().map(|f| f.rows).sum();
    let column = |j: usize| {
        let of = |f: &Frame| f.columns.get(j).map(|c| c.values.clone());
        let values = match &first.columns[j].values {
            FeatureValues::Numeric(_) => {
                let mut all: Vec<f32> = Vec::with_capacity(rows);
                frames.iter().filter_map(of).for_each(|v| match v {
                    FeatureValues::Numeric(v) => all.extend_from_slice(&v),
                    FeatureValues::Categorical { .. } => {}
                });
                FeatureValues::Numeric(all.into())
            }
            FeatureValues::Categorical { cardinality, .. } => {
                let mut all: Vec<u32> = Vec::with_capacity(rows);
                frames.iter().filter_map(of).for_each(|v| match v {
                    FeatureValues::Categorical { codes, .. } => all.extend_from_slice(&codes),
                    FeatureValues::Numeric(_) => {}
                });
                FeatureValues::Categorical { codes: all.into(), cardinality: *cardinality }
            }
        };
        FeatureColumn { name: first.columns[j].name.clone(), values }
    };
    Frame { columns: (0..first.columns.len()).map(column).collect(), rows }
}
