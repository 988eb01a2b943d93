//! Tables as CSV.

use super::{ColumnType, Table, Values};

/// The table as RFC 4180 CSV with a header, comma and decimal point; missing values are empty fields. Formulas are
/// not made harmless here: that is for whoever hands the text to a spreadsheet.
pub fn write_csv(table: &Table) -> String {
    let mut out = String::new();
    let single = table.columns.len() == 1;
    for (at, column) in table.columns.iter().enumerate() {
        separate(&mut out, at);
        push_field(&mut out, &column.name, single, false);
    }
    out.push('\n');
    for row in 0..table.rows {
        for (at, column) in table.columns.iter().enumerate() {
            separate(&mut out, at);
            let text = column.text(row);
            let keeps_spaces = column.ty == ColumnType::Text || matches!(column.values, Values::Text(_));
            push_field(&mut out, text.as_deref().unwrap_or(""), single, keeps_spaces);
        }
        out.push('\n');
    }
    out
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

/// Adds a field of a row of several fields, in quotes where it needs them.
pub fn write_csv_field(out: &mut String, field: &str) {
    push_field(out, field, false, false);
}

/// An empty field is quoted where it would make an empty line.
fn push_field(out: &mut String, field: &str, single: bool, keeps_spaces: bool) {
    let special = field.contains([',', '"', '\n', '\r', ';', '\t', '|']);
    let spaced = keeps_spaces && field.trim().len() != field.len();
    if special || spaced || single && field.is_empty() {
        out.push('"');
        out.push_str(&field.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(field);
    }
}
