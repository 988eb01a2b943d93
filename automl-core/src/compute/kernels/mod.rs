//! The kernels.

pub mod histogram;
pub mod partition;

#[cfg(test)]
pub mod testing;
