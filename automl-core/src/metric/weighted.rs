//! Metrics of rows that do not count alike: a row of weight n is as n rows, as scikit-learn's `sample_weight` has it.

use super::confusion::weighted_confusion;
use super::labels::of_confusion;
use super::paired::row_losses;
use super::rank::sort_key;
use super::{Actual, MetricSpec};
use crate::numeric::{dot, mean, sum, weighted_mean};

/// The metric of `predicted` with these weights, one a row, finite and from 0. `None` where it is undefined, and where no
/// row counts.
pub(super) fn score(
    metric: &MetricSpec,
    actual: Actual<'_>,
    predicted: &[f64],
    weights: &[f64],
) -> Option<f64> {
    let sound = weights.len() == actual.len() && weights.iter().all(|w| w.is_finite() && *w >= 0.0);
    if !sound || sum(weights) <= 0.0 {
        return None;
    }
    match (metric.id, actual) {
        ("roc_auc", Actual::Classes { codes, classes }) => {
            one_against_rest(codes, predicted, classes, weights, area)
        }
        ("pr_auc", Actual::Classes { codes, classes }) => {
            one_against_rest(codes, predicted, classes, weights, average_precision)
        }
        ("log_loss" | "brier" | "mse" | "mae" | "mape", _) => mean_loss(metric, actual, predicted, weights),
        ("rmse" | "rmsle", _) => mean_loss(metric, actual, predicted, weights).map(f64::sqrt),
        (id, Actual::Classes { codes, classes }) => {
            of_confusion(id, &weighted_confusion(codes, predicted, classes, Some(weights)))
        }
        ("r2", Actual::Values(values)) => r2(values, predicted, weights),
        ("median_absolute_error", Actual::Values(values)) => {
            Some(median_absolute_error(values, predicted, weights))
        }
        _ => None,
    }
}

fn mean_loss(metric: &MetricSpec, actual: Actual<'_>, predicted: &[f64], weights: &[f64]) -> Option<f64> {
    Some(weighted_mean(&row_losses(metric, actual, predicted)?, Some(weights)))
}

/// Rows of a class, or the others: (score as an integer of the same order, weight).
type Keyed = Vec<(u64, f64)>;

/// Of the second of two classes; of more, the mean over the classes where the metric is defined.
fn one_against_rest(
    codes: &[u32],
    predicted: &[f64],
    classes: usize,
    weights: &[f64],
    metric: fn(Keyed, Keyed) -> Option<f64>,
) -> Option<f64> {
    let score = |class: usize| {
        let (mut inside, mut outside) = (Keyed::new(), Keyed::new());
        for ((row, &code), &weight) in predicted.chunks_exact(classes).zip(codes).zip(weights) {
            let side = if code as usize == class { &mut inside } else { &mut outside };
            side.push((sort_key(row[class]), weight));
        }
        metric(inside, outside)
    };
    if classes == 2 {
        return score(1);
    }
    let defined: Vec<f64> = (0..classes).filter_map(score).collect();
    (!defined.is_empty()).then(|| mean(&defined))
}

fn total(rows: &Keyed) -> f64 {
    rows.iter().map(|r| r.1).sum()
}

/// The weight of pairs in the right order, and half of those tied, by the weight of all pairs.
fn area(mut inside: Keyed, mut outside: Keyed) -> Option<f64> {
    // Sorting keeps the order of equal rows, so that sums are always taken in the same order.
    inside.sort_by_key(|r| r.0);
    outside.sort_by_key(|r| r.0);
    let all = total(&inside) * total(&outside);
    if all <= 0.0 {
        return None;
    }
    let (mut next, mut below, mut right) = (0, 0.0, 0.0);
    for run in inside.chunk_by(|a, b| a.0 == b.0) {
        let key = run[0].0;
        while next < outside.len() && outside[next].0 < key {
            below += outside[next].1;
            next += 1;
        }
        let tied: f64 = outside[next..].iter().take_while(|r| r.0 == key).map(|r| r.1).sum();
        right += run.iter().map(|r| r.1).sum::<f64>() * (below + 0.5 * tied);
    }
    Some(right / all)
}

/// Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores from the highest down.
fn average_precision(mut inside: Keyed, mut outside: Keyed) -> Option<f64> {
    inside.sort_by_key(|r| std::cmp::Reverse(r.0));
    outside.sort_by_key(|r| std::cmp::Reverse(r.0));
    let all = total(&inside);
    if all <= 0.0 {
        return None;
    }
    let (mut next, mut found, mut wrong, mut out) = (0, 0.0, 0.0, 0.0);
    for run in inside.chunk_by(|a, b| a.0 == b.0) {
        let more: f64 = run.iter().map(|r| r.1).sum();
        found += more;
        while next < outside.len() && outside[next].0 >= run[0].0 {
            wrong += outside[next].1;
            next += 1;
        }
        if found > 0.0 {
            out += more * (found / (found + wrong));
        }
    }
    Some(out / all)
}

fn r2(actual: &[f64], predicted: &[f64], weights: &[f64]) -> Option<f64> {
    if actual.len() < 2 {
        return None;
    }
    let centre = weighted_mean(actual, Some(weights));
    let squares = |each: Vec<f64>| dot(&each.iter().map(|d| d * d).collect::<Vec<f64>>(), weights);
    let unexplained = squares(actual.iter().zip(predicted).map(|(a, p)| a - p).collect());
    let all = squares(actual.iter().map(|a| a - centre).collect());
    Some(match (unexplained == 0.0, all == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - unexplained / all,
    })
}

/// The error that half of the weight is at or below; where that is met exactly, the mean of it and the next.
fn median_absolute_error(actual: &[f64], predicted: &[f64], weights: &[f64]) -> f64 {
    let errors = actual.iter().zip(predicted).map(|(a, p)| (a - p).abs());
    let mut errors: Vec<(f64, f64)> =
        errors.zip(weights).filter(|(_, w)| **w > 0.0).map(|(e, w)| (e, *w)).collect();
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = errors.iter().map(|e| e.1).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (i, &(error, weight)) in errors.iter().enumerate() {
        below += weight;
        if below >= half {
            let next = errors.get(i + 1).map_or(error, |e| e.0);
            return if below == half { error + (next - error) / 2.0 } else { error };
        }
    }
    errors.last().map_or(0.0, |e| e.0)
}
