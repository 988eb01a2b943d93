//! Proposals after the portfolio: variants of what did well, and now and then something new, of which a model of the past
//! chooses.
//!
//! Candidates are drawn as evolution does, in the manner of FLAML's local search (Wang, Wu, Weimer and Zhu, 2021): a parent
//! is drawn from the best trials so far and a few of its parameters move; the step shrinks as a learner is tried more
//! often. Of some such draws the one is taken whose learner's past ([`Surrogate`]) lets expect most of it, as SMAC does
//! (Hutter, Hoos and Leyton-Brown, "Sequential model-based optimization for general algorithm configuration", 2011),
//! which also leaves some proposals to chance.

use super::aim::Aim;
use super::loads::Loads;
use super::portfolio::{admits, portfolio, recipe_for};
use super::range::{drawn, moved};
use super::setting::Setting;
use super::surrogate::Surrogate;
use crate::learner::{self, LOG_TARGET, LearnerSpec, ParamValue, Params};
use crate::metric::MetricSpec;
use crate::model::{Target, Task};
use crate::node::Recipe;
use crate::numeric::{Rng, math, sort_few_by};
use std::collections::BTreeMap;

/// Share of proposals drawn afresh from the whole range.
const FRESH_SHARE: f64 = 0.15;
/// Draws that repeat earlier trials before nothing is said to be left.
const MOST_DRAWS: usize = 40;
/// Parents are drawn from so many of the best.
const ELITE: usize = 5;
/// Of these so many are of one learner at most.
const ELITE_OF_LEARNER: usize = 3;
/// Draws of which a model chooses one.
const CANDIDATES: usize = 32;
/// One of so many proposals is left to chance.
const UNMODELLED: usize = 4;
/// A learner whose best is so far behind the best of all, as a share of that, has improvements count 1/e of theirs.
const BEHIND: f64 = 0.05;

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
    /// Loss on the first fold, also where it was given up after that.
    pub first_loss: Option<f64>,
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

    /// Proposes the baseline and these settings, and then nothing more.
    pub fn of_settings(settings: &[Setting], loads: Loads) -> Self {
        let baseline = Setting { learner: "baseline".to_owned(), params: Params::default(), recipe: None };
        let first = std::iter::once(&baseline).chain(settings).filter_map(Setting::proposal).collect();
        let (held, aim) = (Params::default(), Aim::default());
        Self { first, seed: 0, varied: Vec::new(), loads, held, aim }
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
        let candidates = self.candidates(trial, past, tried);
        if trial.is_multiple_of(UNMODELLED) {
            return candidates.into_iter().next();
        }
        self.most_promising(candidates, past, tried.get(past.len()..).unwrap_or(&[]))
    }

    /// `count` settings of a learner from its whole range, for a population: all with the same recipe, and of the logarithm of
    /// the target or not. None where the learner is not searched.
    pub fn population(&self, learner: &str, count: usize, of_logarithms: bool) -> Vec<Proposal> {
        let Some(spec) = self.varied.iter().find(|s| s.id == learner) else { return Vec::new() };
        let mut rng = Rng::for_stream(self.seed, &[0x7122]);
        let draw = |_| {
            let params = spec.params.iter().map(|p| (p.name.to_owned(), drawn(p, &mut rng))).collect();
            let params = Params(params).with(LOG_TARGET.name, ParamValue::Bool(of_logarithms));
            Proposal { portfolio: true, ..self.proposal(spec, params, recipe_for(spec)) }
        };
        (0..count).map(draw).collect()
    }

    /// Some draws that repeat none of those `tried`; none where nothing is left.
    fn candidates(&self, trial: usize, past: &[Past<'_>], tried: &[&Proposal]) -> Vec<Proposal> {
        let mut rng = Rng::for_stream(self.seed, &[0x7121, trial as u64]);
        let is_new = |p: &Proposal| tried.iter().all(|t| t.learner != p.learner || t.params != p.params);
        let mut draws = std::iter::from_fn(|| self.draw(past, &mut rng));
        let first = draws.by_ref().take(MOST_DRAWS).find(is_new);
        first.into_iter().chain(draws.take(CANDIDATES - 1).filter(is_new)).collect()
    }

    /// The candidate of which the past lets expect most; the first where its learner is little known, as it is drawn as
    /// often as that deserves.
    fn most_promising(
        &self,
        candidates: Vec<Proposal>,
        past: &[Past<'_>],
        pending: &[&Proposal],
    ) -> Option<Proposal> {
        let bests = bests(past);
        let best_of_all = bests.values().copied().fold(f64::INFINITY, f64::min);
        let losses = losses_or_guesses(past);
        let mut models: BTreeMap<&str, Option<(Surrogate, f64)>> = BTreeMap::new();
        let mut chosen = (0, f64::NEG_INFINITY);
        for (i, candidate) in candidates.iter().enumerate() {
            let Some(spec) = self.varied.iter().find(|s| s.id == candidate.learner) else { continue };
            let model = models.entry(spec.id).or_insert_with(|| {
                let tried =
                    past.iter().map(|p| p.proposal).zip(&losses).filter(|(p, _)| p.learner == spec.id);
                let known: Vec<(&Params, Option<f64>)> = tried.map(|(p, loss)| (&p.params, *loss)).collect();
                let of_it = pending.iter().filter(|p| p.learner == spec.id);
                let pending: Vec<&Params> = of_it.map(|p| &p.params).collect();
                let behind = (bests.get(spec.id)? - best_of_all) / (BEHIND * best_of_all.abs()).max(1e-12);
                Some((Surrogate::of(spec, &known, &pending)?, math::exp(-behind)))
            });
            match model {
                Some((surrogate, weight)) => {
                    let promise = *weight * surrogate.expected_improvement(&candidate.params);
                    if promise > chosen.1 {
                        chosen = (i, promise);
                    }
                }
                None if i == 0 => break,
                None => {}
            }
        }
        candidates.into_iter().nth(chosen.0)
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
        sort_few_by(&mut ranked, |a, b| a.1.total_cmp(&b.1));
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

/// The best loss of each learner that has one.
fn bests<'a>(past: &[Past<'a>]) -> BTreeMap<&'a str, f64> {
    let mut bests = BTreeMap::new();
    for (learner, loss) in past.iter().filter_map(|p| Some((p.proposal.learner.as_str(), p.loss?))) {
        let best = bests.entry(learner).or_insert(loss);
        *best = loss.min(*best);
    }
    bests
}

/// Losses; of trials that were given up after the first fold what others' other folds let expect.
fn losses_or_guesses(past: &[Past<'_>]) -> Vec<Option<f64>> {
    let mut shifts: Vec<f64> = past.iter().filter_map(|p| Some(p.loss? - p.first_loss?)).collect();
    shifts.sort_by(f64::total_cmp);
    let shift = shifts.get(shifts.len() / 2).copied().unwrap_or(0.0);
    past.iter().map(|p| p.loss.or(p.first_loss.map(|first| first + shift))).collect()
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

#[cfg(test)]
mod tests {
    use super::super::range::code_of;
    use super::*;
    use crate::table::Table;
    use proptest::prelude::*;

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
                .map(|(i, p)| Past { proposal: p, loss: Some(0.1 + i as f64), first_loss: None })
                .collect();
            for trial in first.len()..first.len() + 200 {
                let proposal = proposer.propose(trial, &past, &[]).expect("the ranges are never exhausted");
                assert_eq!(Some(&proposal), proposer.propose(trial, &past, &[]).as_ref());
                let spec = learner::find(&proposal.learner).expect("a learner of the list").spec();
                assert_eq!(Params::complete(spec.params, &proposal.params), proposal.params);
            }
        }
    }

    /// What was proposed to a study of `trials` trials that loses as `loss` says, and the losses.
    fn played(
        proposer: &Proposer,
        trials: usize,
        loss: impl Fn(usize, &Proposal) -> Option<f64>,
        propose: impl Fn(usize, &[Past<'_>], &[&Proposal]) -> Option<Proposal>,
    ) -> Vec<(Proposal, Option<f64>)> {
        let mut all: Vec<(Proposal, Option<f64>)> = Vec::new();
        for n in 0..proposer.first.len() + trials {
            let visible = (n + 1).saturating_sub(crate::search::LOOKBACK);
            let past: Vec<Past<'_>> = all[..visible]
                .iter()
                .map(|(proposal, loss)| Past { proposal, loss: *loss, first_loss: *loss })
                .collect();
            let tried: Vec<&Proposal> = all.iter().map(|(p, _)| p).collect();
            let proposal = propose(n, &past, &tried).expect("the ranges are never exhausted");
            let loss = loss(n, &proposal);
            all.push((proposal, loss));
        }
        all
    }

    /// A bowl over the parameters that are searched, 0 at 0.3 of each soft range; 1 where there are none.
    fn bowl(proposal: &Proposal) -> f64 {
        let spec = learner::find(&proposal.learner).expect("a learner of the list").spec();
        if spec.params.iter().all(|p| !p.searched) {
            return 1.0;
        }
        let searched = spec.params.iter().filter(|p| p.searched).enumerate();
        let off = searched.map(|(i, p)| {
            let off = code_of(p, proposal.params.0.get(p.name)) - 0.3;
            off * off / (i + 1) as f64
        });
        off.sum()
    }

    #[test]
    fn a_model_finds_the_bottom_of_a_bowl_sooner_than_chance() {
        let left = |modelled: bool| -> Vec<f64> {
            let of_seed = |seed| {
                let proposer = Proposer::new(Task::Binary, &["gbt".to_owned()], false, seed, loads());
                let all = played(
                    &proposer,
                    40,
                    |_, p| Some(1.0 + bowl(p)),
                    |n, past, tried| {
                        let drawn = || proposer.candidates(n, past, tried).into_iter().next();
                        if modelled || n < proposer.first.len() {
                            proposer.propose(n, past, tried)
                        } else {
                            drawn()
                        }
                    },
                );
                all.iter().map(|(p, _)| bowl(p)).fold(f64::INFINITY, f64::min)
            };
            (0..12).map(of_seed).collect()
        };
        let (model, chance) = (left(true), left(false));
        let better = model.iter().zip(&chance).filter(|(m, c)| m < c).count();
        let mean = crate::numeric::mean;
        assert!(better >= 9 && mean(&model) < 0.7 * mean(&chance), "{better}: {model:?} {chance:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn no_trial_repeats_another_or_looks_at_the_latest(
            seed in 0u64..1000,
            given_up in proptest::collection::vec(proptest::bool::weighted(0.4), 80),
            last in 0f64..9.0,
        ) {
            let proposer = Proposer::new(Task::Multiclass, &[], false, seed, loads());
            let end = proposer.first.len() + 30;
            let loss = |n: usize, p: &Proposal| (!given_up[n % 80]).then(|| 0.5 + bowl(p));
            let propose = |n: usize, past: &[Past<'_>], tried: &[&Proposal]| proposer.propose(n, past, tried);
            let all = played(&proposer, 30, loss, propose);
            for (i, (proposal, _)) in all.iter().enumerate() {
                let spec = learner::find(&proposal.learner).expect("a learner of the list").spec();
                prop_assert_eq!(&Params::complete(spec.params, &proposal.params), &proposal.params);
                let is_same = |p: &Proposal| p.learner == proposal.learner && p.params == proposal.params;
                prop_assert!(i < proposer.first.len() || all[..i].iter().all(|(p, _)| !is_same(p)));
            }
            // What the last seven lost is not seen by the last.
            let other = |n: usize, p: &Proposal| if n + 8 > end { Some(last) } else { loss(n, p) };
            let again = played(&proposer, 30, other, propose);
            prop_assert_eq!(again.last().map(|l| &l.0), all.last().map(|l| &l.0));
        }
    }

    #[test]
    fn a_population_is_drawn_from_the_whole_range() {
        let proposer = Proposer::new(Task::Regression, &["mlp".to_owned()], false, 7, loads());
        let some = proposer.population("mlp", 64, true);
        assert_eq!(some.len(), 64);
        let units: Vec<usize> = some.iter().map(|p| p.params.count("hidden")).collect();
        assert!(units.iter().any(|&n| n < 32) && units.iter().any(|&n| n > 128), "{units:?}");
        for (place, one) in some.iter().enumerate() {
            assert!(one.params.bool("log_target") && one.recipe == some[0].recipe);
            assert!(some[..place].iter().all(|other| other.params != one.params));
        }
        assert_eq!(proposer.population("mlp", 8, true), some[..8]);
        assert!(!proposer.population("mlp", 1, false)[0].params.bool("log_target"));
        assert!(proposer.population("gbt", 8, false).is_empty());
    }

    #[test]
    fn the_best_learner_is_varied_most() {
        let proposer = Proposer::new(Task::Binary, &[], false, 1, loads());
        let first: Vec<Proposal> =
            (0..proposer.first.len()).filter_map(|i| proposer.propose(i, &[], &[])).collect();
        let past: Vec<Past<'_>> = first
            .iter()
            .map(|p| Past {
                proposal: p,
                loss: Some(if p.learner == "gbt" { 0.1 } else { 0.3 }),
                first_loss: None,
            })
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
