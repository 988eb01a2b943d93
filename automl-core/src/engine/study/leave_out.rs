//! Learners that a study passes over for what was asked of it, and why.

use crate::engine::prepare::{Prepared, suits};
use crate::engine::protocol::{LeftOut, StudyRequest};
use crate::learner::{self, LearnerSpec};

/// The learners that a search may use, as a request names them (none: all that suit), and those that it leaves out; of
/// settings only the latter.
pub(super) fn searched(prepared: &Prepared, request: &StudyRequest) -> (Vec<String>, Vec<LeftOut>) {
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    if !request.settings.is_empty() {
        return (kept, prepared.memory.too_large.clone());
    }
    for spec in learner::all().iter().map(|l| l.spec()).filter(|s| suits(s, prepared.task(), request)) {
        match why_not(prepared, spec) {
            None => kept.push(spec.id.to_owned()),
            Some(reason) => {
                left_out.push(LeftOut { learner: spec.id.to_owned(), title: spec.title.to_owned(), reason });
            }
        }
    }
    // A learner that is named may be used where it is not otherwise, so names are given only where they are needed.
    if left_out.is_empty() { (request.learners.clone(), left_out) } else { (kept, left_out) }
}

fn why_not(prepared: &Prepared, spec: &LearnerSpec) -> Option<String> {
    if !prepared.constraints.are_kept_by(spec) {
        return Some("cannot keep to the constraints".to_owned());
    }
    prepared.memory.too_large.iter().find(|l| l.learner == spec.id).map(|l| l.reason.clone())
}
