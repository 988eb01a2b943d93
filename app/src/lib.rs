//! What the page and its workers share, and what of the page can be tested without a browser.

pub mod asked;
pub mod choice;
pub mod files;
pub mod flow;
pub mod format;
pub mod latest;
pub mod message;
pub mod missing;
pub mod narrow;
pub mod slider;
pub mod sse;
pub mod window;
