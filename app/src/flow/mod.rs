//! The pipeline builder's plain part: what can be tested without a browser.

pub mod history;
pub mod selection;
