//! The language of conditions and of new columns: `age > 30 and town in ('Paris', 'Rome')`.
//!
//! Values are numbers, texts, yes and no, and dates, each of which may be missing. A comparison with what is missing is
//! missing, and `and`, `or` and `not` reckon with it as SQL does: a condition holds where it is true. Texts stand in
//! single or double quotes, names of columns bare or in backquotes; a quote within is doubled. Whatever is no number,
//! such as 1 / 0, is missing. Texts that are compared with dates are read as dates.
//!
//! Evaluation sees a row alone, so new columns are the same whatever other rows there are.

mod check;
mod complete;
mod dates;
mod error;
mod eval;
mod functions;
mod habits;
mod lex;
mod listing;
mod numbers;
mod parse;
mod syntax;
mod texts;
mod vector;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use check::Type;
pub use complete::{Completion, CompletionKind, complete};
pub use error::ExprError;
pub use functions::{Argument, FUNCTIONS, Function, Takes};
pub use listing::{Listed, listed};

pub(crate) use dates::Part;

use super::{Finding, Schema, Wanted, build};
use crate::table::{Column, ColumnType, Table};
use check::Names;
use eval::Scope;
use functions::FUNCTIONS as ALL;
use std::collections::BTreeMap;
use syntax::{Expr, Node, Op};
use vector::{Texts, Vector, YES};

/// What values the expression `text` has over these columns. Quick enough to be asked at every key.
///
/// # Errors
/// All that is wrong with it.
pub fn diagnose(text: &str, schema: &Schema, wanted: Wanted) -> Result<Type, Vec<ExprError>> {
    let names = Names::of_schema(schema);
    let found = understood(text, &names, wanted).map(|(_, ty)| ty);
    found.map_err(|errors| habits::explained(text, &names, wanted, errors))
}

/// The tree of a text and what it gives; errors as parser and check tell them.
fn understood(text: &str, names: &Names, wanted: Wanted) -> Result<(Expr, Type), Vec<ExprError>> {
    let mut expr = parse::parse(text)?;
    let ty = checked(&mut expr, names, wanted)?;
    Ok((expr, ty))
}

fn checked(expr: &mut Expr, names: &Names, wanted: Wanted) -> Result<Type, Vec<ExprError>> {
    let ty = check::check(expr, names)?;
    let place = (expr.from, expr.to);
    match (wanted, ty) {
        (Wanted::Condition, Type::Boolean | Type::Any) => Ok(ty),
        (Wanted::Condition, _) => {
            let shown = check::shown(expr);
            let message = format!("This gives {}, where yes or no is wanted.", ty.title());
            let remedy = match ty {
                Type::Number => format!("Compare it, for example {shown} > 0."),
                Type::Date => format!("Compare it, for example {shown} > '2024-03-31'."),
                _ => format!("Compare it, for example {shown} = 'a'."),
            };
            Err(vec![ExprError::new(place, message, remedy)])
        }
        (Wanted::Anything, Type::Any) if expr.node == Node::Missing => {
            let remedy = "Write a value, or say of which type: number(missing), text(missing).";
            Err(vec![ExprError::new(place, "This is missing in every row.", remedy)])
        }
        (Wanted::Anything, _) => Ok(ty),
    }
}

/// Errors as findings about the parameter `param`.
fn findings(errors: &[ExprError], text: &str, param: &str) -> Vec<Finding> {
    errors.iter().map(|e| Finding::at_param(param, e.diagnostic(text)).or(e.instead.clone())).collect()
}

fn prepared(text: &str, table: &Table, wanted: Wanted) -> Result<(Expr, Type), Vec<ExprError>> {
    let names = Names::of_table(table);
    understood(text, &names, wanted).map_err(|errors| habits::explained(text, &names, wanted, errors))
}

fn values<'a>(expr: &Expr, table: &'a Table) -> Vector<'a> {
    let columns: BTreeMap<&str, &Column> = table.columns.iter().map(|c| (c.name.as_str(), c)).collect();
    eval::eval(expr, &Scope { columns, rows: table.rows })
}

/// The rows (0-based, ascending) for which the condition `text` is true.
///
/// # Errors
/// What is wrong with it, as findings about the parameter `param`.
pub(crate) fn rows_where(text: &str, table: &Table, param: &str) -> Result<Vec<u32>, Vec<Finding>> {
    let (expr, _) =
        prepared(text, table, Wanted::Condition).map_err(|errors| findings(&errors, text, param))?;
    let truths = values(&expr, table).truths().spread(table.rows);
    Ok((0..).zip(&truths).filter(|(_, truth)| **truth == YES).map(|(row, _)| row).collect())
}

/// The column `name` that the expression `text` gives. Its type follows from the expression alone: texts are text where
/// they are made of a text column, and categories otherwise.
///
/// # Errors
/// What is wrong with it, as findings about the parameter `param`.
pub(crate) fn derived(name: &str, text: &str, table: &Table, param: &str) -> Result<Column, Vec<Finding>> {
    let (expr, ty) =
        prepared(text, table, Wanted::Anything).map_err(|errors| findings(&errors, text, param))?;
    if let Node::Column(source) = &expr.node
        && let Some(source) = table.column(source)
    {
        return Ok(Column { name: name.to_owned(), ..source.clone() });
    }
    let rows = table.rows;
    let values = values(&expr, table);
    Ok(match ty {
        Type::Number => build::numbers(name, values.numbers().spread(rows)),
        Type::Boolean => {
            let truths = values.truths().spread(rows);
            let truth = |t: &u8| (*t != vector::UNKNOWN).then_some(*t == YES);
            build::truths(name, truths.iter().map(truth))
        }
        Type::Date => build::times(name, values.times().spread(rows)),
        Type::Text | Type::Any => {
            let ty = if is_prose(&expr, table) { ColumnType::Text } else { ColumnType::Categorical };
            let texts = values.texts();
            match &texts {
                Texts::Dict { codes, levels } if codes.len() == rows && ty == ColumnType::Categorical => {
                    build::categories(name, codes.to_vec(), levels)
                }
                _ => build::texts(name, ty, (0..rows).map(|row| texts.at(row))),
            }
        }
    })
}

/// Whether the texts of an expression are made of those of a text column.
fn is_prose(expr: &Expr, table: &Table) -> bool {
    match &expr.node {
        Node::Column(name) => table.column(name).is_some_and(|c| c.ty == ColumnType::Text),
        Node::Apply(Op::Case, operands) => {
            let last = operands.len().saturating_sub(1);
            let is_value = |i: usize| i % 2 == 1 || i == last;
            operands.iter().enumerate().any(|(i, o)| is_value(i) && is_prose(o, table))
        }
        Node::Apply(Op::Add, operands) => operands.iter().any(|o| is_prose(o, table)),
        Node::Apply(Op::Call(at), operands) => {
            let gives = ALL.get(*at).and_then(|f| f.gives);
            gives.is_none_or(|ty| ty == Type::Text) && operands.iter().any(|o| is_prose(o, table))
        }
        _ => false,
    }
}
