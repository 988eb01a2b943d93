//! From tokens to a tree: precedence climbing (Pratt, "Top down operator precedence", 1973).
//!
//! The depth of the tree is limited, so that nothing that walks it can run out of stack.

use super::error::ExprError;
use super::functions::{self, FUNCTIONS};
use super::lex::{Placed, Token, lex};
use super::syntax::{Expr, Node, Op, WORDS};

/// Brackets and the like within each other.
const MOST_NESTED: usize = 48;
/// Levels of a tree.
const MOST_DEPTH: usize = 128;
/// Bytes of an expression.
pub(crate) const LONGEST: usize = 100_000;

type Parsed = Result<Expr, ExprError>;

/// The tree of an expression. Whether its names and types are right is for `check`.
///
/// # Errors
/// What is not well formed.
pub(crate) fn parse(text: &str) -> Result<Expr, Vec<ExprError>> {
    if text.len() > LONGEST {
        let message = format!("The expression is longer than {LONGEST} bytes.");
        return Err(vec![ExprError::new(
            (0, text.len()),
            message,
            "Shorten it, or make several columns of it.",
        )]);
    }
    let (tokens, errors) = lex(text);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut parser = Parser { tokens, at: 0, end: text.trim_end().len(), nested: 0 };
    let parsed = parser.expression(0).and_then(|expr| match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected("Put an operator before it, such as + or and, or remove it.")),
    });
    parsed.map_err(|error| vec![error])
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    end: usize,
    nested: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|t| &t.token)
    }

    /// Where the next token stands.
    fn place(&self) -> (usize, usize) {
        self.tokens.get(self.at).map_or((self.end, self.end), |t| (t.from, t.to))
    }

    /// Where the last token ends.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.to)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        let token = self.tokens.get(self.at + ahead).map(|t| &t.token);
        matches!(token, Some(Token::Word(w)) if w.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, remedy: &str) -> ExprError {
        let message = match self.peek() {
            None => "The expression ends too early.".to_owned(),
            Some(Token::Sign(sign)) => format!("{sign} is not expected here."),
            Some(Token::Word(word)) => format!("{word} is not expected here."),
            Some(Token::Name(name)) => format!("`{name}` is not expected here."),
            Some(Token::Number(_)) => "A number is not expected here.".to_owned(),
            Some(Token::Text(_)) => "A text is not expected here.".to_owned(),
        };
        ExprError::new(self.place(), message, remedy)
    }

    fn expect_sign(&mut self, sign: &str, remedy: &str) -> Result<(), ExprError> {
        if self.eat_sign(sign) { Ok(()) } else { Err(self.unexpected(remedy)) }
    }

    fn expect_word(&mut self, word: &str, remedy: &str) -> Result<(), ExprError> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(remedy)) }
    }

    /// A node from `from` to the last token.
    fn apply(&self, op: Op, operands: Vec<Expr>, from: usize) -> Parsed {
        let expr = Expr::apply(op, operands, from, self.last_end());
        if expr.depth > MOST_DEPTH {
            return Err(too_deep((from, expr.to)));
        }
        Ok(expr)
    }

    /// An expression whose operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Parsed {
        if self.nested >= MOST_NESTED {
            return Err(too_deep(self.place()));
        }
        self.nested += 1;
        let parsed = self.prefix().and_then(|left| self.operators(left, least));
        self.nested -= 1;
        parsed
    }

    /// The operators behind `left`, with what stands behind them.
    fn operators(&mut self, mut left: Expr, least: u8) -> Parsed {
        // Operands of `and` and `or` that follow each other are one node's.
        let mut chain: Option<Op> = None;
        let mut compared = false;
        while let Some(op) = self.next_operator() {
            // `not in` and `contains` bind as comparisons do.
            let strength = match op {
                Op::Not | Op::Call(_) => Op::Equal.strength(),
                _ => op.strength(),
            };
            if strength < least {
                break;
            }
            let comparison = strength == Op::Equal.strength();
            if comparison && compared {
                return Err(self.unexpected("Join comparisons with and, or put one of them in brackets."));
            }
            compared = comparison;
            let from = left.from;
            left = match op {
                Op::And | Op::Or => {
                    self.at += 1;
                    let right = self.expression(strength + 1)?;
                    match (chain == Some(op), left.node) {
                        (true, Node::Apply(_, mut operands)) => {
                            operands.push(right);
                            self.apply(op, operands, from)?
                        }
                        (_, node) => self.apply(op, vec![Expr { node, ..left }, right], from)?,
                    }
                }
                Op::Not => self.negated(left)?,
                Op::In | Op::Between | Op::Like | Op::IsMissing | Op::Call(_) => self.worded(op, left)?,
                Op::Power => {
                    self.at += 1;
                    // Binds from the right, and takes a sign behind it.
                    let right = self.expression(strength - 1)?;
                    self.apply(op, vec![left, right], from)?
                }
                _ => {
                    self.at += 1;
                    let right = self.expression(strength + 1)?;
                    self.apply(op, vec![left, right], from)?
                }
            };
            chain = Some(op);
        }
        Ok(left)
    }

    /// The operator that stands next. `Not`: one of `not in`, `not between`, `not like`, `not contains`.
    fn next_operator(&self) -> Option<Op> {
        Some(match self.peek()? {
            Token::Sign(sign) => match *sign {
                "+" => Op::Add,
                "-" => Op::Subtract,
                "*" => Op::Multiply,
                "/" => Op::Divide,
                "%" => Op::Remainder,
                "^" => Op::Power,
                "=" => Op::Equal,
                "!=" => Op::NotEqual,
                "<" => Op::Less,
                "<=" => Op::AtMost,
                ">" => Op::Greater,
                ">=" => Op::AtLeast,
                _ => return None,
            },
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "and" => Op::And,
                "or" => Op::Or,
                "in" => Op::In,
                "between" => Op::Between,
                "like" => Op::Like,
                "is" => Op::IsMissing,
                "contains" => Op::Call(functions::place("contains")?),
                "not" => Op::Not,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn negated(&mut self, left: Expr) -> Parsed {
        let from = left.from;
        self.at += 1;
        let inner = match self.next_operator() {
            Some(op @ (Op::In | Op::Between | Op::Like | Op::Call(_))) => self.worded(op, left)?,
            _ => return Err(self.unexpected("Write in, between, like or contains behind not.")),
        };
        self.apply(Op::Not, vec![inner], from)
    }

    /// Operators that are words, `left` being what stands before them.
    fn worded(&mut self, op: Op, left: Expr) -> Parsed {
        let from = left.from;
        let tighter = Op::Equal.strength() + 1;
        self.at += 1;
        match op {
            Op::In => {
                self.expect_sign("(", "Write the values in brackets: in ('a', 'b').")?;
                let mut operands = vec![left];
                operands.extend(self.listed()?);
                if operands.len() == 1 {
                    let place = (from, self.last_end());
                    return Err(ExprError::new(
                        place,
                        "No values stand in the brackets.",
                        "Write at least one: in ('a', 'b').",
                    ));
                }
                self.apply(op, operands, from)
            }
            Op::Between => {
                let low = self.expression(tighter)?;
                self.expect_word("and", "Write both limits: between 1 and 5.")?;
                let high = self.expression(tighter)?;
                self.apply(op, vec![left, low, high], from)
            }
            Op::IsMissing => {
                let negated = self.eat_word("not");
                if !self.eat_word("missing") && !self.eat_word("null") {
                    return Err(self.unexpected("Write is missing or is not missing; compare values with =."));
                }
                let inner = self.apply(op, vec![left], from)?;
                if negated { self.apply(Op::Not, vec![inner], from) } else { Ok(inner) }
            }
            _ => {
                let right = self.expression(tighter)?;
                self.apply(op, vec![left, right], from)
            }
        }
    }

    /// Expressions up to the closing bracket, the opening one being read already.
    fn listed(&mut self) -> Result<Vec<Expr>, ExprError> {
        let mut all = Vec::new();
        if self.eat_sign(")") {
            return Ok(all);
        }
        loop {
            all.push(self.expression(0)?);
            if self.eat_sign(")") {
                return Ok(all);
            }
            self.expect_sign(",", "Put a comma between values, and ) behind the last.")?;
        }
    }

    fn prefix(&mut self) -> Parsed {
        let (from, to) = self.place();
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected("Write a column, a number, a text in quotes or a function here."));
        };
        match token {
            Token::Word(word) => return self.word(&word),
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.expect_sign(")", "Close the bracket with ).")?;
                return Ok(Expr { from, to: self.last_end(), ..inner });
            }
            Token::Sign("-") => {
                self.at += 1;
                let operand = self.expression(Op::Negative.strength())?;
                return self.apply(Op::Negative, vec![operand], from);
            }
            Token::Sign("+") => {
                self.at += 1;
                return self.expression(Op::Negative.strength());
            }
            Token::Sign(_) => {
                return Err(self.unexpected("Write a column, a number, a text in quotes or a function here."));
            }
            Token::Number(_) | Token::Text(_) | Token::Name(_) => {}
        }
        self.at += 1;
        let node = match token {
            Token::Number(x) => Node::Number(x),
            Token::Text(text) => Node::Text(text),
            Token::Name(name) => Node::Column(name),
            Token::Word(_) | Token::Sign(_) => Node::Missing,
        };
        Ok(Expr::leaf(node, from, to))
    }

    /// What begins with a bare word: a column, a function, a word of the language.
    fn word(&mut self, word: &str) -> Parsed {
        let (from, to) = self.place();
        let lower = word.to_ascii_lowercase();
        let is_call = matches!(self.tokens.get(self.at + 1), Some(t) if t.token == Token::Sign("("));
        let leaf = match lower.as_str() {
            "not" => {
                self.at += 1;
                let operand = self.expression(Op::Not.strength())?;
                return self.apply(Op::Not, vec![operand], from);
            }
            "case" => return self.case(from),
            "true" => Node::Boolean(true),
            "false" => Node::Boolean(false),
            "missing" | "contains" if is_call => return self.call(&lower, from, to),
            "missing" | "null" => Node::Missing,
            _ if WORDS.contains(&lower.as_str()) => {
                return Err(
                    self.unexpected("Write a value before it. A column of that name stands in backquotes.")
                );
            }
            _ if is_call => return self.call(&lower, from, to),
            _ => Node::Column(word.to_owned()),
        };
        self.at += 1;
        Ok(Expr::leaf(leaf, from, to))
    }

    fn call(&mut self, name: &str, from: usize, to: usize) -> Parsed {
        let Some(at) = functions::place(name) else { return Err(functions::unknown(name, (from, to))) };
        self.at += 2;
        let operands = self.listed()?;
        let function = &FUNCTIONS[at];
        if operands.len() < function.least() || operands.len() > function.most() {
            let message = format!("{name} is given {} values.", operands.len());
            let remedy = format!("Write {}, for example {}.", function.usage(), function.example);
            return Err(ExprError::new((from, self.last_end()), message, remedy));
        }
        match name {
            "if" => self.apply(Op::Case, operands, from),
            "missing" => self.apply(Op::IsMissing, operands, from),
            _ => self.apply(Op::Call(at), operands, from),
        }
    }

    /// `case when condition then value … else value end`.
    fn case(&mut self, from: usize) -> Parsed {
        const REMEDY: &str = "Write case when age < 18 then 'young' else 'old' end.";
        self.at += 1;
        let mut operands = Vec::new();
        while self.eat_word("when") {
            operands.push(self.expression(0)?);
            self.expect_word("then", REMEDY)?;
            operands.push(self.expression(0)?);
        }
        if operands.is_empty() {
            return Err(self.unexpected(REMEDY));
        }
        if self.eat_word("else") {
            operands.push(self.expression(0)?);
        }
        self.expect_word("end", REMEDY)?;
        self.apply(Op::Case, operands, from)
    }
}

fn too_deep(place: (usize, usize)) -> ExprError {
    ExprError::new(
        place,
        "Too much stands within each other here.",
        "Make a column of a part first, or use in (…) for many values.",
    )
}
