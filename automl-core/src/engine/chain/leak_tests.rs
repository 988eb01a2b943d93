//! Of every step that learns: noise stays noise, and what a fold learns does not depend on the rows that judge it.

use super::FittedChain;
use super::tests::{crossed, fixed, ready, step};
use crate::engine::pipeline::Pipeline;
use crate::engine::protocol::{ChainStep, StudyRequest};
use crate::engine::tests::request;
use crate::engine::{Executor, Prepared, Study};
use crate::kind;
use crate::model::Target;
use crate::numeric::Rng;
use crate::platform::Cancel;
use crate::table::{ColumnType, Format, ReadOptions, Table, read};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const NUMBERS: usize = 40;
const ROWS: usize = 160;

/// Nothing in it has to do with the answer: numbers, of which some are missing, a code of many levels, and words.
fn noise(seed: u64) -> (Table, ReadOptions) {
    let mut rng = Rng::new(seed);
    let names: Vec<String> = (0..NUMBERS).map(|j| format!("x{j}")).collect();
    let mut text = format!("{},code,note,answer\n", names.join(","));
    for _ in 0..ROWS {
        let mut cells: Vec<String> = Vec::new();
        for _ in 0..NUMBERS {
            let x = rng.normal();
            cells.push(if rng.uniform() < 0.05 { String::new() } else { format!("{x:.2}") });
        }
        let words: Vec<String> = (0..6).map(|_| format!("word{}", rng.below(30))).collect();
        let answer = ["no", "yes"][rng.below(2)];
        text.push_str(&format!("{},c{},{},{answer}\n", cells.join(","), rng.below(60), words.join(" ")));
    }
    let types = [("code".to_owned(), ColumnType::Categorical), ("note".to_owned(), ColumnType::Text)].into();
    let options = ReadOptions { types, ..ReadOptions::default() };
    let (table, report) = read(text.as_bytes(), Format::Csv, &options);
    let next = report.options_for_next(&table, &options);
    (table, next)
}

/// Every step that learns, in the ways that it can learn.
fn learning() -> Vec<(&'static str, Value)> {
    let select = |method: &str| json!({"method": method, "target": "answer", "count": 5});
    let of_answer = json!({
        "columns": ["code"], "method": "target", "target": "answer", "smooth": "rows", "rows": 0.0
    });
    vec![
        ("prepare.impute", json!({"numbers": "mean", "flag": true})),
        ("prepare.outliers", json!({"rule": "zscore"})),
        ("prepare.scale", json!({"method": "standard"})),
        ("prepare.scale", json!({"method": "power"})),
        ("prepare.scale", json!({"method": "uniform"})),
        ("prepare.encode", json!({"columns": ["code"]})),
        ("prepare.encode", json!({"columns": ["code"], "method": "frequency"})),
        ("prepare.encode", of_answer),
        ("prepare.bin", json!({"method": "count"})),
        ("prepare.text", json!({"columns": ["note"], "least": 1, "size": 20})),
        ("prepare.reduce", json!({"components": 5})),
        ("prepare.select", json!({"method": "correlation", "correlation": 0.2})),
        ("prepare.select", select("mutual_information")),
        ("prepare.select", select("anova")),
        ("prepare.cluster", json!({"clusters": 5, "distances": true})),
    ]
}

fn asked(kind: &str, params: Value) -> StudyRequest {
    let mut steps: Vec<ChainStep> = Vec::new();
    if kind != "prepare.impute" {
        steps.push(step("prepare.impute", json!({})));
    }
    steps.push(step(kind, params));
    StudyRequest { steps, settings: fixed("discriminant"), ..request(2) }
}

#[test]
fn every_step_that_learns_is_here() {
    let here: BTreeSet<&str> = learning().into_iter().map(|(kind, _)| kind).collect();
    let all: BTreeSet<String> = kind::steps().iter().map(|s| s.spec().id).collect();
    assert_eq!(here, all.iter().map(String::as_str).collect());
}

#[test]
fn noise_scores_like_guessing_behind_every_step() {
    const SEEDS: u64 = 3;
    for (kind, params) in learning() {
        let asked = asked(kind, params.clone());
        let score = |seed: u64| {
            let (rows, next) = noise(seed);
            crossed(&ready(&rows, next, &asked).expect("a table that can be learned from"), &asked)
        };
        let mean = (0..SEEDS).map(score).sum::<f64>() / SEEDS as f64;
        // A score of one table has a deviation of some 0.05.
        assert!((mean - 0.5).abs() < 0.12, "{kind} {params}: {mean}");
    }
}

/// What the first fold of the setting learns.
fn first_fold(prepared: &Arc<Prepared>, request: &StudyRequest) -> (FittedChain, Vec<u8>) {
    let mut study = Study::new(prepared.clone(), request.clone(), 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared.clone(), 1);
    while let Some(job) = study.next_job(0.0) {
        let result = executor.run(&job, &Cancel::new());
        if job.learner == "discriminant" && job.fold == 0 {
            let bytes = result.outcome.expect("a fit").pipeline;
            let pipeline = Pipeline::decode(&bytes, 2, true).expect("its own bytes");
            let chain = pipeline.chain.as_deref().expect("steps").clone();
            return (chain, postcard::to_allocvec(&pipeline.recipe).expect("plain data"));
        }
        study.job_done(result, 0.0);
    }
    panic!("the setting is not tried");
}

/// The same rows but `rows`, which get the values, answers too, of rows `from` by turns.
fn changed(prepared: &Prepared, rows: &[u32], from: &[u32]) -> Arc<Prepared> {
    let mut other = Prepared::from_bytes(&prepared.to_bytes()).expect("its own bytes");
    let mut order: Vec<u32> = (0..prepared.rows() as u32).collect();
    for (&row, &donor) in rows.iter().zip(from.iter().cycle()) {
        order[row as usize] = donor;
    }
    other.table = prepared.table.take(&order);
    let Target::Classes { codes, .. } = &mut other.target else { panic!("two classes") };
    let was = codes.clone();
    codes.iter_mut().zip(&order).for_each(|(code, &row)| *code = was[row as usize]);
    Arc::new(other)
}

#[test]
fn what_a_fold_learns_does_not_depend_on_the_rows_that_judge_it() {
    let (rows, next) = noise(7);
    for (kind, params) in learning() {
        let asked = asked(kind, params.clone());
        let prepared = ready(&rows, next.clone(), &asked).expect("a table that can be learned from");
        let (training, validation) = (prepared.split.training(0), prepared.split.validation(0));
        let judging: Vec<u32> = validation.into_iter().chain(prepared.split.locked()).collect();
        let before = first_fold(&prepared, &asked);
        let other = changed(&prepared, &judging, &training[..training.len() / 2]);
        assert_ne!(other.table, prepared.table);
        assert!(first_fold(&other, &asked) == before, "{kind} {params}");
        // On the rows that train, it does.
        let other = changed(&prepared, &training, &training[..training.len() / 2]);
        assert!(first_fold(&other, &asked).0 != before.0, "{kind} {params}");
    }
}
