//! Columns made of columns: one below another, and names that no other bears.

use super::keys::Texts;
use crate::numeric::sort_few_by;
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, MISSING_TIME, TextValues, Values};
use std::collections::BTreeSet;

/// What values are kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    F32,
    F64,
    Time,
    Bool,
    Dict,
    Text,
}

/// Whether the column's data, not only its rows, holds no value at all: it then takes any form.
pub(super) fn is_blank(column: &Column) -> bool {
    matches!(&column.values, Values::Dict { levels, .. } if levels.is_empty())
}

fn form(columns: &[&Column]) -> Form {
    let of = |column: &&Column| match &column.values {
        Values::F32(_) => Form::F32,
        Values::F64(_) => Form::F64,
        Values::Time(_) => Form::Time,
        Values::Bool { .. } => Form::Bool,
        Values::Dict { .. } => Form::Dict,
        Values::Text(_) => Form::Text,
    };
    let mut forms = columns.iter().map(of);
    let Some(first) = forms.next() else { return Form::Dict };
    let joined = forms.fold(first, |a, b| match (a, b) {
        _ if a == b => a,
        (Form::F32 | Form::F64, Form::F32 | Form::F64) => Form::F64,
        (Form::Text, _) | (_, Form::Text) => Form::Text,
        _ => Form::Dict,
    });
    let labels = columns.iter().filter_map(|c| match &c.values {
        Values::Bool { labels, .. } => Some(labels),
        _ => None,
    });
    let mut labels = labels.collect::<Vec<_>>();
    labels.dedup();
    if joined == Form::Bool && labels.len() > 1 { Form::Dict } else { joined }
}

/// The type that the stack of these columns has, whatever rows they have.
fn stacked_type(columns: &[&Column], form: Form) -> ColumnType {
    let mut types: Vec<ColumnType> =
        columns.iter().map(|c| c.ty).filter(|&ty| ty != ColumnType::Constant).collect();
    types.dedup();
    let usual = match form {
        Form::F32 | Form::F64 => ColumnType::Numeric,
        Form::Time => ColumnType::Datetime,
        Form::Bool => ColumnType::Boolean,
        Form::Dict => ColumnType::Categorical,
        Form::Text => ColumnType::Text,
    };
    match (types.as_slice(), form) {
        (&[ColumnType::Id], _) => ColumnType::Id,
        (&[ty @ (ColumnType::Text | ColumnType::Categorical)], Form::Dict | Form::Text) => ty,
        _ => usual,
    }
}

/// Whether the columns' values become text where they are put into one column.
pub(super) fn become_text(columns: &[&Column]) -> bool {
    let columns: Vec<&Column> = columns.iter().copied().filter(|c| !is_blank(c)).collect();
    let plain = |c: &&&Column| !matches!(c.values, Values::Dict { .. } | Values::Text(_));
    matches!(form(&columns), Form::Dict | Form::Text) && columns.iter().any(|c| plain(&c))
}

/// One column below another: each part has as many rows as it says, missing ones where it has no column. Numbers stay
/// numbers, dates stay dates; where types differ, values become text as they are written.
pub(super) fn stack(name: &str, parts: &[(Option<&Column>, usize)]) -> Column {
    let all: Vec<&Column> = parts.iter().filter_map(|p| p.0).collect();
    if let ([column], [_]) = (all.as_slice(), parts) {
        return Column { name: name.to_owned(), ..(*column).clone() };
    }
    let mut columns: Vec<&Column> = all.iter().copied().filter(|c| !is_blank(c)).collect();
    if columns.is_empty() {
        columns = all;
    }
    let form = form(&columns);
    let ty = stacked_type(&columns, form);
    let values = match form {
        Form::F32 => Values::F32(numbers(parts).map(|x| x as f32).collect()),
        Form::F64 => Values::F64(numbers(parts).collect()),
        Form::Time => Values::Time(
            cells(parts)
                .map(|(c, row)| match c.map(|c| &c.values) {
                    Some(Values::Time(v)) => v.get(row).copied().unwrap_or(MISSING_TIME),
                    _ => MISSING_TIME,
                })
                .collect(),
        ),
        Form::Bool => booleans(&columns, parts),
        Form::Dict => dictionary(parts),
        Form::Text => {
            let mut out = TextValues::default();
            for (column, row) in cells(parts) {
                out.push(column.and_then(|c| c.text(row)).as_deref());
            }
            Values::Text(out)
        }
    };
    let mut spellings: Vec<(f64, String)> = Vec::new();
    if matches!(form, Form::F32 | Form::F64) {
        spellings = columns.iter().flat_map(|c| c.spellings.iter().cloned()).collect();
        sort_few_by(&mut spellings, |a, b| a.0.total_cmp(&b.0));
        spellings.dedup_by(|b, a| a.0 == b.0);
    }
    Column { name: name.to_owned(), ty, values, spellings }
}

fn cells<'a>(
    parts: &'a [(Option<&'a Column>, usize)],
) -> impl Iterator<Item = (Option<&'a Column>, usize)> + 'a {
    parts.iter().flat_map(|&(column, rows)| (0..rows).map(move |row| (column, row)))
}

fn numbers<'a>(parts: &'a [(Option<&'a Column>, usize)]) -> impl Iterator<Item = f64> + 'a {
    cells(parts).map(|(c, row)| c.and_then(|c| c.number(row)).unwrap_or(f64::NAN))
}

fn booleans(columns: &[&Column], parts: &[(Option<&Column>, usize)]) -> Values {
    let labels = columns.iter().find_map(|c| match &c.values {
        Values::Bool { labels, .. } => Some(labels.clone()),
        _ => None,
    });
    let (mut values, mut missing) = (BitMask::default(), BitMask::default());
    for (column, row) in cells(parts) {
        let value = column.and_then(|c| c.number(row));
        values.push(value == Some(1.0));
        missing.push(value.is_none());
    }
    Values::Bool { values, missing, labels: labels.unwrap_or_default() }
}

/// Levels keep the order of the parts; those that no row has stay.
fn dictionary(parts: &[(Option<&Column>, usize)]) -> Values {
    // Texts of columns that have no levels, so that the numbering can borrow them.
    let written: Vec<Option<Column>> = parts
        .iter()
        .map(|(column, _)| {
            column.filter(|c| !matches!(c.values, Values::Dict { .. } | Values::Bool { .. })).map(as_texts)
        })
        .collect();
    let mut texts = Texts::default();
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.1).sum());
    for ((column, rows), written) in parts.iter().zip(&written) {
        match written.as_ref().or(*column).map(|c| &c.values) {
            Some(Values::Dict { codes, levels }) => {
                let of: Vec<u32> = levels.iter().map(|l| texts.number(l)).collect();
                let code = |row: usize| codes.get(row).and_then(|&c| of.get(c as usize)).copied();
                out.extend((0..*rows).map(|row| code(row).unwrap_or(MISSING_CODE)));
            }
            Some(Values::Bool { values, missing, labels }) => {
                let of = [texts.number(&labels[0]), texts.number(&labels[1])];
                let code = |row: usize| {
                    let gone = missing.get(row) || row >= values.len();
                    if gone { MISSING_CODE } else { of[usize::from(values.get(row))] }
                };
                out.extend((0..*rows).map(code));
            }
            Some(Values::Text(v)) => {
                out.extend((0..*rows).map(|row| v.get(row).map_or(MISSING_CODE, |t| texts.number(t))));
            }
            _ => out.extend(std::iter::repeat_n(MISSING_CODE, *rows)),
        }
    }
    Values::Dict { codes: out, levels: texts.texts.iter().map(|&t| t.to_owned()).collect() }
}

/// The column as it is written.
fn as_texts(column: &Column) -> Column {
    let mut out = TextValues::default();
    for row in 0..column.len() {
        out.push(column.text(row).as_deref());
    }
    Column {
        name: column.name.clone(),
        ty: ColumnType::Text,
        values: Values::Text(out),
        spellings: Vec::new(),
    }
}

/// A name that is not among `used`, which takes it: `name`, else `name_2`, `name_3`…
pub(super) fn fresh(name: &str, used: &mut BTreeSet<String>) -> String {
    let base = if name.trim().is_empty() { "column" } else { name };
    let mut free = base.to_owned();
    let mut number = 2u64;
    while !used.insert(free.clone()) {
        free = format!("{base}_{number}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::testing::{shown, table};

    #[test]
    fn columns_are_put_one_below_another() {
        let check = |a: &str, b: &str, ty: ColumnType, expected: &str| {
            let (a, b) = (table(a), table(b));
            let parts = [(a.columns.first(), a.rows), (None, 1), (b.columns.first(), b.rows)];
            let column = stack("s", &parts);
            assert_eq!((column.ty, shown(&column).as_str()), (ty, expected));
            // Columns that will come out are known without rows.
            let (a, b) = (a.take(&[]), b.take(&[]));
            let parts = [(a.columns.first(), 0), (None, 0), (b.columns.first(), 0)];
            let bare = stack("s", &parts);
            assert_eq!((bare.ty, bare.len()), (ty, 0));
        };
        check("x\n1\n2\n", "x\n0.1\nNA\n", ColumnType::Numeric, "1 2 · 0.1 ·");
        check("x\na\nb\na\n", "x\nb\nc\nc\n", ColumnType::Categorical, "a b a · b c c");
        check(
            "x\n2024-01-02\n2024-01-03\n",
            "x\n2024-02-01\n2024-02-01\n2024-01-03\n",
            ColumnType::Datetime,
            "2024-01-02 2024-01-03 · 2024-02-01 2024-02-01 2024-01-03",
        );
        check("x\nyes\nno\n", "x\nno\nyes\n", ColumnType::Boolean, "yes no · no yes");
        check("x\n1\n2\n", "x\na\nb\na\n", ColumnType::Categorical, "1 2 · a b a");
        check("x\nyes\nno\n", "x\n3\n4\n", ColumnType::Categorical, "yes no · 3 4");
        check("x\n1\n2\n", "x,y\nNA,1\nNA,2\n", ColumnType::Numeric, "1 2 · · ·");
    }

    #[test]
    fn names_stay_different() {
        let mut used = BTreeSet::from(["a".to_owned(), "a_2".to_owned()]);
        let names = ["a", "b", "a", " "].map(|name| fresh(name, &mut used));
        assert_eq!(names, ["a_3", "b", "a_4", "column"]);
    }
}
