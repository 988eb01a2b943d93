//! From text to words, numbers, texts and signs.

use super::error::ExprError;
use super::syntax::{is_name_part, is_name_start};
use crate::table::number;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Text(String),
    /// A bare word: of the language, a function or a column.
    Word(String),
    /// A name in backquotes.
    Name(String),
    /// `+ - * / % ^ ( ) , = != < <= > >=`; `==` and `<>` are made equal to theirs.
    Sign(&'static str),
}

/// A token and its bytes in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub token: Token,
    pub from: usize,
    pub to: usize,
    /// A text or name that the text ends within.
    pub is_open: bool,
}

/// Longer ones stand before their beginnings.
const SIGNS: [(&str, &str); 17] = [
    ("==", "="),
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("^", "^"),
    ("(", "("),
    (")", ")"),
    (",", ","),
];

/// All tokens, and what cannot be read, which is passed over.
pub(crate) fn lex(text: &str) -> (Vec<Placed>, Vec<ExprError>) {
    let (mut tokens, mut errors) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let (token, to, is_open) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if is_name_start(c) {
            let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
            (Ok(Token::Word(rest[..length].to_owned())), at + length, false)
        } else if c.is_ascii_digit() || c == '.' {
            let length = number_length(rest.as_bytes());
            (number_token(&rest[..length]), at + length, false)
        } else if matches!(c, '\'' | '"' | '`') {
            let (inner, length, is_open) = quoted(rest, c);
            let token = if c == '`' { Token::Name(inner) } else { Token::Text(inner) };
            (Ok(token), at + length, is_open)
        } else if let Some((sign, meant)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            (Ok(Token::Sign(meant)), at + sign.len(), false)
        } else {
            (Err(odd_sign(rest, c)), at + c.len_utf8(), false)
        };
        match token {
            Ok(token) => tokens.push(Placed { token, from: at, to, is_open }),
            Err((message, remedy)) => errors.push(ExprError::new((at, to), message, remedy)),
        }
        at = to;
    }
    for open in tokens.iter().filter(|t| t.is_open) {
        let mark = &text[open.from..=open.from];
        errors.push(ExprError::new(
            (open.from, open.to),
            format!("A text that begins with {mark} does not end."),
            format!("Put {mark} behind it."),
        ));
    }
    (tokens, errors)
}

/// Bytes of digits, point and exponent, with what else clings to them, so that `12abc` is one mistake.
fn number_length(rest: &[u8]) -> usize {
    let mut n = 0;
    while let Some(b) = rest.get(n) {
        let signed = matches!(b, b'+' | b'-')
            && n > 0
            && matches!(rest[n - 1], b'e' | b'E')
            && rest.get(n + 1).is_some_and(u8::is_ascii_digit);
        if !(b.is_ascii_alphanumeric() || *b == b'.' || *b == b'_' || signed) {
            break;
        }
        n += 1;
    }
    n
}

fn number_token(text: &str) -> Result<Token, (String, String)> {
    match number::plain(text.as_bytes(), b'.') {
        Some(x) if x.is_finite() => Ok(Token::Number(x)),
        Some(_) => Err((format!("{text} is too large a number."), "Write a smaller one.".to_owned())),
        None => {
            let shown: String = text.chars().take(40).collect();
            let remedy = "Write numbers such as 12 or 3.5, texts in quotes, and names that begin with a digit in \
                          backquotes.";
            Err((format!("{shown} is no number."), remedy.to_owned()))
        }
    }
}

/// What stands in quotes, which are doubled within; bytes that it takes; whether the end is lacking.
fn quoted(rest: &str, mark: char) -> (String, usize, bool) {
    let mut inner = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == mark && chars.next_if(|(_, next)| *next == mark).is_none() {
            return (inner, at + c.len_utf8(), false);
        }
        inner.push(c);
    }
    (inner, rest.len(), true)
}

fn odd_sign(rest: &str, c: char) -> (String, String) {
    let remedy = match c {
        '&' => "Write and.".to_owned(),
        '|' => "Write or, or concat(a, b) to join texts.".to_owned(),
        '!' => "Write not.".to_owned(),
        '‘' | '’' | '“' | '”' | '„' | '«' | '»' => "Write straight quotes: ' or \".".to_owned(),
        '[' | ']' | '{' | '}' => "Write round brackets; names with spaces stand in backquotes.".to_owned(),
        '≤' => "Write <=.".to_owned(),
        '≥' => "Write >=.".to_owned(),
        '≠' => "Write !=.".to_owned(),
        '×' | '·' => "Write *.".to_owned(),
        '÷' | ':' => "Write / to divide.".to_owned(),
        '−' | '–' => "Write -.".to_owned(),
        ';' => "Write , between values.".to_owned(),
        _ if rest.starts_with('$') || c == '@' || c == '#' => {
            "Put names with such signs in backquotes.".to_owned()
        }
        _ => "Remove it.".to_owned(),
    };
    (format!("{} has no meaning here.", c.escape_debug()), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Token]) {
        let (tokens, errors) = lex(text);
        assert_eq!(errors, [], "{text}");
        assert_eq!(tokens.into_iter().map(|t| t.token).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn tokens() {
        let word = |w: &str| Token::Word(w.to_owned());
        let text = |t: &str| Token::Text(t.to_owned());
        check("", &[]);
        check("a<>1.5e-3", &[word("a"), Token::Sign("!="), Token::Number(0.0015)]);
        check("Sepal.Length==größe", &[word("Sepal.Length"), Token::Sign("="), word("größe")]);
        check("'it''s' \"a 'b'\"", &[text("it's"), text("a 'b'")]);
        check("`total ``price`", &[Token::Name("total `price".to_owned())]);
        check("2-1", &[Token::Number(2.0), Token::Sign("-"), Token::Number(1.0)]);
    }

    #[test]
    fn what_cannot_be_read_is_pointed_at() {
        for (text, from, to) in
            [("a & b", 2, 3), ("12abc + 1", 0, 5), ("x = 'ab", 4, 7), ("é ≤ 1", 3, 6), ("1e999", 0, 5)]
        {
            let (_, errors) = lex(text);
            assert_eq!(errors.iter().map(|e| (e.from, e.to)).collect::<Vec<_>>(), [(from, to)], "{text}");
        }
    }
}
