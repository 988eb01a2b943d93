//! What can be set about forests, and what it means for a fit.

use crate::learner::tree::deep::Growth;
use crate::learner::{Fit, Load, ParamKind, ParamSpec, ParamValue, Params, Scale};
use crate::model::Target;
use crate::numeric::math;

/// Trees have at most about so many leaves, or a forest of a large table would not fit in a tab.
const MOST_LEAVES: usize = 20_000;

const fn trees() -> ParamSpec {
    let kind = ParamKind::Int { default: 100, min: 1, max: 10_000, low: 100, high: 300, scale: Scale::Log };
    ParamSpec { name: "trees", help: "Trees in the forest.", kind, searched: false }
}

const fn max_features(high: f64) -> ParamSpec {
    let kind = ParamKind::Float { default: 0.0, min: 0.0, max: 1.0, low: 0.1, high, scale: Scale::Linear };
    ParamSpec {
        name: "max_features",
        help: "Share of the features drawn for each split. 0 chooses: the square root of their number for classes, a third for numbers.",
        kind,
        searched: true,
    }
}

const fn min_rows_leaf(default: i64, high: i64) -> ParamSpec {
    let kind = ParamKind::Int { default, min: 1, max: 1_000_000, low: 1, high, scale: Scale::Log };
    ParamSpec {
        name: "min_rows_leaf",
        help: "Fewest rows in a leaf. Large tables take more: at least one row in 20,000.",
        kind,
        searched: true,
    }
}

const fn max_depth(default: i64, low: i64, high: i64, searched: bool) -> ParamSpec {
    let kind = ParamKind::Int { default, min: 0, max: 1_000, low, high, scale: Scale::Linear };
    ParamSpec {
        name: "max_depth",
        help: "Most splits from the root to a leaf; 0 sets no limit.",
        kind,
        searched,
    }
}

const fn max_bins() -> ParamSpec {
    let kind = ParamKind::Int { default: 255, min: 2, max: 255, low: 63, high: 255, scale: Scale::Linear };
    ParamSpec { name: "max_bins", help: "Most bins that a number is sorted into.", kind, searched: false }
}

const fn row_sample() -> ParamSpec {
    let kind =
        ParamKind::Float { default: 1.0, min: 0.01, max: 1.0, low: 0.3, high: 1.0, scale: Scale::Linear };
    ParamSpec {
        name: "row_sample",
        help: "Rows drawn for each tree, as a share of all rows. The same row may be drawn more than once.",
        kind,
        searched: true,
    }
}

const fn deep() -> ParamSpec {
    max_depth(0, 0, 30, false)
}

pub(super) const RANDOM_FOREST: &[ParamSpec] =
    &[trees(), max_features(0.8), min_rows_leaf(1, 20), deep(), row_sample(), max_bins()];
pub(super) const EXTRA_TREES: &[ParamSpec] =
    &[trees(), max_features(1.0), min_rows_leaf(1, 20), deep(), max_bins()];
pub(super) const DECISION_TREE: &[ParamSpec] =
    &[max_depth(6, 2, 14, true), min_rows_leaf(10, 100), max_bins()];

/// The parameters of one fit.
pub(super) struct Settings {
    pub trees: usize,
    pub max_bins: usize,
    /// Whether the seed decides anything. Without, it would only choose between splits that are equally good.
    pub draws: bool,
    /// Rows drawn with replacement, as a share; `None` where every tree sees every row once.
    pub bootstrap: Option<f64>,
    /// Whether a leaf counts the classes' shares among all rows as one row more of its own. Else they count as one tree
    /// more, which would be half of a single tree's say.
    pub smooths_leaves: bool,
    /// Share of features drawn for a node, 0 for the usual number.
    features: f64,
    growth: Growth,
}

impl Settings {
    pub fn random_forest(fit: &Fit<'_>) -> Self {
        Self { bootstrap: Some(fit.params.float("row_sample")), ..Self::forest(fit, false) }
    }

    pub fn extra_trees(fit: &Fit<'_>) -> Self {
        Self::forest(fit, true)
    }

    pub fn decision_tree(fit: &Fit<'_>) -> Self {
        Self {
            trees: 1,
            draws: false,
            max_bins: fit.params.count("max_bins"),
            bootstrap: None,
            smooths_leaves: true,
            features: 1.0,
            growth: growth(fit, false),
        }
    }

    fn forest(fit: &Fit<'_>, random_cuts: bool) -> Self {
        Self {
            trees: fit.params.count("trees").max(1),
            draws: true,
            max_bins: fit.params.count("max_bins"),
            bootstrap: None,
            smooths_leaves: false,
            features: fit.params.float("max_features"),
            growth: growth(fit, random_cuts),
        }
    }

    /// How trees grow on `count` features.
    pub fn growth(&self, count: usize, target: &Target) -> Growth {
        let usual = match target {
            Target::Classes { .. } => (count as f64).sqrt(),
            Target::Values(_) => count as f64 / 3.0,
        };
        let drawn = if self.features > 0.0 { count as f64 * self.features } else { usual };
        Growth { features: (drawn.round() as usize).clamp(1, count.max(1)), ..self.growth }
    }
}

fn growth(fit: &Fit<'_>, random_cuts: bool) -> Growth {
    let min_rows = fit.params.count("min_rows_leaf").max(fit.frame.rows / MOST_LEAVES).max(1);
    Growth { features: 0, min_rows: min_rows as i64, max_depth: fit.params.count("max_depth"), random_cuts }
}

/// Bytes of a fit beside its frame: bins, and the nodes of all trees.
pub(super) fn memory(params: &Params, load: &Load) -> f64 {
    /// Leaves by the most that there can be: classes are mixed, or numbers differ, in about half of them.
    const LEAVES: f64 = 0.5;
    /// Bytes of a split and its leaf; a leaf has four more a number that it tells.
    const NODE: f64 = 24.0;
    let trees = if params.0.contains_key("trees") { params.count("trees") as f64 } else { 1.0 };
    let rows = load.rows as f64;
    let leaf = (params.count("min_rows_leaf").max(1) as f64).max(rows / MOST_LEAVES as f64);
    load.cells() + 16.0 * rows + trees * LEAVES * rows / leaf * (NODE + 4.0 * load.outputs as f64)
}

/// Seconds of a fit; `per_test` are those of looking at one feature of one row.
pub(super) fn cost(params: &Params, load: &Load, per_test: f64) -> f64 {
    let drawn = match params.0.get("max_features") {
        Some(ParamValue::Float(share)) if *share > 0.0 => share * load.features as f64,
        _ if load.outputs > 1 => (load.features as f64).sqrt(),
        _ => load.features as f64 / 3.0,
    };
    let trees = if params.0.contains_key("trees") { params.count("trees") as f64 } else { 1.0 };
    let rows = load.rows as f64;
    // Labels of many classes, and numbers, take longer to sum than those of two.
    let sums = if load.outputs == 2 { 1.0 } else { 2.0 };
    let levels = math::log2(rows.max(2.0));
    per_test * sums * trees * rows * levels * (drawn + 4.0)
}
