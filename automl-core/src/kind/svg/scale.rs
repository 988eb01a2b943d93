//! From values to pixels, and where an axis has its marks.

use crate::kind::AxisScale;
use crate::numeric::math::{log10, pow};

/// Marks of an axis, or a few more or fewer.
const TICKS: f64 = 5.0;
const DAY: f64 = 86_400_000.0;
/// Names of categories that an axis has room for.
const NAMES: usize = 12;
/// Characters of a name beside an axis.
const NAME_CHARS: usize = 14;

/// Values from `low` to `high` on pixels from `start` to `end`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    is_log: bool,
    /// Value and words, in order.
    pub ticks: Vec<(f64, String)>,
}

impl Scale {
    /// `range`: of the values; with `zero`, 0 belongs to it. `pixels`: where its ends lie.
    pub fn new(kind: &AxisScale, range: (f64, f64), zero: bool, pixels: (f64, f64)) -> Self {
        let (mut low, mut high) = range;
        if !(low.is_finite() && high.is_finite() && low <= high) {
            (low, high) = (0.0, 1.0);
        }
        let is_log = matches!(kind, AxisScale::Log) && high > 0.0;
        let ticks = match kind {
            AxisScale::Category { names } => {
                (low, high) = (-0.5, names.len().max(1) as f64 - 0.5);
                names_of(names)
            }
            AxisScale::Log if is_log => {
                // Values that a logarithm has no place for stay at the lower end.
                low = if low > 0.0 { low } else { high / 1e3 };
                (low, high) = if low < high { (low, high) } else { (low / 10.0, high * 10.0) };
                powers(low, high)
            }
            AxisScale::Time => {
                (low, high) = if low < high { (low, high) } else { (low - DAY, high + DAY) };
                dates(low, high)
            }
            AxisScale::Linear | AxisScale::Log => {
                (low, high) = if zero { (low.min(0.0), high.max(0.0)) } else { (low, high) };
                if low == high {
                    let half = if low == 0.0 { 1.0 } else { low.abs() / 2.0 };
                    (low, high) = (low - half, high + half);
                }
                let step = step_of((high - low) / TICKS);
                if zero || (high - low) / step < 2.0 * TICKS {
                    (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
                }
                linear(low, high, step)
            }
        };
        Self { low, high, start: pixels.0, end: pixels.1, is_log, ticks }
    }

    /// The pixel of a value.
    pub fn at(&self, value: f64) -> f64 {
        let place = |v: f64| if self.is_log { log10(v.max(self.low)) } else { v };
        let (low, high) = (place(self.low), place(self.high));
        let share = if high > low { (place(value) - low) / (high - low) } else { 0.5 };
        self.start + share.clamp(-0.5, 1.5) * (self.end - self.start)
    }

    /// The lowest value that is drawn: 0, or the axis's end.
    pub fn floor(&self) -> f64 {
        if self.is_log { self.low } else { 0.0_f64.clamp(self.low, self.high) }
    }
}

/// 1, 2 or 5 times a power of ten, not below `x`.
fn step_of(x: f64) -> f64 {
    if !(x.is_finite() && x > 0.0) {
        return 1.0;
    }
    let power = pow(10.0, log10(x).floor());
    [1.0, 2.0, 5.0].into_iter().map(|t| t * power).find(|s| *s >= x * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn linear(low: f64, high: f64, step: f64) -> Vec<(f64, String)> {
    let decimals = (-log10(step).floor()).clamp(0.0, 12.0) as usize;
    let first = (low / step - 1e-9).ceil();
    (0..64)
        .map(|i| (first + f64::from(i)) * step)
        .take_while(|v| *v <= high + step * 1e-9)
        .map(|v| (v, label(v, decimals)))
        .collect()
}

/// A number beside an axis: with thousands apart, or a power of ten where it is huge or tiny.
fn label(value: f64, decimals: usize) -> String {
    let value = if value == 0.0 { 0.0 } else { value };
    let text = if value.abs() >= 1e9 || decimals > 6 {
        format!("{value:.1e}")
    } else if value.abs() >= 10_000.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{}", crate::numeric::count(value.abs().round() as u64))
    } else {
        format!("{value:.decimals$}")
    };
    text.replace('-', "−")
}

fn powers(low: f64, high: f64) -> Vec<(f64, String)> {
    let (first, last) = (log10(low).floor() as i32, log10(high).ceil() as i32);
    let every = ((last - first) / 8).max(1);
    let times: &[f64] = if last - first <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    (first..=last)
        .filter(|p| (p - first) % every == 0)
        .flat_map(|p| times.iter().map(move |t| (t * pow(10.0, f64::from(p)), p)))
        .filter(|(v, _)| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9))
        .map(|(v, p)| (v, label(v, (-p).clamp(0, 12) as usize)))
        .collect()
}

fn names_of(names: &[String]) -> Vec<(f64, String)> {
    let every = names.len().div_ceil(NAMES).max(1);
    let named = names.iter().enumerate().step_by(every);
    named.map(|(i, name)| (i as f64, shortened(name, NAME_CHARS))).collect()
}

/// At most `most` characters.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// (year, month from 1, day from 1) of a day since 1970 in the Gregorian calendar (H. Hinnant, `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The day since 1970 of the first of a month (H. Hinnant, `days_from_civil`).
fn first_of(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A point in time, as much of it as matters for a range of `span` milliseconds.
pub fn date_words(millis: f64, span: f64) -> String {
    if !millis.is_finite() || millis.abs() > 8e15 {
        return "–".to_owned();
    }
    let (year, month, day) = civil((millis / DAY).floor() as i64);
    let name = MONTHS[(month - 1).clamp(0, 11) as usize];
    let minutes = (millis.rem_euclid(DAY) / 60_000.0) as i64;
    if span < 2.0 * DAY {
        format!("{day} {name} {:02}:{:02}", minutes / 60, minutes % 60)
    } else if span < 300.0 * DAY {
        format!("{day} {name} {year}")
    } else if span < 4000.0 * DAY {
        format!("{name} {year}")
    } else {
        year.to_string()
    }
}

fn dates(low: f64, high: f64) -> Vec<(f64, String)> {
    let span = high - low;
    let short = [1.0 / 24.0, 0.125, 0.25, 0.5, 1.0, 2.0, 7.0, 14.0].map(|d| d * DAY);
    let fixed = short.into_iter().find(|s| span / s <= TICKS + 1.0);
    let within = |v: &f64| *v >= low && *v <= high;
    if let Some(step) = fixed {
        let first = (low / step).ceil();
        let places = (0..16).map(|i| (first + f64::from(i)) * step).filter(within);
        return places.map(|v| (v, date_words(v, span.min(200.0 * DAY)))).collect();
    }
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000];
    let every = months.into_iter().find(|m| span / (*m as f64 * 30.4 * DAY) <= TICKS + 1.0).unwrap_or(12_000);
    let (year, month, _) = civil((low / DAY).floor().clamp(-1e8, 1e8) as i64);
    let first = (year * 12 + month - 1).div_euclid(every) * every;
    let places = (0..16).map(|i| first + i * every);
    let places = places.map(|m| first_of(m.div_euclid(12), m.rem_euclid(12) + 1) as f64 * DAY).filter(within);
    let shown = if every >= 12 { 1e6 * DAY } else { 400.0 * DAY };
    places.map(|v| (v, date_words(v, shown))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(kind: &AxisScale, low: f64, high: f64, zero: bool) -> Vec<String> {
        Scale::new(kind, (low, high), zero, (0.0, 100.0)).ticks.into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn marks_are_round() {
        let check = |kind: &AxisScale, low: f64, high: f64, zero: bool, expected: &[&str]| {
            assert_eq!(ticks(kind, low, high, zero), expected, "{low} to {high}");
        };
        check(&AxisScale::Linear, 0.0, 97.0, true, &["0", "20", "40", "60", "80", "100"]);
        check(&AxisScale::Linear, -0.03, 0.12, true, &["−0.05", "0.00", "0.05", "0.10", "0.15"]);
        check(&AxisScale::Linear, 3.0, 3.0, false, &["1", "2", "3", "4", "5"]);
        check(&AxisScale::Linear, f64::NAN, 3.0, false, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        check(&AxisScale::Log, 0.5, 2e4, false, &["1", "10", "100", "1000", "10,000"]);
        check(&AxisScale::Log, -3.0, 0.0, true, &["−3", "−2", "−1", "0"]);
        let names = AxisScale::Category { names: vec!["a".into(), "a name that is far too long".into()] };
        check(&names, 0.0, 0.0, true, &["a", "a name that i…"]);
    }

    #[test]
    fn dates_have_months_and_years() {
        let day = |d: i64| d as f64 * DAY;
        let (from, to) = (first_of(2020, 1), first_of(2021, 1));
        assert_eq!(civil(from), (2020, 1, 1));
        assert_eq!(civil(first_of(1969, 12) + 30), (1969, 12, 31));
        let shown = ticks(&AxisScale::Time, day(from), day(to), false);
        assert_eq!(shown, ["Jan 2020", "Apr 2020", "Jul 2020", "Oct 2020", "Jan 2021"]);
        let shown = ticks(&AxisScale::Time, day(first_of(1990, 5)), day(to), false);
        assert_eq!(shown, ["2000", "2010", "2020"]);
        let shown = ticks(&AxisScale::Time, day(from), day(from + 1), false);
        assert_eq!(shown, ["1 Jan 00:00", "1 Jan 06:00", "1 Jan 12:00", "1 Jan 18:00", "2 Jan 00:00"]);
    }

    #[test]
    fn values_lie_in_proportion() {
        let scale = Scale::new(&AxisScale::Linear, (0.0, 10.0), true, (200.0, 0.0));
        assert_eq!((scale.at(0.0), scale.at(5.0), scale.at(10.0)), (200.0, 100.0, 0.0));
        let scale = Scale::new(&AxisScale::Log, (1.0, 100.0), false, (0.0, 100.0));
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9);
    }
}
