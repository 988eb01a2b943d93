//! Values of a checked expression, column by column.
//!
//! What reads one categorical column and nothing else is worked out once a level, not once a row.

use super::functions::FUNCTIONS;
use super::syntax::{Expr, Node, Op};
use super::vector::{Cell, Lane, NO, Texts, UNKNOWN, Vector, YES, length};
use super::{dates, numbers, texts};
use crate::numeric::math;
use crate::table::{Column, ColumnType, Values};
use std::collections::BTreeMap;

/// A dictionary with fewer rows a level than this is read row by row.
const ROWS_A_LEVEL: usize = 2;

/// Columns by name, each with `rows` values.
pub(crate) struct Scope<'a> {
    pub columns: BTreeMap<&'a str, &'a Column>,
    pub rows: usize,
}

/// One value a row, or one for all rows. The expression must have passed `check` against these columns; what has not
/// gives missing values.
pub(crate) fn eval<'a>(expr: &Expr, scope: &Scope<'a>) -> Vector<'a> {
    match &expr.node {
        Node::Number(x) => Vector::Numbers(Lane::one(*x)),
        Node::Text(text) => Vector::Texts(Texts::one(Some(text))),
        Node::Boolean(yes) => Vector::Truths(Lane::one(u8::from(*yes))),
        Node::Date(ms) => Vector::Times(Lane::one(*ms)),
        Node::Missing => Vector::Missing,
        Node::Column(name) => {
            scope.columns.get(name.as_str()).map_or(Vector::Missing, |c| Vector::of_column(c))
        }
        Node::Apply(op, operands) => by_level(expr, scope).unwrap_or_else(|| {
            let operands: Vec<Vector> = operands.iter().map(|o| eval(o, scope)).collect();
            apply(*op, &operands, scope.rows)
        }),
    }
}

/// The values by way of the levels of the only column that is read, if that is a short way.
fn by_level(expr: &Expr, scope: &Scope) -> Option<Vector<'static>> {
    let mut names = Vec::new();
    expr.columns(&mut names);
    let name = *names.first()?;
    if names.iter().any(|n| *n != name) {
        return None;
    }
    let Values::Dict { codes, levels } = &scope.columns.get(name)?.values else { return None };
    if (levels.len() + 1) * ROWS_A_LEVEL > scope.rows {
        return None;
    }
    // A row for each level, and one for what is missing.
    let each_level = Values::Dict { codes: (0..=levels.len() as u32).collect(), levels: levels.clone() };
    let column = Column {
        name: name.to_owned(),
        ty: ColumnType::Categorical,
        values: each_level,
        spellings: Vec::new(),
    };
    let levels_scope = Scope { columns: BTreeMap::from([(name, &column)]), rows: levels.len() + 1 };
    Some(eval(expr, &levels_scope).by_codes(codes, levels.len()))
}

fn apply(op: Op, args: &[Vector], rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    match op {
        Op::Or => fold_truths(args, rows, or),
        Op::And => fold_truths(args, rows, and),
        Op::Not => {
            let a = args.first().map_or(Lane::one(UNKNOWN), Vector::truths);
            truths(args, |i| not(a.at(i)), rows)
        }
        Op::Equal | Op::NotEqual | Op::Less | Op::AtMost | Op::Greater | Op::AtLeast => match args {
            [a, b] => compare(a, b, rows, |order| holds(op, order)),
            _ => Vector::Missing,
        },
        Op::In => is_in(args, rows),
        Op::Between => match args {
            [a, low, high] => {
                let above = compare(a, low, rows, |order| holds(Op::AtLeast, order));
                let below = compare(a, high, rows, |order| holds(Op::AtMost, order));
                fold_truths(&[above, below], rows, and)
            }
            _ => Vector::Missing,
        },
        Op::Like => texts::like(args, rows),
        Op::IsMissing => {
            let length = length(&all, rows);
            let is_missing = |i| u8::from(args.first().is_none_or(|a| a.is_missing(i)));
            Vector::Truths(Lane::all((0..length).map(is_missing).collect()))
        }
        Op::Add | Op::Subtract => sum(op, args, rows),
        Op::Multiply => numbers::pairs(args, rows, |a, b| a * b),
        Op::Divide => numbers::pairs(args, rows, |a, b| a / b),
        Op::Remainder => numbers::pairs(args, rows, numbers::remainder),
        Op::Power => numbers::pairs(args, rows, power),
        Op::Negative => numbers::negative(args),
        Op::Case => case(args, rows),
        Op::Call(at) => FUNCTIONS.get(at).map_or(Vector::Missing, |f| (f.run)(args, rows)),
    }
}

/// Missing to the power 0, and 1 to a missing power, are missing here too.
fn power(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { math::pow(a, b) }
}

fn sum(op: Op, args: &[Vector], rows: usize) -> Vector<'static> {
    match (op, args) {
        (Op::Add, [Vector::Texts(_), _] | [_, Vector::Texts(_)]) => texts::concat(args, rows),
        (Op::Add, [date @ Vector::Times(_), days] | [days, date @ Vector::Times(_)]) => {
            dates::shifted(date, days, 1.0, rows)
        }
        (Op::Subtract, [to, from @ Vector::Times(_)]) => {
            let args = [from.clone(), to.clone()];
            dates::days_between(&args, rows)
        }
        (Op::Subtract, [date @ Vector::Times(_), days]) => dates::shifted(date, days, -1.0, rows),
        (Op::Subtract, _) => numbers::pairs(args, rows, |a, b| a - b),
        _ => numbers::pairs(args, rows, |a, b| a + b),
    }
}

fn truths(args: &[Vector], f: impl Fn(usize) -> u8, rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    Vector::Truths(Lane::all((0..length(&all, rows)).map(f).collect()))
}

fn not(a: u8) -> u8 {
    match a {
        YES => NO,
        NO => YES,
        _ => UNKNOWN,
    }
}

fn and(a: u8, b: u8) -> u8 {
    match (a, b) {
        (NO, _) | (_, NO) => NO,
        (YES, YES) => YES,
        _ => UNKNOWN,
    }
}

fn or(a: u8, b: u8) -> u8 {
    not(and(not(a), not(b)))
}

fn fold_truths(args: &[Vector], rows: usize, f: impl Fn(u8, u8) -> u8) -> Vector<'static> {
    let lanes: Vec<Lane<u8>> = args.iter().map(Vector::truths).collect();
    truths(args, |i| lanes.iter().map(|l| l.at(i)).reduce(&f).unwrap_or(UNKNOWN), rows)
}

fn holds(op: Op, order: std::cmp::Ordering) -> bool {
    match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::AtMost => order.is_le(),
        Op::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// Truth by row of a comparison; texts are in the order of their characters' code points.
fn compare(a: &Vector, b: &Vector, rows: usize, f: impl Fn(std::cmp::Ordering) -> bool) -> Vector<'static> {
    fn lanes<T: Cell + PartialOrd>(
        (a, b): (Lane<T>, Lane<T>),
        length: usize,
        f: impl Fn(std::cmp::Ordering) -> bool,
    ) -> Vector<'static> {
        let at = |i| {
            let (a, b) = (a.at(i), b.at(i));
            match a.partial_cmp(&b) {
                Some(order) if !a.is_missing() && !b.is_missing() => u8::from(f(order)),
                _ => UNKNOWN,
            }
        };
        Vector::Truths(Lane::all((0..length).map(at).collect()))
    }
    let length = length(&[a, b], rows);
    match (a, b) {
        (Vector::Numbers(_), Vector::Numbers(_)) => lanes((a.numbers(), b.numbers()), length, f),
        (Vector::Truths(_), Vector::Truths(_)) => lanes((a.truths(), b.truths()), length, f),
        (Vector::Times(_), Vector::Times(_)) => lanes((a.times(), b.times()), length, f),
        (Vector::Texts(_), Vector::Texts(_)) => {
            let (a, b) = (a.texts(), b.texts());
            let at = |i| match (a.at(i), b.at(i)) {
                (Some(a), Some(b)) => u8::from(f(a.cmp(b))),
                _ => UNKNOWN,
            };
            Vector::Truths(Lane::all((0..length).map(at).collect()))
        }
        _ => Vector::Truths(Lane::all(vec![UNKNOWN; length])),
    }
}

/// Whether the first is one of the others. What all rows are compared with is looked up in a sorted list.
fn is_in(args: &[Vector], rows: usize) -> Vector<'static> {
    let Some((value, among)) = args.split_first() else { return Vector::Missing };
    let (fixed, varying): (Vec<&Vector>, Vec<&Vector>) =
        among.iter().partition(|v| v.len() == 1 && rows != 1);
    let mut found: Vec<Vector> =
        varying.iter().map(|v| compare(value, v, rows, std::cmp::Ordering::is_eq)).collect();
    if fixed.iter().any(|v| v.is_missing(0)) {
        found.push(Vector::Truths(Lane::one(UNKNOWN)));
    }
    if !fixed.is_empty() {
        found.push(is_in_fixed(value, &fixed));
    }
    fold_truths(&found, rows, or)
}

fn is_in_fixed(value: &Vector, fixed: &[&Vector]) -> Vector<'static> {
    fn sorted<T: Cell + PartialOrd>(lanes: impl Iterator<Item = T>) -> Vec<T> {
        let mut all: Vec<T> = lanes.filter(|x| !x.is_missing()).collect();
        all.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        all
    }
    fn lane<T: Cell + PartialOrd>(values: &Lane<T>, all: &[T]) -> Vec<u8> {
        let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
        let at = |i| match values.at(i) {
            x if x.is_missing() => UNKNOWN,
            x => u8::from(all.binary_search_by(|a| order(a, &x)).is_ok()),
        };
        (0..values.len()).map(at).collect()
    }
    let truths = match value {
        Vector::Missing => vec![UNKNOWN],
        Vector::Numbers(v) => lane(v, &sorted(fixed.iter().map(|f| f.numbers().at(0)))),
        Vector::Truths(v) => lane(v, &sorted(fixed.iter().map(|f| f.truths().at(0)))),
        Vector::Times(v) => lane(v, &sorted(fixed.iter().map(|f| f.times().at(0)))),
        Vector::Texts(v) => {
            let mut all: Vec<String> =
                fixed.iter().filter_map(|f| f.texts().at(0).map(str::to_owned)).collect();
            all.sort_unstable();
            let is_found = |text: &str| all.binary_search_by(|a| a.as_str().cmp(text)).is_ok();
            (0..v.len()).map(|i| v.at(i).map_or(UNKNOWN, |text| u8::from(is_found(text)))).collect()
        }
    };
    Vector::Truths(Lane::all(truths))
}

/// Conditions and values by turns, and the value of all other rows.
fn case(args: &[Vector], rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    let length = length(&all, rows);
    let (pairs, otherwise) = args.as_chunks::<2>();
    let conditions: Vec<Lane<u8>> = pairs.iter().map(|[condition, _]| condition.truths()).collect();
    let mut values: Vec<&Vector> = pairs.iter().map(|[_, value]| value).collect();
    values.extend(otherwise);
    let first = |i| conditions.iter().position(|c| c.at(i) == YES).unwrap_or(conditions.len());
    let chosen: Vec<usize> = (0..length).map(first).collect();
    numbers::choose(&values, &chosen)
}
