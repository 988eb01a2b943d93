//! Columns that a node names, and what is said where it cannot go on.

use super::finding::Finding;
use crate::diagnostic::Diagnostic;
use crate::table::{Column, Table};

/// An error at a parameter, as the outcome of a run.
pub(super) fn error(param: &str, code: &str, message: impl Into<String>, remedy: &str) -> Vec<Finding> {
    vec![Finding::at_param(param, Diagnostic::error(code, message, remedy))]
}

/// The column of this name.
///
/// # Errors
/// Where there is none.
pub(super) fn column<'a>(table: &'a Table, name: &str, param: &str) -> Result<&'a Column, Vec<Finding>> {
    table.column(name).ok_or_else(|| {
        let message = format!("There is no column \"{name}\" in the table that comes in.");
        let diagnostic = Diagnostic::error("param.no_column", message, "Choose another column.");
        vec![Finding::at_param(param, diagnostic.at_column(name))]
    })
}

/// The columns of these names, each once.
///
/// # Errors
/// Where one is missing.
pub(super) fn columns<'a>(
    table: &'a Table,
    names: &[String],
    param: &str,
) -> Result<Vec<&'a Column>, Vec<Finding>> {
    let mut out: Vec<&Column> = Vec::new();
    for name in names {
        let column = column(table, name, param)?;
        if !out.iter().any(|c| c.name == column.name) {
            out.push(column);
        }
    }
    Ok(out)
}
