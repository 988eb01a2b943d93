//! What judges, explains and uses models.

use super::question;
use crate::kind::{FieldKind, FieldSpec, Group, KindSpec, PortSpec, PortType, Rows};

fn model() -> PortSpec {
    PortSpec::new("model", "Model", PortType::Model)
}

fn report() -> PortSpec {
    PortSpec::new("report", "Report", PortType::Report)
}

fn optional_share(name: &str, title: &str, help: &str) -> FieldSpec {
    let kind =
        FieldKind::Number { default: None, min: 0.0, max: 1.0, soft: (0.05, 0.95), unit: String::new() };
    FieldSpec::new(name, title, help, kind)
}

fn threshold() -> FieldSpec {
    let help =
        "Two classes: the probability of the second above which a row is called so; empty: the model's own.";
    optional_share("threshold", "Threshold", help).advanced()
}

/// From a model and a table.
fn of_model(id: &str, title: &str, help: &str) -> KindSpec {
    let mut spec = KindSpec::new(id, title, Group::Judge, Rows::Together, help);
    spec.inputs = vec![model(), PortSpec::table()];
    spec.more =
        "The model does its own steps: connect a table as it was before them. Where the table has passed \
                 those very nodes, the one before them is taken."
            .to_owned();
    spec
}

/// `model.evaluate`
pub(super) fn evaluate() -> KindSpec {
    let mut spec =
        of_model("model.evaluate", "Evaluate", "Measures a model on rows whose answers are known.");
    spec.words = "test score metric confusion roc precision recall residual accuracy auc".to_owned();
    spec.outputs = vec![PortSpec::new("scores", "Scores", PortType::Scores), report()];
    spec.fields = vec![threshold()];
    spec
}

/// `model.compare`
pub(super) fn compare() -> KindSpec {
    let help = "Puts the scores of several models side by side.";
    let mut spec = KindSpec::new("model.compare", "Compare", Group::Judge, Rows::Together, help);
    spec.more = "Scores can only be compared where they are of the same rows: it is said where they are not."
        .to_owned();
    spec.words = "leaderboard versus benchmark".to_owned();
    spec.inputs = vec![PortSpec::new("scores", "Scores", PortType::Scores).many()];
    spec.outputs = vec![report(), PortSpec::table()];
    spec.fields = vec![FieldSpec::order()];
    spec
}

/// `model.importance`
pub(super) fn importance() -> KindSpec {
    let help = "Shows how much worse a model gets when a column's values are shuffled.";
    let mut spec = of_model("model.importance", "Importance", help);
    spec.words = "permutation feature explain which columns matter".to_owned();
    spec.outputs = vec![PortSpec::table(), report()];
    spec.fields = vec![
        FieldSpec::integer("repeats", "Repeats", "How often each column is shuffled.", 5, (1, 100), (1, 20)),
        FieldSpec::integer(
            "rows",
            "Most rows",
            "A larger table is sampled.",
            2_000,
            (10, 1_000_000),
            (500, 20_000),
        )
        .advanced(),
        question::seed(),
    ];
    spec
}

/// `model.dependence`
pub(super) fn dependence() -> KindSpec {
    let help = "Shows how predictions change with one column, all others as they are.";
    let mut spec = of_model("model.dependence", "Dependence", help);
    spec.words = "partial dependence pdp effect explain what if".to_owned();
    spec.outputs = vec![PortSpec::table(), report()];
    spec.fields = vec![
        FieldSpec::column("column", "Column", "The column that is varied.", &[]).required(),
        FieldSpec::integer("points", "Points", "At how many values.", 20, (2, 200), (5, 50)),
        FieldSpec::integer(
            "rows",
            "Most rows",
            "A larger table is sampled.",
            500,
            (10, 100_000),
            (100, 2_000),
        )
        .advanced(),
        question::seed(),
    ];
    spec
}

/// `model.predict`
pub(super) fn predict() -> KindSpec {
    let mut spec = of_model("model.predict", "Predict", "Adds a model's predictions to a table.");
    spec.words = "score apply infer forecast answer".to_owned();
    spec.outputs = vec![PortSpec::table()];
    spec.fields = vec![
        FieldSpec::flag("probabilities", "Probabilities", "Classes: add a column for each class.", true),
        optional_share(
            "interval",
            "Intervals",
            "Add what holds the true value for this share of rows, for example 0.9; empty: none.",
        ),
        threshold(),
    ];
    spec
}
