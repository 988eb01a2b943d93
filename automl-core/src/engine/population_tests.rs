//! Populations in a study: what they choose is tried, what goes wrong with them is told, and nothing else changes.

use super::job::Chosen;
use super::protocol::{Board, Direction, Population, StudyRequest};
use super::tests::{csv, request, table};
use super::worker::ToWorker;
use super::{
    Executor, FoldResult, Job, JobFailure, JobResult, Outcome, Prepared, Study, WorkerState, prepare,
};
use crate::compute::Card;
use crate::learner::{ParamValue, Params};
use crate::model::Task;
use crate::platform::Cancel;
use std::sync::Arc;

/// Enough rows for a population, and a few quick learners beside networks.
fn asked(max_trials: u32) -> StudyRequest {
    let learners = ["logistic", "naive_bayes", "mlp"].map(str::to_owned).to_vec();
    StudyRequest { learners, populations: true, ..request(max_trials) }
}

fn prepared(request: &StudyRequest) -> Arc<Prepared> {
    let text = csv(Task::Binary);
    let (head, rows) = text.split_once('\n').expect("a header");
    let (table, next) = table(&format!("{head}\n{}", rows.repeat(3)));
    Arc::new(prepare(&table, next, request).expect("a table that can be learned from"))
}

/// Parameters of networks that are trained for a while.
fn quick(params: &Params, most_units: usize, epochs: i64) -> Params {
    let hidden = params.count("hidden").min(most_units) as i64;
    params.clone().with("hidden", ParamValue::Int(hidden)).with("epochs", ParamValue::Int(epochs))
}

/// The same population of fewer and smaller networks, which a program that computes as a card does quickly too.
fn small(job: Job) -> Job {
    Job { population: job.population.iter().take(8).map(|p| quick(p, 24, 6)).collect(), ..job }
}

/// Runs a trial's job; networks are hardly trained, as it is not they that are tested.
fn fit(executor: &mut Executor, job: &Job) -> JobResult {
    let params = if job.learner == "mlp" { quick(&job.params, 8, 2) } else { job.params.clone() };
    executor.run(&Job { params, ..job.clone() }, &Cancel::new())
}

/// Runs a study with `workers` jobs in flight whose results come back last first; `populate` runs its population.
fn run(
    (prepared, request): (&Arc<Prepared>, &StudyRequest),
    workers: usize,
    populate: impl Fn(&mut Executor, &Job) -> JobResult,
) -> Outcome {
    let mut study = Study::new(prepared.clone(), request.clone(), workers as u32, 0.0, 0.0);
    let mut executor = Executor::new(prepared.clone(), 1);
    let mut flying: Vec<Job> = Vec::new();
    for now in 0..100_000 {
        let now = f64::from(now) * 1e-3;
        while flying.len() < workers {
            let Some(job) = study.next_job(now) else { break };
            flying.push(job);
        }
        if let Some(job) = flying.pop() {
            let result = if job.population.is_empty() {
                fit(&mut executor, &job)
            } else {
                populate(&mut executor, &job)
            };
            study.job_done(JobResult::from_bytes(&result.to_bytes()).expect("its own bytes"), now);
        }
        study.tick(now);
        if let Some(outcome) = study.outcome() {
            return outcome.expect("a model");
        }
    }
    panic!("the study does not end");
}

/// Trials whose settings were chosen, in their order.
fn chosen(board: &Board) -> Vec<(u32, Params)> {
    let of = board.rows.iter().filter(|r| r.note.ends_with("chosen by the population"));
    let mut all: Vec<(u32, Params)> = of.filter_map(|r| Some((r.trial?, r.params.clone()))).collect();
    all.sort_by_key(|c| c.0);
    all
}

fn result(job: &Job, best: &[u32]) -> JobResult {
    let chosen = Chosen { best: best.to_vec(), trained: 64, epochs: 40, card: "X1".to_owned() };
    JobResult {
        outcome: Ok(FoldResult::default()),
        fit_secs: 1.5,
        chosen: Some(chosen),
        ..JobResult::failed(job.id, JobFailure::Cancelled)
    }
}

#[test]
fn what_a_population_chooses_is_tried_with_any_number_of_workers() {
    let request = asked(12);
    let prepared = prepared(&request);
    let one = run((&prepared, &request), 1, |_, job| result(job, &[5, 0, 9]));
    let tried = chosen(&one.board);
    // Of twelve trials the second half.
    assert_eq!(tried.iter().map(|t| t.0).collect::<Vec<_>>(), [6, 7, 8]);
    let mut study = Study::new(prepared.clone(), request.clone(), 1, 0.0, 0.0);
    let job = study.next_job(0.0).expect("the population is first");
    assert_eq!((job.population.len(), job.learner.as_str(), job.deadline_secs), (64, "mlp", None));
    // Every eighth is a linear model.
    let layers = job.population.iter().map(|params| params.count("layers"));
    let linear: Vec<usize> = layers.enumerate().filter(|(_, n)| *n == 0).map(|(i, _)| i).collect();
    assert_eq!(linear, [7, 15, 23, 31, 39, 47, 55, 63]);
    for (place, (_, params)) in [5, 0, 9].iter().zip(&tried) {
        assert_eq!(params, &job.population[*place]);
    }
    for workers in [3, 9] {
        let more = run((&prepared, &request), workers, |_, job| result(job, &[5, 0, 9]));
        assert!(one.artifact.to_bytes() == more.artifact.to_bytes(), "{workers} workers");
    }
    let header = one.artifact.header();
    assert!(header.request.populations);
    let told = header.board.population.clone().expect("asked for");
    let expected = Population::Done { card: "X1".to_owned(), settings: 64, chosen: 3, epochs: 40, secs: 0.0 };
    assert_eq!(told, expected);
    assert!(header.board.remarks().contains(&told.told()));
    assert!(one.artifact.report_html().contains("Another card may choose others"));
    for row in &header.board.rows {
        // A setting gives the same model everywhere; the blend follows from the choice.
        assert_eq!(row.reproducible, row.trial.is_some(), "{row:?}");
    }
}

#[test]
fn with_a_budget_what_is_chosen_comes_as_soon_as_it_can() {
    let request = StudyRequest { budget_secs: Some(50.0), ..asked(12) };
    let prepared = prepared(&request);
    let outcome = run((&prepared, &request), 1, |_, job| {
        assert_eq!(job.deadline_secs, Some(10.0));
        result(job, &[3, 1])
    });
    assert_eq!(chosen(&outcome.board).iter().map(|t| t.0).collect::<Vec<_>>(), [1, 2]);
}

/// A study whose population gives nothing: why, and whether it is else as if nobody had asked for one.
fn without(populate: impl Fn(&mut Executor, &Job) -> JobResult) -> String {
    let request = asked(6);
    let prepared = prepared(&request);
    let outcome = run((&prepared, &request), 2, populate);
    let plain = StudyRequest { populations: false, ..request };
    let plain = run((&prepared, &plain), 2, |_, _| unreachable!("nobody asked for one"));
    assert!(
        plain.board.population.is_none()
            && plain.board.rows.iter().any(|r| r.reproducible && r.trial.is_none())
    );
    let scores =
        |board: &Board| -> Vec<_> { board.rows.iter().map(|r| (r.trial, r.score, r.weight)).collect() };
    assert_eq!(scores(&outcome.board), scores(&plain.board));
    assert!(chosen(&outcome.board).is_empty());
    match outcome.artifact.board().population {
        Some(Population::Failed { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_goes_wrong_with_a_population_is_told_and_nothing_else_is_lost() {
    let no_card = without(|executor, job| executor.run(job, &Cancel::new()));
    assert!(no_card.contains("no graphics card"), "{no_card}");
    let slow = without(|_, job| JobResult::failed(job.id, JobFailure::Cancelled));
    assert_eq!(slow, "the time ended before it had trained for long enough");
    let broken = without(|_, job| JobResult { chosen: None, ..result(job, &[]) });
    assert_eq!(broken, "its worker did not say what it chose");
}

#[test]
fn a_search_that_ends_gives_its_population_up() {
    let request = asked(6);
    let prepared = prepared(&request);
    let mut study = Study::new(prepared.clone(), request, 2, 0.0, 0.0);
    let population = study.next_job(0.0).expect("the population");
    let mut executor = Executor::new(prepared, 1);
    assert!(matches!(study.board(0.0).population, Some(Population::Training { settings: 64 })));
    // What is before its choice is tried, then there is nothing to do but to wait.
    let mut trials = 0;
    while let Some(job) = study.next_job(0.0) {
        study.job_done(fit(&mut executor, &job), 0.0);
        study.tick(0.0);
        trials = study.board(0.0).trials_done;
    }
    assert_eq!(trials, 3);
    study.stop(0.0);
    assert!(study.must_abort_running());
    study.job_done(result(&population, &[1]), 0.0);
    let told = study.board(0.0).population.map(|p| p.told()).unwrap_or_default();
    assert!(told.ends_with("the search ended first."), "{told}");
}

#[test]
fn a_population_that_cannot_be_is_refused_or_told() {
    let refused = |request: &StudyRequest| {
        let (table, next) = table(&csv(Task::Binary));
        prepare(&table, next, request).expect_err("cannot be done")[0].code.clone()
    };
    let promised = StudyRequest { reproducible: true, ..asked(6) };
    assert_eq!(refused(&promised), "populations.not_reproducible");
    let others = StudyRequest { learners: vec!["ridge".to_owned(), "gbt".to_owned()], ..asked(6) };
    assert_eq!(refused(&others), "populations.no_networks");
    let told = |request: StudyRequest| {
        let study = Study::new(prepared(&request), request, 1, 0.0, 0.0);
        study.board(0.0).population.map(|p| p.told()).unwrap_or_default()
    };
    let monotone = [("amount".to_owned(), Direction::Up)].into();
    let constrained = StudyRequest { learners: Vec::new(), monotone, ..asked(6) };
    assert!(told(constrained).contains("networks are not among the models"));
    assert!(told(asked(1)).contains("no trial to try"));
}

#[test]
fn a_population_travels() {
    let request = asked(6);
    let prepared = prepared(&request);
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let job = study.next_job(0.0).expect("the population");
    let told = result(&job, &[2, 63]);
    assert_eq!(JobResult::from_bytes(&told.to_bytes()), Ok(told.clone()));
    assert!(JobResult::from_bytes(&told.to_bytes()[..told.to_bytes().len() - 1]).is_err());
    let mut worker = WorkerState::default();
    assert!(worker.handle(&ToWorker::Prepare(Box::new((*prepared).clone())).to_bytes()).is_none());
    worker.use_card(Some(Card::absent("it is only a test")));
    let answer = worker.handle(&ToWorker::run(job.clone()).to_bytes()).expect("an answer");
    let answer = JobResult::from_bytes(&answer).expect("a result");
    let why =
        if cfg!(feature = "gpu") { "it is only a test" } else { "this program computes on no graphics card" };
    assert_eq!((answer.id, answer.outcome), (job.id, Err(JobFailure::Failed(why.to_owned()))));
}

#[cfg(feature = "gpu")]
mod on_a_card {
    use super::*;
    use crate::compute::gpu::Device;
    use crate::platform::ready;

    fn card() -> Option<Card> {
        match ready(Device::request(true)) {
            Ok(device) => Some(Card::always(Arc::new(device))),
            Err(why) => {
                println!("skipped: {why}");
                None
            }
        }
    }

    #[test]
    fn settings_are_chosen_there_and_tried_here() {
        let Some(card) = card() else { return };
        let request = asked(8);
        let prepared = prepared(&request);
        let run = |workers| {
            run((&prepared, &request), workers, |_, job| {
                let mut there = Executor::new(prepared.clone(), 1).on(Some(card.clone()));
                there.run(&small(job.clone()), &Cancel::new())
            })
        };
        let one = run(1);
        let tried = chosen(&one.board);
        assert_eq!(tried.iter().map(|t| t.0).collect::<Vec<_>>(), [4, 5, 6]);
        let told = one.artifact.board().population;
        let Some(Population::Done { card: name, settings, chosen, epochs, .. }) = told else {
            panic!("{told:?}")
        };
        assert_eq!((name.as_str(), settings, chosen, epochs), (card.name(), 8, 3, 6));
        for row in one.board.rows.iter().filter(|r| r.trial.is_some()) {
            assert_eq!(row.backend, "cpu", "{row:?}");
        }
        // The same card chooses the same.
        assert!(one.artifact.to_bytes() == run(3).artifact.to_bytes());
    }

    #[test]
    fn a_population_is_cancelled_or_ends_when_its_time_does() {
        let Some(card) = card() else { return };
        let request = asked(8);
        let prepared = prepared(&request);
        let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
        let job = small(study.next_job(0.0).expect("the population"));
        let mut executor = Executor::new(prepared, 1).on(Some(card));
        let cancelled = Cancel::new();
        cancelled.cancel();
        assert_eq!(executor.run(&job, &cancelled).outcome, Err(JobFailure::Cancelled));
        let no_time = Job { deadline_secs: Some(0.0), ..job.clone() };
        assert_eq!(executor.run(&no_time, &Cancel::new()).outcome, Err(JobFailure::Cancelled));
        let endless = |p: &Params| {
            p.clone().with("epochs", ParamValue::Int(10_000)).with("learning_rate", ParamValue::Float(1e-6))
        };
        let population = job.population.iter().map(endless).collect();
        let endless = Job { population, deadline_secs: Some(4.0), ..job };
        let chosen = executor.run(&endless, &Cancel::new()).chosen.expect("the best so far");
        assert!(chosen.best.len() == 3 && (3..10_000).contains(&chosen.epochs), "{chosen:?}");
    }

    #[test]
    fn a_lost_card_drops_the_population() {
        let Some(card) = card() else { return };
        card.device().expect("it was there").raw().0.destroy();
        let why = without(|executor, job| {
            let mut there = Executor::new(executor.prepared().clone().into(), 1).on(Some(card.clone()));
            there.run(job, &Cancel::new())
        });
        assert!(why.contains("lost"), "{why}");
        assert_eq!(card.why_not(), Some(why));
    }
}
