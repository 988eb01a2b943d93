//! The start-up portfolio: good settings, in the order in which they are tried on any table.
//!
//! `portfolio.jsonl` holds them, one a line: by turns what was learned on many tables (`examples/learn_portfolio.rs`)
//! and what was chosen by hand.

use super::propose::Proposal;
use super::setting::Setting;
use crate::learner::{FeatureNeeds, LearnerSpec, Params, Reproducible};
use crate::model::Task;
use crate::node::{DenseOptions, NativeOptions, Recipe, Skew};

/// One setting a line.
const ENTRIES: &str = include_str!("portfolio.jsonl");

/// The settings of the file. A test reads every line, so none is passed over here.
fn entries() -> impl Iterator<Item = Setting> {
    ENTRIES.lines().filter_map(|line| serde_json::from_str(line).ok())
}

/// The recipe that serves a learner.
pub(super) fn recipe_for(spec: &LearnerSpec) -> Recipe {
    match spec.needs {
        FeatureNeeds::Native => Recipe::Native(NativeOptions::default()),
        FeatureNeeds::Dense if spec.id == "mlp" || spec.id == "knn" => {
            Recipe::Dense(DenseOptions { skew: Skew::LogBeyond(2.0), ..DenseOptions::default() })
        }
        FeatureNeeds::Dense => Recipe::Dense(DenseOptions::default()),
    }
}

/// Whether the search may use a learner: it suits the task, it is among those `wanted` (if any are named), and its
/// bits are the same everywhere unless it was asked for by name.
pub(super) fn admits(spec: &LearnerSpec, task: Task, wanted: &[String], reproducible: bool) -> bool {
    let named = wanted.iter().any(|w| w == spec.id);
    spec.tasks.contains(&task)
        && (wanted.is_empty() || named)
        && (spec.reproducible == Reproducible::Everywhere || named && !reproducible)
}

/// The first trials of every study: the baseline, the entries of the portfolio, and the defaults of learners that
/// were asked for and are not in it. `amounts`: whether the target is such numbers as
/// [`super::Loads::target_is_amounts`] says.
pub fn portfolio(task: Task, wanted: &[String], reproducible: bool, amounts: bool) -> Vec<Proposal> {
    let usual = |id: &str| Setting { learner: id.to_owned(), params: Params::default(), recipe: None };
    let suits = |s: &Setting| {
        s.spec().is_some_and(|spec| admits(spec, task, wanted, reproducible))
            && s.learner != "baseline"
            && (amounts || !s.is_for_amounts())
    };
    let asked = wanted.iter().filter(|w| entries().all(|e| e.learner != **w)).map(|w| usual(w));
    let chosen = entries().chain(asked).filter(suits);
    std::iter::once(usual("baseline")).chain(chosen).filter_map(|s| s.proposal()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_setting_without_faults_and_no_two_are_alike() {
        let mut seen: Vec<Setting> = Vec::new();
        for line in ENTRIES.lines() {
            let setting: Setting = serde_json::from_str(line).expect(line);
            assert_eq!(setting.faults(), Vec::<String>::new(), "{line}");
            let short = setting.shortened();
            assert!(!seen.contains(&short), "{line}");
            seen.push(short);
        }
        assert!(seen.len() > 10);
    }

    #[test]
    fn the_baseline_is_first_and_what_was_asked_for_is_in() {
        for task in [Task::Binary, Task::Multiclass, Task::Regression] {
            let all = portfolio(task, &[], false, true);
            assert_eq!(all[0].learner, "baseline");
            assert!(all.iter().any(|p| p.learner == "gbt"));
            let some = portfolio(task, &["extra_trees".to_owned()], false, false);
            assert!(some[1..].iter().all(|p| p.learner == "extra_trees") && some.len() > 1);
        }
    }
}
