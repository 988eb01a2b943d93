//! Several tables into one, many rows into few, one table into two.

mod group;
mod join;
mod join_keys;
mod pivot;
mod split;
mod split_rows;
mod union;
mod unpivot;

#[cfg(test)]
mod tests;

pub(super) use group::GroupRows;
pub(super) use join::Join;
pub(super) use pivot::Pivot;
pub(super) use split::Split;
pub(super) use union::Union;
pub(super) use unpivot::Unpivot;
