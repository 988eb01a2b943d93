//! The numbers that are learned from.

use automl_core::model::Target;
use automl_core::node::{FeatureColumn, FeatureValues, Frame};

/// Rows and their labels, 0 or 1.
pub struct Data {
    pub frame: Frame,
    pub target: Target,
}

impl Data {
    /// `values` are rows × `columns`, row by row.
    pub fn new(values: &[f32], labels: &[u8], columns: usize) -> Self {
        let rows = labels.len();
        let column = |j: usize| FeatureColumn {
            name: format!("x{j}"),
            values: FeatureValues::Numeric((0..rows).map(|i| values[i * columns + j]).collect()),
        };
        let codes = labels.iter().map(|&y| u32::from(y)).collect();
        Self {
            frame: Frame { columns: (0..columns).map(column).collect(), rows },
            target: Target::Classes { codes, classes: 2 },
        }
    }

    /// Area under the ROC curve of one score a row, by ranks, ties sharing theirs.
    pub fn auc(&self, scores: &[f64]) -> f64 {
        let Target::Classes { codes, .. } = &self.target else { return f64::NAN };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let (mut ranks, mut positives, mut seen) = (0.0, 0.0, 0usize);
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            let rank = seen as f64 + (tied.len() as f64 + 1.0) / 2.0;
            let ones = tied.iter().filter(|&&i| codes[i] == 1).count() as f64;
            ranks += rank * ones;
            positives += ones;
            seen += tied.len();
        }
        (ranks - positives * (positives + 1.0) / 2.0) / (positives * (seen as f64 - positives))
    }
}
