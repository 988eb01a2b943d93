//! How large the fits of a study are, and what a budget can afford of them.

use super::propose::Proposal;
use crate::learner::{self, Load, ParamValue};
use crate::node::{DenseOptions, NativeOptions, Recipe};
use crate::table::Table;

/// Share of the budget, on two cores, that a proposal's networks may take all together before fewer are averaged.
const NETWORKS_SHARE: f64 = 0.15;
const CORES: f64 = 2.0;

/// The size of a fold's fit for each recipe, and how many folds a trial has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loads {
    native: Load,
    dense: Load,
    folds: u32,
    budget_secs: Option<f64>,
}

impl Loads {
    /// `rows`: training rows of a fold; `outputs`: numbers that the target takes a row.
    pub fn new(table: &Table, rows: usize, outputs: usize, folds: u32, budget_secs: Option<f64>) -> Self {
        let load = |recipe: Recipe| Load { rows, features: recipe.features_about(table), outputs };
        Self {
            native: load(Recipe::Native(NativeOptions::default())),
            dense: load(Recipe::Dense(DenseOptions::default())),
            folds,
            budget_secs,
        }
    }

    /// Seconds of one fold, as the learner says.
    pub fn secs_said(&self, proposal: &Proposal) -> f64 {
        let load = match proposal.recipe {
            Recipe::Native(_) => &self.native,
            Recipe::Dense(_) => &self.dense,
        };
        learner::find(&proposal.learner).map_or(0.0, |l| l.cost(&proposal.params, load))
    }

    /// The proposal with one network in place of several where the budget is short for them. A function of the
    /// request and the table alone.
    pub fn within_budget(&self, mut proposal: Proposal) -> Proposal {
        let Some(budget) = self.budget_secs else { return proposal };
        let secs = self.secs_said(&proposal) * f64::from(self.folds) / CORES;
        if proposal.params.0.contains_key("networks") && secs > NETWORKS_SHARE * budget {
            proposal.params = proposal.params.with("networks", ParamValue::Int(1));
        }
        proposal
    }
}
