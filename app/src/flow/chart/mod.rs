//! Charts: what they say at a place, and their numbers. The core draws them.

mod csv;
mod read;

#[cfg(test)]
mod tests;

pub use automl_core::kind::svg::{FILE, PAGE, Paint, Size, date_words, shortened, to_svg};
pub use csv::to_csv;
pub use read::{Reading, nearest, readings};
