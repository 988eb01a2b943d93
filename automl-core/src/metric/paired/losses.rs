//! Metrics that are a mean over rows, or grow and fall with one.

use crate::metric::{Actual, MetricSpec, most_likely};
use crate::numeric::math;

/// The losses of rows whose mean `metric` orders models by: squared errors for RMSE, MSE and R², −ln of the true class's
/// probability for the log loss, and so on. `None` for metrics that are no such mean: areas, F1, medians.
///
/// `predicted`: rows × outputs. Labels are the most likely class.
pub fn row_losses(metric: &MetricSpec, actual: Actual<'_>, predicted: &[f64]) -> Option<Vec<f64>> {
    if Some(predicted.len()) != actual.len().checked_mul(actual.outputs())
        || predicted.iter().any(|p| !p.is_finite())
        || !metric.suits(actual.question())
    {
        return None;
    }
    match actual {
        Actual::Classes { codes, classes } => of_classes(metric.id, codes, predicted, classes),
        Actual::Values(values) => of_values(metric.id, values, predicted),
    }
}

fn of_classes(id: &str, codes: &[u32], predicted: &[f64], classes: usize) -> Option<Vec<f64>> {
    let rows = || codes.iter().zip(predicted.chunks_exact(classes)).map(|(&code, row)| (code as usize, row));
    let wrong = |code: usize, row: &[f64]| f64::from(u8::from(most_likely(row) as usize != code));
    if codes.iter().any(|&c| c as usize >= classes) {
        return None;
    }
    Some(match id {
        "accuracy" => rows().map(|(code, row)| wrong(code, row)).collect(),
        "balanced_accuracy" | "recall" => {
            // Every class weighs the same; recall of two classes is that of the second alone.
            let mut counts = vec![0u64; classes];
            codes.iter().for_each(|&c| counts[c as usize] += 1);
            let second_alone = id == "recall" && classes == 2;
            let counted = |c: usize| counts[c] > 0 && (!second_alone || c == 1);
            let seen = (0..classes).filter(|&c| counted(c)).count() as f64;
            let weight = |c: usize| {
                if counted(c) { codes.len() as f64 / (seen * counts[c] as f64) } else { 0.0 }
            };
            rows().map(|(code, row)| weight(code) * wrong(code, row)).collect()
        }
        "log_loss" => {
            let kept = |p: f64| p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            rows().map(|(code, row)| -math::ln(kept(row[code]))).collect()
        }
        "brier" => {
            let first = usize::from(classes == 2);
            let off = |code: usize, row: &[f64], class: usize| {
                let distance = row[class] - f64::from(u8::from(code == class));
                distance * distance
            };
            rows().map(|(code, row)| (first..classes).map(|c| off(code, row, c)).sum()).collect()
        }
        _ => return None,
    })
}

fn of_values(id: &str, values: &[f64], predicted: &[f64]) -> Option<Vec<f64>> {
    let rows = || values.iter().zip(predicted).map(|(&y, &p)| (y, p));
    Some(match id {
        "rmse" | "mse" | "r2" => rows().map(|(y, p)| (y - p) * (y - p)).collect(),
        "mae" => rows().map(|(y, p)| (y - p).abs()).collect(),
        "mape" => rows().map(|(y, p)| (y - p).abs() / y.abs().max(f64::EPSILON)).collect(),
        "rmsle" => {
            if rows().any(|(y, p)| y <= -1.0 || p <= -1.0) {
                return None;
            }
            let off = |y: f64, p: f64| math::ln_1p(y) - math::ln_1p(p);
            rows().map(|(y, p)| off(y, p) * off(y, p)).collect()
        }
        _ => return None,
    })
}
