use super::Kernel;
use super::landmarks::Landmarks;
use crate::learner::ParamValue::{Float, Int};
use crate::learner::dense::testing::{classes, fit, frame, normals, try_fit, values};
use crate::learner::{Fit, Learner, Params, find};
use crate::metric::{self, Actual};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::{dot, math};
use crate::platform::Cancel;

fn landmarks(x: &Frame, width: f64, most: usize) -> Landmarks {
    let target = Target::Values(vec![0.0; x.rows]);
    let fit = Fit {
        frame: x,
        target: &target,
        weights: None,
        validation: None,
        params: &Params::default(),
        seed: 1,
        threads: 1,
        cancel: &Cancel::new(),
        card: None,
    };
    Landmarks::choose(&fit, width, most).expect("landmarks")
}

/// Features of each row.
fn rows(x: &Frame) -> Vec<Vec<f64>> {
    let cell = |i: usize, j: usize| f64::from(x.numeric(j).expect("numbers")[i]);
    (0..x.rows).map(|i| (0..x.columns.len()).map(|j| cell(i, j)).collect()).collect()
}

fn rmse(model: &dyn Model, x: &Frame, y: &[f64]) -> f64 {
    metric::find("rmse").unwrap().score(Actual::Values(y), &model.predict(x).values).unwrap()
}

#[test]
fn with_every_row_a_landmark_products_are_the_kernel() {
    let x = normals(60, 10, 1);
    let total = 2.0 * 9.3;
    let compared = landmarks(&x, 2.0, 100).compare(&x);
    assert_eq!(compared.columns.len(), 60);
    let (rows, compared) = (rows(&x), rows(&compared));
    let mut widths = Vec::new();
    for i in 0..60 {
        for j in 0..i {
            let squares: f64 = rows[i].iter().zip(&rows[j]).map(|(a, b)| (a - b) * (a - b)).sum();
            widths.push(-squares / math::ln(dot(&compared[i], &compared[j])));
        }
        assert!((dot(&compared[i], &compared[i]) - 1.0).abs() < 1e-5);
    }
    // One width for all, and about as wide as was asked for.
    assert!(widths.iter().all(|w| (w / widths[0] - 1.0).abs() < 1e-3), "{widths:?}");
    assert!((widths[0] / total - 1.0).abs() < 0.15, "{}", widths[0]);
}

#[test]
fn rows_that_others_stand_for_are_no_landmarks() {
    // Twenty rows, each five times.
    let x = normals(20, 3, 4);
    let five: Vec<u32> = (0..100).map(|i| i % 20).collect();
    assert_eq!(landmarks(&x.take(&five), 0.2, 300).count(), 20);
    assert_eq!(landmarks(&x, 0.2, 7).count(), 7);
    // Each landmark is the row that those before it say least about: the next one is far from the first.
    let line = frame(vec![(0..50).map(|i| i as f32).collect()]);
    let two = landmarks(&line, 1.0, 2).compare(&line);
    let second = two.numeric(1).expect("a number");
    assert_eq!((second[0], two.numeric(0).expect("a number")[0]), (0.0, 1.0));
    assert!(second[49] > 0.9, "{second:?}");
}

#[test]
fn smooth_curves_are_learned_from_few_rows() {
    let (train, test) = (normals(200, 4, 11), normals(1000, 4, 12));
    let y = |x: &Frame| values(x, |x| math::exp(-x[0] * x[0]) + x[1] * x[2] + 0.3 * x[3]);
    let target = Target::Values(y(&train));
    let of = |id: &str| rmse(&*fit(find(id).unwrap(), &train, &target, &[]), &test, &y(&test));
    let (kernel, gbt) = (of("kernel"), of("gbt"));
    assert!(kernel < 0.5 * gbt, "{kernel} beside {gbt}");
}

#[test]
fn fewer_landmarks_do_nearly_as_well_where_rows_are_many() {
    let (train, test) = (normals(1500, 3, 21), normals(500, 3, 22));
    let y = |x: &Frame| values(x, |x| x[0] * x[1] + x[2]);
    let target = Target::Values(y(&train));
    let of = |most| {
        let given = [("landmarks", Int(most)), ("width", Float(3.0))];
        rmse(&*fit(&Kernel, &train, &target, &given), &test, &y(&test))
    };
    let (few, many, most) = (of(10), of(100), of(600));
    assert!(many < 0.4 * few && (most / many - 1.0).abs() < 0.02, "{few}, {many}, {most}");
}

#[test]
fn the_penalty_is_chosen_by_the_rows_that_validate() {
    let (train, other) = (normals(150, 6, 31), normals(80, 6, 32));
    let noise = |x: &Frame| values(x, |x| x[0] + 3.0 * (x[1] * 40.0 - (x[1] * 40.0).floor() - 0.5));
    let (y, truth) = (Target::Values(noise(&train)), noise(&other));
    let validation = Target::Values(truth.clone());
    let of = |alpha| {
        let model = try_fit(&Kernel, &train, &y, Some((&other, &validation)), &[("alpha", Float(alpha))], 1);
        rmse(&*model.expect("fits"), &other, &truth)
    };
    let (chosen, loose, usual) = (of(0.0), of(1e-3), of(0.1));
    assert!(chosen < 0.8 * loose && chosen <= usual, "{chosen}, {loose}, {usual}");
}

#[test]
fn a_decoded_model_predicts_the_same() {
    let x = normals(80, 3, 9);
    let y = values(&x, |x| x[0] * x[1]);
    for y in [classes(&y, 3), classes(&y, 2), Target::Values(y)] {
        let model = fit(&Kernel, &x, &y, &[]);
        let again = Kernel.decode(&model.encode(), 3).expect("decodes");
        assert_eq!(again.predict(&x), model.predict(&x));
        assert!(again.encode() == model.encode() && Kernel.decode(&model.encode(), 2).is_err());
        let none = model.predict(&x.take(&[]));
        assert_eq!((none.values.len(), none.outputs), (0, model.predict(&x).outputs));
    }
}
