//! Boosting on a card, whole: gradients, their whole numbers, histograms, splits, the parting of rows, leaf values and scores.
//! A tree is sent as one list of kernels, none of which waits for the processor; what comes back is its splits and values.
//!
//! All is equal to the processor's to the last bit: sums are of whole numbers, and what is not whole is computed with
//! [`super::double`] in the same order.

mod layout;
mod memory;
mod send;
mod steps;

use layout::PACKED;
pub use layout::{Fit, Node, Objective};
pub use send::{Booster, Column, Data, Grown, Others, Reading, Sent};

/// Most leaves of a tree, each of which has a histogram on the card.
pub const MOST_LEAVES: usize = 512;

macro_rules! kernel {
    ($($name:literal),+) => {
        concat!(include_str!("../double/double.wgsl"), include_str!("layout.wgsl"), $(include_str!($name)),+)
    };
}

const GRADIENTS: (&str, &str) = ("boosting gradients", kernel!("gradients.wgsl"));
const SAMPLING: (&str, &str) = ("boosting sampling", kernel!("lanes.wgsl", "blocks.wgsl", "sampling.wgsl"));
const WORDS: (&str, &str) = ("boosting words", kernel!("lanes.wgsl", "words.wgsl"));
const SUMS: (&str, &str) = ("boosting sums", kernel!("lanes.wgsl", "sums.wgsl"));
const GROW: (&str, &str) = ("boosting grow", kernel!("grow.wgsl"));
const ROWS: (&str, &str) = ("boosting rows", kernel!("blocks.wgsl", "rows.wgsl"));
const SEARCH: (&str, &str) = ("boosting search", kernel!("splits.wgsl", "search.wgsl"));
const SYMMETRIC: (&str, &str) = ("boosting symmetric", kernel!("splits.wgsl", "symmetric.wgsl"));
const LEVELS: (&str, &str) = ("boosting levels", kernel!("splits.wgsl", "levels.wgsl"));
const ROUTE: (&str, &str) = ("boosting route", kernel!("route.wgsl"));

/// Whether each of the buffers may be bound, where one may have `limit` bytes.
///
/// # Errors
/// Which may not, in words that follow a colon.
pub fn fits(
    limit: u64,
    (rows, others): (usize, usize),
    features: usize,
    leaves: usize,
    outputs: usize,
) -> Result<(), String> {
    let groups = features.div_ceil(PACKED);
    let most = [
        ("bins", rows.max(others) * groups * 4),
        ("scores", rows.max(others) * outputs * 8),
        ("histograms", leaves * groups * layout::GROUP_BYTES),
    ];
    let large = most.into_iter().find(|(_, bytes)| bytes.next_power_of_two() as u64 > limit);
    let told = |(what, bytes): (&str, usize)| {
        format!("{what} of {} MB are more than the graphics card takes at once", bytes >> 20)
    };
    large.map_or(Ok(()), |large| Err(told(large)))
}
