//! Columns of numbers.

use super::builder::{Finished, NumberFields, Numbers, Parsing};
use super::decide::{Dictionary, number_findings, unparsed};
use super::strings::{is_axis_name, is_id_name};
use crate::diagnostic::Diagnostic;
use crate::numeric::sort_few_by;
use crate::table::number::{is_big_integer, rich};
use crate::table::options::Decimal;
use crate::table::{Column, ColumnType, TextValues};

/// Columns with more distinct values keep no spellings.
const MOST_SPELLINGS: usize = 256;
/// A column that counts up by one is a row number from this many rows on.
const LEAST_ROWS_OF_A_COUNTER: usize = 20;

pub(super) fn from_fields(
    name: &str,
    fields: NumberFields,
    forced: Option<ColumnType>,
    spellings: Vec<(f64, String)>,
) -> Finished {
    let diagnostics = number_findings(name, &fields);
    let ty = forced.unwrap_or_else(|| number_type(name, &fields.numbers));
    Finished {
        column: Column { name: name.to_string(), ty, values: fields.numbers.into_values(), spellings },
        diagnostics,
        missing_tokens: fields.tokens,
        day_first: None,
    }
}

/// Numeric, unless there is one value only or the values number the rows.
fn number_type(name: &str, numbers: &Numbers) -> ColumnType {
    let mut values = numbers.iter();
    let Some(first) = values.next() else { return ColumnType::Constant };
    if numbers.iter().any(f64::is_nan) {
        return ColumnType::Numeric;
    }
    if values.all(|x| x == first) {
        return ColumnType::Constant;
    }
    if !numbers.iter().all(is_whole) {
        return ColumnType::Numeric;
    }
    let count = numbers.iter().count();
    let counts_up = || numbers.iter().zip(0u32..).all(|(x, row)| x == first + f64::from(row));
    let counter = (first == 0.0 || first == 1.0) && count >= LEAST_ROWS_OF_A_COUNTER && !is_axis_name(name);
    if counter && counts_up() || count >= 3 && is_id_name(name) && all_distinct(numbers) {
        ColumnType::Id
    } else {
        ColumnType::Numeric
    }
}

/// Whether `x` is a whole number that a double tells from its neighbours.
fn is_whole(x: f64) -> bool {
    x.abs() <= 9_007_199_254_740_992.0 && x.trunc() == x
}

fn all_distinct(numbers: &Numbers) -> bool {
    let mut sorted: Vec<f64> = numbers.iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

pub(super) fn from_dictionary(
    name: &str,
    dictionary: &Dictionary,
    decimal: Decimal,
    forced: Option<ColumnType>,
    parsing: &Parsing,
) -> Finished {
    let first_row = |code: u32| dictionary.codes.iter().position(|&c| c == code).unwrap_or(0);
    let mut of_level = vec![f64::NAN; dictionary.levels.len()];
    let mut fields = NumberFields::new(decimal, dictionary.codes.len());
    let mut spellings: Vec<(f64, String)> = Vec::new();
    let many = dictionary.present.len() > 4 * MOST_SPELLINGS;
    for &code in &dictionary.present {
        let text = dictionary.level(code);
        match rich(text, decimal) {
            Some(number) if number.value.is_infinite() => fields.infinite = Some(first_row(code) as u32),
            Some(number) => {
                of_level[code as usize] = number.value;
                fields.big_integer |= is_big_integer(text);
                if number.unit && fields.units.is_none() {
                    fields.units = Some(text.to_string());
                }
                if !many {
                    spellings.push((number.value, text.to_string()));
                }
            }
            None => {
                if fields.junk.is_empty() {
                    fields.junk.push((first_row(code) as u32, text.to_string()));
                }
                fields.junk_count += dictionary.rows_of(code);
            }
        }
    }
    for &code in dictionary.codes {
        fields.numbers.push(of_level.get(code as usize).copied().unwrap_or(f64::NAN));
    }
    fields.tokens.clone_from(&dictionary.tokens);
    // Stable, so that the spelling met first stands for the value.
    sort_few_by(&mut spellings, |a, b| a.0.total_cmp(&b.0));
    spellings.dedup_by(|a, b| a.0 == b.0);
    if spellings.len() > MOST_SPELLINGS || many {
        spellings.clear();
    }
    let mut finished = from_fields(name, fields, forced, spellings);
    if decimal != parsing.decimal {
        finished.diagnostics.push(other_decimal(name, decimal));
    }
    finished
}

fn other_decimal(name: &str, decimal: Decimal) -> Diagnostic {
    let mark = if decimal == Decimal::Comma { "comma" } else { "point" };
    Diagnostic::info(
        "type.decimal",
        format!("Column \"{name}\" is read with a decimal {mark}, unlike the rest of the file."),
        "Set the decimal mark of the file if this is wrong.",
    )
    .at_column(name)
}

/// Reads every row of a text column as a number.
pub(super) fn from_text(name: &str, text: &TextValues, parsing: &Parsing) -> Finished {
    let mut fields = NumberFields::new(parsing.decimal, text.len());
    for row in 0..text.len() {
        match text.get(row) {
            Some(field) => fields.take_odd(field, parsing, false),
            None => fields.numbers.push(f64::NAN),
        }
    }
    from_fields(name, fields, Some(ColumnType::Numeric), Vec::new())
}

/// Findings about values that are no dates or no truth words share the wording of numbers.
pub(super) fn note_unparsed(
    out: &mut Vec<Diagnostic>,
    name: &str,
    what: &str,
    count: u64,
    first: Option<(usize, &str)>,
) {
    if let Some((row, text)) = first {
        out.push(unparsed(name, what, count, row, text));
    }
}
