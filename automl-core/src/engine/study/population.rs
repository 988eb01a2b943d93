//! A population of networks, and of linear models, which are those without a hidden layer, where one was asked for: the study's
//! first job trains many settings side by side on a graphics card, with successive halving, while other executors go on with trials on the processor. What it chooses are settings, which
//! are then tried as all others are: fitted on every fold on the processor, scored by the same rows.
//!
//! So the model of a setting is the same bytes everywhere, and which settings are tried follows from the card. Without a time
//! budget it follows from nothing else: chosen settings have their places among the trials, which wait for them, so that any
//! number of executors gives the same model on the same card. With one they come as soon as they can.

use super::trial::Trial;
use super::{Purpose, Running, Study};
use crate::diagnostic::Diagnostic;
use crate::engine::job::{Job, JobFailure, JobResult, Stage};
use crate::engine::protocol::{self, StudyRequest};
use crate::learner::ParamValue;
use crate::numeric::Rng;
use crate::search::{LOOKBACK, Proposal, Proposer};
use std::collections::VecDeque;

/// The learner of its settings.
const LEARNER: &str = "mlp";
/// Settings that are drawn.
const SETTINGS: usize = 64;
/// One in so many is linear, or piecewise so.
const LINEAR_IN: usize = 8;
/// Most of the budget that it may take of one executor.
const SHARE: f64 = 0.2;

#[derive(Debug, PartialEq, Eq)]
enum Stand {
    Due,
    Training,
    Over,
}

/// See the module.
pub(super) struct Population {
    stand: Stand,
    settings: Vec<Proposal>,
    /// Trial from which on what was chosen is tried, where no budget counts.
    from: usize,
    /// Not tried yet, the best first.
    chosen: VecDeque<Proposal>,
    /// Trials that it chose.
    placed: usize,
    told: protocol::Population,
}

/// Whether a request's population is one that there can be.
///
/// # Errors
/// Why it is not.
pub(super) fn check(request: &StudyRequest) -> Result<(), Diagnostic> {
    let names_networks = request.learners.is_empty() || request.learners.iter().any(|id| id == LEARNER);
    if request.populations && !names_networks {
        return Err(Diagnostic::error(
            "populations.no_networks",
            format!("A population is of neural networks, and \"{LEARNER}\" is not among the learners."),
            format!("Add \"{LEARNER}\" to the learners, or leave out the population."),
        ));
    }
    if request.populations && request.reproducible {
        return Err(Diagnostic::error(
            "populations.not_reproducible",
            "A population of networks trains on a graphics card, and another card may choose other settings.",
            "Leave out one of the two: the population, or the wish for the same model on every machine.",
        ));
    }
    Ok(())
}

impl Population {
    /// The population that a request asks for, which failed already where it cannot be.
    pub fn of(request: &StudyRequest, proposer: &Proposer, of_logarithms: bool) -> Option<Self> {
        if !request.populations {
            return None;
        }
        let mut settings = proposer.population(LEARNER, SETTINGS, of_logarithms);
        for linear in settings.iter_mut().skip(LINEAR_IN - 1).step_by(LINEAR_IN) {
            linear.params = linear.params.clone().with("layers", ParamValue::Int(0));
        }
        let told = protocol::Population::Training { settings: settings.len() as u32 };
        let few = request.max_trials.map_or(usize::MAX, |most| most as usize);
        // Of few trials the second half is for what it chooses.
        let from = LOOKBACK.min(few / 2);
        let (chosen, placed) = (VecDeque::new(), 0);
        let is_none = settings.is_empty();
        let mut new = Self { stand: Stand::Due, settings, from, chosen, placed, told };
        if is_none {
            new.fail("neural networks are not among the models that are searched");
        } else if few < 2 {
            new.fail("there is no trial to try what it would choose");
        }
        Some(new)
    }

    fn fail(&mut self, reason: impl Into<String>) {
        self.stand = Stand::Over;
        self.told = protocol::Population::Failed { reason: reason.into() };
    }

    pub fn told(&self) -> protocol::Population {
        self.told.clone()
    }
}

impl Study {
    /// The job of a population that is due. `left`: seconds of search left.
    pub(super) fn population_job(&mut self, left: Option<f64>) -> Option<Job> {
        let population = self.population.as_mut().filter(|p| p.stand == Stand::Due)?;
        let first = population.settings.first()?;
        let job = Job {
            id: self.next_id,
            stage: Stage::Search,
            fold: 0,
            folds: self.prepared.split.folds(),
            rows: None,
            learner: LEARNER.to_owned(),
            params: first.params.clone(),
            recipe: first.recipe.clone(),
            seed: Rng::for_stream(self.request.seed, &[0x9090]).next_u64(),
            deadline_secs: left.zip(self.clock.budget()).map(|(left, b)| left.min(SHARE * b).max(0.0)),
            population: population.settings.iter().map(|s| s.params.clone()).collect(),
        };
        population.stand = Stand::Training;
        let purpose = Purpose::Population;
        let id = self.hand_out(Running { owner: 0, stage: Stage::Search, purpose, fold: 0 });
        Some(Job { id, ..job })
    }

    pub(super) fn population_done(&mut self, result: JobResult) {
        let Some(population) = self.population.as_mut().filter(|p| p.stand == Stand::Training) else {
            return;
        };
        match (result.outcome, result.chosen) {
            (Err(JobFailure::Cancelled), _) => {
                population.fail("the time ended before it had trained for long enough");
            }
            (Err(JobFailure::Failed(reason)), _) => population.fail(reason),
            (Ok(_), None) => population.fail("its worker did not say what it chose"),
            (Ok(_), Some(chosen)) => {
                population.stand = Stand::Over;
                let setting = |&place: &u32| population.settings.get(place as usize).cloned();
                population.chosen = chosen.best.iter().filter_map(setting).collect();
                population.told = protocol::Population::Done {
                    card: chosen.card,
                    settings: chosen.trained,
                    chosen: population.chosen.len() as u32,
                    epochs: chosen.epochs,
                    secs: result.fit_secs,
                };
            }
        }
    }

    /// The search ends: a population that has not is given up.
    pub(super) fn drop_population(&mut self) {
        if let Some(population) = self.population.as_mut().filter(|p| p.stand != Stand::Over) {
            population.fail("the search ended first");
        }
    }

    /// Whether the next trial, of this number, must wait for what a population chooses.
    pub(super) fn waits_for_population(&self, trial: usize) -> bool {
        self.clock.budget().is_none()
            && self.population.as_ref().is_some_and(|p| p.stand != Stand::Over && trial >= p.from)
    }

    /// The setting that a population chose for the next trial, of this number, if any; and how many trials before it have such.
    pub(super) fn next_chosen(&self, trial: usize) -> (Option<Proposal>, usize) {
        let Some(population) = &self.population else { return (None, 0) };
        // The baseline comes first whatever there is.
        let from = if self.clock.budget().is_some() { 1 } else { population.from };
        let chosen = population.chosen.front().filter(|_| trial >= from);
        (chosen.cloned(), population.placed)
    }

    /// Notes whether the trial that was begun is one that a population chose.
    pub(super) fn note_chosen(&mut self, is_chosen: bool) {
        if let Some(population) = self.population.as_mut().filter(|_| is_chosen) {
            population.chosen.pop_front();
            population.placed += 1;
        }
    }

    /// Whether every machine would make the same model of these members: what a population chose is the card's own choice,
    /// and so is what was proposed after it.
    pub(super) fn is_reproducible(&self, members: &[(usize, f64)]) -> bool {
        !self.request.populations && members.iter().all(|m| Trial::is_reproducible(&self.trials[m.0]))
    }
}
