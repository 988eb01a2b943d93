//! Functions and operators on dates: milliseconds since 1970-01-01 in the file's own clock.

use super::check::date_of;
use super::vector::{Cell, Lane, NO, UNKNOWN, Vector, YES, length};
use crate::table::MISSING_TIME;
use crate::table::datetime::{self, MS_A_DAY, civil_from_days, days_from_civil};

/// Times beyond this (the years −271821 and 275760, as in ECMAScript) are missing.
const LATEST: f64 = 8.64e15;

/// Milliseconds as a time; missing where there are none.
fn time(ms: f64) -> i64 {
    if ms.abs() <= LATEST { ms.round() as i64 } else { MISSING_TIME }
}

/// A part of a date, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Year,
    Quarter,
    Month,
    Day,
    Weekday,
    DayOfYear,
    Hour,
    Minute,
}

impl Part {
    /// The part of the time `ms`, which must not be missing.
    pub(crate) fn of(self, ms: i64) -> i64 {
        let days = ms.div_euclid(MS_A_DAY);
        let (year, month, day) = civil_from_days(days);
        match self {
            Self::Year => year,
            Self::Quarter => (month + 2) / 3,
            Self::Month => month,
            Self::Day => day,
            // 1970-01-01 was a Thursday; Monday is 1.
            Self::Weekday => (days + 3).rem_euclid(7) + 1,
            Self::DayOfYear => days_from_civil(year, 1, 1).map_or(1, |first| days - first + 1),
            Self::Hour => ms.rem_euclid(MS_A_DAY) / 3_600_000,
            Self::Minute => ms.rem_euclid(3_600_000) / 60_000,
        }
    }
}

fn part(args: &[Vector], part: Part) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.times();
    let at = |i| if a.at(i).is_missing() { f64::NAN } else { part.of(a.at(i)) as f64 };
    Vector::Numbers(Lane::all((0..a.len()).map(at).collect()))
}

pub(super) fn year(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Year)
}

pub(super) fn quarter(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Quarter)
}

pub(super) fn month(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Month)
}

pub(super) fn day(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Day)
}

pub(super) fn weekday(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Weekday)
}

pub(super) fn day_of_year(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::DayOfYear)
}

pub(super) fn hour(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Hour)
}

pub(super) fn minute(args: &[Vector], _: usize) -> Vector<'static> {
    part(args, Part::Minute)
}

pub(super) fn is_weekend(args: &[Vector], _: usize) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.times();
    let at = |i| match a.at(i) {
        MISSING_TIME => UNKNOWN,
        ms => {
            if Part::Weekday.of(ms) > 5 {
                YES
            } else {
                NO
            }
        }
    };
    Vector::Truths(Lane::all((0..a.len()).map(at).collect()))
}

pub(super) fn start_of_month(args: &[Vector], _: usize) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.times();
    let at = |i| match a.at(i) {
        MISSING_TIME => MISSING_TIME,
        ms => (ms.div_euclid(MS_A_DAY) - Part::Day.of(ms) + 1) * MS_A_DAY,
    };
    Vector::Times(Lane::all((0..a.len()).map(at).collect()))
}

pub(super) fn days_between(args: &[Vector], rows: usize) -> Vector<'static> {
    let [from, to] = args else { return Vector::Missing };
    let length = length(&[from, to], rows);
    let (from, to) = (from.times(), to.times());
    let at = |i| {
        let (from, to) = (from.at(i), to.at(i));
        if from.is_missing() || to.is_missing() {
            return f64::NAN;
        }
        to.saturating_sub(from) as f64 / MS_A_DAY as f64
    };
    Vector::Numbers(Lane::all((0..length).map(at).collect()))
}

/// Dates so many days later.
pub(super) fn add_days(args: &[Vector], rows: usize) -> Vector<'static> {
    let [date, days] = args else { return Vector::Missing };
    shifted(date, days, 1.0, rows)
}

pub(super) fn shifted(date: &Vector, days: &Vector, sign: f64, rows: usize) -> Vector<'static> {
    let length = length(&[date, days], rows);
    let (date, days) = (date.times(), days.numbers());
    let at = |i| match date.at(i) {
        MISSING_TIME => MISSING_TIME,
        ms => time(ms as f64 + sign * days.at(i) * MS_A_DAY as f64),
    };
    Vector::Times(Lane::all((0..length).map(at).collect()))
}

pub(super) fn make_date(args: &[Vector], rows: usize) -> Vector<'static> {
    let [year, month, day] = args else { return Vector::Missing };
    let length = length(&[year, month, day], rows);
    let (year, month, day) = (year.numbers(), month.numbers(), day.numbers());
    let whole = |x: f64| (x.fract() == 0.0 && (0.0..10_000.0).contains(&x)).then_some(x as i64);
    let at = |i| -> Option<i64> {
        Some(days_from_civil(whole(year.at(i))?, whole(month.at(i))?, whole(day.at(i))?)? * MS_A_DAY)
    };
    Vector::Times(Lane::all((0..length).map(|i| at(i).unwrap_or(MISSING_TIME)).collect()))
}

pub(super) fn date(args: &[Vector], rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    let length = length(&all, rows);
    let Some(text) = args.first().map(Vector::texts) else { return Vector::Missing };
    let order = args.get(1).map(Vector::texts);
    let at = |i: usize| -> Option<i64> {
        let text = text.at(i)?;
        let Some(order) = &order else { return date_of(text) };
        let readings = datetime::parse(text, true)?;
        match order.at(i)? {
            order if order.eq_ignore_ascii_case("dmy") => readings.day_first,
            order if order.eq_ignore_ascii_case("mdy") => readings.month_first,
            _ => date_of(text),
        }
    };
    Vector::Times(Lane::all((0..length).map(|i| at(i).unwrap_or(MISSING_TIME)).collect()))
}
