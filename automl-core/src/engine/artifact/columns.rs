//! Predictions as columns, a block of rows after the other.

use super::ModelArtifact;
use super::promise::{Held, PredictOptions};
use crate::diagnostic::Diagnostic;
use crate::table::{Column, ColumnType, Values};

/// Columns of predictions, as they grow.
#[derive(Debug, Default)]
pub(in crate::engine) struct PredictionColumns {
    /// Rows × outputs.
    values: Vec<f64>,
    labels: Vec<u32>,
    low: Vec<f64>,
    high: Vec<f64>,
    sets: Vec<String>,
    set_sizes: Vec<f64>,
}

impl PredictionColumns {
    /// Rows that are predicted.
    pub fn rows(&self, model: &ModelArtifact) -> usize {
        self.values.len() / model.header.outputs().max(1)
    }

    /// Adds the next rows: what the model says of them, rows × outputs, and by fold where `options` asks for what needs it.
    ///
    /// # Errors
    /// Where `options` asks for what cannot be.
    pub fn add(
        &mut self,
        model: &ModelArtifact,
        options: &PredictOptions,
        (values, by_fold): (Vec<f64>, &[f64]),
    ) -> Result<(), Diagnostic> {
        let promise = options.interval.map(|level| model.promise(level)).transpose()?;
        let decision = model.decision_at(options.threshold)?;
        let outputs = model.header.outputs();
        let width = outputs * model.promise_folds();
        for (i, row) in values.chunks(outputs).enumerate() {
            if outputs > 1 {
                self.labels.push(decision.label(row));
            }
            let Some(promise) = promise else { continue };
            match promise.of_row(by_fold.get(i * width..(i + 1) * width).unwrap_or(row), row) {
                Held::Between(low, high) => {
                    self.low.push(low);
                    self.high.push(high);
                }
                Held::Classes(held) => {
                    let names = model.names(&held, row);
                    self.set_sizes.push(names.len() as f64);
                    let escaped = names.iter().map(|n| n.replace('\\', "\\\\").replace('|', "\\|"));
                    self.sets.push(escaped.collect::<Vec<_>>().join("|"));
                }
            }
        }
        self.values.extend(values);
        Ok(())
    }

    /// The columns by what they hold: `prediction`, `probability_CLASS` where they are wanted, `prediction_low` and so on.
    pub fn into_columns(self, model: &ModelArtifact, probabilities: bool) -> Vec<Column> {
        let classes = &model.header.classes;
        if classes.is_empty() {
            let mut out = vec![numbers("prediction", self.values)];
            if !self.low.is_empty() {
                out.extend([numbers("prediction_low", self.low), numbers("prediction_high", self.high)]);
            }
            return out;
        }
        let values = Values::Dict { codes: self.labels, levels: classes.clone() };
        let mut out = vec![column("prediction", ColumnType::Categorical, values)];
        if probabilities {
            out.extend(classes.iter().enumerate().map(|(j, class)| {
                let of_class = self.values.iter().skip(j).step_by(classes.len()).copied().collect();
                numbers(&format!("probability_{class}"), of_class)
            }));
        }
        if !self.sets.is_empty() {
            out.push(texts("prediction_set", self.sets));
            out.push(numbers("prediction_set_size", self.set_sizes));
        }
        out
    }
}

fn column(name: &str, ty: ColumnType, values: Values) -> Column {
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

/// A column of numbers.
pub(in crate::engine) fn numbers(name: &str, values: Vec<f64>) -> Column {
    column(name, ColumnType::Numeric, Values::F64(values))
}

/// A column of categories, in order of appearance.
pub(in crate::engine) fn texts(name: &str, values: Vec<String>) -> Column {
    let mut known = std::collections::BTreeMap::new();
    let mut levels = Vec::new();
    let codes = values
        .into_iter()
        .map(|text| {
            *known.entry(text).or_insert_with_key(|text| {
                levels.push(text.clone());
                levels.len() as u32 - 1
            })
        })
        .collect();
    column(name, ColumnType::Categorical, Values::Dict { codes, levels })
}
