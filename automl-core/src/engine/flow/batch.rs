//! Rows that a model is to predict for a node. A batch holds all that it needs, so that whoever runs a pipeline may wait for a
//! graphics card and hear other words meanwhile.

use super::value::TrainedModel;
use crate::compute::{Card, worth_asking};
use crate::diagnostic::Diagnostic;
use crate::engine::artifact::{BLOCK, block_for_card};
use crate::table::Table;
use std::ops::Range;
use std::sync::Arc;

/// Where a batch is to be predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the processor, where a batch is short, for whoever waits.
    Here,
    /// On a card.
    Card,
}

impl Place {
    /// Rows of a batch of such a table, about.
    pub fn rows(self, table: &Table) -> usize {
        match self {
            Self::Here => BLOCK,
            Self::Card => block_for_card(table),
        }
    }
}

/// Rows of a table, and the model that is to predict them.
#[derive(Debug, Clone)]
pub struct Batch {
    pub(super) model: Arc<TrainedModel>,
    pub(super) table: Arc<Table>,
    pub(super) rows: Range<usize>,
    /// Whether also what each fold says is wanted.
    pub(super) by_fold: bool,
    /// Whose answer it is, of all that were asked for.
    pub(super) ticket: u64,
}

/// What a model says of a batch.
#[derive(Debug)]
pub struct Said {
    /// Rows × outputs.
    pub values: Vec<f64>,
    /// Rows × folds × outputs, where they were wanted.
    pub by_fold: Vec<f64>,
}

impl Batch {
    /// All rows of a table.
    pub(super) fn whole(model: &Arc<TrainedModel>, table: Arc<Table>) -> Self {
        Self { model: model.clone(), rows: 0..table.rows, table, by_fold: false, ticket: 0 }
    }

    /// Its rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.table.columns.len())
    }

    /// Whether it is large enough for a card to pay, whatever card it is.
    pub fn is_large(&self) -> bool {
        let (rows, columns) = self.size();
        worth_asking(rows, columns)
    }

    /// Predicts the rows, on the card where there is one and it pays; the numbers are the same in either case.
    ///
    /// # Errors
    /// Where a step of the model cannot be done to these rows.
    pub async fn predict(&self, card: Option<&Card>) -> Result<Said, Diagnostic> {
        let place = if card.is_some() { Place::Card } else { Place::Here };
        let artifact = &self.model.artifact;
        let mut said = Said { values: Vec::new(), by_fold: Vec::new() };
        let mut start = self.rows.start;
        while start < self.rows.end {
            let end = self.rows.end.min(start + place.rows(&self.table));
            let (values, by_fold) =
                artifact.block_waiting(&self.table, start..end, self.by_fold, card).await?;
            said.values.extend(values);
            said.by_fold.extend(by_fold);
            start = end;
        }
        Ok(said)
    }
}
