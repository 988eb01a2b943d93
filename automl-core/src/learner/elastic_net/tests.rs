use super::ElasticNet;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{fit, normals, try_fit, values};
use crate::model::Target;

#[test]
fn keeps_the_features_that_matter() {
    let x = normals(400, 20, 1);
    let y = Target::Values(values(&x, |x| 3.0 * x[2] - 2.0 * x[11] + 0.01 * x[5]));
    let lasso = fit(&ElasticNet, &x, &y, &[("alpha", Float(0.1)), ("l1_ratio", Float(1.0))]);
    assert_eq!(lasso.summary(), "2 of 20 features used");
    let ridge = fit(&ElasticNet, &x, &y, &[("alpha", Float(0.1)), ("l1_ratio", Float(0.0))]);
    assert_eq!(ridge.summary(), "20 of 20 features used");
}

#[test]
fn a_target_in_other_units_gives_the_same_fit() {
    let x = normals(200, 5, 2);
    let y = values(&x, |x| x[0] + x[1] * x[2]);
    let base = fit(&ElasticNet, &x, &Target::Values(y.clone()), &[]).predict(&x).values;
    for (unit, offset) in [(1e200, 0.0), (1e-200, 0.0), (2.0, 1e6)] {
        let other = Target::Values(y.iter().map(|y| offset + unit * y).collect());
        let got = fit(&ElasticNet, &x, &other, &[]).predict(&x).values;
        assert!(base.iter().zip(&got).all(|(b, g)| ((g - offset) / unit - b).abs() < 1e-6), "{unit}");
    }
}

/// The path ends near the penalty that is best of many fits, and at the same weights as a fit of that penalty alone.
#[test]
fn the_path_finds_a_good_penalty() {
    let x = normals(120, 60, 3);
    let noise = values(&normals(120, 1, 4), |x| x[0]);
    let of = |x: &[f64]| 3.0 * x[2] - 2.0 * x[11];
    let y: Vec<f64> = values(&x, of).iter().zip(&noise).map(|(y, e)| y + 3.0 * e).collect();
    let y = Target::Values(y);
    let (new, new_y) = (normals(500, 60, 5), Target::Values(values(&normals(500, 60, 5), of)));
    let loss = |alpha: f64| {
        let given = [("alpha", Float(alpha)), ("l1_ratio", Float(1.0))];
        let model = try_fit(&ElasticNet, &x, &y, Some((&new, &new_y)), &given, 1).expect("fits");
        let Target::Values(actual) = &new_y else { unreachable!() };
        let errors = model.predict(&new).values.into_iter().zip(actual).map(|(p, y)| (p - y) * (p - y));
        errors.sum::<f64>() / 500.0
    };
    let chosen = loss(0.0);
    let best =
        [1e-4, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0].map(loss).into_iter().fold(f64::MAX, f64::min);
    assert!(chosen < best * 1.1 && chosen < loss(0.01) * 0.8, "{chosen} {best}");
    // Nothing validates: as the usual penalty.
    let usual = fit(&ElasticNet, &x, &y, &[("alpha", Float(0.01))]).encode();
    assert_eq!(fit(&ElasticNet, &x, &y, &[("alpha", Float(0.0))]).encode(), usual);
}
