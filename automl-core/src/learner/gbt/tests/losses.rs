//! Losses of numbers.

use super::{fit, params, try_fit};
use crate::learner::ParamValue::{self, Float, Int};
use crate::learner::tree::testing::{frame, mixed, numbers};
use crate::learner::{FitError, Learner, gbt::Gbt};
use crate::model::Target;
use crate::node::Frame;
use crate::numeric::{self, Rng, math, quantile_of};

const LOSSES: [&str; 6] = ["squared", "absolute", "huber", "quantile", "poisson", "tweedie"];

fn with<'a>(loss: &str, more: &[(&'a str, ParamValue)]) -> Vec<(&'a str, ParamValue)> {
    let mut given = vec![("loss", ParamValue::Text(loss.to_owned()))];
    given.extend_from_slice(more);
    given
}

/// Features, and what a target's middle is.
fn features(rows: usize, seed: u64) -> (Frame, Vec<f64>) {
    let mut rng = Rng::new(seed);
    let x: Vec<Vec<f32>> =
        (0..3).map(|_| (0..rows).map(|_| rng.below(200) as f32 / 100.0).collect()).collect();
    let z = (0..rows).map(|i| f64::from(x[0][i] * x[1][i] - x[2][i])).collect();
    (frame(x.into_iter().map(numbers).collect()), z)
}

/// Many small errors and a few huge ones, more of them upwards.
fn heavy(rows: usize, seed: u64) -> (Frame, Target) {
    let (x, z) = features(rows, seed);
    let mut rng = Rng::new(seed + 1000);
    let noise = |rng: &mut Rng| match rng.below(20) {
        0 => 60.0 * rng.uniform(),
        1 => -20.0 * rng.uniform(),
        _ => 0.3 * rng.normal(),
    };
    (x, Target::Values(z.iter().map(|z| z + noise(&mut rng)).collect()))
}

/// Counts by Knuth's products.
fn counts(rows: usize, seed: u64) -> (Frame, Target) {
    let (x, z) = features(rows, seed);
    let mut rng = Rng::new(seed + 2000);
    let count = |z: &f64| {
        let (least, mut product, mut n) = (math::exp(-math::exp(*z)), rng.uniform(), 0.0);
        while product > least {
            product *= rng.uniform();
            n += 1.0;
        }
        n
    };
    (x, Target::Values(z.iter().map(count).collect()))
}

fn values(target: &Target) -> &[f64] {
    let Target::Values(v) = target else { panic!("numbers") };
    v
}

fn mean_loss(predicted: &[f64], truth: &[f64], loss: impl Fn(f64, f64) -> f64) -> f64 {
    numeric::mean(&predicted.iter().zip(truth).map(|(&p, &y)| loss(p, y)).collect::<Vec<_>>())
}

fn absolute(p: f64, y: f64) -> f64 {
    (p - y).abs()
}

fn pinball(level: f64) -> impl Fn(f64, f64) -> f64 {
    move |p, y| if p >= y { (1.0 - level) * (p - y) } else { level * (y - p) }
}

/// Poisson's deviance, halved and less what the truth has.
fn deviance(p: f64, y: f64) -> f64 {
    let p = p.max(1e-3);
    p - y * math::ln(p)
}

#[test]
fn without_features_the_best_constant_is_all() {
    let y = vec![1.0, 2.0, 2.5, 4.0, 100.0];
    let nothing = Frame { columns: Vec::new(), rows: 5 };
    let constant = |loss: &str, more: &[(&str, ParamValue)]| {
        fit(&nothing, &Target::Values(y.clone()), &with(loss, more)).predict(&nothing).values[0]
    };
    for loss in ["auto", "squared", "poisson", "tweedie"] {
        assert!((constant(loss, &[]) - 21.9).abs() < 1e-12, "{loss}");
    }
    assert_eq!(constant("absolute", &[]), 2.5);
    assert!((constant("quantile", &[("quantile_level", Float(0.3))]) - 2.0).abs() < 1e-12);
    // The clipped distances to the right and to the left are equal: with 1.4826 · 1.5 as unit and delta 1, the outlier
    // pulls with 2.2239, and 4c = 9.5 + 2.2239.
    let huber = constant("huber", &[("huber_delta", Float(1.0))]);
    assert!((huber - (9.5 + 1.482_602_218_505_602 * 1.5) / 4.0).abs() < 1e-9, "{huber}");
}

#[test]
fn each_loss_is_the_best_at_what_it_makes_small() {
    let settings = [("trees", Int(150)), ("learning_rate", Float(0.1)), ("max_leaves", Int(12))];
    let score =
        |train: &(Frame, Target), test: &(Frame, Target), loss: &str, of: &dyn Fn(f64, f64) -> f64| {
            let mut given = with(loss, &settings);
            given.push(("quantile_level", Float(0.75)));
            let predicted = fit(&train.0, &train.1, &given).predict(&test.0);
            (mean_loss(&predicted.values, values(&test.1), of), predicted.values)
        };
    let (train, test) = (heavy(2000, 1), heavy(2000, 2));
    let of = |loss: &str, metric: &dyn Fn(f64, f64) -> f64| score(&train, &test, loss, metric).0;
    let squared = of("squared", &absolute);
    assert!(of("absolute", &absolute) < 0.9 * squared, "{squared}");
    assert!(of("huber", &absolute) < 0.9 * squared, "{squared}");
    let (own, predicted) = score(&train, &test, "quantile", &pinball(0.75));
    for other in ["squared", "absolute", "huber"] {
        assert!(own < of(other, &pinball(0.75)), "{other}");
    }
    let below = predicted.iter().zip(values(&test.1)).filter(|(p, y)| y <= p).count() as f64 / 2000.0;
    assert!((0.71..0.79).contains(&below), "{below}");

    let (train, test) = (counts(2000, 3), counts(2000, 4));
    let of = |loss: &str| score(&train, &test, loss, &deviance);
    let (own, predicted) = of("poisson");
    assert!(own < of("squared").0 && own < of("absolute").0);
    assert!(of("tweedie").0 < of("squared").0);
    assert!(predicted.iter().all(|p| *p > 0.0));
    let trained = fit(&train.0, &train.1, &with("poisson", &settings)).predict(&train.0);
    let (mean, truth) = (numeric::mean(&trained.values), numeric::mean(values(&train.1)));
    assert!((mean / truth - 1.0).abs() < 0.01, "{mean} {truth}");
}

#[test]
fn the_unit_decides_nothing() {
    let ((x, y), (_, n)) = (heavy(500, 5), counts(500, 5));
    let settings = [("trees", Int(10)), ("max_leaves", Int(6))];
    for loss in LOSSES {
        let from_zero = loss == "poisson" || loss == "tweedie";
        let target = if from_zero { &n } else { &y };
        let plain = fit(&x, target, &with(loss, &settings)).predict(&x).values;
        for (unit, offset) in [(1024.0, 0.0), (1e-200, 0.0), (1e250, 0.0), (1.0, 4096.0)] {
            if from_zero && offset > 0.0 {
                continue;
            }
            let other = Target::Values(values(target).iter().map(|y| offset + unit * y).collect());
            let moved = fit(&x, &other, &with(loss, &settings)).predict(&x).values;
            let apart = |(p, q): (&f64, &f64)| ((q - offset) / unit - p).abs();
            let worst = plain.iter().zip(&moved).map(apart).fold(0.0, f64::max);
            assert!(worst < 1e-4, "{loss} {unit} {offset}: {worst}");
        }
    }
}

#[test]
fn stopping_watches_the_same_loss() {
    let (train, other) = (heavy(400, 6), heavy(400, 7));
    let level = [("quantile_level", Float(0.4)), ("learning_rate", Float(0.3)), ("patience", Int(10))];
    for (loss, metric) in [
        ("absolute", Box::new(absolute) as Box<dyn Fn(f64, f64) -> f64>),
        ("quantile", Box::new(pinball(0.4))),
    ] {
        let given = with(loss, &level);
        let stopped = try_fit(&train.0, &train.1, Some((&other.0, &other.1)), &given, 1).expect("fits");
        let rounds: i64 = stopped.summary().split(' ').next().and_then(|n| n.parse().ok()).expect("a count");
        let at = |trees: i64| {
            let mut given = given.clone();
            given.push(("trees", Int(trees)));
            mean_loss(&fit(&train.0, &train.1, &given).predict(&other.0).values, values(&other.1), &metric)
        };
        assert!(rounds > 1, "{loss}");
        let best = at(rounds);
        for trees in [rounds - 1, rounds + 1, rounds + 5, rounds + 10] {
            assert!(best <= at(trees.max(1)) + 1e-12, "{loss} {rounds} {trees}");
        }
    }
}

#[test]
fn numbers_below_zero_are_refused_where_they_cannot_be() {
    let x = frame(vec![numbers([1.0, 2.0, 3.0])]);
    let target = Target::Values(vec![1.0, 0.0, -2.5]);
    for loss in LOSSES {
        let refused = try_fit(&x, &target, None, &with(loss, &[]), 1).err();
        if loss == "poisson" || loss == "tweedie" {
            let Some(FitError::Unsuitable { reason }) = refused else { panic!("{loss}") };
            assert!(reason.contains("row 3 is -2.5") && reason.contains("another loss"), "{reason}");
        } else {
            assert_eq!(refused, None, "{loss}");
        }
    }
}

#[test]
fn classes_have_one_loss() {
    let (train, target) = mixed(200, 3, 8);
    let bytes = |loss: &str| fit(&train, &target, &with(loss, &[("trees", Int(4))])).encode();
    assert!(LOSSES.iter().all(|loss| bytes(loss) == bytes("auto")));
}

#[test]
fn odd_targets_give_finite_predictions() {
    let x = frame(vec![numbers((0..60).map(|i| (i % 12) as f32))]);
    let odd: [&dyn Fn(usize) -> f64; 6] = [
        &|_| 0.0,
        &|_| 7.5,
        &|i| if i == 9 { 1e300 } else { (i % 3) as f64 },
        &|i| if i == 9 { f64::MAX } else { 0.0 },
        &|i| 1e-310 * i as f64,
        &|i| f64::MAX * ((i % 7) as f64 / 6.0),
    ];
    for loss in LOSSES {
        for (t, y) in odd.iter().enumerate() {
            let target = Target::Values((0..60).map(y).collect());
            let mvs = ("sampling", ParamValue::Text("mvs".to_owned()));
            for (rate, share) in [(0.1, 1.0), (1.0, 1.0), (0.3, 0.4)] {
                let more = [("trees", Int(30)), ("learning_rate", Float(rate)), ("row_sample", Float(share))];
                let mut given = with(loss, &more);
                given.push(mvs.clone());
                let model = try_fit(&x, &target, Some((&x, &target)), &given, 1).expect("fits");
                let predicted = model.predict(&x);
                assert!(predicted.values.iter().all(|p| p.is_finite()), "{loss} {t} {rate}");
                let back = Gbt.decode(&model.encode(), 1).expect("decodes");
                assert_eq!(back.predict(&x), predicted, "{loss} {t}");
                if t < 2 {
                    let y = values(&target)[0];
                    assert!(predicted.values.iter().all(|p| (p - y).abs() < 1e-9), "{loss} {t}");
                }
            }
        }
    }
}

#[test]
fn no_leaf_steps_farther_than_it_may() {
    let (x, y) = heavy(300, 9);
    let (_, n) = counts(300, 9);
    let given = [("trees", Int(1)), ("learning_rate", Float(1.0)), ("min_rows_leaf", Int(1))];
    for loss in LOSSES {
        let from_zero = loss == "poisson" || loss == "tweedie";
        let target = if from_zero { &n } else { &y };
        let nothing = Frame { columns: Vec::new(), rows: 300 };
        let start = fit(&nothing, target, &with(loss, &given)).predict(&nothing).values[0];
        let farthest = |delta: f64| {
            let mut given = with(loss, &given);
            given.push(("max_delta", Float(delta)));
            let predicted = fit(&x, target, &given).predict(&x).values;
            let step = |p: &f64| if from_zero { math::ln(p / start).abs() } else { (p - start).abs() };
            predicted.iter().map(step).fold(0.0, f64::max)
        };
        let v = values(target);
        let spread = match loss {
            "poisson" | "tweedie" => 1.0,
            "squared" => {
                let mean = numeric::mean(v);
                numeric::mean(&v.iter().map(|y| (y - mean) * (y - mean)).collect::<Vec<_>>()).sqrt()
            }
            _ => {
                let median = quantile_of(v, 0.5);
                1.482_602_218_505_602
                    * quantile_of(&v.iter().map(|y| (y - median).abs()).collect::<Vec<_>>(), 0.5)
            }
        };
        assert!((farthest(0.25) - 0.25 * spread).abs() < 1e-5 * spread, "{loss}");
        assert!(farthest(0.0) > 0.3 * spread, "{loss}");
        assert!(!from_zero || farthest(0.0) <= 2.0 + 1e-6, "{loss}");
    }
}

#[test]
fn every_option_has_a_test() {
    let options = params(&[]).0.contains_key("loss");
    let spec = Gbt.spec().params.iter().find(|p| p.name == "loss").expect("is declared");
    let crate::learner::ParamKind::Choice { options: declared, .. } = spec.kind else { panic!("a choice") };
    assert!(options && declared[1..] == LOSSES);
}
