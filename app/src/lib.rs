//! What the page and its workers share, and what of the page can be tested without a browser.

pub mod format;
pub mod message;
pub mod window;
