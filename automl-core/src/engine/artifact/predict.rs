//! Predictions of tables and of single rows.

use super::{BLOCK, ModelArtifact, inputs};
use crate::compute::Card;
use crate::diagnostic::Diagnostic;
use crate::engine::chain::FittedChain;
use crate::engine::protocol::{InputField, RowPrediction};
use crate::model::Prediction;
use crate::platform::{Stopwatch, ready};
use crate::table::{Column, ColumnType, Format, ReadReport, Table, TextValues, Values, read, write_csv};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A card for the rows that are left, by the seconds that they are expected to take on the processor; it is first asked with 0,
/// before anything is known.
pub type CardForRest<'a> = &'a mut dyn FnMut(f64) -> Option<Card>;

/// Cells of a block for a card, which is the quicker the more it has to do at once: few enough that nobody waits long where the
/// processor does it after all.
const CELLS_FOR_CARD: usize = 2 << 20;

/// Rows of a table that a card is given at a time.
pub(in crate::engine) fn block_for_card(table: &Table) -> usize {
    (CELLS_FOR_CARD / table.columns.len().max(1)).max(BLOCK)
}

impl ModelArtifact {
    /// Predictions of every row, with what is unusual about the table.
    ///
    /// # Errors
    /// Where the table has none of the columns that the model reads.
    pub fn predict(&self, table: &Table) -> Result<(Prediction, Vec<Diagnostic>), Diagnostic> {
        self.predict_on(table, &mut |_| None)
    }

    /// The same, where a card may be asked for once it is known how long the processor takes.
    ///
    /// # Errors
    /// As [`ModelArtifact::predict`].
    pub(super) fn predict_on(
        &self,
        table: &Table,
        rest: CardForRest<'_>,
    ) -> Result<(Prediction, Vec<Diagnostic>), Diagnostic> {
        let diagnostics = inputs::check(&self.header, table)?;
        let outputs = self.header.outputs();
        let mut all = Vec::with_capacity(table.rows * outputs);
        self.blocks(table, false, rest, |values, _| all.extend(values))?;
        Ok((Prediction { values: all, rows: table.rows, outputs }, diagnostics))
    }

    /// Predicts all rows, block by block, and gives each to `take` in its order. Natively only, where what a card computes
    /// is waited for.
    ///
    /// # Errors
    /// Where a step cannot be done to the rows.
    pub(super) fn blocks(
        &self,
        table: &Table,
        by_fold: bool,
        rest: CardForRest<'_>,
        mut take: impl FnMut(Vec<f64>, &[f64]),
    ) -> Result<(), Diagnostic> {
        let watch = Stopwatch::start();
        let most = |card: &Option<Card>| if card.is_some() { block_for_card(table) } else { BLOCK };
        let mut card = rest(0.0);
        let mut rows = 0..table.rows.min(most(&card));
        while !rows.is_empty() {
            let (values, of_folds) = ready(self.block_waiting(table, rows.clone(), by_fold, card.as_ref()))?;
            take(values, &of_folds);
            let left = table.rows - rows.end;
            if card.is_none() && rows.start == 0 && left > 0 {
                card = rest(watch.elapsed_secs() * left as f64 / rows.len() as f64);
            }
            rows = rows.end..rows.end + left.min(most(&card));
        }
        Ok(())
    }

    /// Predictions of a block of rows from `start` on, rows × outputs; and, where they are asked for, those that
    /// intervals need, rows × folds × outputs.
    ///
    /// # Errors
    /// Where a step cannot be done to these rows.
    pub(super) fn block(
        &self,
        table: &Table,
        start: usize,
        by_fold: bool,
    ) -> Result<(Vec<f64>, Vec<f64>), Diagnostic> {
        // Without a card nothing has to be waited for.
        ready(self.block_waiting(table, start..table.rows.min(start + BLOCK), by_fold, None))
    }

    /// The same of the rows `rows`, on a graphics card where that pays.
    ///
    /// # Errors
    /// Where a step cannot be done to these rows.
    pub(in crate::engine) async fn block_waiting(
        &self,
        table: &Table,
        rows: Range<usize>,
        by_fold: bool,
        card: Option<&Card>,
    ) -> Result<(Vec<f64>, Vec<f64>), Diagnostic> {
        let outputs = self.header.outputs();
        let folds = if by_fold { self.promise_folds() } else { 1 };
        let rows: Vec<u32> = rows.map(|row| row as u32).collect();
        let mut total = vec![0.0; rows.len() * outputs];
        let mut tables: Vec<(&Arc<FittedChain>, Table)> = Vec::new();
        let mut apart = vec![0.0; if folds > 1 { total.len() * folds } else { 0 }];
        for member in &self.members {
            let share = member.weight / member.folds.len() as f64;
            for (k, fold) in member.folds.iter().enumerate() {
                let features = match &fold.chain {
                    None => fold.features(table, Some(&rows))?,
                    Some(chain) => {
                        let known = tables.iter().position(|(c, _)| Arc::ptr_eq(c, chain));
                        let at = known.unwrap_or(tables.len());
                        if known.is_none() {
                            tables.push((chain, chain.apply(table, Some(&rows))?));
                        }
                        fold.features_of_chained(&tables[at].1)
                    }
                };
                let predicted = fold.predict_frame_waiting(&features, card).await.values;
                if folds > 1 {
                    for (i, row) in predicted.chunks(outputs).enumerate() {
                        let at = (i * folds + k) * outputs;
                        apart[at..at + outputs]
                            .iter_mut()
                            .zip(row)
                            .for_each(|(t, p)| *t += member.weight * p);
                    }
                }
                total.iter_mut().zip(predicted).for_each(|(t, p)| *t += share * p);
            }
        }
        self.header.decision.tell(&mut total, outputs);
        self.header.decision.tell(&mut apart, outputs);
        if by_fold && folds == 1 {
            apart = total.clone();
        }
        Ok((total, apart))
    }

    /// What is unusual about a table for prediction.
    ///
    /// # Errors
    /// As [`ModelArtifact::predict`].
    pub(in crate::engine) fn check(&self, table: &Table) -> Result<Vec<Diagnostic>, Diagnostic> {
        inputs::check(&self.header, table)
    }

    /// The prediction of one row, given as column name → text. Absent and empty values are missing.
    ///
    /// # Errors
    /// Where no column of the model is given.
    pub fn predict_row(&self, values: &BTreeMap<String, String>) -> Result<RowPrediction, Diagnostic> {
        let (table, report) = self.read_texts(1, |column, _| values.get(column).map(String::as_str));
        let mut diagnostics = self.check(&table)?;
        let (row, by_fold) = self.block(&table, 0, true)?;
        let unread = report.diagnostics.into_iter().filter(|d| d.code.starts_with("type."));
        diagnostics.extend(unread);
        Ok(self.row_prediction(&row, &by_fold, diagnostics))
    }

    /// A table of `rows` rows from texts as a file would hold them: `text(column, row)`; an absent or empty text is
    /// missing. Columns of which no row has a text are left out. The texts go through the reader of files, so that a form,
    /// a request and a file mean the same by the same text.
    pub fn read_texts<'a>(
        &self,
        rows: usize,
        text: impl Fn(&str, usize) -> Option<&'a str>,
    ) -> (Table, ReadReport) {
        let given = |field: &&InputField| (0..rows).any(|row| text(&field.column, row).is_some());
        let columns = self.header.inputs.iter().filter(given).map(|field| {
            let mut cells = TextValues::default();
            for row in 0..rows {
                cells.push(text(&field.column, row).filter(|t| !t.is_empty()));
            }
            let values = Values::Text(cells);
            Column { name: field.column.clone(), ty: ColumnType::Text, values, spellings: Vec::new() }
        });
        let csv = write_csv(&Table { columns: columns.collect(), rows });
        let mut options = self.read_options();
        options.delimiter = Some(b',');
        options.quote = Some(b'"');
        options.has_header = Some(true);
        options.decimal = Some(crate::table::Decimal::Point);
        options.encoding = Some(crate::table::Encoding::Utf8);
        read(csv.as_bytes(), Format::Csv, &options)
    }

    /// The class that a row of outputs is called; `None` for regression.
    pub fn label(&self, row: &[f64]) -> Option<&str> {
        self.header.classes.get(self.header.decision.label(row) as usize).map(String::as_str)
    }

    /// `row`: the outputs of one row, or nothing where there was no row.
    fn row_prediction(&self, row: &[f64], by_fold: &[f64], diagnostics: Vec<Diagnostic>) -> RowPrediction {
        let classes = &self.header.classes;
        let interval = if row.is_empty() { None } else { self.row_interval(by_fold, row) };
        if classes.is_empty() {
            let value = row.first().copied();
            let answer = value.map_or(String::new(), |v| v.to_string());
            return RowPrediction { answer, probabilities: Vec::new(), value, interval, diagnostics };
        }
        let answer = classes.get(self.header.decision.label(row) as usize).cloned().unwrap_or_default();
        let probabilities = classes.iter().cloned().zip(row.iter().copied()).collect();
        RowPrediction { answer, probabilities, value: None, interval, diagnostics }
    }
}
