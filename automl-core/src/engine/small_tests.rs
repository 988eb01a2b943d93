//! Tables of few rows.

use super::protocol::StudyRequest;
use super::tests::{request, run, table};
use super::{Outcome, prepare};
use crate::diagnostic::Diagnostic;
use crate::numeric::Rng;
use crate::search::Setting;
use std::sync::Arc;

/// `yes` in one row of `one_in`.
fn small(rows: usize, one_in: usize) -> String {
    let mut rng = Rng::new(8);
    let mut text = "x,y,answer\n".to_owned();
    for i in 0..rows {
        let yes = i % one_in == 0;
        let x = 3.0 * f64::from(yes) + rng.normal();
        text.push_str(&format!("{x:.3},{:.3},{}\n", rng.normal(), if yes { "yes" } else { "no" }));
    }
    text
}

fn study(text: &str, request: &StudyRequest) -> Result<Outcome, Diagnostic> {
    let (rows, next) = table(text);
    let prepared = prepare(&rows, next, request).map_err(|mut found| found.remove(0))?;
    run(&Arc::new(prepared), request, 1)
}

fn only(learner: &str) -> StudyRequest {
    let settings: Vec<Setting> =
        serde_json::from_value(serde_json::json!([{"learner": learner}])).expect("a setting");
    StudyRequest { settings, ..request(2) }
}

#[test]
fn two_classes_of_a_few_rows_train() {
    for (rows, one_in) in [(10, 2), (24, 2), (24, 4), (40, 10)] {
        for asked in [request(2), only("logistic"), only("gbt")] {
            let outcome =
                study(&small(rows, one_in), &asked).unwrap_or_else(|d| panic!("{rows} {one_in}: {d:?}"));
            assert!(outcome.board.best_score.is_some(), "{rows} {one_in}");
        }
    }
    let outcome = study(&small(24, 2), &only("logistic")).expect("a model");
    assert!(outcome.board.best_score > Some(0.8), "{:?}", outcome.board.best_score);
}

#[test]
fn a_class_too_rare_for_the_metric_is_told() {
    let text = small(40, 40);
    let found = study(&text, &only("logistic")).expect_err("one row of a class");
    assert_eq!(found.code, "study.nothing_trained");
    assert!(found.message.contains("1 row of \"yes\"") && found.remedy.contains("log loss"), "{found:?}");
    let by_rows = StudyRequest { metric: Some("log_loss".to_owned()), ..only("logistic") };
    assert!(study(&text, &by_rows).is_ok());
}
