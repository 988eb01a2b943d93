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
use crate::learner::tree::packing::quantise;
use crate::learner::tree::shape::Shape;
use crate::learner::{Fit, FitError, weight};
use crate::model::Target;
use crate::numeric::Rng;

/// Rounds of trees without a split after which boosting ends, where trees differ in what they see.
const IDLE_ROUNDS: usize = 10;

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
    let data = Binned::new(fit.frame, settings.max_bins, fit.seed);
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
        let mut grower = Grower::new(data, self.constraints.clone());
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
            grower.lanes.refill(self.data, chosen.into_iter().map(|f| f as u32).collect());
        }
        let pairs = &self.pairs[output];
        // Rows that were drawn with probabilities of their own differ in their weights.
        let with_hessian = self.goal.has_hessian() || bag.is_some() && self.settings.minimal_variance;
        let scales = quantise(pairs, bag, with_hessian, &mut rng, &mut self.words);
        let (rules, limits) = (&self.settings.rules, &self.settings.limits);
        let grown = grower.grow(bag, &self.words, scales, rules, limits, &mut rng);
        let scores = &self.scores[output];
        let steps = Steps { settings: &self.settings, goal: &self.goal, pairs, scores };
        let values = steps.values(&grown, &self.constraints);
        let first = values.iter().map(|&v| builder.push_leaf(&[v])).min().unwrap_or(0);
        builder.push(&grown.shape, self.data, |leaf| first + leaf);

        let scores = &mut self.scores[output];
        if bag.is_none() {
            for (leaf, &value) in values.iter().enumerate() {
                for &row in grown.leaf_rows(leaf) {
                    scores[row as usize] += f64::from(value);
                }
            }
        } else {
            let features = &self.data.features;
            let column = |f: u32| (features[f as usize].bins.as_slice(), features[f as usize].bin_count);
            add_routed(&grown.shape, &values, scores, &mut self.rows, &mut self.spare, column);
        }
        if let Some(others) = &mut self.validation {
            let (columns, features) = (&others.columns, &self.data.features);
            let column = |f: u32| (columns[f as usize].as_slice(), features[f as usize].bin_count);
            let scores = &mut others.scores[output];
            add_routed(&grown.shape, &values, scores, &mut self.rows, &mut self.spare, column);
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

/// Adds to each row's score the value of the leaf it falls in.
fn add_routed<'c>(
    shape: &Shape,
    values: &[f32],
    scores: &mut [f64],
    rows: &mut Vec<u32>,
    spare: &mut [u32],
    column: impl Fn(u32) -> (&'c [u8], usize),
) {
    rows.clear();
    rows.extend(0..scores.len() as u32);
    shape.route(rows, spare, column, |leaf, rows| {
        let value = f64::from(values[leaf as usize]);
        for &row in rows {
            scores[row as usize] += value;
        }
    });
}
