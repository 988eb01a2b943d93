//! How large the fits of a study are, and what a budget can afford of them.

use super::propose::Proposal;
use crate::learner::{self, Load, ParamValue};
use crate::model::Target;
use crate::node::{DenseOptions, NativeOptions, Recipe};
use crate::numeric::{math, skewness, sort_few_by};
use crate::table::{Column, Table};
use serde::{Deserialize, Serialize};

/// Share of the budget, on two cores, that a proposal's networks may take all together before fewer are averaged.
const NETWORKS_SHARE: f64 = 0.15;
const CORES: f64 = 2.0;
/// A trial that takes more of the budget than this waits until the quicker ones were tried.
const QUICK_SHARE: f64 = 0.06;
/// Skewness of a target from which on its logarithm is tried.
const LEAST_SKEWNESS: f64 = 0.8;

/// The size of a fold's fit for each recipe, and how many folds a trial has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loads {
    native: Load,
    dense: Load,
    folds: u32,
    budget_secs: Option<f64>,
    amounts: bool,
}

impl Loads {
    /// `rows`: training rows of a fold.
    pub fn new(table: &Table, target: &Target, rows: usize, folds: u32, budget_secs: Option<f64>) -> Self {
        let columns: Vec<&Column> = table.columns.iter().collect();
        Self::of_columns(&columns, target, rows, folds, budget_secs)
    }

    /// The same of some columns.
    pub fn of_columns(
        columns: &[&Column],
        target: &Target,
        rows: usize,
        folds: u32,
        budget_secs: Option<f64>,
    ) -> Self {
        let outputs = target.outputs();
        let load = |recipe: Recipe| Load {
            rows,
            features: recipe.features_of(columns.iter().copied()),
            few_levels: recipe.few_levels_of(columns.iter().copied()),
            outputs,
        };
        Self {
            native: load(Recipe::Native(NativeOptions::default())),
            dense: load(Recipe::Dense(DenseOptions::default())),
            folds,
            budget_secs,
            amounts: matches!(target, Target::Values(values) if are_amounts(values)),
        }
    }

    /// The same against another budget.
    #[must_use]
    pub fn within(self, budget_secs: Option<f64>) -> Self {
        Self { budget_secs, ..self }
    }

    /// Whether the target is an amount whose logarithm may be easier to learn.
    pub fn target_is_amounts(&self) -> bool {
        self.amounts
    }

    /// Seconds of one fold, as the learner says.
    pub fn secs_said(&self, proposal: &Proposal) -> f64 {
        let load = match proposal.recipe {
            Recipe::Native(_) => &self.native,
            Recipe::Dense(_) => &self.dense,
        };
        learner::find(&proposal.learner).map_or(0.0, |l| l.cost(&proposal.params, load))
    }

    /// Seconds of a trial on two cores, as the learner says.
    fn trial_secs_said(&self, proposal: &Proposal) -> f64 {
        self.secs_said(proposal) * f64::from(self.folds) / CORES
    }

    /// The same proposals, those last that take a large part of the budget, the longest at the end. A function of the
    /// request and the table alone.
    pub fn quick_first(&self, proposals: Vec<Proposal>) -> Vec<Proposal> {
        let Some(budget) = self.budget_secs else { return proposals };
        let is_quick = |p: &Proposal| self.trial_secs_said(p) <= QUICK_SHARE * budget;
        let (mut quick, mut slow): (Vec<_>, Vec<_>) = proposals.into_iter().partition(is_quick);
        sort_few_by(&mut slow, |a, b| self.trial_secs_said(a).total_cmp(&self.trial_secs_said(b)));
        quick.append(&mut slow);
        quick
    }

    /// The proposal with one network in place of several, and simple inputs, where the budget is short. A function of the
    /// request and the table alone.
    pub fn within_budget(&self, mut proposal: Proposal) -> Proposal {
        let Some(budget) = self.budget_secs else { return proposal };
        // Both are least at 1.
        for name in ["networks", "pieces"] {
            let is_slow = self.trial_secs_said(&proposal) > NETWORKS_SHARE * budget;
            if is_slow && proposal.params.0.contains_key(name) {
                proposal.params = proposal.params.with(name, ParamValue::Int(1));
            }
        }
        proposal
    }
}

/// Whether numbers are all above 0 and clearly skewed to the right, and their logarithms less so.
pub fn are_amounts(values: &[f64]) -> bool {
    if values.len() < 3 || values.iter().any(|&y| y <= 0.0) {
        return false;
    }
    let logs: Vec<f64> = values.iter().map(|&y| math::ln(y)).collect();
    let skewed = skewness(values);
    skewed > LEAST_SKEWNESS && skewness(&logs).abs() < skewed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Task;
    use crate::numeric::Rng;
    use crate::search::portfolio;

    fn loads(rows: usize, classes: usize, budget_secs: Option<f64>) -> Loads {
        let target =
            Target::Classes { codes: (0..rows as u32).map(|i| i % classes as u32).collect(), classes };
        let mut loads = Loads::new(&Table::default(), &target, rows, 5, budget_secs);
        (loads.native.features, loads.dense.features) = (20, 20);
        loads
    }

    #[test]
    fn amounts_are_positive_and_skewed() {
        let mut rng = Rng::new(2);
        let normal: Vec<f64> = (0..2000).map(|_| 50.0 + rng.normal()).collect();
        let mut prices: Vec<f64> = (0..2000).map(|_| math::exp(2.0 + rng.normal())).collect();
        assert!(!are_amounts(&normal) && are_amounts(&prices));
        prices[7] = 0.0;
        assert!(!are_amounts(&prices) && !are_amounts(&[]));
    }

    #[test]
    fn a_short_budget_puts_the_quick_first_and_nothing_is_lost() {
        let all = portfolio(Task::Multiclass, &[], false, false);
        let loads = loads(5_000, 20, Some(10.0));
        let sorted = loads.quick_first(all.clone());
        assert_eq!(sorted.len(), all.len());
        assert!(all.iter().all(|p| sorted.contains(p)));
        assert_eq!(sorted[0].learner, "baseline");
        let place = |list: &[Proposal], id: &str| list.iter().position(|p| p.learner == id);
        assert!(place(&sorted, "gbt") > place(&sorted, "naive_bayes"));
        assert!(place(&all, "gbt") < place(&all, "naive_bayes"));
        assert_eq!(self::loads(5_000, 20, None).quick_first(all.clone()), all);
    }

    #[test]
    fn a_short_budget_averages_fewer_networks() {
        let networks = |budget| {
            let mlp = portfolio(Task::Binary, &["mlp".to_owned()], false, false).remove(1);
            loads(20_000, 2, budget).within_budget(mlp).params.count("networks")
        };
        assert_eq!((networks(Some(5.0)), networks(Some(3600.0)), networks(None)), (1, 2, 2));
    }
}
