//! Explanations of fitted models.

pub mod permutation;
