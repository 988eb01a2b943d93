//! Few categories of a column, for colours, bars and boxes.

use super::drawn::short;
use crate::kind::aggregate::quantile;
use crate::kind::keys::{Family, NONE, codes, family};
use crate::numeric::{count, sort_few_by, sort_few_by_key};
use crate::table::Column;

/// Longest name of a category, in characters.
const LONGEST_NAME: usize = 60;
/// Ranges that many different numbers are cut into.
const RANGES: usize = 5;

/// Categories of rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Levels {
    /// A category a row.
    pub of_row: Vec<u32>,
    pub names: Vec<String>,
    /// Different values that were put together as the other ones.
    pub pooled: usize,
}

/// Several colours at most, as more cannot be told apart.
pub(super) const MOST_COLOURS: usize = 10;

impl Levels {
    /// All rows are one.
    pub(super) fn one(rows: usize, name: &str) -> Self {
        Self { of_row: vec![0; rows], names: vec![name.to_owned()], pooled: 0 }
    }

    /// The most frequent values of a column, the rest put together as other ones, and missing ones by themselves: in all
    /// at most `most`, which is at least 3. Numbers and dates stand in their order, everything else by frequency.
    pub(super) fn new(column: &Column, most: usize) -> Self {
        let most = most.max(3);
        let (mut codes, distinct) = codes(&[column]);
        let codes = codes.pop().unwrap_or_default();
        let mut times = vec![0u64; distinct];
        let mut first = vec![NONE; distinct];
        let mut missing = 0u64;
        for (row, &code) in codes.iter().enumerate() {
            if code == NONE {
                missing += 1;
                continue;
            }
            times[code as usize] += 1;
            if first[code as usize] == NONE {
                first[code as usize] = row as u32;
            }
        }
        let room = most - usize::from(missing > 0);
        let mut kept: Vec<u32> = (0..distinct as u32).collect();
        sort_few_by_key(&mut kept, |&code| (std::cmp::Reverse(times[code as usize]), first[code as usize]));
        let pooled = if distinct > room { distinct - (room - 1) } else { 0 };
        kept.truncate(distinct - pooled);
        if family(column) != Family::Words {
            let value = |code: u32| column.number(first[code as usize] as usize).unwrap_or(f64::NAN);
            sort_few_by(&mut kept, |&a, &b| value(a).total_cmp(&value(b)));
        }
        let mut names: Vec<String> = kept
            .iter()
            .map(|&code| {
                let text = column.text(first[code as usize] as usize);
                text.map_or(String::new(), |t| t.chars().take(LONGEST_NAME).collect())
            })
            .collect();
        let mut place = vec![kept.len() as u32; distinct];
        kept.iter().enumerate().for_each(|(at, &code)| place[code as usize] = at as u32);
        if pooled > 0 {
            names.push(format!("other ({} values)", count(pooled as u64)));
        }
        let last = names.len() as u32;
        if missing > 0 {
            names.push("missing".to_owned());
        }
        let of_row =
            codes.iter().map(|&code| if code == NONE { last } else { place[code as usize] }).collect();
        Self { of_row, names, pooled }
    }

    /// For colours: as [`Levels::new`], but many different numbers are cut into ranges of as many rows each.
    pub(super) fn of_colours(column: &Column) -> Self {
        let levels = Self::new(column, MOST_COLOURS);
        if levels.pooled == 0 || family(column) != Family::Numbers {
            return levels;
        }
        let mut numbers: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
        let mut cuts: Vec<f64> =
            (1..RANGES).map(|i| quantile(&mut numbers, i as f64 / RANGES as f64)).collect();
        cuts.dedup();
        let mut names: Vec<String> = vec![format!("up to {}", short(cuts[0]))];
        names.extend(cuts.windows(2).map(|w| format!("{} to {}", short(w[0]), short(w[1]))));
        names.push(format!("above {}", short(cuts[cuts.len() - 1])));
        let mut of_row = Vec::with_capacity(column.len());
        for row in 0..column.len() {
            let range = column.number(row).map(|x| cuts.partition_point(|&cut| cut < x) as u32);
            of_row.push(range.unwrap_or(names.len() as u32));
        }
        if numbers.len() < column.len() {
            names.push("missing".to_owned());
        }
        Self { of_row, names, pooled: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::testing::table;

    #[test]
    fn the_frequent_ones_stand_for_themselves() {
        let check = |csv: &str, most: usize, names: &[&str], of_row: &[u32]| {
            let levels = Levels::new(&table(csv).columns[0], most);
            assert_eq!(
                (
                    levels.names.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
                    levels.of_row.as_slice()
                ),
                (names, of_row)
            );
        };
        let words = "v\na\nb\nb\nc\nNA\nd\nb\nc\n";
        check(words, 9, &["b", "c", "a", "d", "missing"], &[2, 0, 0, 1, 4, 3, 0, 1]);
        check(words, 4, &["b", "c", "other (2 values)", "missing"], &[2, 0, 0, 1, 3, 2, 0, 1]);
        check("v\n3\n1\n2\n3\n", 5, &["1", "2", "3"], &[2, 0, 1, 2]);
        check("v\n", 5, &[], &[]);
    }

    #[test]
    fn many_numbers_are_coloured_by_ranges() {
        let csv: String = "v\n"
            .chars()
            .chain((0..101).flat_map(|i| format!("{i}\n").chars().collect::<Vec<_>>()))
            .collect();
        let levels = Levels::of_colours(&table(&csv).columns[0]);
        assert_eq!(levels.names, ["up to 20", "20 to 40", "40 to 60", "60 to 80", "above 80"]);
        assert_eq!((levels.of_row[20], levels.of_row[21], levels.of_row[100]), (0, 1, 4));
    }
}
