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
fn without_a_hidden_layer_it_is_a_linear_model_or_a_sum_of_pieces() {
    let (train, test) = (normals(3000, 5, 1), normals(1000, 5, 2));
    let noise = values(&normals(3000, 1, 7), |x| x[0]);
    let straight = |x: &[f64]| 3.0 * x[0] - x[1] + 0.5 * x[3];
    let bent = |x: &[f64]| 4.0 * x[0].abs() + x[1];
    for (truth, pieces, least, most) in [
        (&straight as &dyn Fn(&[f64]) -> f64, 1, 0.9, 1.1),
        (&bent, 1, 0.9, 1.1),
        // A linear model cannot bend, pieces can.
        (&bent, 12, 0.0, 0.5),
    ] {
        let clean = |x: &Frame| values(x, |x| truth(x));
        let y = Target::Values(clean(&train).iter().zip(&noise).map(|(y, e)| y + e).collect());
        let other = Target::Values(clean(&test).iter().zip(&noise).map(|(y, e)| y + e).collect());
        let given = [("layers", Int(0)), ("pieces", Int(pieces)), ("networks", Int(1))];
        let net = loss("rmse", &*fit(&Mlp, &train, &y, &given), &test, &other);
        let linear = loss("rmse", &*fit(find("ridge").unwrap(), &train, &y, &[]), &test, &other);
        assert!(net >= least * linear && net <= most * linear, "{pieces}: {net} beside {linear}");
    }
}

#[test]
fn beats_the_guess_on_noise_and_can_fit_noise_where_it_is_asked_to() {
    let (train, other) = (normals(200, 10, 3), normals(200, 10, 4));
    let noise = |rows, seed| classes(&values(&normals(rows, 1, seed), |x| x[0]), 2);
    let (y, truth) = (noise(200, 5), noise(200, 6));
    let model = try_fit(&Mlp, &train, &y, Some((&other, &truth)), &[], 1).expect("fits");
    assert!(loss("log_loss", &*model, &other, &truth) <= 0.6932);
    // Of many rows those that are given decide.
    let (train, y) = (normals(600, 10, 3), noise(600, 5));
    let free =
        [("epochs", Int(100)), ("weight_decay", Float(0.0)), ("dropout", Float(0.0)), ("networks", Int(1))];
    let same = try_fit(&Mlp, &train, &y, Some((&train, &y)), &free, 1).expect("fits");
    assert!(loss("log_loss", &*same, &train, &y) < 0.45);
}

#[test]
fn rows_that_the_caller_holds_out_are_not_looked_at_where_they_are_few() {
    let (train, other) = (normals(150, 4, 3), normals(30, 4, 4));
    let of = |x: &Frame| classes(&values(x, wave), 3);
    let bytes = |other: &Frame, truth: &Target| {
        try_fit(&Mlp, &train, &of(&train), Some((other, truth)), &[], 1).expect("fits").encode()
    };
    let wrong = Target::Classes { codes: vec![1; 30], classes: 3 };
    assert_eq!(bytes(&other, &of(&other)), bytes(&other, &wrong));
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
    assert!(bytes(1) == bytes(2) && bytes(1) == bytes(8));
}

#[test]
fn numbers_in_pieces_bend_where_a_plain_network_is_slow_to() {
    let (train, test) = (normals(400, 6, 11), normals(2000, 6, 12));
    let y = |x: &Frame| Target::Values(values(x, |x| f64::from(x[0].abs() < 0.3) + f64::from(x[1] > 1.0)));
    let of =
        |pieces| loss("rmse", &*fit(&Mlp, &train, &y(&train), &[("pieces", Int(pieces))]), &test, &y(&test));
    let (plain, cut) = (of(1), of(12));
    assert!(cut < 0.85 * plain, "{cut} beside {plain}");
}

/// Rows with four features that matter, four that do not, and noise; numbers where there are no classes.
fn noisy(rows: usize, seed: u64, count: usize) -> (Frame, Target) {
    let x = normals(rows, 8, seed);
    let noise = values(&normals(rows, 1, seed + 1), |x| x[0]);
    let y: Vec<f64> = values(&x, wave).iter().zip(noise).map(|(y, e)| y + e).collect();
    let y = if count == 0 { Target::Values(y) } else { classes(&y, count) };
    (x, y)
}

#[test]
fn several_networks_know_more_than_one() {
    let of = |networks, count, metric| {
        let of_draw = |seed| {
            let ((train, y), (test, truth)) = (noisy(800, seed, count), noisy(2000, seed + 5, count));
            let given = [("networks", Int(networks)), ("pieces", Int(1))];
            loss(metric, &*fit(&Mlp, &train, &y, &given), &test, &truth)
        };
        [10, 20, 30].map(of_draw).iter().sum::<f64>() / 3.0
    };
    let (one, four) = (of(1, 2, "log_loss"), of(4, 2, "log_loss"));
    assert!(four < 0.98 * one, "{four} beside {one}");
    // The noise alone has 1.
    let excess = |networks| {
        let rmse = of(networks, 0, "rmse");
        rmse * rmse - 1.0
    };
    let (one, four) = (excess(1), excess(4));
    assert!(four < 0.8 * one, "{four} beside {one}");
}

#[test]
fn there_are_as_many_networks_as_asked_for() {
    let x = normals(100, 8, 8);
    let y = classes(&values(&x, |x| x[0]), 3);
    let of = |networks| {
        let given = [("networks", Int(networks)), ("pieces", Int(1)), ("epochs", Int(2))];
        fit(&Mlp, &x, &y, &given).summary()
    };
    let (one, four) = (of(1), of(4));
    let weights = 9 * 64 + 65 * 64 + 65 * 3;
    assert!(one.ends_with(&format!(" {weights} weights")), "{one}");
    assert!(four.ends_with(&format!(" {} weights", 4 * weights)), "{four}");
}

#[test]
fn a_decoded_model_predicts_the_same() {
    let x = normals(80, 3, 9);
    let y = values(&x, |x| 1e6 + 1000.0 * x[0]);
    for y in [classes(&y, 3), Target::Values(y)] {
        let model = fit(&Mlp, &x, &y, &[("epochs", Int(3))]);
        let again = Mlp.decode(&model.encode(), 3).expect("decodes");
        assert_eq!(again.predict(&x), model.predict(&x));
        assert!(again.encode() == model.encode() && Mlp.decode(&model.encode(), 2).is_err());
    }
}

/// A model from before there were pieces: 10 + 2 · (0.5 · x − 1).
const BEFORE: [u8; 30] = [
    1, 0, 0, 0, 0, 0, 0, 0x24, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 2, 1, 1, 2, 0, 0, 0, 0x3F, 0, 0, 0x80,
    0xBF,
];

#[test]
fn models_from_before_there_were_pieces_are_read() {
    let bytes = [&BEFORE[..], &[7]].concat();
    let model = Mlp.decode(&bytes, 1).expect("decodes");
    let x = crate::learner::dense::testing::frame(vec![vec![0.0, 4.0, -2.0]]);
    assert_eq!(model.predict(&x).values, [8.0, 12.0, 6.0]);
    assert!(model.summary().starts_with("7 epochs"));
    assert!(Mlp.decode(&bytes, 2).is_err());
}
