//! The pipeline builder's plain part: what can be tested without a browser.

pub mod clipboard;
pub mod connect;
pub mod find;
pub mod geometry;
pub mod history;
pub mod scene;
pub mod selection;
pub mod snap;
pub mod tidy;
pub mod viewport;
pub mod words;

#[cfg(test)]
mod samples;
