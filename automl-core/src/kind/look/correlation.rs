//! Correlations of columns of numbers.

use crate::numeric::{dot, mean, sum};
use crate::table::Column;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Pearson,
    /// Pearson's of the ranks, equal values having the mean of theirs.
    Spearman,
}

/// A column's values on the rows looked at.
struct Numbers {
    /// Shifted to mean 0 and scaled to at most 1; NaN where missing.
    values: Vec<f64>,
    whole: bool,
    /// Rows with a value in ascending order of value; for ranks.
    order: Vec<u32>,
}

impl Numbers {
    fn new(column: &Column, rows: &[u32], method: Method) -> Self {
        // Halved, so that no difference overflows; correlations do not feel it.
        let read: Vec<f64> =
            rows.iter().map(|&row| column.number(row as usize).map_or(f64::NAN, |x| x / 2.0)).collect();
        let count = read.iter().filter(|x| !x.is_nan()).count();
        let parts: Vec<f64> =
            read.iter().map(|&x| if x.is_nan() { 0.0 } else { x / count.max(1) as f64 }).collect();
        let mean = sum(&parts);
        let widest = read.iter().filter(|x| !x.is_nan()).map(|x| (x - mean).abs()).fold(0.0, f64::max);
        let scale = if widest > 0.0 { widest } else { 1.0 };
        let values: Vec<f64> = read.iter().map(|x| (x - mean) / scale).collect();
        let mut order = Vec::new();
        if method == Method::Spearman {
            order = (0..rows.len() as u32).filter(|&i| !values[i as usize].is_nan()).collect();
            order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        }
        Self { whole: count == rows.len(), values, order }
    }

    /// Ranks among the rows that `other` has too, as [`Numbers::values`] are kept.
    fn ranks(&self, other: &Self) -> Vec<f64> {
        let mut ranks = vec![f64::NAN; self.values.len()];
        let has_both = |i: &u32| other.whole || !other.values[*i as usize].is_nan();
        let common: Vec<u32> = self.order.iter().copied().filter(has_both).collect();
        let n = common.len() as f64;
        let mut below = 0;
        for equal in common.chunk_by(|&a, &b| self.values[a as usize] == self.values[b as usize]) {
            let rank = below as f64 + (equal.len() as f64 + 1.0) / 2.0;
            equal.iter().for_each(|&i| ranks[i as usize] = (rank - (n + 1.0) / 2.0) / n);
            below += equal.len();
        }
        ranks
    }
}

/// Correlations of all pairs of columns on these rows, each on the rows where both have a value; columns × columns, NaN
/// where a column does not vary there.
pub(super) fn correlations(columns: &[&Column], rows: &[u32], method: Method) -> Vec<Vec<f64>> {
    let mut numbers: Vec<Numbers> = columns.iter().map(|c| Numbers::new(c, rows, method)).collect();
    // Where a column has no gaps, its ranks beside others without gaps are always the same.
    let ranked: Vec<Vec<f64>> = match method {
        Method::Pearson => Vec::new(),
        Method::Spearman => numbers.iter().map(|a| if a.whole { a.ranks(a) } else { Vec::new() }).collect(),
    };
    let k = columns.len();
    let mut out = vec![vec![f64::NAN; k]; k];
    for i in 0..k {
        for j in i..k {
            let (a, b) = (&numbers[i], &numbers[j]);
            let r = match method {
                Method::Pearson => pearson(&a.values, &b.values, a.whole && b.whole),
                Method::Spearman if a.whole && b.whole => pearson(&ranked[i], &ranked[j], true),
                Method::Spearman => pearson(&a.ranks(b), &b.ranks(a), false),
            };
            out[i][j] = r;
            out[j][i] = r;
        }
        // No later pair needs it.
        numbers[i].order = Vec::new();
    }
    out
}

/// Of the rows where both are no NaN. `centred`: all are, and the means are 0.
fn pearson(x: &[f64], y: &[f64], centred: bool) -> f64 {
    if centred {
        return cosine(x, y);
    }
    let (mut a, mut b): (Vec<f64>, Vec<f64>) =
        x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip();
    let means = (mean(&a), mean(&b));
    a.iter_mut().for_each(|x| *x -= means.0);
    b.iter_mut().for_each(|y| *y -= means.1);
    cosine(&a, &b)
}

/// NaN where one of the two varies no more than rounding does.
fn cosine(x: &[f64], y: &[f64]) -> f64 {
    const LEAST: f64 = 1e-24;
    let (xx, yy) = (dot(x, x), dot(y, y));
    if xx > LEAST && yy > LEAST { (dot(x, y) / (xx * yy).sqrt()).clamp(-1.0, 1.0) } else { f64::NAN }
}
