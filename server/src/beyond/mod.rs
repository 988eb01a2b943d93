//! Tables that memory does not hold: when a table is one, how memory is shared out, and the child process that reads one
//! for a run of the server, whose own process never holds it.
//!
//! The child ([`child`]) is fed through its standard input ([`parent`]), once for each pass that it asks for ([`wire`]): so
//! it makes no difference whether bytes lie in a file, sealed, or in an object store. What it learns from lies on disk
//! ([`shelf`]) in a file without a name, which ends with the process however that ends.

pub mod child;
pub mod parent;
mod shelf;
pub mod wire;

pub use shelf::Blocks;

/// A table of more than this share of the memory is not read whole: in memory it takes up to its file's size, and a search
/// as much again.
const MOST_WHOLE: f64 = 0.4;
/// Most rows that are searched on: more make a search slower and hardly better.
const MOST_SEARCHED: f64 = 500_000.0;
/// Shares of the memory: columns that are held to see what they are, the table that is searched on, and rows that are
/// learned from at a time.
const LOOK_SHARE: f64 = 0.2;
const SEARCH_SHARE: f64 = 0.15;
pub const PART_SHARE: f64 = 0.35;

/// How much of a table may be read at once, in bytes, where so many of memory may be used.
pub fn most_whole(limit: u64) -> u64 {
    (MOST_WHOLE * limit as f64) as u64
}

/// Whether a table of so many bytes is too large to be read whole within so many of memory.
pub fn is_too_large(bytes: u64, limit: u64) -> bool {
    bytes > most_whole(limit)
}

/// Bytes that columns may take while it is seen what they are.
pub fn held(limit: u64) -> u64 {
    (LOOK_SHARE * limit as f64) as u64
}

/// How many rows are searched on, of a table that takes so many bytes a row.
pub fn searched(limit: u64, bytes_a_row: f64) -> u64 {
    (SEARCH_SHARE * limit as f64 / bytes_a_row.max(1.0)).min(MOST_SEARCHED) as u64
}

/// A size for people.
pub fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.0} MB", bytes / 1e6) }
}
