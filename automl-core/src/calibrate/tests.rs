//! What the formulas say, and what must hold for any input.

use super::fits;
use super::maps::interpolated;
use super::scale::compared;
use super::*;
use crate::metric;
use crate::numeric::{Rng, math, mean};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn the_rank_is_that_of_the_formula() {
    let of = |n: usize| Conformal::new(vec![(1..=n).map(|i| i as f64).collect()]).expect("finite scores");
    for (n, level, rank) in [(9, 0.9, 9), (10, 0.9, 10), (19, 0.95, 19), (99, 0.9, 90), (100, 0.8, 81)] {
        assert_eq!(of(n).rank(level).map(|r| r.place), Ok(rank), "{n} {level}");
    }
    assert_eq!(of(8).rank(0.9), Err(LevelError::TooHigh { most: 0.888 }));
    for level in [0.0, 1.0, -0.5, 90.0, f64::NAN] {
        assert_eq!(of(50).rank(level), Err(LevelError::NoLevel));
    }
    // One list: the interval is the prediction plus and minus the score of that rank.
    let rank = of(99).rank(0.9).expect("enough rows");
    assert_eq!(of(99).interval(&[10.0], rank), (-80.0, 100.0));
    assert!(Conformal::new(vec![vec![1.0, f64::NAN]]).is_none() && Conformal::new(vec![vec![]]).is_none());
}

#[test]
fn of_many_scores_those_are_kept_that_err_on_the_safe_side() {
    let many = Conformal::new(vec![(1..=10_000).map(f64::from).rev().collect()]).expect("finite scores");
    assert!(many.rows() == 10_000 && many.is_sound());
    for level in [0.5, 0.8, 0.9, 0.95, 0.99] {
        let rank = many.rank(level).expect("enough rows");
        let high = many.interval(&[0.0], rank).1;
        assert!(high >= (10_001.0 * level).ceil() && high <= 10_000.0 * level + 20.0, "{level}: {high}");
    }
}

/// CV+ as it is written in the paper.
fn slow_interval(scores: &[Vec<f64>], centres: &[f64], rank: usize) -> (f64, f64) {
    let each = || scores.iter().zip(centres).flat_map(|(s, c)| s.iter().map(move |r| (c - r, c + r)));
    let (mut low, mut high): (Vec<f64>, Vec<f64>) = each().unzip();
    low.sort_by(|a, b| b.total_cmp(a));
    high.sort_by(f64::total_cmp);
    (low[rank - 1], high[rank - 1])
}

proptest! {
    #[test]
    fn intervals_are_those_of_the_paper(
        scores in proptest::collection::vec(proptest::collection::vec(0f64..10.0, 1..20), 1..5),
        centres in proptest::collection::vec(-5f64..5.0, 5),
        level in 0.1..0.95f64,
    ) {
        let conformal = Conformal::new(scores.clone()).expect("finite scores");
        if let Ok(rank) = conformal.rank(level) {
            let (low, high) = conformal.interval(&centres[..scores.len()], rank);
            let (a, b) = slow_interval(&scores, &centres, rank.place);
            prop_assert_eq!((low, high), (a.min(b), a.max(b)));
        }
    }

    #[test]
    fn sets_grow_with_the_level(
        scores in proptest::collection::vec(0f64..1.0, 20..60),
        p in proptest::collection::vec(0.01..1.0f64, 4),
    ) {
        let total: f64 = p.iter().sum();
        let p: Vec<f64> = p.iter().map(|v| v / total).collect();
        let conformal = Conformal::new(vec![scores]).expect("finite scores");
        let size = |level: f64| {
            let rank = conformal.rank(level).expect("enough rows");
            conformal.set(&p, &p, rank).iter().filter(|c| **c).count()
        };
        prop_assert!(size(0.3) >= 1 && size(0.3) <= size(0.6) && size(0.6) <= size(0.9));
    }
}

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(case: &str, got: f64, expected: f64, margin: f64) {
    assert!((got - expected).abs() <= margin * expected.abs().max(1.0), "{case}: {got} for {expected}");
}

/// `tests/golden/intervals.json`, made by the script beside it.
#[test]
fn scaled_intervals_equal_numpys() {
    let all: Value = serde_json::from_str(include_str!("../../../tests/golden/intervals.json")).unwrap();
    for (case, v) in all.as_object().unwrap() {
        let (predicted, actual) = (floats(&v["predicted"]), floats(&v["actual"]));
        let errors: Vec<f64> = predicted.iter().zip(&actual).map(|(p, y)| (y - p).abs()).collect();
        let scale = Scale::fit(&predicted, &errors).unwrap();
        let points = scale.at.iter().chain(&scale.spread);
        let expected = [floats(&v["at"]), floats(&v["spread"])].concat();
        assert_eq!(points.clone().count(), expected.len(), "{case}");
        points.zip(expected).for_each(|(got, expected)| close(case, *got, expected, 1e-12));
        let (alike, scaled) = compared(&predicted, &errors).unwrap();
        close(case, mean(&alike), v["alike"].as_f64().unwrap(), 1e-12);
        close(case, mean(&scaled), v["scaled"].as_f64().unwrap(), 1e-12);
        assert_eq!(Scale::choose(&predicted, &errors).is_some(), v["chosen"].as_bool().unwrap(), "{case}");
        let folds = v["folds"].as_u64().unwrap() as usize;
        let by_fold = |values: &[f64]| -> Vec<Vec<f64>> {
            (0..folds).map(|k| values.iter().copied().skip(k).step_by(folds).collect()).collect()
        };
        let conformal = Conformal::scaled(&by_fold(&predicted), by_fold(&errors)).unwrap();
        assert!(conformal.is_sound() && conformal.guarantee(0.9).is_none());
        for v in v["intervals"].as_array().unwrap() {
            let rank = conformal.rank(v["level"].as_f64().unwrap()).unwrap();
            let (low, high) = conformal.interval(&floats(&v["centres"]), rank);
            let (a, b) = (v["low"].as_f64().unwrap(), v["high"].as_f64().unwrap());
            close(case, low, a.min(b), 1e-9);
            close(case, high, a.max(b), 1e-9);
        }
    }
}

#[test]
fn a_scale_is_fitted_where_there_is_something_to_fit() {
    let ones = vec![1.0; 500];
    let rising: Vec<f64> = (0..500).map(f64::from).collect();
    assert!(Scale::fit(&rising[..79], &rising[..79]).is_none(), "one point is no scale");
    assert!(Scale::fit(&ones, &rising).is_none(), "predictions alike");
    assert!(Scale::fit(&rising, &vec![0.0; 500]).is_none(), "nothing is off");
    assert!(Scale::fit(&rising, &vec![f64::MAX; 500]).is_none_or(|s| s.is_sound()));
    assert!(Scale::choose(&rising[..199], &rising[..199]).is_none(), "few rows");
    // Half of the predictions are alike, and make one point.
    let half: Vec<f64> = (0..400).map(|i| f64::from((i - 200).max(0))).collect();
    assert_eq!(Scale::fit(&half, &half).unwrap().at.len(), 6);
    // Without a scale intervals are of one width.
    let conformal = Conformal::scaled(&[ones], vec![rising.clone()]).unwrap();
    assert_eq!(conformal, Conformal::new(vec![rising]).unwrap());
}

proptest! {
    #[test]
    fn a_scale_is_above_nothing_and_between_its_points(
        rows in proptest::collection::vec((-1e6..1e6f64, 0f64..1e6), 80..400),
        at in -2e6..2e6f64,
    ) {
        let (predicted, errors): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        if let Some(scale) = Scale::fit(&predicted, &errors) {
            prop_assert!(scale.is_sound());
            let ends = scale.spread.iter().fold((f64::MAX, 0f64), |(a, b), s| (a.min(*s), b.max(*s)));
            prop_assert!((ends.0 * (1.0 - 1e-9)..=ends.1 * (1.0 + 1e-9)).contains(&scale.of(at)));
            let text = serde_json::to_string(&scale).unwrap();
            prop_assert_eq!(serde_json::from_str::<Scale>(&text).unwrap(), scale);
        }
    }
}

/// `tests/golden/calibration.json`, made by the script beside it.
#[test]
fn maps_equal_scikit_learns() {
    let all: Value = serde_json::from_str(include_str!("../../../tests/golden/calibration.json")).unwrap();
    for (case, v) in all.as_object().unwrap() {
        let codes: Vec<u32> = floats(&v["codes"]).iter().map(|&c| c as u32).collect();
        let classes = v["classes"].as_u64().unwrap() as usize;
        let p = floats(&v["predicted"]);
        let error = metric::expected_calibration_error(&codes, &p, classes).unwrap();
        close(case, error, v["expected_calibration_error"].as_f64().unwrap(), 1e-12);
        let Some(Calibration::Temperature { inverse }) = fits::temperature(&codes, &p, classes) else {
            panic!("{case}: no temperature")
        };
        close(case, inverse, v["inverse_temperature"].as_f64().unwrap(), 1e-6);
        if classes != 2 {
            continue;
        }
        let second: Vec<f64> = p.iter().skip(1).step_by(2).copied().collect();
        let Some(Calibration::Platt { slope, intercept }) = fits::platt(&codes, &second) else {
            panic!("{case}: no Platt map")
        };
        let expected = floats(&v["platt"]);
        close(case, slope, expected[0], 1e-4);
        close(case, intercept, expected[1], 1e-4);
        let Some(Calibration::Beta { a, b, c }) = fits::beta(&codes, &second) else {
            panic!("{case}: no beta map")
        };
        for (got, expected) in [a, b, c].into_iter().zip(floats(&v["beta"])) {
            close(case, got, expected, 1e-5);
        }
        let Some(Calibration::Isotonic { at, to }) = fits::isotonic(&codes, &second) else {
            panic!("{case}: no isotonic map")
        };
        let probes = floats(&v["isotonic"]["at"]).into_iter().zip(floats(&v["isotonic"]["to"]));
        probes.for_each(|(p, expected)| close(case, interpolated(&at, &to, p), expected, 1e-12));
    }
}

/// Rows of two classes whose true log-odds are `wrong` of what is said.
fn said(rows: usize, seed: u64, wrong: impl Fn(f64) -> f64) -> (Vec<u32>, Vec<f64>) {
    let mut rng = Rng::new(seed);
    let mut rows = (0..rows).map(|_| {
        let z = 1.5 * rng.normal();
        let p = math::sigmoid(z);
        (u32::from(rng.uniform() < math::sigmoid(wrong(z))), [1.0 - p, p])
    });
    let (codes, p): (Vec<u32>, Vec<[f64; 2]>) = rows.by_ref().unzip();
    (codes, p.concat())
}

#[test]
fn a_map_is_chosen_only_where_it_helps() {
    let chosen = |rows: usize, wrong: fn(f64) -> f64| {
        let (codes, p) = said(rows, 5, wrong);
        choose(&codes, &p, 2)
    };
    assert_eq!(chosen(2_000, |z| z), Calibration::None);
    assert_eq!(chosen(150, |z| 0.4 * z), Calibration::None, "too few rows");
    let Calibration::Temperature { inverse } = chosen(2_000, |z| 0.4 * z) else { panic!("too sure") };
    assert!((0.3..0.5).contains(&inverse), "{inverse}");
    let Calibration::Platt { slope, intercept } = chosen(2_000, |z| z - 1.5) else { panic!("shifted") };
    assert!((0.8..1.2).contains(&slope) && (-1.8..-1.2).contains(&intercept), "{slope} {intercept}");
    // A shape that no logistic map has.
    let stairs = |z: f64| if z.abs() < 1.0 { 0.0 } else { 3.0 * z.signum() };
    assert_eq!(chosen(6_000, stairs).title(), "isotonic regression");
}

#[test]
fn maps_of_two_classes_keep_the_order_and_lower_the_error() {
    let (codes, p) = said(3_000, 9, |z| 0.3 * z);
    let second: Vec<f64> = p.iter().skip(1).step_by(2).copied().collect();
    let maps = [
        fits::temperature(&codes, &p, 2),
        fits::platt(&codes, &second),
        fits::beta(&codes, &second),
        fits::isotonic(&codes, &second),
    ];
    let auc = metric::roc_auc(&codes, &p, 2).unwrap();
    for map in maps.into_iter().map(Option::unwrap) {
        assert!(map.is_sound(2), "{map:?}");
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), map);
        let mut mapped = p.clone();
        map.apply(&mut mapped, 2);
        assert!(mapped.chunks(2).all(|r| (r[0] + r[1] - 1.0).abs() < 1e-12 && r[0] >= 0.0 && r[1] >= 0.0));
        close(map.title(), metric::roc_auc(&codes, &mapped, 2).unwrap(), auc, 1e-9);
        let error = |p: &[f64]| metric::expected_calibration_error(&codes, p, 2).unwrap();
        assert!(error(&mapped) < 0.8 * error(&p), "{}", map.title());
    }
}

#[test]
fn thresholds_are_chosen_where_they_help() {
    let (codes, p) = said(2_000, 3, |z| z - 1.8);
    let second: Vec<f64> = p.iter().skip(1).step_by(2).copied().collect();
    let of = |id: &str| best_threshold(metric::find(id).unwrap(), &codes, &second, None);
    // A row is more likely than not of the second class from z = 1.8 on.
    let at = of("accuracy").expect("far from 0.5");
    assert!((math::sigmoid(1.4)..math::sigmoid(2.2)).contains(&at), "{at}");
    let decision = Decision { threshold: Some(at), ..Default::default() };
    let actual = metric::Actual::Classes { codes: &codes, classes: 2 };
    let accuracy = metric::find("accuracy").unwrap();
    let (even, chosen) = (accuracy.score(actual, &p), decision.score(accuracy, actual, &p));
    assert!(chosen > even, "{chosen:?} {even:?}");
    // Probabilities are judged as they are.
    let loss = metric::find("log_loss").unwrap();
    assert_eq!(decision.score(loss, actual, &p), loss.score(actual, &p));
    assert!(of("f1").is_some() && of("recall").is_none() && of("roc_auc").is_none());
    // Where 0.5 is the best there is, it stays but for bad luck.
    let chosen = (0..40).filter(|&seed| {
        let (codes, p) = said(800, seed, |z| z);
        let second: Vec<f64> = p.iter().skip(1).step_by(2).copied().collect();
        best_threshold(accuracy, &codes, &second, None).is_some()
    });
    assert!(chosen.count() <= 4);
}
