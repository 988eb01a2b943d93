//! Whether intervals and sets hold the truth as often as they say, over many small studies.

use super::protocol::StudyRequest;
use super::tests::{request, run, table};
use super::{Executor, JobFailure, JobResult, ModelArtifact, PredictOptions, Stage, Study, prepare};
use crate::model::Task;
use crate::numeric::{Rng, math};
use crate::platform::Cancel;
use std::sync::Arc;

const SEEDS: u64 = 200;
const ROWS: usize = 130;
const NEW_ROWS: usize = 100;
/// Enough of them that a scale may be chosen.
const SKEWED_ROWS: usize = 300;

/// A number and a category that say something of the answer, but not all.
fn csv(task: Task, rows: usize, rng: &mut Rng) -> String {
    let mut out = "amount,shop,answer\n".to_owned();
    for _ in 0..rows {
        let (x, level) = (rng.normal(), rng.below(3));
        let z = 1.2 * x + [0.0, 0.8, -0.8][level] + 1.5 * rng.normal();
        let answer = match task {
            Task::Regression => format!("{z:.4}"),
            _ => ["low", "middle", "high"][usize::from(z > -0.8) + usize::from(z > 0.8)].to_owned(),
        };
        out.push_str(&format!("{x:.3},{},{answer}\n", ["north", "south", "east"][level]));
    }
    out
}

/// As [`csv`] of numbers, whose logarithms are the answer: the larger they are, the more they spread.
fn skewed_csv(rows: usize, rng: &mut Rng) -> String {
    let text = csv(Task::Regression, rows, rng);
    let skewed = |line: &str| {
        let (before, answer) = line.rsplit_once(',')?;
        let z: f64 = answer.parse().ok()?;
        Some(format!("{before},{:.4}\n", 100.0 * math::exp(0.5 * z)))
    };
    format!("amount,shop,answer\n{}", text.lines().filter_map(skewed).collect::<String>())
}

/// The model of a small study, and new rows of the same kind.
fn study(task: Task, seed: u64) -> (ModelArtifact, String) {
    study_of(task, seed, &|rng| csv(task, ROWS, rng), &|rng| csv(task, NEW_ROWS, rng))
}

fn study_of(
    task: Task,
    seed: u64,
    known: &dyn Fn(&mut Rng) -> String,
    new: &dyn Fn(&mut Rng) -> String,
) -> (ModelArtifact, String) {
    let mut rng = Rng::for_stream(seed, &[0xC0]);
    let (rows, next) = table(&known(&mut rng));
    let learner = if task == Task::Regression { "ridge" } else { "logistic" };
    let request = StudyRequest { seed, learners: vec![learner.to_owned()], ..request(2) };
    let prepared = Arc::new(prepare(&rows, next, &request).expect("a table that can be learned from"));
    let artifact = run(&prepared, &request, 1).expect("a model").artifact;
    (artifact, new(&mut rng))
}

/// Rows of the new table whose answer was held, at each level.
fn held(artifact: &ModelArtifact, new: &str, levels: &[f64]) -> Vec<usize> {
    let (rows, _) = table(new);
    let answers: Vec<&str> = new.lines().skip(1).filter_map(|l| l.rsplit(',').next()).collect();
    let count = |level: &f64| {
        let options = PredictOptions { interval: Some(*level), ..Default::default() };
        let (text, _) = artifact.predictions_csv(&rows, &options).expect("enough rows");
        let lines = text.lines().skip(1).zip(&answers);
        lines
            .filter(|(line, answer)| {
                let cells: Vec<&str> = line.split(',').collect();
                match (answer.parse::<f64>(), cells.as_slice()) {
                    (Ok(y), [_, low, high]) => {
                        (low.parse().expect("a number")..=high.parse().expect("a number")).contains(&y)
                    }
                    (_, [.., set, size]) => {
                        let set = set.trim_matches('"');
                        assert_eq!(set.split('|').count().to_string(), *size);
                        set.split('|').any(|c| c == **answer)
                    }
                    _ => panic!("{line}"),
                }
            })
            .count()
    };
    levels.iter().map(count).collect()
}

#[test]
fn the_truth_is_held_as_often_as_promised() {
    let levels = [0.8, 0.9, 0.95];
    for task in [Task::Regression, Task::Multiclass] {
        let mut total = [0; 3];
        for seed in 0..SEEDS {
            let (artifact, new) = study(task, seed);
            total.iter_mut().zip(held(&artifact, &new, &levels)).for_each(|(t, h)| *t += h);
        }
        for (level, held) in levels.iter().zip(total) {
            let share = held as f64 / (SEEDS as usize * NEW_ROWS) as f64;
            assert!((share - level).abs() < 0.02, "{task:?}: {share} for {level}");
        }
    }
}

#[test]
fn the_truth_is_held_as_often_where_intervals_are_wide_for_some_predictions() {
    let levels = [0.8, 0.9, 0.95];
    let (mut total, mut scaled) = ([0; 3], 0);
    for seed in 0..SEEDS {
        let known = |rng: &mut Rng| skewed_csv(SKEWED_ROWS, rng);
        let new = |rng: &mut Rng| skewed_csv(NEW_ROWS, rng);
        let (artifact, new) = study_of(Task::Regression, seed, &known, &new);
        total.iter_mut().zip(held(&artifact, &new, &levels)).for_each(|(t, h)| *t += h);
        // Without a scale something is proven.
        scaled += u64::from(artifact.guarantee(0.9).is_none());
    }
    for (level, held) in levels.iter().zip(total) {
        let share = held as f64 / (SEEDS as usize * NEW_ROWS) as f64;
        assert!((share - level).abs() < 0.02, "{share} for {level}");
    }
    assert!(scaled > SEEDS / 2, "{scaled}");
}

#[test]
fn levels_that_cannot_be_promised_are_refused() {
    let (artifact, new) = study(Task::Regression, 1);
    let (rows, _) = table(&new);
    let code = |level: f64| {
        let options = PredictOptions { interval: Some(level), ..Default::default() };
        artifact.predictions_csv(&rows, &options).expect_err("no such interval").code
    };
    assert_eq!(code(0.999), "interval.too_few_rows");
    assert_eq!(code(90.0), "interval.level");
    // Trained again on all 130 rows in ten folds: 1 − 2 · 0.1 − min(1.8 / 14, (1 − 10 / 130) / 11).
    let guarantee = artifact.guarantee(0.9).expect("all members were trained again");
    assert!((guarantee - (0.8 - (12.0 / 13.0) / 11.0)).abs() < 1e-12, "{guarantee}");
    let coverage = artifact.verdict().coverage.expect("enough rows");
    assert!(coverage.held > 0.7 && coverage.size > 1.0 && coverage.rows == 26, "{coverage:?}");
    let values = [("amount".to_owned(), "0.5".to_owned())].into_iter().collect();
    let interval = artifact.predict_row(&values).expect("a row").interval.expect("enough rows");
    assert!(interval.low < interval.high && interval.classes.is_empty());
}

/// Of the members only the first `again` are trained again; the others fail.
fn partly_refitted(again: usize) -> ModelArtifact {
    let mut rng = Rng::new(21);
    let (rows, next) = table(&csv(Task::Regression, 300, &mut rng));
    let learners = vec!["gbt".to_owned()];
    let request = StudyRequest { learners, ..request(12) };
    let prepared = Arc::new(prepare(&rows, next, &request).expect("a table that can be learned from"));
    let mut study = Study::new(prepared.clone(), request, 1, 0.0, 0.0);
    let mut executor = Executor::new(prepared, 1);
    let mut members = Vec::new();
    for _ in 0..10_000 {
        if let Some(job) = study.next_job(0.0) {
            let member = (job.learner.clone(), format!("{:?}", job.params));
            if job.stage == Stage::Refit && !members.contains(&member) {
                members.push(member.clone());
            }
            let fails = job.stage == Stage::Refit && !members[..members.len().min(again)].contains(&member);
            study.job_done(
                if fails {
                    JobResult::failed(job.id, JobFailure::Failed("no luck".to_owned()))
                } else {
                    executor.run(&job, &Cancel::new())
                },
                0.0,
            );
        }
        study.tick(0.0);
        if let Some(outcome) = study.outcome() {
            assert!(members.len() > 1, "a blend is wanted here");
            return outcome.expect("a model").artifact;
        }
    }
    panic!("the study does not end");
}

#[test]
fn what_was_not_trained_again_has_intervals_too() {
    // None was: the search's folds, with what is proven of them. One was: folds differ, and nothing is proven.
    for (again, proven) in [(0, true), (1, false)] {
        let artifact = partly_refitted(again);
        assert!(!artifact.header().refitted);
        let artifact = ModelArtifact::from_bytes(&artifact.to_bytes()).expect("its own file");
        assert_eq!(artifact.guarantee(0.9).is_some(), proven);
        let new = csv(Task::Regression, 1_000, &mut Rng::new(22));
        let held = held(&artifact, &new, &[0.9])[0] as f64 / 1_000.0;
        assert!((0.85..0.95).contains(&held), "{again}: {held}");
    }
}
