//! Preprocessing: from a table's columns to the features that learners take.
//!
//! A node is fitted on training rows only and then applied to any rows. The engine owns the one call site that
//! fits, inside each fold.

mod frame;

pub use frame::{FeatureColumn, FeatureValues, Frame, NO_CATEGORY};
