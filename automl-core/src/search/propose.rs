//! Proposals after the portfolio: variants of what did well, and now and then something new.
//!
//! The scheme is an evolutionary one in the manner of FLAML's local search (Wang, Wu, Weimer and Zhu, 2021) and
//! of regularised evolution: a parent is drawn from the best trials so far and a few of its parameters move; the
//! step shrinks as a learner is tried more often.

use super::aim::Aim;
use super::loads::Loads;
use super::portfolio::{admits, portfolio, recipe_for};
use crate::learner::{self, LearnerSpec, ParamKind, ParamSpec, ParamValue, Params, Scale};
use crate::metric::MetricSpec;
use crate::model::{Target, Task};
use crate::node::Recipe;
use crate::numeric::{Rng, math};

/// Share of proposals drawn afresh from the whole range.
const FRESH_SHARE: f64 = 0.15;
/// Draws that repeat earlier trials before nothing is said to be left.
const MOST_DRAWS: usize = 40;
/// Parents are drawn from so many of the best.
const ELITE: usize = 5;
/// Of these so many are of one learner at most.
const ELITE_OF_LEARNER: usize = 3;

/// What a trial is to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub learner: String,
    pub params: Params,
    pub recipe: Recipe,
    /// One of the start-up portfolio.
    pub portfolio: bool,
}

/// An earlier trial with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Past<'a> {
    pub proposal: &'a Proposal,
    /// Mean loss over folds; `None` where it failed or was given up.
    pub loss: Option<f64>,
}

/// Proposes the trials of one study.
#[derive(Debug, Clone)]
pub struct Proposer {
    first: Vec<Proposal>,
    seed: u64,
    /// Learners with parameters to vary.
    varied: Vec<&'static LearnerSpec>,
    loads: Loads,
    /// Values that every proposal has, whatever the search finds.
    held: Params,
    aim: Aim,
}

impl Proposer {
    pub fn new(task: Task, wanted: &[String], reproducible: bool, seed: u64, loads: Loads) -> Self {
        let varied = learner::all()
            .iter()
            .map(|l| l.spec())
            .filter(|s| admits(s, task, wanted, reproducible) && s.params.iter().any(|p| p.searched))
            .collect();
        let first = portfolio(task, wanted, reproducible, loads.target_is_amounts());
        let first = loads.quick_first(first.into_iter().map(|p| loads.within_budget(p)).collect());
        Self { first, seed, varied, loads, held: Params::default(), aim: Aim::default() }
    }

    /// With settings that the metric rewards among the proposals ([`Aim`]).
    #[must_use]
    pub fn aiming_at(mut self, metric: &MetricSpec, target: &Target) -> Self {
        self.aim = Aim::of(metric, target);
        self.aim.alternate(&mut self.first);
        self
    }

    /// The same proposals with the parameters in `held`, where a learner declares them, at these values.
    #[must_use]
    pub fn holding(mut self, held: Params) -> Self {
        self.held = held;
        self.first = self.first.iter().map(|p| self.hold(p.clone())).collect();
        self
    }

    fn hold(&self, mut proposal: Proposal) -> Proposal {
        for (name, value) in &self.held.0 {
            if let Some(place) = proposal.params.0.get_mut(name) {
                place.clone_from(value);
            }
        }
        proposal
    }

    /// The proposal of trial `trial`, given the trials before it whose results may be looked at, and all that were
    /// `tried` before it, which it does not repeat. `None`: nothing is left to try. The same arguments give the same
    /// answer.
    pub fn propose(&self, trial: usize, past: &[Past<'_>], tried: &[&Proposal]) -> Option<Proposal> {
        if let Some(first) = self.first.get(trial) {
            return Some(first.clone());
        }
        let mut rng = Rng::for_stream(self.seed, &[0x7121, trial as u64]);
        let repeats = |p: &Proposal| tried.iter().any(|t| t.learner == p.learner && t.params == p.params);
        for _ in 0..MOST_DRAWS {
            let drawn = self.draw(past, &mut rng)?;
            if !repeats(&drawn) {
                return Some(drawn);
            }
        }
        None
    }

    /// A variant of one of the best, or something new.
    fn draw(&self, past: &[Past<'_>], rng: &mut Rng) -> Option<Proposal> {
        if self.varied.is_empty() {
            return None;
        }
        let mut ranked: Vec<(&Proposal, f64)> = past
            .iter()
            .filter_map(|p| Some((p.proposal, p.loss?)))
            .filter(|(p, _)| self.varies(&p.learner))
            .collect();
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        let spread = self.elite(&ranked);
        if spread.is_empty() || rng.uniform() < FRESH_SHARE {
            // Of two draws the learner that has done better: bad families are still looked at now and then.
            let a = rng.below(self.varied.len());
            let b = rng.below(self.varied.len());
            let spec = [self.varied[a], self.varied[b]].into_iter().min_by_key(|s| rank_of(&ranked, s.id))?;
            let params = spec.params.iter().map(|p| (p.name.to_owned(), drawn(p, rng))).collect();
            return Some(self.proposal(spec, self.aim.varied(Params(params), rng), recipe_for(spec)));
        }
        // The best are drawn more often: weights 1, 1/2, 1/3, …
        let parent = spread[weighted(spread.len(), rng)];
        let spec = self.varied.iter().find(|s| s.id == parent.learner)?;
        let tries = past.iter().filter(|p| p.proposal.learner == parent.learner).count();
        let step = (0.35 / (1.0 + tries as f64 / 12.0)).max(0.08);
        let child = moved(spec, &parent.params, step, rng);
        Some(self.proposal(spec, self.aim.varied(child, rng), parent.recipe.clone()))
    }

    fn varies(&self, learner: &str) -> bool {
        self.varied.iter().any(|s| s.id == learner)
    }

    fn proposal(&self, spec: &'static LearnerSpec, params: Params, recipe: Recipe) -> Proposal {
        let params = Params::complete(spec.params, &params);
        let proposal = Proposal { learner: spec.id.to_owned(), params, recipe, portfolio: false };
        self.hold(self.loads.within_budget(proposal))
    }

    /// The best few, not all of one learner: an ensemble lives on differences.
    fn elite<'a>(&self, ranked: &[(&'a Proposal, f64)]) -> Vec<&'a Proposal> {
        let mut elite: Vec<&Proposal> = Vec::new();
        for (proposal, _) in ranked {
            let alike = elite.iter().filter(|e| e.learner == proposal.learner).count();
            if alike < ELITE_OF_LEARNER && elite.len() < ELITE {
                elite.push(proposal);
            }
        }
        elite
    }
}

/// Place of a learner's best trial; behind all where it has none.
fn rank_of(ranked: &[(&Proposal, f64)], learner: &str) -> usize {
    ranked.iter().position(|(p, _)| p.learner == learner).unwrap_or(ranked.len())
}

/// An index below `n`, i with weight 1 / (i + 1).
fn weighted(n: usize, rng: &mut Rng) -> usize {
    let total: f64 = (1..=n).map(|i| 1.0 / i as f64).sum();
    let mut left = rng.uniform() * total;
    for i in 0..n {
        left -= 1.0 / (i + 1) as f64;
        if left < 0.0 {
            return i;
        }
    }
    n.saturating_sub(1)
}

/// A value drawn from the soft range; the default of what is not searched.
fn drawn(spec: &ParamSpec, rng: &mut Rng) -> ParamValue {
    if spec.searched { at(spec, rng.uniform()) } else { spec.default_value() }
}

/// The value at `unit` in [0, 1] of the soft range.
fn at(spec: &ParamSpec, unit: f64) -> ParamValue {
    match spec.kind {
        ParamKind::Float { low, high, scale, .. } => ParamValue::Float(between(low, high, scale, unit)),
        ParamKind::Int { low, high, scale, .. } => {
            ParamValue::Int(between(low as f64, high as f64, scale, unit).round() as i64)
        }
        ParamKind::Bool { .. } => ParamValue::Bool(unit >= 0.5),
        ParamKind::Choice { options, .. } => {
            let i = ((unit * options.len() as f64) as usize).min(options.len().saturating_sub(1));
            ParamValue::Text(options.get(i).copied().unwrap_or("").to_owned())
        }
        ParamKind::Text => spec.default_value(),
    }
}

fn between(low: f64, high: f64, scale: Scale, unit: f64) -> f64 {
    match scale {
        Scale::Linear => low + (high - low) * unit,
        Scale::Log => math::exp(math::ln(low) + (math::ln(high) - math::ln(low)) * unit),
    }
}

/// Where a value lies in the soft range, in [0, 1].
fn unit_of(spec: &ParamSpec, value: &ParamValue) -> f64 {
    let place = |x: f64, low: f64, high: f64, scale: Scale| match scale {
        _ if high <= low => 0.5,
        Scale::Linear => (x - low) / (high - low),
        Scale::Log if x <= 0.0 => 0.0,
        Scale::Log => (math::ln(x) - math::ln(low)) / (math::ln(high) - math::ln(low)),
    };
    let unit = match (spec.kind, value) {
        (ParamKind::Float { low, high, scale, .. }, ParamValue::Float(x)) => place(*x, low, high, scale),
        (ParamKind::Int { low, high, scale, .. }, ParamValue::Int(x)) => {
            place(*x as f64, low as f64, high as f64, scale)
        }
        _ => 0.5,
    };
    unit.clamp(0.0, 1.0)
}

/// A child of `parent`: each searched parameter moves with probability ½, at least one does.
fn moved(spec: &LearnerSpec, parent: &Params, step: f64, rng: &mut Rng) -> Params {
    let searched: Vec<&ParamSpec> = spec.params.iter().filter(|p| p.searched).collect();
    let forced = rng.below(searched.len());
    let mut child = parent.clone();
    for (i, param) in searched.iter().enumerate() {
        let moves = rng.uniform() < 0.5 || i == forced;
        let (jump, fresh) = (rng.normal(), rng.uniform());
        if !moves {
            continue;
        }
        let value = match param.kind {
            ParamKind::Bool { .. } | ParamKind::Choice { .. } => at(param, fresh),
            _ => {
                let unit = unit_of(param, &param.admit(parent.0.get(param.name))) + step * jump;
                // Reflected at the ends, so that they are not drawn more often than the rest.
                let unit = if unit < 0.0 {
                    -unit
                } else if unit > 1.0 {
                    2.0 - unit
                } else {
                    unit
                };
                at(param, unit.clamp(0.0, 1.0))
            }
        };
        child = child.with(param.name, value);
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn loads() -> Loads {
        Loads::new(&Table::default(), &Target::Values(vec![1.0; 9]), 1000, 5, None)
    }

    #[test]
    fn the_same_past_proposes_the_same_and_inside_the_ranges() {
        for task in [Task::Binary, Task::Regression] {
            let proposer = Proposer::new(task, &[], false, 7, loads());
            let first: Vec<Proposal> =
                (0..proposer.first.len()).filter_map(|i| proposer.propose(i, &[], &[])).collect();
            assert_eq!(first.len(), proposer.first.len());
            let past: Vec<Past<'_>> = first
                .iter()
                .enumerate()
                .map(|(i, p)| Past { proposal: p, loss: Some(0.1 + i as f64) })
                .collect();
            for trial in first.len()..first.len() + 200 {
                let proposal = proposer.propose(trial, &past, &[]).expect("the ranges are never exhausted");
                assert_eq!(Some(&proposal), proposer.propose(trial, &past, &[]).as_ref());
                let spec = learner::find(&proposal.learner).expect("a learner of the list").spec();
                assert_eq!(Params::complete(spec.params, &proposal.params), proposal.params);
            }
        }
    }

    #[test]
    fn the_best_learner_is_varied_most() {
        let proposer = Proposer::new(Task::Binary, &[], false, 1, loads());
        let first: Vec<Proposal> =
            (0..proposer.first.len()).filter_map(|i| proposer.propose(i, &[], &[])).collect();
        let past: Vec<Past<'_>> = first
            .iter()
            .map(|p| Past { proposal: p, loss: Some(if p.learner == "gbt" { 0.1 } else { 0.3 }) })
            .collect();
        let boosted = (100..200)
            .filter(|&t| proposer.propose(t, &past, &[]).is_some_and(|p| p.learner == "gbt"))
            .count();
        assert!((50..95).contains(&boosted), "{boosted}");
    }

    #[test]
    fn no_varied_learner_exhausts_the_search() {
        let proposer =
            Proposer::new(Task::Binary, &["naive_bayes_that_is_not".to_owned()], false, 1, loads());
        assert!(proposer.propose(0, &[], &[]).is_some());
        assert!(proposer.propose(1, &[], &[]).is_none());
    }
}
