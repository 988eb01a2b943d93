//! What a finished study says of itself: corrected probabilities, thresholds, ties.

use super::protocol::StudyRequest;
use super::tests::{request, run, table};
use super::{ModelArtifact, Outcome, PredictOptions, prepare};
use crate::numeric::{Rng, math};
use std::sync::Arc;

/// Rows of a rare class that two numbers say something of.
fn rare(rows: usize, seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let mut out = "a,b,answer\n".to_owned();
    for _ in 0..rows {
        let (a, b) = (rng.normal(), rng.normal());
        let is = rng.uniform() < math::sigmoid(1.3 * a + 0.7 * b - 2.2);
        out.push_str(&format!("{a:.3},{b:.3},{}\n", if is { "yes" } else { "no" }));
    }
    out
}

fn study(text: &str, request: &StudyRequest) -> Outcome {
    let (rows, next) = table(text);
    let prepared = Arc::new(prepare(&rows, next, request).expect("a table that can be learned from"));
    run(&prepared, request, 1).expect("a model")
}

#[test]
fn labels_follow_the_threshold_everywhere() {
    let text = rare(900, 2);
    let request =
        StudyRequest { metric: Some("f1".to_owned()), learners: vec!["logistic".to_owned()], ..request(3) };
    let outcome = study(&text, &request);
    let artifact = &outcome.artifact;
    let threshold = outcome.verdict.threshold.expect("0.5 finds few of a rare class");
    assert!(threshold < 0.45 && artifact.threshold() == Some(threshold), "{threshold}");
    assert!(outcome.verdict.sentence.starts_with("F1: guessing has"), "{}", outcome.verdict.sentence);
    assert!(outcome.verdict.explanation.contains("is called \"yes\" where its probability is above"));

    let (rows, _) = table(&text);
    let labels = |options: PredictOptions| {
        let (csv, _) = artifact.predictions_csv(&rows, &options).expect("its own table");
        assert!(csv.starts_with("no,yes,prediction\n"), "{csv}");
        let cells = csv.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        cells.map(|c| (c[1].parse::<f64>().expect("a number"), c[2] == "yes")).collect::<Vec<_>>()
    };
    let own = labels(PredictOptions { labels: true, ..Default::default() });
    assert!(own.iter().all(|(p, yes)| *yes == (*p > threshold)));
    let other = labels(PredictOptions { threshold: Some(0.5), ..Default::default() });
    assert!(other.iter().all(|(p, yes)| *yes == (*p > 0.5)) && other != own);
    // The confusion matrix of the verdict has more of the rare class than is likely.
    let called: u64 = [1, 3].iter().map(|&i| outcome.verdict.confusion[i]).sum();
    assert!(called > 0);
    let score = |threshold| {
        let (scores, _) = artifact.score(&rows, threshold).expect("the target is there");
        let of = |id: &str| scores.iter().find(|s| s.id == id).and_then(|s| s.score).expect("defined");
        (of("f1"), of("roc_auc"))
    };
    assert!(score(None).0 > score(Some(0.5)).0, "{:?} {:?}", score(None), score(Some(0.5)));
    assert_eq!(score(None).1, score(Some(0.5)).1);
    // A row between the two thresholds is called by the model's own.
    let (p, at) = own
        .iter()
        .zip(0..)
        .map(|((p, _), i)| (*p, i))
        .find(|(p, _)| *p > threshold && *p < 0.5)
        .expect("one of 900");
    let line: Vec<&str> = text.lines().nth(at + 1).expect("a row").split(',').collect();
    let values = [("a", line[0]), ("b", line[1])].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let prediction = artifact.predict_row(&values.into_iter().collect()).expect("a row");
    assert!(prediction.answer == "yes" && prediction.probabilities[1].1 == p, "{prediction:?}");

    assert_eq!(
        artifact.score(&rows, Some(2.0)).expect_err("no probability").code,
        "threshold.no_probability"
    );
}

#[test]
fn models_that_cannot_be_told_apart_are_marked() {
    let learners = ["logistic", "extra_trees"].map(str::to_owned).to_vec();
    for metric in ["roc_auc", "log_loss", "f1"] {
        let request =
            StudyRequest { metric: Some(metric.to_owned()), learners: learners.clone(), ..request(6) };
        let board = study(&rare(500, 4), &request).board;
        assert!(board.tie_test.is_some());
        let (first, others) = board.rows.split_first().expect("rows");
        assert!(first.p_vs_best.is_none() && first.tied_with_best.is_none());
        let guessing = others.iter().find(|r| r.learner == "baseline").expect("always tried");
        assert_eq!(guessing.tied_with_best, Some(false), "{metric}: {:?}", guessing.p_vs_best);
        for row in others {
            let p = row.p_vs_best.expect("all folds were done");
            assert!((0.0..=1.0).contains(&p) && row.tied_with_best == Some(p >= 0.05), "{p}");
        }
        let any_tied = others.iter().any(|r| r.tied_with_best == Some(true));
        assert!(any_tied || metric == "f1", "{metric}");
    }
}

#[test]
fn probabilities_that_were_corrected_stay_so_in_the_file() {
    // Naive Bayes counts what two copies of a column say twice, and is too sure.
    let mut rng = Rng::new(8);
    let mut text = "a,b,c,d,answer\n".to_owned();
    for _ in 0..1_500 {
        let a = rng.normal();
        let mut near = || a + 0.05 * rng.normal();
        let (b, c, d) = (near(), near(), near());
        let is = rng.uniform() < math::sigmoid(1.2 * a);
        text.push_str(&format!("{a:.3},{b:.3},{c:.3},{d:.3},{}\n", if is { "yes" } else { "no" }));
    }
    let request = StudyRequest { learners: vec!["naive_bayes".to_owned()], ..request(2) };
    let outcome = study(&text, &request);
    let check = outcome.verdict.calibration.clone().expect("classes");
    assert_ne!(check.method, "none");
    let (before, after) = (check.before, check.after);
    assert!(after.log_loss < before.log_loss && after.brier < before.brier, "{check:?}");
    assert!(after.expected_calibration_error < before.expected_calibration_error, "{check:?}");
    let again = ModelArtifact::from_bytes(&outcome.artifact.to_bytes()).expect("its own file");
    assert_eq!(again.header().decision, outcome.artifact.header().decision);
    let (rows, _) = table(&text);
    let (scores, _) = again.score(&rows, None).expect("the target is there");
    let loss = scores.iter().find(|s| s.id == "log_loss").and_then(|s| s.score).expect("defined");
    assert!(loss < before.log_loss, "{loss} {before:?}");
}
