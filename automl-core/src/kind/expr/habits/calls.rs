//! What other languages write as functions and this one writes between values.

use super::super::functions;
use super::super::lex::Token;
use super::{Habit, Seen};

/// `and(a, b)`, `OR(a, b)`.
pub(super) fn joined(seen: &Seen) -> Option<Habit> {
    for at in 0..seen.tokens.len() {
        let word = match seen.keyword(at) {
            Some(word) if word == "and" || word == "or" => word,
            _ => continue,
        };
        // Behind a value it joins that with what stands in the brackets.
        let begins = match at.checked_sub(1).and_then(|b| seen.at(b)) {
            None => true,
            Some(Token::Sign(sign)) => *sign != ")",
            Some(Token::Word(_)) => {
                seen.keyword(at - 1).is_some_and(|w| w != "missing" && w != "true" && w != "false")
            }
            Some(_) => false,
        };
        if begins && seen.is_sign(at + 1, "(") {
            let message = format!("{word} stands between conditions here.");
            return infix(seen, at, &word, message, 2);
        }
    }
    None
}

/// `power(a, b)`, `MOD(a, b)`.
pub(super) fn between(seen: &Seen) -> Option<Habit> {
    for at in 0..seen.tokens.len() {
        let Some(Token::Word(word)) = seen.at(at) else { continue };
        let name = word.to_ascii_lowercase();
        let sign = match name.as_str() {
            "pow" | "power" => "^",
            "mod" => "%",
            _ => continue,
        };
        if seen.is_sign(at + 1, "(") && functions::place(&name).is_none() {
            return infix(seen, at, sign, format!("There is no function {name}."), 2);
        }
    }
    None
}

/// The call at token `at`, of at least `least` values, with `sign` between its values.
fn infix(seen: &Seen, at: usize, sign: &str, message: String, least: usize) -> Option<Habit> {
    let word = (seen.tokens[at].from, seen.tokens[at].to);
    let Some(close) = seen.closing(at + 1) else {
        let remedy = format!("Write a {sign} b instead.");
        return Some(Habit { place: word, message, remedy, meant: Vec::new() });
    };
    let values = seen.values(at + 1, close);
    if values.len() < least || values.iter().any(|v| v.is_empty()) {
        let remedy = format!("Write a {sign} b instead.");
        return Some(Habit { place: word, message, remedy, meant: Vec::new() });
    }
    let is_symbol = !sign.starts_with(|c: char| c.is_alphabetic());
    let wrapped = |v: &&str| {
        let has_word =
            v.split_whitespace().any(|w| w.eq_ignore_ascii_case("and") || w.eq_ignore_ascii_case("or"));
        if has_word || (is_symbol && v.contains([' ', '+', '-', '*', '/'])) {
            format!("({v})")
        } else {
            (*v).to_owned()
        }
    };
    let joined = values.iter().map(wrapped).collect::<Vec<_>>().join(&format!(" {sign} "));
    let is_whole = at == 0 && close + 1 == seen.tokens.len();
    let here = if is_whole { joined } else { format!("({joined})") };
    let place = (word.0, seen.tokens[close].to);
    Some(Habit {
        place: word,
        message,
        remedy: format!("Write {here} instead."),
        meant: vec![seen.replaced(place, &here)],
    })
}
