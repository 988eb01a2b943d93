//! What steps share: which columns they work on, how they read them, and how they put new ones in their place.

use crate::diagnostic::Diagnostic;
use crate::kind::{FieldSpec, Finding, Given};
use crate::node::Input;
use crate::numeric::sum;
use crate::table::{Column, ColumnType, Table, Values};
use std::borrow::Cow;

/// Numbers stay within ±this, so that sums of squares stay finite.
pub(super) const LARGEST: f64 = 1e100;

/// Standard deviations below this share of the largest magnitude are rounding, not variation.
const NOISE: f64 = 1e-12;

/// The parameters `columns` and `except`. `which`: what is worked on where none is chosen, for example `all columns of
/// numbers`.
pub(super) fn column_fields(types: &[ColumnType], which: &str) -> Vec<FieldSpec> {
    let help = format!("Which columns to work on. Empty: {which}.");
    let except = "Columns to leave as they are, for example what is to be predicted.";
    vec![
        FieldSpec::columns("columns", "Columns", &help, types),
        FieldSpec::columns("except", "Leave alone", except, &[]).advanced(),
    ]
}

/// The columns that [`column_fields`] choose, in the order given, or in the table's where none is: then all of `types`.
/// `target`: the name of a column that is never among them.
///
/// # Errors
/// A chosen column that the table lacks.
pub(super) fn chosen(
    given: &Given<'_>,
    table: &Table,
    types: &[ColumnType],
    target: &str,
) -> Result<Vec<String>, Vec<Finding>> {
    let except = given.names("except");
    let is_left = |name: &str| name == target || except.iter().any(|e| e == name);
    let named = given.names("columns");
    if named.is_empty() {
        let all = table.columns.iter().filter(|c| types.contains(&c.ty) && !is_left(&c.name));
        return Ok(all.map(|c| c.name.clone()).collect());
    }
    let mut names: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for name in named {
        if table.column(&name).is_none() {
            let message = format!("There is no column \"{name}\" in the table that comes in.");
            let diagnostic = Diagnostic::error("param.no_column", message, "Choose another column.");
            found.push(Finding::at_param("columns", diagnostic.at_column(&name)));
        } else if !is_left(&name) && !names.contains(&name) {
            names.push(name);
        }
    }
    if found.is_empty() { Ok(names) } else { Err(found) }
}

/// Why a step cannot be fitted.
pub(super) fn refusal(param: &str, code: &str, message: String, remedy: &str) -> Vec<Finding> {
    vec![Finding::at_param(param, Diagnostic::error(code, message, remedy))]
}

/// An integer parameter within `range`.
pub(super) fn whole(given: &Given<'_>, name: &str, range: (usize, usize)) -> usize {
    let value = given.integer(name).unwrap_or(0).max(0);
    usize::try_from(value).unwrap_or(usize::MAX).clamp(range.0, range.1)
}

/// A number parameter within `range`.
pub(super) fn real(given: &Given<'_>, name: &str, range: (f64, f64)) -> f64 {
    given.number(name).unwrap_or(range.0).clamp(range.0, range.1)
}

/// A column and the rows of it to look at; `None` for all.
pub(super) fn input<'a>(table: &'a Table, name: &str, rows: Option<&'a [u32]>) -> Input<'a> {
    Input::new(table.column(name), rows, table.rows)
}

/// Numbers of the rows; booleans as 0 and 1; NaN where there is none.
pub(super) fn numbers(table: &Table, name: &str, rows: Option<&[u32]>) -> Vec<f64> {
    let column = table.column(name);
    let Some(Values::Bool { values, missing, .. }) = column.map(|c| &c.values) else {
        return Input::new(column, rows, table.rows).numbers();
    };
    let number = |i: usize| match i < values.len() && !missing.get(i) {
        true => f64::from(u8::from(values.get(i))),
        false => f64::NAN,
    };
    match rows {
        None => (0..table.rows).map(number).collect(),
        Some(rows) => rows.iter().map(|&i| number(i as usize)).collect(),
    }
}

/// The numbers that are there, in their order.
pub(super) fn present(numbers: &[f64]) -> Vec<f64> {
    numbers.iter().copied().filter(|x| !x.is_nan()).collect()
}

/// Within ±[`LARGEST`]; NaN stays.
pub(super) fn bounded(x: f64) -> f64 {
    x.clamp(-LARGEST, LARGEST)
}

/// Mean and standard deviation (divided by n) of finite numbers; the deviation is 1 where they do not vary, as in
/// scikit-learn's `StandardScaler`, and the mean 0 where there are none.
pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 1.0);
    }
    let n = values.len() as f64;
    let mean = sum(values) / n;
    let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
    let deviation = (sum(&squares) / n).sqrt();
    let largest = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let varies = deviation.is_finite() && deviation > NOISE * largest;
    (mean, if varies { deviation } else { 1.0 })
}

pub(super) fn number_column(name: &str, values: Vec<f64>) -> Column {
    numeric(name, Values::F64(values))
}

/// A column of numbers that single precision holds.
pub(super) fn single_column(name: &str, values: Vec<f32>) -> Column {
    numeric(name, Values::F32(values))
}

fn numeric(name: &str, values: Values) -> Column {
    Column { name: name.to_owned(), ty: ColumnType::Numeric, values, spellings: Vec::new() }
}

/// `codes`: into `levels`, or [`crate::table::MISSING_CODE`].
pub(super) fn category_column(name: &str, codes: Vec<u32>, levels: Vec<String>) -> Column {
    let values = Values::Dict { codes, levels };
    Column { name: name.to_owned(), ty: ColumnType::Categorical, values, spellings: Vec::new() }
}

/// Gives names to new columns that no other column bears.
pub(super) struct Names(Vec<String>);

impl Names {
    /// `gone`: columns of the table that will be replaced.
    pub(super) fn beside(table: &Table, gone: &[String]) -> Self {
        Self(table.columns.iter().map(|c| &c.name).filter(|n| !gone.contains(n)).cloned().collect())
    }

    pub(super) fn free(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2;
        while self.0.contains(&name) {
            name = format!("{wanted} {number}");
            number += 1;
        }
        self.0.push(name.clone());
        name
    }
}

/// A table under change. No two columns ever have one name: a new column takes the place of an old one. Columns are
/// copied at the end, those that stay.
pub(super) struct Changed<'a> {
    columns: Vec<Cow<'a, Column>>,
    rows: usize,
}

impl<'a> Changed<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        Self { columns: table.columns.iter().map(Cow::Borrowed).collect(), rows: table.rows }
    }

    /// `table` without the columns `names`.
    pub(super) fn without(table: &'a Table, names: &[String]) -> Self {
        let kept = table.columns.iter().filter(|c| !names.contains(&c.name));
        let columns = kept.map(Cow::Borrowed).collect();
        Self { columns, rows: table.rows }
    }

    /// Puts `new` where column `name` is; at the end where it is absent.
    pub(super) fn replace(&mut self, name: &str, new: Vec<Column>) {
        let is_new = |c: &Column| new.iter().any(|n| n.name == c.name);
        let before = self.columns.iter().take_while(|c| c.name != name);
        let at = before.filter(|c| !is_new(c)).count();
        self.columns.retain(|c| c.name != name && !is_new(c));
        let mut added: Vec<Cow<'_, Column>> = Vec::with_capacity(new.len());
        for column in new {
            if added.iter().all(|c| c.name != column.name) {
                added.push(Cow::Owned(column));
            }
        }
        self.columns.splice(at..at, added);
    }

    /// Adds a column at the end.
    pub(super) fn add(&mut self, column: Column) {
        self.columns.retain(|c| c.name != column.name);
        self.columns.push(Cow::Owned(column));
    }

    pub(super) fn table(self) -> Table {
        Table { columns: self.columns.into_iter().map(Cow::into_owned).collect(), rows: self.rows }
    }
}

/// `value` of each number of each of the columns, in their place.
pub(super) fn change_numbers<'a>(
    table: &Table,
    columns: impl IntoIterator<Item = (&'a str, &'a dyn Fn(f64) -> f64)>,
) -> Table {
    let mut changed = Changed::of(table);
    for (name, value) in columns {
        let values = numbers(table, name, None).into_iter().map(value).collect();
        changed.replace(name, vec![number_column(name, values)]);
    }
    changed.table()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table {
        let columns = names.iter().map(|name| number_column(name, vec![1.0])).collect();
        Table { columns, rows: 1 }
    }

    #[test]
    fn new_columns_take_the_place_of_old_ones() {
        let check = |old: &str, new: &[&str], expected: &[&str]| {
            let table_before = table(&["a", "b", "c", "d"]);
            let mut changed = Changed::of(&table_before);
            changed.replace(old, table(new).columns);
            let names: Vec<String> = changed.table().columns.into_iter().map(|c| c.name).collect();
            assert_eq!(names, expected, "{old} by {new:?}");
        };
        check("b", &["b"], &["a", "b", "c", "d"]);
        check("b", &["x", "y"], &["a", "x", "y", "c", "d"]);
        check("b", &[], &["a", "c", "d"]);
        check("b", &["d", "x", "x"], &["a", "d", "x", "c"]);
        check("c", &["a"], &["b", "a", "d"]);
        check("absent", &["x", "a"], &["b", "c", "d", "x", "a"]);
    }

    #[test]
    fn names_are_free() {
        let mut names = Names::beside(&table(&["a", "b", "a 2"]), &["b".to_owned()]);
        assert_eq!(["a", "b", "b"].map(|n| names.free(n.to_owned())), ["a 3", "b", "b 2"]);
    }

    #[test]
    fn deviations_of_what_does_not_vary() {
        assert_eq!(mean_and_deviation(&[]), (0.0, 1.0));
        assert_eq!(mean_and_deviation(&[0.1; 7]).1, 1.0);
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (2.0, 1.0));
        assert!(mean_and_deviation(&[LARGEST, -LARGEST]).1.is_finite());
    }
}
