//! Names of columns and texts that stand without their quotes.

use super::super::lex::Token;
use super::super::syntax::{quoted_name, quoted_text};
use super::{Habit, Seen, all_replaced};
use crate::kind::nearest;

/// Words that may make up the name of a column.
const MOST_WORDS: usize = 6;

/// Letters and digits alone, small.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The one column that is called so but for capitals, spaces and signs.
fn column_like<'a>(seen: &Seen<'a>, written: &str) -> Option<&'a str> {
    let wanted = plain(written);
    if let Some(same) = seen.names.all().find(|n| *n == written) {
        return Some(same);
    }
    let mut like = seen.names.all().filter(|n| plain(n) == wanted && !wanted.is_empty());
    let (first, second) = (like.next(), like.next());
    first.filter(|_| second.is_none())
}

/// `[monthly charge]`, `{monthly charge}`.
pub(super) fn bracketed(seen: &Seen) -> Option<Habit> {
    for &(from, to) in &seen.odd {
        let close = match seen.slice((from, to)) {
            "[" => ']',
            "{" => '}',
            _ => continue,
        };
        let end = to + seen.text[to..].find(close)?;
        let place = (from, end + close.len_utf8());
        let inner = seen.text[to..end].trim().trim_start_matches('@');
        let name = column_like(seen, inner);
        let here = quoted_name(name.unwrap_or(inner));
        let meant = if name.is_some() { vec![seen.replaced(place, &here)] } else { Vec::new() };
        return Some(Habit {
            place,
            message: format!(
                "Names do not stand in {}.",
                seen.slice((from, to)).to_owned() + &close.to_string()
            ),
            remedy: format!("Write {here} instead."),
            meant,
        });
    }
    None
}

/// `monthly charge > 20`, and names that differ in capitals or signs.
pub(super) fn spaced(seen: &Seen) -> Option<Habit> {
    for start in 0..seen.tokens.len() {
        if !matches!(seen.at(start), Some(Token::Word(_) | Token::Number(_))) {
            continue;
        }
        for end in (start..(start + MOST_WORDS).min(seen.tokens.len())).rev() {
            if let Some(habit) = run(seen, start, end) {
                return Some(habit);
            }
        }
    }
    None
}

/// The tokens `start` to `end`, both included, as one name.
fn run(seen: &Seen, start: usize, end: usize) -> Option<Habit> {
    let all = &seen.tokens[start..=end];
    let place = (all[0].from, all[all.len() - 1].to);
    let written = seen.slice(place);
    let is_call = seen.is_sign(end + 1, "(");
    let is_known = |i: usize| match seen.at(i) {
        Some(Token::Word(w)) => seen.names.get(w).is_some() || seen.keyword(i).is_some(),
        Some(Token::Name(_) | Token::Text(_)) => true,
        Some(Token::Number(_)) => start == end,
        _ => true,
    };
    if is_call || (start..=end).all(is_known) {
        return None;
    }
    let only_words = all.iter().all(|t| matches!(t.token, Token::Word(_) | Token::Number(_)));
    let name = if only_words {
        let has_keyword = (start..=end).any(|i| seen.keyword(i).is_some());
        column_like(seen, written).filter(|name| !has_keyword || name.eq_ignore_ascii_case(written))
    } else {
        seen.names.all().find(|n| n.to_lowercase() == written.to_lowercase())
    }?;
    let here = quoted_name(name);
    let why = match here.starts_with('`') {
        true if written.contains(' ') => "A name with a space stands in backquotes.",
        true => "Such a name stands in backquotes.",
        false => "Names are written as they stand in the table.",
    };
    Some(Habit {
        place,
        message: format!("\"{written}\" is not read as the column \"{name}\"."),
        remedy: format!("Write {here} instead. {why}"),
        meant: vec![seen.replaced(place, &here)],
    })
}

/// `"monthly charge" > 20`, as SQL quotes names.
pub(super) fn quoted(seen: &Seen) -> Option<Habit> {
    for token in &seen.tokens {
        let Token::Text(text) = &token.token else { continue };
        let Some(name) = seen.names.all().find(|n| n == text) else { continue };
        let (place, here) = ((token.from, token.to), quoted_name(name));
        let whole = seen.replaced(place, &here);
        if seen.understands(&whole).is_some() {
            return Some(Habit {
                place,
                message: format!("{} is a text, not the column.", seen.slice(place)),
                remedy: format!("For the column write {here} instead."),
                meant: vec![whole],
            });
        }
    }
    None
}

/// `plan = gold`.
pub(super) fn bare_text(seen: &Seen) -> Option<Habit> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < seen.tokens.len() {
        let is_bare = |i: usize| match seen.at(i) {
            Some(Token::Word(w)) => {
                seen.names.get(w).is_none() && seen.keyword(i).is_none() && !seen.is_sign(i + 1, "(")
            }
            _ => false,
        };
        if !is_bare(at) || !takes_text(seen, at) {
            at += 1;
            continue;
        }
        let end = (at..seen.tokens.len()).take_while(|&i| is_bare(i)).last().unwrap_or(at);
        places.push((seen.tokens[at].from, seen.tokens[end].to));
        at = end + 1;
    }
    let &place = places.first()?;
    let meant = all_replaced(seen.text, &places, &quoted_text);
    let written = seen.slice(place);
    seen.understands(&meant)?;
    let column = nearest(written, seen.names.all())
        .map(|near| format!(" Or did you mean column {}?", quoted_name(near)));
    Some(Habit {
        place,
        message: format!("There is no column \"{written}\"."),
        remedy: format!("Write {} instead for the text.{}", quoted_text(written), column.unwrap_or_default()),
        meant: vec![meant],
    })
}

/// Whether what stands at a token is held against something, or is one of several values.
fn takes_text(seen: &Seen, token: usize) -> bool {
    let Some(before) = token.checked_sub(1) else { return false };
    if ["=", "!="].iter().any(|s| seen.is_sign(before, s)) {
        return true;
    }
    if matches!(seen.keyword(before).as_deref(), Some("like" | "contains" | "then" | "else")) {
        return true;
    }
    // A list behind `in`, or the values of a function behind its first.
    let open = (0..token).rev().find(|&i| seen.is_sign(i, "(") && seen.depths[i] + 1 == seen.depths[token]);
    let is_in = open.and_then(|o| o.checked_sub(1)).is_some_and(|o| seen.keyword(o).as_deref() == Some("in"));
    let is_value = seen.is_sign(before, ",") || (is_in && seen.is_sign(before, "("));
    is_value && (is_in || seen.is_sign(before, ","))
}
