use super::Logistic;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{classes, fit, frame, normals, values};
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
