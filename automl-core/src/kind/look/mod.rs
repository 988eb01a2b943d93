//! Charts and statistics.
