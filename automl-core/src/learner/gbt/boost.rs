//! The loop over rounds.

use super::constraints;
use super::leaves::Steps;
use super::model::GbtModel;
use super::objective::Goal;
use super::params::Settings;
use super::sampling;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::constraint::Constraints;
use crate::learner::tree::flat::{Builder, Flat};
use crate::learner::tree::leafwise::{Grower, choose, share_of};
use crate::learner::tree::packing::{quantise, within};
use crate::learner::tree::shape::{Grown, Shape};
use crate::learner::{Fit, FitError, weight};
use crate::model::Target;
use crate::numeric::Rng;
use crate::platform::each;

/// Rounds of trees without a split after which boosting ends, where trees differ in what they see.
const IDLE_ROUNDS: usize = 10;

/// Rows that are worth a thread; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 8 } else { 1 << 15 };

/// Rows that trees are only applied to.
struct Others {
    columns: Vec<Vec<u8>>,
    goal: Goal,
    scores: Vec<Vec<f64>>,
}

/// The best round so far, by validation loss.
struct Watch {
    best_loss: f64,
    best_rounds: usize,
    patience: usize,
}

struct Boosting<'a> {
    settings: Settings,
    constraints: Constraints,
    data: &'a Binned,
    goal: Goal,
    scores: Vec<Vec<f64>>,
    pairs: Vec<Vec<[f32; 2]>>,
    words: Vec<i64>,
    validation: Option<Others>,
    rows: Vec<u32>,
    spare: Vec<u32>,
    seed: u64,
    threads: usize,
}

/// Fits a booster.
///
/// # Errors
/// [`FitError`] when cancelled, or where there are no rows or a target that is not finite.
pub(super) fn fit(fit: &Fit<'_>) -> Result<GbtModel, FitError> {
    let unsuitable = |reason: &str| FitError::Unsuitable { reason: reason.into() };
    if fit.target.is_empty() || fit.frame.rows != fit.target.len() {
        return Err(unsuitable("there are no training rows"));
    }
    if let Target::Values(v) = fit.target
        && v.iter().any(|y| !y.is_finite())
    {
        return Err(unsuitable("the target has values that are not finite"));
    }
    let settings = Settings::new(fit.params, fit.frame.rows);
    let data = Binned::with_threads(fit.frame, settings.max_bins, fit.seed, fit.threads);
    let weights = weight::given(fit)?;
    let class_weights = weight::of_classes(fit, weights.as_deref());
    let goal =
        Goal::new(fit.target, settings.objective, weights, class_weights).map_err(|e| unsuitable(&e))?;
    let start = goal.start();
    let rows = fit.frame.rows;
    let spread = |rows: usize| start.iter().map(|&s| vec![s; rows]).collect::<Vec<_>>();
    let validation = fit.validation.filter(|(frame, target)| frame.rows == target.len() && frame.rows > 0);
    let validation = validation.and_then(|(frame, target)| {
        Some(Others { columns: data.apply(frame), goal: goal.like(target)?, scores: spread(frame.rows) })
    });
    let longest = rows.max(validation.as_ref().map_or(0, |v| v.goal.rows()));
    let constraints = constraints::read(fit.params, fit.frame, &data).map_err(|e| unsuitable(&e))?;
    if constraints.is_monotone() && start.len() > 1 {
        return Err(unsuitable(
            "`monotone` is for numbers and two classes: of more, no one score says which is higher",
        ));
    }
    let boosting = Boosting {
        settings,
        constraints,
        data: &data,
        scores: spread(rows),
        pairs: vec![vec![[0.0; 2]; rows]; start.len()],
        words: vec![0; rows],
        validation,
        rows: Vec::new(),
        spare: vec![0; longest],
        seed: fit.seed,
        threads: fit.threads,
        goal,
    };
    let (link, center) = (boosting.goal.objective.link(), boosting.goal.center);
    let trees = boosting.run(fit)?;
    Ok(GbtModel { link, start, center, trees })
}

impl Boosting<'_> {
    fn run(mut self, fit: &Fit<'_>) -> Result<Flat, FitError> {
        let outputs = self.scores.len();
        let data = self.data;
        let mut builder = Builder::new(data.columns, 1);
        let mut grower = Grower::new(data, self.constraints.clone(), fit.threads);
        let mut watch = Watch {
            best_loss: self.validation.as_ref().map_or(f64::INFINITY, |v| v.goal.loss(&v.scores)),
            best_rounds: 0,
            patience: self.settings.patience,
        };
        let sampled = self.settings.row_sample < 1.0
            || self.settings.column_sample < 1.0
            || self.settings.limits.node_features < 1.0
            || self.settings.rules.random_cuts;
        let mut idle = 0;
        let mut rounds = 0;
        while rounds < self.settings.rounds && !data.features.is_empty() {
            self.goal.gradients(&self.scores, &mut self.pairs);
            let bag = self.bag(rounds);
            let mut branches = 0;
            for output in 0..outputs {
                if fit.cancel.is_cancelled() {
                    return Err(FitError::Cancelled);
                }
                branches += self.add_tree(&mut grower, &mut builder, rounds, output, bag.as_deref());
            }
            rounds += 1;
            idle = if branches == 0 { idle + 1 } else { 0 };
            let stop = self.validation.as_ref().is_some_and(|v| watch.sees(rounds, v.goal.loss(&v.scores)));
            if stop || idle >= if sampled { IDLE_ROUNDS } else { 1 } {
                break;
            }
        }
        let kept = if self.validation.is_some() && watch.patience > 0 { watch.best_rounds } else { rounds };
        Ok(builder.finish(kept * outputs))
    }

    /// The rows that this round's trees see; `None` for all.
    fn bag(&mut self, round: usize) -> Option<Vec<u32>> {
        let share = self.settings.row_sample;
        (share < 1.0).then(|| {
            let mut rng = Rng::for_stream(self.seed, &[0xBA, round as u64]);
            if self.settings.minimal_variance {
                sampling::minimal_variance(&mut self.pairs, share, &mut rng)
            } else {
                sampling::uniform(self.data.rows, share, &mut rng)
            }
        })
    }

    /// Grows one tree, adds it to the ensemble and its values to all scores. Returns how many splits it has.
    fn add_tree(
        &mut self,
        grower: &mut Grower<'_>,
        builder: &mut Builder,
        round: usize,
        output: usize,
        bag: Option<&[u32]>,
    ) -> usize {
        let mut rng = Rng::for_stream(self.seed, &[0x7E, round as u64, output as u64]);
        let count = self.data.features.len();
        if self.settings.column_sample < 1.0 {
            let chosen = choose(count, share_of(count, self.settings.column_sample), &mut rng);
            grower.use_features(chosen.into_iter().map(|f| f as u32).collect());
        }
        let pairs = &self.pairs[output];
        // Rows that were drawn with probabilities of their own differ in their weights.
        let with_hessian = self.goal.has_hessian() || bag.is_some() && self.settings.minimal_variance;
        let scales = quantise(pairs, bag, with_hessian, &mut rng, &mut self.words, self.threads);
        let (rules, limits) = (&self.settings.rules, &self.settings.limits);
        let grown = grower.grow(bag, &self.words, scales, rules, limits, &mut rng);
        let scores = &self.scores[output];
        let threads = self.threads.min(self.data.rows / WORTH_THREADS);
        let steps = Steps { settings: &self.settings, goal: &self.goal, pairs, scores, threads };
        let values = steps.values(&grown, &self.constraints);
        let first = values.iter().map(|&v| builder.push_leaf(&[v])).min().unwrap_or(0);
        builder.push(&grown.shape, self.data, |leaf| first + leaf);

        let scores = &mut self.scores[output];
        add_grown(&grown, &values, scores, threads);
        if let Some(bag) = bag {
            let features = &self.data.features;
            let column = |f: u32| (features[f as usize].bins.as_slice(), features[f as usize].bin_count);
            self.rows.clear();
            fill_outside(bag, scores.len(), &mut self.rows);
            add_routed(&grown.shape, &values, scores, &mut self.rows, &mut self.spare, column, threads);
        }
        if let Some(others) = &mut self.validation {
            let (columns, features) = (&others.columns, &self.data.features);
            let column = |f: u32| (columns[f as usize].as_slice(), features[f as usize].bin_count);
            let scores = &mut others.scores[output];
            self.rows.clear();
            self.rows.extend(0..scores.len() as u32);
            add_routed(&grown.shape, &values, scores, &mut self.rows, &mut self.spare, column, threads);
        }
        grown.shape.branches.len()
    }
}

impl Watch {
    /// Notes a round's loss; whether to stop.
    fn sees(&mut self, rounds: usize, loss: f64) -> bool {
        if loss < self.best_loss {
            self.best_loss = loss;
            self.best_rounds = rounds;
        }
        self.patience > 0 && rounds - self.best_rounds >= self.patience
    }
}

/// Adds to the scores of the rows that a tree was grown on the values of their leaves.
fn add_grown(grown: &Grown<'_>, values: &[f32], scores: &mut [f64], threads: usize) {
    let size = scores.len().div_ceil(threads.max(1)).max(1);
    let mut parts: Vec<&mut [f64]> = scores.chunks_mut(size).collect();
    each(threads, &mut parts, |part, scores| {
        let start = part * size;
        for (leaf, &value) in values.iter().enumerate() {
            for &row in within(grown.leaf_rows(leaf), start, start + size) {
                scores[row as usize - start] += f64::from(value);
            }
        }
    });
}

/// The rows below `count` that are not in `bag`, both ascending.
fn fill_outside(bag: &[u32], count: usize, outside: &mut Vec<u32>) {
    let mut next = 0;
    for &row in bag {
        outside.extend(next..row);
        next = row + 1;
    }
    outside.extend(next..count as u32);
}

/// Adds to the score of each of `rows` the value of the leaf it falls in.
fn add_routed<'c>(
    shape: &Shape,
    values: &[f32],
    scores: &mut [f64],
    rows: &mut [u32],
    spare: &mut [u32],
    column: impl Fn(u32) -> (&'c [u8], usize),
    threads: usize,
) {
    shape.route(rows, spare, column, threads, |leaf, rows| {
        let value = f64::from(values[leaf as usize]);
        for &row in rows {
            scores[row as usize] += value;
        }
    });
}
