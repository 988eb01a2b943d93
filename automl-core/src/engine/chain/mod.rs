//! Steps between the table that comes in and what is learned from: as a pipeline draws them, fitted inside each fold.
//!
//! What learns is only ever handed rows that training may see: it is fitted on a table of these rows and of no others.
//! The target and the weights stand in that table, but a step that learns sees them only where its parameters name them,
//! so that "all columns" never means the answer; nor does it mean what is ignored, identifiers and constants. In a row that is predicted they are missing.

mod fitted;
#[cfg(test)]
mod leak_tests;
mod look;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(super) use fitted::FittedChain;

use super::protocol::{ChainStep, StudyRequest};
use super::target::find_column;
use crate::diagnostic::Diagnostic;
use crate::kind::{self, FieldSpec, Finding, Given, Inputs, KindSpec, Made, Operation, Rows, Schema, Step};
use crate::numeric::Rng;
use crate::table::{Column, ColumnType, Table, Values};
use fitted::{FittedLink, Read};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a link does.
#[derive(Clone, Copy)]
enum Doing {
    Apart(&'static dyn Operation),
    Fitted(&'static dyn Step),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    node: String,
    kind: String,
    /// A JSON object: a value says its type only in a format that describes itself.
    params: String,
}

/// The steps of a request, of kinds that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    links: Vec<Link>,
    target: String,
    weights: Option<String>,
    /// Columns after the chain that are not learned from.
    ignore: Vec<String>,
    /// Columns before the chain that no feature is made of: missing in every row that is predicted.
    withheld: Vec<String>,
}

impl Doing {
    fn of(kind: &str) -> Option<Self> {
        let step = kind::step(kind).map(Self::Fitted);
        step.or_else(|| operation(kind).map(Self::Apart))
    }

    fn spec(self) -> KindSpec {
        match self {
            Self::Apart(operation) => operation.spec(),
            Self::Fitted(step) => step.spec(),
        }
    }
}

/// An operation by its id.
fn operation(id: &str) -> Option<&'static dyn Operation> {
    #[cfg(test)]
    if let Some(double) = testing::operation(id) {
        return Some(double);
    }
    kind::operation(id)
}

fn schema(table: &Table) -> Schema {
    table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect()
}

/// Parameters as [`Link`] holds them.
fn params_of(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|e| format!("a step's parameters cannot be read: {e}"))
}

/// What keeps parameters from being used on a table.
fn faults(spec: &KindSpec, params: &Map<String, Value>, schema: Option<&Schema>) -> Vec<Finding> {
    let mut found = kind::check(spec, params, &|_| schema.cloned());
    found.retain(|f| f.diagnostic.is_error());
    found
}

/// Changes rows one by one.
fn changed(
    operation: &dyn Operation,
    params: &Map<String, Value>,
    table: &Table,
) -> Result<Table, Vec<Finding>> {
    let spec = operation.spec();
    let port = spec.inputs.first().map_or("table", |p| p.name.as_str());
    let inputs: Inputs<'_> = [(port, vec![table])].into();
    let done = operation.run(&Given::new(&spec, params), &inputs)?;
    match done.outputs.into_iter().next() {
        Some(Made::Table(made)) if made.rows == table.rows => Ok(made),
        _ => Err(vec![other_rows(&spec).into()]),
    }
}

/// The same, where the parameters fit the table.
fn changed_if_fit(
    operation: &dyn Operation,
    params: &Map<String, Value>,
    table: &Table,
) -> Result<Table, Vec<Finding>> {
    let found = faults(&operation.spec(), params, Some(&schema(table)));
    if found.is_empty() { changed(operation, params, table) } else { Err(found) }
}

fn other_rows(spec: &KindSpec) -> Diagnostic {
    Diagnostic::error(
        "chain.rows",
        format!("\"{}\" does not give one row for each row that comes in.", spec.title),
        "Do this before the split, so that it is not part of the model.",
    )
}

/// Findings as diagnostics of a node.
fn at_node(node: &str, findings: Vec<Finding>) -> Vec<Diagnostic> {
    findings.into_iter().map(|f| on(node, f.diagnostic)).collect()
}

fn on(node: &str, mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.node.get_or_insert_with(|| node.to_owned());
    diagnostic
}

/// The parameters that count: others may be left from another choice.
fn heeded(spec: &KindSpec, params: &Map<String, Value>) -> Value {
    let value = |name: &str| match params.get(name) {
        Some(value) if !value.is_null() => value.clone(),
        _ => spec.field(name).map_or(Value::Null, FieldSpec::default_value),
    };
    let counts = |name: &str| {
        let only_if = spec.field(name).and_then(|field| field.only_if.as_ref());
        only_if.is_none_or(|(other, wanted)| wanted.contains(&value(other)))
    };
    Value::Object(
        params.iter().filter(|(name, _)| counts(name)).map(|(n, v)| (n.clone(), v.clone())).collect(),
    )
}

/// Whether parameters name a column.
fn names(value: &Value, column: &str) -> bool {
    match value {
        Value::String(text) => text == column,
        Value::Array(values) => values.iter().any(|v| names(v, column)),
        Value::Object(values) => values.values().any(|v| names(v, column)),
        _ => false,
    }
}

/// Whether two columns hold the same, missing values alike.
fn same(a: &Column, b: &Column) -> bool {
    match (&a.values, &b.values) {
        (Values::F32(x), Values::F32(y)) => {
            x.len() == y.len()
                && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
        }
        (Values::F64(x), Values::F64(y)) => {
            x.len() == y.len()
                && x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
        }
        (x, y) => x == y,
    }
}

impl Chain {
    /// The steps of a request; `None` where it has none.
    ///
    /// # Errors
    /// Kinds that there are not, that do not work row by row, or that lack what they need.
    pub fn of(request: &StudyRequest) -> Result<Option<Self>, Vec<Diagnostic>> {
        let found: Vec<Diagnostic> = request.steps.iter().flat_map(faults_of).collect();
        if !found.is_empty() {
            return Err(found);
        }
        let links = request.steps.iter().map(|step| Link {
            node: step.node.clone(),
            kind: step.kind.clone(),
            params: Value::Object(step.params.clone()).to_string(),
        });
        let chain = Self {
            links: links.collect(),
            target: request.target.clone(),
            weights: request.weights.clone(),
            ignore: request.ignore.clone(),
            withheld: Vec::new(),
        };
        Ok((!chain.links.is_empty()).then_some(chain))
    }

    /// Whether a column is the target or the weights.
    fn is_answer(&self, name: &str) -> bool {
        name == self.target || self.weights.as_deref() == Some(name)
    }

    /// Whether steps that learn do not see a column unless they name it: it is not learned from.
    fn is_aside(&self, column: &Column) -> bool {
        self.is_answer(&column.name)
            || self.ignore.contains(&column.name)
            || matches!(column.ty, ColumnType::Id | ColumnType::Constant)
    }

    /// Whether a step that learns names a column.
    fn is_named(&self, column: &str) -> bool {
        self.links.iter().any(|link| match (Doing::of(&link.kind), params_of(&link.params)) {
            (Some(Doing::Fitted(step)), Ok(params)) => names(&heeded(&step.spec(), &params), column),
            _ => false,
        })
    }

    /// Whether rows that are predicted need a column.
    pub fn reads(&self, column: &str) -> bool {
        self.withheld.iter().all(|w| w != column)
    }

    /// Indices of the columns after the chain that are learned from.
    pub fn features(&self, after: &Table) -> Vec<usize> {
        let out = |c: &Column| self.is_answer(&c.name) || self.ignore.contains(&c.name);
        (0..after.columns.len()).filter(|&j| !out(&after.columns[j])).collect()
    }

    /// Fits on the rows of `table` and no others. Also gives these rows as training may see them.
    ///
    /// # Errors
    /// What keeps a step from being fitted; a step that learns and makes the target or the weights.
    pub fn fit(&self, table: &Table, seed: u64) -> Result<(FittedChain, Table), Vec<Diagnostic>> {
        let mut now = table.clone();
        let mut links = Vec::with_capacity(self.links.len());
        let mut kept: Option<Vec<Column>> = None;
        for (number, link) in self.links.iter().enumerate() {
            let broken = |what: String| {
                vec![on(&link.node, Diagnostic::error("chain.params", what, "Set the step again."))]
            };
            let params = params_of(&link.params).map_err(broken)?;
            let doing = Doing::of(&link.kind).ok_or_else(|| vec![unknown(&link.node, &link.kind)])?;
            if matches!(doing, Doing::Fitted(_)) && kept.is_none() {
                kept = Some(self.beside(&now).map_err(|d| vec![on(&link.node, d)])?);
            }
            let (fitted, next) = self
                .fit_link(doing, &params, &now, link, Rng::for_stream(seed, &[number as u64]).next_u64())
                .map_err(|found| at_node(&link.node, found))?;
            let lost = kept.iter().flatten().find(|k| next.column(&k.name).is_none_or(|c| !same(k, c)));
            if let Some(lost) = lost {
                return Err(vec![on(&link.node, learned_target(&doing.spec(), &lost.name))]);
            }
            links.push(fitted);
            now = next;
        }
        let read = table.columns.iter().map(|c| Read::new(c, self.withheld.contains(&c.name))).collect();
        Ok((FittedChain::new(read, links), now))
    }

    fn fit_link(
        &self,
        doing: Doing,
        params: &Map<String, Value>,
        now: &Table,
        link: &Link,
        seed: u64,
    ) -> Result<(FittedLink, Table), Vec<Finding>> {
        match doing {
            Doing::Apart(operation) => {
                let made = changed_if_fit(operation, params, now)?;
                Ok((FittedLink::Apart { kind: link.kind.clone(), params: link.params.clone() }, made))
            }
            Doing::Fitted(step) => {
                let spec = step.spec();
                let value = heeded(&spec, params);
                let is_hidden = |c: &&Column| self.is_aside(c) && !names(&value, &c.name);
                let hidden: Vec<String> =
                    now.columns.iter().filter(is_hidden).map(|c| c.name.clone()).collect();
                let (seen, aside) = fitted::set_aside(now, &hidden);
                let found = faults(&spec, params, Some(&schema(&seen)));
                if !found.is_empty() {
                    return Err(found);
                }
                let rows: Vec<u32> = (0..seen.rows as u32).collect();
                let (fitted, made) = step.fit_transform(&Given::new(&spec, params), &seen, &rows, seed)?;
                if made.rows != seen.rows {
                    return Err(vec![other_rows(&spec).into()]);
                }
                Ok((FittedLink::Fitted { hidden, step: fitted }, fitted::put_back(made, aside)))
            }
        }
    }

    /// The target and the weights, which must be there before the first step that learns.
    fn beside(&self, table: &Table) -> Result<Vec<Column>, Diagnostic> {
        let wanted = [Some(&self.target), self.weights.as_ref()].into_iter().flatten();
        wanted.map(|name| find_column(table, name).cloned()).collect()
    }
}

/// What keeps a step from being part of a chain, whatever the table.
fn faults_of(step: &ChainStep) -> Vec<Diagnostic> {
    let Some(doing) = Doing::of(&step.kind) else { return vec![unknown(&step.node, &step.kind)] };
    let spec = doing.spec();
    if spec.version < step.version {
        return vec![on(
            &step.node,
            Diagnostic::error(
                "chain.newer",
                format!("\"{}\" was set by a newer version of Trellis.", spec.title),
                "Use the version that wrote it, or set the step again.",
            ),
        )];
    }
    if spec.rows == Rows::Together || spec.inputs.len() != 1 {
        return vec![on(&step.node, other_rows(&spec))];
    }
    at_node(&step.node, faults(&spec, &step.params, None))
}

fn unknown(node: &str, kind: &str) -> Diagnostic {
    on(
        node,
        Diagnostic::error(
            "chain.unknown_kind",
            format!("There is no step \"{kind}\"."),
            "Remove it, or use the version of Trellis that has it.",
        ),
    )
}

fn learned_target(spec: &KindSpec, column: &str) -> Diagnostic {
    Diagnostic::error(
        "chain.learned_target",
        format!("\"{}\" changes \"{column}\" after a step has learned from rows.", spec.title),
        "What is predicted, and what weighs rows, must not depend on other rows: leave that column out of the step, or change it before any step that learns.",
    )
    .at_column(column)
}
