//! What a table looks like: counts, quantiles, histograms, frequent values, and what to beware of.

mod duplicates;
mod numeric;
mod target;
#[cfg(test)]
mod tests;

pub use numeric::{Histogram, NumericSummary, QUANTILES};
pub use target::target_checks;

use super::{Column, ColumnType, MISSING_CODE, Table, Values};
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// Frequent values listed a column.
const TOP: usize = 10;
/// Long values are cut to this many characters in lists.
const TOP_CHARS: usize = 80;
/// A column with more than this share of its values missing is warned of.
const MOSTLY_MISSING: f64 = 0.99;

/// What a table looks like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    pub rows: u64,
    pub columns: Vec<ColumnProfile>,
    /// Rows that are equal to an earlier row.
    pub duplicate_rows: u64,
    /// Findings about the whole table.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a column looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    pub name: String,
    pub ty: ColumnType,
    /// Values that are not missing.
    pub count: u64,
    pub missing: u64,
    /// Different values among them.
    pub distinct: u64,
    /// For numbers, and for dates in milliseconds since 1970.
    pub numeric: Option<NumericSummary>,
    /// The most frequent values with their counts, most frequent first; for columns of words, yes and no, and
    /// numbers of few distinct values.
    pub top: Vec<(String, u64)>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at every column.
pub fn profile(table: &Table) -> Profile {
    let columns: Vec<ColumnProfile> = table.columns.iter().map(|c| column_profile(c, table.rows)).collect();
    let duplicate_rows = duplicates::rows(table);
    let mut diagnostics = Vec::new();
    if duplicate_rows > 0 {
        let share = 100.0 * duplicate_rows as f64 / table.rows.max(1) as f64;
        diagnostics.push(Diagnostic::info(
            "profile.duplicate_rows",
            format!("{duplicate_rows} rows ({share:.1} %) are equal to an earlier row."),
            "Leave them if they are real; repeated rows can make scores look better than they are.",
        ));
    }
    for (first, second) in duplicates::columns(table) {
        diagnostics.push(
            Diagnostic::warning(
                "profile.duplicate_column",
                format!("Columns \"{first}\" and \"{second}\" hold the same values."),
                "Leave one of them out.",
            )
            .at_column(second),
        );
    }
    Profile { rows: table.rows as u64, columns, duplicate_rows, diagnostics }
}

fn column_profile(column: &Column, rows: usize) -> ColumnProfile {
    let missing = column.missing_count() as u64;
    let count = column.len() as u64 - missing;
    let mut out = ColumnProfile {
        name: column.name.clone(),
        ty: column.ty,
        count,
        missing,
        distinct: 0,
        numeric: None,
        top: Vec::new(),
        diagnostics: Vec::new(),
    };
    match &column.values {
        Values::F32(_) | Values::F64(_) | Values::Time(_) => numeric::describe(column, &mut out),
        Values::Bool { labels, .. } => {
            let yes = (0..column.len()).filter(|&row| column.number(row) == Some(1.0)).count() as u64;
            let counts = [(labels[0].clone(), count - yes), (labels[1].clone(), yes)];
            describe_counts(counts.into_iter().filter(|(_, n)| *n > 0), &mut out);
        }
        Values::Dict { codes, levels } => {
            let mut counts = vec![0u64; levels.len()];
            for &code in codes.iter().filter(|&&c| c != MISSING_CODE) {
                if let Some(n) = counts.get_mut(code as usize) {
                    *n += 1;
                }
            }
            let named = levels.iter().cloned().zip(counts).filter(|(_, n)| *n > 0);
            describe_counts(named, &mut out);
        }
        Values::Text(text) => {
            let mut sorted: Vec<&str> = (0..text.len()).filter_map(|row| text.get(row)).collect();
            sorted.sort_unstable();
            let mut counts: Vec<(&str, u64)> =
                sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect();
            out.distinct = counts.len() as u64;
            counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            counts.truncate(TOP);
            out.top = counts.into_iter().map(|(t, n)| (shortened(t), n)).collect();
        }
    }
    out.diagnostics = column_checks(&out, rows as u64);
    out
}

/// The most frequent first; among equals the one that came first.
fn describe_counts(counts: impl Iterator<Item = (String, u64)>, out: &mut ColumnProfile) {
    let mut counts: Vec<(String, u64)> = counts.collect();
    out.distinct = counts.len() as u64;
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts.truncate(TOP);
    out.top = counts.into_iter().map(|(t, n)| (shortened(&t), n)).collect();
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TOP_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn column_checks(column: &ColumnProfile, rows: u64) -> Vec<Diagnostic> {
    let name = &column.name;
    let missing_share = column.missing as f64 / rows.max(1) as f64;
    let found = if rows == 0 {
        None
    } else if column.count == 0 {
        Some(Diagnostic::warning(
            "profile.all_missing",
            format!("Column \"{name}\" has no values."),
            "It is left out.",
        ))
    } else if column.ty == ColumnType::Constant {
        Some(Diagnostic::info(
            "profile.constant",
            format!("Column \"{name}\" has one value in every row."),
            "It is left out, as it tells rows not apart.",
        ))
    } else if column.ty == ColumnType::Id {
        Some(Diagnostic::info(
            "profile.id_like",
            format!("Column \"{name}\" looks like a row identifier."),
            "It is left out. Change its type if it means something.",
        ))
    } else if missing_share >= MOSTLY_MISSING {
        Some(Diagnostic::warning(
            "profile.mostly_missing",
            format!("Column \"{name}\" is missing in {:.1} % of the rows.", 100.0 * missing_share),
            "Leave it out unless the few values matter.",
        ))
    } else {
        None
    };
    found.map(|d| d.at_column(name)).into_iter().collect()
}
