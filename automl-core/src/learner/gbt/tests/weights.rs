//! Weights of rows and of classes.

use super::{fit, fit_weighted, params, try_fit};
use crate::learner::ParamValue::{self, Float, Int, Text};
use crate::learner::tree::testing::{frame, levels, mixed, numbers};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::Rng;
use proptest::prelude::*;

/// Settings that count no rows.
fn settings(loss: &str) -> Vec<(&'static str, ParamValue)> {
    let mut given = vec![("loss", Text(loss.to_owned())), ("trees", Int(8)), ("max_leaves", Int(6))];
    given.extend([("min_rows_leaf", Int(1)), ("cat_group_rows", Int(1)), ("cat_smooth", Float(0.0))]);
    given.extend([("min_hessian", Float(0.0)), ("learning_rate", Float(0.3)), ("cat_l2", Float(0.0))]);
    given
}

/// Few values a column, so that repeats do not move its bins, and a target without ties.
fn table(rows: usize, seed: u64, classes: usize) -> (Frame, Target, Vec<f32>) {
    let mut rng = Rng::new(seed);
    let a: Vec<f32> = (0..rows).map(|_| rng.below(40) as f32).collect();
    let b: Vec<f32> =
        (0..rows).map(|_| if rng.below(6) == 0 { f32::NAN } else { rng.below(30) as f32 }).collect();
    let c: Vec<u32> = (0..rows).map(|_| rng.below(3) as u32).collect();
    let z: Vec<f64> = (0..rows)
        .map(|i| {
            f64::from(a[i] / 20.0) + f64::from(c[i]) + if b[i] > 15.0 { 1.0 } else { 0.0 } + rng.normal()
        })
        .collect();
    let target = match classes {
        0 => Target::Values(z.iter().map(|z| z * z).collect()),
        _ => Target::Classes {
            codes: z.iter().map(|z| (z.max(0.0) as u32).min(classes as u32 - 1)).collect(),
            classes,
        },
    };
    let weights = (0..rows).map(|_| rng.below(4) as f32).collect();
    (frame(vec![numbers(a), numbers(b), levels(c, 3)]), target, weights)
}

/// How far the predictions of a weighted fit are from those of a fit on repeated rows, in the target's units.
fn apart(rows: usize, seed: u64, classes: usize, loss: &str) -> f64 {
    let (x, y, weights) = table(rows, seed, classes);
    let repeated: Vec<u32> =
        (0..rows as u32).flat_map(|i| std::iter::repeat_n(i, weights[i as usize] as usize)).collect();
    let weighted = fit_weighted(&x, &y, &weights, &settings(loss)).expect("fits").predict(&x);
    let direct = fit(&x.take(&repeated), &y.take(&repeated), &settings(loss)).predict(&x);
    // Repeats are seen by the same trees, so whatever no repeat is in does not count.
    let seen = (0..rows).filter(|&i| weights[i] > 0.0);
    let worst = seen.map(|i| (weighted.row(i)[0] - direct.row(i)[0]).abs());
    worst.fold(0.0, f64::max)
}

#[test]
fn a_row_of_weight_n_is_n_rows() {
    for seed in 0..6 {
        for loss in ["squared", "poisson", "tweedie"] {
            let apart = apart(150, seed, 0, loss);
            assert!(apart < 1e-4, "{loss} {seed}: {apart}");
        }
    }
    // The first gradients of classes take few values, so that some tables have splits that are equally good.
    for classes in [2, 3] {
        let equal = (0..12).filter(|&seed| apart(150, seed, classes, "auto") < 1e-4).count();
        assert!(equal >= 9, "{equal} of 12 tables of {classes} classes");
    }
}

#[test]
fn medians_are_weighted() {
    // The gradients of these losses are alike in many rows, so that trees have ties; one leaf has none.
    let (x, y, weights) = table(90, 7, 0);
    let nothing = Frame { columns: Vec::new(), rows: 90 };
    let repeated: Vec<u32> =
        (0..90).flat_map(|i| std::iter::repeat_n(i, weights[i as usize] as usize)).collect();
    for loss in ["absolute", "huber", "quantile"] {
        let mut given = settings(loss);
        given.push(("quantile_level", Float(0.7)));
        let weighted = fit_weighted(&nothing, &y, &weights, &given).expect("fits").predict(&nothing);
        let few = Frame { columns: Vec::new(), rows: repeated.len() };
        let direct = fit(&few, &y.take(&repeated), &given).predict(&nothing);
        assert!((weighted.values[0] - direct.values[0]).abs() < 1e-9, "{loss}");
        assert!(fit_weighted(&x, &y, &weights, &given).is_ok());
    }
}

#[test]
fn balanced_classes_count_alike() {
    let (train, target) = mixed(900, 2, 41);
    let Target::Classes { codes, .. } = &target else { unreachable!() };
    let rare = codes.iter().filter(|&&c| c == 0).count() as f32;
    let weights: Vec<f32> = codes.iter().map(|&c| 450.0 / if c == 0 { rare } else { 900.0 - rare }).collect();
    let short = ("trees", Int(20));
    let balanced = fit(&train, &target, &[short.clone(), ("class_weight", Text("balanced".into()))]);
    let by_hand = fit_weighted(&train, &target, &weights, std::slice::from_ref(&short)).expect("fits");
    let plain = fit(&train, &target, std::slice::from_ref(&short));
    let mean = |model: &dyn Model| model.predict(&train).output(0).sum::<f64>() / 900.0;
    assert!((mean(&*balanced) - mean(&*by_hand)).abs() < 1e-6);
    let share = f64::from(rare) / 900.0;
    assert!((mean(&*plain) - share).abs() < 0.02 && mean(&*balanced) > mean(&*plain) + 0.1, "{share}");
    // Stopping weighs classes in the same way: a class that training lacks cannot decide it.
    let given = [("class_weight", Text("balanced".into())), ("trees", Int(30))];
    assert!(try_fit(&train, &target, Some((&train, &target)), &given, 1).is_ok());
    assert!(params(&given).text("class_weight") == "balanced");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn weights_are_repeats_on_any_table(seed in 0u64..1_000_000, rows in 30usize..120) {
        prop_assert!(apart(rows, seed, 0, "squared") < 1e-4);
    }
}
