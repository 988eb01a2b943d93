mod cluster;
mod constraints;
mod joints;
mod losses;
#[cfg(feature = "gpu")]
mod on_card;
mod parts;
mod weights;

use super::Gbt;
use crate::learner::tree::testing::{accuracy, frame, levels, mixed, numbers, rmse};
use crate::learner::{Fit, FitError, Learner, ParamValue, Params};
use crate::model::{Model, Target};
use crate::node::{FeatureValues, Frame, NO_CATEGORY};
use crate::numeric::{Rng, math};
use crate::platform::Cancel;
use ParamValue::{Bool, Float, Int, Text};

/// How trees may grow.
const GROWTHS: [&str; 3] = ["leafwise", "depthwise", "symmetric"];

fn params(given: &[(&str, ParamValue)]) -> Params {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    Params::complete(Gbt.spec().params, &given)
}

fn try_fit(
    frame: &Frame,
    target: &Target,
    validation: Option<(&Frame, &Target)>,
    given: &[(&str, ParamValue)],
    seed: u64,
) -> Result<Box<dyn Model>, FitError> {
    let params = params(given);
    let cancel = Cancel::new();
    Gbt.fit(&Fit {
        frame,
        target,
        weights: None,
        validation,
        params: &params,
        seed,
        threads: 1,
        cancel: &cancel,
        card: None,
    })
}

fn fit_weighted(
    frame: &Frame,
    target: &Target,
    weights: &[f32],
    given: &[(&str, ParamValue)],
) -> Result<Box<dyn Model>, FitError> {
    let (params, cancel, weights) = (params(given), Cancel::new(), Some(weights));
    Gbt.fit(&Fit {
        frame,
        target,
        weights,
        validation: None,
        params: &params,
        seed: 1,
        threads: 1,
        cancel: &cancel,
        card: None,
    })
}

fn fit(frame: &Frame, target: &Target, given: &[(&str, ParamValue)]) -> Box<dyn Model> {
    try_fit(frame, target, None, given, 1).expect("fits")
}

#[test]
fn learns_classes_from_numbers_and_categories() {
    for classes in [2, 4] {
        let (train, target) = mixed(3000, classes, 1);
        let (test, truth) = mixed(1000, classes, 2);
        let model = fit(&train, &target, &[("trees", Int(80))]);
        let prediction = model.predict(&test);
        assert_eq!((prediction.rows, prediction.outputs), (1000, classes));
        assert!(accuracy(&prediction, &truth) > if classes == 2 { 0.88 } else { 0.68 });
        for i in 0..test.rows {
            assert!((prediction.row(i).iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(prediction.row(i).iter().all(|p| (0.0..=1.0).contains(p)));
        }
    }
}

#[test]
fn every_growth_learns() {
    for (seed, classes) in [(71, 2), (73, 4)] {
        let (train, target) = mixed(3000, classes, seed);
        let (test, truth) = mixed(2000, classes, seed + 1);
        let accuracies = GROWTHS.map(|growth| {
            let given = [("trees", Int(80)), ("max_leaves", Int(32)), ("growth", Text(growth.to_owned()))];
            accuracy(&fit(&train, &target, &given).predict(&test), &truth)
        });
        let worst = if classes == 2 { 0.87 } else { 0.68 };
        assert!(accuracies.iter().all(|a| *a > worst), "{accuracies:?}");
        assert!(accuracies[0] != accuracies[1] && accuracies[1] != accuracies[2]);
    }
}

#[test]
fn learns_numbers_in_any_unit() {
    let mut rng = Rng::new(3);
    let x: Vec<f32> = (0..2000).map(|_| rng.below(200) as f32 / 200.0).collect();
    let train = frame(vec![numbers(x.clone())]);
    let mut errors = Vec::new();
    for (unit, offset) in [(1.0, 0.0), (1e-200, 0.0), (1e300, 0.0), (1.0, 1e9)] {
        let y = |x: &f32| offset + unit * f64::from((x * 6.0).round());
        let target = Target::Values(x.iter().map(y).collect());
        let model = fit(&train, &target, &[("trees", Int(100)), ("max_leaves", Int(8))]);
        let Target::Values(v) = &target else { unreachable!() };
        let prediction = model.predict(&train);
        let worst = prediction.values.iter().zip(v).map(|(p, y)| (p - y).abs() / unit);
        errors.push(worst.fold(0.0, f64::max));
    }
    assert!(errors.iter().all(|e| *e < 0.05), "{errors:?}");
}

#[test]
fn stops_early_and_keeps_the_best_round() {
    let (train, target) = mixed(600, 2, 4);
    let (other, truth) = mixed(600, 2, 5);
    let given = [("trees", Int(500)), ("patience", Int(15))];
    let stopped = try_fit(&train, &target, Some((&other, &truth)), &given, 1).expect("fits");
    let rounds: usize = stopped.summary().split(' ').next().and_then(|n| n.parse().ok()).expect("a count");
    assert!((5..300).contains(&rounds), "{}", stopped.summary());
    // The same fit for exactly so many rounds is the same model.
    let given = [("trees", Int(rounds as i64)), ("patience", Int(15))];
    assert_eq!(fit(&train, &target, &given).encode(), stopped.encode());
}

#[test]
fn missing_rows_go_the_better_way() {
    // Missing rows behave like high numbers in one target and like low ones in the other.
    let x: Vec<f32> = (0..400).map(|i| if i % 4 == 0 { f32::NAN } else { (i % 4) as f32 }).collect();
    let train = frame(vec![numbers(x)]);
    for like in [1, 3] {
        let y = (0..400).map(|i| if i % 4 == 0 { like } else { i % 4 }).map(|v| f64::from(v >= 2));
        let target = Target::Values(y.collect());
        let model =
            fit(&train, &target, &[("trees", Int(1)), ("learning_rate", Float(1.0)), ("l2", Float(0.0))]);
        assert!(rmse(&model.predict(&train), &target) < 1e-6);
    }
}

#[test]
fn unseen_levels_and_foreign_columns_count_as_missing() {
    let (train, target) = mixed(1500, 2, 6);
    let model = fit(&train, &target, &[("trees", Int(30))]);
    let one = |level: u32, cardinality: u32| {
        frame(vec![numbers([0.5]), numbers([0.5]), numbers([0.5]), levels([level], cardinality)])
    };
    let missing = model.predict(&one(NO_CATEGORY, 12));
    for level in [12, 31, 32, 4_000_000, u32::MAX - 1] {
        assert_eq!(model.predict(&one(level, u32::MAX)), missing);
    }
    // Kinds exchanged, columns too short, no columns at all: as if missing.
    let all_missing = model.predict(&frame(vec![
        numbers([f32::NAN]),
        numbers([f32::NAN]),
        numbers([f32::NAN]),
        levels([NO_CATEGORY], 12),
    ]));
    let swapped = frame(vec![levels([1], 2), levels([1], 2), levels([1], 2), numbers([1.0])]);
    assert_eq!(model.predict(&swapped), all_missing);
    assert_eq!(model.predict(&Frame { columns: Vec::new(), rows: 1 }), all_missing);
    assert_eq!(model.predict(&Frame::default()).rows, 0);
}

#[test]
fn the_seed_decides_every_byte() {
    let (train, target) = mixed(800, 3, 7);
    let given = [("trees", Int(12)), ("row_sample", Float(0.7)), ("column_sample", Float(0.6))];
    let bytes = |seed| try_fit(&train, &target, None, &given, seed).expect("fits").encode();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    let mvs = ("sampling", ParamValue::Text("mvs".to_owned()));
    let given = [("trees", Int(5)), ("row_sample", Float(0.5)), mvs];
    let drawn = |seed| try_fit(&train, &target, None, &given, seed).expect("fits").encode();
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    for option in [("extra_trees", Bool(true)), ("column_sample_node", Float(0.5)), ("max_depth", Int(2))] {
        let given = [("trees", Int(5)), option];
        let bytes = |seed| try_fit(&train, &target, None, &given, seed).expect("fits").encode();
        assert_eq!(bytes(4), bytes(4));
    }
}

#[test]
fn rows_drawn_by_their_gradients_say_more() {
    let (train, target) = mixed(3000, 2, 61);
    let (test, truth) = mixed(4000, 2, 62);
    let Target::Classes { codes, .. } = &truth else { unreachable!() };
    let loss = |sampling: &str| {
        let sampling = ParamValue::Text(sampling.to_owned());
        let given = [("trees", Int(60)), ("row_sample", Float(0.15)), ("sampling", sampling)];
        let prediction = fit(&train, &target, &given).predict(&test);
        let of_row = |(i, &code): (usize, &u32)| -math::ln(prediction.row(i)[code as usize]);
        codes.iter().enumerate().map(of_row).sum::<f64>() / 4000.0
    };
    let (uniform, drawn) = (loss("uniform"), loss("mvs"));
    assert!(drawn < 0.98 * uniform, "{drawn} {uniform}");
}

#[test]
fn bytes_come_back_as_the_same_model() {
    let (train, target) = mixed(1200, 3, 8);
    let model = fit(&train, &target, &[("trees", Int(10))]);
    let bytes = model.encode();
    let back = Gbt.decode(&bytes, 4).expect("decodes");
    assert_eq!(back.predict(&train), model.predict(&train));
    assert_eq!(back.encode(), bytes);
    assert_eq!(back.summary(), model.summary());
    assert!(Gbt.decode(&bytes, 1).is_err(), "a column is missing");
}

/// Written before there were losses to choose from: numbers, 4 rows, 2 trees.
#[test]
fn bytes_of_older_models_still_open() {
    let bytes: [u8; 83] = [
        0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 64, 0, 0, 0, 0, 0, 0, 248, 63, 1, 2, 10, 2, 1, 0,
        0, 0, 2, 1, 0, 0, 0, 4, 0, 0, 96, 64, 0, 0, 192, 63, 0, 0, 96, 64, 0, 0, 192, 63, 0, 0, 6, 0, 0, 0,
        191, 171, 170, 42, 190, 85, 85, 85, 63, 0, 0, 128, 190, 170, 170, 170, 189, 86, 85, 213, 62,
    ];
    let x = frame(vec![numbers([1.0, 2.0, 3.0, 4.0]), levels([0, 1, 0, 1], 2)]);
    let model = Gbt.decode(&bytes, 2).expect("decodes");
    assert_eq!(model.predict(&x).values, [1.375, 2.125, 2.125, 4.375]);
    assert_eq!(model.encode(), bytes);
}

#[test]
fn damaged_bytes_never_panic() {
    let (train, target) = mixed(400, 3, 9);
    let probe = train.take(&(0..40).collect::<Vec<u32>>());
    let regression = Target::Values((0..400).map(f64::from).collect());
    let mut rng = Rng::new(10);
    let mut survivors = 0;
    let text = |t: &str| ParamValue::Text(t.to_owned());
    for (target, loss) in [(&target, "auto"), (&regression, "auto"), (&regression, "poisson")] {
        let bytes = fit(&train, target, &[("trees", Int(3)), ("loss", text(loss))]).encode();
        for end in 0..bytes.len() {
            assert!(Gbt.decode(&bytes[..end], 4).is_err(), "cut at {end}");
        }
        for _ in 0..4000 {
            let mut damaged = bytes.clone();
            for _ in 0..=rng.below(3) {
                let at = rng.below(damaged.len());
                damaged[at] = rng.next_u64() as u8;
            }
            if let Ok(model) = Gbt.decode(&damaged, 4) {
                survivors += 1;
                let _ = model.predict(&probe);
            }
        }
    }
    assert!(survivors > 100, "most single bytes are leaf values: {survivors}");
}

#[test]
fn degenerate_data_give_a_model() {
    let classes = |codes: &[u32], classes| Target::Classes { codes: codes.to_vec(), classes };
    let check = |columns: Vec<FeatureValues>, rows: usize, target: &Target| {
        let mut data = frame(columns);
        data.rows = rows;
        let model = fit(&data, target, &[("trees", Int(20))]);
        let prediction = model.predict(&data);
        assert_eq!(prediction.values.len(), rows * target.outputs());
        assert!(prediction.values.iter().all(|p| p.is_finite()));
        let back = Gbt.decode(&model.encode(), data.columns.len()).expect("decodes");
        assert_eq!(back.predict(&data), prediction);
        prediction
    };
    check(vec![numbers([1.0])], 1, &classes(&[1], 2));
    check(vec![numbers([1.0])], 1, &Target::Values(vec![3.0]));
    check(vec![numbers([1.0, 2.0, 3.0, 4.0])], 4, &classes(&[0, 0, 1, 1], 2));
    check(vec![numbers([f32::NAN; 5]), levels([NO_CATEGORY; 5], 3)], 5, &classes(&[0, 1, 2, 1, 0], 3));
    check(vec![numbers([f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0])], 4, &classes(&[0, 1, 0, 1], 2));
    let constant = check(vec![numbers([1.0, 2.0, 3.0])], 3, &Target::Values(vec![7.5; 3]));
    assert_eq!(constant.values, [7.5; 3]);
    let nothing = check(Vec::new(), 4, &classes(&[0, 1, 1, 1], 2));
    assert!((nothing.row(0)[1] - 0.75).abs() < 1e-12);
    let one_class = check(vec![numbers((0..50).map(|i| i as f32))], 50, &classes(&[1; 50], 2));
    assert!(one_class.row(0)[1] > 0.98);
}

#[test]
fn refuses_what_it_cannot_learn_from() {
    let data = frame(vec![numbers([1.0, 2.0])]);
    let cannot = |data: &Frame, target: Target| try_fit(data, &target, None, &[], 0).is_err();
    assert!(cannot(&frame(vec![numbers([])]), Target::Values(Vec::new())));
    assert!(cannot(&data, Target::Values(vec![1.0, f64::NAN])));
    assert!(cannot(&data, Target::Values(vec![1.0])));
    let (train, target) = mixed(100, 2, 1);
    let (cancel, params) = (Cancel::new(), params(&[]));
    cancel.cancel();
    let fit = Fit {
        frame: &train,
        target: &target,
        weights: None,
        validation: None,
        params: &params,
        seed: 0,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    assert_eq!(Gbt.fit(&fit).err(), Some(FitError::Cancelled));
}

/// A table of numbers and categories, with holes, of a target that hangs on both, by a seed.
fn any_table(rows: usize, columns: usize, classes: usize, seed: u64) -> (Frame, Target) {
    let mut rng = Rng::new(seed);
    let mut z = vec![0.0; rows];
    let mut values = Vec::new();
    for column in 0..columns {
        let kinds = [2, 7, 40, 3000];
        let kind = kinds[rng.below(kinds.len())];
        let cells: Vec<Option<u32>> =
            (0..rows).map(|_| (rng.below(8) > 0).then(|| rng.below(kind) as u32)).collect();
        z.iter_mut().zip(&cells).for_each(|(z, c)| *z += c.map_or(0.3, |c| f64::from(c % 5 * c % 3)));
        values.push(if column % 3 == 2 {
            levels(cells.iter().map(|c| c.unwrap_or(NO_CATEGORY)), kind as u32)
        } else {
            numbers(cells.iter().map(|c| c.map_or(f32::NAN, |c| c as f32)))
        });
    }
    let target = match classes {
        0 => Target::Values(z),
        k => Target::Classes { codes: z.iter().map(|z| *z as u32 % k as u32).collect(), classes: k },
    };
    (frame(values), target)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    /// Threads change nothing but time. In tests they are used however little there is to do.
    #[test]
    fn threads_do_not_change_a_byte(
        (rows, columns, classes) in (30..400usize, 1..12usize, 0..4usize),
        (row_sample, column_sample, node) in (0.4..1.4f64, 0.4..1.4f64, 0.4..1.4f64),
        (extra, validated, leaves) in (0..2u8, 0..2u8, 3..40i64),
        growth in proptest::sample::select(GROWTHS.to_vec()),
        seed in 0..1000u64,
    ) {
        let classes = if classes == 1 { 2 } else { classes };
        let (train, target) = any_table(rows, columns, classes, seed);
        let (other, truth) = any_table(rows / 2, columns, classes, seed + 1);
        let given = params(&[
            ("trees", Int(6)),
            ("max_leaves", Int(leaves)),
            ("growth", Text(growth.to_owned())),
            ("row_sample", Float(row_sample.min(1.0))),
            ("column_sample", Float(column_sample.min(1.0))),
            ("column_sample_node", Float(node.min(1.0))),
            ("extra_trees", Bool(extra == 1)),
        ]);
        let cancel = Cancel::new();
        let bytes = |threads| {
            let validation = (validated == 1).then_some((&other, &truth));
            let (frame, target, params) = (&train, &target, &given);
            let fit = Fit { frame, target, weights: None, validation, params, seed, threads, cancel: &cancel, card: None };
            Gbt.fit(&fit).expect("fits").encode()
        };
        let alone = bytes(1);
        proptest::prop_assert!(alone == bytes(2));
        proptest::prop_assert!(alone == bytes(8));
    }
}
