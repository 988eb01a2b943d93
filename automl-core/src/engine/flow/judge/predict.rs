//! A table with predictions added.

use super::at_port;
use crate::engine::artifact::{PredictOptions, PredictionColumns};
use crate::engine::flow::batch::{Batch, Place, Said};
use crate::engine::flow::sketch::free_name;
use crate::engine::flow::value::{TableValue, TrainedModel, Value};
use crate::engine::flow::work::{Begun, Ran, RunResult, Work};
use crate::kind::{Finding, Given};
use std::sync::Arc;

struct Predicting {
    model: Arc<TrainedModel>,
    table: TableValue,
    options: PredictOptions,
    probabilities: bool,
    columns: PredictionColumns,
    findings: Vec<Finding>,
}

/// # Errors
/// A table that does not suit, options that cannot be.
pub(in crate::engine::flow) fn predict(
    model: Arc<TrainedModel>,
    table: TableValue,
    given: &Given<'_>,
) -> Result<Begun, Vec<Finding>> {
    let options = PredictOptions {
        interval: given.number("interval"),
        labels: true,
        threshold: given.number("threshold"),
    };
    let found = model.artifact.check(&table.table).map_err(at_port("table"))?;
    model.artifact.check_options(&options).map_err(|d| {
        let param = if d.code.starts_with("threshold") { "threshold" } else { "interval" };
        vec![Finding::at_param(param, d)]
    })?;
    Ok(Begun::Long(Box::new(Predicting {
        model,
        table,
        options,
        probabilities: given.flag("probabilities"),
        columns: PredictionColumns::default(),
        findings: found.into_iter().map(|d| Finding::at_port("table", d)).collect(),
    })))
}

impl Work for Predicting {
    fn batch(&mut self, place: Place) -> Option<Batch> {
        let table = &self.table.table;
        let done = self.columns.rows(&self.model.artifact);
        (done < table.rows).then(|| Batch {
            rows: done..table.rows.min(done + place.rows(table)),
            by_fold: self.options.interval.is_some(),
            ..Batch::whole(&self.model, table.clone())
        })
    }

    fn take(&mut self, said: Said) -> Result<(), Vec<Finding>> {
        let said = (said.values, said.by_fold.as_slice());
        self.columns.add(&self.model.artifact, &self.options, said).map_err(at_port("table"))
    }

    fn finish(&mut self) -> RunResult {
        let mut out = self.table.table.as_ref().clone();
        let columns = std::mem::take(&mut self.columns);
        for mut column in columns.into_columns(&self.model.artifact, self.probabilities) {
            column.name = free_name(&out, &column.name);
            out.columns.push(column);
        }
        let table = TableValue { table: Arc::new(out), read: self.table.read.clone() };
        let findings = std::mem::take(&mut self.findings);
        Ok(Ran { values: vec![Value::Table(table)], findings })
    }

    fn share(&self) -> f64 {
        self.columns.rows(&self.model.artifact) as f64 / self.table.table.rows.max(1) as f64
    }
}
