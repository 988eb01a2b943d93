//! Features as learners take them.

use std::sync::Arc;

/// Code of a missing or unseen category in a [`FeatureValues::Categorical`] column.
pub const NO_CATEGORY: u32 = u32::MAX;

/// Values of one feature, one a row. Cloning is cheap: the values are shared.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureValues {
    /// NaN is missing; never infinite. Single precision everywhere, so that training, prediction and exports
    /// in single precision compare the same numbers with the same thresholds.
    Numeric(Arc<[f32]>),
    /// Codes in `0..cardinality`, or [`NO_CATEGORY`].
    Categorical { codes: Arc<[u32]>, cardinality: u32 },
}

/// One named feature.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureColumn {
    pub name: String,
    pub values: FeatureValues,
}

/// Rows × features, column by column. Every column has `rows` values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    pub columns: Vec<FeatureColumn>,
    pub rows: usize,
}

impl Frame {
    /// The numeric values of column `j`, or `None` where it is categorical or out of range.
    pub fn numeric(&self, j: usize) -> Option<&[f32]> {
        match &self.columns.get(j)?.values {
            FeatureValues::Numeric(v) => Some(v),
            FeatureValues::Categorical { .. } => None,
        }
    }

    /// The frame with only the rows in `rows` (each below `self.rows`), in that order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Frame {
        let columns = self
            .columns
            .iter()
            .map(|c| FeatureColumn {
                name: c.name.clone(),
                values: match &c.values {
                    FeatureValues::Numeric(v) => {
                        FeatureValues::Numeric(rows.iter().map(|&i| v[i as usize]).collect())
                    }
                    FeatureValues::Categorical { codes, cardinality } => FeatureValues::Categorical {
                        codes: rows.iter().map(|&i| codes[i as usize]).collect(),
                        cardinality: *cardinality,
                    },
                },
            })
            .collect();
        Frame { columns, rows: rows.len() }
    }
}
