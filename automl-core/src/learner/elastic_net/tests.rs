use super::ElasticNet;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{fit, normals, values};
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
