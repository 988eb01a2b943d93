//! The kernels.

pub mod adam;
pub mod histogram;
pub mod inputs;
pub mod loss;
pub mod nets;
pub mod partition;
pub mod product;

#[cfg(test)]
pub mod testing;
