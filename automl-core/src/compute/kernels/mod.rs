//! The kernels.

pub mod adam;
pub mod boosting;
pub mod double;
pub mod ensemble;
pub mod inputs;
pub mod loss;
pub mod neighbours;
pub mod nets;
pub mod product;

#[cfg(test)]
pub mod testing;
