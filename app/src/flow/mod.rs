//! The pipeline builder's plain part: what can be tested without a browser.

pub mod chart;
pub mod forms;
pub mod history;
pub mod palette;
pub mod project;
pub mod selection;
pub mod share;
pub mod templates;
pub mod zip;
