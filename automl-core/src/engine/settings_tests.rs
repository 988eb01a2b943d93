//! Studies of fixed settings.

use super::protocol::{BoardRow, StudyRequest, TrialState};
use super::tests::{csv, request, run, table};
use super::{Outcome, prepare};
use crate::diagnostic::Diagnostic;
use crate::model::Task;
use crate::search::Setting;
use serde_json::{Value, json};
use std::sync::Arc;

fn settings(all: Value) -> StudyRequest {
    let settings: Vec<Setting> = serde_json::from_value(all).expect("settings");
    StudyRequest { settings, max_trials: None, learners: Vec::new(), ..request(0) }
}

fn study(task: Task, request: &StudyRequest, workers: usize) -> Result<Outcome, Diagnostic> {
    let (rows, next) = table(&csv(task));
    let prepared = prepare(&rows, next, request).map_err(|mut found| found.remove(0))?;
    run(&Arc::new(prepared), request, workers)
}

#[test]
fn what_is_set_is_fitted_and_nothing_else() {
    let request = settings(json!([
        {"learner": "logistic"},
        {"learner": "gbt", "params": {"max_leaves": 4}},
        {"learner": "gbt", "params": {"max_leaves": 8, "learning_rate": 1}},
        {"learner": "svm"},
    ]));
    let one = study(Task::Binary, &request, 1).expect("a model");
    let mut rows: Vec<&BoardRow> = one.board.rows.iter().filter(|r| r.trial.is_some()).collect();
    rows.sort_by_key(|r| r.trial);
    let fitted: Vec<&str> = rows.iter().map(|r| r.learner.as_str()).collect();
    assert_eq!(fitted, ["baseline", "logistic", "gbt", "gbt", "svm"]);
    assert!(rows.iter().all(|r| r.state == TrialState::Done && r.folds_done == r.folds), "{rows:#?}");
    let leaves: Vec<i64> = rows[2..4].iter().map(|r| r.params.int("max_leaves")).collect();
    assert_eq!((leaves, rows[3].params.float("learning_rate")), (vec![4, 8], 1.0));
    assert!(
        one.artifact.to_bytes() == study(Task::Binary, &request, 3).expect("a model").artifact.to_bytes()
    );
}

#[test]
fn one_setting_is_the_model_even_where_guessing_is_better() {
    // A tree that knows every row by heart, on an answer that is mostly noise.
    for learner in ["decision_tree", "baseline"] {
        let request = settings(json!([{"learner": learner}]));
        let outcome = study(Task::Regression, &request, 1).expect("a model");
        let members: Vec<f64> = outcome.board.rows.iter().map(|r| r.weight).filter(|w| *w > 0.0).collect();
        assert_eq!(members, [1.0]);
        let chosen = outcome.board.rows.iter().find(|r| r.weight > 0.0).expect("one");
        assert_eq!((chosen.trial, chosen.learner.as_str()), (Some(1), learner));
        assert!(outcome.board.rows.iter().all(|r| r.trial.is_some()), "no blend");
    }
}

#[test]
fn faults_name_the_parameter() {
    let check = |all: Value, reproducible: bool, code: &str, words: &str| {
        let request = StudyRequest { reproducible, ..settings(all) };
        let found = study(Task::Binary, &request, 1).expect_err("a fault");
        assert!(found.code == code && found.message.contains(words), "{found:?}");
    };
    check(json!([{"learner": "oracle"}]), false, "learner.unknown", "oracle");
    check(json!([{"learner": "ridge"}]), false, "setting.task", "binary");
    check(json!([{"learner": "svm"}]), true, "setting.not_reproducible", "same bytes");
    check(json!([{"learner": "gbt", "params": {"leaves": 3}}]), false, "setting.unknown_param", "leaves");
    check(json!([{"learner": "gbt", "params": {"max_leaves": 1}}]), false, "setting.param", "max_leaves");
    check(json!([{"learner": "gbt", "params": {"growth": "odd"}}]), false, "setting.param", "growth");
}

#[test]
fn trials_and_failures_end_it_early() {
    let both = json!([{"learner": "logistic"}, {"learner": "gbt"}]);
    let request = StudyRequest { max_trials: Some(2), ..settings(both) };
    let outcome = study(Task::Binary, &request, 1).expect("a model");
    assert_eq!(outcome.board.rows.iter().filter(|r| r.trial.is_some()).count(), 2);
    // The logarithm of a target that is not above 0 cannot be learned.
    let request = settings(json!([{"learner": "ridge", "params": {"log_target": true}}]));
    let told = study(Task::Regression, &request, 1).expect_err("nothing was trained");
    assert!(told.code == "study.nothing_trained" && told.message.contains("logarithm"), "{told:?}");
}
