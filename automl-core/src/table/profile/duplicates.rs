//! Rows and columns that are there twice, found by 64-bit hashes of their values.

use crate::table::{BitMask, MISSING_CODE, Table, Values};

/// One step of a hash: multiply and fold, so that order matters.
#[inline]
fn mix(h: u64, x: u64) -> u64 {
    let product =
        u128::from(h ^ x ^ 0x9e37_79b9_7f4a_7c15) * u128::from(0xd6e8_feb8_6659_fd93 ^ h.rotate_left(29) | 1);
    (product as u64) ^ (product >> 64) as u64
}

fn hash_text(text: &str) -> u64 {
    text.as_bytes()
        .chunks(8)
        .fold(text.len() as u64, |h, chunk| mix(h, chunk.iter().fold(0, |word, &b| word << 8 | u64::from(b))))
}

/// Calls `each(row, hash of the value)` for every row.
fn hash_values(values: &Values, mut each: impl FnMut(usize, u64)) {
    let of_number = |x: f64| if x.is_nan() { 1 } else { mix(2, (x + 0.0).to_bits()) };
    match values {
        Values::F32(v) => v.iter().enumerate().for_each(|(i, &x)| each(i, of_number(f64::from(x)))),
        Values::F64(v) => v.iter().enumerate().for_each(|(i, &x)| each(i, of_number(x))),
        Values::Bool { values, missing, .. } => {
            let of = |i: usize| if BitMask::get(missing, i) { 1 } else { mix(3, u64::from(values.get(i))) };
            (0..values.len()).for_each(|i| each(i, of(i)));
        }
        Values::Dict { codes, .. } => codes.iter().enumerate().for_each(|(i, &c)| {
            each(i, if c == MISSING_CODE { 1 } else { mix(4, u64::from(c)) });
        }),
        Values::Time(v) => v.iter().enumerate().for_each(|(i, &t)| each(i, mix(5, t as u64))),
        Values::Text(v) => {
            (0..v.len()).for_each(|i| each(i, v.get(i).map_or(1, |text| mix(6, hash_text(text)))));
        }
    }
}

/// How many rows are equal to an earlier row.
pub(super) fn rows(table: &Table) -> u64 {
    if table.columns.is_empty() {
        return 0;
    }
    let mut hashes = vec![0u64; table.rows];
    for column in &table.columns {
        hash_values(&column.values, |row, h| {
            if let Some(hash) = hashes.get_mut(row) {
                *hash = mix(*hash, h);
            }
        });
    }
    hashes.sort_unstable();
    hashes.chunk_by(|a, b| a == b).map(|run| run.len() as u64 - 1).sum()
}

/// Pairs of columns with the same values, each column with the first that it repeats. Columns of one value are no
/// news.
pub(super) fn columns(table: &Table) -> Vec<(String, String)> {
    let mut hashes: Vec<(u64, usize)> = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let (mut hash, mut first, mut varies) = (0, None, false);
        hash_values(&column.values, |_, h| {
            varies |= *first.get_or_insert(h) != h;
            hash = mix(hash, h);
        });
        if let Values::Dict { levels, .. } = &column.values {
            hash = levels.iter().fold(hash, |h, level| mix(h, hash_text(level)));
        }
        if varies {
            hashes.push((hash, at));
        }
    }
    hashes.sort_unstable();
    let mut pairs: Vec<(usize, usize)> = hashes
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|run| run[1..].iter().map(|&(_, second)| (second, run[0].1)))
        .collect();
    pairs.sort_unstable();
    let name = |at: usize| table.columns[at].name.clone();
    pairs.into_iter().map(|(second, first)| (name(first), name(second))).collect()
}
