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

/// A small made-up table of students that learners and searches show what they do on.
const STUDENTS: &str = "hours,slept,course,passed\n\
    5,6,maths,no\n0,7,history,no\n2,8,physics,no\n5,9,history,yes\n5,7,physics,yes\n6,7,maths,yes\n\
    8,9,history,yes\n5,6,maths,yes\n5,7,maths,no\n5,7,maths,no\n3,5,history,no\n7,9,maths,yes\n\
    3,4,maths,no\n9,6,maths,yes\n8,8,physics,yes\n7,9,history,yes\n7,7,history,yes\n0,9,maths,no\n\
    8,6,maths,yes\n7,6,physics,no\n7,9,physics,yes\n1,4,history,no\n10,5,maths,yes\n1,8,maths,no\n\
    2,7,history,no\n9,9,physics,yes\n4,6,maths,no\n4,4,history,no\n4,9,history,no\n1,9,maths,no\n\
    4,8,history,no\n9,8,history,yes\n2,8,history,no\n3,8,maths,no\n3,7,history,no\n5,6,history,yes\n\
    6,8,physics,yes\n2,5,history,no\n7,8,physics,yes\n8,9,physics,yes\n0,4,history,no\n\
    2,9,maths,no\n1,9,physics,no\n8,8,history,yes\n1,9,maths,no\n5,4,history,no\n9,9,maths,yes\n\
    2,7,physics,no\n10,6,history,yes\n3,4,history,no\n1,5,maths,no\n8,9,maths,yes\n8,9,physics,yes\n\
    10,9,physics,yes\n9,7,physics,yes\n6,8,maths,yes\n3,7,physics,no\n0,8,maths,no\n\
    7,9,physics,yes\n5,5,physics,no\n4,6,physics,no\n0,4,physics,no\n10,5,physics,yes\n\
    7,5,maths,yes\n9,6,maths,yes\n8,6,physics,yes\n5,5,history,no\n7,7,maths,no\n9,9,maths,yes\n\
    5,5,physics,no\n0,9,history,no\n1,8,physics,no\n8,4,maths,no\n2,6,maths,no\n0,5,history,no\n\
    1,8,history,no\n3,9,maths,no\n10,4,maths,yes\n5,7,maths,no\n3,7,maths,no\n8,6,history,yes\n\
    6,4,maths,yes\n8,4,history,yes\n10,8,history,yes\n5,6,physics,no\n9,4,physics,yes\n\
    1,8,physics,no\n0,9,physics,no\n2,5,history,no\n3,4,history,no\n2,6,maths,no\n10,8,maths,yes\n\
    1,9,physics,no\n8,5,history,yes\n3,8,physics,no\n6,9,history,yes\n";
