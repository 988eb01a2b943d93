//! The start-up portfolio: good settings, in the order in which they are tried on any table.
//!
//! The order is cheap and telling first: a guess, a linear model, boosting, forests, and then settings that differ
//! from these in ways that help on some tables.

use super::propose::Proposal;
use crate::learner::{self, FeatureNeeds, LearnerSpec, ParamValue, Params, Reproducible};
use crate::model::Task;
use crate::node::{DenseOptions, NativeOptions, Recipe, Skew};

/// A value of a parameter as the list below writes it.
#[derive(Clone, Copy)]
enum Set {
    F(&'static str, f64),
    I(&'static str, i64),
    B(&'static str, bool),
    T(&'static str, &'static str),
}
use Set::{B, F, I, T};

/// Learner id, and what differs from its defaults. Learners that do not suit a task are passed over.
const ENTRIES: &[(&str, &[Set])] = &[
    ("logistic", &[]),
    ("ridge", &[]),
    ("gbt", &[F("learning_rate", 0.1)]),
    ("random_forest", &[]),
    (
        "gbt",
        &[
            F("learning_rate", 0.05),
            I("max_leaves", 12),
            F("column_sample", 0.6),
            F("row_sample", 0.8),
            F("l2", 3.0),
        ],
    ),
    ("extra_trees", &[F("max_features", 0.5)]),
    ("mlp", &[]),
    ("gbt", &[B("extra_trees", true), F("learning_rate", 0.06), F("column_sample", 0.8)]),
    ("knn", &[T("weights", "distance")]),
    (
        "gbt",
        &[
            F("learning_rate", 0.03),
            I("max_leaves", 48),
            I("min_rows_leaf", 10),
            F("column_sample", 0.5),
            F("row_sample", 0.8),
        ],
    ),
    ("naive_bayes", &[]),
    ("elastic_net", &[]),
    ("logistic", &[F("c", 0.05)]),
    ("discriminant", &[]),
    ("decision_tree", &[]),
    ("random_forest", &[F("max_features", 0.6), I("min_rows_leaf", 3)]),
    ("gbt", &[F("learning_rate", 0.05), I("max_leaves", 6), F("l2", 1.0), F("column_sample", 0.4)]),
    ("extra_trees", &[F("max_features", 1.0), I("min_rows_leaf", 2)]),
    ("mlp", &[I("hidden", 128), F("learning_rate", 0.004)]),
];

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
/// were asked for and are not in it.
pub fn portfolio(task: Task, wanted: &[String], reproducible: bool) -> Vec<Proposal> {
    let baseline = proposal("baseline", &[]);
    let entries = ENTRIES.iter().filter_map(|(id, set)| proposal(id, set));
    let asked =
        wanted.iter().filter(|w| ENTRIES.iter().all(|(id, _)| id != w)).filter_map(|w| proposal(w, &[]));
    let suits = |p: &Proposal| {
        learner::find(&p.learner).is_some_and(|l| admits(l.spec(), task, wanted, reproducible))
            && p.learner != "baseline"
    };
    baseline.into_iter().chain(entries.chain(asked).filter(suits)).collect()
}

/// A proposal with these settings; `None` where there is no such learner.
fn proposal(id: &str, set: &[Set]) -> Option<Proposal> {
    let spec = learner::find(id)?.spec();
    let given = set.iter().fold(Params::default(), |params, s| match *s {
        F(name, v) => params.with(name, ParamValue::Float(v)),
        I(name, v) => params.with(name, ParamValue::Int(v)),
        B(name, v) => params.with(name, ParamValue::Bool(v)),
        T(name, v) => params.with(name, ParamValue::Text(v.to_owned())),
    });
    Some(Proposal {
        learner: id.to_owned(),
        params: Params::complete(spec.params, &given),
        recipe: recipe_for(spec),
        portfolio: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_names_a_parameter_inside_its_range() {
        for (id, set) in ENTRIES {
            let Some(learner) = learner::find(id) else { continue };
            for s in *set {
                let (name, value) = match *s {
                    F(n, v) => (n, ParamValue::Float(v)),
                    I(n, v) => (n, ParamValue::Int(v)),
                    B(n, v) => (n, ParamValue::Bool(v)),
                    T(n, v) => (n, ParamValue::Text(v.to_owned())),
                };
                let spec = learner.spec().params.iter().find(|p| p.name == name);
                assert!(spec.is_some_and(|p| p.admit(Some(&value)) == value), "{id}.{name}");
            }
        }
    }

    #[test]
    fn the_baseline_is_first_and_what_was_asked_for_is_in() {
        for task in [Task::Binary, Task::Multiclass, Task::Regression] {
            let all = portfolio(task, &[], false);
            assert_eq!(all[0].learner, "baseline");
            assert!(all.iter().any(|p| p.learner == "gbt"));
            let some = portfolio(task, &["extra_trees".to_owned()], false);
            assert!(some[1..].iter().all(|p| p.learner == "extra_trees") && some.len() > 1);
        }
    }
}
