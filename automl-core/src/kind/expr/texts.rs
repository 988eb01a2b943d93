//! Functions and operators on texts. A missing argument makes the result missing.

use super::vector::{self, Cell, Lane, NO, Texts, UNKNOWN, Vector, YES};
use crate::table::{TextValues, datetime, number};
use std::borrow::Cow;

/// Texts by row, each from the argument's, written into an empty buffer.
fn each(args: &[Vector], f: impl Fn(&str, &mut String)) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.texts();
    built(a.len(), |i, out| a.at(i).map(|text| f(text, out)))
}

/// Texts by row, written into an empty buffer; `None`: missing.
fn built(length: usize, f: impl Fn(usize, &mut String) -> Option<()>) -> Vector<'static> {
    let mut values = TextValues::default();
    let mut buffer = String::new();
    for i in 0..length {
        buffer.clear();
        let present = f(i, &mut buffer).is_some();
        values.push(present.then_some(buffer.as_str()));
    }
    Vector::Texts(Texts::Plain(Cow::Owned(values)))
}

pub(super) fn lower(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, |text, out| out.extend(text.chars().flat_map(char::to_lowercase)))
}

pub(super) fn upper(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, |text, out| out.extend(text.chars().flat_map(char::to_uppercase)))
}

pub(super) fn trim(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, |text, out| out.push_str(text.trim()))
}

pub(super) fn length(args: &[Vector], _: usize) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.texts();
    let count = |text: &str| text.chars().count() as f64;
    Vector::Numbers(Lane::all((0..a.len()).map(|i| a.at(i).map_or(f64::NAN, count)).collect()))
}

/// A number as a count of characters; `None` where missing.
fn count(x: f64) -> Option<usize> {
    // A cast from a number below 0 gives 0.
    (!x.is_nan()).then_some(x as usize)
}

pub(super) fn left(args: &[Vector], rows: usize) -> Vector<'static> {
    cut(args, rows, |text, n| text.char_indices().nth(n).map_or(text, |(at, _)| &text[..at]))
}

pub(super) fn right(args: &[Vector], rows: usize) -> Vector<'static> {
    cut(args, rows, |text, n| match n.checked_sub(1) {
        None => "",
        Some(before) => text.char_indices().rev().nth(before).map_or(text, |(at, _)| &text[at..]),
    })
}

fn cut(args: &[Vector], rows: usize, part: impl Fn(&str, usize) -> &str) -> Vector<'static> {
    let [text, n] = args else { return Vector::Missing };
    let length = vector::length(&[text, n], rows);
    let (text, n) = (text.texts(), n.numbers());
    built(length, |i, out| {
        out.push_str(part(text.at(i)?, count(n.at(i))?));
        Some(())
    })
}

pub(super) fn replace(args: &[Vector], rows: usize) -> Vector<'static> {
    let [text, part, with] = args else { return Vector::Missing };
    let length = vector::length(&[text, part, with], rows);
    let (text, part, with) = (text.texts(), part.texts(), with.texts());
    built(length, |i, out| {
        let (text, part, with) = (text.at(i)?, part.at(i)?, with.at(i)?);
        if part.is_empty() {
            out.push_str(text);
            return Some(());
        }
        for (at, piece) in text.split(part).enumerate() {
            out.push_str(if at == 0 { "" } else { with });
            out.push_str(piece);
        }
        Some(())
    })
}

/// Truth by row from two texts.
pub(super) fn pairs(args: &[Vector], rows: usize, f: impl Fn(&str, &str) -> bool) -> Vector<'static> {
    let [a, b] = args else { return Vector::Missing };
    let length = vector::length(&[a, b], rows);
    let (a, b) = (a.texts(), b.texts());
    let at = |i| match (a.at(i), b.at(i)) {
        (Some(a), Some(b)) => {
            if f(a, b) {
                YES
            } else {
                NO
            }
        }
        _ => UNKNOWN,
    };
    Vector::Truths(Lane::all((0..length).map(at).collect()))
}

pub(super) fn contains(args: &[Vector], rows: usize) -> Vector<'static> {
    pairs(args, rows, |text, part| text.contains(part))
}

pub(super) fn starts_with(args: &[Vector], rows: usize) -> Vector<'static> {
    pairs(args, rows, |text, part| text.starts_with(part))
}

pub(super) fn ends_with(args: &[Vector], rows: usize) -> Vector<'static> {
    pairs(args, rows, |text, part| text.ends_with(part))
}

/// Whether `text` is as `pattern` says: `%` stands for any characters, `_` for one. At a mismatch the last `%` takes
/// one character more, so the time is at most the product of the lengths.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    // What to go back to: the pattern behind the last `%`, and the text that it has not taken.
    let mut retry: Option<(std::str::Chars, std::str::Chars)> = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('%'), _) => {
                text = before;
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some('_'), Some(_)) => continue,
            (Some(p), Some(t)) if p == t => continue,
            // No character is left, so taking more does not help.
            (Some(_), None) => return false,
            _ => {}
        }
        let Some((behind, rest)) = &mut retry else { return false };
        if rest.next().is_none() {
            return false;
        }
        pattern = behind.clone();
        text = rest.clone();
    }
}

pub(super) fn like(args: &[Vector], rows: usize) -> Vector<'static> {
    pairs(args, rows, is_like)
}

/// Appends a value as text; `None` where it is missing.
fn write_value(value: &Vector, row: usize, out: &mut String) -> Option<()> {
    match value {
        Vector::Missing => return None,
        Vector::Numbers(v) => {
            let x = v.at(row);
            if x.is_missing() {
                return None;
            }
            // -0 is 0.
            out.push_str(&number::shortest(x + 0.0));
        }
        Vector::Truths(v) => match v.at(row) {
            UNKNOWN => return None,
            truth => out.push_str(if truth == YES { "true" } else { "false" }),
        },
        Vector::Times(v) => {
            let ms = v.at(row);
            if ms.is_missing() {
                return None;
            }
            out.push_str(&datetime::format(ms));
        }
        Vector::Texts(v) => out.push_str(v.at(row)?),
    }
    Some(())
}

pub(super) fn concat(args: &[Vector], rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    built(vector::length(&all, rows), |i, out| args.iter().try_for_each(|arg| write_value(arg, i, out)))
}

pub(super) fn text(args: &[Vector], rows: usize) -> Vector<'static> {
    concat(args, rows)
}

pub(super) fn split_part(args: &[Vector], rows: usize) -> Vector<'static> {
    let [text, separator, place] = args else { return Vector::Missing };
    let length = vector::length(&[text, separator, place], rows);
    let (text, separator, place) = (text.texts(), separator.texts(), place.numbers());
    built(length, |i, out| {
        let (text, separator, place) = (text.at(i)?, separator.at(i)?, place.at(i));
        let at = count(place.abs())?.checked_sub(1)?;
        let part = if separator.is_empty() {
            (at == 0).then_some(text)
        } else if place > 0.0 {
            text.split(separator).nth(at)
        } else {
            text.rsplit(separator).nth(at)
        };
        out.push_str(part?);
        Some(())
    })
}
