//! End-to-end tests and house rules.
