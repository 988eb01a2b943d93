//! Numbers as people read them, where the page, the report and the command line agree.

/// Digits in threes: `48,842`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// About four significant digits.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let size = x.abs();
    if size >= 10_000.0 {
        let sign = if x < 0.0 { "−" } else { "" };
        return if size < 1e15 {
            format!("{sign}{}", count(size.round() as u64))
        } else {
            format!("{x:.3e}")
        };
    }
    let digits = match size {
        _ if size == 0.0 || size >= 1000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 0.000_1 => 4,
        _ => return format!("{x:.2e}"),
    };
    format!("{x:.digits$}").replace('-', "−")
}

/// As [`number`], without digits that say nothing: `9.5`, `0.861`. For figures that stand alone; in a column of figures
/// their points stand below each other.
pub fn figure(x: f64) -> String {
    let text = number(x);
    match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A share: `85.9 %`
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!([count(0), count(999), count(1_000)], ["0", "999", "1,000"]);
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percent(0.859_4), "85.9 %");
    }

    #[test]
    fn figures_end_with_a_digit_that_says_something() {
        let shown = [9.5, 0.861, 2.0, -0.25, 120.0, 12_000.0, 1e-9, 0.1 + 0.2].map(figure);
        assert_eq!(shown, ["9.5", "0.861", "2", "−0.25", "120", "12,000", "1.00e-9", "0.3"]);
    }
}
