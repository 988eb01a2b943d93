//! How sure a score is: the percentile bootstrap (Efron, 1979) over rows.

use super::{Actual, MetricSpec, Seen};
use crate::numeric::Rng;

/// How the interval is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// Resamples. One costs as much as one score.
    pub replicates: usize,
    /// The share of resampled scores inside the interval, for example 0.95.
    pub coverage: f64,
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { replicates: 500, coverage: 0.95, seed: 0 }
    }
}

/// (low, high) of `metric` over resamples of the rows with replacement. Resamples where the metric is undefined
/// (one class only) are left out; `None` where more than half are, or where the metric is undefined on the rows
/// themselves.
pub fn bootstrap<'a>(
    metric: &MetricSpec,
    seen: impl Into<Seen<'a>>,
    predicted: &[f64],
    options: Bootstrap,
) -> Option<(f64, f64)> {
    let seen = seen.into();
    metric.score(seen, predicted)?;
    let actual = seen.actual;
    let (rows, outputs) = (actual.len(), actual.outputs());
    let mut rng = Rng::for_stream(options.seed, &[0xB007]);
    let mut drawn = vec![0usize; rows];
    let mut resampled = Vec::with_capacity(predicted.len());
    let mut scores = Vec::with_capacity(options.replicates);
    for _ in 0..options.replicates {
        drawn.fill_with(|| rng.below(rows));
        resampled.clear();
        for &i in &drawn {
            resampled.extend_from_slice(&predicted[i * outputs..(i + 1) * outputs]);
        }
        let weights: Option<Vec<f64>> = seen.weights.map(|w| drawn.iter().map(|&i| w[i]).collect());
        let weights = weights.as_deref();
        scores.extend(match actual {
            Actual::Classes { codes, classes } => {
                let codes: Vec<u32> = drawn.iter().map(|&i| codes[i]).collect();
                metric.score(Seen { actual: Actual::Classes { codes: &codes, classes }, weights }, &resampled)
            }
            Actual::Values(values) => {
                let values: Vec<f64> = drawn.iter().map(|&i| values[i]).collect();
                metric.score(Seen { actual: Actual::Values(&values), weights }, &resampled)
            }
        });
    }
    if scores.is_empty() || scores.len() * 2 < options.replicates {
        return None;
    }
    scores.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - options.coverage.clamp(0.0, 1.0)) / 2.0;
    Some((percentile(&scores, tail), percentile(&scores, 1.0 - tail)))
}

/// The `share` quantile of `sorted` (not empty), interpolated linearly between order statistics.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let low = (at.floor() as usize).min(sorted.len() - 1);
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}
