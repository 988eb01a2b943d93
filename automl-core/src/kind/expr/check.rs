//! Whether the names and types of an expression are right, and what type comes of it.

use super::error::ExprError;
use super::functions::{FUNCTIONS, Takes};
use super::syntax::{Expr, Node, Op, quoted_name, quoted_text};
use crate::kind::nearest;
use crate::table::{ColumnType, Table, Values, datetime, infer, number};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What values an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Number,
    Text,
    Boolean,
    Date,
    /// Not known before there are values, or missing in every row.
    Any,
}

impl Type {
    /// As it stands in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Boolean => "yes or no",
            Self::Date => "a date",
            Self::Any => "anything",
        }
    }

    pub fn of_column(ty: ColumnType) -> Self {
        match ty {
            ColumnType::Numeric => Self::Number,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Categorical | ColumnType::Text => Self::Text,
            ColumnType::Datetime => Self::Date,
            ColumnType::Id | ColumnType::Constant => Self::Any,
        }
    }

    fn of_values(values: &Values) -> Self {
        match values {
            Values::F32(_) | Values::F64(_) => Self::Number,
            Values::Bool { .. } => Self::Boolean,
            Values::Dict { .. } | Values::Text(_) => Self::Text,
            Values::Time(_) => Self::Date,
        }
    }

    fn agrees(self, other: Self) -> bool {
        self == other || self == Self::Any || other == Self::Any
    }
}

/// Columns that an expression may name.
pub(crate) struct Names<'a>(BTreeMap<&'a str, Type>);

impl<'a> Names<'a> {
    pub(crate) fn of_schema(schema: &'a [(String, ColumnType)]) -> Self {
        Self(schema.iter().map(|(name, ty)| (name.as_str(), Type::of_column(*ty))).collect())
    }

    pub(crate) fn of_table(table: &'a Table) -> Self {
        Self(table.columns.iter().map(|c| (c.name.as_str(), Type::of_values(&c.values))).collect())
    }

    /// In order of the alphabet.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().copied()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Type> {
        self.0.get(name).copied()
    }
}

/// The type of `expr`, in which texts that stand for dates or for yes and no become such.
///
/// # Errors
/// All that is wrong, in the order of the text.
pub(crate) fn check(expr: &mut Expr, names: &Names) -> Result<Type, Vec<ExprError>> {
    let mut checker = Checker { names, errors: Vec::new() };
    let ty = checker.check(expr);
    if checker.errors.is_empty() { Ok(ty) } else { Err(checker.errors) }
}

struct Checker<'a> {
    names: &'a Names<'a>,
    errors: Vec<ExprError>,
}

impl Checker<'_> {
    fn check(&mut self, expr: &mut Expr) -> Type {
        let (from, to) = (expr.from, expr.to);
        let (op, operands) = match &mut expr.node {
            Node::Number(_) => return Type::Number,
            Node::Text(_) => return Type::Text,
            Node::Boolean(_) => return Type::Boolean,
            Node::Date(_) => return Type::Date,
            Node::Missing => return Type::Any,
            Node::Column(name) => return self.column(name, (from, to)),
            Node::Apply(op, operands) => (*op, operands),
        };
        let mut types: Vec<Type> = operands.iter_mut().map(|o| self.check(o)).collect();
        match op {
            Op::Or | Op::And | Op::Not => {
                self.want_all(operands, &types, Type::Boolean);
                Type::Boolean
            }
            Op::Equal | Op::NotEqual | Op::In => {
                if op != Op::In && operands.iter().any(|o| o.node == Node::Missing) {
                    let value = operands.iter().find(|o| o.node != Node::Missing);
                    let value = value.map_or("x".to_owned(), shown);
                    let not = if op == Op::NotEqual { "not " } else { "" };
                    self.errors.push(ExprError::new(
                        (from, to),
                        "Nothing is equal to what is missing, or different from it.",
                        format!("Write {value} is {not}missing."),
                    ));
                }
                self.unify(operands, &mut types);
                Type::Boolean
            }
            Op::Less | Op::AtMost | Op::Greater | Op::AtLeast | Op::Between => {
                if self.unify(operands, &mut types) == Type::Boolean {
                    let remedy = "Compare with = true or = false.";
                    self.errors.push(ExprError::new((from, to), "Yes and no have no order.", remedy));
                }
                Type::Boolean
            }
            Op::Like => {
                self.want_all(operands, &types, Type::Text);
                Type::Boolean
            }
            Op::IsMissing => Type::Boolean,
            Op::Add | Op::Subtract => self.sum(op, operands, &types),
            Op::Multiply | Op::Divide | Op::Remainder | Op::Power | Op::Negative => {
                self.want_all(operands, &types, Type::Number);
                Type::Number
            }
            Op::Case => self.case(operands, &types),
            Op::Call(at) => self.call(at, operands, &types),
        }
    }

    fn column(&mut self, name: &str, place: (usize, usize)) -> Type {
        if let Some(ty) = self.names.get(name) {
            return ty;
        }
        let near = nearest(name, self.names.all()).map(quoted_name);
        let remedy = match &near {
            Some(near) => format!("Did you mean column {near}?"),
            None => "Write the name of a column that comes in; texts stand in quotes.".to_owned(),
        };
        let error = ExprError::new(place, format!("There is no column \"{name}\"."), remedy);
        self.errors.push(error.or(near));
        Type::Any
    }

    fn want_all(&mut self, operands: &mut [Expr], types: &[Type], wanted: Type) {
        for (operand, &ty) in operands.iter_mut().zip(types) {
            self.want(operand, ty, wanted);
        }
    }

    fn want(&mut self, operand: &mut Expr, ty: Type, wanted: Type) -> bool {
        if ty.agrees(wanted) || become_type(operand, wanted) {
            return true;
        }
        let message = format!("{} is {}, where {} is wanted.", shown(operand), ty.title(), wanted.title());
        let (remedy, instead) = self.remedy(operand, ty, wanted);
        self.errors.push(ExprError::new((operand.from, operand.to), message, remedy).or(instead));
        false
    }

    /// Makes operands one type, and says which.
    fn unify(&mut self, operands: &mut [Expr], types: &mut [Type]) -> Type {
        let has = |ty: Type| types.contains(&ty);
        let aim = if has(Type::Date) {
            Type::Date
        } else if has(Type::Boolean) {
            Type::Boolean
        } else {
            types.iter().copied().find(|&t| t != Type::Any).unwrap_or(Type::Any)
        };
        let named = operands.iter().zip(types.iter()).find(|(_, ty)| **ty == aim).map(|(o, _)| shown(o));
        for (operand, ty) in operands.iter_mut().zip(types.iter()) {
            if ty.agrees(aim) || become_type(operand, aim) {
                continue;
            }
            let other = named.as_deref().unwrap_or("the other");
            let message = format!("{} is {}, but {other} is {}.", shown(operand), ty.title(), aim.title());
            let (remedy, instead) = self.remedy(operand, *ty, aim);
            self.errors.push(ExprError::new((operand.from, operand.to), message, remedy).or(instead));
            return Type::Any;
        }
        aim
    }

    /// Numbers add up, texts are joined, days are added to dates; dates less dates are days.
    fn sum(&mut self, op: Op, operands: &mut [Expr], types: &[Type]) -> Type {
        let [left, right] = operands else { return Type::Any };
        let &[a, b] = types else { return Type::Any };
        let adds = op == Op::Add;
        match (a, b) {
            (Type::Text, Type::Text | Type::Any) | (Type::Any, Type::Text) if adds => Type::Text,
            (Type::Date, Type::Date | Type::Text) | (Type::Text | Type::Any, Type::Date) if !adds => {
                let fits = self.want(left, a, Type::Date) & self.want(right, b, Type::Date);
                if fits { Type::Number } else { Type::Any }
            }
            (Type::Date, _) => {
                self.want(right, b, Type::Number);
                Type::Date
            }
            (_, Type::Date) if adds => {
                self.want(left, a, Type::Number);
                Type::Date
            }
            _ => {
                self.want(left, a, Type::Number);
                self.want(right, b, Type::Number);
                Type::Number
            }
        }
    }

    fn case(&mut self, operands: &mut [Expr], types: &[Type]) -> Type {
        let is_condition = |i: usize| i.is_multiple_of(2) && i + 1 < types.len();
        let mut values = Vec::new();
        for (i, operand) in operands.iter_mut().enumerate() {
            if is_condition(i) {
                self.want(operand, types[i], Type::Boolean);
            } else {
                // Taken out for a moment, as `unify` needs them side by side.
                values.push((i, std::mem::replace(operand, Expr::leaf(Node::Missing, 0, 0))));
            }
        }
        let mut value_types: Vec<Type> = values.iter().map(|(i, _)| types[*i]).collect();
        let (places, mut exprs): (Vec<usize>, Vec<Expr>) = values.into_iter().unzip();
        let ty = self.unify(&mut exprs, &mut value_types);
        for (i, expr) in places.into_iter().zip(exprs) {
            operands[i] = expr;
        }
        ty
    }

    fn call(&mut self, at: usize, operands: &mut [Expr], types: &[Type]) -> Type {
        let Some(function) = FUNCTIONS.get(at) else { return Type::Any };
        let same = function.takes.iter().any(|a| matches!(a.takes, Takes::Alike));
        if same {
            let ty = self.unify(operands, &mut types.to_vec());
            let has_order = !matches!(ty, Type::Boolean | Type::Text);
            if !has_order && matches!(function.name, "min" | "max") {
                let place = operands.first().map_or((0, 0), |o| (o.from, o.to));
                let message = format!("{} takes numbers or dates, not {}.", function.name, ty.title());
                self.errors.push(ExprError::new(place, message, format!("Write {}.", function.example)));
            }
            return function.gives.unwrap_or(ty);
        }
        for (i, (operand, &ty)) in operands.iter_mut().zip(types).enumerate() {
            if let Takes::One(wanted) = function.argument(i).takes {
                self.want(operand, ty, wanted);
            }
        }
        function.gives.unwrap_or(Type::Any)
    }

    /// What to do, and what to write at the place, if that is sure.
    fn remedy(&self, operand: &Expr, ty: Type, wanted: Type) -> (String, Option<String>) {
        if let Node::Text(text) = &operand.node
            && self.names.get(text).is_some()
        {
            let name = quoted_name(text);
            return (format!("For the column write {name} instead."), Some(name));
        }
        let shown = shown(operand);
        let call = |name: &str, why: &str| {
            let call = format!("{name}({operand})");
            (format!("Write {name}({shown}) {why}."), Some(call))
        };
        let told = |remedy: String| (remedy, None);
        match (ty, wanted, &operand.node) {
            (Type::Text, Type::Number, Node::Text(text)) => match number_of(text) {
                Some(number) if number == *text => (format!("Write {text} without quotes."), Some(number)),
                Some(number) => (format!("Write {number} instead, without quotes."), Some(number)),
                None => call("number", "if its texts are numbers"),
            },
            (Type::Text, Type::Number, _) => call("number", "if its texts are numbers"),
            (_, Type::Text, Node::Number(x)) => {
                let text = quoted_text(&number::shortest(*x));
                (format!("Write it in quotes: {text}."), Some(text))
            }
            (_, Type::Text, _) => call("text", "for it as a text"),
            (_, Type::Date, Node::Text(_)) => told("Write dates as '2024-03-31'.".to_owned()),
            (Type::Text, Type::Date, _) => call("date", "to read dates from it"),
            (_, Type::Date, _) => told("Write dates as '2024-03-31', or a column of dates.".to_owned()),
            (Type::Boolean, Type::Number, _) => call("number", "for 1 and 0"),
            (Type::Date, Type::Number, _) => {
                told(format!("Take a part of it, such as year({shown}), or subtract another date."))
            }
            (_, Type::Boolean, Node::Text(_)) => told("Compare it with true or false.".to_owned()),
            (Type::Number, Type::Boolean, _) => told(format!("Compare it, for example {shown} > 0.")),
            (_, Type::Boolean, _) => {
                told(format!("Compare it, for example {shown} = 'a', or ask {shown} is missing."))
            }
            (_, Type::Number | Type::Any, _) => {
                told("Use another column, or change its type before.".to_owned())
            }
        }
    }
}

/// A text that is a number, with a point or a comma before its decimals, as expressions write it.
fn number_of(text: &str) -> Option<String> {
    let text = text.trim();
    let is_number = |mark: u8| number::plain(text.as_bytes(), mark).is_some_and(f64::is_finite);
    if is_number(b'.') {
        return Some(text.to_owned());
    }
    is_number(b',').then(|| text.replace(',', "."))
}

/// A literal that stands for one of type `wanted` becomes it.
fn become_type(operand: &mut Expr, wanted: Type) -> bool {
    let node = match (&operand.node, wanted) {
        (Node::Text(text), Type::Date) => date_of(text).map(Node::Date),
        (Node::Text(text), Type::Boolean) => infer::truth(text.trim()).map(Node::Boolean),
        (Node::Number(x), Type::Boolean) if *x == 0.0 || *x == 1.0 => Some(Node::Boolean(*x == 1.0)),
        _ => None,
    };
    node.map(|node| operand.node = node).is_some()
}

/// The date that a text says, if it says one only.
pub(crate) fn date_of(text: &str) -> Option<i64> {
    let readings = datetime::parse(text, false)?;
    match (readings.day_first, readings.month_first) {
        (Some(a), Some(b)) => (a == b).then_some(a),
        (one, None) | (None, one) => one,
    }
}

/// An expression as it stands in a sentence.
pub(crate) fn shown(expr: &Expr) -> String {
    let text = expr.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(40).chain(['…']).collect() }
}
