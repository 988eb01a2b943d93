//! The columns by which rows of two tables find each other.

use crate::kind::Finding;
use crate::kind::keys::{Family, family, matched};
use crate::kind::{Given, wanted};
use crate::table::{Column, ColumnType, Table, Values};
use std::borrow::Cow;

/// A pair of key columns, as they are.
pub(super) struct Pair<'a> {
    pub left: &'a Column,
    pub right: &'a Column,
}

/// The pairs of a node's parameter `keys`.
///
/// # Errors
/// A column that is not there, no pair, or a pair that cannot be compared.
pub(super) fn pairs<'a>(
    given: &Given<'_>,
    left: &'a Table,
    right: &'a Table,
) -> Result<Vec<Pair<'a>>, Vec<Finding>> {
    let mut out = Vec::new();
    for (at, key) in given.list("keys").iter().enumerate() {
        let left = wanted::column(left, &key.text("left"), &format!("keys.{at}.left"))?;
        let right = wanted::column(right, &key.text("right"), &format!("keys.{at}.right"))?;
        let pair = Pair { left, right };
        if is_date_and_number(&pair) {
            let message = format!(
                "\"{}\" is {} and \"{}\" is {}: no value of one can equal one of the other.",
                left.name,
                left.ty.name(),
                right.name,
                right.ty.name()
            );
            let remedy = "Choose other keys, or change the type of one of them before.";
            return Err(wanted::error(&format!("keys.{at}"), "join.key_types", message, remedy));
        }
        out.push(pair);
    }
    if out.is_empty() {
        return Err(wanted::error(
            "keys",
            "param.missing",
            "No keys are set.",
            "Choose the columns whose values must be equal on both sides.",
        ));
    }
    Ok(out)
}

fn is_date_and_number(pair: &Pair) -> bool {
    let families = [family(pair.left), family(pair.right)];
    families.contains(&Family::Times) && families.contains(&Family::Numbers)
}

/// A column as one of the family. What cannot be read as such is missing and so finds no partner.
fn as_family(column: &Column, wanted: Family) -> Cow<'_, Column> {
    if family(column) == wanted {
        return Cow::Borrowed(column);
    }
    let ty = match wanted {
        Family::Numbers => ColumnType::Numeric,
        Family::Times => ColumnType::Datetime,
        Family::Words => ColumnType::Categorical,
    };
    // A dictionary is read once a level.
    if let Values::Dict { codes, levels } = &column.values {
        let all: Vec<u32> = (0..levels.len() as u32).collect();
        let values = Values::Dict { codes: all, levels: levels.clone() };
        let levels = Column { name: String::new(), ty: column.ty, values, spellings: Vec::new() };
        return Cow::Owned(levels.retyped(ty).0.take(codes));
    }
    Cow::Owned(column.retyped(ty).0)
}

/// A number a row of each table, equal where all keys are: numbers by value, dates by time, everything else as it is
/// written; texts beside numbers or dates are read as such. See [`matched`].
pub(super) fn numbered(pairs: &[Pair], rows: [usize; 2]) -> ([Vec<u32>; 2], usize) {
    let alike: Vec<(Cow<'_, Column>, Cow<'_, Column>)> = pairs
        .iter()
        .map(|pair| {
            let families = [family(pair.left), family(pair.right)];
            let common = if families.contains(&Family::Numbers) {
                Family::Numbers
            } else if families.contains(&Family::Times) {
                Family::Times
            } else {
                Family::Words
            };
            (as_family(pair.left, common), as_family(pair.right, common))
        })
        .collect();
    let borrowed: Vec<(&Column, &Column)> = alike.iter().map(|(l, r)| (l.as_ref(), r.as_ref())).collect();
    matched(&borrowed, rows)
}
