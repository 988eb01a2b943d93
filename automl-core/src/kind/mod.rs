//! Kinds of nodes that make tables of tables. Each declares itself once ([`KindSpec`]) and does one thing.
//!
//! Nothing here knows of documents, models or folds: `engine::flow` joins them. Operations are pure: the same tables
//! and parameters give the same tables, on every machine. They must bear a table without rows, since that is how the
//! engine learns the columns that will come out before anything is run.

mod aggregate;
mod build;
mod chart;
mod columns;
mod combine;
pub mod expr;
mod finding;
mod fitted;
mod given;
mod keys;
mod look;
mod prepare;
mod registry;
mod rows;
mod source;
mod spec;
mod stack;
pub mod svg;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_csv;
#[cfg(test)]
mod tests;
mod wanted;

pub use chart::{Axis, AxisScale, Bar, BoxSummary, Chart, Listing, Mark, Report};
pub use finding::Finding;
pub use fitted::{FittedStep, Unused};
pub use given::{Given, Schema, check, nearest};
pub use registry::{operation, operations, sources, step, steps};
pub use spec::{
    ChoiceOption, Example, FieldKind, FieldSpec, Group, KindSpec, ORDER, PortSpec, PortType, Rows, Wanted,
};

use crate::diagnostic::Diagnostic;
use crate::table::Table;
use std::collections::BTreeMap;

/// What goes out of a port.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    Table(Table),
    Report(Report),
}

/// What an operation gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Done {
    /// One for each output of the declaration, in its order.
    pub outputs: Vec<Made>,
    /// What is worth knowing: rows left out, values that could not be read.
    pub findings: Vec<Finding>,
}

impl Done {
    pub fn table(table: Table) -> Self {
        Self { outputs: vec![Made::Table(table)], findings: Vec::new() }
    }

    pub fn report(report: Report) -> Self {
        Self { outputs: vec![Made::Report(report)], findings: Vec::new() }
    }
}

/// Tables by input port, in the order of their wires where a port takes several.
pub type Inputs<'a> = BTreeMap<&'a str, Vec<&'a Table>>;

/// The one table of an input.
///
/// # Errors
/// Where nothing is connected.
pub fn input<'a>(inputs: &Inputs<'a>, port: &str) -> Result<&'a Table, Vec<Finding>> {
    inputs.get(port).and_then(|tables| tables.first().copied()).ok_or_else(|| {
        let diagnostic = Diagnostic::error(
            "port.empty",
            format!("Nothing is connected to \"{port}\"."),
            "Connect a table to it.",
        );
        vec![Finding::at_port(port, diagnostic)]
    })
}

/// The warning that a column which a parameter names is not there, for what goes on without it. [`check`] finds the
/// same to be an error; new rows may lack a column all the same, such as the target.
pub(crate) fn absent(name: &str, param: &str) -> Finding {
    let message = format!("There is no column \"{name}\" in the table that comes in; it is passed over.");
    let diagnostic =
        Diagnostic::warning("kind.no_column", message, "Choose another column, or remove it here.");
    Finding::at_param(param, diagnostic.at_column(name))
}

/// A kind that learns nothing.
pub trait Operation: Sync {
    fn spec(&self) -> KindSpec;

    /// `given`: parameters without errors by [`check`], as far as columns were known.
    ///
    /// # Errors
    /// Why nothing comes of it.
    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>>;
}

/// A kind that learns from rows how to change rows ([`Rows::Fitted`]): one table in, one table out, row by row.
pub trait Step: Sync {
    fn spec(&self) -> KindSpec;

    /// Learns from the rows `rows` (0-based) of `table` and no others. Where they hold nothing to learn from, the step
    /// still changes columns as it always does.
    ///
    /// # Errors
    /// Why it cannot be fitted.
    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<FittedStep, Vec<Finding>>;

    /// Fits, and gives `table.take(rows)` as training may see it. Where a step learns from a target, a row's own target
    /// must not show in what the row becomes: such a step overrides this and changes each row by what it learned from
    /// other rows. The columns are those of [`FittedStep::apply`].
    ///
    /// # Errors
    /// Those of [`Step::fit`].
    fn fit_transform(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<(FittedStep, Table), Vec<Finding>> {
        let fitted = self.fit(given, table, rows, seed)?;
        let changed = fitted.apply(&table.take(rows));
        Ok((fitted, changed))
    }
}
