//! Holding a table against the input contract.

use super::Header;
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::InputField;
use crate::table::{Column, ColumnType, Table};

/// Names listed in one message.
const SHOWN: usize = 8;
/// A list of levels this long may have been cut.
const LEVELS_CUT: usize = 200;

/// What is unusual about a table for prediction.
///
/// # Errors
/// Where it has none of the columns that the model reads.
pub(super) fn check(header: &Header, table: &Table) -> Result<Vec<Diagnostic>, Diagnostic> {
    let mut out = Vec::new();
    let absent: Vec<&str> =
        header.inputs.iter().map(|f| f.column.as_str()).filter(|c| table.column(c).is_none()).collect();
    if !absent.is_empty() {
        let shown: Vec<String> = absent.iter().take(SHOWN).map(|c| format!("\"{c}\"")).collect();
        let more =
            if absent.len() > SHOWN { format!(" and {} more", absent.len() - SHOWN) } else { String::new() };
        let list = format!("{}{more}", shown.join(", "));
        if absent.len() == header.inputs.len() {
            return Err(Diagnostic::error(
                "input.no_columns",
                format!("The table has none of the columns that the model reads ({list})."),
                "Check that its first line names the columns, and that it is the right table.",
            ));
        }
        out.push(Diagnostic::warning(
            "input.missing_columns",
            format!("The model also reads {list}, which the table does not have."),
            "They count as missing in every row; predictions are less sure.",
        ));
    }
    for field in &header.inputs {
        if let Some(column) = table.column(&field.column) {
            out.extend(unseen_levels(field, column));
        }
    }
    Ok(out)
}

/// Levels that training never saw.
fn unseen_levels(field: &InputField, column: &Column) -> Option<Diagnostic> {
    if field.ty != ColumnType::Categorical || field.levels.is_empty() || field.levels.len() >= LEVELS_CUT {
        return None;
    }
    let mut known: Vec<&str> = field.levels.iter().map(String::as_str).collect();
    known.sort_unstable();
    let mut first = None;
    let mut count = 0u64;
    for row in 0..column.len() {
        if let Some(text) = column.text(row)
            && known.binary_search(&text.as_ref()).is_err()
        {
            count += 1;
            first.get_or_insert((row, text.into_owned()));
        }
    }
    first.map(|(row, text)| {
        Diagnostic::warning(
            "input.unseen_level",
            format!(
                "Column \"{}\" has {count} values that training never saw, the first \"{text}\".",
                field.column
            ),
            "They are treated as an unknown value.",
        )
        .at_column(&field.column)
        .at_row(row as u64 + 1)
    })
}
