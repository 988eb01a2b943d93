//! Values as places in their order, so that rows are compared and grouped by whole numbers.

use crate::table::{Column, MISSING_CODE, MISSING_TIME, Values};

/// The rank of what is missing: behind all others.
pub(super) const MISSING: u32 = u32::MAX;

/// For each row the place of its value among the distinct values, ascending: numbers by size, texts by the code points
/// of their characters, no before yes. [`MISSING`] where there is none.
pub(super) fn ranks(column: &Column) -> Vec<u32> {
    match &column.values {
        Values::F32(v) => dense(v.iter().map(|&x| number(f64::from(x))).collect()),
        Values::F64(v) => dense(v.iter().map(|&x| number(x)).collect()),
        Values::Time(v) => {
            dense(v.iter().map(|&t| (t != MISSING_TIME).then_some(t as u64 ^ 1 << 63)).collect())
        }
        Values::Bool { values, missing, .. } => (0..values.len())
            .map(|row| if missing.get(row) { MISSING } else { u32::from(values.get(row)) })
            .collect(),
        Values::Dict { codes, levels } => {
            let of_level = dense(levels.iter().map(|l| Some(l.as_str())).collect());
            let rank = |&code: &u32| match code {
                MISSING_CODE => MISSING,
                code => of_level.get(code as usize).copied().unwrap_or(MISSING),
            };
            codes.iter().map(rank).collect()
        }
        Values::Text(v) => dense((0..v.len()).map(|row| v.get(row)).collect()),
    }
}

/// Bits in the order of the numbers.
fn number(x: f64) -> Option<u64> {
    // -0 is 0.
    let bits = (x + 0.0).to_bits();
    (!x.is_nan()).then_some(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
}

fn dense<K: Ord + Copy>(keys: Vec<Option<K>>) -> Vec<u32> {
    let mut distinct: Vec<K> = keys.iter().copied().flatten().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let place =
        |key: Option<K>| key.and_then(|k| distinct.binary_search(&k).ok()).map_or(MISSING, |at| at as u32);
    keys.into_iter().map(place).collect()
}

/// For each row a number that rows share if and only if they are alike in all these columns, missing being alike too.
pub(super) fn groups(columns: &[&Column], rows: usize) -> Vec<u32> {
    let mut groups = vec![0; rows];
    for column in columns {
        let both = groups.iter().zip(ranks(column));
        groups = dense(both.map(|(&group, rank)| Some(u64::from(group) << 32 | u64::from(rank))).collect());
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::build;
    use crate::table::{ColumnType, Table};

    #[test]
    fn values_have_the_rank_of_their_order() {
        let numbers = build::numbers("x", vec![2.0, -1.0, f64::NAN, 0.0, -0.0, 2.0, -3.5]);
        assert_eq!(ranks(&numbers), [3, 1, MISSING, 2, 2, 3, 0]);
        assert_eq!(ranks(&build::times("x", vec![5, -5, MISSING_TIME])), [1, 0, MISSING]);
        let texts = ["b", "a", "", "b"].map(Some);
        for ty in [ColumnType::Categorical, ColumnType::Text] {
            let values = texts.into_iter().chain([None]);
            assert_eq!(ranks(&build::texts("x", ty, values)), [2, 1, 0, 2, MISSING]);
        }
        assert_eq!(ranks(&build::truths("x", [Some(true), None, Some(false)].into_iter())), [1, MISSING, 0]);
    }

    #[test]
    fn rows_alike_share_a_group() {
        let a = build::numbers("a", vec![1.0, 1.0, f64::NAN, 1.0, f64::NAN]);
        let b = build::truths("b", [Some(true), Some(false), None, Some(true), None].into_iter());
        let table = Table::from_columns(vec![a, b]).unwrap();
        let both: Vec<&Column> = table.columns.iter().collect();
        let found = groups(&both, 5);
        assert_eq!((found[0] == found[3], found[2] == found[4], found[0] == found[1]), (true, true, false));
        assert_eq!(groups(&[], 3), [0, 0, 0]);
    }
}
