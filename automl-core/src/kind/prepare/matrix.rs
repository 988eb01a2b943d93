//! Columns of numbers as one matrix of finite numbers: missing ones filled with the mean, scaled where asked for.

use super::columns::{LARGEST, bounded, mean_and_deviation, numbers, present};
use crate::numeric::dot;
use crate::table::Table;
use serde::{Deserialize, Serialize};

/// Rows that are multiplied at a time.
const BLOCK: usize = 1024;

/// A column that enters as (x − centre) / scale, with `fill` for a missing x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) name: String,
    fill: f64,
    centre: f64,
    scale: f64,
}

impl Source {
    /// Learns from `rows`. `centre`: to mean 0; `scale`: to mean 0 and deviation 1.
    pub(super) fn fit(table: &Table, name: String, rows: &[u32], centre: bool, scale: bool) -> Self {
        let (mean, deviation) = mean_and_deviation(&present(&numbers(table, &name, Some(rows))));
        let centre = if centre || scale { mean } else { 0.0 };
        Self { name, fill: mean, centre, scale: if scale { deviation } else { 1.0 } }
    }

    fn value(&self, x: f64) -> f64 {
        let x = if x.is_nan() { self.fill } else { x };
        bounded((x - self.centre) / self.scale)
    }

    pub(super) fn values(&self, table: &Table, rows: Option<&[u32]>) -> Vec<f64> {
        numbers(table, &self.name, rows).into_iter().map(|x| self.value(x)).collect()
    }

    pub(super) fn is_sound(&self) -> bool {
        let scaled = self.scale > 0.0 && self.scale.is_finite();
        scaled && self.fill.abs() <= LARGEST && self.centre.abs() <= LARGEST
    }
}

/// XᵀX of the rows, p × p; only the lower half is set.
pub(super) fn gram(table: &Table, sources: &[Source], rows: &[u32]) -> Vec<f64> {
    let p = sources.len();
    let mut total = vec![0.0; p * p];
    for rows in rows.chunks(BLOCK) {
        let block: Vec<Vec<f64>> = sources.iter().map(|s| s.values(table, Some(rows))).collect();
        for i in 0..p {
            for j in 0..=i {
                total[i * p + j] += dot(&block[i], &block[j]);
            }
        }
    }
    total
}
