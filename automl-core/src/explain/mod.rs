//! Explanations of fitted models.

pub mod alike;
pub mod permutation;
