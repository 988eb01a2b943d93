//! The kinds that know of models: declarations alone.

mod export;
mod judge;
mod learners;
mod question;
mod search;

use crate::kind::KindSpec;
use crate::learner::LearnerSpec;

pub(super) use question::{METRIC_AUTO, TASK_AUTO};

/// What a kind of the engine does.
#[derive(Debug, Clone, Copy)]
pub(super) enum EngineKind {
    /// `target.question`
    Question,
    /// `learner.ID`
    Learner(&'static LearnerSpec),
    /// `automl.search`
    Search,
    /// `model.ensemble`
    Ensemble,
    Evaluate,
    Compare,
    Importance,
    Dependence,
    Predict,
    /// Lets its one input through under a file name.
    Export,
}

impl EngineKind {
    /// Whether a study is run for it.
    pub fn trains(self) -> bool {
        matches!(self, Self::Learner(_) | Self::Search | Self::Ensemble)
    }
}

/// All of them, in the palette's order.
pub(super) fn all() -> Vec<(KindSpec, EngineKind)> {
    let mut out = vec![(question::spec(), EngineKind::Question), (search::search(), EngineKind::Search)];
    out.extend(learners::all().map(|(spec, learner)| (spec, EngineKind::Learner(learner))));
    out.push((search::ensemble(), EngineKind::Ensemble));
    out.extend([
        (judge::evaluate(), EngineKind::Evaluate),
        (judge::compare(), EngineKind::Compare),
        (judge::importance(), EngineKind::Importance),
        (judge::dependence(), EngineKind::Dependence),
        (judge::predict(), EngineKind::Predict),
    ]);
    out.extend(export::all().into_iter().map(|spec| (spec, EngineKind::Export)));
    out
}

/// A small table of students that learners and searches show what they do on.
const STUDENTS: &str = "hours,slept,course,passed\n\
    1,6,maths,no\n2,8,maths,no\n3,5,physics,no\n4,7,physics,no\n5,6,maths,no\n6,8,maths,yes\n\
    7,7,physics,yes\n8,6,physics,yes\n9,8,maths,yes\n10,7,maths,yes\n2,7,physics,no\n4,8,maths,no\n\
    6,5,physics,no\n8,7,maths,yes\n10,6,physics,yes\n1,8,physics,no\n3,6,maths,no\n5,7,physics,yes\n\
    7,8,maths,yes\n9,5,physics,yes\n2,5,maths,no\n6,7,maths,yes\n8,8,physics,yes\n4,6,physics,no\n";
