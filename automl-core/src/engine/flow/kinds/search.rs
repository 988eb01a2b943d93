//! A search over learners and their settings, and several learners as one model.

use super::{STUDENTS, question};
use crate::kind::{Example, FieldKind, FieldSpec, Group, KindSpec, PortSpec, PortType, Rows};
use crate::learner;
use serde_json::json;

/// A number that may stay empty.
fn optional_number(name: &str, title: &str, help: &str, range: (f64, f64), soft: (f64, f64)) -> FieldSpec {
    let (min, max) = range;
    FieldSpec::new(
        name,
        title,
        help,
        FieldKind::Number { default: None, min, max, soft, unit: String::new() },
    )
}

/// A whole number that may stay empty.
fn optional_count(name: &str, title: &str, help: &str, most: i64, soft: (i64, i64)) -> FieldSpec {
    let kind = FieldKind::Integer { default: None, min: 1, max: most, soft, unit: String::new() };
    FieldSpec::new(name, title, help, kind)
}

fn limits() -> Vec<FieldSpec> {
    vec![
        optional_number(
            "budget_secs",
            "Time",
            "Time for everything; empty: a minute, or no limit where the trials are limited.",
            (0.1, 2_592_000.0),
            (10.0, 600.0),
        )
        .unit("s"),
        optional_count(
            "max_trials",
            "Trials",
            "Most settings to try, guessing included; empty: as many as the time allows.",
            1_000_000,
            (4, 100),
        ),
    ]
}

fn learners() -> FieldSpec {
    let specs = learner::all().iter().map(|l| l.spec()).filter(|s| s.id != "baseline");
    let options: Vec<(&str, &str)> = specs.map(|s| (s.id, s.title)).collect();
    let one = FieldSpec::choice("learner", "Learner", "One that may be tried.", &options);
    FieldSpec::list("learners", "Learners", "Which may be tried; none: all that suit.", "learner", vec![one])
}

fn constraints() -> Vec<FieldSpec> {
    let ways = [("up", "Only rise"), ("down", "Only fall")];
    let monotone = vec![
        FieldSpec::column("column", "Column", "A column of numbers.", &[]).required(),
        FieldSpec::choice("direction", "Predictions may", "Which way predictions go with it.", &ways),
    ];
    let group =
        vec![FieldSpec::columns("columns", "Columns", "Columns that may act together.", &[]).required()];
    vec![
        FieldSpec::list(
            "monotone",
            "Directions",
            "Numbers with which predictions may only rise, or only fall.",
            "direction",
            monotone,
        )
        .advanced(),
        FieldSpec::list(
            "interactions",
            "Groups that act together",
            "Columns that no group names are one more group.",
            "group",
            group,
        )
        .advanced(),
        optional_number(
            "max_predict_us_per_row",
            "Most time of a prediction",
            "Slower models are not taken; needs a time limit, and no reproducible search.",
            (0.001, 1e9),
            (1.0, 1_000.0),
        )
        .unit("µs a row")
        .advanced(),
        optional_count(
            "max_memory_mb",
            "Most memory",
            "What would take more is not begun; empty: what the machine has.",
            1_000_000_000,
            (100, 8_000),
        )
        .unit("MB")
        .advanced(),
    ]
}

/// `automl.search`
pub(super) fn search() -> KindSpec {
    let help = "Tries learners and settings, and gives the best of them as one model.";
    let mut spec = KindSpec::new("automl.search", "Search", Group::Model, Rows::Together, help);
    spec.more = "Scores come from cross-validation; in the end rows that nothing has looked at judge the result. \
                 Steps that learn, directly before it, are fitted inside each fold and become part of the model."
        .to_owned();
    spec.words = "automl automatic best model tune optimise hyperparameter train fit".to_owned();
    spec.inputs.push(question::port());
    spec.outputs = vec![
        PortSpec::new("model", "Model", PortType::Model),
        PortSpec::new("scores", "Scores", PortType::Scores),
        PortSpec::new("report", "Report", PortType::Report),
    ];
    spec.fields = question::fields();
    spec.fields.extend(limits());
    spec.fields.push(learners());
    spec.fields.push(
        FieldSpec::flag(
            "reproducible",
            "Reproducible",
            "Leave out learners whose last digits depend on the machine.",
            false,
        )
        .advanced(),
    );
    spec.fields.push(
        FieldSpec::flag(
            "populations",
            "Population of networks",
            "Also train 64 settings of neural networks side by side on a graphics card, and try the best three. Which they are \
             follows from the card: another may choose others, and so give another model.",
            false,
        )
        .advanced(),
    );
    spec.fields.extend([question::weights(), question::seed()]);
    spec.fields.extend(constraints());
    spec.example = Some(Example::new(
        &[("table", STUDENTS)],
        json!({"target": "passed", "max_trials": 3, "learners": [{"learner": "logistic"}]}),
        "A model that says who will pass, and a report on it.",
    ));
    spec
}

/// `model.ensemble`
pub(super) fn ensemble() -> KindSpec {
    let help = "Combines learners into one model that is usually better than each of them.";
    let mut spec = KindSpec::new("model.ensemble", "Ensemble", Group::Model, Rows::Together, help);
    spec.more =
        "All learners must have the same table and the same target. They are trained together, on the same \
                 folds; how much each counts is chosen by predictions of rows that it did not see."
            .to_owned();
    spec.words = "blend stack vote average combine models".to_owned();
    spec.inputs = vec![PortSpec::new("models", "Learners", PortType::Model).many()];
    spec.outputs = vec![
        PortSpec::new("model", "Model", PortType::Model),
        PortSpec::new("scores", "Scores", PortType::Scores),
    ];
    spec.fields = vec![question::seed(), FieldSpec::order()];
    spec
}
