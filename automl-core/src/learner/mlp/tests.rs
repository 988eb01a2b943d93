use super::Mlp;
use crate::learner::ParamValue::{Float, Int};
use crate::learner::dense::testing::{classes, fit, normals, try_fit, values};
use crate::learner::{Learner, find};
use crate::metric::{self, Actual};
use crate::model::{Model, Target};
use crate::node::Frame;

fn loss(metric: &str, model: &dyn Model, x: &Frame, y: &Target) -> f64 {
    let actual = match y {
        Target::Classes { codes, classes } => Actual::Classes { codes, classes: *classes },
        Target::Values(v) => Actual::Values(v),
    };
    metric::find(metric).unwrap().score(actual, &model.predict(x).values).unwrap()
}

fn wave(x: &[f64]) -> f64 {
    x[0] * x[1] + (x[2] * x[2] - 1.0) * 0.7 + 0.3 * x[3]
}

#[test]
fn learns_what_a_linear_model_cannot() {
    let (train, test) = (normals(3000, 5, 1), normals(1000, 5, 2));
    for (count, metric) in [(2, "log_loss"), (4, "log_loss"), (0, "rmse")] {
        let y = |x: &Frame| match count {
            0 => Target::Values(values(x, |x| 1e6 + 1000.0 * wave(x))),
            _ => classes(&values(x, wave), count),
        };
        let linear = find(if count == 0 { "ridge" } else { "logistic" }).unwrap();
        let (y, truth) = (y(&train), y(&test));
        let of = |learner: &dyn Learner| loss(metric, &*fit(learner, &train, &y, &[]), &test, &truth);
        let (net, linear) = (of(&Mlp), of(linear));
        assert!(net < 0.3 * linear, "{count}: {net} beside {linear}");
    }
}

#[test]
fn stops_at_the_best_epoch_and_beats_the_guess_on_noise() {
    let (train, other) = (normals(200, 10, 3), normals(200, 10, 4));
    let noise = |seed| classes(&values(&normals(200, 1, seed), |x| x[0]), 2);
    let (y, truth) = (noise(5), noise(6));
    let model = try_fit(&Mlp, &train, &y, Some((&other, &truth)), &[], 1).expect("fits");
    assert!(loss("log_loss", &*model, &other, &truth) <= 0.6932);
    let long = [("epochs", Int(300)), ("weight_decay", Float(0.0)), ("dropout", Float(0.0))];
    let same = try_fit(&Mlp, &train, &y, Some((&train, &y)), &long, 1).expect("fits");
    assert!(loss("log_loss", &*same, &train, &y) < 0.1, "can fit noise where it is asked to");
}

#[test]
fn the_seed_decides_every_byte_and_threads_none() {
    let x = normals(300, 4, 7);
    let y = classes(&values(&x, wave), 3);
    let bytes = |threads| {
        try_fit(&Mlp, &x, &y, None, &[("epochs", Int(5)), ("dropout", Float(0.3))], threads)
            .expect("fits")
            .encode()
    };
    assert_eq!(bytes(1), bytes(2));
}

#[test]
fn several_networks_know_more_than_one() {
    // What the ninth column adds is noise to a network that sees eight.
    let table = |rows, seed| {
        let mut x = normals(rows, 9, seed);
        let y = classes(&values(&x, |x| x[0] + x[1] * x[1] + x[8]), 3);
        x.columns.truncate(8);
        (x, y)
    };
    let ((train, y), (test, truth)) = (table(300, 8), table(2000, 9));
    let of = |networks| {
        let model = fit(&Mlp, &train, &y, &[("networks", Int(networks))]);
        (model.summary(), loss("log_loss", &*model, &test, &truth))
    };
    let ((one, alone), (four, together)) = (of(1), of(4));
    let weights = 9 * 64 + 65 * 64 + 65 * 3;
    assert!(one.ends_with(&format!(" {weights} weights")), "{one}");
    assert!(four.ends_with(&format!(" {} weights", 4 * weights)), "{four}");
    assert!(together < 0.95 * alone, "{together} beside {alone}");
}
