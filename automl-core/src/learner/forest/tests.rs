use super::{DecisionTree, ExtraTrees, RandomForest};
use crate::learner::tree::testing::{accuracy, frame, levels, mixed, numbers, rmse};
use crate::learner::{Fit, FitError, Learner, ParamValue, Params};
use crate::model::{Model, Prediction, Target};
use crate::node::{FeatureValues, Frame, NO_CATEGORY};
use crate::numeric::Rng;
use crate::platform::Cancel;
use ParamValue::{Float, Int};
use std::collections::BTreeMap;

const BOTH: [&dyn Learner; 2] = [&RandomForest, &ExtraTrees];

fn fit(
    learner: &dyn Learner,
    frame: &Frame,
    target: &Target,
    given: &[(&str, ParamValue)],
    seed: u64,
) -> Box<dyn Model> {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    let params = Params::complete(learner.spec().params, &given);
    let cancel = Cancel::new();
    learner
        .fit(&Fit {
            frame,
            target,
            weights: None,
            validation: None,
            params: &params,
            seed,
            threads: 1,
            cancel: &cancel,
            card: None,
        })
        .expect("fits")
}

#[test]
fn learns_classes_and_numbers() {
    for learner in BOTH {
        for classes in [2, 4] {
            let (train, target) = mixed(3000, classes, 1);
            let (test, truth) = mixed(1000, classes, 2);
            let prediction = fit(learner, &train, &target, &[], 1).predict(&test);
            assert_eq!((prediction.rows, prediction.outputs), (1000, classes));
            let share = accuracy(&prediction, &truth);
            assert!(share > if classes == 2 { 0.85 } else { 0.62 }, "{} {share}", learner.spec().id);
            for i in 0..test.rows {
                let row = prediction.row(i);
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(row.iter().all(|p| *p > 0.0 && *p < 1.0), "no class is impossible: {row:?}");
            }
        }
        for (unit, offset) in [(1.0, 0.0), (1e300, 0.0), (1e-200, 0.0), (1.0, 1e9)] {
            let mut rng = Rng::new(3);
            let x: Vec<f32> = (0..2000).map(|_| rng.below(100) as f32).collect();
            let y = |x: &f32| offset + unit * f64::from(*x);
            let target = Target::Values(x.iter().map(y).collect());
            let data = frame(vec![numbers(x.clone())]);
            let model = fit(learner, &data, &target, &[("trees", Int(30))], 1);
            // Infinite squares aside: in units of the spread.
            let Target::Values(truth) = &target else { unreachable!() };
            let prediction = model.predict(&data);
            let worst = prediction.values.iter().zip(truth).map(|(p, y)| (p - y).abs() / unit);
            assert!(worst.fold(0.0, f64::max) < 1.0);
        }
    }
}

#[test]
fn rows_are_drawn_by_weight() {
    let (train, target) = mixed(600, 2, 31);
    let weights: Vec<f32> = (0..600).map(|i| [0.0, 1.0, 5.0][i % 3]).collect();
    let given = Params(BTreeMap::from([("trees".to_owned(), Int(200))]));
    let params = Params::complete(RandomForest.spec().params, &given);
    let cancel = Cancel::new();
    let fit = |frame: &Frame, target: &Target, weights: Option<&[f32]>| {
        let (params, cancel) = (&params, &cancel);
        let wanted =
            Fit { frame, target, weights, validation: None, params, seed: 1, threads: 1, cancel, card: None };
        RandomForest.fit(&wanted).expect("fits").predict(&train)
    };
    let weighted = fit(&train, &target, Some(&weights));
    let plain = fit(&train, &target, None);
    // Each is closest to the truth on the rows that it saw most, and rows of weight 0 are as if not there.
    let Target::Classes { codes, .. } = &target else { unreachable!() };
    let loss = |p: &Prediction, of: usize| {
        let rows = (of..600).step_by(3).map(|i| 1.0 - p.row(i)[codes[i] as usize]);
        rows.sum::<f64>() / 200.0
    };
    assert!(loss(&weighted, 0) > loss(&plain, 0) + 0.05);
    assert!(loss(&weighted, 2) < loss(&plain, 2));
    assert!(loss(&weighted, 2) < loss(&weighted, 1));
}

#[test]
fn one_tree_answers_by_its_leaves() {
    let (train, target) = mixed(3000, 2, 1);
    let (test, truth) = mixed(1000, 2, 2);
    let model = fit(&DecisionTree, &train, &target, &[], 1);
    let share = accuracy(&model.predict(&test), &truth);
    assert!(share > 0.75, "{share}");
    assert!(model.summary().starts_with("1 tree, "), "{}", model.summary());
    // Nothing is drawn: the seed does not matter.
    assert_eq!(model.encode(), fit(&DecisionTree, &train, &target, &[], 2).encode());
    // A split at 5 leaves two pure leaves of 10 rows, each smoothed by one row of even shares.
    let data = frame(vec![numbers((0..20).map(|i| if i < 10 { 1.0 } else { 9.0 }))]);
    let y = Target::Classes { codes: (0..20).map(|i| u32::from(i >= 10)).collect(), classes: 2 };
    let values = fit(&DecisionTree, &data, &y, &[], 1).predict(&data).values;
    assert!((values[0] - 10.5 / 11.0).abs() < 1e-6 && (values[39] - 10.5 / 11.0).abs() < 1e-6, "{values:?}");
}

#[test]
fn leaves_are_exact_means() {
    // One tree on all rows, one feature, leaves of one row: it knows every value.
    let x = numbers((0..200).map(|i| (i * 37 % 200) as f32));
    let target = Target::Values((0..200).map(|i| f64::from(i).sqrt()).collect());
    let data = frame(vec![x]);
    let model = fit(&ExtraTrees, &data, &target, &[("trees", Int(1))], 1);
    assert!(rmse(&model.predict(&data), &target) < 1e-6);
    // Leaves of twenty rows: none is smaller, so there are at most ten.
    let model = fit(&ExtraTrees, &data, &target, &[("trees", Int(1)), ("min_rows_leaf", Int(20))], 1);
    let mut values = model.predict(&data).values;
    values.sort_by(f64::total_cmp);
    assert!(values.chunk_by(|a, b| a == b).all(|run| run.len() >= 20));
    let depth = fit(&ExtraTrees, &data, &target, &[("trees", Int(1)), ("max_depth", Int(2))], 1);
    assert!(depth.summary().ends_with(" 3 nodes"), "{}", depth.summary());
}

#[test]
fn missing_rows_are_a_kind_of_their_own() {
    let x = numbers((0..300).map(|i| if i % 3 == 0 { f32::NAN } else { (i % 7) as f32 }));
    let y = Target::Classes { codes: (0..300).map(|i| u32::from(i % 3 == 0)).collect(), classes: 2 };
    let data = frame(vec![x]);
    for learner in BOTH {
        assert_eq!(accuracy(&fit(learner, &data, &y, &[("trees", Int(20))], 1).predict(&data), &y), 1.0);
    }
}

#[test]
fn the_seed_decides_every_byte() {
    for learner in BOTH {
        for classes in [2, 3] {
            let (train, target) = mixed(500, classes, 7);
            let bytes = |seed, trees| fit(learner, &train, &target, &[("trees", Int(trees))], seed).encode();
            assert_eq!(bytes(1, 5), bytes(1, 5));
            assert_ne!(bytes(1, 5), bytes(2, 5));
        }
    }
}

#[test]
fn bytes_come_back_as_the_same_model() {
    for learner in BOTH {
        for classes in [2, 3] {
            let (train, target) = mixed(500, classes, 8);
            let model = fit(learner, &train, &target, &[("trees", Int(9))], 1);
            let back = learner.decode(&model.encode(), 4).expect("decodes");
            assert_eq!(back.predict(&train), model.predict(&train));
            assert_eq!(back.encode(), model.encode());
            assert!(learner.decode(&model.encode(), 2).is_err(), "columns are missing");
        }
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let mut rng = Rng::new(10);
    for classes in [2, 3] {
        let (train, target) = mixed(120, classes, 9);
        let bytes = fit(&RandomForest, &train, &target, &[("trees", Int(3))], 1).encode();
        for end in 0..bytes.len() {
            assert!(RandomForest.decode(&bytes[..end], 4).is_err(), "cut at {end}");
        }
        for _ in 0..4000 {
            let mut damaged = bytes.clone();
            for _ in 0..=rng.below(3) {
                let at = rng.below(damaged.len());
                damaged[at] = rng.next_u64() as u8;
            }
            if let Ok(model) = RandomForest.decode(&damaged, 4) {
                let prediction = model.predict(&train);
                assert!(prediction.values.iter().all(|p| (0.0..=1.0).contains(p)));
            }
        }
    }
}

#[test]
fn degenerate_data_give_a_model() {
    let classes = |codes: &[u32], classes| Target::Classes { codes: codes.to_vec(), classes };
    let check = |columns: Vec<FeatureValues>, rows: usize, target: &Target| {
        for learner in BOTH {
            let mut data = frame(columns.clone());
            data.rows = rows;
            let prediction = fit(learner, &data, target, &[("trees", Int(5))], 1).predict(&data);
            assert_eq!(prediction.values.len(), rows * target.outputs());
            assert!(prediction.values.iter().all(|p| p.is_finite()));
        }
    };
    check(vec![numbers([1.0])], 1, &classes(&[1], 2));
    check(vec![numbers([1.0])], 1, &Target::Values(vec![3.0]));
    check(vec![numbers([1.0, 2.0, 3.0, 4.0])], 4, &classes(&[0, 0, 1, 1], 2));
    check(vec![numbers([f32::NAN; 5]), levels([NO_CATEGORY; 5], 3)], 5, &classes(&[0, 1, 2, 1, 0], 3));
    check(vec![numbers([1.0, 2.0, 3.0])], 3, &Target::Values(vec![7.5; 3]));
    check(Vec::new(), 4, &classes(&[0, 1, 1, 1], 2));
    check(Vec::new(), 4, &classes(&[2, 1, 1, 1], 3));
    let cancel = Cancel::new();
    cancel.cancel();
    let (train, target) = mixed(100, 3, 1);
    let params =
        Params::complete(RandomForest.spec().params, &Params::default().with("max_features", Float(0.5)));
    let (frame, target) = (&train, &target);
    let fit = Fit {
        frame,
        target,
        weights: None,
        validation: None,
        params: &params,
        seed: 0,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    assert_eq!(RandomForest.fit(&fit).err(), Some(FitError::Cancelled));
}
