//! The kernels.

pub mod adam;
pub mod boosting;
pub mod double;
pub mod inputs;
pub mod loss;
pub mod nets;
pub mod product;

#[cfg(test)]
pub mod testing;
