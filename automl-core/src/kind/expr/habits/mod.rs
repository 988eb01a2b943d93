//! Habits from spreadsheets and from other languages: what was meant, and how it is written here.
//!
//! Habits are looked for only where a text is not understood. What they propose is offered to be taken by one click only
//! if it is understood as it then stands.

mod calls;
mod names;
mod signs;

#[cfg(test)]
mod tests;

use super::check::{Names, Type};
use super::error::ExprError;
use super::lex::{Placed, Token, lex};
use super::syntax::WORDS;
use super::understood;
use crate::kind::Wanted;

/// Bytes of a text in which habits are looked for.
const LONGEST: usize = 2_000;
/// Habits that are mended one after the other.
const MOST: usize = 12;

/// A habit at one place of a text.
struct Habit {
    place: (usize, usize),
    message: String,
    remedy: String,
    /// Whole texts that may be meant, the likeliest first.
    meant: Vec<String>,
}

/// A text that is not understood.
struct Seen<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    /// Brackets that are open before each token.
    depths: Vec<usize>,
    /// Signs that the language does not have.
    odd: Vec<(usize, usize)>,
    names: &'a Names<'a>,
    wanted: Wanted,
}

/// `errors` of `text`, in the words of a habit where there is one, and with what to write instead where that is sure.
pub(super) fn explained(text: &str, names: &Names, wanted: Wanted, errors: Vec<ExprError>) -> Vec<ExprError> {
    if text.len() > LONGEST {
        return errors.into_iter().map(|e| ExprError { instead: None, ..e }).collect();
    }
    if let Some(habit) = habit(text, names, wanted) {
        let instead = mended(text, names, wanted);
        return vec![ExprError { instead, ..ExprError::new(habit.place, habit.message, habit.remedy) }];
    }
    let whole = |e: &ExprError| {
        let whole = replaced(text, (e.from, e.to), e.instead.as_deref()?);
        understood(&whole, names, wanted).is_ok().then_some(whole)
    };
    errors
        .into_iter()
        .map(|e| ExprError { instead: whole(&e).or_else(|| mended(text, names, wanted)), ..e })
        .collect()
}

/// The text with one habit after the other mended, if it is understood at last.
fn mended(text: &str, names: &Names, wanted: Wanted) -> Option<String> {
    let mut now = text.to_owned();
    for _ in 0..MOST {
        let errors = match understood(&now, names, wanted) {
            Ok(_) => return Some(now),
            Err(errors) => errors,
        };
        now = match habit(&now, names, wanted) {
            Some(habit) => {
                let sure = habit.meant.iter().position(|t| understood(t, names, wanted).is_ok());
                habit.meant.into_iter().nth(sure.unwrap_or(0))?
            }
            None => {
                let error = errors.iter().find(|e| e.instead.is_some())?;
                replaced(&now, (error.from, error.to), error.instead.as_deref()?)
            }
        };
        if now.len() > 2 * LONGEST {
            return None;
        }
    }
    None
}

fn habit(text: &str, names: &Names, wanted: Wanted) -> Option<Habit> {
    let seen = Seen::new(text, names, wanted);
    signs::leading(&seen)
        .or_else(|| signs::quotes(&seen))
        .or_else(|| names::bracketed(&seen))
        .or_else(|| signs::written_otherwise(&seen))
        .or_else(|| signs::decimal(&seen))
        .or_else(|| signs::semicolon(&seen))
        .or_else(|| names::spaced(&seen))
        .or_else(|| calls::joined(&seen))
        .or_else(|| calls::between(&seen))
        .or_else(|| signs::joining(&seen))
        .or_else(|| signs::chained(&seen))
        .or_else(|| names::quoted(&seen))
        .or_else(|| names::bare_text(&seen))
        .or_else(|| signs::per_cent(&seen))
}

impl<'a> Seen<'a> {
    fn new(text: &'a str, names: &'a Names<'a>, wanted: Wanted) -> Self {
        let (tokens, errors) = lex(text);
        let mut depth = 0usize;
        let before = |t: &Placed| {
            let now = depth;
            match t.token {
                Token::Sign("(") => depth += 1,
                Token::Sign(")") => depth = depth.saturating_sub(1),
                _ => {}
            }
            now
        };
        let depths = tokens.iter().map(before).collect();
        let is_sign = |(from, to): &(usize, usize)| {
            let mut chars = text[*from..*to].chars();
            matches!((chars.next(), chars.next()), (Some(c), None) if !c.is_alphanumeric() && !matches!(c, '\'' | '"' | '`' | '.'))
        };
        let odd = errors.iter().map(|e| (e.from, e.to)).filter(is_sign).collect();
        Self { text, tokens, depths, odd, names, wanted }
    }

    fn slice(&self, place: (usize, usize)) -> &'a str {
        &self.text[place.0..place.1]
    }

    fn at(&self, token: usize) -> Option<&Token> {
        self.tokens.get(token).map(|t| &t.token)
    }

    fn is_sign(&self, token: usize, sign: &str) -> bool {
        matches!(self.at(token), Some(Token::Sign(s)) if *s == sign)
    }

    /// A word that is of the language, in small letters.
    fn keyword(&self, token: usize) -> Option<String> {
        match self.at(token) {
            Some(Token::Word(w)) => Some(w.to_ascii_lowercase()).filter(|w| WORDS.contains(&w.as_str())),
            _ => None,
        }
    }

    /// Whether two tokens stand without a space between them.
    fn touch(&self, left: usize, right: usize) -> bool {
        matches!((self.tokens.get(left), self.tokens.get(right)), (Some(a), Some(b)) if a.to == b.from)
    }

    fn understands(&self, text: &str) -> Option<Type> {
        understood(text, self.names, self.wanted).ok().map(|(_, ty)| ty)
    }

    /// The token that closes the bracket which opens at token `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let depth = *self.depths.get(open)?;
        (open + 1..self.tokens.len()).find(|&i| self.is_sign(i, ")") && self.depths[i] == depth + 1)
    }

    /// Texts of the values in the brackets `open` to `close`, whichever sign parts them.
    fn values(&self, open: usize, close: usize) -> Vec<&'a str> {
        let depth = self.depths[open] + 1;
        let commas = (open + 1..close).filter(|&i| self.is_sign(i, ",") && self.depths[i] == depth);
        let mut from = self.tokens[open].to;
        let mut all = Vec::new();
        for comma in commas {
            all.push(self.text[from..self.tokens[comma].from].trim());
            from = self.tokens[comma].to;
        }
        all.push(self.text[from..self.tokens[close].from].trim());
        all
    }

    fn replaced(&self, place: (usize, usize), with: &str) -> String {
        replaced(self.text, place, with)
    }
}

fn replaced(text: &str, (from, to): (usize, usize), with: &str) -> String {
    format!("{}{with}{}", &text[..from], &text[to..])
}

/// The text with several places, in its order, replaced.
fn all_replaced(text: &str, places: &[(usize, usize)], with: &dyn Fn(&str) -> String) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for &(from, to) in places {
        out.push_str(&text[at..from]);
        out.push_str(&with(&text[from..to]));
        at = to;
    }
    out.push_str(&text[at..]);
    out
}

/// A word in place of a sign, with spaces around it.
fn word_for(text: &str, (from, to): (usize, usize), word: &str) -> String {
    format!("{} {word} {}", text[..from].trim_end(), text[to..].trim_start())
}
