//! Bins of a histogram.

use crate::kind::aggregate::quantile;
use crate::numeric::math;

/// Most bins that are made unasked.
const MOST: usize = 60;
const MS: f64 = 1000.0;
/// Widths in time that people think in, in milliseconds.
const TIME_STEPS: [f64; 16] = [
    MS,
    5.0 * MS,
    15.0 * MS,
    60.0 * MS,
    300.0 * MS,
    900.0 * MS,
    3_600.0 * MS,
    10_800.0 * MS,
    21_600.0 * MS,
    43_200.0 * MS,
    86_400.0 * MS,
    7.0 * 86_400.0 * MS,
    28.0 * 86_400.0 * MS,
    91.0 * 86_400.0 * MS,
    182.0 * 86_400.0 * MS,
    365.25 * 86_400.0 * MS,
];

/// Edges of bins, ascending; `bins + 1` of them, none where there is no number. `wished`: how many bins, else by
/// Freedman and Diaconis, "On the histogram as a density estimator" (1981): width 2 · IQR · n^(−1/3), by Sturges's rule
/// where the middle half is one value; at most 60, and widened to a round number. Whole numbers of a short range have a
/// bin each. Reorders `values`.
pub(super) fn edges(values: &mut [f64], wished: Option<usize>, is_time: bool) -> Vec<f64> {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return Vec::new();
    }
    if min == max {
        let half = if is_time { 43_200.0 * MS } else { (min.abs() * 1e-3).max(0.5) };
        return vec![(min - half).max(f64::MIN), (max + half).min(f64::MAX)];
    }
    let range = max - min;
    if let Some(bins) = wished {
        return equal(min, max, bins.max(1));
    }
    let whole = !is_time && range < MOST as f64 && values.iter().all(|x| x.fract() == 0.0);
    if whole {
        return (0..=range as usize + 1).map(|i| min - 0.5 + i as f64).collect();
    }
    let n = values.len() as f64;
    let iqr = quantile(values, 0.75) - quantile(values, 0.25);
    let by_rule = if iqr > 0.0 { 2.0 * iqr / math::cbrt(n) } else { range / (math::log2(n).ceil() + 1.0) };
    let width = by_rule.max(range / MOST as f64);
    let step = if is_time { time_step(width) } else { round_step(width) };
    let (from, to) = ((min / step).floor(), (max / step).floor() + 1.0);
    let is_countable = from.abs() < 9e15 && to.abs() < 9e15 && from < to;
    // Beyond 2⁵³ steps from zero, or near the largest double, round numbers are none.
    if !(is_countable && (from * step).is_finite() && (to * step).is_finite()) {
        return equal(min, max, MOST.min(values.len()).max(1));
    }
    (0..=(to - from) as usize).map(|i| (from + i as f64) * step).collect()
}

/// `bins` equal ones, by weights, so that a range beyond the largest double does not overflow.
fn equal(min: f64, max: f64, bins: usize) -> Vec<f64> {
    let at = |i: usize| i as f64 / bins as f64;
    (0..=bins).map(|i| if i == bins { max } else { min * (1.0 - at(i)) + max * at(i) }).collect()
}

/// The next of 1, 2, 2.5, 5 · 10ᵏ that is not smaller.
fn round_step(width: f64) -> f64 {
    let power = math::pow(10.0, math::log10(width).floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|&s| s >= width * (1.0 - 1e-9))
        .unwrap_or(width)
}

fn time_step(width: f64) -> f64 {
    let year = TIME_STEPS[TIME_STEPS.len() - 1];
    TIME_STEPS.into_iter().find(|&s| s >= width).unwrap_or_else(|| year * round_step(width / year))
}

/// How many values lie in each bin: `edges[i] <= x < edges[i + 1]`, the last with its upper edge.
pub(super) fn counted(values: impl Iterator<Item = f64>, edges: &[f64]) -> Vec<u64> {
    let bins = edges.len().saturating_sub(1);
    let mut counts = vec![0u64; bins];
    for x in values.filter(|_| bins > 0) {
        let bin = edges.partition_point(|&edge| edge <= x).saturating_sub(1);
        counts[bin.min(bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_round_and_hold_every_value() {
        let check =
            |values: &[f64], wished: Option<usize>, is_time: bool, expected: &[f64], counts: &[u64]| {
                let edges = edges(&mut values.to_vec(), wished, is_time);
                assert_eq!(edges, expected);
                assert_eq!(counted(values.iter().copied(), &edges), counts);
            };
        check(&[], None, false, &[], &[]);
        check(&[3.0, 3.0], None, false, &[2.5, 3.5], &[2]);
        check(&[1.0, 2.0, 2.0, 4.0], None, false, &[0.5, 1.5, 2.5, 3.5, 4.5], &[1, 2, 0, 1]);
        check(&[0.0, 0.25, 1.0], Some(2), false, &[0.0, 0.5, 1.0], &[2, 1]);
        // IQR 4.5, n = 8: width 4.5, so 5.
        check(&[1.5, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.5], None, false, &[0.0, 5.0, 10.0], &[4, 4]);
        let day = 86_400_000.0;
        check(&[0.0, day, 2.0 * day, 2.5 * day], None, true, &[0.0, 7.0 * day], &[4]);
    }

    #[test]
    fn bins_bear_the_farthest_numbers() {
        for values in [
            vec![f64::MIN, 0.0, f64::MAX],
            vec![1e300, 1.1e300, 1.2e300],
            vec![5e-324, 0.0, 1e-310],
            vec![1e16, 1e16 + 2.0, 1e16 + 8.0],
            (0..1000).map(f64::from).chain([1e12]).collect(),
        ] {
            let edges = edges(&mut values.clone(), None, false);
            assert!(edges.windows(2).all(|w| w[0] <= w[1]) && edges.len() <= MOST + 3, "{edges:?}");
            assert_eq!(counted(values.iter().copied(), &edges).iter().sum::<u64>(), values.len() as u64);
        }
    }
}
