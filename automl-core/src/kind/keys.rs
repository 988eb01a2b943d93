//! Values as small numbers that are equal where the values are, and rows put together by them.
//!
//! Hash tables are open-addressed with a fixed hash. The hash decides no order: numbers go by first appearance.

use crate::table::{Column, MISSING_CODE, MISSING_TIME, Values};

/// The number of a missing value, and of a row that belongs to no group.
pub(super) const NONE: u32 = u32::MAX;
/// Pairs of numbers are looked up directly where there can be no more than these.
const MOST_DIRECT: usize = 1 << 22;

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Hashes of things that are numbered in order of first appearance.
#[derive(Debug, Default)]
struct Index {
    /// Number + 1, or 0 for a free slot; a power of two long.
    slots: Vec<u32>,
    hashes: Vec<u64>,
}

impl Index {
    /// The number of what has this hash and of which `is` holds, and whether it is new.
    #[inline]
    fn number(&mut self, hash: u64, is: impl Fn(usize) -> bool) -> (u32, bool) {
        if self.slots.len() < (self.hashes.len() + 1) * 2 {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        // Ends, as at most half of the slots are taken.
        while self.slots[at] != 0 {
            let number = self.slots[at] as usize - 1;
            if self.hashes[number] == hash && is(number) {
                return (number as u32, false);
            }
            at = (at + 1) & mask;
        }
        let number = self.hashes.len() as u32;
        self.hashes.push(hash);
        self.slots[at] = number + 1;
        (number, true)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots = vec![0; size];
        for (number, &hash) in self.hashes.iter().enumerate() {
            let mut at = hash as usize & (size - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = number as u32 + 1;
        }
    }
}

/// Numbers distinct 64-bit words.
#[derive(Debug, Default)]
struct Words(Index);

impl Words {
    #[inline]
    fn number(&mut self, word: u64) -> u32 {
        // `mixed` is one to one, so equal hashes are equal words.
        self.0.number(mixed(word.wrapping_add(0x9E37_79B9_7F4A_7C15)), |_| true).0
    }
}

/// Numbers distinct texts.
#[derive(Debug, Default)]
pub(super) struct Texts<'a> {
    index: Index,
    pub(super) texts: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    pub(super) fn number(&mut self, text: &'a str) -> u32 {
        let mut hash = text.len() as u64;
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for word in words {
            hash = mixed(hash ^ u64::from_le_bytes(*word)).wrapping_add(hash.rotate_left(23));
        }
        let last = rest.iter().fold(0, |word, &b| word << 8 | u64::from(b));
        let texts = &self.texts;
        let (number, new) = self.index.number(mixed(hash ^ last), |i| texts[i] == text);
        if new {
            self.texts.push(text);
        }
        number
    }
}

/// What values are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Numbers,
    Times,
    Words,
}

pub(super) fn family(column: &Column) -> Family {
    match &column.values {
        Values::F32(_) | Values::F64(_) => Family::Numbers,
        Values::Time(_) => Family::Times,
        Values::Bool { .. } | Values::Dict { .. } | Values::Text(_) => Family::Words,
    }
}

/// A number a row of each column, equal where the values are, in order of first appearance; [`NONE`] where missing. And
/// how many there are. The columns are of one [`Family`].
pub(super) fn codes(columns: &[&Column]) -> (Vec<Vec<u32>>, usize) {
    let mut words = Words::default();
    let mut texts = Texts::default();
    let all = columns.iter().map(|column| coded(column, &mut words, &mut texts)).collect();
    (all, words.0.hashes.len().max(texts.texts.len()))
}

fn coded<'a>(column: &'a Column, words: &mut Words, texts: &mut Texts<'a>) -> Vec<u32> {
    match &column.values {
        Values::F32(v) => v.iter().map(|&x| number(f64::from(x), words)).collect(),
        Values::F64(v) => v.iter().map(|&x| number(x, words)).collect(),
        Values::Time(v) => {
            v.iter().map(|&t| if t == MISSING_TIME { NONE } else { words.number(t as u64) }).collect()
        }
        Values::Bool { values, missing, labels } => {
            let mut known = [NONE; 2];
            let mut of = |row: usize| {
                let bit = usize::from(values.get(row));
                if known[bit] == NONE {
                    known[bit] = texts.number(&labels[bit]);
                }
                known[bit]
            };
            (0..values.len()).map(|row| if missing.get(row) { NONE } else { of(row) }).collect()
        }
        Values::Dict { codes, levels } => {
            let mut known = vec![NONE; levels.len()];
            let mut of = |code: u32| {
                let Some(level) = levels.get(code as usize) else { return NONE };
                let known = &mut known[code as usize];
                if *known == NONE {
                    *known = texts.number(level);
                }
                *known
            };
            codes.iter().map(|&code| if code == MISSING_CODE { NONE } else { of(code) }).collect()
        }
        Values::Text(v) => (0..v.len()).map(|row| v.get(row).map_or(NONE, |t| texts.number(t))).collect(),
    }
}

#[inline]
fn number(x: f64, words: &mut Words) -> u32 {
    // Both zeros are one value.
    if x.is_nan() { NONE } else { words.number((x + 0.0).to_bits()) }
}

/// Joins to each row's number (below `before`) that of another column (below `distinct`, or [`NONE`]), and numbers
/// the pairs afresh. `keeps_missing`: a missing value is a value like others; else a row that has one gets [`NONE`].
fn pair(
    rows: &mut [Vec<u32>],
    before: usize,
    codes: &[Vec<u32>],
    distinct: usize,
    keeps_missing: bool,
) -> usize {
    let width = distinct + 1;
    let mut direct = match before.checked_mul(width) {
        Some(size) if size <= MOST_DIRECT => vec![NONE; size],
        _ => Vec::new(),
    };
    let mut words = Words::default();
    let mut count = 0;
    for (row, &code) in rows.iter_mut().zip(codes).flat_map(|(rows, codes)| rows.iter_mut().zip(codes)) {
        if *row == NONE || code == NONE && !keeps_missing {
            *row = NONE;
            continue;
        }
        let code = if code == NONE { distinct } else { code as usize };
        *row = match direct.get_mut(*row as usize * width + code) {
            Some(known) => {
                if *known == NONE {
                    *known = count;
                    count += 1;
                }
                *known
            }
            None => words.number(u64::from(*row) << 32 | code as u64),
        };
    }
    (count as usize).max(words.0.hashes.len())
}

/// Rows put together by equal values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Groups {
    /// The group of each row, or [`NONE`]; groups are numbered in order of first appearance.
    pub of_row: Vec<u32>,
    /// The first row of each group.
    pub first: Vec<u32>,
}

impl Groups {
    /// Rows with equal values in all columns; a missing value is a value like others. Without columns all rows are one
    /// group.
    pub(super) fn new(columns: &[&Column], rows: usize) -> Self {
        let mut of_row = [vec![0; rows]];
        let mut count = usize::from(rows > 0);
        for column in columns {
            let (codes, distinct) = codes(&[column]);
            count = pair(&mut of_row, count, &codes, distinct, true);
        }
        let [of_row] = of_row;
        let mut first = Vec::with_capacity(count);
        for (row, &group) in of_row.iter().enumerate() {
            if group as usize == first.len() {
                first.push(row as u32);
            }
        }
        Self { of_row, first }
    }

    pub(super) fn count(&self) -> usize {
        self.first.len()
    }

    pub(super) fn members(&self) -> Members {
        Members::new(&self.of_row, self.count())
    }
}

/// A number for each row of two tables of these many rows, equal where all pairs of columns are equal, [`NONE`] where
/// one of them is missing; and how many there are. The columns of a pair are of one [`Family`].
pub(super) fn matched(pairs: &[(&Column, &Column)], rows: [usize; 2]) -> ([Vec<u32>; 2], usize) {
    let mut of_row = rows.map(|n| vec![0; n]);
    let mut count = 1;
    for (left, right) in pairs {
        let (codes, distinct) = codes(&[left, right]);
        count = pair(&mut of_row, count, &codes, distinct, false);
    }
    (of_row, count)
}

/// The rows of each group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members {
    /// Group `g` has `rows[starts[g]..starts[g + 1]]`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Members {
    /// Rows ascend within a group; those of no group are left out.
    pub(super) fn new(of_row: &[u32], groups: usize) -> Self {
        let mut starts = vec![0u32; groups + 1];
        for &group in of_row.iter().filter(|&&g| (g as usize) < groups) {
            starts[group as usize + 1] += 1;
        }
        for i in 0..groups {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts[groups] as usize];
        for (row, &group) in of_row.iter().enumerate().filter(|(_, g)| (**g as usize) < groups) {
            rows[next[group as usize] as usize] = row as u32;
            next[group as usize] += 1;
        }
        Self { starts, rows }
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of a group that there is.
    pub(super) fn of(&self, group: usize) -> &[u32] {
        &self.rows[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.count()).map(|group| self.of(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::testing::table;

    #[test]
    fn equal_rows_are_of_one_group() {
        let check = |csv: &str, columns: &[&str], expected: &[u32]| {
            let table = table(csv);
            let columns: Vec<&Column> = columns.iter().map(|c| table.column(c).unwrap()).collect();
            let groups = Groups::new(&columns, table.rows);
            assert_eq!(groups.of_row, expected, "{csv}");
            let members = groups.members();
            assert_eq!(members.count(), groups.count());
            for (g, rows) in members.iter().enumerate() {
                assert_eq!(rows[0], groups.first[g]);
                assert!(rows.iter().all(|&r| groups.of_row[r as usize] as usize == g));
            }
        };
        let csv = "a,b\nx,1\ny,1\nx,NA\nNA,1\nx,1\nNA,NA\nx,NA\nz,2\n";
        check(csv, &["a"], &[0, 1, 0, 2, 0, 2, 0, 3]);
        check(csv, &["b"], &[0, 0, 1, 0, 0, 1, 1, 2]);
        check(csv, &["a", "b"], &[0, 1, 2, 3, 0, 4, 2, 5]);
        check(csv, &[], &[0; 8]);
        check("a,b\n", &["a"], &[]);
    }

    #[test]
    fn pairs_are_told_apart_with_and_without_a_direct_table() {
        let n = 5000u32;
        let codes: Vec<u32> = (0..n).map(|i| i * 7919 % n).collect();
        let mut rows = [(0..n).collect::<Vec<u32>>()];
        // 5,000 × 5,001 pairs are looked up by hash.
        assert_eq!(pair(&mut rows, n as usize, &[codes], n as usize, true), n as usize);
        assert_eq!(rows[0], (0..n).collect::<Vec<u32>>());
    }

    #[test]
    fn values_match_across_tables() {
        let (left, right) = (table("k,w\n1,a\n2,b\n-0,NA\n3,a\n"), table("j,v\n0,a\n3,a\n2,b\n9,b\n"));
        let pairs = [(&left.columns[0], &right.columns[0]), (&left.columns[1], &right.columns[1])];
        let ([l, r], count) = matched(&pairs, [4, 4]);
        assert_eq!((l, r, count), (vec![0, 1, NONE, 2], vec![3, 2, 1, 4], 5));
    }
}
