//! Histogram decision trees: what gradient boosting and the forests are built from.
//!
//! The way of the data: [`binning`] turns every feature into at most 256 bins a row, once a fit; [`packing`] turns
//! the gradients of a tree into integers and packs gradient, hessian and row count of a row into one `i64`;
//! [`histogram`] sums those over the rows of a leaf, a bin at a time, by [`joint`] several features of few bins at once,
//! and [`sums`] shares the rows out among threads; [`split`] reads the best split off a histogram; [`leafwise`] grows
//! boosted trees leaf by leaf, and [`symmetric`] those whose levels share a test, on rows that are in a [`store`]; [`flat`] is a finished ensemble, by
//! which [`quick`] predicts and which [`encode`] turns into bytes.
//!
//! Sums of integers do not depend on their order, so a histogram is the same however it was come by: summed over
//! its rows, or as its parent less its sibling. Everything after it is arithmetic in `f64` in a fixed order.
//! Nothing here reads a clock or draws a number that its seed does not decide; threads change nothing but time.

pub mod binning;
pub mod center;
pub mod constraint;
pub mod deep;
pub mod draw;
pub mod encode;
pub mod flat;
pub mod histogram;
pub mod impurity;
pub mod joint;
pub mod lanes;
pub mod leafwise;
#[cfg(feature = "gpu")]
mod on_card;
pub mod packing;
pub mod partition;
pub mod plan;
mod quick;
pub mod shape;
pub mod split;
pub mod store;
mod sums;
pub mod symmetric;

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
