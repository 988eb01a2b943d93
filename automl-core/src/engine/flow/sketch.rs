//! What comes out of a node, known before it is run: operations are run on tables without rows.

use super::catalogue::{Does, Kind};
use super::kinds::EngineKind;
use super::value::{Question, Sketch};
use crate::kind::{Finding, Given, Inputs, Made};
use crate::model::Task;
use crate::table::{Column, ColumnType, Table, Values};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sketches by input port, in the order of the wires.
pub(super) type Sketches = BTreeMap<String, Vec<Sketch>>;

/// One sketch for each output.
///
/// # Errors
/// Why nothing will come out, as far as it does not depend on rows.
pub(super) fn sketch(
    kind: &Kind,
    given: &Given<'_>,
    inputs: &Sketches,
    question: Option<&Question>,
) -> Result<Vec<Sketch>, Vec<Finding>> {
    let unknown = || vec![Sketch::Unknown; kind.spec.outputs.len()];
    match kind.does {
        Does::Source => Ok(unknown()),
        Does::Operation(operation) => {
            let Some(tables) = tables(inputs) else { return Ok(unknown()) };
            let mut by_port = Inputs::new();
            for (port, tables) in &tables {
                by_port.insert(port, tables.iter().map(|t| t.as_ref()).collect());
            }
            let done = operation.run(given, &by_port)?;
            let bare = |made: Made| match made {
                Made::Table(table) if table.rows == 0 => Sketch::Table(Arc::new(table)),
                Made::Table(table) => Sketch::Table(Arc::new(table.take(&[]))),
                Made::Report(_) => Sketch::Other,
            };
            Ok(done.outputs.into_iter().map(bare).collect())
        }
        Does::Step(step) => {
            let table = inputs.get("table").and_then(|t| t.first()).and_then(Sketch::table);
            let Some(table) = table else { return Ok(unknown()) };
            let fitted = step.fit(given, table, &[], 0)?;
            Ok(vec![Sketch::Table(Arc::new(fitted.apply(table)))])
        }
        Does::Engine(engine) => Ok(of_engine(engine, given, inputs, question, unknown())),
    }
}

/// `None`: a table is not known.
fn tables(inputs: &Sketches) -> Option<BTreeMap<&str, Vec<Arc<Table>>>> {
    let of_port = |(port, sketches): (&'_ String, &'_ Vec<Sketch>)| {
        let tables: Option<Vec<Arc<Table>>> = sketches.iter().map(|s| s.table().cloned()).collect();
        tables.map(|tables| (port.clone(), tables))
    };
    let mut out = BTreeMap::new();
    for (port, sketches) in inputs {
        let (_, tables) = of_port((port, sketches))?;
        out.insert(port.as_str(), tables);
    }
    Some(out)
}

fn of_engine(
    engine: EngineKind,
    given: &Given<'_>,
    inputs: &Sketches,
    question: Option<&Question>,
    unknown: Vec<Sketch>,
) -> Vec<Sketch> {
    let first = |port: &str| inputs.get(port).and_then(|s| s.first()).cloned().unwrap_or(Sketch::Unknown);
    match engine {
        EngineKind::Question => vec![question.map_or(Sketch::Unknown, |q| Sketch::Target(q.clone()))],
        EngineKind::Learner(_) | EngineKind::Search | EngineKind::Ensemble => {
            let model = question.map_or(Sketch::Unknown, |q| Sketch::Model(q.clone()));
            std::iter::once(model).chain(unknown.iter().skip(1).map(|_| Sketch::Other)).collect()
        }
        EngineKind::Evaluate => vec![Sketch::Other; unknown.len()],
        EngineKind::Importance => {
            let table = Table {
                columns: vec![
                    bare("column", ColumnType::Categorical),
                    bare("importance", ColumnType::Numeric),
                    bare("sd", ColumnType::Numeric),
                ],
                rows: 0,
            };
            vec![Sketch::Table(Arc::new(table)), Sketch::Other]
        }
        EngineKind::Predict => vec![predicted(given, &first("table"), &first("model"))],
        EngineKind::Export => inputs.values().flatten().cloned().take(1).collect(),
        EngineKind::Compare | EngineKind::Dependence => unknown,
    }
}

/// The table with what predictions add, where the model's classes are not needed to know it.
fn predicted(given: &Given<'_>, table: &Sketch, model: &Sketch) -> Sketch {
    let (Sketch::Table(table), Sketch::Model(question)) = (table, model) else { return Sketch::Unknown };
    if question.task != Some(Task::Regression) {
        return Sketch::Unknown;
    }
    let mut names = vec!["prediction"];
    if given.number("interval").is_some() {
        names.extend(["prediction_low", "prediction_high"]);
    }
    let mut out = table.as_ref().clone();
    for name in names {
        let name = free_name(&out, name);
        out.columns.push(bare(&name, ColumnType::Numeric));
    }
    Sketch::Table(Arc::new(out))
}

fn bare(name: &str, ty: ColumnType) -> Column {
    let values = match ty {
        ColumnType::Numeric => Values::F64(Vec::new()),
        _ => Values::Dict { codes: Vec::new(), levels: Vec::new() },
    };
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

/// `name`, or `name_2` and so on where the table has it already.
pub(super) fn free_name(table: &Table, name: &str) -> String {
    let numbered = (2..).map(|i| format!("{name}_{i}"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    // Among endless names one is free.
    all.find(|n| table.column(n).is_none()).unwrap_or_default()
}
