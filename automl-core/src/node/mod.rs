//! Preprocessing: from a table's columns to the features that learners take.
//!
//! A node is fitted on training rows only and then applied to any rows. The engine owns the one call site that
//! fits, inside each fold.
//!
//! A [`Recipe`] chooses a node for each column by what the column holds and joins their outputs to a [`Frame`];
//! fitting gives a [`FittedRecipe`], plain data that is part of a model artifact. Each node has a folder: its
//! configuration ([`Node`]), what it learns ([`Fitted`]), and its tests. A node never reads a row that it was
//! not given, and never lets the order of a table's dictionary decide anything.

mod codes;
mod datetime;
mod dense;
mod fitted;
mod frame;
mod input;
mod levels;
mod native;
mod number;
mod one_hot;
mod recipe;
mod rescale;
mod scale;
mod spline;
mod target;
mod target_encode;
mod text;

#[cfg(test)]
mod tests;

pub use dense::DenseOptions;
pub use fitted::{Fitted, FittedNode, Node};
pub use frame::{FeatureColumn, FeatureValues, Frame, NO_CATEGORY};
pub use input::Input;
pub(crate) use levels::{LevelCounts, MISSING, look_up};
pub use native::NativeOptions;
pub use recipe::{FittedColumn, FittedRecipe, Recipe};
pub use scale::Skew;
pub(crate) use scale::{normal_quantile, quantiles, quantiles_of_sorted};
pub use spline::SplineOptions;
pub use target::TargetView;
pub use target_encode::{Smoothing, TargetEncode, TargetMeans};
pub use text::TextFeatures;
pub(crate) use text::{Grams, Kind as GramKind, hash_of};
