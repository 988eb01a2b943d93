//! Searches on some of the rows and training on all, with the rows in memory and handed over piece by piece.

use super::{Deal, Means, Rows, Told, Trained, train_on_all};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::StudyRequest;
use crate::engine::worker::ToWorker;
use crate::engine::{Executor, ModelArtifact, Outcome, Prepared, Study, WorkerState, prepare};
use crate::learner::parts::testing::Memory;
use crate::learner::{ParamValue, Params};
use crate::metric;
use crate::numeric::{Rng, math};
use crate::platform::Cancel;
use crate::search::Setting;
use crate::table::{Format, ReadOptions, Table, fingerprint, read};
use std::sync::Arc;

/// A table in pieces of so many rows.
struct Pieces<'a>(&'a Table, usize);

impl Rows for Pieces<'_> {
    fn each(&mut self, visit: &mut dyn FnMut(&Table) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        let rows: Vec<u32> = (0..self.0.rows as u32).collect();
        rows.chunks(self.1).try_for_each(|rows| visit(&self.0.take(rows)))
    }
}

/// A curve that few rows do not show, a category whose levels matter, and a weight.
fn csv(rows: usize, seed: u64, target: impl Fn(f64, &mut Rng) -> String) -> String {
    let mut rng = Rng::new(seed);
    let mut out = String::from("a,b,place,w,y\n");
    for row in 0..rows {
        let (a, b) = (rng.uniform() * 6.0, rng.uniform() * 6.0);
        let place = rng.below(12);
        let signal = (a * 3.0).round() % 3.0 + (b * 2.0).round() % 2.0 + place as f64 / 12.0 - 2.0;
        let y = target(signal, &mut rng);
        let b = if row % 17 == 3 { String::new() } else { format!("{b:.4}") };
        out.push_str(&format!("{a:.4},{b},p{place},{},{y}\n", rng.below(3)));
    }
    out
}

fn classes(signal: f64, rng: &mut Rng) -> String {
    let p = math::sigmoid(2.0 * signal);
    if rng.uniform() < p { "yes".to_owned() } else { "no".to_owned() }
}

fn table(text: &str) -> Table {
    read(text.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

fn request(settings: &[(&str, &[(&str, ParamValue)])]) -> StudyRequest {
    let setting = |&(learner, params): &(&str, &[(&str, ParamValue)])| Setting {
        learner: learner.to_owned(),
        params: Params(params.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()),
        recipe: None,
    };
    StudyRequest {
        target: "y".to_owned(),
        seed: 3,
        settings: settings.iter().map(setting).collect(),
        ..StudyRequest::default()
    }
}

/// What a search on the dealt rows gives, and the rows prepared for it.
fn searched(table: &Table, deal: Deal, request: &StudyRequest) -> (Prepared, crate::engine::Outcome) {
    let rows: Vec<u32> = (0..table.rows as u32).filter(|&row| deal.is_searched(u64::from(row))).collect();
    let sample = table.take(&rows);
    let prepared = Arc::new(prepare(&sample, ReadOptions::default(), request).expect("a question"));
    let mut study = Study::new(prepared.clone(), request.clone(), 1, 0.0, 0.0);
    let (mut executor, cancel) = (Executor::new(prepared.clone(), 1), Cancel::new());
    loop {
        study.tick(0.0);
        if let Some(outcome) = study.outcome() {
            return (Arc::unwrap_or_clone(prepared), outcome.expect("a model"));
        }
        if let Some(job) = study.next_job(0.0) {
            let result = executor.run(&job, &cancel);
            study.job_done(result, 0.0);
        }
    }
}

/// How it is trained on all rows: rows a piece, and bytes of a part.
struct How {
    searched: u64,
    piece: usize,
    part_bytes: u64,
    room: Option<usize>,
    secs: Option<f64>,
}

const USUAL: How = How { searched: 700, piece: 500, part_bytes: 500_000, room: None, secs: None };

fn train(table: &Table, request: &StudyRequest, how: &How) -> Result<(ModelArtifact, Trained), Diagnostic> {
    let deal = Deal::new(table.rows as u64, how.searched, 9);
    let (prepared, outcome) = searched(table, deal, request);
    let before = ModelArtifact::from_bytes(&outcome.artifact.to_bytes()).expect("a model");
    let cancel = Cancel::new();
    let mut read = 0;
    let trained = train_on_all(
        &prepared,
        outcome,
        &mut Pieces(table, how.piece),
        &mut Memory { room: how.room, ..Memory::default() },
        &mut Means {
            deal,
            part_bytes: how.part_bytes,
            threads: 1,
            secs: how.secs,
            cancel: &cancel,
            cluster: None,
            fingerprint: fingerprint(table),
            told: &mut |told| {
                if let Told::Read(rows) = told {
                    read = rows;
                }
            },
        },
    )?;
    assert_eq!(read, table.rows as u64);
    Ok((before, trained))
}

/// The AUC of a model on rows of their own.
fn auc(model: &ModelArtifact, test: &Table) -> f64 {
    let (prediction, _) = model.predict(test).expect("its columns");
    let yes = model.header().classes.iter().position(|c| c == "yes").expect("two classes");
    let y = test.column("y").expect("a target");
    let codes: Vec<u32> =
        (0..test.rows).map(|row| u32::from(y.text(row).as_deref() == Some("yes"))).collect();
    let values: Vec<f64> = (0..test.rows)
        .flat_map(|i| {
            let p = prediction.row(i)[yes];
            [1.0 - p, p]
        })
        .collect();
    metric::roc_auc(&codes, &values, 2).expect("both classes")
}

/// A category of so many levels that they become means of the target, which are noise, beside a number that matters.
fn level_noise(rows: usize, seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let mut text = String::from("level,x,y\n");
    for _ in 0..rows {
        let x = rng.uniform();
        let y = if rng.uniform() < 0.2 + 0.6 * x { "yes" } else { "no" };
        text.push_str(&format!("k{},{x:.3},{y}\n", rng.below(900)));
    }
    text
}

const FEW_LEAVES: (&str, ParamValue) = ("max_leaves", ParamValue::Int(16));

#[test]
fn all_rows_tell_more_than_those_that_were_searched_on() {
    let all = table(&csv(12_000, 1, classes));
    let test = table(&csv(4_000, 2, classes));
    let (before, trained) = train(&all, &request(&[("gbt", &[FEW_LEAVES])]), &USUAL).expect("trained");
    let (old, new) = (auc(&before, &test), auc(&trained.outcome.artifact, &test));
    let memory = train(&all, &request(&[("gbt", &[FEW_LEAVES])]), &How { searched: 12_000, ..USUAL });
    let whole = auc(&memory.expect("trained").0, &test);
    assert!(new > old + 0.02 && new > whole - 0.02, "{old} to {new}, in memory {whole}");
    let header = trained.outcome.artifact.header();
    assert_eq!((header.rows, header.fingerprint.clone()), (12_000, fingerprint(&all)));
    let told = &trained.diagnostic.message;
    assert!(told.contains("of 12,000 rows") && told.contains("1 of 1 models"), "{told}");
    assert!(header.verdict.diagnostics.contains(&trained.diagnostic));
    // The file is a model like others.
    let again = ModelArtifact::from_bytes(&trained.outcome.artifact.to_bytes()).expect("a model");
    assert_eq!(auc(&again, &test), new);
}

#[test]
fn how_the_rows_come_and_how_large_parts_are_changes_no_search_and_pieces_nothing() {
    let all = table(&csv(3_000, 4, classes));
    let asked = request(&[("gbt", &[FEW_LEAVES]), ("logistic", &[])]);
    let bytes = |piece: usize| {
        let how = How { piece, ..USUAL };
        train(&all, &asked, &how).expect("trained").1.outcome.artifact.to_bytes()
    };
    let first = bytes(500);
    assert!(first == bytes(37) && first == bytes(3_000));
}

#[test]
fn numbers_and_weights_are_learned_from() {
    let amount = |signal: f64, rng: &mut Rng| format!("{:.3}", math::exp(signal + 0.2 * rng.normal()));
    let all = table(&csv(6_000, 5, amount));
    let test = table(&csv(3_000, 6, amount));
    let y = test.column("y").expect("a target");
    let truth: Vec<f64> = (0..test.rows).filter_map(|row| y.number(row)).collect();
    for weights in [None, Some("w".to_owned())] {
        let asked = StudyRequest { weights, ..request(&[("gbt", &[FEW_LEAVES])]) };
        let (before, trained) = train(&all, &asked, &USUAL).expect("trained");
        let rmse = |model: &ModelArtifact| {
            let (prediction, _) = model.predict(&test).expect("its columns");
            metric::rmse(&truth, &prediction.values).expect("numbers")
        };
        let (old, new) = (rmse(&before), rmse(&trained.outcome.artifact));
        assert!(new < 0.95 * old, "{old} to {new}");
        let conformal = trained.outcome.artifact.header().conformal.as_ref().expect("intervals");
        assert_eq!(conformal.folds(), 1);
    }
}

/// Straight lines on a level's own shift, with much noise: few rows hardly show them.
fn lines(rows: usize, seed: u64, target: impl Fn(f64, &mut Rng) -> String) -> String {
    let mut rng = Rng::new(seed);
    let mut out: String = (0..20).map(|j| format!("x{j},")).collect::<String>() + "place,w,y\n";
    for _ in 0..rows {
        let x: Vec<f64> = (0..20).map(|_| rng.normal()).collect();
        let place = rng.below(8);
        let signal: f64 = x.iter().zip(0..).map(|(x, j)| x * f64::from(j % 5 - 2) / 4.0).sum();
        let y = target(signal + place as f64 / 8.0, &mut rng);
        x.iter().for_each(|x| out.push_str(&format!("{x:.4},")));
        out.push_str(&format!("p{place},{},{y}\n", 1 + rng.below(3)));
    }
    out
}

#[test]
fn linear_models_learn_from_all_rows_too() {
    let noisy = |signal: f64, rng: &mut Rng| classes(signal + 2.0 * rng.normal(), rng);
    let (all, test) = (table(&lines(8_000, 13, noisy)), table(&lines(4_000, 14, noisy)));
    let how = How { searched: 300, part_bytes: 100_000, ..USUAL };
    for learner in ["logistic", "naive_bayes"] {
        let (before, trained) = train(&all, &request(&[(learner, &[])]), &how).expect("trained");
        let (old, new) = (auc(&before, &test), auc(&trained.outcome.artifact, &test));
        let whole = train(&all, &request(&[(learner, &[])]), &How { searched: 8_000, ..USUAL });
        let whole = auc(&whole.expect("trained").0, &test);
        assert!(new > old + 0.01 && new > whole - 0.01, "{learner}: {old} to {new}, in memory {whole}");
    }
    let amount = |signal: f64, rng: &mut Rng| format!("{:.4}", math::exp(0.4 * signal + 0.3 * rng.normal()));
    let (all, test) = (table(&lines(8_000, 15, amount)), table(&lines(4_000, 16, amount)));
    let y = test.column("y").expect("a target");
    let truth: Vec<f64> = (0..test.rows).filter_map(|row| y.number(row).map(math::ln)).collect();
    for weights in [None, Some("w".to_owned())] {
        // Logarithms are learned, and amounts predicted.
        let logs = ("log_target", ParamValue::Bool(true));
        let asked = StudyRequest { weights, ..request(&[("ridge", &[logs])]) };
        let (before, trained) = train(&all, &asked, &how).expect("trained");
        let rmse = |model: &ModelArtifact| {
            let (prediction, _) = model.predict(&test).expect("its columns");
            let logs: Vec<f64> = prediction.values.iter().map(|y| math::ln(*y)).collect();
            metric::rmse(&truth, &logs).expect("numbers")
        };
        let (old, new) = (rmse(&before), rmse(&trained.outcome.artifact));
        assert!(new < 0.99 * old && new < 0.31, "{old} to {new}");
    }
}

#[test]
fn what_was_found_travels_and_is_trained_alike() {
    let all = table(&csv(3_000, 4, classes));
    let (asked, deal) = (request(&[("gbt", &[FEW_LEAVES]), ("logistic", &[])]), Deal::new(3_000, 700, 9));
    let bytes = |travels: bool| {
        let (mut prepared, mut outcome) = searched(&all, deal, &asked);
        if travels {
            outcome = Outcome::from_bytes(&outcome.to_bytes()).expect("an outcome");
            prepared = WorkerState::data_in(&ToWorker::Prepare(Box::new(prepared)).to_bytes()).expect("data");
        }
        let cancel = Cancel::new();
        let mut means = Means {
            deal,
            part_bytes: 50_000,
            threads: 2,
            cluster: None,
            secs: None,
            cancel: &cancel,
            fingerprint: fingerprint(&all),
            told: &mut |_| (),
        };
        let trained =
            train_on_all(&prepared, outcome, &mut Pieces(&all, 500), &mut Memory::default(), &mut means);
        trained.expect("trained").outcome.artifact.to_bytes()
    };
    assert!(bytes(false) == bytes(true));
    for broken in [&b""[..], b"\x01\x02", &[0xff; 40]] {
        assert!(Outcome::from_bytes(broken).is_err());
    }
}

#[test]
fn learners_that_want_all_rows_at_once_keep_their_models() {
    let all = table(&csv(2_000, 7, classes));
    let (before, trained) = train(&all, &request(&[("knn", &[])]), &USUAL).expect("trained");
    assert!(trained.diagnostic.message.contains("No model that was chosen can learn from rows in parts"));
    let test = table(&csv(500, 8, classes));
    assert_eq!(auc(&before, &test), auc(&trained.outcome.artifact, &test));
}

#[test]
fn features_that_know_targets_are_not_taught_by_their_own_rows() {
    // So many levels that they become means of the target, which are noise.
    let all = table(&level_noise(6_000, 11));
    let how = How { searched: 3_000, ..USUAL };
    let (before, trained) = train(&all, &request(&[("gbt", &[FEW_LEAVES])]), &how).expect("trained");
    let fresh = table(&level_noise(4_000, 12));
    let (old, new) = (auc(&before, &fresh), auc(&trained.outcome.artifact, &fresh));
    assert!(new > old - 0.02, "{old} to {new}: the noise of levels was taken for knowledge");
}

#[test]
fn a_full_disk_is_told_and_no_time_keeps_the_search_s_models() {
    let all = table(&csv(3_000, 12, classes));
    let asked = request(&[("gbt", &[FEW_LEAVES])]);
    let full = train(&all, &asked, &How { room: Some(1_000), ..USUAL }).err().expect("no room");
    assert!(full.is_error() && full.message.contains("no room"), "{}", full.message);
    let (before, trained) = train(&all, &asked, &How { secs: Some(0.0), ..USUAL }).expect("the search's");
    assert!(trained.diagnostic.message.contains("the search's own is kept"));
    let test = table(&csv(500, 13, classes));
    assert_eq!(auc(&before, &test), auc(&trained.outcome.artifact, &test));
}

#[test]
fn rows_without_a_weight_are_named() {
    let mut text = csv(2_000, 14, classes);
    text.push_str("1.0,2.0,p1,-4,yes\n");
    let all = table(&text);
    let asked = StudyRequest { weights: Some("w".to_owned()), ..request(&[("gbt", &[FEW_LEAVES])]) };
    let deal = Deal::new(all.rows as u64, USUAL.searched, 9);
    // The search must not have met it, or it would have said so itself.
    assert!(!deal.is_searched(2_000));
    let told = train(&all, &asked, &USUAL).err().expect("no weight");
    assert_eq!((told.code.as_str(), told.row), ("weights.not_a_weight", Some(2_001)));
}
