//! Sorting where time does not matter: every sort of the standard library is in the program once for each type and order, some
//! seven kilobytes each, and this one once.

use std::cmp::Ordering;

/// Sorts as [`slice::sort_by`] does, each comparison by way of a pointer; not for rows of tables, nor for inner loops.
pub fn sort_few_by<T>(all: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut order = order(all.len(), &mut |a, b| compare(&all[a], &all[b]));
    // Each belongs where `order` names it: along every cycle, one is swapped on until it has come round.
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == start {
                break;
            }
            all.swap(at, from);
            at = from;
        }
    }
}

/// The same as [`slice::sort_by_key`].
pub fn sort_few_by_key<T, K: Ord>(all: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_few_by(all, |a, b| key(a).cmp(&key(b)));
}

/// Places in the order in which they belong; those that are alike as they come.
fn order(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|&a, &b| compare(a, b));
    order
}

#[cfg(test)]
mod tests {
    use super::{sort_few_by, sort_few_by_key};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_standard_library(keys in prop::collection::vec(0u8..20, 0..60)) {
            let all: Vec<(u8, String)> =
                keys.iter().enumerate().map(|(place, key)| (*key, place.to_string())).collect();
            let (mut few, mut usual) = (all.clone(), all.clone());
            let compare = |a: &(u8, String), b: &(u8, String)| (b.0, a.1.len()).cmp(&(a.0, b.1.len()));
            sort_few_by(&mut few, compare);
            usual.sort_by(compare);
            prop_assert_eq!(&few, &usual);
            let (mut few, mut usual) = (all.clone(), all);
            sort_few_by_key(&mut few, |one| one.0 / 3);
            usual.sort_by_key(|one| one.0 / 3);
            prop_assert_eq!(few, usual);
        }
    }
}
