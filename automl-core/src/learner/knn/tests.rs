use super::{Knn, MOST_CELLS};
use crate::learner::ParamValue::{Int, Text};
use crate::learner::dense::testing::{fit, frame, normals, try_fit, values};
use crate::model::Target;

#[test]
fn one_neighbour_repeats_the_training_rows() {
    let x = normals(500, 3, 1);
    let y = values(&x, |x| x[0] * x[1]);
    for weights in ["uniform", "distance"] {
        let given = [("k", Int(1)), ("weights", Text(weights.to_owned()))];
        let back = fit(&Knn, &x, &Target::Values(y.clone()), &given).predict(&x).values;
        assert!(back.iter().zip(&y).all(|(b, y)| (b - y).abs() < 1e-9));
    }
    // By distance, a row that is there answers alone, whatever k is.
    let given = [("k", Int(20)), ("weights", Text("distance".to_owned()))];
    let back = fit(&Knn, &x, &Target::Values(y.clone()), &given).predict(&x).values;
    assert!(back.iter().zip(&y).all(|(b, y)| (b - y).abs() < 1e-9));
}

#[test]
fn of_rows_equally_far_the_first_are_taken() {
    let x = frame(vec![vec![1.0, -1.0, 1.0, -1.0]]);
    let y = Target::Values(vec![10.0, 20.0, 30.0, 40.0]);
    let middle = frame(vec![vec![0.0]]);
    assert!((fit(&Knn, &x, &y, &[("k", Int(2))]).predict(&middle).values[0] - 15.0).abs() < 1e-12);
}

#[test]
fn too_large_a_table_is_refused_before_any_work() {
    let x = normals(MOST_CELLS / 50 + 1, 50, 1);
    let y = Target::Values(vec![0.0; x.rows]);
    let error = try_fit(&Knn, &x, &y, None, &[], 1).err().expect("refused");
    assert!(error.to_string().contains("at most 50000 rows"), "{error}");
}
