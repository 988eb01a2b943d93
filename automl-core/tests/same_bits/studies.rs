//! A whole search, from a file's bytes to a model's.

use crate::golden::{check, hash};
use automl_core::engine::protocol::{ChainStep, StudyRequest};
use automl_core::engine::{Executor, ModelArtifact, PredictOptions, Study, prepare};
use automl_core::model::Task;
use automl_core::numeric::Rng;
use automl_core::platform::Cancel;
use automl_core::table::{Format, ReadOptions, Table, read};
use std::sync::Arc;
use wasm_bindgen_test::wasm_bindgen_test;

/// More than a study looks back.
const TRIALS: u32 = 12;
/// More than the quick learners' settings that are tried first, so that proposals follow results.
const PROPOSED_TRIALS: u32 = 30;
const CHAINED_TRIALS: u32 = 6;
const QUICK: [&str; 2] = ["logistic", "naive_bayes"];

/// Numbers with holes, categories, dates, and an answer that depends on them.
fn csv(task: Task, rows: usize) -> String {
    let mut rng = Rng::new(17);
    let mut out = "amount,shop,day,answer\n".to_owned();
    for i in 0..rows {
        let (x, level) = (rng.normal(), rng.below(3));
        let z = 1.5 * x + [0.0, 1.0, -1.0][level] + 0.4 * rng.normal();
        let answer = match task {
            Task::Binary => if z > 0.2 { "yes" } else { "no" }.to_owned(),
            Task::Multiclass => {
                ["low", "middle", "high"][usize::from(z > -0.5) + usize::from(z > 0.8)].to_owned()
            }
            Task::Regression => format!("{z:.4}"),
        };
        let amount = if i % 13 == 5 { String::new() } else { format!("{x:.3}") };
        let shop = ["north", "south", "east"][level];
        out.push_str(&format!("{amount},{shop},2024-{:02}-{:02},{answer}\n", 1 + i % 12, 1 + i * 7 % 28));
    }
    out
}

fn request() -> StudyRequest {
    StudyRequest {
        target: "answer".to_owned(),
        max_trials: Some(TRIALS),
        seed: 4,
        reproducible: true,
        ..StudyRequest::default()
    }
}

/// Steps that are fitted inside each fold, one of them by the answer.
fn steps() -> Vec<ChainStep> {
    let step = |kind: &str, params: serde_json::Value| ChainStep {
        node: kind.to_owned(),
        kind: kind.to_owned(),
        version: 1,
        params: params.as_object().cloned().unwrap_or_default(),
    };
    vec![
        step("prepare.impute", serde_json::json!({"flag": true})),
        step("prepare.scale", serde_json::json!({"method": "power"})),
        step("prepare.encode", serde_json::json!({"method": "target", "target": "answer"})),
    ]
}

fn table(text: &str) -> (Table, ReadOptions) {
    let options = ReadOptions::default();
    let (table, report) = read(text.as_bytes(), Format::Csv, &options);
    let next = report.options_for_next(&table, &options);
    (table, next)
}

/// Runs a study with one worker. Its clock stands still: without a budget, time decides nothing.
fn search(table: &Table, next: ReadOptions, request: StudyRequest) -> ModelArtifact {
    let prepared = Arc::new(prepare(table, next, &request).expect("a table that can be learned from"));
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1);
    for _ in 0..10_000 {
        if let Some(job) = study.next_job(0.0) {
            study.job_done(executor.run(&job, &Cancel::new()), 0.0);
        }
        study.tick(0.0);
        if let Some(outcome) = study.outcome() {
            return outcome.expect("a model").artifact;
        }
    }
    panic!("the study does not end");
}

#[wasm_bindgen_test(unsupported = test)]
fn studies() {
    let mut found = Vec::new();
    for task in [Task::Binary, Task::Multiclass, Task::Regression] {
        let (table, next) = table(&csv(task, 100));
        let artifact = search(&table, next, request());
        let (predictions, _) =
            artifact.predictions_csv(&table, &PredictOptions::default()).expect("its own table");
        let options = PredictOptions { interval: Some(0.8), labels: true, ..Default::default() };
        let (intervals, _) = artifact.predictions_csv(&table, &options).expect("enough rows");
        found.push((format!("{}.intervals", task.name()), hash(intervals.as_bytes())));
        found.push((format!("{}.file", task.name()), hash(&artifact.to_bytes())));
        found.push((format!("{}.predictions", task.name()), hash(predictions.as_bytes())));
    }
    let (table, next) = table(&csv(Task::Binary, 100));
    let learners = QUICK.map(str::to_owned).to_vec();
    let request = StudyRequest { max_trials: Some(PROPOSED_TRIALS), learners, ..request() };
    found.push(("proposed.file".to_owned(), hash(&search(&table, next.clone(), request).to_bytes())));
    let steps = steps();
    let request = StudyRequest { steps, max_trials: Some(CHAINED_TRIALS), ..self::request() };
    found.push(("chained.file".to_owned(), hash(&search(&table, next, request).to_bytes())));
    check("study", &found.into_iter().collect());
}
