//! Data for the tests of trees, boosting and forests.

use crate::model::{Prediction, Target};
use crate::node::{FeatureColumn, FeatureValues, Frame, NO_CATEGORY};
use crate::numeric::Rng;

pub fn frame(columns: Vec<FeatureValues>) -> Frame {
    let rows = columns.first().map_or(0, |c| match c {
        FeatureValues::Numeric(v) => v.len(),
        FeatureValues::Categorical { codes, .. } => codes.len(),
    });
    let named = |(i, values)| FeatureColumn { name: format!("x{i}"), values };
    Frame { columns: columns.into_iter().enumerate().map(named).collect(), rows }
}

pub fn numbers(values: impl IntoIterator<Item = f32>) -> FeatureValues {
    FeatureValues::Numeric(values.into_iter().collect())
}

pub fn levels(codes: impl IntoIterator<Item = u32>, cardinality: u32) -> FeatureValues {
    FeatureValues::Categorical { codes: codes.into_iter().collect(), cardinality }
}

/// Numbers with holes and categories with holes; classes by both.
pub fn mixed(rows: usize, classes: usize, seed: u64) -> (Frame, Target) {
    let mut rng = Rng::new(seed);
    let mut columns = vec![Vec::new(), Vec::new(), Vec::new()];
    let (mut category, mut codes) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let x: Vec<f32> = (0..3).map(|_| rng.normal() as f32).collect();
        let level = rng.below(12);
        let z =
            f64::from(x[0] * x[1]) + if level.is_multiple_of(3) { 1.0 } else { -0.5 } + 0.3 * rng.normal();
        codes.push(((z + 2.0).max(0.0) as usize).min(classes - 1) as u32);
        for (column, x) in columns.iter_mut().zip(x) {
            column.push(if rng.uniform() < 0.1 { f32::NAN } else { x });
        }
        category.push(if rng.uniform() < 0.05 { NO_CATEGORY } else { level as u32 });
    }
    let mut all: Vec<FeatureValues> = columns.into_iter().map(numbers).collect();
    all.push(levels(category, 12));
    (frame(all), Target::Classes { codes, classes })
}

pub fn accuracy(prediction: &Prediction, target: &Target) -> f64 {
    let Target::Classes { codes, .. } = target else { return f64::NAN };
    let hit = |(i, &code): (usize, &u32)| {
        let row = prediction.row(i);
        row.iter().all(|&p| p <= row[code as usize])
    };
    codes.iter().enumerate().filter(|&(i, c)| hit((i, c))).count() as f64 / codes.len() as f64
}

pub fn rmse(prediction: &Prediction, target: &Target) -> f64 {
    let Target::Values(v) = target else { return f64::NAN };
    let squares: Vec<f64> = prediction.values.iter().zip(v).map(|(p, y)| (p - y) * (p - y)).collect();
    crate::numeric::mean(&squares).sqrt()
}
