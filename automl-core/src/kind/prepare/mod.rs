//! Steps: what learns from rows how to change rows. A file or folder for each, with its declaration, code and tests.
//!
//! Infinite numbers count as missing. What is learnt never depends on the order in which a table numbers its levels, and
//! what a row becomes never depends on the other rows that are changed with it. Whatever the data of a fitted step hold,
//! applying it does not panic.

mod bin;
mod cluster;
mod columns;
mod encode;
mod impute;
mod matrix;
mod outliers;
mod reduce;
mod scale;
mod select;
mod target;
mod text;

#[cfg(test)]
mod tests;

pub use bin::{Bin, FittedBin};
pub use cluster::{Cluster, FittedCluster};
pub use encode::{Encode, FittedEncode};
pub use impute::{FittedImpute, Impute};
pub use outliers::{FittedOutliers, Outliers};
pub use reduce::{FittedReduce, Reduce};
pub use scale::{FittedScale, Scale};
pub use select::{FittedSelect, Select};
pub use text::{FittedText, Text};
