use super::Discriminant;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{classes, fit, normals, values};
use crate::model::{Prediction, Target};

fn accuracy(p: &Prediction, y: &Target) -> f64 {
    let Target::Classes { codes, .. } = y else { unreachable!() };
    let hits = codes.iter().enumerate().filter(|&(i, &c)| p.row(i)[c as usize] > 0.5).count();
    hits as f64 / codes.len() as f64
}

#[test]
fn finds_a_ball_inside_a_cloud_unless_shapes_are_shared() {
    let x = normals(2000, 4, 1);
    let y = classes(&values(&x, |x| x.iter().map(|x| x * x).sum()), 2);
    let with = |pooling| {
        fit(&Discriminant, &x, &y, &[("pooling", Float(pooling)), ("shrinkage", Float(0.001))]).predict(&x)
    };
    assert!(accuracy(&with(0.0), &y) > 0.9);
    assert!(accuracy(&with(1.0), &y) < 0.65);
}
