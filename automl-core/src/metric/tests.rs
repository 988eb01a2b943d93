//! Metrics against scikit-learn (`tests/golden/metrics.json`, made by the script beside it), and what must hold
//! for any input.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn golden(question: &str) -> serde_json::Map<String, Value> {
    let all: Value = serde_json::from_str(include_str!("../../../tests/golden/metrics.json")).unwrap();
    all[question].as_object().unwrap().clone()
}

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn check(case: &str, actual: Actual<'_>, predicted: &[f64], expected: &Value) {
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), all().iter().filter(|m| m.suits(actual.question())).count());
    for (id, value) in expected {
        let got = find(id).unwrap().score(actual, predicted);
        match (got, value.as_f64()) {
            (None, None) => {}
            (Some(g), Some(e)) => {
                assert!((g - e).abs() <= 1e-9 * e.abs().max(1.0), "{id} on {case}: {g} for {e}");
            }
            (g, e) => panic!("{id} on {case}: {g:?} for {e:?}"),
        }
    }
}

#[test]
fn classification_equals_scikit_learn() {
    for question in ["binary", "multiclass"] {
        for (case, v) in golden(question) {
            let codes: Vec<u32> = floats(&v["codes"]).iter().map(|&c| c as u32).collect();
            let classes = v["classes"].as_u64().unwrap() as usize;
            let predicted = floats(&v["predicted"]);
            check(&case, Actual::Classes { codes: &codes, classes }, &predicted, &v["expected"]);
            assert_eq!(
                confusion_matrix(&codes, &predicted, classes).counts,
                floats(&v["confusion"]),
                "{case}"
            );
        }
    }
}

#[test]
fn regression_equals_scikit_learn() {
    for (case, v) in golden("regression") {
        check(&case, Actual::Values(&floats(&v["actual"])), &floats(&v["predicted"]), &v["expected"]);
    }
}

#[test]
fn names_are_found_and_distinct() {
    for (question, id) in
        [(Question::Binary, "roc_auc"), (Question::Multiclass, "log_loss"), (Question::Regression, "rmse")]
    {
        assert_eq!(default_for(question).id, id);
        assert!(default_for(question).suits(question));
    }
    for (name, id) in
        [("AUC", "roc_auc"), ("log-loss", "log_loss"), ("Balanced Accuracy", "balanced_accuracy")]
    {
        assert_eq!(find(name).unwrap().id, id);
    }
    assert!(find("nothing").is_none());
    let mut names: Vec<&str> =
        all().iter().flat_map(|m| std::iter::once(m.id).chain(m.synonyms.iter().copied())).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn losses_are_lower_when_better() {
    let auc = find("auc").unwrap();
    assert_eq!(auc.loss(1.0), 0.0);
    assert!(auc.is_better(0.9, 0.8) && auc.loss(0.9) < auc.loss(0.8));
    let rmse = find("rmse").unwrap();
    assert!(rmse.is_better(1.0, 2.0) && rmse.loss(1.0) < rmse.loss(2.0));
}

#[test]
fn what_does_not_fit_is_undefined() {
    let codes = [0, 1];
    let actual = Actual::Classes { codes: &codes, classes: 2 };
    for metric in all() {
        assert_eq!(metric.score(Actual::Values(&[]), &[]), None);
        assert_eq!(metric.score(Actual::Classes { codes: &[], classes: 2 }, &[]), None);
        assert_eq!(metric.score(actual, &[0.5; 3]), None);
        assert_eq!(metric.score(actual, &[0.5, 0.5, f64::NAN, 0.5]), None);
        assert_eq!(metric.score(Actual::Values(&[1.0]), &[f64::INFINITY]), None);
        assert_eq!(metric.score(Actual::Classes { codes: &[0, 7], classes: 2 }, &[0.5; 4]), None);
    }
}

#[test]
fn both_zeros_tie() {
    assert_eq!(roc_auc(&[0, 1], &[1.0, 0.0, 1.0, -0.0], 2), Some(0.5));
    assert_eq!(rank::sort_key(-0.0), rank::sort_key(0.0));
    assert!(rank::sort_key(-2.0) < rank::sort_key(-1.0) && rank::sort_key(-1.0) < rank::sort_key(1e-300));
}

#[test]
fn intervals_cover_narrow_and_repeat() {
    let interval = |rows: usize, seed: u64| {
        let codes: Vec<u32> = (0..rows as u32).map(|i| i % 2).collect();
        let predicted: Vec<f64> = codes
            .iter()
            .enumerate()
            .flat_map(|(i, &c)| {
                let p = 0.3 * f64::from(c) + 0.7 * ((i * 37 % 101) as f64 / 101.0);
                [1.0 - p, p]
            })
            .collect();
        let actual = Actual::Classes { codes: &codes, classes: 2 };
        let options = interval::Bootstrap { seed, ..Default::default() };
        let metric = default_for(Question::Binary);
        let (low, high) = interval::bootstrap(metric, actual, &predicted, options).unwrap();
        let score = metric.score(actual, &predicted).unwrap();
        assert!(low < score && score < high);
        (low, high)
    };
    assert_eq!(interval(60, 1), interval(60, 1));
    assert_ne!(interval(60, 1), interval(60, 2));
    let width = |(low, high): (f64, f64)| high - low;
    // The standard error falls with the root of the number of rows.
    let ratio = width(interval(100, 1)) / width(interval(1600, 1));
    assert!((3.0..5.5).contains(&ratio), "{ratio}");
    assert_eq!(
        interval::bootstrap(
            default_for(Question::Binary),
            Actual::Classes { codes: &[1, 1], classes: 2 },
            &[0.5; 4],
            interval::Bootstrap::default()
        ),
        None
    );
}

#[test]
fn a_score_that_no_resample_changes_has_a_point_interval() {
    // 400 errors of ±1: the mean absolute error is 1 in every resample.
    let actual: Vec<f64> = (0..400).map(f64::from).collect();
    let predicted: Vec<f64> = actual.iter().map(|a| if a % 2.0 == 0.0 { a + 1.0 } else { a - 1.0 }).collect();
    let mae = find("mae").unwrap();
    let bounds = interval::bootstrap(mae, Actual::Values(&actual), &predicted, Default::default()).unwrap();
    assert_eq!(bounds, (1.0, 1.0));
}

/// The area by comparing every pair.
fn slow_auc(codes: &[u32], p: &[f64]) -> Option<f64> {
    let (mut pairs, mut won) = (0.0, 0.0);
    for (i, &a) in codes.iter().enumerate() {
        for (j, &b) in codes.iter().enumerate() {
            if a == 1 && b == 0 {
                pairs += 1.0;
                let (high, low) = (p[2 * i + 1], p[2 * j + 1]);
                won += if high > low {
                    1.0
                } else if high == low {
                    0.5
                } else {
                    0.0
                };
            }
        }
    }
    (pairs > 0.0).then_some(won / pairs)
}

/// Every metric has a weighted form, which gives what the plain one gives of repeated rows.
fn alike(
    seen: Seen<'_>,
    predicted: &[f64],
    again: Actual<'_>,
    repeated: &[f64],
) -> Result<(), TestCaseError> {
    for metric in all().iter().filter(|m| m.suits(seen.actual.question())) {
        match (metric.score(seen, predicted), metric.score(again, repeated)) {
            (Some(a), Some(b)) => {
                prop_assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{} {a} {b}", metric.id);
            }
            // Of one row alone R² is undefined, however much it counts; of a constant it is a matter of rounding.
            _ if metric.id == "r2" => {}
            // A row without weight may be one that the metric is undefined on.
            (None, _) if metric.id == "rmsle" => {}
            (a, b) => prop_assert_eq!(a, b, "{}", metric.id),
        }
    }
    Ok(())
}

fn labelled(classes: usize) -> impl Strategy<Value = (Vec<u32>, Vec<f64>)> {
    proptest::collection::vec((0..classes as u32, proptest::collection::vec(0u32..6, classes)), 1..40)
        .prop_map(|rows| {
            let codes = rows.iter().map(|(c, _)| *c).collect();
            let p = rows
                .iter()
                .flat_map(|(_, w)| {
                    let total: u32 = w.iter().sum();
                    let uniform = 1.0 / w.len() as f64;
                    w.iter()
                        .map(move |&x| if total == 0 { uniform } else { f64::from(x) / f64::from(total) })
                        .collect::<Vec<_>>()
                })
                .collect();
            (codes, p)
        })
}

proptest! {
    #[test]
    fn auc_equals_all_pairs((codes, p) in labelled(2)) {
        match (roc_auc(&codes, &p, 2), slow_auc(&codes, &p)) {
            (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
            (a, b) => prop_assert_eq!(a, b),
        }
    }

    #[test]
    fn a_row_of_weight_n_is_n_rows((codes, p) in labelled(2), (more, q) in labelled(3), weights in proptest::collection::vec(0usize..4, 40)) {
        for (codes, p, classes) in [(&codes, &p, 2), (&more, &q, 3)] {
            let repeated: Vec<usize> = (0..codes.len()).flat_map(|i| std::iter::repeat_n(i, weights[i])).collect();
            let again: Vec<u32> = repeated.iter().map(|&i| codes[i]).collect();
            let predicted: Vec<f64> = repeated.iter().flat_map(|&i| p[i * classes..(i + 1) * classes].to_vec()).collect();
            // Only ratios of weights matter.
            let weights: Vec<f64> = weights[..codes.len()].iter().map(|&w| 0.7 * w as f64).collect();
            let actual = Actual::Classes { codes, classes };
            alike(Seen { actual, weights: Some(&weights) }, p, Actual::Classes { codes: &again, classes }, &predicted)?;
        }
    }

    #[test]
    fn a_number_of_weight_n_is_n_rows(rows in proptest::collection::vec((-5..50i32, -5..50i32, 0usize..4), 1..40)) {
        let of = |i: &(i32, i32, usize)| (f64::from(i.0), f64::from(i.1));
        let (actual, predicted): (Vec<f64>, Vec<f64>) = rows.iter().map(of).unzip();
        let (again, repeated): (Vec<f64>, Vec<f64>) = rows.iter().flat_map(|r| std::iter::repeat_n(of(r), r.2)).unzip();
        let weights: Vec<f64> = rows.iter().map(|r| 0.5 * r.2 as f64).collect();
        alike(Seen { actual: Actual::Values(&actual), weights: Some(&weights) }, &predicted, Actual::Values(&again), &repeated)?;
    }

    #[test]
    fn class_metrics_stay_in_bounds((codes, p) in labelled(4)) {
        let actual = Actual::Classes { codes: &codes, classes: 4 };
        for metric in all().iter().filter(|m| m.suits(Question::Multiclass)) {
            if let Some(v) = metric.score(actual, &p) {
                let (low, high) = match metric.id {
                    "mcc" => (-1.0, 1.0),
                    "brier" => (0.0, 2.0),
                    "log_loss" => (0.0, 37.0),
                    _ => (0.0, 1.0),
                };
                prop_assert!((low - 1e-12..=high + 1e-12).contains(&v), "{} {}", metric.id, v);
            }
        }
    }

    #[test]
    fn errors_are_zero_only_when_hit(values in proptest::collection::vec((-1e6..1e6f64, -1e6..1e6f64), 1..50)) {
        let (actual, predicted): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
        for metric in all().iter().filter(|m| m.suits(Question::Regression)) {
            if let Some(v) = metric.score(Actual::Values(&actual), &predicted) {
                prop_assert!(metric.loss(v) >= 0.0, "{}", metric.id);
            }
            if let Some(v) = metric.score(Actual::Values(&actual), &actual) {
                prop_assert_eq!(metric.loss(v), 0.0, "{}", metric.id);
            }
        }
    }
}
