//! Every learner there is, one line each.

use super::{
    Learner, baseline, discriminant, elastic_net, forest, gbt, kernel, knn, logistic, mlp, naive_bayes,
    ridge, svm,
};

static LEARNERS: &[&dyn Learner] = &[
    &baseline::Baseline,
    &logistic::Logistic,
    &ridge::Ridge,
    &elastic_net::ElasticNet,
    &gbt::Gbt,
    &forest::RandomForest,
    &forest::ExtraTrees,
    &forest::DecisionTree,
    &mlp::Mlp,
    &kernel::Kernel,
    &knn::Knn,
    &naive_bayes::NaiveBayes,
    &discriminant::Discriminant,
    &svm::Svm,
];

/// All learners, in the order in which they are listed to people.
pub fn all() -> &'static [&'static dyn Learner] {
    LEARNERS
}

/// The learner with the id `id`.
pub fn find(id: &str) -> Option<&'static dyn Learner> {
    LEARNERS.iter().copied().find(|l| l.spec().id == id)
}
