//! Columns that tell nearly the same. When the values of one are shuffled the model still reads the other, so permutation
//! importance understates both, and shares itself out between them by chance.

use crate::diagnostic::Diagnostic;
use crate::numeric::{mean, sum};
use crate::table::{Column, MISSING_CODE, Values};

/// Correlation, of values or of ranks, from which two columns of numbers tell nearly the same.
const ALIKE: f64 = 0.99;
/// Rows that are looked at, evenly spread; with fewer common values nothing is said.
const MOST_ROWS: usize = 2_000;
const FEWEST_ROWS: usize = 20;
/// Columns that are compared with each other.
const MOST_COLUMNS: usize = 40;
/// Columns that are named in a sentence.
const NAMED: usize = 4;

/// What is compared; yes and no can be both.
#[derive(Default)]
struct Told {
    /// Values and their ranks, NaN where missing.
    numbers: Option<(Vec<f64>, Vec<f64>)>,
    /// Categories, [`MISSING_CODE`] where missing.
    codes: Option<Vec<u32>>,
}

/// Groups of columns that tell nearly the same, as places in `columns`, ascending; of the first 40 columns. Numbers,
/// dates, and yes and no by correlation of values or of ranks, categories where each goes with one of the other's.
pub fn alike(columns: &[&Column]) -> Vec<Vec<usize>> {
    let columns = &columns[..columns.len().min(MOST_COLUMNS)];
    let told: Vec<Told> = columns.iter().map(|c| told(c)).collect();
    let mut group: Vec<usize> = (0..told.len()).collect();
    for b in 0..told.len() {
        for a in 0..b {
            if group[a] != group[b] && is_alike(&told[a], &told[b]) {
                let (keep, gone) = (group[a].min(group[b]), group[a].max(group[b]));
                group.iter_mut().filter(|g| **g == gone).for_each(|g| *g = keep);
            }
        }
    }
    let members = |first: usize| (0..group.len()).filter(|&i| group[i] == first).collect::<Vec<_>>();
    (0..group.len()).map(members).filter(|m| m.len() > 1).collect()
}

/// A note for each group of columns of that kind, the names as `columns` has them.
pub fn notes(columns: &[&Column]) -> Vec<Diagnostic> {
    let note = |group: Vec<usize>| {
        let names: Vec<&str> = group.iter().map(|&i| columns[i].name.as_str()).collect();
        let (all, which) = if names.len() == 2 { ("both", "either") } else { ("them all", "any of them") };
        let message =
            format!("{} tell nearly the same; shuffling one alone understates {all}.", listed(&names));
        Diagnostic::info(
            "importance.alike",
            message,
            format!("Read their importance together: the model may use {which}."),
        )
    };
    alike(columns).into_iter().map(note).collect()
}

/// `"a", "b" and "c"`, cut after a few.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(NAMED).map(|n| format!("\"{n}\"")).collect();
    let more = names.len().saturating_sub(NAMED);
    match quoted.split_last() {
        Some((last, first)) if more == 0 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {more} more", quoted.join(", ")),
    }
}

fn told(column: &Column) -> Told {
    let step = column.len().div_ceil(MOST_ROWS).max(1);
    let rows = (0..column.len()).step_by(step);
    let of_numbers = |values: Vec<f64>| {
        let ranks = ranks(&values);
        Some((values, ranks))
    };
    match &column.values {
        Values::Dict { codes, .. } => {
            Told { codes: Some(rows.map(|row| codes[row]).collect()), ..Told::default() }
        }
        Values::Text(_) => Told::default(),
        Values::Bool { values, missing, .. } => {
            let code = |row| if missing.get(row) { MISSING_CODE } else { u32::from(values.get(row)) };
            let codes: Vec<u32> = rows.map(code).collect();
            let number = |c: &u32| if *c == MISSING_CODE { f64::NAN } else { f64::from(*c) };
            Told { numbers: of_numbers(codes.iter().map(number).collect()), codes: Some(codes) }
        }
        Values::Time(times) => {
            let number = |row: usize| if column.is_missing(row) { f64::NAN } else { times[row] as f64 };
            Told { numbers: of_numbers(rows.map(number).collect()), ..Told::default() }
        }
        Values::F32(_) | Values::F64(_) => {
            let number = |row| column.number(row).unwrap_or(f64::NAN);
            Told { numbers: of_numbers(rows.map(number).collect()), ..Told::default() }
        }
    }
}

/// Ranks from 1, equal values having the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![f64::NAN; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        equal.iter().for_each(|&i| ranks[i] = below as f64 + (equal.len() as f64 + 1.0) / 2.0);
        below += equal.len();
    }
    ranks
}

fn is_alike(a: &Told, b: &Told) -> bool {
    if let (Some((x, r)), Some((y, s))) = (&a.numbers, &b.numbers) {
        return correlation(x, y).abs() > ALIKE || correlation(r, s).abs() > ALIKE;
    }
    matches!((&a.codes, &b.codes), (Some(x), Some(y)) if goes_with(x, y) && goes_with(y, x))
}

/// Pearson's, on the rows where both have a value; 0 where these are few, or fewer than nine tenths of those where one
/// has, or do not vary.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        x.iter().zip(y).filter(|(a, b)| a.is_finite() && b.is_finite()).map(|(a, b)| (*a, *b)).collect();
    let any = x.iter().zip(y).filter(|(a, b)| a.is_finite() || b.is_finite()).count();
    if pairs.len() < FEWEST_ROWS || 10 * pairs.len() < 9 * any {
        return 0.0;
    }
    let centred = |of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        let values: Vec<f64> = pairs.iter().map(of).collect();
        let centre = mean(&values);
        let widest = values.iter().map(|v| (v - centre).abs()).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        values.iter().map(|v| (v - centre) / widest).collect()
    };
    let (x, y) = (centred(|p| p.0), centred(|p| p.1));
    let product = |a: &[f64], b: &[f64]| sum(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<_>>());
    let size = (product(&x, &x) * product(&y, &y)).sqrt();
    if size > 0.0 && size.is_finite() { product(&x, &y) / size } else { 0.0 }
}

/// Whether nearly every value of `x` goes with one of `y`: of the rows outside of `y`'s most frequent value, no more than
/// one in a hundred is not told by `x`.
fn goes_with(x: &[u32], y: &[u32]) -> bool {
    let mut pairs: Vec<(u32, u32)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.retain(|p| p.0 != MISSING_CODE || p.1 != MISSING_CODE);
    pairs.sort_unstable();
    let most_in = |pairs: &[(u32, u32)]| pairs.chunk_by(|a, b| a.1 == b.1).map(<[_]>::len).max().unwrap_or(0);
    let hits: usize = pairs.chunk_by(|a, b| a.0 == b.0).map(most_in).sum();
    let rows = pairs.len();
    pairs.sort_unstable_by_key(|p| p.1);
    let others = rows - most_in(&pairs);
    rows >= FEWEST_ROWS && others > 0 && 100 * (rows - hits) <= others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Format, ReadOptions, Table, read};

    /// A row a number; columns that hang on `a` or on nothing.
    fn table(rows: u64) -> Table {
        let mut csv = "a,twice,minus,cube,other,town,code,blocked,gappy,flag,same_flag\n".to_owned();
        for i in 0..rows {
            let a = (i * 7919) % 1009;
            let other = (i * 104_729) % 997;
            let town = ["Paris", "Rome", "Oslo"][(i % 3) as usize];
            let code = ["P1", "R2", "O3"][(i % 3) as usize];
            let blocked = ["x", "y"][usize::from(i % 3 == 0)];
            let gappy = if i % 2 == 0 { (2 * a + 1).to_string() } else { String::new() };
            let flag = if other > 500 { "yes" } else { "no" };
            let same = if other > 500 { "ja" } else { "nein" };
            csv.push_str(&format!(
                "{a},{},{},{},{other},{town},{code},{blocked},{gappy},{flag},{same}\n",
                2 * a + i % 2,
                5000 - a,
                a * a * a,
            ));
        }
        read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
    }

    #[test]
    fn what_tells_the_same_is_found() {
        let table = table(500);
        let of = |names: &[&str]| -> Vec<Vec<usize>> {
            let columns: Vec<&Column> = names.iter().map(|n| table.column(n).expect("is there")).collect();
            alike(&columns)
        };
        // Straight lines up and down, and the same order.
        assert_eq!(of(&["a", "other", "twice"]), [vec![0, 2]]);
        assert_eq!(of(&["minus", "a"]), [vec![0, 1]]);
        assert_eq!(of(&["a", "cube", "minus", "twice"]), [vec![0, 1, 2, 3]]);
        // Categories that go with each other both ways.
        assert_eq!(of(&["town", "a", "code"]), [vec![0, 2]]);
        assert_eq!(of(&["flag", "same_flag"]), [vec![0, 1]]);
        // One way alone, half of the rows, nothing in common, too few rows.
        for names in [&["town", "blocked"], &["a", "gappy"], &["a", "other"], &["a", "town"]] {
            assert_eq!(of(names), Vec::<Vec<usize>>::new(), "{names:?}");
        }
        let few = self::table(12);
        assert_eq!(alike(&few.columns.iter().collect::<Vec<_>>()), Vec::<Vec<usize>>::new());
        assert_eq!(alike(&[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn groups_are_told_in_words() {
        let table = table(100);
        let of = |names: &[&str]| {
            let columns: Vec<&Column> = names.iter().map(|n| table.column(n).expect("is there")).collect();
            notes(&columns).into_iter().map(|d| d.message).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&["a", "twice"]),
            ["\"a\" and \"twice\" tell nearly the same; shuffling one alone understates both."]
        );
        let three = of(&["a", "twice", "minus"]);
        assert_eq!(
            three,
            [
                "\"a\", \"twice\" and \"minus\" tell nearly the same; shuffling one alone understates them all."
            ]
        );
        assert_eq!(of(&["a", "other"]), Vec::<String>::new());
    }
}
