//! Whether a table tells what it should not: answers shuffled among rows, and rows that are in two tables.

use super::target::{feature_columns, find_column};
use crate::diagnostic::Diagnostic;
use crate::numeric::Rng;
use crate::table::{Column, Table, Values};

/// `table` with the values of `target` in a random order. Nothing can be learned from it, so a model that scores clearly
/// better than guessing on rows of its own has seen their answers (Ojala and Garriga, "Permutation tests for studying
/// classifier performance", JMLR 11, 2010).
///
/// # Errors
/// Where there is no such column.
pub fn with_shuffled_answers(table: &Table, target: &str, seed: u64) -> Result<Table, Diagnostic> {
    let name = find_column(table, target)?.name.clone();
    let mut order: Vec<u32> = (0..table.rows as u32).collect();
    Rng::for_stream(seed, &[0x5BFF]).shuffle(&mut order);
    let columns = table.columns.iter().map(|c| if c.name == name { c.take(&order) } else { c.clone() });
    Ok(Table { columns: columns.collect(), rows: table.rows })
}

/// Rows of one table that are also in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SharedRows {
    /// Rows of the second table.
    pub of: u64,
    /// Those with the features of a row of the first.
    pub same_features: u64,
    /// Those with its answer too.
    pub same_answer: u64,
}

/// How many rows of `second` are also in `first`, by the columns that are features when `target` is predicted and that
/// both have. Numbers are compared as numbers, everything else as text.
///
/// # Errors
/// Where `first` has no such column, or the two have no feature in common.
pub fn shared_rows(first: &Table, second: &Table, target: &str) -> Result<SharedRows, Diagnostic> {
    let name = find_column(first, target)?.name.as_str();
    let at = first.column_index(name).unwrap_or(0);
    let common = |j: usize| Some((&first.columns[j], second.column(&first.columns[j].name)?));
    let features: Vec<(&Column, &Column)> =
        feature_columns(first, at, &[]).into_iter().filter_map(common).collect();
    if features.is_empty() {
        return Err(Diagnostic::error(
            "shared.no_columns",
            "The two tables have no column in common that a prediction could rest on.",
            "Check that their first lines name the same columns.",
        ));
    }
    let (mut mine, mut theirs): (Vec<&Column>, Vec<&Column>) = features.into_iter().unzip();
    let count = |mine: &[&Column], theirs: &[&Column]| {
        let mut known: Vec<[u8; 32]> = (0..first.rows).map(|row| row_key(mine, row)).collect();
        known.sort_unstable();
        (0..second.rows).filter(|&row| known.binary_search(&row_key(theirs, row)).is_ok()).count() as u64
    };
    let same_features = count(&mine, &theirs);
    let same_answer = match second.column(name) {
        Some(column) if same_features > 0 => {
            mine.push(&first.columns[at]);
            theirs.push(column);
            count(&mine, &theirs)
        }
        _ => 0,
    };
    Ok(SharedRows { of: second.rows as u64, same_features, same_answer })
}

/// What a row's values are, short enough to keep for every row.
fn row_key(columns: &[&Column], row: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for column in columns {
        match (&column.values, column.number(row), column.text(row)) {
            (Values::F32(_) | Values::F64(_), Some(number), _) => {
                hasher.update(b"n");
                // −0 + 0 is +0.
                hasher.update(&(number + 0.0).to_le_bytes());
            }
            (_, _, Some(text)) => {
                hasher.update(b"t");
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            _ => {
                hasher.update(b"-");
            }
        }
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::table;

    #[test]
    fn rows_in_both_tables_are_counted() {
        let (first, _) = table("x,s,y\n1,a,yes\n2,b,no\n3,,yes\n2,c,no\n2,d,no\n5,b,yes\n");
        let (second, _) = table("s,y,x\nb,no,2\n,no,3\nc,yes,2\nz,no,7\nd,no,2.0\n");
        let shared = shared_rows(&first, &second, "y");
        assert_eq!(shared, Ok(SharedRows { of: 5, same_features: 4, same_answer: 2 }));
        let (none, _) = table("p,q\n1,2\n3,4\n");
        assert_eq!(shared_rows(&first, &none, "y").expect_err("no column").code, "shared.no_columns");
    }

    #[test]
    fn shuffled_answers_are_the_same_answers() {
        let text: String = (0..50).map(|i| format!("{i},{}\n", i * i % 7)).collect();
        let (rows, _) = table(&format!("x,y\n{text}"));
        let shuffled = with_shuffled_answers(&rows, "y", 1).expect("a column");
        let sorted = |t: &Table| {
            let mut y: Vec<String> =
                (0..50).filter_map(|r| Some(t.columns[1].text(r)?.into_owned())).collect();
            y.sort_unstable();
            y
        };
        assert!(shuffled != rows && shuffled.columns[0] == rows.columns[0]);
        assert_eq!(sorted(&shuffled), sorted(&rows));
    }
}
