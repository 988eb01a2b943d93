//! What holds for every learner.

use super::dense::testing::{classes, frame, normals, try_fit, values};
use super::{Fit, FitError, Learner, ParamKind, ParamValue, Params, all, find};
use crate::model::{Model, Target, Task};
use crate::node::{FeatureColumn, FeatureValues, Frame};
use crate::platform::Cancel;
use proptest::prelude::*;
use std::sync::OnceLock;

/// Settings that keep a fit short.
fn quick(learner: &dyn Learner) -> Vec<(&'static str, ParamValue)> {
    let wanted = [("trees", 5), ("epochs", 3), ("hidden", 8)];
    let has = |name: &str| learner.spec().params.iter().any(|p| p.name == name);
    wanted.into_iter().filter(|(name, _)| has(name)).map(|(n, v)| (n, ParamValue::Int(v))).collect()
}

fn target(frame: &Frame, task: Task) -> Target {
    let z = values(frame, |x| x.iter().sum::<f64>() + x.iter().product::<f64>());
    match task {
        Task::Regression => Target::Values(z),
        Task::Binary => classes(&z, 2),
        Task::Multiclass => classes(&z, 4),
    }
}

fn each(mut check: impl FnMut(&'static dyn Learner, Task)) {
    for &learner in all() {
        learner.spec().tasks.iter().for_each(|&task| check(learner, task));
    }
}

fn sound(model: &dyn Model, frame: &Frame, target: &Target, name: &str) {
    let prediction = model.predict(frame);
    assert_eq!((prediction.rows, prediction.outputs), (frame.rows, target.outputs()), "{name}");
    assert_eq!(prediction.values.len(), frame.rows * target.outputs(), "{name}");
    assert!(prediction.values.iter().all(|p| p.is_finite()), "{name}");
    if target.task().is_classification() {
        for i in 0..frame.rows {
            let row = prediction.row(i);
            assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{name}: {row:?}");
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{name}: {row:?}");
        }
    }
}

#[test]
fn ids_are_distinct_and_found() {
    let mut ids: Vec<&str> = all().iter().map(|l| l.spec().id).collect();
    assert!(ids.iter().all(|id| find(id).is_some_and(|l| l.spec().id == *id)));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all().len());
}

#[test]
fn defaults_and_soft_ranges_lie_inside_the_hard_ranges() {
    for spec in all().iter().flat_map(|l| l.spec().params) {
        let sound = match spec.kind {
            ParamKind::Int { default, min, max, low, high, .. } => {
                (min..=max).contains(&default) && min <= low && low < high && high <= max
            }
            ParamKind::Float { default, min, max, low, high, .. } => {
                (min..=max).contains(&default) && min <= low && low < high && high <= max
            }
            ParamKind::Bool { .. } | ParamKind::Text => true,
            ParamKind::Choice { default, options } => options.contains(&default),
        };
        assert!(sound, "{}", spec.name);
    }
}

#[test]
fn fits_and_bytes_repeat_and_come_back() {
    let train = normals(150, 3, 1);
    let other = normals(70, 3, 2);
    each(|learner, task| {
        let name = learner.spec().id;
        let y = target(&train, task);
        let validation_y = target(&other, task);
        for validation in [None, Some((&other, &validation_y))] {
            let fit = |threads| try_fit(learner, &train, &y, validation, &quick(learner), threads);
            let model = fit(1).unwrap_or_else(|e| panic!("{name}: {e}"));
            sound(&*model, &other, &y, name);
            let bytes = model.encode();
            assert!(!bytes.is_empty());
            assert_eq!(bytes, fit(2).expect("fits as before").encode(), "{name}");
            let back = learner.decode(&bytes, 3).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(back.predict(&other), model.predict(&other), "{name}");
            assert_eq!(back.encode(), bytes, "{name}");
            assert_eq!(back.summary(), model.summary(), "{name}");
        }
    });
}

/// Data that give a model or a reason, and never a panic.
#[test]
fn odd_data_never_panic() {
    each(|learner, task| {
        let name = learner.spec().id;
        let check = |columns: Vec<Vec<f32>>, y: &Target| {
            let train = Frame { rows: y.len(), ..frame(columns) };
            match try_fit(learner, &train, y, Some((&train, y)), &quick(learner), 1) {
                Ok(model) => {
                    sound(&*model, &train, y, name);
                    let back = learner.decode(&model.encode(), train.columns.len()).expect("its own bytes");
                    assert_eq!(back.predict(&train), model.predict(&train), "{name}");
                }
                Err(error) => assert!(matches!(error, FitError::Unsuitable { .. }), "{name}: {error}"),
            }
        };
        let y = |n: usize, f: &dyn Fn(usize) -> f64| match task {
            Task::Regression => Target::Values((0..n).map(f).collect()),
            _ => {
                let classes = if task == Task::Binary { 2 } else { 4 };
                Target::Classes { codes: (0..n).map(|i| f(i) as u32 % classes as u32).collect(), classes }
            }
        };
        let ramp = |n: usize| (0..n).map(|i| i as f32).collect::<Vec<f32>>();
        check(vec![], &y(12, &|i| i as f64));
        check(vec![], &y(0, &|i| i as f64));
        check(vec![ramp(1), ramp(1)], &y(1, &|_| 1.0));
        check(vec![ramp(2)], &y(2, &|i| i as f64));
        check(vec![ramp(30), vec![1.0; 30]], &y(30, &|_| 1.0));
        check(vec![vec![0.0; 30]; 3], &y(30, &|i| i as f64));
        // One class of four is missing, another has a single row.
        check(vec![ramp(30), ramp(30)], &y(30, &|i| if i == 7 { 3.0 } else { (i % 2) as f64 }));
        check(vec![vec![f32::MAX, f32::MIN, 0.0, 1.0, -1.0, 1e-30]; 2], &y(6, &|i| i as f64));
        check(vec![vec![f32::NAN, f32::INFINITY, 0.0, 1.0, -1.0, 1.0]; 2], &y(6, &|i| i as f64));
        check((0..40).map(|_| ramp(5)).collect(), &y(5, &|i| i as f64));
        check(vec![ramp(20)], &y(20, &|i| if task == Task::Regression { 1e300 * i as f64 } else { 0.0 }));
    });
}

#[test]
fn zero_columns_are_answered_by_a_guess() {
    each(|learner, task| {
        let train = Frame { columns: Vec::new(), rows: 8 };
        let y = match task {
            Task::Regression => Target::Values(vec![1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0]),
            _ => Target::Classes {
                codes: vec![0, 1, 1, 1, 0, 1, 1, 1],
                classes: if task == Task::Binary { 2 } else { 3 },
            },
        };
        let Ok(model) = try_fit(learner, &train, &y, None, &quick(learner), 1) else { return };
        let guess = model.predict(&train);
        let (last, expected) =
            if task == Task::Regression { (guess.row(0)[0], 2.0) } else { (guess.row(0)[1], 0.75) };
        assert!((last - expected).abs() < 0.2, "{}: {last}", learner.spec().id);
    });
}

#[test]
fn a_cancelled_fit_stops() {
    let train = normals(50, 2, 3);
    each(|learner, task| {
        if learner.spec().id == "baseline" {
            return;
        }
        let (y, params) = (target(&train, task), Params::complete(learner.spec().params, &Params::default()));
        let cancel = Cancel::new();
        cancel.cancel();
        let fit = Fit {
            frame: &train,
            target: &y,
            weights: None,
            validation: None,
            params: &params,
            seed: 0,
            threads: 1,
            cancel: &cancel,
            card: None,
        };
        assert_eq!(learner.fit(&fit).err(), Some(FitError::Cancelled), "{}", learner.spec().id);
    });
}

/// Weights change what is learnt, or do not, as the declaration says; and unsound ones are refused.
#[test]
fn weights_count_where_they_are_declared_to() {
    let train = normals(120, 3, 5);
    each(|learner, task| {
        let (y, name) = (target(&train, task), learner.spec().id);
        let given = Params(quick(learner).into_iter().map(|(k, v)| (k.to_owned(), v)).collect());
        let (params, cancel) = (Params::complete(learner.spec().params, &given), Cancel::new());
        let fit = |weights: Option<&[f32]>| {
            let (frame, target, params, cancel) = (&train, &y, &params, &cancel);
            learner.fit(&Fit {
                frame,
                target,
                weights,
                validation: None,
                params,
                seed: 1,
                threads: 1,
                cancel,
                card: None,
            })
        };
        let plain = fit(None).expect("fits").encode();
        let weights: Vec<f32> = (0..120).map(|i| (i % 5) as f32).collect();
        let weighted = fit(Some(&weights)).expect("fits").encode();
        assert_eq!(weighted != plain, learner.spec().weights, "{name}");
        for unsound in
            [vec![1.0; 119], vec![0.0; 120], vec![-1.0; 120], vec![f32::NAN; 120], vec![f32::MAX; 120]]
        {
            assert_eq!(fit(Some(&unsound)).is_err(), learner.spec().weights, "{name}");
        }
    });
}

/// A row of weight n is n rows.
#[test]
fn weights_of_linear_models_are_repeats() {
    for (id, features, tolerance) in [("ridge", 3, 1e-9), ("ridge", 150, 1e-9), ("logistic", 3, 1e-4)] {
        let train = normals(90, features, 6);
        let weights: Vec<f32> = (0..90).map(|i| (i * i % 4) as f32).collect();
        let repeated: Vec<u32> =
            (0..90u32).flat_map(|i| std::iter::repeat_n(i, weights[i as usize] as usize)).collect();
        let learner = find(id).expect("is there");
        let params = Params::complete(learner.spec().params, &Params::default());
        for &task in learner.spec().tasks {
            let (y, cancel) = (target(&train, task), Cancel::new());
            let fit = |frame: &Frame, target: &Target, weights: Option<&[f32]>| {
                let (params, cancel) = (&params, &cancel);
                let wanted = Fit {
                    frame,
                    target,
                    weights,
                    validation: None,
                    params,
                    seed: 1,
                    threads: 1,
                    cancel,
                    card: None,
                };
                learner.fit(&wanted).expect("fits").predict(&train).values
            };
            let weighted = fit(&train, &y, Some(&weights));
            let direct = fit(&train.take(&repeated), &y.take(&repeated), None);
            let apart = weighted.iter().zip(&direct).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart < tolerance, "{id} {apart}");
        }
    }
}

#[test]
fn the_wrong_kind_of_target_is_refused() {
    let train = normals(20, 2, 3);
    for &learner in all() {
        for task in [Task::Binary, Task::Multiclass, Task::Regression] {
            if !learner.spec().tasks.contains(&task) {
                let fitted = try_fit(learner, &train, &target(&train, task), None, &[], 1);
                assert!(matches!(fitted, Err(FitError::Unsuitable { .. })), "{}", learner.spec().id);
            }
        }
    }
}

/// A learner, and the bytes of a model of three features.
type Sample = (&'static dyn Learner, Vec<u8>);

fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let train = normals(40, 3, 4);
        let mut samples = Vec::new();
        each(|learner, task| {
            let model =
                try_fit(learner, &train, &target(&train, task), None, &quick(learner), 1).expect("fits");
            samples.push((learner, model.encode()));
        });
        samples
    })
}

/// Frames that a model of three features may meet, the last one with columns of odd kinds and lengths.
fn probes() -> [Frame; 4] {
    let named = |values| FeatureColumn { name: String::new(), values };
    let odd = vec![
        named(FeatureValues::Categorical { codes: vec![1, 2].into(), cardinality: 3 }),
        named(FeatureValues::Numeric(vec![f32::NAN].into())),
        named(FeatureValues::Numeric(vec![f32::MAX, f32::NEG_INFINITY, 1.0].into())),
    ];
    [
        normals(9, 3, 5),
        Frame { columns: normals(0, 3, 5).columns, rows: 0 },
        Frame { columns: Vec::new(), rows: 2 },
        Frame { columns: odd, rows: 2 },
    ]
}

#[test]
fn odd_frames_and_cut_bytes_never_panic() {
    for (learner, bytes) in samples() {
        let model = learner.decode(bytes, 3).expect("its own bytes");
        probes().iter().for_each(|probe| assert_eq!(model.predict(probe).rows, probe.rows));
        for end in 0..bytes.len() {
            assert!(learner.decode(&bytes[..end], 3).is_err(), "{} cut at {end}", learner.spec().id);
        }
        let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
        assert!(learner.spec().id == "baseline" || learner.decode(&longer, 3).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn damaged_bytes_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        features in 2usize..5,
    ) {
        let (learner, bytes) = which.get(samples());
        let mut damaged = bytes.clone();
        for (at, byte) in changes {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        if let Ok(model) = learner.decode(&damaged, features) {
            probes().iter().for_each(|probe| {
                let _ = model.predict(probe);
            });
            prop_assert!(learner.decode(&model.encode(), features).is_ok());
        }
    }
}
