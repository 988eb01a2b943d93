use super::Ridge;
use crate::learner::ParamValue::Float;
use crate::learner::dense::testing::{fit, normals, try_fit, values};
use crate::model::Target;

/// In both forms, of more rows than features and of fewer: no alpha of the path is much better than the chosen one.
#[test]
fn the_path_takes_a_good_alpha() {
    for (rows, features) in [(200, 40), (50, 80)] {
        let of = |seed: u64, rows: usize| {
            let x = normals(rows, features, seed);
            let e = values(&normals(rows, 1, seed + 1), |x| x[0]);
            let y = values(&x, |x| x.iter().take(5).sum()).iter().zip(&e).map(|(y, e)| y + 2.0 * e).collect();
            (x, Target::Values(y))
        };
        let ((x, y), (new, new_y)) = (of(1, rows), of(7, 300));
        let Target::Values(actual) = &new_y else { unreachable!() };
        let fit_with = |alpha: f64| {
            try_fit(&Ridge, &x, &y, Some((&new, &new_y)), &[("alpha", Float(alpha))], 1).expect("fits")
        };
        let loss = |alpha: f64| {
            let predicted = fit_with(alpha).predict(&new).values;
            predicted.iter().zip(actual).map(|(p, y)| (p - y) * (p - y)).sum::<f64>()
        };
        let (first, factor, count) = super::PATH;
        let path = crate::learner::dense::path::geometric(first, factor, count);
        let best = path.map(loss).fold(f64::INFINITY, f64::min);
        assert!(loss(0.0) <= 1.05 * best, "{} {best}", loss(0.0));
        let usual = fit(&Ridge, &x, &y, &[("alpha", Float(1.0))]).encode();
        assert_eq!(fit(&Ridge, &x, &y, &[("alpha", Float(0.0))]).encode(), usual);
    }
}
