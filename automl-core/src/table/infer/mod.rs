//! From fields of text to a typed column, by looking at the whole column.
//!
//! A [`ColumnBuilder`] takes one field a row. It starts with a dictionary of the distinct texts; a column of many
//! distinct numbers goes over to numbers, one of many distinct texts to one long text. At the end `decide` finds
//! the type from all values; `numeric`, `dates` and `words` make the column.

mod builder;
mod dates;
mod decide;
mod interner;
mod numeric;
mod strings;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use builder::{ColumnBuilder, Finished, NEARLY_FULL, Parsing};

/// Whether a word means yes (`yes`, `true`, `1` …) or no; `None` for other words.
pub(crate) fn truth(word: &str) -> Option<bool> {
    strings::truth_of(word).map(|(_, yes)| yes)
}

/// Both readings of a text as a date, also of `20240131` and of seconds or milliseconds since 1970.
pub(crate) fn date_on_request(text: &str) -> Option<super::datetime::Readings> {
    dates::read(text, true)
}
