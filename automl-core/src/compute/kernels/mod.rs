//! The kernels.

pub mod boosting;
pub mod double;

#[cfg(test)]
pub mod testing;
