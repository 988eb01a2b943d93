use super::Logistic;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{classes, fit, frame, normals, try_fit, values};
use crate::model::Target;

#[test]
fn finds_the_slope_that_the_odds_have() {
    // Of 4 rows at x = 0 one is of class 1, of 4 rows at x = 1 three are: log odds −ln 3 and ln 3.
    let x = frame(vec![vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]]);
    let y = Target::Classes { codes: vec![1, 0, 0, 0, 1, 1, 1, 0], classes: 2 };
    let p = fit(&Logistic, &x, &y, &[("c", Float(1e6))]).predict(&x);
    assert!((p.row(0)[1] - 0.25).abs() < 1e-4 && (p.row(7)[1] - 0.75).abs() < 1e-4, "{:?}", p.values);
}

#[test]
fn survives_classes_that_can_be_told_apart_without_error() {
    for count in [2, 3] {
        let x = normals(200, 4, 1);
        let y = classes(&values(&x, |x| x[0] - x[2]), count);
        let model = fit(&Logistic, &x, &y, &[("c", Float(1e3))]);
        let Target::Classes { codes, .. } = &y else { unreachable!() };
        let p = model.predict(&x);
        let hits = codes.iter().enumerate().filter(|&(i, &c)| p.row(i)[c as usize] > 0.5).count();
        assert!(hits > 195, "{hits}");
    }
}

#[test]
fn a_class_without_rows_gets_nothing() {
    let x = normals(60, 2, 3);
    let Target::Classes { codes, .. } = classes(&values(&x, |x| x[0]), 3) else { unreachable!() };
    let codes: Vec<u32> = codes.iter().map(|c| [0, 2, 4][*c as usize]).collect();
    let p = fit(&Logistic, &x, &Target::Classes { codes, classes: 5 }, &[]).predict(&x);
    for i in 0..60 {
        assert_eq!((p.row(i)[1], p.row(i)[3]), (0.0, 0.0));
    }
}

/// Noise asks for small weights, a rule without noise for large ones; what is chosen is hardly worse than any of many.
#[test]
fn the_path_finds_a_good_penalty() {
    for (noise, count) in [(0.0, 2), (3.0, 2), (3.0, 3)] {
        let of = |seed: u64, rows: usize| {
            let x = normals(rows, 30, seed);
            let e = values(&normals(rows, 1, seed + 1), |x| x[0]);
            let z: Vec<f64> =
                values(&x, |x| x[0] - x[1]).iter().zip(&e).map(|(z, e)| z + noise * e).collect();
            let y = classes(&z, count);
            (x, y)
        };
        let ((x, y), (new, new_y)) = (of(1, 150), of(5, 400));
        let Target::Classes { codes, .. } = &new_y else { unreachable!() };
        let loss = |c: f64| {
            let model =
                try_fit(&Logistic, &x, &y, Some((&new, &new_y)), &[("c", Float(c))], 1).expect("fits");
            let p = model.predict(&new);
            let own = codes
                .iter()
                .enumerate()
                .map(|(i, &c)| -crate::numeric::math::ln(p.row(i)[c as usize].max(1e-6)));
            own.sum::<f64>() / 400.0
        };
        let chosen = loss(0.0);
        let all = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3].map(loss);
        let (best, worst) = all.into_iter().fold((f64::MAX, 0.0f64), |(b, w), l| (b.min(l), w.max(l)));
        assert!(chosen < best * 1.02 && chosen < worst * 0.9, "{noise}: {chosen} of {all:?}");
        let usual = fit(&Logistic, &x, &y, &[("c", Float(1.0))]).encode();
        assert_eq!(fit(&Logistic, &x, &y, &[("c", Float(0.0))]).encode(), usual);
    }
}
