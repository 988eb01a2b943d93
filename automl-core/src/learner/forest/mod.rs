//! Random forests (Breiman, 2001) and extremely randomised trees (Geurts, Ernst and Wehenkel, 2006): many deep trees
//! that differ in what they see, whose answers are averaged. And the forest of one tree that sees everything: a
//! decision tree (Breiman, Friedman, Olshen and Stone, 1984), which a person can read.
//!
//! Trees are grown on the bins that boosting uses, with missing values and categories taken as they are. Every tree
//! has its own random stream, so the forest of the first n trees is the same whatever comes after. A random forest
//! heeds weights by drawing rows in proportion to them; the other two see every row alike.

mod model;
mod params;
mod train;

#[cfg(test)]
mod tests;

use super::{DecodeError, FeatureNeeds, Fit, FitError, Learner, LearnerSpec, Load, Params, Reproducible};
use crate::model::{Model, Task};

/// The learner `random_forest`.
pub struct RandomForest;

/// The learner `extra_trees`.
pub struct ExtraTrees;

/// The learner `decision_tree`.
pub struct DecisionTree;

const TASKS: &[Task] = &[Task::Binary, Task::Multiclass, Task::Regression];

static RANDOM_FOREST: LearnerSpec = LearnerSpec {
    id: "random_forest",
    title: "Random forest",
    help: "The average of many deep trees, each grown on its own draw of rows and features. Hard to get wrong.",
    tasks: TASKS,
    needs: FeatureNeeds::Native,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: params::RANDOM_FOREST,
};

static EXTRA_TREES: LearnerSpec = LearnerSpec {
    id: "extra_trees",
    title: "Extra trees",
    help: "Like a random forest, but split at random places: quicker, smoother, and good on noisy tables.",
    tasks: TASKS,
    needs: FeatureNeeds::Native,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: params::EXTRA_TREES,
};

static DECISION_TREE: LearnerSpec = LearnerSpec {
    id: "decision_tree",
    title: "Decision tree",
    help: "One tree of yes-or-no questions that a person can follow. Rarely the best, always the plainest.",
    tasks: TASKS,
    needs: FeatureNeeds::Native,
    reproducible: Reproducible::Everywhere,
    weights: false,
    params: params::DECISION_TREE,
};

impl Learner for RandomForest {
    fn spec(&self) -> &'static LearnerSpec {
        &RANDOM_FOREST
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        params::cost(params, load, 5e-9)
    }

    fn memory(&self, params: &Params, load: &Load) -> f64 {
        params::memory(params, load)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        Ok(Box::new(train::fit(fit, &params::Settings::random_forest(fit))?))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(model::ForestModel::decode(bytes, features)?))
    }
}

impl Learner for ExtraTrees {
    fn spec(&self) -> &'static LearnerSpec {
        &EXTRA_TREES
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        params::cost(params, load, 9e-9)
    }

    fn memory(&self, params: &Params, load: &Load) -> f64 {
        params::memory(params, load)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        Ok(Box::new(train::fit(fit, &params::Settings::extra_trees(fit))?))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(model::ForestModel::decode(bytes, features)?))
    }
}

impl Learner for DecisionTree {
    fn spec(&self) -> &'static LearnerSpec {
        &DECISION_TREE
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        params::cost(params, load, 9e-8)
    }

    fn memory(&self, params: &Params, load: &Load) -> f64 {
        params::memory(params, load)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        Ok(Box::new(train::fit(fit, &params::Settings::decision_tree(fit))?))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(model::ForestModel::decode(bytes, features)?))
    }
}
