//! Dates and times: ISO 8601 and the common local forms.
//!
//! Times are milliseconds since 1970-01-01T00:00:00 in the file's own clock: an offset (`Z`, `+02:00`) is read
//! over. Calendar arithmetic counts days of the proleptic Gregorian calendar in years that begin in March.

pub(crate) const MS_A_DAY: i64 = 86_400_000;

/// The two ways to read a date. They are equal unless day and month can be swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readings {
    pub day_first: Option<i64>,
    pub month_first: Option<i64>,
    /// The parts stand in the order day/month or month/day (not ISO, no name of a month).
    pub local: bool,
}

/// Days from 1970-01-01 to a date; `None` where there is no such date.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let march_year = if month <= 2 { year - 1 } else { year };
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let leap_days = march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    Some(march_year * 365 + leap_days + day_of_year - 719_468)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// `2024-02-29`, `2024-02-29T13:05:00` or `2024-02-29T13:05:00.250`: as short as loses nothing.
pub(crate) fn format(ms: i64) -> String {
    let (year, month, day) = civil_from_days(ms.div_euclid(MS_A_DAY));
    let in_day = ms.rem_euclid(MS_A_DAY);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if in_day == 0 {
        return date;
    }
    let (hours, minutes, secs) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60);
    match in_day % 1000 {
        0 => format!("{date}T{hours:02}:{minutes:02}:{secs:02}"),
        fraction => format!("{date}T{hours:02}:{minutes:02}:{secs:02}.{fraction:03}"),
    }
}

/// A cursor over the bytes of a field.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn skip(&mut self, n: usize) {
        self.0 = self.0.get(n..).unwrap_or(&[]);
    }

    fn eat(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let byte = self.peek().filter(|&b| wanted(b))?;
        self.skip(1);
        Some(byte)
    }

    /// One to `most` digits: their number and their count.
    fn number(&mut self, most: usize) -> Option<(i64, usize)> {
        let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 || count > most {
            return None;
        }
        let value = self.0[..count].iter().fold(0i64, |n, b| n * 10 + i64::from(b - b'0'));
        self.skip(count);
        Some((value, count))
    }

    fn spaces(&mut self) {
        while self.eat(|b| b == b' ').is_some() {}
    }

    /// The number of the English month whose name stands here, in full or in its first three letters.
    fn month_name(&mut self) -> Option<i64> {
        const NAMES: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let count = self.0.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let word = self.0[..count].to_ascii_lowercase();
        let at = NAMES.iter().position(|name| {
            name.as_bytes() == word
                || name.as_bytes().get(..3) == Some(word.as_slice())
                || (word == b"sept" && *name == "september")
        })?;
        self.skip(count);
        Some(at as i64 + 1)
    }
}

/// Two-digit years are of 1969–2068.
fn full_year(year: i64, width: usize) -> Option<i64> {
    match width {
        4 if year > 0 => Some(year),
        2 => Some(if year < 69 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

/// Both readings of the date at the cursor, in days.
fn date(c: &mut Cursor, compact: bool) -> Option<Readings> {
    let same = |days: Option<i64>| Readings { day_first: days, month_first: days, local: false };
    if c.peek()?.is_ascii_alphabetic() {
        let month = c.month_name()?;
        c.eat(|b| b == b'.');
        c.spaces();
        let (day, _) = c.number(2)?;
        c.eat(|b| b == b',');
        c.spaces();
        let (year, width) = c.number(4)?;
        return Some(same(days_from_civil(full_year(year, width)?, month, day)));
    }
    let (first, width) = c.number(8)?;
    if width == 8 && (compact || matches!(c.peek(), Some(b'T' | b't'))) {
        return Some(same(days_from_civil(first / 10_000, first / 100 % 100, first % 100)));
    }
    let separator = c.eat(|b| matches!(b, b'-' | b'/' | b'.' | b' '))?;
    if width == 4 && separator != b' ' {
        let (month, month_width) = c.number(2)?;
        if c.peek() != Some(separator) {
            let whole = c.0.is_empty() && month_width == 2 && separator != b'.';
            return Some(same(whole.then(|| days_from_civil(first, month, 1)).flatten()));
        }
        c.skip(1);
        let (day, _) = c.number(2)?;
        return Some(same(days_from_civil(full_year(first, 4)?, month, day)));
    }
    if width > 2 {
        return None;
    }
    if c.peek()?.is_ascii_alphabetic() {
        let month = c.month_name()?;
        c.eat(|b| matches!(b, b'-' | b'.' | b','));
        c.spaces();
        let (year, width) = c.number(4)?;
        return Some(same(days_from_civil(full_year(year, width)?, month, first)));
    }
    if separator == b' ' {
        return None;
    }
    let (second, second_width) = c.number(2)?;
    c.eat(|b| b == separator)?;
    let (year, year_width) = c.number(4)?;
    if separator == b'.' && year_width == 2 && (width != 2 || second_width != 2) {
        return None;
    }
    let year = full_year(year, year_width)?;
    Some(Readings {
        day_first: days_from_civil(year, second, first),
        month_first: days_from_civil(year, first, second),
        local: true,
    })
}

/// Milliseconds of the time of day at the cursor, its offset read over.
fn time(c: &mut Cursor) -> Option<i64> {
    let (mut hours, _) = c.number(2)?;
    c.eat(|b| b == b':')?;
    let (minutes, _) = c.number(2)?;
    let (mut secs, mut ms) = (0, 0);
    if c.eat(|b| b == b':').is_some() {
        (secs, _) = c.number(2)?;
        if c.eat(|b| b == b'.' || b == b',').is_some() {
            let count = c.0.iter().take_while(|b| b.is_ascii_digit()).count();
            if count == 0 {
                return None;
            }
            let thousandths = c.0.iter().take(count.min(3)).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
            ms = thousandths * [100, 10, 1][count.min(3) - 1];
            c.skip(count);
        }
    }
    c.spaces();
    if let Some(half) = c.eat(|b| matches!(b, b'A' | b'a' | b'P' | b'p')) {
        c.eat(|b| matches!(b, b'M' | b'm'))?;
        if !(1..=12).contains(&hours) {
            return None;
        }
        hours = hours % 12 + if matches!(half, b'P' | b'p') { 12 } else { 0 };
    }
    offset(c)?;
    (hours < 24 && minutes < 60 && secs < 61)
        .then_some(hours * 3_600_000 + minutes * 60_000 + secs * 1000 + ms)
}

fn offset(c: &mut Cursor) -> Option<()> {
    c.spaces();
    if c.0.eq_ignore_ascii_case(b"z") || c.0.eq_ignore_ascii_case(b"utc") || c.0.eq_ignore_ascii_case(b"gmt")
    {
        c.0 = &[];
    } else if c.eat(|b| b == b'+' || b == b'-').is_some() {
        let (_, width) = c.number(4)?;
        if width == 2 && c.eat(|b| b == b':').is_some() {
            c.number(2)?;
        }
    }
    Some(())
}

/// Both readings of a whole field; `None` where it is no date at all. `compact` allows `20240131`.
pub(crate) fn parse(text: &str, compact: bool) -> Option<Readings> {
    let bytes = text.trim().as_bytes();
    if bytes.len() < 6 || bytes.len() > 40 || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut c = Cursor(bytes);
    let mut readings = date(&mut c, compact)?;
    let mut in_day = 0;
    if !c.0.is_empty() {
        c.eat(|b| b == b',');
        c.eat(|b| matches!(b, b'T' | b't' | b' '))?;
        c.spaces();
        in_day = time(&mut c)?;
        if !c.0.is_empty() {
            return None;
        }
    }
    let at = |days: Option<i64>| days.map(|d| d * MS_A_DAY + in_day);
    readings = Readings {
        day_first: at(readings.day_first),
        month_first: at(readings.month_first),
        local: readings.local,
    };
    (readings.day_first.is_some() || readings.month_first.is_some()).then_some(readings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, day_first: Option<&str>, month_first: Option<&str>) {
        let got = parse(text, false);
        let show = |ms: Option<i64>| ms.map(format);
        assert_eq!(show(got.and_then(|r| r.day_first)).as_deref(), day_first, "{text:?} day first");
        assert_eq!(show(got.and_then(|r| r.month_first)).as_deref(), month_first, "{text:?} month first");
    }

    #[test]
    fn unambiguous_forms() {
        for (text, expected) in [
            ("2024-02-29", "2024-02-29"),
            ("2024/2/9", "2024-02-09"),
            ("1969-12-31", "1969-12-31"),
            ("2024-02", "2024-02-01"),
            ("2024-02-29T13:05", "2024-02-29T13:05:00"),
            ("2024-02-29 13:05:07.25", "2024-02-29T13:05:07.250"),
            ("2024-02-29T13:05:07Z", "2024-02-29T13:05:07"),
            ("2024-02-29T13:05:07.123456+02:00", "2024-02-29T13:05:07.123"),
            ("20240229T130507", "never"),
            ("5 Jan 2024", "2024-01-05"),
            ("05-JAN-24", "2024-01-05"),
            ("January 5, 2024", "2024-01-05"),
            ("Jan 5 2024 12:30 AM", "2024-01-05T00:30:00"),
        ] {
            if expected == "never" {
                check(text, None, None);
            } else {
                check(text, Some(expected), Some(expected));
            }
        }
    }

    #[test]
    fn local_forms_keep_both_readings() {
        check("03/04/2024", Some("2024-04-03"), Some("2024-03-04"));
        check("31/12/99", Some("1999-12-31"), None);
        check("12/31/2024 3:05 PM", None, Some("2024-12-31T15:05:00"));
        check("1.2.2024", Some("2024-02-01"), Some("2024-01-02"));
        check("29.02.2023", None, None);
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "1.2.3",
            "192.168.1.1",
            "2024",
            "20240131",
            "12:30",
            "2024-13-01",
            "2023-02-29",
            "1990-91",
            "555-1234",
            "May",
            "2024-01-01x",
            "2024-01-01 25:00",
            "12-2024",
            "1/2/3",
            "99999999999999999999-01-01",
        ] {
            assert_eq!(parse(text, false), None, "{text:?}");
        }
        assert_eq!(
            parse("20240131", true).and_then(|r| r.day_first).map(format).as_deref(),
            Some("2024-01-31")
        );
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        let mut expected = days_from_civil(1600, 1, 1).unwrap();
        for year in 1600..2400 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_from_civil(year, month, day), Some(expected));
                    assert_eq!(civil_from_days(expected), (year, month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), Some(0));
    }
}
