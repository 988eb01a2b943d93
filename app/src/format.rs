//! Numbers and names as people read them.

use automl_core::model::Task;
pub use automl_core::numeric::{count, figure, number, percent};

/// A number as it was written, where that is short: `9`, `351.5`.
pub fn plain(x: f64) -> String {
    let text = x.to_string();
    if text.len() <= 7 && x.abs() < 1e4 { text.replace('-', "−") } else { number(x) }
}

/// Characters of a number in a cell.
const CELL: usize = 10;

/// A number of a table as it stands in a cell: as it was read or computed, with no more digits than are read at a
/// glance. Whole numbers, which may be names, keep all of theirs.
pub fn cell(text: &str) -> String {
    let short = || {
        let x: f64 = text.parse().ok().filter(|x: &f64| x.is_finite())?;
        let size = x.abs();
        let written = match size {
            _ if size != 0.0 && !(1e-4..1e9).contains(&size) => format!("{x:.4e}"),
            _ => {
                let whole = if size >= 1.0 { format!("{:.0}", size.floor()).len() } else { 0 };
                let digits = 6_usize.saturating_sub(whole).max(2);
                let written = format!("{x:.digits$}");
                written.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        };
        Some(written)
    };
    let is_long = text.len() > CELL && (text.contains('.') || text.contains(['e', 'E']));
    is_long.then(short).flatten().unwrap_or_else(|| text.to_owned())
}

/// A score and its spread: `0.8610 ± 0.0040`, which does not break before the spread's number.
pub fn score(mean: Option<f64>, sd: Option<f64>) -> String {
    match (mean, sd) {
        (Some(mean), Some(sd)) => format!("{} ±\u{a0}{}", number(mean), number(sd)),
        (Some(mean), None) => number(mean),
        _ => "–".to_owned(),
    }
}

/// `5,000 rows × 20 columns`.
pub fn size(rows: u64, columns: u64) -> String {
    let word = |n: u64, one: &str| if n == 1 { one.to_owned() } else { format!("{one}s") };
    format!("{} {} × {} {}", count(rows), word(rows, "row"), count(columns), word(columns, "column"))
}

/// `0.8 s`, `12 s`, `3 min 20 s`.
pub fn seconds(secs: f64) -> String {
    // Sums of nothing are −0.
    let secs = secs.max(0.0) + 0.0;
    if secs < 10.0 {
        format!("{secs:.1} s")
    } else if secs < 120.0 {
        format!("{secs:.0} s")
    } else {
        format!("{:.0} min {:.0} s", (secs / 60.0).floor(), secs % 60.0)
    }
}

/// `512 bytes`, `1.2 MB`.
pub fn bytes(n: u64) -> String {
    match n {
        1 => "1 byte".to_owned(),
        0..1000 => format!("{n} bytes"),
        1000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// What is predicted, after the column's name: `(yes / no)`, `(one of 5 classes)`, `(a number)`.
pub fn answer(task: Task, classes: &[(String, u64)]) -> String {
    match task {
        Task::Regression => "a number".to_owned(),
        _ if classes.len() <= 4 => classes.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" / "),
        _ => format!("one of {} classes", classes.len()),
    }
}

/// A task in words for a menu.
pub fn task(task: Task) -> &'static str {
    match task {
        Task::Binary => "two classes",
        Task::Multiclass => "several classes",
        Task::Regression => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sensible_digits() {
        let shown: Vec<String> =
            [0.0, 0.861_23, 12.345, 345.67, 4567.8, 48_842.0, -62_000.0, 0.000_012_3, f64::NAN]
                .into_iter()
                .map(number)
                .collect();
        assert_eq!(shown, ["0", "0.8612", "12.35", "345.7", "4568", "48,842", "−62,000", "1.23e-5", "–"]);
        assert_eq!([9.0, -351.5, 0.1 + 0.2, 755_000.0].map(plain), ["9", "−351.5", "0.3000", "755,000"]);
        assert_eq!(score(Some(0.5), Some(0.25)), "0.5000 ±\u{a0}0.2500");
        assert_eq!(score(None, None), "–");
    }

    #[test]
    fn cells_are_read_at_a_glance() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected, "{text}");
        check("0.30000000000000004", "0.3");
        check("12345.678901234567", "12345.68");
        check("-0.012345678901", "-0.012346");
        check("0.0000000123456789", "1.2346e-8");
        check("9.5000", "9.5000");
        check("12345678901234567890", "12345678901234567890");
        check("3.25", "3.25");
        check("1990-01-01.x", "1990-01-01.x");
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!([bytes(0), bytes(1), bytes(406_064)], ["0 bytes", "1 byte", "406.1 kB"]);
        assert_eq!(seconds(-0.0), "0.0 s");
        assert_eq!(size(5_000, 20), "5,000 rows × 20 columns");
        assert_eq!(size(1, 1), "1 row × 1 column");
        assert_eq!([seconds(0.84), seconds(59.6), seconds(200.0)], ["0.8 s", "60 s", "3 min 20 s"]);
    }

    #[test]
    fn few_classes_are_named() {
        let classes = |n: usize| (0..n).map(|i| (i.to_string(), 1)).collect::<Vec<_>>();
        assert_eq!(answer(Task::Binary, &classes(2)), "0 / 1");
        assert_eq!(answer(Task::Multiclass, &classes(9)), "one of 9 classes");
    }
}
