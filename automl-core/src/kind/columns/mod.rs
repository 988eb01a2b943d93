//! Kinds that choose, name, type and make columns, each row by itself.

mod datetime;
mod derive;
mod fill;
mod rename;
mod retype;
mod select;

pub(super) use datetime::Datetime;
pub(super) use derive::Derive;
pub(super) use fill::Fill;
pub(super) use rename::Rename;
pub(super) use retype::Retype;
pub(super) use select::Select;
