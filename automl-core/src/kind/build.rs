//! Columns from computed values, held as the readers hold them.
//!
//! What a column comes to be never depends on how many rows there are: types are given, not guessed, since operations
//! are also run on a table without rows, and on one row at prediction.

use crate::table::number::fits_f32;
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, Table, TextValues, Values};
use std::collections::BTreeMap;

/// A numeric column. NaN is missing, and so is what is infinite.
pub(crate) fn numbers(name: &str, mut values: Vec<f64>) -> Column {
    let mut fits = true;
    for x in &mut values {
        if !x.is_finite() {
            *x = f64::NAN;
        }
        fits &= fits_f32(*x);
    }
    let values =
        if fits { Values::F32(values.iter().map(|&x| x as f32).collect()) } else { Values::F64(values) };
    column(name, ColumnType::Numeric, values)
}

/// A Boolean column, its labels `false` and `true`.
pub(crate) fn truths(name: &str, values: impl Iterator<Item = Option<bool>>) -> Column {
    let (mut bits, mut missing) = (BitMask::default(), BitMask::default());
    for value in values {
        bits.push(value == Some(true));
        missing.push(value.is_none());
    }
    let labels = ["false".to_owned(), "true".to_owned()];
    column(name, ColumnType::Boolean, Values::Bool { values: bits, missing, labels })
}

/// A column of dates: milliseconds since 1970-01-01, [`crate::table::MISSING_TIME`] where missing.
pub(crate) fn times(name: &str, values: Vec<i64>) -> Column {
    column(name, ColumnType::Datetime, Values::Time(values))
}

/// A column of texts: one buffer for [`ColumnType::Text`] and [`ColumnType::Id`], else a dictionary. Beyond 4 GiB a
/// buffer takes no more, and values count as missing.
pub(crate) fn texts<'a>(name: &str, ty: ColumnType, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    if matches!(ty, ColumnType::Text | ColumnType::Id) {
        let mut text = TextValues::default();
        values.for_each(|value| {
            text.push(value);
        });
        return column(name, ty, Values::Text(text));
    }
    let mut levels = Levels::default();
    let codes = values.map(|value| value.map_or(MISSING_CODE, |text| levels.code(text))).collect();
    column(name, ty, Values::Dict { codes, levels: levels.names })
}

/// A categorical column from codes into `levels`, which may hold a text twice or that no row has.
/// [`MISSING_CODE`], and any code beyond the levels, is missing.
pub(crate) fn categories(name: &str, mut codes: Vec<u32>, levels: &[String]) -> Column {
    let mut kept = Levels::default();
    let mut new_codes = vec![MISSING_CODE; levels.len()];
    for code in &mut codes {
        *code = match (new_codes.get_mut(*code as usize), levels.get(*code as usize)) {
            (Some(new), Some(level)) => {
                if *new == MISSING_CODE {
                    *new = kept.code(level);
                }
                *new
            }
            _ => MISSING_CODE,
        };
    }
    column(name, ColumnType::Categorical, Values::Dict { codes, levels: kept.names })
}

/// The rows `rows` (0-based) of a column, in that order, without the levels that no row has any more. A row out of
/// range, such as `u32::MAX`, is missing.
pub(crate) fn taken(source: &Column, rows: &[u32]) -> Column {
    if let Values::Dict { codes, levels } = &source.values {
        let codes = rows.iter().map(|&r| codes.get(r as usize).copied().unwrap_or(MISSING_CODE)).collect();
        return Column { ty: source.ty, ..categories(&source.name, codes, levels) };
    }
    source.take(rows)
}

/// The rows `rows` of a table, column by column as [`taken`].
pub(crate) fn taken_table(table: &Table, rows: &[u32]) -> Table {
    Table { columns: table.columns.iter().map(|c| taken(c, rows)).collect(), rows: rows.len() }
}

fn column(name: &str, ty: ColumnType, values: Values) -> Column {
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

/// Texts numbered in order of first appearance.
#[derive(Debug, Default)]
struct Levels {
    codes: BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Levels {
    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let code = self.names.len() as u32;
        self.codes.insert(text.to_owned(), code);
        self.names.push(text.to_owned());
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_held_as_narrow_as_loses_nothing() {
        assert!(matches!(numbers("x", vec![1.5, f64::NAN]).values, Values::F32(_)));
        assert!(matches!(numbers("x", vec![0.1]).values, Values::F64(_)));
        assert!(matches!(numbers("x", Vec::new()).values, Values::F32(_)));
        let infinite = numbers("x", vec![f64::INFINITY, 2.0]);
        assert_eq!((infinite.number(0), infinite.number(1)), (None, Some(2.0)));
    }

    #[test]
    fn levels_are_distinct_used_and_in_order_of_appearance() {
        let levels = ["a", "b", "a", "c"].map(str::to_owned);
        let built = categories("x", vec![3, MISSING_CODE, 2, 0, 9], &levels);
        let expected = Values::Dict {
            codes: vec![0, MISSING_CODE, 1, 1, MISSING_CODE],
            levels: vec!["c".to_owned(), "a".to_owned()],
        };
        assert_eq!(built.values, expected);
        let texts =
            texts("x", ColumnType::Categorical, [Some("c"), None, Some("a"), Some("a"), None].into_iter());
        assert_eq!(texts.values, expected);
        let left = taken(&built, &[2, 7]);
        assert_eq!(left.values, Values::Dict { codes: vec![0, MISSING_CODE], levels: vec!["a".to_owned()] });
    }

    #[test]
    fn long_texts_and_truths() {
        let text = texts("x", ColumnType::Text, [Some("one two"), None].into_iter());
        assert_eq!((text.text(0).as_deref(), text.text(1)), (Some("one two"), None));
        let truth = truths("x", [Some(true), None, Some(false)].into_iter());
        assert_eq!((truth.number(0), truth.number(1), truth.number(2)), (Some(1.0), None, Some(0.0)));
        assert_eq!(times("x", vec![0]).text(0).as_deref(), Some("1970-01-01"));
    }
}
