//! Arithmetic that gives the same bits on every target: transcendental functions from `libm`, one seeded
//! generator, and sums in a fixed order.

pub mod cholesky;
mod eigen;
pub mod exp;
mod few;
pub mod math;
mod moments;
mod quantile;
pub mod rng;
mod shown;
pub mod student;
mod sum;

pub use eigen::{Eigen, symmetric_eigen};
pub use few::{sort_few_by, sort_few_by_key};
pub use moments::skewness;
pub use quantile::{quantile, quantile_of};
pub use rng::Rng;
pub use shown::{count, figure, number, percent};
pub use sum::{dot, mean, sum, weighted_mean};
