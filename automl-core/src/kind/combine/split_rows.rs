//! Which rows are test rows.

use crate::kind::aggregate::quantile;
use crate::kind::keys::{Groups, Members, NONE};
use crate::numeric::{Rng, sort_few_by};
use crate::table::Column;

/// Where rows go that have no value to choose by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Random,
    Train,
    Drop,
}

/// Numbers of more values than this are cut into ranges.
const MOST_STRATA: usize = 20;
const RANGES: usize = 10;
/// Streams of random numbers: rows, and rows without a value.
const ROWS: u64 = 1;
const WITHOUT: u64 = 2;

/// How many of `n` rows are test rows: rounded, and where both sides can have a row they do, unless the share is 0 or 1.
fn wished(n: usize, share: f64) -> usize {
    let wished = (n as f64 * share).round() as usize;
    if n < 2 || share <= 0.0 || share >= 1.0 { wished.min(n) } else { wished.clamp(1, n - 1) }
}

/// Marks `take` of these rows, chosen at random.
fn mark(rows: &mut [u32], take: usize, rng: &mut Rng, is_test: &mut [bool]) {
    rng.shuffle(rows);
    rows.iter().take(take).for_each(|&row| is_test[row as usize] = true);
}

pub(super) fn random(rows: usize, share: f64, seed: u64) -> Vec<bool> {
    let mut is_test = vec![false; rows];
    let mut all: Vec<u32> = (0..rows as u32).collect();
    mark(&mut all, wished(rows, share), &mut Rng::for_stream(seed, &[ROWS]), &mut is_test);
    is_test
}

/// Divides the rows without a value.
fn mark_missing(gone: &[bool], share: f64, seed: u64, missing: Missing, is_test: &mut [bool]) {
    if missing == Missing::Random {
        let mut rows: Vec<u32> = (0..gone.len() as u32).filter(|&r| gone[r as usize]).collect();
        let take = wished(rows.len(), share);
        mark(&mut rows, take, &mut Rng::for_stream(seed, &[WITHOUT]), is_test);
    }
}

/// A number a row, equal for rows of one stratum: the values of a column, or ranges with as many rows each where it has
/// many different numbers.
pub(super) fn strata(column: &Column) -> Vec<u32> {
    let groups = Groups::new(&[column], column.len());
    let mut numbers: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
    if groups.count() <= MOST_STRATA || numbers.is_empty() {
        return groups.of_row;
    }
    let cuts: Vec<f64> = (1..RANGES).map(|i| quantile(&mut numbers, i as f64 / RANGES as f64)).collect();
    let range = |x: f64| cuts.partition_point(|&cut| cut < x) as u32;
    (0..column.len()).map(|row| column.number(row).map_or(NONE, range)).collect()
}

/// The same share of each stratum. Each gets its share rounded down; the rows still wanting go to those whose rest is
/// largest, at random among equals.
pub(super) fn stratified(
    strata: &[u32],
    gone: &[bool],
    share: f64,
    seed: u64,
    missing: Missing,
) -> Vec<bool> {
    let mut is_test = vec![false; strata.len()];
    let of_row: Vec<u32> = strata.iter().zip(gone).map(|(&s, &gone)| if gone { NONE } else { s }).collect();
    let count = of_row.iter().filter(|&&s| s != NONE).max().map_or(0, |&s| s as usize + 1);
    let members = Members::new(&of_row, count);
    let rows: usize = members.iter().map(<[u32]>::len).sum();
    let exact: Vec<f64> = members.iter().map(|m| m.len() as f64 * share).collect();
    let mut take: Vec<usize> = exact.iter().map(|e| e.floor() as usize).collect();
    let mut rng = Rng::for_stream(seed, &[ROWS]);
    let mut by_rest: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut by_rest);
    sort_few_by(&mut by_rest, |&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let wanting = wished(rows, share).saturating_sub(take.iter().sum());
    by_rest.iter().take(wanting).for_each(|&s| take[s] += 1);
    for (members, take) in members.iter().zip(take) {
        mark(&mut members.to_vec(), take, &mut rng, &mut is_test);
    }
    mark_missing(gone, share, seed, missing, &mut is_test);
    is_test
}

/// Whole groups in random order, each taken where that brings the number of test rows nearer to the one wished for.
pub(super) fn by_group(column: &Column, gone: &[bool], share: f64, seed: u64, missing: Missing) -> Vec<bool> {
    let groups = Groups::new(&[column], column.len());
    let is_group: Vec<u32> =
        (0..groups.count() as u32).filter(|&g| !gone[groups.first[g as usize] as usize]).collect();
    let members = groups.members();
    let rows: usize = is_group.iter().map(|&g| members.of(g as usize).len()).sum();
    let mut order = is_group;
    Rng::for_stream(seed, &[ROWS]).shuffle(&mut order);
    let wished = wished(rows, share);
    let mut is_test = vec![false; column.len()];
    let mut taken = 0;
    for &group in &order {
        let rows = members.of(group as usize);
        if (taken + rows.len()).abs_diff(wished) < wished - taken.min(wished) {
            rows.iter().for_each(|&row| is_test[row as usize] = true);
            taken += rows.len();
        }
    }
    mark_missing(gone, share, seed, missing, &mut is_test);
    is_test
}

/// The rows with the largest values. Rows of one time stay together: the cut lies between two times, where it leaves the
/// number of test rows nearest to the one wished for and both sides a row.
pub(super) fn by_time(column: &Column, gone: &[bool], share: f64, seed: u64, missing: Missing) -> Vec<bool> {
    let mut is_test = vec![false; column.len()];
    let mut rows: Vec<(f64, u32)> =
        (0..column.len()).filter_map(|row| Some((column.number(row)?, row as u32))).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let wished = wished(rows.len(), share);
    let is_cut = |n: usize| {
        n == 0 && share <= 0.0
            || n == rows.len() && share >= 1.0
            || n > 0 && n < rows.len() && rows[n - 1].0 > rows[n].0
    };
    let cut = (0..=rows.len()).filter(|&n| is_cut(n)).min_by_key(|&n| n.abs_diff(wished)).unwrap_or(0);
    rows.iter().take(cut).for_each(|&(_, row)| is_test[row as usize] = true);
    mark_missing(gone, share, seed, missing, &mut is_test);
    is_test
}
