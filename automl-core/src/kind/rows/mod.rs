//! Kinds that choose rows and put them in order.

mod deduplicate;
mod filter;
mod head;
mod rank;
mod sample;
mod sort;

pub(super) use deduplicate::Deduplicate;
pub(super) use filter::Filter;
pub(super) use head::Head;
pub(super) use sample::Sample;
pub(super) use sort::Sort;
