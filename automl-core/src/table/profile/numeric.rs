//! Numbers and dates: moments, quantiles, histogram.

use super::{ColumnProfile, TOP, Values};
use crate::numeric::{mean, sum};
use crate::table::Column;
use serde::{Deserialize, Serialize};

/// The quantiles of a [`NumericSummary`].
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Columns of at most this many distinct numbers list the frequent ones.
const FEW_NUMBERS: usize = 50;

/// Moments, quantiles and histogram of numbers; of dates, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumericSummary {
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Standard deviation with divisor n − 1; 0 for a single value.
    pub sd: f64,
    /// At [`QUANTILES`], interpolated linearly between order statistics.
    pub quantiles: [f64; 5],
    pub histogram: Histogram,
}

/// `counts[i]` values lie in `edges[i] <= x < edges[i + 1]`, the last bin with its upper edge.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

pub(super) fn describe(column: &Column, out: &mut ColumnProfile) {
    let mut sorted: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else { return };
    let runs = || sorted.chunk_by(|a, b| a == b);
    let distinct = runs().count();
    out.distinct = distinct as u64;
    if distinct <= FEW_NUMBERS && !matches!(column.values, Values::Time(_)) {
        let mut counts: Vec<(f64, u64)> = runs().map(|run| (run[0], run.len() as u64)).collect();
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        counts.truncate(TOP);
        out.top = counts.into_iter().map(|(x, n)| (column.spelling(x), n)).collect();
    }

    let centre = mean(&sorted);
    let squares: Vec<f64> = sorted.iter().map(|x| (x - centre) * (x - centre)).collect();
    let sd = if sorted.len() > 1 { (sum(&squares) / (sorted.len() - 1) as f64).sqrt() } else { 0.0 };
    out.numeric = Some(NumericSummary {
        min,
        max,
        mean: centre,
        sd,
        quantiles: QUANTILES.map(|q| quantile(&sorted, q)),
        histogram: histogram(&sorted, distinct),
    });
}

/// Linear interpolation between order statistics (type 7 of Hyndman & Fan, "Sample quantiles in statistical
/// packages", 1996). `sorted` is not empty.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let weight = at - below as f64;
    sorted[below] * (1.0 - weight) + sorted[above] * weight
}

/// Equal bins from the smallest to the largest value: as many as distinct values, between 1 and 30 by the square
/// root of the count.
fn histogram(sorted: &[f64], distinct: usize) -> Histogram {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    if min == max {
        return Histogram { edges: vec![min, max], counts: vec![sorted.len() as u64] };
    }
    let by_count = (sorted.len() as f64).sqrt().ceil() as usize;
    let bins = by_count.clamp(5, 30).min(distinct.max(2));
    // Split so that a range beyond the largest double does not overflow.
    let edge = |i: usize| {
        let t = i as f64 / bins as f64;
        min * (1.0 - t) + max * t
    };
    let mut edges: Vec<f64> = (0..=bins).map(edge).collect();
    (edges[0], edges[bins]) = (min, max);
    let mut counts = vec![0u64; bins];
    let mut bin = 0;
    for &x in sorted {
        while bin + 1 < bins && x >= edges[bin + 1] {
            bin += 1;
        }
        counts[bin] += 1;
    }
    Histogram { edges, counts }
}
