//! Boosting on rows whose bins executors hold: as in memory, tree by tree, and the same model byte for byte. Here are what
//! the loss needs of each row, and words; bins lie on the shelf and in the memory of executors ([`crate::learner::cluster`]).

use super::begun::Begun;
use super::boost::{Boosting, Memory, Others, Watch, spread};
use super::model::GbtModel;
use super::objective::Link;
use crate::learner::cluster::{Cluster, Cut, Spread};
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::tree::flat::Builder;
use crate::learner::tree::leafwise::Grower;
use crate::learner::{Fit, FitError};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::platform::Cancel;

/// Rows of a shard: so many that few are at work on the same rows, and so few that executors can share them out.
const MOST_ROWS: usize = 1 << 17;
const FEWEST_ROWS: usize = if cfg!(test) { 16 } else { 1 << 12 };
/// Into so many shards rows are cut, where these are not too large or too small for it.
const SHARDS: usize = 16;
/// Bytes of a shard's bins at most.
const MOST_BYTES: usize = 32 << 20;

/// A fit under way.
pub(super) struct GbtSpread {
    begun: Begun,
    shard_rows: usize,
    most_shards: usize,
    target: Target,
    weights: Vec<f64>,
}

impl GbtSpread {
    /// `sample`: rows that bins, units and constraints follow from; `rows`: how many will come, about.
    ///
    /// # Errors
    /// As a fit on the sample.
    pub fn new(sample: &Fit<'_>, rows: usize) -> Result<Self, FitError> {
        let begun = Begun::new(sample)?;
        let most = (MOST_BYTES / begun.bins.features.len().max(1)).clamp(1, MOST_ROWS);
        let shard_rows = (rows / SHARDS).max(FEWEST_ROWS).min(most);
        let target = match begun.goal.objective.link() {
            Link::Identity | Link::Log => Target::Values(Vec::new()),
            Link::Logistic => Target::Classes { codes: Vec::new(), classes: 2 },
            Link::Softmax(classes) => Target::Classes { codes: Vec::new(), classes },
        };
        Ok(Self { begun, shard_rows, most_shards: rows.div_ceil(shard_rows), target, weights: Vec::new() })
    }
}

impl InParts for GbtSpread {
    fn take(&mut self, block: &Block<'_>, shelf: &mut dyn Shelf) -> Result<(), FitError> {
        self.begun.check(block)?;
        let columns = self.begun.bins.apply(block.frame);
        let (mut start, mut taken) = (0, self.target.len());
        let mut bytes = Vec::new();
        while start < block.frame.rows {
            let (shard, within) = (taken / self.shard_rows, taken % self.shard_rows);
            if shard >= self.most_shards {
                return Err(FitError::Executors { reason: "there are more rows than there were".to_owned() });
            }
            let count = (self.shard_rows - within).min(block.frame.rows - start);
            bytes.clear();
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
            columns.iter().for_each(|column| bytes.extend_from_slice(&column[start..start + count]));
            shelf.append(shard, &bytes).map_err(|reason| FitError::Shelf { reason })?;
            (start, taken) = (start + count, taken + count);
        }
        match (&mut self.target, block.target) {
            (Target::Values(all), Target::Values(values)) => all.extend_from_slice(values),
            (Target::Classes { codes: all, classes }, Target::Classes { codes, .. })
                if codes.iter().all(|&code| (code as usize) < *classes) =>
            {
                all.extend_from_slice(codes);
            }
            _ => {
                let reason = "the target is of another kind than that of the sample".to_owned();
                return Err(FitError::Unsuitable { reason });
            }
        }
        for weights in block.weights.iter().filter(|_| self.begun.weighted) {
            self.weights.extend(weights.iter().map(|&w| f64::from(w)));
        }
        Ok(())
    }

    fn places(&self) -> usize {
        self.most_shards
    }

    fn finish(
        self: Box<Self>,
        validation: (&Frame, &Target),
        shelf: &mut dyn Shelf,
        cluster: Option<&mut dyn Cluster>,
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError> {
        let Self { begun, shard_rows, target, weights, .. } = *self;
        let Begun { settings, constraints, bins: mut data, goal: of_sample, start, weighted, .. } = begun;
        let (rows, outputs) = (target.len(), start.len());
        let lost = |reason: &str| FitError::Executors { reason: reason.to_owned() };
        let cluster = cluster.ok_or_else(|| lost("there are no executors"))?;
        let goal =
            of_sample.like(&target, weighted.then_some(weights)).ok_or_else(|| lost("rows were lost"))?;
        drop(target);
        let validation = Others::new(&data, (&of_sample, &start), validation, begun.threads);
        data.rows = rows;
        let mut watch = Watch::new(&settings, validation.as_ref());
        let mut boosting = Boosting {
            settings: &settings,
            constraints: &constraints,
            data: &data,
            goal,
            scores: spread(&start, rows),
            validation,
            memory: Memory::default(),
            seed: begun.seed,
            threads: begun.threads,
        };
        let mut builder = Builder::new(data.columns, 1);
        let store = Spread::new(&data, Cut { shard_rows, rows }, cluster, shelf);
        let mut grower = Grower::over(store, &data, constraints.clone(), begun.threads);
        let mut rounds = 0;
        while rounds < settings.rounds && !data.features.is_empty() && rows > 0 {
            match boosting.round(&mut grower, &mut builder, rounds, cancel) {
                Err(FitError::Cancelled) if rounds > 0 => break,
                Err(error) => return Err(error),
                Ok(trees) => {
                    rounds += 1;
                    told(rounds);
                    if watch.ends(rounds, &trees, boosting.validation.as_ref()) {
                        break;
                    }
                }
            }
        }
        let kept = watch.kept(rounds, boosting.validation.is_some());
        let trees = builder.finish(kept * outputs);
        let (link, center) = (of_sample.objective.link(), of_sample.center);
        Ok(Box::new(GbtModel { link, start, center, trees }))
    }
}
