//! Fixed settings of a request: what is fitted in place of a search.

use super::protocol::StudyRequest;
use crate::diagnostic::Diagnostic;
use crate::learner::{self, LearnerSpec, ParamKind, ParamSpec, ParamValue, Reproducible};
use crate::model::Task;
use crate::search::{Constraints, Setting};

/// Whether every setting of a request can be fitted.
///
/// # Errors
/// Learners that there are not or that do not suit; parameters that the learner has not, and values that they may not
/// have.
pub(super) fn checked(
    request: &StudyRequest,
    task: Task,
    constraints: &Constraints,
) -> Result<(), Vec<Diagnostic>> {
    let of = |setting| faults(setting, task, constraints, request.reproducible);
    let found: Vec<Diagnostic> = request.settings.iter().flat_map(of).collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn faults(setting: &Setting, task: Task, constraints: &Constraints, reproducible: bool) -> Vec<Diagnostic> {
    let Some(spec) = setting.spec() else {
        let ids: Vec<&str> = learner::all().iter().map(|l| l.spec().id).collect();
        return vec![Diagnostic::error(
            "learner.unknown",
            format!("There is no learner \"{}\".", setting.learner),
            format!("Choose from {}.", ids.join(", ")),
        )];
    };
    let mut found = Vec::new();
    if !spec.tasks.contains(&task) {
        found.push(Diagnostic::error(
            "setting.task",
            format!("\"{}\" does not suit a {} task.", spec.title, task.name()),
            "Choose another learner.",
        ));
    }
    if reproducible && spec.reproducible != Reproducible::Everywhere {
        found.push(Diagnostic::error(
            "setting.not_reproducible",
            format!("\"{}\" does not give the same bytes on every machine.", spec.title),
            "Choose another learner, or do not ask for a reproducible model.",
        ));
    }
    if !constraints.are_kept_by(spec) {
        found.push(Diagnostic::error(
            "setting.constraints",
            format!("\"{}\" cannot keep to the constraints.", spec.title),
            "Choose another learner, or leave out the constraints.",
        ));
    }
    found.extend(setting.params.0.iter().filter_map(|(name, value)| fault(spec, name, value)));
    found
}

/// What is wrong with a parameter.
fn fault(spec: &LearnerSpec, name: &str, value: &ParamValue) -> Option<Diagnostic> {
    let Some(param) = spec.params.iter().find(|p| p.name == name) else {
        let names: Vec<&str> = spec.params.iter().map(|p| p.name).collect();
        let remedy = if names.is_empty() {
            "Leave it out.".to_owned()
        } else {
            format!("Choose from {}.", names.join(", "))
        };
        let message = format!("\"{}\" has no parameter \"{name}\".", spec.title);
        return Some(Diagnostic::error("setting.unknown_param", message, remedy));
    };
    let admitted = param.admit(Some(value));
    // A whole number is a number too.
    let is_number =
        matches!((&admitted, value), (ParamValue::Float(a), ParamValue::Int(v)) if *a == *v as f64);
    if admitted == *value || is_number {
        return None;
    }
    let shown = serde_json::to_string(value).unwrap_or_default();
    Some(Diagnostic::error(
        "setting.param",
        format!("The parameter \"{name}\" of \"{}\" cannot be {shown}.", spec.title),
        remedy(param),
    ))
}

fn remedy(param: &ParamSpec) -> String {
    match param.kind {
        ParamKind::Int { min, max, .. } => format!("Choose a whole number from {min} to {max}."),
        ParamKind::Float { min, max, .. } => format!("Choose a number from {min} to {max}."),
        ParamKind::Bool { .. } => "Choose true or false.".to_owned(),
        ParamKind::Choice { options, .. } => format!("Choose one of {}.", options.join(", ")),
        ParamKind::Text => "Write a text.".to_owned(),
    }
}
