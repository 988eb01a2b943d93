//! A chain that has learned: part of a pipeline and of model files.

use super::{at_node, changed, faults, operation, params_of};
use crate::diagnostic::Diagnostic;
use crate::kind::{FittedStep, Rows};
use crate::table::{Column, Table, Values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Columns and steps that a file may hold.
const MOST: usize = 1 << 20;

/// A column that the chain reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Read {
    /// Without rows.
    column: Column,
    /// Missing in every row that is predicted.
    withheld: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum FittedLink {
    /// Learns nothing. `params`: a JSON object.
    Apart { kind: String, params: String },
    /// `hidden`: columns that it does not see.
    Fitted { hidden: Vec<String>, step: FittedStep },
}

/// The steps, fitted, and the columns that they read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct FittedChain {
    reads: Vec<Read>,
    links: Vec<FittedLink>,
}

/// A column with its place in a table.
pub(super) type Aside = Vec<(usize, Column)>;

/// The table without the columns `hidden`, and these.
pub(super) fn set_aside(table: &Table, hidden: &[String]) -> (Table, Aside) {
    let (mut seen, mut aside) = (Vec::new(), Vec::new());
    for (place, column) in table.columns.iter().enumerate() {
        if hidden.contains(&column.name) {
            aside.push((place, column.clone()));
        } else {
            seen.push(column.clone());
        }
    }
    (Table { columns: seen, rows: table.rows }, aside)
}

/// The table with columns in their places again; what was given their names meanwhile is gone.
pub(super) fn put_back(mut table: Table, aside: Aside) -> Table {
    table.columns.retain(|c| aside.iter().all(|(_, a)| a.name != c.name));
    for (place, column) in aside {
        table.columns.insert(place.min(table.columns.len()), column);
    }
    table
}

impl Read {
    pub fn new(column: &Column, withheld: bool) -> Self {
        let mut column = column.take(&[]);
        column.spellings = Vec::new();
        if let Values::Dict { levels, .. } = &mut column.values {
            levels.clear();
        }
        Self { column, withheld }
    }

    fn missing(&self, rows: usize) -> Column {
        // No column has so many rows: all are beyond its end.
        self.column.take(&vec![u32::MAX; rows])
    }

    /// The rows of a column as the chain knows it, read again where it has another type.
    fn of(&self, column: &Column, rows: Option<&[u32]>) -> Column {
        let mut taken = rows.map_or_else(|| column.clone(), |rows| column.take(rows));
        if alike(&taken.values, &self.column.values) {
            taken.ty = self.column.ty;
            return taken;
        }
        let (again, _) = taken.retyped(self.column.ty);
        if alike(&again.values, &self.column.values) { again } else { self.missing(taken.len()) }
    }
}

/// Whether values are of one kind.
fn alike(a: &Values, b: &Values) -> bool {
    matches!(
        (a, b),
        (Values::F32(_) | Values::F64(_), Values::F32(_) | Values::F64(_))
            | (Values::Bool { .. }, Values::Bool { .. })
            | (Values::Dict { .. }, Values::Dict { .. })
            | (Values::Time(_), Values::Time(_))
            | (Values::Text(_), Values::Text(_))
    )
}

impl FittedChain {
    pub(super) fn new(reads: Vec<Read>, links: Vec<FittedLink>) -> Self {
        Self { reads, links }
    }

    /// The rows `rows` of a table, or all, as they are predicted from. Columns are found by name; what is absent, or
    /// holds what cannot be read as its type, is missing.
    ///
    /// # Errors
    /// Where a step cannot be done to these rows.
    pub fn apply(&self, table: &Table, rows: Option<&[u32]>) -> Result<Table, Diagnostic> {
        self.apply_without(table, rows, &|read| read.withheld)
    }

    /// The table before the first step that learns, where the target and the weights stand. Of columns that come in, those
    /// that are absent stay so.
    ///
    /// # Errors
    /// As [`FittedChain::apply`].
    pub fn answers(&self, table: &Table) -> Result<Table, Diagnostic> {
        let mut now = self.read(table, None, &|_| false);
        let learns = |l: &&FittedLink| matches!(l, FittedLink::Fitted { .. });
        for link in self.links.iter().take_while(|l| !learns(l)) {
            now = link.apply(now)?;
        }
        let is_absent =
            |name: &str| self.reads.iter().any(|r| r.column.name == name) && table.column(name).is_none();
        now.columns.retain(|c| !is_absent(&c.name));
        Ok(now)
    }

    /// The same as [`FittedChain::apply`] with nothing withheld.
    ///
    /// # Errors
    /// As [`FittedChain::apply`].
    pub fn apply_whole(&self, table: &Table, rows: Option<&[u32]>) -> Result<Table, Diagnostic> {
        self.apply_without(table, rows, &|_| false)
    }

    /// The same with these columns missing.
    pub(super) fn apply_withholding(&self, table: &Table, columns: &[&str]) -> Result<Table, Diagnostic> {
        self.apply_without(table, None, &|read| columns.contains(&read.column.name.as_str()))
    }

    fn apply_without(
        &self,
        table: &Table,
        rows: Option<&[u32]>,
        is_withheld: &dyn Fn(&Read) -> bool,
    ) -> Result<Table, Diagnostic> {
        let mut now = self.read(table, rows, is_withheld);
        for link in &self.links {
            now = link.apply(now)?;
        }
        Ok(now)
    }

    /// The columns that come in.
    fn read(&self, table: &Table, rows: Option<&[u32]>, is_withheld: &dyn Fn(&Read) -> bool) -> Table {
        let count = rows.map_or(table.rows, <[u32]>::len);
        let by_name: BTreeMap<&str, &Column> =
            table.columns.iter().rev().map(|c| (c.name.as_str(), c)).collect();
        let read = |read: &Read| match by_name.get(read.column.name.as_str()) {
            Some(column) if !is_withheld(read) => read.of(column, rows),
            _ => read.missing(count),
        };
        Table { columns: self.reads.iter().map(read).collect(), rows: count }
    }

    /// Whether the data, which may come from anywhere, is such as fitting gives.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self) -> Result<(), String> {
        if self.reads.len() > MOST || self.links.len() > MOST {
            return Err("it reads more columns than a table has".to_owned());
        }
        let mut names: Vec<&str> = self.reads.iter().map(|r| r.column.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) || self.reads.iter().any(|r| !r.column.is_empty())
        {
            return Err("the columns that it reads are damaged".to_owned());
        }
        self.links.iter().try_for_each(FittedLink::validate)
    }
}

impl FittedLink {
    fn apply(&self, table: Table) -> Result<Table, Diagnostic> {
        match self {
            Self::Apart { kind, params } => {
                let what = "A step of the model cannot be done to these rows.";
                let remedy = "Check that the table is such as the model was trained on, or train it again.";
                let refused = || Diagnostic::error("chain.step", what, remedy);
                let (Some(operation), Ok(params)) = (operation(kind), params_of(params)) else {
                    return Err(refused());
                };
                changed(operation, &params, &table)
                    .map_err(|found| at_node(kind, found).into_iter().next().unwrap_or_else(refused))
            }
            Self::Fitted { hidden, step } => {
                let (seen, aside) = set_aside(&table, hidden);
                let made = step.apply(&seen);
                // A file that was tampered with may hold anything.
                if made.rows != table.rows || made.columns.iter().any(|c| c.len() != made.rows) {
                    return Err(Diagnostic::error(
                        "chain.rows",
                        "A step of the model does not give one row for each row that comes in.",
                        "Train the model again.",
                    ));
                }
                Ok(put_back(made, aside))
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        match self {
            Self::Apart { kind, params } => {
                let operation = operation(kind)
                    .ok_or_else(|| format!("it has a step \"{kind}\", which this version does not have"))?;
                let spec = operation.spec();
                if spec.rows != Rows::Apart || !faults(&spec, &params_of(params)?, None).is_empty() {
                    return Err(format!("its step \"{kind}\" cannot be"));
                }
                Ok(())
            }
            Self::Fitted { step, .. } => step.validate(),
        }
    }
}
