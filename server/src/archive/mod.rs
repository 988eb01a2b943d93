//! Zip archives (APPNOTE 6.3.10) as backups and projects need them: written in one pass to wherever bytes go, and read
//! with nothing of them trusted.
//!
//! Entries are written as they are, unpacked, with their sums behind them, so that neither writing nor reading ever
//! holds more than a part of one. Beyond 4 GB and 65,535 entries the wider fields (zip64) are used. Any program that
//! opens zip files opens these.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Archive, Bounds, Fault};
#[cfg(test)]
use write::Sink;
pub use write::Writer;

/// What stands before an entry, in the list of entries, and at the end.
const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const LOCATOR: u32 = 0x0706_4b50;
/// Bytes of the fixed parts.
const LOCAL_BYTES: u64 = 30;
const CENTRAL_BYTES: u64 = 46;
const END_BYTES: u64 = 22;
const END64_BYTES: u64 = 56;
const LOCATOR_BYTES: u64 = 20;
/// What stands in a field of 32 or 16 bits whose number is in a wider one.
const WIDE: u32 = u32::MAX;
const MANY: u16 = u16::MAX;
/// Bytes of a name at most.
const LONGEST_NAME: usize = 1_000;

/// An entry: its name, and where and how its bytes lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    crc: u32,
    packed: u64,
    /// Bytes once unpacked.
    pub size: u64,
    is_deflated: bool,
    /// Where its head begins.
    offset: u64,
}
