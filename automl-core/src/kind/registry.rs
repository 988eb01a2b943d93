//! The kinds that there are, a line each.

use super::{Operation, Step, columns, rows};

const OPERATIONS: &[&dyn Operation] = &[
    &rows::Filter,
    &rows::Sort,
    &rows::Sample,
    &rows::Head,
    &rows::Deduplicate,
    &columns::Select,
    &columns::Derive,
    &columns::Rename,
    &columns::Retype,
    &columns::Fill,
    &columns::Datetime,
];

const STEPS: &[&dyn Step] = &[];

/// All operations, in the palette's order.
pub fn operations() -> &'static [&'static dyn Operation] {
    OPERATIONS
}

pub fn operation(id: &str) -> Option<&'static dyn Operation> {
    OPERATIONS.iter().copied().find(|o| o.spec().id == id)
}

/// All steps, in the palette's order.
pub fn steps() -> &'static [&'static dyn Step] {
    STEPS
}

pub fn step(id: &str) -> Option<&'static dyn Step> {
    STEPS.iter().copied().find(|s| s.spec().id == id)
}
