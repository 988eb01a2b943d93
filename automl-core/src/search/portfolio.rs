//! The start-up portfolio: good settings, in the order in which they are tried on any table.
//!
//! The order is cheap and telling first: a guess, a linear model, boosting, forests, and then settings that differ
//! from these in ways that help on some tables.

#[cfg(doc)]
use super::loads::Loads;
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

/// For which targets an entry is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Numbers above 0 and skewed to the right ([`Loads::target_is_amounts`]).
    Amounts,
}
use When::{Always, Amounts};

/// Learner id, and what differs from its defaults. Learners that do not suit a task are passed over.
const ENTRIES: &[(&str, When, &[Set])] = &[
    ("logistic", Always, &[]),
    ("ridge", Always, &[]),
    ("gbt", Always, &[F("learning_rate", 0.1)]),
    ("gbt", Amounts, &[T("loss", "poisson"), F("learning_rate", 0.08), F("column_sample", 0.7)]),
    ("ridge", Amounts, &[B("log_target", true)]),
    (
        "gbt",
        Always,
        &[
            F("learning_rate", 0.05),
            I("max_leaves", 12),
            F("column_sample", 0.6),
            T("sampling", "mvs"),
            F("row_sample", 0.4),
            F("l2", 3.0),
        ],
    ),
    ("mlp", Always, &[]),
    ("gbt", Always, &[B("extra_trees", true), F("learning_rate", 0.06), F("column_sample", 0.8)]),
    ("mlp", Amounts, &[B("log_target", true)]),
    (
        "gbt",
        Amounts,
        &[
            T("loss", "poisson"),
            F("learning_rate", 0.05),
            I("max_leaves", 12),
            F("column_sample", 0.5),
            T("sampling", "mvs"),
            F("row_sample", 0.5),
        ],
    ),
    ("random_forest", Always, &[]),
    ("extra_trees", Always, &[F("max_features", 0.5)]),
    ("elastic_net", Amounts, &[B("log_target", true)]),
    ("knn", Always, &[T("weights", "distance")]),
    ("knn", Always, &[T("weights", "distance"), I("k", 4)]),
    (
        "gbt",
        Always,
        &[
            F("learning_rate", 0.03),
            I("max_leaves", 48),
            I("min_rows_leaf", 10),
            F("column_sample", 0.5),
            T("sampling", "mvs"),
            F("row_sample", 0.4),
        ],
    ),
    ("naive_bayes", Always, &[]),
    ("elastic_net", Always, &[]),
    ("logistic", Always, &[F("c", 0.05)]),
    ("discriminant", Always, &[]),
    ("decision_tree", Always, &[]),
    ("random_forest", Always, &[F("max_features", 0.6), I("min_rows_leaf", 3)]),
    ("gbt", Always, &[F("learning_rate", 0.05), I("max_leaves", 6), F("l2", 1.0), F("column_sample", 0.4)]),
    ("extra_trees", Always, &[F("max_features", 1.0), I("min_rows_leaf", 2)]),
    ("mlp", Always, &[I("hidden", 128), F("learning_rate", 0.004)]),
];

/// The recipe that serves a learner.
pub fn recipe_for(spec: &LearnerSpec) -> Recipe {
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
/// were asked for and are not in it. `amounts`: whether the target is such numbers as [`Loads::target_is_amounts`] says.
pub fn portfolio(task: Task, wanted: &[String], reproducible: bool, amounts: bool) -> Vec<Proposal> {
    let baseline = proposal("baseline", &[]);
    let entries = ENTRIES.iter().filter(|(_, when, _)| amounts || *when == Always);
    let entries = entries.filter_map(|(id, _, set)| proposal(id, set));
    let asked =
        wanted.iter().filter(|w| ENTRIES.iter().all(|(id, ..)| id != w)).filter_map(|w| proposal(w, &[]));
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
        for (id, _, set) in ENTRIES {
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
            let all = portfolio(task, &[], false, true);
            assert_eq!(all[0].learner, "baseline");
            assert!(all.iter().any(|p| p.learner == "gbt"));
            let some = portfolio(task, &["extra_trees".to_owned()], false, false);
            assert!(some[1..].iter().all(|p| p.learner == "extra_trees") && some.len() > 1);
        }
    }
}
