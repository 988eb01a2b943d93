//! Numbers as people and programs write them.
//!
//! Plain decimals take the short cut of Clinger, "How to read floating point numbers accurately" (PLDI 1990): a
//! mantissa of at most 2⁵³ and a power of ten of at most 10²² are both exact doubles, so one multiplication or
//! division rounds correctly. Everything else goes through the standard library, which rounds correctly too.

use super::options::Decimal;

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Longer fields are no numbers.
const LONGEST: usize = 400;

/// A run of digits: how many there are, with `mantissa` (wrapping) carried on.
#[inline]
fn digits(text: &[u8], mut mantissa: u64) -> (usize, u64) {
    let mut n = 0;
    while let Some(&b) = text.get(n) {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        n += 1;
    }
    (n, mantissa)
}

/// Reads `[+-] digits [point digits] [e [+-] digits]` with nothing around it.
#[inline]
pub(crate) fn plain(text: &[u8], point: u8) -> Option<f64> {
    let (negative, body) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, mut mantissa) = digits(body, 0);
    let mut at = whole;
    let mut fraction = 0;
    if body.get(at) == Some(&point) {
        (fraction, mantissa) = digits(body.get(at + 1..)?, mantissa);
        at += 1 + fraction;
    }
    let count = whole + fraction;
    if count == 0 {
        return None;
    }
    let mut exponent = 0i32;
    if at < body.len() {
        if !matches!(body[at], b'e' | b'E') {
            return None;
        }
        let rest = &body[at + 1..];
        let (sign, rest) = match rest.first()? {
            b'-' => (-1, &rest[1..]),
            b'+' => (1, &rest[1..]),
            _ => (1, rest),
        };
        let (n, e) = digits(rest, 0);
        if n == 0 || n != rest.len() {
            return None;
        }
        exponent = sign * if n > 6 { 99_999 } else { e as i32 };
    }
    let scale = exponent - fraction as i32;
    let size = if count <= 19 && mantissa <= 1 << 53 && scale.unsigned_abs() <= 22 {
        let power = POWERS[scale.unsigned_abs() as usize];
        if scale < 0 { mantissa as f64 / power } else { mantissa as f64 * power }
    } else {
        return slow(text, point);
    };
    Some(if negative { -size } else { size })
}

/// The standard library's reading of a text that [`plain`] has found to be well formed.
#[cold]
fn slow(text: &[u8], point: u8) -> Option<f64> {
    if text.len() > LONGEST {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if point == b'.' { text.parse().ok() } else { text.replace(char::from(point), ".").parse().ok() }
}

/// A number with what was around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub value: f64,
    /// A percent or currency sign was taken off.
    pub unit: bool,
}

const CURRENCIES: [&str; 24] = [
    "US$", "A$", "C$", "R$", "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₴", "₫", "฿", "USD", "EUR", "GBP",
    "CHF", "JPY", "INR", "CNY", "zł", "kr",
];

/// Reads a number in any of the forms of a spreadsheet: signs, thousands separators (`1,234.5`, `1 234,5`,
/// `1'234`), percent, currency, accounting brackets, infinity. Percent and currency are units: `12 %` is 12.
pub(crate) fn rich(text: &str, decimal: Decimal) -> Option<Number> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    if let Some(value) = plain(text.as_bytes(), decimal.byte()) {
        return Some(Number { value, unit: false });
    }
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return infinity(text).map(|value| Number { value, unit: false });
    }
    let (bracketed, text) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (true, inner.trim()),
        None => (false, text),
    };
    let (first_sign, text) = strip_sign(text);
    let (text, unit) = strip_unit(text);
    let (second_sign, text) = if first_sign.is_none() { strip_sign(text) } else { (None, text) };
    if bracketed && (first_sign.is_some() || second_sign.is_some()) {
        return None;
    }
    let negative = bracketed || first_sign.or(second_sign) == Some(true);
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == char::from(decimal.byte())) {
        return None;
    }
    let size = match plain(text.as_bytes(), decimal.byte()) {
        Some(size) => size,
        None => plain(ungrouped(text, decimal)?.as_bytes(), b'.')?,
    };
    Some(Number { value: if negative { -size } else { size }, unit })
}

fn infinity(text: &str) -> Option<f64> {
    let (sign, rest) = strip_sign(text);
    let is = |word: &str| rest.eq_ignore_ascii_case(word);
    (is("inf") || is("infinity") || rest == "∞").then_some(if sign == Some(true) {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    })
}

/// `Some(true)` for a minus.
fn strip_sign(text: &str) -> (Option<bool>, &str) {
    let mut chars = text.chars();
    match chars.next() {
        Some('-' | '\u{2212}') => (Some(true), chars.as_str().trim_start()),
        Some('+') => (Some(false), chars.as_str().trim_start()),
        _ => (None, text),
    }
}

fn strip_unit(text: &str) -> (&str, bool) {
    if let Some(rest) = text.strip_suffix(['%', '‰']) {
        return (rest.trim_end(), true);
    }
    for sign in CURRENCIES {
        if let Some(rest) = text.strip_prefix(sign) {
            return (rest.trim_start(), true);
        }
        if let Some(rest) = text.strip_suffix(sign) {
            return (rest.trim_end(), true);
        }
    }
    (text, false)
}

/// `1,234,567.8` as `1234567.8`: one kind of separator, one to three digits before the first, three after the
/// last, two (as in India) or three between.
fn ungrouped(text: &str, decimal: Decimal) -> Option<String> {
    let point = char::from(decimal.byte());
    let (whole, fraction) = text.split_once(point).map_or((text, None), |(w, f)| (w, Some(f)));
    let separator = whole.chars().find(|c| !c.is_ascii_digit())?;
    let allowed = separator == char::from(decimal.other().byte())
        || matches!(separator, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' | '_');
    if !allowed {
        return None;
    }
    let groups: Vec<&str> = whole.split(separator).collect();
    let last = groups.len() - 1;
    for (i, group) in groups.iter().enumerate() {
        let width_fits = match i {
            0 => (1..=3).contains(&group.len()),
            _ if i == last => group.len() == 3,
            _ => (2..=3).contains(&group.len()),
        };
        if !width_fits || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    }
    let mut out: String = groups.concat();
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    Some(out)
}

/// Whether `text` is an integer that a double cannot hold exactly.
pub(crate) fn is_big_integer(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']).trim_start_matches('0');
    digits.len() > 15
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.parse::<u64>().map_or(true, |n| n > 1 << 53)
}

/// Whether `x` survives storage in an `f32` unchanged (NaN does).
#[inline]
pub(crate) fn fits_f32(x: f64) -> bool {
    f64::from(x as f32) == x || x.is_nan()
}

/// The shortest text that reads back as `x`.
pub(crate) fn shortest(x: f64) -> String {
    let size = x.abs();
    if size != 0.0 && !(1e-5..1e16).contains(&size) { format!("{x:e}") } else { format!("{x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, decimal: Decimal, expected: Option<f64>) {
        let got = rich(text, decimal).map(|n| n.value);
        assert_eq!(got, expected, "{text:?} with {decimal:?}");
    }

    #[test]
    fn plain_numbers_round_as_the_standard_library_does() {
        for text in [
            "0",
            "-0.0",
            "1",
            "+5",
            "3.14",
            ".5",
            "5.",
            "1e3",
            "1E-7",
            "123456789012345678",
            "0.1",
            "1e22",
            "1e23",
            "9007199254740993",
            "2.2250738585072014e-308",
            "4.9e-324",
            "1e400",
            "179769313486231580793728971405",
            "0.000000000000000000000000000000001",
            "00012.50",
        ] {
            let expected: f64 = text.parse().unwrap();
            let got = plain(text.as_bytes(), b'.').unwrap();
            assert_eq!(got.to_bits(), expected.to_bits(), "{text}");
        }
        for text in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "1 ", " 1", "0x10", "1,5", "--1", "1e5.0", "٣"]
        {
            assert_eq!(plain(text.as_bytes(), b'.'), None, "{text:?}");
        }
    }

    #[test]
    fn spreadsheet_forms() {
        use Decimal::{Comma, Point};
        check("1,234.5", Point, Some(1234.5));
        check("1,234,567", Point, Some(1_234_567.0));
        check("12,34,567", Point, Some(1_234_567.0));
        check("1,23", Point, None);
        check("1,2345", Point, None);
        check("1.234,5", Comma, Some(1234.5));
        check("1 234,5", Comma, Some(1234.5));
        check("1\u{a0}234", Point, Some(1234.0));
        check("1'234.50", Point, Some(1234.5));
        check("12%", Point, Some(12.0));
        check("12,5 %", Comma, Some(12.5));
        check("$1,000", Point, Some(1000.0));
        check("-$5.25", Point, Some(-5.25));
        check("$-5.25", Point, Some(-5.25));
        check("(1,000)", Point, Some(-1000.0));
        check("1.000,00 €", Comma, Some(1000.0));
        check("USD 7", Point, Some(7.0));
        check("\u{2212}3", Point, Some(-3.0));
        check("inf", Point, Some(f64::INFINITY));
        check("-Infinity", Point, Some(f64::NEG_INFINITY));
        for text in ["$", "%", "()", "5 apples", "1-2", "12:30", "info", "$$5", "(-5)", "1,,000", ","] {
            check(text, Point, None);
        }
    }

    #[test]
    fn integers_beyond_doubles_are_seen() {
        assert!(is_big_integer("12345678901234567890"));
        assert!(is_big_integer("9007199254740993"));
        assert!(!is_big_integer("9007199254740992"));
        assert!(!is_big_integer("0000000000000000001"));
        assert!(!is_big_integer("1234567890123456.5"));
    }

    #[test]
    fn shortest_text_reads_back() {
        for x in [0.0, -0.0, 1.0, 0.1, 1e300, -2.5e-9, 123_456.789, f64::MIN_POSITIVE] {
            assert_eq!(plain(shortest(x).as_bytes(), b'.').unwrap().to_bits(), x.to_bits());
        }
    }
}
