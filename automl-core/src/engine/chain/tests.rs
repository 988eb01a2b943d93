//! Chains from a table to a model: nothing leaks, nothing depends on the workers, files hold all of it.

use super::Chain;
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::{ChainStep, StudyRequest};
use crate::engine::tests::{csv, request, run, table};
use crate::engine::{Executor, ModelArtifact, Outcome, PredictOptions, Prepared, Study, prepare};
use crate::kind;
use crate::model::Task;
use crate::numeric::Rng;
use crate::platform::Cancel;
use crate::search::Setting;
use crate::table::{ColumnType, Format, ReadOptions, Table, read};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn step(kind: &str, params: Value) -> ChainStep {
    let Value::Object(params) = params else { panic!("an object") };
    ChainStep { node: format!("n-{kind}"), kind: kind.to_owned(), version: 1, params }
}

fn setting(learner: &str, params: Value) -> Setting {
    serde_json::from_value(json!({"learner": learner, "params": params})).expect("a setting")
}

pub(super) fn fixed(learner: &str) -> Vec<Setting> {
    vec![setting(learner, json!({}))]
}

pub(super) fn ready(
    rows: &Table,
    next: ReadOptions,
    request: &StudyRequest,
) -> Result<Arc<Prepared>, Vec<Diagnostic>> {
    prepare(rows, next, request).map(Arc::new)
}

fn study(text: &str, request: &StudyRequest) -> Outcome {
    let (rows, next) = table(text);
    let prepared = ready(&rows, next, request).expect("a table that can be learned from");
    run(&prepared, request, 1).expect("a model")
}

/// Cross-validated and locked score of the first setting.
fn scores(outcome: &Outcome) -> (f64, f64) {
    let row = outcome.board.rows.iter().find(|r| r.trial == Some(1)).expect("the setting");
    (row.score.expect("all folds"), row.holdout.expect("chosen"))
}

fn usual_steps() -> Vec<ChainStep> {
    vec![
        step("test.above", json!({"column": "amount", "name": "large", "limit": 0.5})),
        step("prepare.impute", json!({"flag": true})),
        step("prepare.scale", json!({"method": "robust"})),
        step("prepare.encode", json!({"columns": ["shop"], "method": "target", "target": "answer"})),
    ]
}

#[test]
fn steps_that_cannot_be_are_told_with_their_node() {
    let (rows, next) = table(&csv(Task::Regression));
    let check = |steps: Vec<ChainStep>, expected: &[&str]| {
        let told = |d: &Diagnostic| format!("{}@{}", d.code, d.node.clone().unwrap_or_default());
        let found = match prepare(&rows, next.clone(), &StudyRequest { steps, ..request(2) }) {
            Ok(_) => Vec::new(),
            Err(found) => found.iter().map(told).collect(),
        };
        assert_eq!(found, expected);
    };
    check(vec![], &[]);
    check(usual_steps(), &[]);
    check(vec![step("prepare.nothing", json!({}))], &["chain.unknown_kind@n-prepare.nothing"]);
    check(vec![step("test.half", json!({}))], &["chain.rows@n-test.half"]);
    check(
        vec![
            step("prepare.scale", json!({"method": "odd"})),
            step("test.above", json!({"column": "amount"})),
        ],
        &["param.choice@n-prepare.scale", "param.missing@n-test.above"],
    );
    check(vec![step("prepare.scale", json!({"columns": ["gone"]}))], &["param.no_column@n-prepare.scale"]);
    // What learns must leave the answer alone, and so must what follows it.
    check(
        vec![step("prepare.scale", json!({"columns": ["answer"]}))],
        &["chain.learned_target@n-prepare.scale"],
    );
    let above = |column: &str, name: &str| step("test.above", json!({"column": column, "name": name}));
    check(
        vec![step("prepare.scale", json!({})), above("amount", "answer")],
        &["chain.learned_target@n-test.above"],
    );
    check(vec![step("prepare.scale", json!({})), above("answer", "high")], &["chain.target_in_features@"]);
    check(vec![above("answer", "high")], &["chain.target_in_features@"]);
    check(vec![above("answer", "answer")], &[]);
    let newer = ChainStep { version: 9, ..step("prepare.scale", json!({})) };
    check(vec![newer], &["chain.newer@n-prepare.scale"]);
}

/// Every row has a code of its own, and an answer drawn by chance.
fn by_chance(rows: usize) -> (Table, ReadOptions) {
    let mut rng = Rng::new(21);
    let mut text = "code,noise,answer\n".to_owned();
    for i in 0..rows {
        let answer = ["no", "yes"][rng.below(2)];
        text.push_str(&format!("c{i},{:.3},{answer}\n", rng.normal()));
    }
    let types = [("code".to_owned(), ColumnType::Categorical)].into();
    let options = ReadOptions { types, ..ReadOptions::default() };
    let (rows, report) = read(text.as_bytes(), Format::Csv, &options);
    let next = report.options_for_next(&rows, &options);
    (rows, next)
}

#[test]
fn a_step_that_memorises_scores_like_guessing() {
    let (rows, next) = by_chance(300);
    let encode = step(
        "prepare.encode",
        json!({"columns": ["code"], "method": "target", "target": "answer", "smooth": "rows", "rows": 0.0}),
    );
    let request = StudyRequest { steps: vec![encode], settings: fixed("gbt"), ..request(2) };
    // Fitted on all rows, it tells every answer.
    let chain = Chain::of(&request).expect("steps that can be").expect("steps");
    let (fitted, _) = chain.fit(&rows, 1).expect("a table that it fits");
    let after = fitted.apply_whole(&rows, None).expect("its own rows");
    let (code, answer) = (after.column("code").expect("encoded"), after.column("answer").expect("kept"));
    let told = |row: usize| (code.number(row) > Some(0.5)) == (answer.text(row).as_deref() == Some("yes"));
    assert!((0..rows.rows).all(told));

    let prepared = ready(&rows, next, &request).expect("a table that can be learned from");
    assert!(prepared.diagnostics.iter().all(|d| d.code != "target.leak"), "{:?}", prepared.diagnostics);
    let outcome = run(&prepared, &request, 1).expect("a model");
    let (crossed, locked) = scores(&outcome);
    assert!((crossed - 0.5).abs() < 0.1 && (locked - 0.5).abs() < 0.2, "{crossed} {locked}");
}

/// The cross-validated score of the first setting; nothing is done after the search.
pub(super) fn crossed(prepared: &Arc<Prepared>, request: &StudyRequest) -> f64 {
    let mut study = Study::new(prepared.clone(), request.clone(), 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared.clone(), 1);
    while let Some(job) = study.next_job(0.0) {
        study.job_done(executor.run(&job, &Cancel::new()), 0.0);
    }
    let board = study.board(0.0);
    let row = board.rows.iter().find(|r| r.trial == Some(1)).expect("the setting");
    assert_eq!(row.folds_done, row.folds);
    row.score.expect("all folds")
}

/// Cross-validated scores of a model on the best ten of 1,000 columns of noise: chosen on all rows, and in each fold.
fn chosen_columns(seed: u64) -> (f64, f64) {
    let mut rng = Rng::new(seed);
    let names: Vec<String> = (0..1_000).map(|j| format!("x{j}")).collect();
    let mut text = format!("{},answer\n", names.join(","));
    for _ in 0..120 {
        let cells: Vec<String> = names.iter().map(|_| format!("{:.2}", rng.normal())).collect();
        text.push_str(&format!("{},{}\n", cells.join(","), ["no", "yes"][rng.below(2)]));
    }
    let params = json!({"method": "anova", "target": "answer", "count": 10});
    let inside = StudyRequest {
        steps: vec![step("prepare.select", params)],
        settings: fixed("discriminant"),
        ..request(2)
    };
    let (rows, next) = table(&text);
    let chain = Chain::of(&inside).expect("steps that can be").expect("steps");
    let (fitted, _) = chain.fit(&rows, 1).expect("a table that it fits");
    let chosen = fitted.apply_whole(&rows, None).expect("its own rows");
    assert_eq!(chosen.columns.len(), 11);
    let before = StudyRequest { steps: Vec::new(), ..inside.clone() };
    let leaky = ready(&chosen, next.clone(), &before).expect("a table that can be learned from");
    let honest = ready(&rows, next, &inside).expect("a table that can be learned from");
    (crossed(&leaky, &before), crossed(&honest, &inside))
}

#[test]
fn columns_chosen_by_the_answer_score_like_guessing() {
    let all: Vec<(f64, f64)> = (0..6).map(chosen_columns).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let (leaky, honest) = (mean(|s| s.0), mean(|s| s.1));
    // Each alone is off by 0.1 or so by chance, as with scikit-learn.
    assert!(leaky > 0.75 && (honest - 0.5).abs() < 0.12, "{all:?}");
}

#[test]
fn the_same_bytes_with_any_number_of_workers_and_after_a_journey() {
    for task in [Task::Binary, Task::Regression] {
        let request = StudyRequest { steps: usual_steps(), ..request(9) };
        let (rows, next) = table(&csv(task));
        let prepared = ready(&rows, next, &request).expect("a table that can be learned from");
        let again = Prepared::from_bytes(&prepared.to_bytes()).expect("its own bytes");
        let one = run(&prepared, &request, 1).expect("a model").artifact.to_bytes();
        let three = run(&Arc::new(again), &request, 3).expect("a model").artifact.to_bytes();
        assert!(one == three, "{task:?}");
    }
}

#[test]
fn a_file_predicts_the_same_and_rows_as_their_table() {
    for task in [Task::Binary, Task::Multiclass, Task::Regression] {
        let text = csv(task);
        let outcome = study(&text, &StudyRequest { steps: usual_steps(), ..request(6) });
        let bytes = outcome.artifact.to_bytes();
        assert_eq!(bytes[8], 5);
        let again = ModelArtifact::from_bytes(&bytes).expect("its own file");
        assert!(again.to_bytes() == bytes);
        let (rows, _) = table(&text);
        let (whole, warnings) = again.predict(&rows).expect("its own table");
        assert!(warnings.is_empty() && whole == outcome.artifact.predict(&rows).expect("its own table").0);
        let inputs: Vec<&str> = again.header().inputs.iter().map(|i| i.column.as_str()).collect();
        assert_eq!(inputs, ["amount", "shop", "note"]);
        let weighed = &outcome.verdict.importance;
        assert_eq!(weighed.len(), 3, "{weighed:?}");
        assert!(weighed[2].column == "note" && weighed[1].mean > 0.0, "{weighed:?}");
        for at in [0usize, 3, 17, 299] {
            let cell =
                |name: &str| rows.column(name).and_then(|c| c.text(at)).unwrap_or_default().into_owned();
            let values = inputs.iter().map(|name| ((*name).to_owned(), cell(name))).collect();
            let row = again.predict_row(&values).expect("a row");
            let told: Vec<f64> = match row.value {
                Some(value) => vec![value],
                None => row.probabilities.iter().map(|p| p.1).collect(),
            };
            assert_eq!(told, whole.row(at), "{task:?} {at}");
        }
        let (scores, _) = again.score(&rows, None).expect("the target is there");
        assert!(scores.iter().any(|s| s.id == outcome.verdict.metric && s.score.is_some()));
        // Other types, absent columns and unknown levels are no harm.
        let (odd, _) = table("amount,shop\nmuch,9\nlittle,8\n");
        assert_eq!(again.predict(&odd).expect("a column of the model").0.rows, 2);
    }
}

#[test]
fn damaged_files_with_steps_are_errors_and_never_panic() {
    let bytes =
        study(&csv(Task::Binary), &StudyRequest { steps: usual_steps(), ..request(3) }).artifact.to_bytes();
    let sealed = |mut bytes: Vec<u8>| {
        let body = bytes.len() - 32;
        let checksum = *blake3::hash(&bytes[..body]).as_bytes();
        bytes[body..].copy_from_slice(&checksum);
        bytes
    };
    let mut older = bytes.clone();
    older[8] = 4;
    assert_eq!(ModelArtifact::from_bytes(&sealed(older)).expect_err("steps").code, "model.damaged");
    let (rows, _) = table("amount,shop,note\n1.25,south,r1\n,nowhere,r9\n");
    // Members as they are, so that a change is one of theirs.
    let unpacked = crate::engine::artifact::unpacked(&bytes);
    let start = unpacked.len() - unpacked.len() / 2;
    let mut rng = Rng::new(1);
    for _ in 0..300 {
        let mut changed = unpacked.clone();
        let at = start + rng.below(unpacked.len() - 32 - start);
        changed[at] ^= 1 << rng.below(8);
        if let Ok(artifact) = ModelArtifact::from_bytes(&sealed(changed)) {
            let _ = artifact.predict(&rows);
            let _ = artifact.predictions_csv(&rows, &PredictOptions::default());
        }
    }
}

#[test]
fn the_recipes_own_steps_done_before_change_little() {
    let text = csv(Task::Binary);
    for learner in ["gbt", "logistic"] {
        let plain = StudyRequest { settings: fixed(learner), ..request(2) };
        let steps = vec![step("prepare.impute", json!({"flag": true})), step("prepare.scale", json!({}))];
        let (own, _) = scores(&study(&text, &plain));
        let (chained, _) = scores(&study(&text, &StudyRequest { steps, ..plain }));
        assert!((own - chained).abs() < 0.02, "{learner}: {own} {chained}");
    }
}

#[test]
fn steps_on_all_columns_leave_the_answer_alone() {
    let text = csv(Task::Regression);
    let steps = vec![step("prepare.scale", json!({})), step("prepare.reduce", json!({}))];
    let request = StudyRequest { steps, settings: fixed("ridge"), ..request(2) };
    let outcome = study(&text, &request);
    let (crossed, locked) = scores(&outcome);
    // The answer's own noise is 0.5, its deviation about 1.9.
    assert!(crossed > 0.5 && locked > 0.4, "{crossed} {locked}");
}

#[test]
fn an_answer_may_come_out_of_steps_that_do_not_learn() {
    let text = csv(Task::Regression);
    let steps = vec![
        step("test.above", json!({"column": "answer", "name": "high", "limit": 0.3})),
        step("prepare.scale", json!({})),
    ];
    let request = StudyRequest {
        target: "high".to_owned(),
        ignore: vec!["answer".to_owned()],
        steps,
        settings: fixed("logistic"),
        ..request(2)
    };
    let outcome = study(&text, &request);
    let inputs: Vec<&str> = outcome.verdict.inputs.iter().map(|i| i.column.as_str()).collect();
    assert_eq!(inputs, ["amount", "shop", "note"]);
    assert_eq!(outcome.artifact.header().classes, ["no", "yes"]);
    assert!(scores(&outcome).0 > 0.8);
    // Rows to predict have no answer; rows to score bring it as it comes in.
    let (rows, _) = table(&text);
    let without = Table { columns: rows.columns[..3].to_vec(), rows: rows.rows };
    let (told, warnings) = outcome.artifact.predict(&without).expect("all columns of the model");
    assert!(warnings.is_empty() && told == outcome.artifact.predict(&rows).expect("its own table").0);
    let (scores, _) = outcome.artifact.score(&rows, None).expect("the answer can be made");
    assert!(scores.iter().any(|s| s.id == "roc_auc" && s.score > Some(0.8)), "{scores:?}");
    assert!(outcome.artifact.score(&without, None).is_err());
}

#[test]
fn weights_and_constraints_are_of_columns_after_the_steps() {
    let mut text = "weight,".to_owned() + &csv(Task::Binary);
    text = text.lines().enumerate().fold(String::new(), |out, (i, line)| match i {
        0 => format!("{line}\n"),
        _ => format!("{out}{},{line}\n", 1 + i % 3),
    });
    let request = StudyRequest {
        steps: vec![step("prepare.impute", json!({})), step("prepare.scale", json!({}))],
        weights: Some("weight".to_owned()),
        monotone: [("amount".to_owned(), crate::search::Direction::Up)].into(),
        settings: fixed("gbt"),
        ..request(2)
    };
    let outcome = study(&text, &request);
    assert!(outcome.verdict.inputs.iter().all(|i| i.column != "weight"));
    let at = |amount: &str| {
        let values = [("amount", amount), ("shop", "south")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        outcome.artifact.predict_row(&values.into_iter().collect()).expect("a row").probabilities[1].1
    };
    let told: Vec<f64> = (-20..20).map(|i| at(&format!("{}", f64::from(i) / 10.0))).collect();
    assert!(told.windows(2).all(|pair| pair[0] <= pair[1]) && told[0] + 0.2 < told[39], "{told:?}");
    let (rows, _) = table(&text);
    let (_, found) = outcome.artifact.score(&rows, None).expect("weights are there");
    assert!(found.is_empty(), "{found:?}");
    let fewer = Table { columns: rows.columns[1..].to_vec(), rows: rows.rows };
    let (_, found) = outcome.artifact.score(&fewer, None).expect("the target is there");
    assert_eq!(found[0].code, "score.no_weights");
}

#[test]
fn every_step_there_is_can_be_part_of_a_model() {
    for step_of in kind::steps() {
        let spec = step_of.spec();
        let mut params = json!({});
        if spec.field("target").is_some() {
            params["target"] = json!("answer");
        }
        let steps = vec![step("prepare.impute", json!({})), step(&spec.id, params)];
        let outcome =
            study(&csv(Task::Binary), &StudyRequest { steps, settings: fixed("logistic"), ..request(2) });
        assert!(scores(&outcome).0 > 0.6, "{}", spec.id);
    }
}
