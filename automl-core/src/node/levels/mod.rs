//! The levels of a category among training rows, sorted by their text, so that the order in which a table
//! happens to number them decides nothing.

use super::input::Categories;
use crate::table::MISSING_CODE;

/// Level index of a missing value.
pub(crate) const MISSING: u32 = u32::MAX;
/// Level index of a value that training never saw.
pub(crate) const UNSEEN: u32 = u32::MAX - 1;

/// Which levels the training rows hold, and how often.
pub(crate) struct LevelCounts {
    /// Ascending by text.
    pub levels: Vec<(String, u64)>,
    pub missing: u64,
}

impl LevelCounts {
    pub(crate) fn of(categories: &Categories<'_>) -> LevelCounts {
        let mut counts = vec![0u64; categories.levels.len()];
        let mut missing = 0;
        for &code in &categories.codes {
            match counts.get_mut(code as usize) {
                Some(count) => *count += 1,
                None => missing += 1,
            }
        }
        let mut seen: Vec<(&str, u64)> =
            categories.levels.iter().map(AsRef::as_ref).zip(counts).filter(|&(_, count)| count > 0).collect();
        seen.sort_unstable();
        let mut levels: Vec<(String, u64)> = Vec::with_capacity(seen.len());
        for (level, count) in seen {
            match levels.last_mut() {
                Some((last, total)) if last == level => *total += count,
                _ => levels.push((level.to_owned(), count)),
            }
        }
        LevelCounts { levels, missing }
    }

    /// How many levels are seen at least `min_count` times.
    pub(crate) fn frequent(&self, min_count: u64) -> usize {
        self.levels.iter().filter(|(_, count)| *count >= min_count).count()
    }

    /// Rows whose level is known.
    pub(crate) fn present(&self) -> u64 {
        self.levels.iter().map(|(_, count)| count).sum()
    }
}

/// For each row its index in `levels` (ascending by text), or [`MISSING`] or [`UNSEEN`].
pub(crate) fn look_up(categories: &Categories<'_>, levels: &[String]) -> Vec<u32> {
    let find = |level: &str| levels.binary_search_by(|l| l.as_str().cmp(level)).map_or(UNSEEN, |i| i as u32);
    let of_code: Vec<u32> = categories.levels.iter().map(|l| find(l)).collect();
    let index = |&code: &u32| {
        debug_assert!(code == MISSING_CODE || (code as usize) < of_code.len());
        of_code.get(code as usize).copied().unwrap_or(MISSING)
    };
    categories.codes.iter().map(index).collect()
}

/// Whether `levels` are such as [`LevelCounts`] gives.
pub(crate) fn validate(levels: &[String]) -> Result<(), String> {
    let ascending = levels.windows(2).all(|w| w[0] < w[1]);
    if ascending && levels.len() < UNSEEN as usize { Ok(()) } else { Err("levels out of order".to_owned()) }
}
