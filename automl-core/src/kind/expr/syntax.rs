//! Expressions as trees, and trees as text.

use crate::table::{datetime, number};
use std::fmt;

/// What an inner node of the tree does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Two or more operands.
    Or,
    And,
    Not,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// The value, then what it may be.
    In,
    /// The value, the lowest, the highest; both count.
    Between,
    Like,
    IsMissing,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Negative,
    /// Condition and value by turns, then the value of all other rows, if there is one.
    Case,
    /// By its place in [`super::functions::FUNCTIONS`].
    Call(usize),
}

impl Op {
    /// How it is written between two operands.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Like => "like",
            Self::Add => "+",
            Self::Subtract | Self::Negative => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
            Self::Not => "not",
            Self::In => "in",
            Self::Between => "between",
            Self::IsMissing => "is missing",
            Self::Case => "case",
            Self::Call(at) => super::functions::FUNCTIONS.get(at).map_or("", |f| f.name),
        }
    }

    /// How strongly it binds its operands.
    pub(crate) fn strength(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Not => 3,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::AtMost
            | Self::Greater
            | Self::AtLeast
            | Self::In
            | Self::Between
            | Self::Like
            | Self::IsMissing => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
            Self::Negative => 7,
            Self::Power => 8,
            Self::Case | Self::Call(_) => 9,
        }
    }
}

/// What stands at a place of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Number(f64),
    Text(String),
    Boolean(bool),
    /// Milliseconds since 1970-01-01. Never parsed: the check makes it of a text that is compared with dates.
    Date(i64),
    Missing,
    Column(String),
    Apply(Op, Vec<Expr>),
}

/// An expression and where in the text it stands, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub node: Node,
    pub from: usize,
    pub to: usize,
    /// Levels of the tree, itself included.
    pub depth: usize,
}

/// Places do not count: two expressions are equal if they say the same.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Expr {
    pub(crate) fn leaf(node: Node, from: usize, to: usize) -> Self {
        Self { node, from, to, depth: 1 }
    }

    pub(crate) fn apply(op: Op, operands: Vec<Expr>, from: usize, to: usize) -> Self {
        let depth = 1 + operands.iter().map(|o| o.depth).max().unwrap_or(0);
        Self { node: Node::Apply(op, operands), from, to, depth }
    }

    /// Names of columns, in the order of the text, as often as they stand there.
    pub(crate) fn columns<'a>(&'a self, into: &mut Vec<&'a str>) {
        match &self.node {
            Node::Column(name) => into.push(name),
            Node::Apply(_, operands) => operands.iter().for_each(|o| o.columns(into)),
            _ => {}
        }
    }

    fn strength(&self) -> u8 {
        if let Node::Apply(op, _) = &self.node { op.strength() } else { u8::MAX }
    }
}

/// Words of the language, which are no bare names of columns.
pub(crate) const WORDS: [&str; 17] = [
    "and", "or", "not", "in", "between", "like", "is", "missing", "null", "true", "false", "case", "when",
    "then", "else", "end", "contains",
];

pub(crate) fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(crate) fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// The name of a column as expressions write it: bare, or in backquotes.
pub(crate) fn quoted_name(name: &str) -> String {
    let is_bare = name.starts_with(is_name_start)
        && name.chars().all(is_name_part)
        && !WORDS.iter().any(|w| name.eq_ignore_ascii_case(w));
    if is_bare { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// A text as expressions write it.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An operand, in brackets where it binds its own operands less than `strength`.
struct Operand<'a>(&'a Expr, u8);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.strength() < self.1 { write!(f, "({})", self.0) } else { write!(f, "{}", self.0) }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, operands: &[Expr], between: &str, strength: u8) -> fmt::Result {
    for (i, operand) in operands.iter().enumerate() {
        let before = if i == 0 { "" } else { between };
        write!(f, "{before}{}", Operand(operand, strength))?;
    }
    Ok(())
}

impl fmt::Display for Expr {
    /// Text that is parsed to the same expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, operands) = match &self.node {
            Node::Number(x) => return f.write_str(&number::shortest(*x)),
            Node::Text(text) => return f.write_str(&quoted_text(text)),
            Node::Boolean(yes) => return write!(f, "{yes}"),
            Node::Date(ms) => return f.write_str(&quoted_text(&datetime::format(*ms))),
            Node::Missing => return f.write_str("missing"),
            Node::Column(name) => return f.write_str(&quoted_name(name)),
            Node::Apply(op, operands) => (*op, operands.as_slice()),
        };
        let strength = op.strength();
        match (op, operands) {
            (Op::And | Op::Or, _) => listed(f, operands, &format!(" {} ", op.sign()), strength + 1),
            (Op::Not, [a]) => write!(f, "not {}", Operand(a, strength)),
            (Op::Negative, [a]) => write!(f, "-{}", Operand(a, strength)),
            (Op::IsMissing, [a]) => write!(f, "{} is missing", Operand(a, strength + 1)),
            (Op::In, [a, among @ ..]) => {
                write!(f, "{} in (", Operand(a, strength + 1))?;
                listed(f, among, ", ", 0)?;
                f.write_str(")")
            }
            (Op::Between, [a, low, high]) => {
                let [a, low, high] = [a, low, high].map(|x| Operand(x, strength + 1));
                write!(f, "{a} between {low} and {high}")
            }
            // The power binds from the right, and takes a sign behind it.
            (Op::Power, [a, b]) => write!(f, "{} ^ {}", Operand(a, strength + 1), Operand(b, strength - 1)),
            (Op::Call(_), _) => {
                write!(f, "{}(", op.sign())?;
                listed(f, operands, ", ", 0)?;
                f.write_str(")")
            }
            (Op::Case, [condition, value, otherwise]) => write!(f, "if({condition}, {value}, {otherwise})"),
            (Op::Case, _) => {
                f.write_str("case")?;
                let (pairs, otherwise) = operands.as_chunks::<2>();
                for [condition, value] in pairs {
                    write!(f, " when {condition} then {value}")?;
                }
                if let Some(otherwise) = otherwise.first() {
                    write!(f, " else {otherwise}")?;
                }
                f.write_str(" end")
            }
            (_, [a, b]) => {
                // Comparisons do not follow each other; what adds and multiplies binds from the left.
                let left = if strength == 4 { strength + 1 } else { strength };
                write!(f, "{} {} {}", Operand(a, left), op.sign(), Operand(b, strength + 1))
            }
            _ => f.write_str("missing"),
        }
    }
}
