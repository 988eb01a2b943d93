//! The pipeline builder's plain part: what can be tested without a browser.

pub mod blocks;
pub mod chart;
pub mod clipboard;
pub mod connect;
pub mod differ;
pub mod ended;
pub mod find;
pub mod forms;
pub mod geometry;
pub mod glossary;
pub mod history;
pub mod judged;
pub mod project;
pub mod room;
pub mod scene;
pub mod selection;
pub mod share;
pub mod snap;
pub mod templates;
pub mod tidy;
pub mod viewport;
pub mod words;
pub mod zip;

#[cfg(test)]
mod samples;
