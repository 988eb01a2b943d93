//! What is to be predicted, and how it is judged.

use crate::kind::{FieldSpec, FieldKind, ChoiceOption, Group, KindSpec, PortSpec, PortType, Rows};
use crate::metric;

/// Choices that leave it to the engine.
pub(in crate::engine::flow) const TASK_AUTO: &str = "auto";
pub(in crate::engine::flow) const METRIC_AUTO: &str = "auto";

/// The fields that say what is to be predicted.
pub(super) fn fields() -> Vec<FieldSpec> {
    let tasks = [
        (TASK_AUTO, "As its values suggest"),
        ("binary", "One of two classes"),
        ("multiclass", "One of several classes"),
        ("regression", "A number"),
    ];
    let title = |m: &metric::MetricSpec| ChoiceOption { id: m.id.to_owned(), title: m.title.to_owned() };
    let usual = ChoiceOption { id: METRIC_AUTO.to_owned(), title: "The usual one".to_owned() };
    let options = std::iter::once(usual).chain(metric::all().iter().map(title)).collect();
    vec![
        FieldSpec::column("target", "Target", "The column that is to be predicted.", &[]).required(),
        FieldSpec::choice("task", "Question", "What kind of answer is predicted.", &tasks),
        FieldSpec::new(
            "metric",
            "Metric",
            "What models are compared by.",
            FieldKind::Choice { default: METRIC_AUTO.to_owned(), options },
        ),
        FieldSpec::columns("ignore", "Leave out", "Columns that must not be learned from.", &[]),
    ]
}

/// The column that weighs rows.
pub(super) fn weights() -> FieldSpec {
    let help = "A column that says how much each row counts, from 0 on; it is not learned from.";
    FieldSpec::column("weights", "Weights", help, &[]).advanced()
}

pub(super) fn seed() -> FieldSpec {
    let help = "The same seed gives the same model.";
    FieldSpec::integer("seed", "Seed", help, 0, (0, i64::MAX), (0, 100)).advanced()
}

/// The optional input for what [`spec`] gives.
pub(super) fn port() -> PortSpec {
    PortSpec::new("target", "Target", PortType::Target).optional()
}

/// `target.question`
pub(super) fn spec() -> KindSpec {
    let help = "Says once what is to be predicted, for several learners.";
    let mut spec = KindSpec::new("target.question", "Target", Group::Model, Rows::Together, help);
    spec.more = "Connect it to each learner: they then predict the same column and are judged alike.".to_owned();
    spec.words = "label class outcome question metric predict y".to_owned();
    spec.outputs = vec![PortSpec::new("target", "Target", PortType::Target)];
    spec.fields = fields();
    spec.fields.push(weights());
    spec
}
