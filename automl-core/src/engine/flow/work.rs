//! Runs nodes that train nothing.

use super::batch::{Batch, Place, Said};
use super::catalogue::{Does, Kind};
use super::judge;
use super::kinds::EngineKind;
use super::plan::Planned;
use super::supplied::{Supplied, wants};
use super::value::{TableValue, TrainedModel, Value, schema};
use crate::diagnostic::Diagnostic;
use crate::engine::target_info;
use crate::kind::{self, Finding, Given, Inputs, Made};
use crate::table::{ReadOptions, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of a node.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// One for each output.
    pub values: Vec<Value>,
    pub findings: Vec<Finding>,
}

pub(super) type RunResult = Result<Ran, Vec<Finding>>;

/// Work that is done a part at a time: each part is a batch of rows that a model predicts.
pub(super) trait Work {
    /// The rows that are to be predicted next, for whom predicts them there; `None` once all are.
    fn batch(&mut self, place: Place) -> Option<Batch>;

    /// Takes what the model says of the batch that was given last.
    ///
    /// # Errors
    /// Why nothing comes of it.
    fn take(&mut self, said: Said) -> Result<(), Vec<Finding>>;

    /// What comes of it all, once no rows are left.
    ///
    /// # Errors
    /// Why nothing comes of it.
    fn finish(&mut self) -> RunResult;

    /// Share that is done, in [0, 1].
    fn share(&self) -> f64;
}

/// How a node begins.
pub(super) enum Begun {
    Done(RunResult),
    Long(Box<dyn Work>),
}

/// Values by input port, in the order of the wires.
pub(super) type Values = BTreeMap<String, Vec<Value>>;

/// Begins a node that trains nothing.
pub(super) fn begin(planned: &Planned, inputs: &Values, supplied: &Supplied) -> Begun {
    let Some(kind) = planned.kind else { return Begun::Done(Err(Vec::new())) };
    let given = Given::new(&kind.spec, &planned.params);
    match kind.does {
        Does::Source => Begun::Done(source(kind, planned, supplied)),
        Does::Operation(operation) => Begun::Done(operate(operation, kind, planned, inputs)),
        Does::Step(step) => Begun::Done(table_at(inputs, "table").and_then(|value| {
            check(kind, planned, inputs)?;
            let rows: Vec<u32> = (0..value.table.rows as u32).collect();
            let fitted = step.fit(&given, &value.table, &rows, 0)?;
            let table = Arc::new(fitted.apply(&value.table));
            Ok(Ran { values: vec![Value::Table(TableValue { table, ..value })], findings: Vec::new() })
        })),
        Does::Engine(engine) => {
            of_engine(engine, planned, &given, inputs).unwrap_or_else(|found| Begun::Done(Err(found)))
        }
    }
}

fn of_engine(
    engine: EngineKind,
    planned: &Planned,
    given: &Given<'_>,
    inputs: &Values,
) -> Result<Begun, Vec<Finding>> {
    let table = || table_at(inputs, "table");
    let model = || model_at(inputs);
    Ok(match engine {
        EngineKind::Question => Begun::Done(question(planned, &table()?.table)),
        EngineKind::Evaluate => judge::evaluate(model()?, table()?, given)?,
        EngineKind::Compare => Begun::Done(judge::compare(&scores_at(inputs))),
        EngineKind::Importance => judge::importance(model()?, &table()?.table, given)?,
        EngineKind::Dependence => judge::dependence(model()?, &table()?.table, given)?,
        EngineKind::Predict => judge::predict(model()?, table()?, given)?,
        EngineKind::Export => {
            let values = inputs.values().flatten().take(1).cloned().collect();
            Begun::Done(Ok(Ran { values, findings: Vec::new() }))
        }
        // Studies are run by whoever has workers.
        EngineKind::Learner(_) | EngineKind::Search | EngineKind::Ensemble => Begun::Done(Err(Vec::new())),
    })
}

fn source(kind: &Kind, planned: &Planned, supplied: &Supplied) -> RunResult {
    let wants = wants(&kind.spec, &planned.params);
    let table = wants.as_ref().and_then(|w| supplied.get(&w.source)).ok_or_else(|| {
        let diagnostic = Diagnostic::error("source.absent", "The table is not here.", "Choose it again.");
        vec![Finding::from(diagnostic)]
    })?;
    let findings = table.report.diagnostics.iter().cloned().map(Finding::from).collect();
    Ok(Ran { values: vec![Value::Table(table.value.clone())], findings })
}

fn operate(operation: &dyn kind::Operation, kind: &Kind, planned: &Planned, inputs: &Values) -> RunResult {
    check(kind, planned, inputs)?;
    let mut tables = Inputs::new();
    for (port, values) in inputs {
        tables.insert(port, values.iter().filter_map(|v| Some(v.table()?.table.as_ref())).collect());
    }
    let done = operation.run(&Given::new(&kind.spec, &planned.params), &tables)?;
    // Tables for prediction come as the first one did.
    let first = kind.spec.inputs.iter().filter_map(|p| inputs.get(&p.name)?.first()?.table()).next();
    let read = first.map_or_else(|| Arc::new(ReadOptions::default()), |t| t.read.clone());
    let value = |made: Made| match made {
        Made::Table(table) => Value::Table(TableValue { table: Arc::new(table), read: read.clone() }),
        Made::Report(report) => Value::Report(Arc::new(report)),
    };
    Ok(Ran { values: done.outputs.into_iter().map(value).collect(), findings: done.findings })
}

/// Parameters held against the columns that really came.
fn check(kind: &Kind, planned: &Planned, inputs: &Values) -> Result<(), Vec<Finding>> {
    let at = |port: &str| Some(schema(&inputs.get(port)?.first()?.table()?.table));
    let found = kind::check(&kind.spec, &planned.params, &at);
    let wrong: Vec<Finding> = found.into_iter().filter(|f| f.diagnostic.is_error()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn question(planned: &Planned, table: &Table) -> RunResult {
    let Some(question) = &planned.question else { return Err(Vec::new()) };
    let info = target_info(table, Some(&question.target), question.task)
        .map_err(|d| vec![Finding::at_param("target", d)])?;
    let findings = info.diagnostics.iter().cloned().map(|d| Finding::at_param("target", d)).collect();
    Ok(Ran { values: vec![Value::Target(Arc::new(info))], findings })
}

fn nothing(port: &str, what: &str) -> Vec<Finding> {
    let message = format!("Nothing is connected to \"{port}\".");
    vec![Finding::at_port(port, Diagnostic::error("port.empty", message, format!("Connect {what} to it.")))]
}

pub(super) fn table_at(inputs: &Values, port: &str) -> Result<TableValue, Vec<Finding>> {
    let table = inputs.get(port).and_then(|v| v.first()).and_then(Value::table);
    table.cloned().ok_or_else(|| nothing(port, "a table"))
}

fn model_at(inputs: &Values) -> Result<Arc<TrainedModel>, Vec<Finding>> {
    match inputs.get("model").and_then(|v| v.first()) {
        Some(Value::Model(model)) => Ok(model.clone()),
        _ => Err(nothing("model", "a model")),
    }
}

fn scores_at(inputs: &Values) -> Vec<crate::engine::protocol::ModelScores> {
    let all = inputs.get("scores").into_iter().flatten();
    let scores = all.filter_map(|v| if let Value::Scores(s) = v { Some(s.as_ref().clone()) } else { None });
    scores.flatten().collect()
}
