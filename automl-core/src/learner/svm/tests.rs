use super::Svm;
use crate::learner::dense::testing::{classes, fit, frame, normals, try_fit, values};
use crate::learner::{FitError, ParamValue};
use crate::model::Target;
use crate::numeric::math;

#[test]
fn a_ring_is_told_from_its_middle() {
    let (train, test) = (normals(300, 2, 1), normals(300, 2, 2));
    let ring = |f: &crate::node::Frame| classes(&values(f, |x| x[0] * x[0] + x[1] * x[1]), 2);
    let prediction = fit(&Svm, &train, &ring(&train), &[]).predict(&test);
    let Target::Classes { codes, .. } = ring(&test) else { unreachable!("made above") };
    let right = (0..test.rows).filter(|&i| (prediction.row(i)[1] > 0.5) == (codes[i] == 1)).count();
    assert!(right > 280, "{right} of 300");
}

#[test]
fn a_wave_is_followed() {
    let (train, test) = (normals(300, 1, 1), normals(100, 1, 2));
    let wave = |f: &crate::node::Frame| values(f, |x| 1e6 + 1e3 * math::sin(2.0 * x[0]));
    let given = [("c", ParamValue::Float(10.0)), ("width", ParamValue::Float(0.5))];
    let prediction = fit(&Svm, &train, &Target::Values(wave(&train)), &given).predict(&test);
    let squares = prediction.values.iter().zip(wave(&test)).map(|(p, y)| (p - y) * (p - y));
    let rmse = (squares.sum::<f64>() / 100.0).sqrt();
    assert!(rmse < 150.0, "{rmse}");
}

#[test]
fn many_rows_are_refused_in_words() {
    let train = frame(vec![vec![0.0; super::MOST_ROWS + 1]]);
    let y = Target::Values((0..train.rows).map(|i| i as f64).collect());
    let Err(FitError::Unsuitable { reason }) = try_fit(&Svm, &train, &y, None, &[], 1) else {
        panic!("too many rows were taken")
    };
    assert!(reason.contains("2000 rows"), "{reason}");
}
