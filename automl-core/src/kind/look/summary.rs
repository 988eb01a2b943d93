//! What there is to say about a column.

use crate::kind::aggregate::{quantile, sd};
use crate::kind::keys::{NONE, codes};
use crate::numeric::mean;
use crate::table::{Column, Values};

/// A column in a few numbers; NaN where there is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    /// Values that are there.
    pub count: usize,
    pub missing: usize,
    pub distinct: usize,
    /// Of numbers, and of dates in milliseconds.
    pub mean: f64,
    /// Divisor n − 1.
    pub sd: f64,
    /// Smallest, quartiles, largest.
    pub quantiles: [f64; 5],
    /// A row that holds the most frequent value, the one that comes first among equals; and how often it is there.
    pub most_frequent: Option<(u32, usize)>,
}

impl Summary {
    pub(super) fn new(column: &Column) -> Self {
        let (all, distinct) = codes(&[column]);
        let all = all.first().map(Vec::as_slice).unwrap_or_default();
        let mut times = vec![0usize; distinct];
        all.iter().filter(|&&c| c != NONE).for_each(|&c| times[c as usize] += 1);
        let count = times.iter().sum();
        // Codes go by first appearance, so the first of the largest is the one that comes first.
        let most = times.iter().copied().max().unwrap_or(0);
        let frequent = times.iter().position(|&n| n == most);
        let row = frequent.and_then(|code| all.iter().position(|&c| c as usize == code));
        let mut out = Self {
            count,
            missing: column.len() - count,
            distinct,
            mean: f64::NAN,
            sd: f64::NAN,
            quantiles: [f64::NAN; 5],
            most_frequent: row.map(|row| (row as u32, most)),
        };
        if !matches!(column.values, Values::F32(_) | Values::F64(_) | Values::Time(_)) || count == 0 {
            return out;
        }
        let mut values: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
        out.mean = mean(&values);
        out.sd = sd(&values);
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let [q1, median, q3] = [0.25, 0.5, 0.75].map(|level| quantile(&mut values, level));
        out.quantiles = [min, q1, median, q3, max];
        out
    }
}
