//! The engine from a table to a model, run by hand: one worker, several, out of order.

use super::protocol::{BoardRow, Phase, StudyRequest, TrialState};
use super::{Executor, JobFailure, JobResult, ModelArtifact, Outcome, Prepared, Study, prepare};
use crate::diagnostic::Diagnostic;
use crate::learner::ParamValue;
use crate::model::Task;
use crate::numeric::{Rng, math};
use crate::platform::Cancel;
use crate::table::{Format, ReadOptions, Table, read};
use std::sync::Arc;

/// 300 rows with a number, a category, holes, and a target that depends on both.
pub(super) fn csv(task: Task) -> String {
    let mut rng = Rng::new(11);
    let mut out = "amount,shop,note,answer\n".to_owned();
    for i in 0..300 {
        let (x, level) = (rng.normal(), rng.below(4));
        let z = 1.5 * x + [0.0, 1.0, -1.0, 2.0][level] + 0.5 * rng.normal();
        let answer = match task {
            Task::Binary => if z > 0.3 { "yes" } else { "no" }.to_owned(),
            Task::Multiclass => {
                ["low", "middle", "high"][usize::from(z > -0.5) + usize::from(z > 1.0)].to_owned()
            }
            Task::Regression => format!("{z:.4}"),
        };
        let amount = if i % 11 == 3 { String::new() } else { format!("{x:.3}") };
        out.push_str(&format!(
            "{amount},{},r{},{answer}\n",
            ["north", "south", "east", "west"][level],
            i % 5
        ));
    }
    out
}

pub(super) fn table(text: &str) -> (Table, ReadOptions) {
    let options = ReadOptions::default();
    let (table, report) = read(text.as_bytes(), Format::Csv, &options);
    let next = report.options_for_next(&table, &options);
    (table, next)
}

pub(super) fn request(max_trials: u32) -> StudyRequest {
    StudyRequest {
        target: "answer".to_owned(),
        max_trials: Some(max_trials),
        seed: 3,
        learners: ["logistic", "ridge", "gbt", "extra_trees"].map(str::to_owned).to_vec(),
        ..StudyRequest::default()
    }
}

fn prepared(task: Task, request: &StudyRequest) -> Arc<Prepared> {
    let (table, next) = table(&csv(task));
    Arc::new(prepare(&table, next, request).expect("a table that can be learned from"))
}

/// Runs a study with `workers` jobs in flight, whose results come back last first.
pub(super) fn run(
    prepared: &Arc<Prepared>,
    request: &StudyRequest,
    workers: usize,
) -> Result<Outcome, Diagnostic> {
    let mut study = Study::new(prepared.clone(), request.clone(), workers as u32, 0.0, 0.0);
    let mut executor = Executor::new(prepared.clone(), 1);
    let mut flying = Vec::new();
    for now in 0..100_000 {
        let now = f64::from(now) * 1e-3;
        while flying.len() < workers {
            let Some(job) = study.next_job(now) else { break };
            flying.push(job);
        }
        if let Some(job) = flying.pop() {
            study.job_done(executor.run(&job, &Cancel::new()), now);
        }
        study.tick(now);
        if study.is_finished() {
            return study.outcome().expect("finished just now");
        }
    }
    panic!("the study does not end");
}

#[test]
fn the_same_model_with_any_number_of_workers() {
    // The last goes beyond the portfolio, to proposals that follow results.
    let quick = StudyRequest { learners: vec!["logistic".to_owned()], ..request(30) };
    for (task, request) in
        [(Task::Binary, request(10)), (Task::Regression, request(10)), (Task::Binary, quick)]
    {
        let prepared = prepared(task, &request);
        let one = run(&prepared, &request, 1).expect("a model").artifact.to_bytes();
        for workers in [3, 8] {
            let more = run(&prepared, &request, workers).expect("a model").artifact.to_bytes();
            assert!(one == more, "{workers} workers, {task:?}");
        }
    }
}

#[test]
fn many_rows_are_glimpsed_first_with_any_number_of_workers() {
    let mut rng = Rng::new(5);
    let mut text = "a,b,answer\n".to_owned();
    for _ in 0..24_000 {
        let (a, b) = (rng.normal(), rng.normal());
        // A curve, which linear models do not see.
        let answer = if a * a + 0.5 * b + 0.3 * rng.normal() > 1.0 { "yes" } else { "no" };
        text.push_str(&format!("{a:.3},{b:.3},{answer}\n"));
    }
    let learners = ["decision_tree", "discriminant", "logistic", "naive_bayes"].map(str::to_owned).to_vec();
    let request = StudyRequest { learners, ..request(16) };
    let (table, next) = table(&text);
    let prepared = Arc::new(prepare(&table, next, &request).expect("a table that can be learned from"));
    let one = run(&prepared, &request, 1).expect("a model");
    let given_up = |row: &&BoardRow| row.state == TrialState::Pruned && row.note.contains("part of the rows");
    assert!(one.board.rows.iter().filter(given_up).count() > 1, "{:#?}", one.board.rows);
    let more = run(&prepared, &request, 8).expect("a model");
    assert!(one.artifact.to_bytes() == more.artifact.to_bytes());
}

#[test]
fn a_model_survives_its_file_and_beats_guessing() {
    for task in [Task::Binary, Task::Multiclass, Task::Regression] {
        let request = request(5);
        let prepared = prepared(task, &request);
        let outcome = run(&prepared, &request, 2).expect("a model");
        assert_eq!(prepared.task(), task);
        let board = &outcome.board;
        assert_eq!(board.phase, Phase::Done);
        assert!(board.rows.iter().any(|r| r.trial == Some(0) && r.learner == "baseline"));
        let holdout = outcome.verdict.holdout;
        let metric = crate::metric::find(&outcome.verdict.metric).expect("a metric of the list");
        let (score, baseline) = (holdout.score.expect("defined"), holdout.baseline.expect("defined"));
        assert!(metric.is_better(score, baseline), "{task:?}: {score} {baseline}");

        let bytes = outcome.artifact.to_bytes();
        let again = ModelArtifact::from_bytes(&bytes).expect("its own file");
        assert!(again.to_bytes() == bytes);
        let (table, _) = table(&csv(task));
        let (a, _) = outcome.artifact.predict(&table).expect("its own table");
        let (b, warnings) = again.predict(&table).expect("its own table");
        assert_eq!(a, b);
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(b.rows, 300);
        let (scores, _) = again.score(&table, None).expect("the target is there");
        assert!(scores.iter().any(|s| s.id == outcome.verdict.metric && s.score.is_some()));
        // The columns that matter are found.
        let names: Vec<&str> = outcome.verdict.importance.iter().map(|i| i.column.as_str()).collect();
        assert_eq!(names.last(), Some(&"note"), "{:?}", outcome.verdict.importance);
    }
}

#[test]
fn rows_predict_as_their_table_does() {
    let request = request(4);
    let outcome = run(&prepared(Task::Binary, &request), &request, 1).expect("a model");
    let artifact = outcome.artifact;
    let (table, _) = table("amount,shop,note\n1.25,south,r1\n,nowhere,r9\n");
    let (whole, warnings) = artifact.predict(&table).expect("all columns");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let row = |amount: &str, shop: &str, note: &str| {
        let values = [("amount", amount), ("shop", shop), ("note", note)];
        let values = values.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        artifact.predict_row(&values).expect("a row")
    };
    let first = row("1.25", "south", "r1");
    let probabilities: Vec<f64> = first.probabilities.iter().map(|p| p.1).collect();
    assert_eq!(probabilities, whole.row(0));
    assert_eq!(first.answer, "yes");
    let second: Vec<f64> = row("", "nowhere", "r9").probabilities.iter().map(|p| p.1).collect();
    assert_eq!(second, whole.row(1));
    let (csv, _) = artifact.predictions_csv(&table, &Default::default()).expect("all columns");
    assert!(csv.starts_with("no,yes\n"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    let (other, _) = super::tests::table("a,b\n1,2\n3,4\n");
    assert_eq!(artifact.predict(&other).expect_err("no column of the model").code, "input.no_columns");
}

/// The model file `bytes` with another version and header.
fn with_header(bytes: &[u8], version: u32, change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let length = u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&bytes[16..16 + length]).expect("JSON");
    change(&mut header);
    let header = serde_json::to_vec(&header).expect("JSON");
    let mut out = bytes[..8].to_vec();
    out.extend_from_slice(&version.to_le_bytes());
    out.extend_from_slice(&(header.len() as u32).to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(&bytes[16 + length..bytes.len() - 32]);
    let checksum = *blake3::hash(&out).as_bytes();
    out.extend_from_slice(&checksum);
    out
}

#[test]
fn damaged_files_are_errors() {
    let request = request(3);
    let bytes = run(&prepared(Task::Binary, &request), &request, 1).expect("a model").artifact.to_bytes();
    let code = |bytes: &[u8]| ModelArtifact::from_bytes(bytes).expect_err("damaged").code;
    assert_eq!(code(b""), "model.not_a_model");
    assert_eq!(code(b"PK\x03\x04 something else"), "model.not_a_model");
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert_eq!(code(&newer), "model.version");
    let mut older = bytes.clone();
    older[8] = 1;
    let told = ModelArtifact::from_bytes(&older).expect_err("older");
    assert!(
        told.code == "model.version" && told.remedy.starts_with("Train the model again"),
        "{}",
        told.remedy
    );
    // A file of the version before there were intervals is still read, and of the one before they had a scale.
    let old = with_header(&bytes, 3, |header| {
        header["verdict"]["coverage"].as_object_mut().expect("an object").remove("scaled").expect("written");
    });
    let old = ModelArtifact::from_bytes(&old).expect("version 3");
    assert_eq!(old.guarantee(0.9), ModelArtifact::from_bytes(&bytes).expect("its own file").guarantee(0.9));
    let old = with_header(&bytes, 2, |header| {
        for name in ["decision", "conformal"] {
            header.as_object_mut().expect("an object").remove(name).expect("written");
        }
    });
    let old = ModelArtifact::from_bytes(&old).expect("version 2");
    let (rows, _) = table("amount,shop,note\n1.25,south,r1\n");
    assert!(old.predict(&rows).is_ok());
    let asked = super::PredictOptions { interval: Some(0.9), ..Default::default() };
    assert_eq!(
        old.predictions_csv(&rows, &asked).expect_err("nothing to make them of").code,
        "interval.unknown"
    );
    for cut in (9..bytes.len()).step_by(997).chain([9, 10, 15, 40, bytes.len() - 1]) {
        assert_eq!(code(&bytes[..cut]), "model.damaged", "cut at {cut}");
    }
    let mut rng = Rng::new(1);
    for _ in 0..200 {
        let mut changed = bytes.clone();
        let at = 16 + rng.below(bytes.len() - 16);
        changed[at] ^= 1 << rng.below(8);
        assert_eq!(code(&changed), "model.damaged");
        // Even with a checksum that fits, nothing panics.
        let body = changed.len() - 32;
        let checksum = *blake3::hash(&changed[..body]).as_bytes();
        changed[body..].copy_from_slice(&checksum);
        if let Ok(artifact) = ModelArtifact::from_bytes(&changed) {
            let (table, _) = table("amount,shop,note\n1.25,south,r1\n,nowhere,r9\n");
            let _ = artifact.predict(&table);
        }
    }
}

#[test]
fn a_budget_ends_the_search_and_failures_are_told() {
    let mut request = request(1);
    request.max_trials = None;
    request.budget_secs = Some(2.0);
    let prepared = prepared(Task::Binary, &request);
    let mut study = Study::new(prepared.clone(), request.clone(), 1, 50.0, 0.0);
    let mut executor = Executor::new(prepared.clone(), 1);
    let mut now = 50.0;
    while !study.is_finished() && now < 60.0 {
        if let Some(job) = study.next_job(now) {
            // Every second learner fails.
            let result = if job.learner == "gbt" {
                JobResult::failed(job.id, JobFailure::Failed("no luck".to_owned()))
            } else {
                executor.run(&job, &Cancel::new())
            };
            study.job_done(result, now);
        }
        now += 0.01;
        study.tick(now);
    }
    assert!(now < 52.5, "{now}");
    let outcome = study.outcome().expect("finished").expect("a model");
    assert!(outcome.board.rows.iter().any(|r| r.state == TrialState::Failed && r.note == "no luck"));
    assert!(outcome.board.rows.iter().all(|r| r.learner != "gbt" || r.weight == 0.0));
}

#[test]
fn pausing_stops_the_clock_and_stopping_keeps_the_best() {
    let request = StudyRequest { max_trials: None, budget_secs: Some(5.0), ..request(1) };
    let prepared = prepared(Task::Binary, &request);
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1);
    for i in 0..25 {
        let job = study.next_job(0.1).expect("a job");
        study.job_done(executor.run(&job, &Cancel::new()), 0.1);
        assert!(!study.is_finished(), "{i}");
    }
    study.pause(0.2);
    assert!(study.next_job(0.2).is_none());
    study.tick(100.0);
    assert_eq!(study.board(100.0).phase, Phase::Paused);
    study.resume(100.0);
    assert!(study.board(100.0).elapsed_secs < 1.0);
    study.stop(100.0);
    for _ in 0..1000 {
        study.tick(100.1);
        if let Some(job) = study.next_job(100.1) {
            study.job_done(executor.run(&job, &Cancel::new()), 100.1);
        }
    }
    assert!(study.outcome().expect("finished").is_ok());
}

#[test]
fn skewed_amounts_are_learned_as_logarithms() {
    let mut rng = Rng::new(4);
    let mut text = "x,answer\n".to_owned();
    for _ in 0..300 {
        let x = rng.normal();
        text.push_str(&format!("{x:.3},{:.3}\n", math::exp(3.0 + x + 0.3 * rng.normal())));
    }
    let (table, next) = table(&text);
    let request = StudyRequest { learners: vec!["ridge".to_owned()], ..request(6) };
    let prepared = Arc::new(prepare(&table, next, &request).expect("a table that can be learned from"));
    let outcome = run(&prepared, &request, 2).expect("a model");
    let is_log = |r: &BoardRow| r.params.0.get("log_target") == Some(&ParamValue::Bool(true));
    // A curve comes near to the logarithm by itself: straight lines are compared.
    let is_straight = |r: &BoardRow| r.params.0.get("knots") == Some(&ParamValue::Int(0));
    let score = |logs: bool| {
        let ridges = outcome.board.rows.iter().filter(|r| r.learner == "ridge" && is_straight(r));
        let rows = ridges.filter(|r| is_log(r) == logs);
        rows.filter_map(|r| r.score).fold(f64::INFINITY, f64::min)
    };
    assert!(score(true) < 0.8 * score(false), "{} {}", score(true), score(false));
    // Shuffled, the column that tells all costs about the spread of the amounts, some 30, not that of logarithms.
    let weighed = &outcome.verdict.importance[0];
    assert!(weighed.column == "x" && weighed.mean > 10.0, "{weighed:?}");
    let again = ModelArtifact::from_bytes(&outcome.artifact.to_bytes()).expect("its own file");
    let (predicted, _) = again.predict(&table).expect("its own table");
    assert_eq!(predicted, outcome.artifact.predict(&table).expect("its own table").0);
    assert!(predicted.values.iter().all(|&p| p > 0.0));
}

#[test]
fn what_is_too_slow_for_the_budget_is_left_out_and_says_why() {
    let learners = ["logistic", "naive_bayes", "random_forest"].map(str::to_owned).to_vec();
    let request = StudyRequest { max_trials: None, budget_secs: Some(10.0), learners, ..request(1) };
    let prepared = prepared(Task::Binary, &request);
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1);
    // Every forest takes five seconds a fold, by the caller's clock; the rest a hundredth.
    let mut now = 0.0;
    while !study.is_finished() && now < 20.0 {
        if let Some(job) = study.next_job(now) {
            let mut result = executor.run(&job, &Cancel::new());
            result.fit_secs = if job.learner.ends_with("forest") { 5.0 } else { 0.01 };
            now += result.fit_secs;
            study.job_done(result, now);
        }
        now += 0.001;
        study.tick(now);
    }
    let board = study.outcome().expect("finished").expect("a model").board;
    let forests: Vec<&BoardRow> = board.rows.iter().filter(|r| r.learner.ends_with("forest")).collect();
    assert!(forests.iter().all(|r| r.state != TrialState::Done && r.folds_done <= 1), "{forests:?}");
    assert!(forests.iter().any(|r| r.note.contains("longer") || r.note.contains("slow")), "{forests:?}");
    assert!(board.rows.iter().filter(|r| r.state == TrialState::Done).count() > 8);
}

#[test]
fn targets_that_cannot_be_learned_say_so() {
    let error = |text: &str, target: &str| {
        let (table, next) = table(text);
        let request = StudyRequest { target: target.to_owned(), ..request(1) };
        prepare(&table, next, &request).expect_err("not to be learned").remove(0)
    };
    let same: String = "x,y\n".to_owned() + &"1,a\n2,a\n3,a\n".repeat(10);
    assert_eq!(error(&same, "y").code, "target.one_class");
    assert_eq!(error(&csv(Task::Binary), "anser").code, "target.no_such_column");
    let few = "x,y\n1,a\n2,b\n3,a\n4,b\n";
    assert_eq!(error(few, "y").code, "data.too_few_rows");
}
