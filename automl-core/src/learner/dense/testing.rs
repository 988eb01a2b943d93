//! Data and fits for the tests of learners on dense frames.

use crate::learner::parts::Block;
use crate::learner::parts::testing::Memory;
use crate::learner::{Fit, FitError, Learner, ParamValue, Params};
use crate::model::{Model, Target};
use crate::node::{FeatureColumn, FeatureValues, Frame};
use crate::numeric::Rng;
use crate::platform::Cancel;

/// A frame of these columns.
pub fn frame(columns: Vec<Vec<f32>>) -> Frame {
    let rows = columns.first().map_or(0, Vec::len);
    let named = |(i, values): (usize, Vec<f32>)| FeatureColumn {
        name: format!("x{i}"),
        values: FeatureValues::Numeric(values.into()),
    };
    Frame { columns: columns.into_iter().enumerate().map(named).collect(), rows }
}

/// Standard normal columns.
pub fn normals(rows: usize, features: usize, seed: u64) -> Frame {
    let mut rng = Rng::new(seed);
    frame((0..features).map(|_| (0..rows).map(|_| rng.normal() as f32).collect()).collect())
}

/// What `z` gives for every row.
pub fn values(frame: &Frame, z: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let cells = |i| frame_row(frame, i);
    (0..frame.rows).map(|i| z(&cells(i))).collect()
}

fn frame_row(frame: &Frame, i: usize) -> Vec<f64> {
    (0..frame.columns.len()).filter_map(|j| Some(f64::from(*frame.numeric(j)?.get(i)?))).collect()
}

/// Classes by equal parts of the sorted values.
pub fn classes(values: &[f64], classes: usize) -> Target {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut codes = vec![0; values.len()];
    for (rank, &i) in order.iter().enumerate() {
        codes[i] = (rank * classes / values.len()) as u32;
    }
    Target::Classes { codes, classes }
}

pub fn try_fit(
    learner: &dyn Learner,
    frame: &Frame,
    target: &Target,
    validation: Option<(&Frame, &Target)>,
    given: &[(&str, ParamValue)],
    threads: usize,
) -> Result<Box<dyn Model>, FitError> {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    let params = Params::complete(learner.spec().params, &given);
    let cancel = Cancel::new();
    learner.fit(&Fit {
        frame,
        target,
        weights: None,
        validation,
        params: &params,
        seed: 1,
        threads,
        cancel: &cancel,
        card: None,
    })
}

pub fn fit(
    learner: &dyn Learner,
    frame: &Frame,
    target: &Target,
    given: &[(&str, ParamValue)],
) -> Box<dyn Model> {
    try_fit(learner, frame, target, None, given, 1).expect("fits")
}

/// Fits in `parts` parts, whose rows come `block` at a time; the sample is the first half of the rows.
pub fn in_parts(
    learner: &dyn Learner,
    (frame, target, weights): (&Frame, &Target, Option<&[f32]>),
    validation: (&Frame, &Target),
    given: &[(&str, ParamValue)],
    (parts, block): (usize, usize),
) -> Box<dyn Model> {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    let params = Params::complete(learner.spec().params, &given);
    let cancel = Cancel::new();
    let rows: Vec<u32> = (0..frame.rows as u32).collect();
    let half = &rows[..frame.rows.div_ceil(2)];
    let (some, some_target) = (frame.take(half), target.take(half));
    let sample = Fit {
        frame: &some,
        target: &some_target,
        weights: weights.map(|w| &w[..half.len()]),
        validation: None,
        params: &params,
        seed: 1,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    let mut shelf = Memory::default();
    let begun = learner.in_parts(&sample, parts).expect("suits");
    let mut begun = begun.expect("it learns in parts");
    for rows in rows.chunks(block) {
        let of_rows: Option<Vec<f32>> = weights.map(|w| rows.iter().map(|&row| w[row as usize]).collect());
        let (frame, target) = (frame.take(rows), target.take(rows));
        let rows = Block { frame: &frame, target: &target, weights: of_rows.as_deref() };
        begun.take(&rows, &mut shelf).expect("rows like the others");
    }
    assert!(shelf.places.len() <= begun.places());
    begun.finish(validation, &mut shelf, None, &cancel, &mut |_| {}).expect("fits")
}
