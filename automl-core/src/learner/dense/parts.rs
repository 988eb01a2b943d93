//! Learners on dense frames whose rows come a block at a time, against the same fits on all rows in memory.

use super::testing::{classes, fit, frame, in_parts, normals, try_fit, values};
use crate::learner::ParamValue::{self, Float, Text};
use crate::learner::logistic::Logistic;
use crate::learner::naive_bayes::NaiveBayes;
use crate::learner::ridge::Ridge;
use crate::learner::{Fit, Learner, Params};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::Rng;
use crate::platform::Cancel;
use proptest::prelude::*;

/// Columns far from 0 and of different widths, some cells of which are missing.
fn table(rows: usize, features: usize, seed: u64) -> Frame {
    let mut rng = Rng::new(seed);
    let column = |j: usize| {
        let (middle, width) = ([0.0, 40.0, -3.0][j % 3], [1.0, 0.1, 7.0, 2.0][j % 4]);
        let cell = |_| if rng.below(15) == 0 { f32::NAN } else { (middle + width * rng.normal()) as f32 };
        (0..rows).map(cell).collect()
    };
    frame((0..features).map(column).collect())
}

fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}

fn numbers(frame: &Frame, seed: u64) -> Target {
    let mut rng = Rng::new(seed);
    let signal = |x: &[f64]| 1e3 + x.iter().zip([2.0, -1.0, 0.3]).map(|(x, w)| finite(*x) * w).sum::<f64>();
    Target::Values(values(frame, |x| signal(x) + rng_free(x)).into_iter().map(|y| y + rng.normal()).collect())
}

/// What no linear model tells.
fn rng_free(x: &[f64]) -> f64 {
    x.first().map_or(0.0, |x| (finite(*x) * 3.0).abs())
}

fn whole(
    learner: &dyn Learner,
    (frame, target, weights): (&Frame, &Target, Option<&[f32]>),
    validation: (&Frame, &Target),
    given: &[(&str, ParamValue)],
) -> Box<dyn Model> {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    let params = Params::complete(learner.spec().params, &given);
    let cancel = Cancel::new();
    let validation = Some(validation);
    let fit = Fit {
        frame,
        target,
        weights,
        validation,
        params: &params,
        seed: 1,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    learner.fit(&fit).expect("fits")
}

/// The largest difference of two models' predictions, as a share of the largest prediction.
fn apart(one: &dyn Model, other: &dyn Model, frame: &Frame) -> f64 {
    let (one, other) = (one.predict(frame).values, other.predict(frame).values);
    let largest = one.iter().fold(1e-9f64, |most, x| most.max(x.abs()));
    one.iter().zip(&other).map(|(a, b)| (a - b).abs() / largest).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn ridge_in_parts_is_ridge(
        (rows, features, block) in (20..900usize, 1..12usize, 1..300usize),
        (path, weighted) in (any::<bool>(), any::<bool>()),
        seed in 0..1000u64,
    ) {
        let (train, test) = (table(rows + features, features, seed), table(80, features, seed + 1));
        let (target, truth) = (numbers(&train, seed), numbers(&test, seed + 1));
        let weights: Vec<f32> = (0..train.rows).map(|i| (i % 4) as f32).collect();
        let all = (&train, &target, weighted.then_some(weights.as_slice()));
        let given = [("alpha", Float(if path { 0.0 } else { 3.0 }))];
        let model = in_parts(&Ridge, all, (&test, &truth), &given, (1, block));
        let same = whole(&Ridge, all, (&test, &truth), &given);
        prop_assert!(apart(&*model, &*same, &test) < 1e-8);
        prop_assert_eq!(model.encode(), in_parts(&Ridge, all, (&test, &truth), &given, (1, 7)).encode());
    }

    #[test]
    fn naive_bayes_in_parts_is_naive_bayes(
        (rows, features, block, kinds) in (20..600usize, 1..8usize, 1..300usize, 2..5usize),
        seed in 0..1000u64,
    ) {
        let (train, test) = (table(rows, features, seed), table(80, features, seed + 1));
        let of = |frame: &Frame| classes(&values(frame, |x| finite(x[0]) + rng_free(x)), kinds);
        let (target, truth) = (of(&train), of(&test));
        let all = (&train, &target, None);
        let model = in_parts(&NaiveBayes, all, (&test, &truth), &[], (1, block));
        prop_assert!(apart(&*model, &*fit(&NaiveBayes, &train, &target, &[]), &test) < 1e-6);
        prop_assert_eq!(model.encode(), in_parts(&NaiveBayes, all, (&test, &truth), &[], (1, 3)).encode());
    }

    #[test]
    fn logistic_regression_in_parts_is_logistic_regression(
        (rows, features, block, parts, kinds) in (60..500usize, 1..6usize, 1..300usize, 1..5usize, 2..4usize),
        (path, weighted, balanced) in (any::<bool>(), any::<bool>(), any::<bool>()),
        seed in 0..1000u64,
    ) {
        let (train, test) = (normals(rows, features, seed), normals(80, features, seed + 1));
        let mut rng = Rng::new(seed);
        let of = |frame: &Frame, rng: &mut Rng| {
            let noisy: Vec<f64> = values(frame, |x| x[0] - x[features - 1] / 2.0);
            classes(&noisy.into_iter().map(|x| x + rng.normal()).collect::<Vec<_>>(), kinds)
        };
        let (target, truth) = (of(&train, &mut rng), of(&test, &mut rng));
        let weights: Vec<f32> = (0..rows).map(|i| 0.5 + (i % 3) as f32).collect();
        let all = (&train, &target, weighted.then_some(weights.as_slice()));
        let balance = Text(if balanced { "balanced" } else { "none" }.to_owned());
        let given = [("c", Float(if path { 0.0 } else { 0.7 })), ("class_weight", balance)];
        let model = in_parts(&Logistic, all, (&test, &truth), &given, (parts, block));
        let same = whole(&Logistic, all, (&test, &truth), &given);
        // Parts choose c by the first of them, and what comes last is the minimum itself.
        if parts == 1 && !weighted && !balanced {
            prop_assert_eq!(model.encode(), same.encode());
        } else if !path {
            let apart = apart(&*model, &*same, &test);
            prop_assert!(apart < 1e-3, "{}", apart);
        }
        prop_assert_eq!(model.encode(), in_parts(&Logistic, all, (&test, &truth), &given, (parts, 11)).encode());
    }
}

/// More rows are better than few, where c is chosen too.
#[test]
fn many_parts_beat_one() {
    let (train, test) = (normals(4000, 12, 1), normals(4000, 12, 2));
    let mut rng = Rng::new(3);
    let mut of = |frame: &Frame| {
        let noisy = values(frame, |x| x.iter().enumerate().map(|(j, x)| x * (j as f64 - 5.0) / 4.0).sum());
        classes(&noisy.into_iter().map(|x| x + 2.0 * rng.normal()).collect::<Vec<_>>(), 2)
    };
    let (target, truth) = (of(&train), of(&test));
    let Target::Classes { codes, .. } = &truth else { unreachable!() };
    let given = [("c", Float(0.0))];
    let loss = |model: &dyn Model| {
        let predicted = model.predict(&test).values;
        let of_row = |(row, &code): (&[f64], &u32)| -crate::numeric::math::ln(row[code as usize].max(1e-9));
        predicted.chunks_exact(2).zip(codes).map(of_row).sum::<f64>()
    };
    let all = in_parts(&Logistic, (&train, &target, None), (&test, &truth), &given, (40, 500));
    let rows: Vec<u32> = (0..100).collect();
    let few = try_fit(&Logistic, &train.take(&rows), &target.take(&rows), Some((&test, &truth)), &given, 1);
    let whole = try_fit(&Logistic, &train, &target, Some((&test, &truth)), &given, 1);
    let (all, few, whole) = (loss(&*all), loss(&*few.expect("fits")), loss(&*whole.expect("fits")));
    assert!(all < 0.97 * few && all < 1.01 * whole, "{all} {few} {whole}");
}
