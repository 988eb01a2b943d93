//! One kind for each learner, from its own declaration.

use super::{STUDENTS, question};
use crate::kind::{Example, FieldKind, FieldSpec, Group, KindSpec, PortSpec, PortType, Rows};
use crate::learner::{self, LearnerSpec, ParamKind, ParamSpec};
use serde_json::json;

/// Declarations with the learners that they are of; guessing, which every study tries anyway, is the last.
pub(super) fn all() -> impl Iterator<Item = (KindSpec, &'static LearnerSpec)> {
    let specs = learner::all().iter().map(|l| l.spec());
    let guesses = |s: &&LearnerSpec| s.id == "baseline";
    let last = specs.clone().filter(guesses);
    specs.filter(move |s| !guesses(s)).chain(last).map(|s| (spec(s), s))
}

fn spec(learner: &LearnerSpec) -> KindSpec {
    let id = format!("learner.{}", learner.id);
    let mut spec = KindSpec::new(&id, learner.title, Group::Model, Rows::Together, learner.help);
    spec.more = "It is trained once for each fold of a cross-validation, and its score is of rows that it did not \
                 see. Steps that learn, directly before it, are fitted inside each fold and become part of the model."
        .to_owned();
    spec.words = "train fit model learner algorithm".to_owned();
    spec.inputs.push(question::port());
    spec.outputs = vec![
        PortSpec::new("model", "Model", PortType::Model),
        PortSpec::new("scores", "Scores", PortType::Scores),
    ];
    spec.fields = question::fields();
    spec.fields.extend(learner.params.iter().map(field));
    spec.fields.push(question::seed());
    let task = learner.tasks.first().map_or("", |t| t.name());
    let target = if task == "regression" { "hours" } else { "passed" };
    spec.example = Some(Example::new(
        &[("table", STUDENTS)],
        json!({"target": target}),
        "A model that predicts the column, and how good it is on students that it did not see.",
    ));
    spec
}

/// `max_leaves` as people read it: `Max leaves`.
fn title(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn field(param: &ParamSpec) -> FieldSpec {
    let kind = match param.kind {
        ParamKind::Int { default, min, max, low, high, .. } => FieldKind::Integer {
            default: Some(default),
            min,
            max,
            soft: (low, high),
            unit: String::new(),
        },
        ParamKind::Float { default, min, max, low, high, .. } => {
            FieldKind::Number { default: Some(default), min, max, soft: (low, high), unit: String::new() }
        }
        ParamKind::Bool { default } => FieldKind::Flag { default },
        ParamKind::Choice { options, default } => {
            let titled: Vec<(&str, String)> = options.iter().map(|o| (*o, title(o))).collect();
            let options: Vec<(&str, &str)> = titled.iter().map(|(id, t)| (*id, t.as_str())).collect();
            let mut field = FieldSpec::choice(param.name, "", "", &options).kind;
            if let FieldKind::Choice { default: given, .. } = &mut field {
                default.clone_into(given);
            }
            field
        }
        ParamKind::Text => FieldSpec::text(param.name, "", "", "").kind,
    };
    let field = FieldSpec::new(param.name, &title(param.name), param.help, kind);
    if param.searched { field } else { field.advanced() }
}
