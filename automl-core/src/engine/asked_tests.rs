//! What a request may ask for beside the target: weights, constraints.

use super::protocol::{StudyRequest, TrialState};
use super::tests::{csv, request, run, table};
use super::{Executor, ModelArtifact, Outcome, Study, prepare, prepare_within};
use crate::diagnostic::Diagnostic;
use crate::learner::ParamValue;
use crate::model::Task;
use crate::numeric::Rng;
use crate::platform::Cancel;
use crate::search::Direction;
use std::sync::Arc;

fn study(text: &str, request: &StudyRequest) -> Result<Outcome, Diagnostic> {
    let (rows, next) = table(text);
    let prepared = prepare(&rows, next, request).map_err(|mut d| d.remove(0))?;
    run(&Arc::new(prepared), request, 2)
}

fn refused(text: &str, request: &StudyRequest) -> Diagnostic {
    study(text, request).expect_err("is refused")
}

/// Rows of two kinds with opposite answers: those of the second have weight `other`.
fn two_kinds(other: &str) -> String {
    let mut rng = Rng::new(5);
    let mut out = "x,noise,w,answer\n".to_owned();
    for i in 0..400 {
        let (x, noise) = (rng.normal(), rng.normal());
        let second = i % 2 == 1;
        let yes = (x + 0.3 * rng.normal() > 0.0) != second;
        let weight = if second { other } else { "2.5" };
        out.push_str(&format!("{x:.3},{noise:.3},{weight},{}\n", if yes { "yes" } else { "no" }));
    }
    out
}

fn weighted(max_trials: u32) -> StudyRequest {
    StudyRequest { weights: Some("w".to_owned()), ..request(max_trials) }
}

fn score(artifact: &ModelArtifact, text: &str, id: &str) -> f64 {
    let (scores, _) = artifact.score(&table(text).0, None).expect("the target is there");
    scores.iter().find(|s| s.id == id).and_then(|s| s.score).expect("defined")
}

#[test]
fn rows_count_by_their_weights_in_training_and_in_scores() {
    let text = two_kinds("0.1");
    let learners = ["logistic", "gbt", "extra_trees"].map(str::to_owned).to_vec();
    let outcome = study(&text, &StudyRequest { learners, ..weighted(5) }).expect("a model");
    let artifact = &outcome.artifact;
    assert!(artifact.header().inputs.iter().all(|f| f.column != "w"), "a weight is no feature");
    assert!(outcome.verdict.holdout.score.is_some_and(|s| s > 0.85), "{:?}", outcome.verdict.holdout);
    assert!(outcome.verdict.explanation.contains("as much as its \"w\""), "{}", outcome.verdict.explanation);
    // Rows of the first kind decide; taken alike, half of the rows are wrong.
    assert!(score(artifact, &text, "accuracy") > 0.85);
    let without = text.lines().map(|l| {
        let cells: Vec<&str> = l.split(',').collect();
        format!("{},{},{}\n", cells[0], cells[1], cells[3])
    });
    let without: String = without.collect();
    assert!((0.4..0.65).contains(&score(artifact, &without, "accuracy")));
    let (_, warnings) = artifact.score(&table(&without).0, None).expect("the target is there");
    assert!(warnings.iter().any(|d| d.code == "score.no_weights"), "{warnings:?}");
    // Who takes no weights says so.
    for row in outcome.board.rows.iter().filter(|r| r.trial.is_some()) {
        assert_eq!(row.note.contains("all rows alike"), row.learner == "extra_trees", "{row:?}");
    }
    let again = ModelArtifact::from_bytes(&artifact.to_bytes()).expect("its own file");
    assert_eq!(again.header().request.weights.as_deref(), Some("w"));
}

#[test]
fn rows_of_weight_nothing_are_not_there() {
    let text = two_kinds("0");
    let outcome = study(&text, &weighted(3)).expect("a model");
    assert_eq!(outcome.artifact.header().rows, 200);
    assert!(outcome.verdict.diagnostics.iter().any(|d| d.message.ends_with("left out: 200.")));
    // Twice the weight for every row is the same question.
    let doubled = study(&text.replace(",2.5,", ",5,"), &weighted(3)).expect("a model");
    assert_eq!(outcome.verdict.holdout, doubled.verdict.holdout);
}

#[test]
fn what_is_no_weight_is_refused_with_its_row() {
    for bad in ["-1", "", "many", "inf"] {
        let mut lines: Vec<String> = two_kinds("1").lines().map(str::to_owned).collect();
        let cells: Vec<&str> = lines[7].split(',').collect();
        lines[7] = format!("{},{},{bad},{}", cells[0], cells[1], cells[3]);
        let found = refused(&lines.join("\n"), &weighted(2));
        assert_eq!((found.code.as_str(), found.row), ("weights.not_a_weight", Some(7)), "{bad}: {found}");
    }
    let text = two_kinds("1");
    let asked = |name: &str| StudyRequest { weights: Some(name.to_owned()), ..request(2) };
    assert_eq!(refused(&text, &asked("answer")).code, "weights.target");
    assert_eq!(refused(&text, &asked("wt")).code, "target.no_such_column");
    assert_eq!(refused(&two_kinds("0").replace(",2.5,", ",0,"), &weighted(2)).code, "weights.none");
}

/// A number that rises with `age`, though noise hides it, and depends on the product of the others.
fn rising() -> String {
    let mut rng = Rng::new(9);
    let mut out = "age,\"a, b\",b,town,answer\n".to_owned();
    for i in 0..300 {
        let (age, a, b) = (rng.normal(), rng.normal(), rng.normal());
        let answer = 0.3 * age + a * b + 0.8 * rng.normal();
        out.push_str(&format!("{age:.3},{a:.3},{b:.3},t{},{answer:.4}\n", i % 3));
    }
    out
}

#[test]
fn directions_are_kept_by_all_that_is_searched() {
    let text = rising();
    let monotone = [("age".to_owned(), Direction::Up), ("a, b".to_owned(), Direction::Down)].into();
    let asked = StudyRequest { learners: Vec::new(), monotone, ..request(9) };
    let outcome = study(&text, &asked).expect("a model");
    let board = &outcome.board;
    let tried = |r: &&super::protocol::BoardRow| r.trial.is_some();
    assert!(board.rows.iter().filter(tried).all(|r| ["gbt", "baseline"].contains(&r.learner.as_str())));
    assert!(board.rows.iter().any(|r| r.learner == "gbt" && r.state == TrialState::Done));
    assert!(board.left_out.iter().any(|l| l.learner == "ridge" && l.reason.contains("constraints")));
    let boosted = board.rows.iter().find(|r| r.learner == "gbt").expect("was tried");
    let told = ParamValue::Text("\"a, b\":-1, age:+1".to_owned());
    assert_eq!(boosted.params.0.get("monotone"), Some(&told));
    // The whole model, folds and blend and all, only rises with age.
    let grid: Vec<String> = (-30..=30).map(|i| format!("{:.1},0.2,0.3,t1", f64::from(i) / 10.0)).collect();
    let (rows, _) = table(&format!("age,\"a, b\",b,town\n{}\n", grid.join("\n")));
    let (predicted, _) = outcome.artifact.predict(&rows).expect("all columns");
    assert!(predicted.values.windows(2).all(|w| w[0] <= w[1]), "{:?}", predicted.values);
    assert!(predicted.values[0] < predicted.values[60]);
    let again = ModelArtifact::from_bytes(&outcome.artifact.to_bytes()).expect("its own file");
    assert_eq!(again.header().request, outcome.artifact.header().request);
}

#[test]
fn columns_that_may_not_meet_do_not() {
    let asked = StudyRequest {
        learners: Vec::new(),
        interactions: vec![vec!["a, b".to_owned(), "town".to_owned()]],
        ..request(4)
    };
    let outcome = study(&rising(), &asked).expect("a model");
    // What `a, b` adds is the same wherever the others stand.
    let (rows, _) = table("age,\"a, b\",b,town\n0.1,-1,-1,t1\n0.1,1,-1,t1\n0.1,-1,1,t1\n0.1,1,1,t1\n");
    let (p, _) = outcome.artifact.predict(&rows).expect("all columns");
    let (first, second) = (p.values[1] - p.values[0], p.values[3] - p.values[2]);
    assert!((first - second).abs() < 1e-9, "{first} {second}");
}

#[test]
fn constraints_that_cannot_be_are_refused() {
    let text = rising();
    let up = |name: &str| [(name.to_owned(), Direction::Up)].into();
    let of = |monotone| StudyRequest { monotone, ..request(2) };
    let told = refused(&text, &of(up("agee")));
    assert_eq!(told.code, "target.no_such_column");
    assert!(
        told.message.starts_with("A constraint names \"agee\"") && told.remedy.contains("\"age\""),
        "{told}"
    );
    assert_eq!(refused(&text, &of(up("town"))).code, "constraint.no_direction");
    assert_eq!(refused(&text, &of(up("answer"))).code, "constraint.no_feature");
    let ignored = StudyRequest { ignore: vec!["age".to_owned()], ..of(up("age")) };
    assert_eq!(refused(&text, &ignored).code, "constraint.no_feature");
    let other = StudyRequest { learners: vec!["ridge".to_owned()], ..of(up("age")) };
    let told = refused(&text, &other);
    assert!(told.code == "constraint.no_learner" && told.remedy.contains("gbt"), "{}", told.remedy);
    let empty = StudyRequest { interactions: vec![Vec::new()], ..request(2) };
    assert_eq!(refused(&text, &empty).code, "constraint.groups");
    let classes = csv(Task::Multiclass);
    assert_eq!(refused(&classes, &of(up("amount"))).code, "constraint.several_classes");
}

#[test]
fn what_memory_does_not_hold_is_sampled_and_said() {
    let mut rng = Rng::new(3);
    let mut text = "x,z,answer\n".to_owned();
    for i in 0..3_000 {
        let x = rng.normal();
        let yes = i % 10 == 0;
        text.push_str(&format!(
            "{:.3},{:.3},{}\n",
            x + f64::from(u8::from(yes)),
            rng.normal(),
            if yes { "yes" } else { "no" }
        ));
    }
    let learners = vec!["logistic".to_owned()];
    let asked = StudyRequest { max_memory_mb: Some(1), learners: learners.clone(), ..request(2) };
    let outcome = study(&text, &asked).expect("a model");
    let header = outcome.artifact.header();
    assert_eq!(header.rows, 1_000);
    let told = outcome.verdict.diagnostics.iter().find(|d| d.code == "data.sampled").expect("is said");
    assert!(told.message.starts_with("Learned from 1,000 of 3,000 rows"), "{told}");
    // What the machine has decides only where nothing is asked for, and is then as good as asked for.
    let (rows, next) = table(&text);
    let plain = StudyRequest { max_memory_mb: None, ..asked.clone() };
    let by_machine = prepare_within(&rows, next, &plain, Some(1_900_000)).expect("can be learned from");
    let by_machine = run(&Arc::new(by_machine), &plain, 1).expect("a model");
    assert!(by_machine.artifact.to_bytes() == outcome.artifact.to_bytes());
    assert_eq!(header.request.max_memory_mb, Some(1));
    let enough = study(&text, &StudyRequest { max_memory_mb: Some(4_000), learners, ..request(2) });
    assert_eq!(enough.expect("a model").artifact.header().rows, 3_000);
}

/// A study whose predictions take as long as `us` says of a learner, on one pipeline.
fn timed(limit: f64, us: fn(&str) -> f64) -> Outcome {
    let asked = StudyRequest {
        max_trials: Some(20),
        budget_secs: Some(100.0),
        max_predict_us_per_row: Some(limit),
        ..request(20)
    };
    let (rows, next) = table(&csv(Task::Binary));
    let prepared = Arc::new(prepare(&rows, next, &asked).expect("can be learned from"));
    let mut study = Study::new(prepared.clone(), asked, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1);
    for now in 0..10_000 {
        let now = f64::from(now) * 1e-3;
        if let Some(job) = study.next_job(now) {
            let mut result = executor.run(&job, &Cancel::new());
            result.predict_secs = 1e-6 * us(&job.learner) * result.predicted_rows as f64;
            result.fit_secs = 0.01;
            study.job_done(result, now);
        }
        study.tick(now);
        if let Some(outcome) = study.outcome() {
            return outcome.expect("a model");
        }
    }
    panic!("the study does not end");
}

#[test]
fn a_model_predicts_within_the_time_asked_for() {
    // Ten folds: 10 µs a model of logistic regression, 50 of boosting, 400 of a forest.
    let us = |learner: &str| match learner {
        "logistic" => 1.0,
        "gbt" => 5.0,
        "baseline" => 0.1,
        _ => 40.0,
    };
    let spent = |o: &Outcome| {
        let members = o.board.rows.iter().filter(|r| r.trial.is_some() && r.weight > 0.0);
        members.map(|r| r.predict_us_per_row).sum::<f64>()
    };
    let wide = timed(1e6, us);
    assert!(wide.board.remarks().is_empty(), "{:?}", wide.board.remarks());
    let limit = 0.9 * spent(&wide);
    let tight = timed(limit, us);
    assert!(spent(&tight) > 0.0 && spent(&tight) <= limit, "{} of {limit}", spent(&tight));
    let forest = tight.board.rows.iter().find(|r| r.learner == "extra_trees").expect("was tried");
    assert!(forest.note.contains("slower to predict") && forest.weight == 0.0, "{forest:?}");
    assert!(tight.verdict.diagnostics.iter().all(|d| d.code != "predict_limit.not_met"));
    // Nothing is quick enough: the quickest, and it is said.
    let none = timed(3.0, us);
    let chosen = none.board.rows.iter().find(|r| r.weight > 0.0).expect("a model");
    assert_eq!(chosen.learner, "logistic");
    assert!(none.verdict.diagnostics.iter().any(|d| d.code == "predict_limit.not_met"));
}

#[test]
fn a_limit_on_time_needs_a_budget_and_no_promise_of_the_same_bytes() {
    let text = csv(Task::Binary);
    let limited = StudyRequest { max_predict_us_per_row: Some(5.0), ..request(2) };
    assert_eq!(refused(&text, &limited).code, "predict_limit.not_reproducible");
    let promised = StudyRequest { budget_secs: Some(5.0), reproducible: true, ..limited.clone() };
    assert_eq!(refused(&text, &promised).code, "predict_limit.not_reproducible");
    let none = StudyRequest { budget_secs: Some(5.0), max_predict_us_per_row: Some(0.0), ..limited };
    assert_eq!(refused(&text, &none).code, "predict_limit.none");
}

#[test]
fn absolute_errors_are_learned_where_they_are_the_metric() {
    let asked =
        StudyRequest { metric: Some("mae".to_owned()), learners: vec!["gbt".to_owned()], ..request(4) };
    let outcome = study(&csv(Task::Regression), &asked).expect("a model");
    let has = |loss: &str| {
        let value = ParamValue::Text(loss.to_owned());
        outcome.board.rows.iter().any(|r| r.params.0.get("loss") == Some(&value))
    };
    assert!(has("absolute") && has("auto"));
}
