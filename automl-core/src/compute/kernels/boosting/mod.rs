//! Boosting on a card, whole: gradients, their whole numbers, histograms, splits, the parting of rows, leaf values and scores.
//! A tree is sent as one list of kernels, none of which waits for the processor; what comes back is its splits and values.
//!
//! All is equal to the processor's to the last bit: sums are of whole numbers, and what is not whole is computed with
//! [`super::double`] in the same order.

mod layout;
mod memory;
mod send;
mod steps;

use crate::compute::gpu::lean::lean;
use layout::PACKED;
pub use layout::{Fit, Node, Objective};
pub use send::{Booster, Column, Data, Grown, Others, Reading, Sent};

/// Most leaves of a tree, each of which has a histogram on the card.
pub const MOST_LEAVES: usize = 512;

/// What kernels share, each once in the program.
const DOUBLE: &str = lean!(include_str!("../double/double.wgsl"));
const LAYOUT: &str = lean!(include_str!("layout.wgsl"));
const SHARED_LANES: &str = lean!(include_str!("lanes.wgsl"));
const BLOCKS: &str = lean!(include_str!("blocks.wgsl"));
const SPLITS: &str = lean!(include_str!("splits.wgsl"));

/// A kernel by its name, and its parts.
type Kernel = (&'static str, &'static [&'static str]);

macro_rules! kernel {
    ($($name:expr),+) => {
        &[DOUBLE, LAYOUT, $($name),+]
    };
}

const GRADIENTS: Kernel = ("boosting gradients", kernel!(lean!(include_str!("gradients.wgsl"))));
const SAMPLING: Kernel =
    ("boosting sampling", kernel!(SHARED_LANES, BLOCKS, lean!(include_str!("sampling.wgsl"))));
const WORDS: Kernel = ("boosting words", kernel!(SHARED_LANES, lean!(include_str!("words.wgsl"))));
const SUMS: Kernel = ("boosting sums", kernel!(SHARED_LANES, lean!(include_str!("sums.wgsl"))));
const GROW: Kernel = ("boosting grow", kernel!(lean!(include_str!("grow.wgsl"))));
const ROWS: Kernel = ("boosting rows", kernel!(BLOCKS, lean!(include_str!("rows.wgsl"))));
const SEARCH: Kernel = ("boosting search", kernel!(SPLITS, lean!(include_str!("search.wgsl"))));
const SYMMETRIC: Kernel = ("boosting symmetric", kernel!(SPLITS, lean!(include_str!("symmetric.wgsl"))));
const LEVELS: Kernel = ("boosting levels", kernel!(SPLITS, lean!(include_str!("levels.wgsl"))));
const ROUTE: Kernel = ("boosting route", kernel!(lean!(include_str!("route.wgsl"))));

/// Whether each of the buffers may be bound, where one may have `limit` bytes; bins and histograms may be tiled by features.
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
    let groups = features.div_ceil(PACKED).min(1);
    let most = [
        ("bins of four features", rows.max(others) * groups * PACKED),
        ("scores", rows.max(others) * outputs * 8),
        ("histograms", leaves * groups * layout::GROUP_BYTES),
    ];
    let large = most.into_iter().find(|(_, bytes)| bytes.next_power_of_two() as u64 > limit);
    let told = |(what, bytes): (&str, usize)| {
        format!("{what} of {} MB are more than the graphics card takes at once", bytes >> 20)
    };
    large.map_or(Ok(()), |large| Err(told(large)))
}
