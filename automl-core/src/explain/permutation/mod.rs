//! Permutation importance (Breiman, 2001; Fisher, Rudin and Dominici, 2019): how much worse the score gets when the
//! values of a column are shuffled among rows that the model never saw.

use crate::metric::{MetricSpec, Seen};
use crate::node::{FeatureColumn, FeatureValues, Frame};
use crate::numeric::Rng;

/// What predicts, the features of the rows, and the table column that each feature comes from.
pub struct Explained<'a> {
    /// Predictions from features, rows × outputs, in the units of the target, whatever the model inside learned.
    pub predict: &'a dyn Fn(&Frame) -> Vec<f64>,
    pub frame: &'a Frame,
    /// For each feature of `frame`, a number that names its source column.
    pub sources: &'a [usize],
    /// Share in the blend.
    pub weight: f64,
}

/// The blend's predictions, rows × outputs, with the rows of source column `shuffled` taken in the order `order`.
fn blended(models: &[Explained<'_>], shuffled: Option<(usize, &[u32])>) -> Vec<f64> {
    let mut total: Vec<f64> = Vec::new();
    for e in models {
        let values = match shuffled {
            None => (e.predict)(e.frame),
            Some((source, order)) => (e.predict)(&with_shuffled(e, source, order)),
        };
        total.resize(values.len(), 0.0);
        total.iter_mut().zip(values).for_each(|(t, v)| *t += e.weight * v);
    }
    total
}

/// The frame with all features of one source column moved together, so that they stay consistent.
fn with_shuffled(explained: &Explained<'_>, source: usize, order: &[u32]) -> Frame {
    let columns = explained
        .frame
        .columns
        .iter()
        .zip(explained.sources)
        .map(|(column, &s)| if s == source { reordered(column, order) } else { column.clone() })
        .collect();
    Frame { columns, rows: explained.frame.rows }
}

fn reordered(column: &FeatureColumn, order: &[u32]) -> FeatureColumn {
    let values = match &column.values {
        FeatureValues::Numeric(v) => FeatureValues::Numeric(order.iter().map(|&i| v[i as usize]).collect()),
        FeatureValues::Categorical { codes, cardinality } => FeatureValues::Categorical {
            codes: order.iter().map(|&i| codes[i as usize]).collect(),
            cardinality: *cardinality,
        },
    };
    FeatureColumn { name: column.name.clone(), values }
}

/// Mean and standard deviation over `repeats` shuffles of the loss of score when source column `source` is
/// shuffled; `None` where the metric is undefined on these rows. All frames have the rows of `actual`.
pub fn permutation_importance<'a>(
    models: &[Explained<'_>],
    seen: impl Into<Seen<'a>>,
    metric: &MetricSpec,
    source: usize,
    repeats: usize,
    seed: u64,
) -> Option<(f64, f64)> {
    if models.iter().all(|e| !e.sources.contains(&source)) {
        return Some((0.0, 0.0));
    }
    let predicted = |order: Option<&[u32]>| Some(blended(models, order.map(|order| (source, order))));
    importance_by(&predicted, seen.into(), metric, source, repeats, seed)
}

/// Predictions, rows × outputs, with the values of a column in the order given; `None` where there are none.
pub type Predict<'a> = dyn Fn(Option<&[u32]>) -> Option<Vec<f64>> + 'a;

/// The same for whatever predicts.
pub fn importance_by(
    predicted: &Predict<'_>,
    seen: Seen<'_>,
    metric: &MetricSpec,
    source: usize,
    repeats: usize,
    seed: u64,
) -> Option<(f64, f64)> {
    let whole = metric.loss(metric.score(seen, &predicted(None)?)?);
    let mut drops = Vec::with_capacity(repeats);
    for repeat in 0..repeats.max(1) {
        let mut order: Vec<u32> = (0..seen.actual.len() as u32).collect();
        Rng::for_stream(seed, &[0x5EED, source as u64, repeat as u64]).shuffle(&mut order);
        let shuffled = metric.score(seen, &predicted(Some(&order))?)?;
        drops.push(metric.loss(shuffled) - whole);
    }
    let mean = crate::numeric::mean(&drops);
    let squares: Vec<f64> = drops.iter().map(|d| (d - mean) * (d - mean)).collect();
    let sd =
        if drops.len() > 1 { (crate::numeric::sum(&squares) / (drops.len() - 1) as f64).sqrt() } else { 0.0 };
    Some((mean, sd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{self, Actual};
    use crate::model::LogTarget;

    fn frame(names: &[&str], value: &mut dyn FnMut(usize, usize) -> f64, rows: usize) -> Frame {
        let column = |(at, name): (usize, &&str)| FeatureColumn {
            name: (*name).to_owned(),
            values: FeatureValues::Numeric((0..rows).map(|row| value(at, row) as f32).collect()),
        };
        Frame { columns: names.iter().enumerate().map(column).collect(), rows }
    }

    fn linear(frame: &Frame, by: &[f64]) -> Vec<f64> {
        let values = |at: usize| frame.numeric(at).unwrap_or(&[]);
        let row = |row: usize| by.iter().enumerate().map(|(at, b)| b * f64::from(values(at)[row])).sum();
        (0..frame.rows).map(row).collect()
    }

    #[test]
    fn used_columns_matter_and_unused_do_not() {
        let mut rng = Rng::new(1);
        let frame = frame(&["a", "b", "c"], &mut |at, _| [3.0, 1.0, 9.0][at] * rng.normal(), 400);
        let predict = |frame: &Frame| linear(frame, &[1.0, 1.0]);
        let actual: Vec<f64> = predict(&frame);
        let explained = [Explained { predict: &predict, frame: &frame, sources: &[0, 1, 2], weight: 1.0 }];
        let rmse = metric::find("rmse").expect("a metric of the list");
        let of = |source| {
            permutation_importance(&explained, Actual::Values(&actual), rmse, source, 5, 3).expect("defined")
        };
        // Shuffling a column of variance s² adds an error of variance 2 s².
        assert!((of(0).0 - 3.0 * 2f64.sqrt()).abs() < 0.4, "{:?}", of(0));
        assert!((of(1).0 - 2f64.sqrt()).abs() < 0.2, "{:?}", of(1));
        assert_eq!(of(2), (0.0, 0.0));
        assert_eq!(of(7), (0.0, 0.0));
    }

    /// `tests/golden/importance.py`: scikit-learn's mean and standard deviation over shuffles.
    #[test]
    fn amounts_are_weighed_as_amounts_as_scikit_learn_does() {
        #[derive(serde::Deserialize)]
        struct Golden {
            rows: Vec<Vec<f64>>,
            actual: Vec<f64>,
            by: Vec<f64>,
            repeats: usize,
            importance: Vec<Vec<(f64, f64)>>,
        }
        let golden: Golden =
            serde_json::from_str(include_str!("../../../../tests/golden/importance.json")).expect("golden");
        let frame = frame(&["a", "b", "c"], &mut |at, row| golden.rows[row][at], golden.rows.len());
        let (scale, _) = LogTarget::of(&golden.actual).expect("above 0");
        // The model inside tells logarithms.
        let predict =
            |frame: &Frame| linear(frame, &golden.by).into_iter().map(|log| scale.amount(log)).collect();
        let explained = [Explained { predict: &predict, frame: &frame, sources: &[0, 1, 2], weight: 1.0 }];
        for (id, expected) in ["rmse", "mae"].into_iter().zip(&golden.importance) {
            let metric = metric::find(id).expect("a metric of the list");
            for (source, &(mean, sd)) in expected.iter().enumerate() {
                let seen = Actual::Values(&golden.actual);
                let (found, spread) =
                    permutation_importance(&explained, seen, metric, source, golden.repeats, 3)
                        .expect("defined");
                // Both means are of so many shuffles.
                let error = 4.0 * sd * (2.0 / golden.repeats as f64).sqrt() + 1e-6;
                assert!((found - mean).abs() < error, "{id} {source}: {found} {mean} ± {sd}");
                assert!((spread - sd).abs() < 0.5 * sd + 1e-6, "{id} {source}: {spread} {sd}");
            }
        }
    }
}
