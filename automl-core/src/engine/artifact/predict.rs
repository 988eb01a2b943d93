//! Predictions of tables and of single rows.

use super::{ModelArtifact, inputs};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::RowPrediction;
use crate::metric::most_likely;
use crate::model::Prediction;
use crate::table::{Column, ColumnType, Format, Table, TextValues, Values, read, write_csv};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows predicted at a time, so that features never need much memory.
const BLOCK: usize = 16_384;

impl ModelArtifact {
    /// Predictions of every row, with what is unusual about the table.
    ///
    /// # Errors
    /// Where the table has none of the columns that the model reads.
    pub fn predict(&self, table: &Table) -> Result<(Prediction, Vec<Diagnostic>), Diagnostic> {
        let diagnostics = inputs::check(&self.header, table)?;
        let outputs = self.header.outputs();
        let mut values = Vec::with_capacity(table.rows * outputs);
        for start in (0..table.rows).step_by(BLOCK) {
            values.extend(self.block(table, start));
        }
        Ok((Prediction { values, rows: table.rows, outputs }, diagnostics))
    }

    /// Predictions of a block of rows from `start` on, rows × outputs.
    fn block(&self, table: &Table, start: usize) -> Vec<f64> {
        let outputs = self.header.outputs();
        let rows: Vec<u32> = (start..table.rows.min(start + BLOCK)).map(|row| row as u32).collect();
        let mut total = vec![0.0; rows.len() * outputs];
        for member in &self.members {
            let share = member.weight / member.folds.len() as f64;
            for fold in &member.folds {
                let predicted = fold.predict(table, Some(&rows)).values;
                total.iter_mut().zip(predicted).for_each(|(t, p)| *t += share * p);
            }
        }
        if self.header.task.is_classification() {
            normalise(&mut total, outputs);
        }
        total
    }

    /// What is unusual about a table for prediction.
    ///
    /// # Errors
    /// As [`ModelArtifact::predict`].
    pub(in crate::engine) fn check(&self, table: &Table) -> Result<Vec<Diagnostic>, Diagnostic> {
        inputs::check(&self.header, table)
    }

    /// The part of [`ModelArtifact::predictions_csv`] that begins with row `start`, and the row after it. Parts from
    /// row 0 to the end, one after the other, are the whole.
    pub(in crate::engine) fn predictions_part(&self, table: &Table, start: usize) -> (String, usize) {
        let mut out = if start == 0 { self.csv_header() } else { String::new() };
        self.write_rows(&self.block(table, start), &mut out);
        (out, table.rows.min(start + BLOCK))
    }

    /// Predictions as CSV: one column a class, headed with the class, or one column `prediction`.
    ///
    /// # Errors
    /// As [`ModelArtifact::predict`].
    pub fn predictions_csv(&self, table: &Table) -> Result<(String, Vec<Diagnostic>), Diagnostic> {
        let (prediction, diagnostics) = self.predict(table)?;
        let mut out = self.csv_header();
        self.write_rows(&prediction.values, &mut out);
        Ok((out, diagnostics))
    }

    fn write_rows(&self, values: &[f64], out: &mut String) {
        for row in values.chunks(self.header.outputs()) {
            for (j, value) in row.iter().enumerate() {
                let separator = if j > 0 { "," } else { "" };
                // Writing into a string cannot fail.
                let _ = write!(out, "{separator}{value}");
            }
            out.push('\n');
        }
    }

    fn csv_header(&self) -> String {
        let names: Vec<String> = if self.header.classes.is_empty() {
            vec!["prediction".to_owned()]
        } else {
            self.header.classes.clone()
        };
        let columns = names
            .into_iter()
            .map(|name| Column {
                name,
                ty: ColumnType::Numeric,
                values: Values::F64(Vec::new()),
                spellings: Vec::new(),
            })
            .collect();
        write_csv(&Table { columns, rows: 0 })
    }

    /// The prediction of one row, given as column name → text. Absent and empty values are missing.
    ///
    /// # Errors
    /// Where no column of the model is given.
    pub fn predict_row(&self, values: &BTreeMap<String, String>) -> Result<RowPrediction, Diagnostic> {
        // The row goes through the reader of files, so that a form and a file mean the same by the same text.
        let columns = self
            .header
            .inputs
            .iter()
            .filter_map(|field| Some((field, values.get(&field.column)?)))
            .map(|(field, text)| {
                let mut cell = TextValues::default();
                cell.push(Some(text.as_str()).filter(|t| !t.is_empty()));
                let values = Values::Text(cell);
                Column { name: field.column.clone(), ty: ColumnType::Text, values, spellings: Vec::new() }
            })
            .collect();
        let csv = write_csv(&Table { columns, rows: 1 });
        let mut options = self.read_options();
        options.delimiter = Some(b',');
        options.quote = Some(b'"');
        options.has_header = Some(true);
        options.decimal = Some(crate::table::Decimal::Point);
        options.encoding = Some(crate::table::Encoding::Utf8);
        let (table, report) = read(csv.as_bytes(), Format::Csv, &options);
        let (prediction, mut diagnostics) = self.predict(&table)?;
        let unread = report.diagnostics.into_iter().filter(|d| d.code.starts_with("type."));
        diagnostics.extend(unread);
        let row = if prediction.rows > 0 { prediction.row(0).to_vec() } else { Vec::new() };
        Ok(self.row_prediction(&row, diagnostics))
    }

    fn row_prediction(&self, row: &[f64], diagnostics: Vec<Diagnostic>) -> RowPrediction {
        let classes = &self.header.classes;
        if classes.is_empty() {
            let value = row.first().copied();
            let answer = value.map_or(String::new(), |v| v.to_string());
            return RowPrediction { answer, probabilities: Vec::new(), value, diagnostics };
        }
        let answer = classes.get(most_likely(row) as usize).cloned().unwrap_or_default();
        let probabilities = classes.iter().cloned().zip(row.iter().copied()).collect();
        RowPrediction { answer, probabilities, value: None, diagnostics }
    }
}

/// Each row made to sum to 1.
fn normalise(values: &mut [f64], outputs: usize) {
    for row in values.chunks_mut(outputs) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|p| *p /= sum);
        } else {
            row.fill(1.0 / outputs as f64);
        }
    }
}
