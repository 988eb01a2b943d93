//! Columns of dates.

use super::builder::{Finished, Parsing};
use super::decide::Dictionary;
use super::numeric::note_unparsed;
use crate::diagnostic::Diagnostic;
use crate::table::datetime::{self, Readings};
use crate::table::number::plain;
use crate::table::{Column, ColumnType, MISSING_TIME, TextValues, Values};
use std::collections::BTreeSet;

/// What the dates of a column say about the order of day and month.
#[derive(Debug, Default, Clone, Copy)]
struct Votes {
    day_first: u64,
    month_first: u64,
    /// Rows that both orders read, as different days.
    either: u64,
    local: bool,
    dots: bool,
}

impl Votes {
    fn add(&mut self, readings: Readings, text: &str, times: u64) {
        self.day_first += u64::from(readings.day_first.is_some()) * times;
        self.month_first += u64::from(readings.month_first.is_some()) * times;
        let both = readings.day_first.is_some() && readings.month_first.is_some();
        self.either += u64::from(both && readings.day_first != readings.month_first) * times;
        self.local |= readings.local;
        self.dots |= readings.local && text.contains('.');
    }

    /// Day first?, and whether that is a guess.
    fn decide(&self, given: Option<bool>) -> (bool, bool) {
        match (self.day_first.cmp(&self.month_first), given) {
            (std::cmp::Ordering::Greater, _) => (true, false),
            (std::cmp::Ordering::Less, _) => (false, false),
            (_, Some(given)) => (given, false),
            (_, None) => (self.dots, self.either > 0),
        }
    }
}

/// What a field says, for a column that is made of dates on request: also `20240131` and seconds or milliseconds
/// since 1970.
pub(super) fn read(text: &str, on_request: bool) -> Option<Readings> {
    datetime::parse(text, on_request).or_else(|| {
        let x = plain(text.as_bytes(), b'.').filter(|_| on_request)?;
        let ms = match x.abs() {
            size if (1e8..1e11).contains(&size) => x * 1000.0,
            size if (1e11..1e14).contains(&size) => x,
            _ => return None,
        };
        let ms = Some(ms.trunc() as i64);
        Some(Readings { day_first: ms, month_first: ms, local: false })
    })
}

fn pick(readings: Option<Readings>, day_first: bool) -> Option<i64> {
    readings.and_then(|r| if day_first { r.day_first } else { r.month_first })
}

pub(super) fn from_dictionary(
    name: &str,
    dictionary: &Dictionary,
    on_request: bool,
    parsing: &Parsing,
) -> Finished {
    let readings: Vec<(u32, Option<Readings>)> =
        dictionary.present.iter().map(|&code| (code, read(dictionary.level(code), on_request))).collect();
    let mut votes = Votes::default();
    for &(code, found) in &readings {
        if let Some(found) = found {
            votes.add(found, dictionary.level(code), dictionary.rows_of(code));
        }
    }
    let (day_first, guessed) = votes.decide(parsing.day_first);
    let mut of_level = vec![MISSING_TIME; dictionary.levels.len()];
    let (mut unread, mut first) = (0, None);
    for (code, found) in readings {
        match pick(found, day_first) {
            Some(ms) => of_level[code as usize] = ms,
            None => {
                unread += dictionary.rows_of(code);
                first = first.or(Some(code));
            }
        }
    }
    let first = first.map(|code| {
        let row = dictionary.codes.iter().position(|&c| c == code).unwrap_or(0);
        (row, dictionary.level(code))
    });
    let times = dictionary.map_rows(&of_level, MISSING_TIME);
    finish(
        name,
        on_request,
        times,
        dictionary.tokens.clone(),
        (unread, first),
        votes.local.then_some((day_first, guessed)),
    )
}

pub(super) fn from_text(name: &str, text: &TextValues, on_request: bool, parsing: &Parsing) -> Finished {
    let field = |row: usize| text.get(row).map(str::trim).filter(|f| !parsing.missing.holds(f));
    let mut votes = Votes::default();
    for row in 0..text.len() {
        if let Some(f) = field(row)
            && let Some(found) = read(f, on_request)
        {
            votes.add(found, f, 1);
        }
    }
    let (day_first, guessed) = votes.decide(parsing.day_first);
    let mut tokens = BTreeSet::new();
    let (mut unread, mut first) = (0, None);
    let mut times = Vec::with_capacity(text.len());
    for row in 0..text.len() {
        let Some(f) = field(row) else {
            if let Some(token) = text.get(row).map(str::trim)
                && !tokens.contains(token)
            {
                tokens.insert(token.to_string());
            }
            times.push(MISSING_TIME);
            continue;
        };
        let ms = pick(read(f, on_request), day_first);
        if ms.is_none() {
            unread += 1;
            first = first.or(Some((row, f)));
        }
        times.push(ms.unwrap_or(MISSING_TIME));
    }
    finish(name, on_request, times, tokens, (unread, first), votes.local.then_some((day_first, guessed)))
}

fn finish(
    name: &str,
    on_request: bool,
    times: Vec<i64>,
    missing_tokens: BTreeSet<String>,
    (unread, first): (u64, Option<(usize, &str)>),
    day_first: Option<(bool, bool)>,
) -> Finished {
    let mut diagnostics = Vec::new();
    note_unparsed(&mut diagnostics, name, "date", unread, first);
    if let Some((day_first, true)) = day_first {
        let (order, other) = if day_first { ("day/month", "month/day") } else { ("month/day", "day/month") };
        diagnostics.push(
            Diagnostic::warning(
                "type.ambiguous_date",
                format!("Column \"{name}\": its dates can be read both ways round and are taken as {order}."),
                format!("If they are {other}, set the order of day and month for this file."),
            )
            .at_column(name),
        );
    }
    let mut present = times.iter().filter(|&&t| t != MISSING_TIME);
    let first = present.next();
    let constant =
        !on_request && !times.contains(&MISSING_TIME) && first.is_none_or(|f| present.all(|t| t == f));
    let ty = if constant { ColumnType::Constant } else { ColumnType::Datetime };
    Finished {
        column: Column { name: name.to_string(), ty, values: Values::Time(times), spellings: Vec::new() },
        diagnostics,
        missing_tokens,
        day_first,
    }
}
