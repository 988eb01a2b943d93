//! Where trials were computed: on the board with the reason, in the file only where it changes digits.

use super::protocol::{Board, StudyRequest};
use super::tests::{csv, request, table};
use super::{Executor, JobResult, Outcome, Study, prepare};
use crate::compute::{Card, Used};
use crate::model::Task;
use crate::platform::Cancel;
use std::sync::Arc;

/// A study of boosting, whose results say of each fold what `used` says.
fn outcome(card: Option<&Card>, used: impl Fn(u32) -> Option<Used>) -> Outcome {
    let request = StudyRequest { learners: vec!["gbt".to_owned()], ..request(3) };
    let (table, next) = table(&csv(Task::Binary));
    let prepared = Arc::new(prepare(&table, next, &request).expect("a table that can be learned from"));
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1).on(card.cloned());
    for now in 0..10_000 {
        let now = f64::from(now) * 1e-3;
        if let Some(job) = study.next_job(now) {
            let result = executor.run(&job, &Cancel::new());
            let told = if job.learner == "gbt" { used(job.fold) } else { None };
            let result = JobResult { used: told.or(result.used.clone()), ..result };
            study.job_done(JobResult::from_bytes(&result.to_bytes()).expect("its own bytes"), now);
        }
        study.tick(now);
        if let Some(outcome) = study.outcome() {
            return outcome.expect("a model");
        }
    }
    panic!("the study does not end");
}

/// (backend, reason, same bits everywhere) of boosting's first trial and of the blend.
fn told(board: &Board) -> [(String, String, bool); 2] {
    let of = |trial: Option<u32>| {
        let row = board.rows.iter().find(|r| r.trial == trial).expect("it is on the board");
        (row.backend.clone(), row.backend_reason.clone(), row.reproducible)
    };
    [of(Some(1)), of(None)]
}

fn expected(backend: &str, reason: &str, reproducible: bool) -> (String, String, bool) {
    (backend.to_owned(), reason.to_owned(), reproducible)
}

#[test]
fn a_board_says_where_and_the_file_is_the_same() {
    let plain = outcome(None, |_| None);
    assert_eq!(told(&plain.board)[0], expected("cpu", "", true));
    let absent = outcome(Some(&Card::absent("this machine offers none")), |_| None);
    assert_eq!(told(&absent.board)[0], expected("cpu", "processor: this machine offers none", true));
    let exact = outcome(None, |_| Some(Used::gpu("quicker", true)));
    let [trial, blend] = told(&exact.board);
    assert_eq!(trial, expected("gpu", "graphics card: quicker", true));
    assert!(blend.0 == "gpu" && blend.1.starts_with("graphics card: ") && blend.2, "{blend:?}");
    assert!(exact.board.remarks().contains(&"Computed on the graphics card: 2 of 3 trials.".to_owned()));
    for other in [&absent, &exact] {
        assert!(plain.artifact.to_bytes() == other.artifact.to_bytes());
    }
}

#[test]
fn other_digits_are_told_in_the_file_too() {
    let inexact = outcome(None, |_| Some(Used::gpu("quicker", false)));
    let [trial, blend] = told(&inexact.artifact.board());
    assert_eq!(trial, expected("gpu", "", false));
    assert_eq!(blend, expected("gpu", "", false));
}

#[test]
fn folds_that_fell_back_are_counted() {
    let lost = |fold: u32| {
        Some(if fold < 2 { Used::cpu("the graphics card was lost") } else { Used::gpu("quicker", true) })
    };
    let [(backend, reason, _), _] = told(&outcome(None, lost).board);
    assert_eq!(backend, "gpu");
    assert!(reason.starts_with("graphics card: quicker; 2 of "), "{reason}");
    assert!(reason.ends_with(" folds on the processor: the graphics card was lost"), "{reason}");
}

#[test]
fn results_of_before_are_still_read() {
    let result = JobResult { fit_secs: 1.5, ..JobResult::failed(7, super::JobFailure::Cancelled) };
    let before = result.to_bytes();
    assert_eq!(JobResult::from_bytes(&before), Ok(result.clone()));
    for used in [Used::cpu("why"), Used::gpu("why", true), Used::gpu("why", false)] {
        let result = JobResult { used: Some(used), ..result.clone() };
        let bytes = result.to_bytes();
        assert!(bytes.starts_with(&before));
        assert_eq!(JobResult::from_bytes(&bytes), Ok(result));
        assert!(JobResult::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }
}

/// A card: one that computes, where there is one.
fn card() -> Card {
    #[cfg(feature = "gpu")]
    if let Some(card) = crate::compute::kernels::testing::card() {
        return Card::always(card.device.clone());
    }
    Card::absent("it is only a test")
}

#[test]
fn predictions_are_the_same_wherever_the_rest_of_the_rows_goes() {
    let artifact = outcome(None, |_| None).artifact;
    let text = csv(Task::Binary);
    let (head, rows) = text.split_once('\n').expect("a header");
    // More than two blocks for the processor.
    let (rows, _) = table(&format!("{head}\n{}", rows.repeat(120)));
    let options = super::PredictOptions { interval: Some(0.9), ..Default::default() };
    let (here, _) = artifact.predictions_csv(&rows, &options).expect("its own table");
    assert_eq!(here.lines().count(), rows.rows + 1);
    let (scores, _) = artifact.score(&rows, None).expect("the target is there");
    for at_once in [true, false] {
        let mut told = Vec::new();
        let mut rest = |secs: f64| {
            told.push(secs);
            (at_once || secs > 0.0).then(card)
        };
        let (there, _) = artifact.predictions_csv_on(&rows, &options, &mut rest).expect("its own table");
        assert!(there == here, "{at_once}");
        assert_eq!(artifact.score_on(&rows, None, &mut rest).expect("the target is there").0, scores);
        // Without a card at first it is asked again, once the processor's time is known.
        let known: Vec<bool> = told.iter().map(|secs| *secs > 0.0).collect();
        assert_eq!(known, if at_once { vec![false, false] } else { vec![false, true, false, true] });
    }
}
