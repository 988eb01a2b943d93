//! What may be written at a place of an expression that need not be whole.

use super::check::{Names, Type};
use super::functions::{self, FUNCTIONS, Takes};
use super::lex::{Placed, Token, lex};
use super::parse::LONGEST;
use super::syntax::{WORDS, is_name_part, quoted_name};
use crate::kind::{Schema, Wanted};
use crate::numeric::sort_few_by_key;
use serde::{Deserialize, Serialize};

/// Columns that are offered at once, and of everything.
const MOST_COLUMNS: usize = 60;
const MOST: usize = 120;

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompletionKind {
    Column,
    Function,
    Operator,
    Value,
}

/// Something that may be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Goes in place of `replaces`; the cursor stands behind it then.
    pub insert: String,
    /// Bytes of the text, from and to.
    pub replaces: (usize, usize),
    pub kind: CompletionKind,
    /// A few words: the type of a column, how a function is called.
    pub detail: String,
    /// One or two sentences; empty where there is nothing more to say.
    pub help: String,
}

/// What may stand at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A value of this type; [`Type::Boolean`] also begins with values of any other.
    Operand(Type),
    /// Behind a value of this type.
    Operator(Type),
    /// Behind `is`.
    Missing,
    /// Nothing that can be guessed: within a text or a number.
    Free,
}

/// An operator: how it is written, what it may stand behind, what it does, an expression without columns, and what that
/// gives.
pub(crate) struct Operator {
    pub sign: &'static str,
    behind: &'static [Type],
    pub help: &'static str,
    pub example: &'static str,
    pub shows: &'static str,
}

const fn operator(
    sign: &'static str,
    behind: &'static [Type],
    help: &'static str,
    example: &'static str,
    shows: &'static str,
) -> Operator {
    Operator { sign, behind, help, example, shows }
}

const EVERY: &[Type] = &[Type::Number, Type::Text, Type::Date, Type::Boolean];
const ORDERED: &[Type] = &[Type::Number, Type::Date];
const NUMBER: &[Type] = &[Type::Number];

#[rustfmt::skip]
pub(crate) static OPERATORS: [Operator; 20] = [
    operator("=", EVERY, "Equal to.", "'a' = 'b'", "false"),
    operator("!=", EVERY, "Not equal to.", "1 != 2", "true"),
    operator("<", ORDERED, "Less than; of dates, before.", "date('2024-01-31') < '2024-02-01'", "true"),
    operator("<=", ORDERED, "At most.", "3 <= 3", "true"),
    operator(">", ORDERED, "Greater than; of dates, after.", "3 > 3", "false"),
    operator(">=", ORDERED, "At least.", "3 >= 3", "true"),
    operator("between", ORDERED, "Within two limits, which count too: between 1 and 5.", "5 between 1 and 5", "true"),
    operator("in (", &[Type::Number, Type::Text, Type::Date], "One of several: in ('a', 'b').", "'c' in ('a', 'b')", "false"),
    operator("contains", &[Type::Text], "Has this part.", "'Main Street' contains 'Str'", "true"),
    operator("like", &[Type::Text], "As a pattern: % stands for any characters, _ for one.", "'Paris' like 'P%s'", "true"),
    operator("+", &[Type::Number, Type::Text, Type::Date], "Plus; joins texts; adds days to dates.", "'a' + 'b'", "ab"),
    operator("-", ORDERED, "Minus; of two dates, the days between.", "date('2024-03-01') - '2024-02-28'", "2"),
    operator("*", NUMBER, "Times.", "2 * 3", "6"),
    operator("/", NUMBER, "Divided by.", "7 / 2", "3.5"),
    operator("%", NUMBER, "Remainder.", "7 % 2", "1"),
    operator("^", NUMBER, "To the power.", "2 ^ 3", "8"),
    operator("and", &[Type::Boolean], "Both are true.", "1 < 2 and 2 < 1", "false"),
    operator("or", &[Type::Boolean], "At least one is true.", "1 < 2 or 2 < 1", "true"),
    operator("is missing", EVERY, "True where there is no value.", "'a' is missing", "false"),
    operator("is not missing", EVERY, "True where there is a value.", "'a' is not missing", "true"),
];

/// What may be written at byte `cursor` of `text`, best first. `wanted`: what the whole is to give.
pub fn complete(text: &str, cursor: usize, schema: &Schema, wanted: Wanted) -> Vec<Completion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    if text.len() > LONGEST {
        return Vec::new();
    }
    let (mut tokens, _) = lex(&text[..cursor]);
    let names = Names::of_schema(schema);
    // The word that is being written, if there is one.
    let mut typed = String::new();
    let mut replaces = (cursor, cursor);
    if let Some(last) = tokens.last().filter(|t| t.to == cursor) {
        let rest = &text[cursor..];
        let tail = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
        match &last.token {
            Token::Word(word) => {
                typed.clone_from(word);
                replaces = (last.from, cursor + tail);
                tokens.pop();
            }
            Token::Name(name) if last.is_open => {
                typed.clone_from(name);
                let closed = usize::from(rest[tail..].starts_with('`'));
                replaces = (last.from, if closed == 1 { cursor + tail + 1 } else { cursor });
                tokens.pop();
            }
            Token::Text(_) | Token::Number(_) if last.is_open || matches!(last.token, Token::Number(_)) => {
                return Vec::new();
            }
            _ => {}
        }
    }
    let found = match place(&tokens, &names, wanted) {
        Place::Operand(ty) => operands(schema, ty),
        Place::Operator(ty) => operators(ty, &tokens),
        Place::Missing => vec![
            offer("missing", CompletionKind::Operator, "", "True where there is no value."),
            offer("not missing", CompletionKind::Operator, "", "True where there is a value."),
        ],
        Place::Free => Vec::new(),
    };
    ranked(found, &typed, replaces)
}

fn offer(insert: &str, kind: CompletionKind, detail: &str, help: &str) -> Completion {
    Completion {
        insert: insert.to_owned(),
        replaces: (0, 0),
        kind,
        detail: detail.to_owned(),
        help: help.to_owned(),
    }
}

/// What fits what is typed, those that begin so before those of which a word begins so, before those that have it.
fn ranked(found: Vec<Completion>, typed: &str, replaces: (usize, usize)) -> Vec<Completion> {
    let typed = typed.to_lowercase();
    let rank = |insert: &str| -> Option<u8> {
        let name = insert.trim_matches('`').to_lowercase();
        let at = name.find(&typed)?;
        let begins_a_word = |at: usize| !name[..at].ends_with(char::is_alphanumeric);
        Some(if at == 0 {
            0
        } else if name.match_indices(&typed).any(|(at, _)| begins_a_word(at)) {
            1
        } else {
            2
        })
    };
    let mut all: Vec<(u8, Completion)> =
        found.into_iter().filter_map(|c| Some((rank(&c.insert)?, Completion { replaces, ..c }))).collect();
    sort_few_by_key(&mut all, |(rank, _)| *rank);
    let mut columns = 0;
    all.retain(|(_, c)| {
        columns += usize::from(c.kind == CompletionKind::Column);
        c.kind != CompletionKind::Column || columns <= MOST_COLUMNS
    });
    all.truncate(MOST);
    all.into_iter().map(|(_, c)| c).collect()
}

fn operands(schema: &Schema, wanted: Type) -> Vec<Completion> {
    // A condition may begin with anything.
    let fits = |ty: Type| matches!(wanted, Type::Any | Type::Boolean) || ty == wanted || ty == Type::Any;
    let column = |(name, ty): &(String, crate::table::ColumnType)| {
        fits(Type::of_column(*ty)).then(|| offer(&quoted_name(name), CompletionKind::Column, ty.name(), ""))
    };
    let mut found: Vec<Completion> = schema.iter().filter_map(column).collect();
    if wanted == Type::Boolean {
        found.push(offer(
            "not",
            CompletionKind::Operator,
            "not condition",
            "True where the condition is false.",
        ));
        found.push(offer("true", CompletionKind::Value, Type::Boolean.title(), ""));
        found.push(offer("false", CompletionKind::Value, Type::Boolean.title(), ""));
    }
    for f in FUNCTIONS.iter().filter(|f| f.gives.is_none_or(fits)) {
        found.push(offer(&format!("{}(", f.name), CompletionKind::Function, &f.usage(), f.help));
    }
    found.push(offer(
        "case when",
        CompletionKind::Operator,
        "case when condition then value else value end",
        "The value of the first condition that is true.",
    ));
    found
}

fn operators(left: Type, tokens: &[Placed]) -> Vec<Completion> {
    let is =
        |token: &Placed, word: &str| matches!(&token.token, Token::Word(w) if w.eq_ignore_ascii_case(word));
    let mut found = Vec::new();
    for operator in &OPERATORS {
        // Behind a comparison a condition may go on, whatever its right side is.
        let joins = matches!(operator.sign, "and" | "or");
        if left == Type::Any || joins || operator.behind.contains(&left) {
            found.push(offer(operator.sign, CompletionKind::Operator, "", operator.help));
        }
    }
    let opened = tokens.iter().filter(|t| is(t, "case")).count();
    if opened > tokens.iter().filter(|t| is(t, "end")).count() {
        for word in ["then", "when", "else", "end"] {
            found.push(offer(
                word,
                CompletionKind::Operator,
                "case when condition then value else value end",
                "",
            ));
        }
    }
    found
}

/// What may stand behind these tokens.
fn place(tokens: &[Placed], names: &Names, wanted: Wanted) -> Place {
    let Some(last) = tokens.last() else {
        return Place::Operand(if wanted == Wanted::Condition { Type::Boolean } else { Type::Any });
    };
    let before = &tokens[..tokens.len() - 1];
    let left = || type_at_end(before, names);
    match &last.token {
        Token::Number(_) | Token::Text(_) | Token::Name(_) | Token::Sign(")") => {
            Place::Operator(type_at_end(tokens, names))
        }
        Token::Sign("(" | ",") => Place::Operand(argument(tokens, names, wanted)),
        Token::Sign("+" | "-") => Place::Operand(match left() {
            Type::Text => Type::Text,
            Type::Date | Type::Any => Type::Any,
            Type::Number | Type::Boolean => Type::Number,
        }),
        Token::Sign("*" | "/" | "%" | "^") => Place::Operand(Type::Number),
        Token::Sign(_) => Place::Operand(left()),
        Token::Word(word) => match word.to_ascii_lowercase().as_str() {
            "and" | "or" | "not" | "when" => Place::Operand(Type::Boolean),
            "then" | "else" => Place::Operand(Type::Any),
            "like" | "contains" => Place::Operand(Type::Text),
            "between" => Place::Operand(left()),
            "is" => Place::Missing,
            "in" | "case" => Place::Free,
            _ => Place::Operator(type_at_end(tokens, names)),
        },
    }
}

/// The bracket that closes last in `tokens`, as the place of its opening one.
fn opening(tokens: &[Placed]) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().rev() {
        match token.token {
            Token::Sign(")") => depth += 1,
            Token::Sign("(") => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The type of the value that ends the tokens, as far as it is seen at a glance.
fn type_at_end(tokens: &[Placed], names: &Names) -> Type {
    match tokens.last().map(|t| &t.token) {
        Some(Token::Number(_)) => Type::Number,
        Some(Token::Text(_)) => Type::Text,
        Some(Token::Name(name)) => names.get(name).unwrap_or(Type::Any),
        Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
            "true" | "false" => Type::Boolean,
            lower if WORDS.contains(&lower) => Type::Any,
            _ => names.get(word).unwrap_or(Type::Any),
        },
        Some(Token::Sign(")")) => {
            let function = opening(tokens).and_then(|at| called(tokens, at));
            function.and_then(|at| FUNCTIONS[at].gives).unwrap_or(Type::Any)
        }
        _ => Type::Any,
    }
}

/// The function whose opening bracket stands at `at`.
fn called(tokens: &[Placed], at: usize) -> Option<usize> {
    match &tokens.get(at.checked_sub(1)?)?.token {
        Token::Word(word) => functions::place(word),
        _ => None,
    }
}

/// What is wanted in the bracket that is open at the end of the tokens.
fn argument(tokens: &[Placed], names: &Names, wanted: Wanted) -> Type {
    let (mut depth, mut place) = (0usize, 0);
    for (at, token) in tokens.iter().enumerate().rev() {
        match token.token {
            Token::Sign(")") => depth += 1,
            Token::Sign("(") if depth > 0 => depth -= 1,
            Token::Sign(",") if depth == 0 => place += 1,
            Token::Sign("(") => {
                if let Some(function) = called(tokens, at) {
                    return match FUNCTIONS[function].argument(place).takes {
                        Takes::One(ty) => ty,
                        Takes::Alike => Type::Any,
                    };
                }
                let before = &tokens[..at];
                let is_in = matches!(before.last().map(|t| &t.token), Some(Token::Word(w)) if w.eq_ignore_ascii_case("in"));
                if is_in {
                    return type_at_end(&before[..before.len() - 1], names);
                }
                return if wanted == Wanted::Condition { Type::Boolean } else { Type::Any };
            }
            _ => {}
        }
    }
    Type::Any
}
