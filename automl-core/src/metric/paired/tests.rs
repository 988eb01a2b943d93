//! Against SciPy and the formulas (`tests/golden/paired.json`, made by the script beside it).

use super::*;
use crate::metric::{self, Actual};
use crate::numeric::Rng;
use serde_json::Value;

fn golden(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../../tests/golden/paired.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{got} for {expected}");
}

#[test]
fn tails_of_students_distribution_are_scipys() {
    for case in golden("student") {
        let case = floats(&case);
        close(student::two_sided_p(case[0], case[1]), case[2]);
    }
}

#[test]
fn tests_over_rows_folds_and_areas_are_the_formulas() {
    for case in golden("rows") {
        let a = floats(&case["differences"]);
        let got = over_rows(&a, &vec![0.0; a.len()]).unwrap();
        close(got.error, case["error"].as_f64().unwrap());
        close(got.p, case["p"].as_f64().unwrap());
    }
    for case in golden("folds") {
        let a = floats(&case["differences"]);
        let got = over_folds(&a, &vec![0.0; a.len()], case["share"].as_f64().unwrap()).unwrap();
        close(got.error, case["error"].as_f64().unwrap());
        close(got.p, case["p"].as_f64().unwrap());
    }
    for case in golden("auc") {
        let codes: Vec<u32> = floats(&case["codes"]).iter().map(|&c| c as u32).collect();
        // The golden difference is of areas, ours of losses.
        let got = auc_difference(&codes, &floats(&case["b"]), &floats(&case["a"])).unwrap();
        let expected = &case["delong"];
        close(got.difference, expected["difference"].as_f64().unwrap());
        close(got.error, expected["error"].as_f64().unwrap());
        close(got.p, expected["p"].as_f64().unwrap());
    }
}

#[test]
fn of_a_mean_the_jackknife_gives_the_error_of_rows() {
    let mut rng = Rng::new(3);
    let a: Vec<f64> = (0..60).map(|_| rng.normal()).collect();
    let zeros = vec![0.0; a.len()];
    let without: Vec<f64> = (0..a.len())
        .map(|g| mean(&(0..a.len()).filter(|&i| i != g).map(|i| a[i]).collect::<Vec<f64>>()))
        .collect();
    let (rows, groups) = (over_rows(&a, &zeros).unwrap(), over_groups(mean(&a), &without).unwrap());
    close(groups.error, rows.error);
    close(groups.p, rows.p);
}

#[test]
fn equal_models_are_tied_and_nothing_is_divided_by_nothing() {
    assert_eq!(over_rows(&[1.0, 2.0], &[1.0, 2.0]).unwrap().p, 1.0);
    assert_eq!(over_rows(&[1.0, 1.0], &[0.5, 0.5]).unwrap().p, 0.0);
    assert!(over_rows(&[1.0], &[0.0]).is_none() && over_folds(&[1.0], &[0.0], 0.2).is_none());
    assert!(joined(&[]).is_none() && auc_difference(&[1, 0], &[0.1, 0.2], &[0.2, 0.1]).is_none());
}

#[test]
fn losses_of_rows_are_those_of_the_metric() {
    let mut rng = Rng::new(4);
    let codes: Vec<u32> = (0..90).map(|_| rng.below(3) as u32).collect();
    let p: Vec<f64> = (0..90)
        .flat_map(|_| {
            let p = [rng.uniform(), rng.uniform(), rng.uniform()];
            let total: f64 = p.iter().sum();
            p.map(|v| v / total)
        })
        .collect();
    let actual = Actual::Classes { codes: &codes, classes: 3 };
    for id in ["accuracy", "balanced_accuracy", "recall", "log_loss", "brier"] {
        let metric = metric::find(id).unwrap();
        let losses = row_losses(metric, actual, &p).unwrap();
        close(mean(&losses), metric.loss(metric.score(actual, &p).unwrap()));
    }
    let two: Vec<u32> = codes.iter().map(|c| c % 2).collect();
    let half: Vec<f64> = p.chunks(3).flat_map(|r| [1.0 - r[0], r[0]]).collect();
    let recall = metric::find("recall").unwrap();
    let actual = Actual::Classes { codes: &two, classes: 2 };
    let expected = recall.loss(recall.score(actual, &half).unwrap());
    close(mean(&row_losses(recall, actual, &half).unwrap()), expected);
    let (y, p): (Vec<f64>, Vec<f64>) = (0..50).map(|_| (rng.uniform(), rng.uniform())).unzip();
    for (id, root) in [("mse", false), ("rmse", true), ("mae", false), ("mape", false), ("rmsle", true)] {
        let metric = metric::find(id).unwrap();
        let mean = mean(&row_losses(metric, Actual::Values(&y), &p).unwrap());
        close(if root { mean.sqrt() } else { mean }, metric.score(Actual::Values(&y), &p).unwrap());
    }
    assert!(row_losses(metric::find("f1").unwrap(), actual, &half).is_none());
}

#[test]
fn models_alike_are_seldom_told_apart() {
    // Two models that are equally good: in about one case of twenty the test errs.
    let apart = (0..400).filter(|&seed| {
        let mut rng = Rng::new(seed);
        let codes: Vec<u32> = (0..120).map(|_| rng.below(2) as u32).collect();
        let mut noisy = || codes.iter().map(|&c| f64::from(c) + rng.normal()).collect::<Vec<f64>>();
        let (a, b) = (noisy(), noisy());
        auc_difference(&codes, &a, &b).unwrap().p < 0.05
    });
    let apart = apart.count();
    assert!((8..=34).contains(&apart), "{apart} of 400");
}
