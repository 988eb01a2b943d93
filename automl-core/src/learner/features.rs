//! Parameters that say what becomes of a table's columns before the learner sees them. As with
//! [`super::LOG_TARGET`] a learner only declares them; the engine makes its recipe by them.

use super::{Load, ParamKind, ParamSpec, Params, Scale};
use crate::node::{Recipe, SplineOptions};

/// Curves of numbers instead of lines only ([`SplineOptions`]).
pub const KNOTS: ParamSpec = ParamSpec {
    name: "knots",
    help: "Bends that the curve of a number may have, at its quantiles; 0 is a straight line.",
    kind: ParamKind::Int { default: 0, min: 0, max: 50, low: 3, high: 20, scale: Scale::Linear },
    searched: false,
};

/// What becomes of categories of so many levels, or so few rows a level, that they are encoded by their target.
pub const LEVELS: ParamSpec = ParamSpec {
    name: "levels",
    help: "Categories of many levels. means: each level is the mean of its target, and how frequent it is; both: beside \
           these the levels themselves, which pays on tables of many rows.",
    kind: ParamKind::Choice { default: "means", options: &["means", "both"] },
    searched: false,
};

/// `recipe` as the parameters want it.
pub fn recipe(recipe: &Recipe, params: &Params) -> Recipe {
    let mut recipe = recipe.clone();
    match &mut recipe {
        Recipe::Dense(options) if params.0.contains_key(KNOTS.name) => {
            options.splines.knots = params.count(KNOTS.name) as u32;
        }
        Recipe::Native(options) if params.0.contains_key(LEVELS.name) => {
            options.codes_beside_means = params.text(LEVELS.name) == "both";
        }
        _ => {}
    }
    recipe
}

/// The load with the features that the parameters add, were every feature a number.
pub(super) fn load(load: &Load, params: &Params) -> Load {
    let options = SplineOptions { knots: params.count(KNOTS.name) as u32, ..SplineOptions::default() };
    Load { features: load.features + options.splines_of_columns(load.features), ..*load }
}
