//! What can be set about boosting, and what it means for a fit.

use super::objective::Objective;
use crate::learner::tree::plan::{Limits, Policy};
use crate::learner::tree::split::Rules;
use crate::learner::tree::symmetric;
use crate::learner::weight::CLASS_WEIGHT;
use crate::learner::{Load, ParamKind, ParamSpec, Params, Scale};
use crate::numeric::math;

const fn int(name: &'static str, help: &'static str, default: i64, hard: (i64, i64)) -> ParamSpec {
    let kind =
        ParamKind::Int { default, min: hard.0, max: hard.1, low: hard.0, high: hard.1, scale: Scale::Linear };
    ParamSpec { name, help, kind, searched: false }
}

const fn float(name: &'static str, help: &'static str, default: f64, hard: (f64, f64)) -> ParamSpec {
    let kind = ParamKind::Float {
        default,
        min: hard.0,
        max: hard.1,
        low: hard.0,
        high: hard.1,
        scale: Scale::Linear,
    };
    ParamSpec { name, help, kind, searched: false }
}

const fn choice(name: &'static str, help: &'static str, options: &'static [&'static str]) -> ParamSpec {
    ParamSpec { name, help, kind: ParamKind::Choice { default: options[0], options }, searched: false }
}

const fn text(name: &'static str, help: &'static str) -> ParamSpec {
    ParamSpec { name, help, kind: ParamKind::Text, searched: false }
}

/// The same parameter, varied by the search between `low` and `high`.
const fn searched_int(spec: ParamSpec, low: i64, high: i64, scale: Scale) -> ParamSpec {
    let kind = match spec.kind {
        ParamKind::Int { default, min, max, .. } => ParamKind::Int { default, min, max, low, high, scale },
        other => other,
    };
    ParamSpec { kind, searched: true, ..spec }
}

const fn searched_float(spec: ParamSpec, low: f64, high: f64, scale: Scale) -> ParamSpec {
    let kind = match spec.kind {
        ParamKind::Float { default, min, max, .. } => {
            ParamKind::Float { default, min, max, low, high, scale }
        }
        other => other,
    };
    ParamSpec { kind, searched: true, ..spec }
}

pub(super) const PARAMS: &[ParamSpec] = &[
    choice(
        "loss",
        "What is made small. auto: the squared error of numbers, the log loss of classes, which have no other. absolute \
         and huber heed outliers less; quantile predicts the value that a share of all are below; poisson is for \
         counts, tweedie for amounts that are often 0, and both only for numbers from 0.",
        &["auto", "squared", "absolute", "huber", "quantile", "poisson", "tweedie"],
    ),
    CLASS_WEIGHT,
    float(
        "quantile_level",
        "With the loss quantile: the share of values that lie below the prediction.",
        0.5,
        (0.001, 0.999),
    ),
    float(
        "huber_delta",
        "With the loss huber: where squared turns into absolute, in units of the target's robust spread: 1.48 times the \
         median distance from the median, which is the standard deviation of a normal variable.",
        1.345,
        (1e-3, 1e3),
    ),
    float(
        "tweedie_power",
        "With the loss tweedie: how the variance grows with the mean, as a power. Near 1 as for counts, near 2 as for \
         amounts.",
        1.5,
        (1.01, 1.99),
    ),
    searched_float(
        float("learning_rate", "How much of each tree's advice is taken.", 0.1, (1e-4, 1.0)),
        0.02,
        0.2,
        Scale::Log,
    ),
    int("trees", "Most rounds of boosting; a round has one tree, or one a class.", 1000, (1, 100_000)),
    int(
        "patience",
        "Rounds without a better validation loss before boosting stops; 0 never stops early.",
        40,
        (0, 10_000),
    ),
    searched_int(int("max_leaves", "Most leaves of a tree.", 31, (2, 65_536)), 4, 96, Scale::Log),
    choice(
        "growth",
        "Which leaf is split next. leafwise: the one that gains most; depthwise: level by level; symmetric: all leaves of \
         a level by the same test, so that trees are simple and similar, up to 6 levels deep where max_depth is 0.",
        &["leafwise", "depthwise", "symmetric"],
    ),
    int("max_depth", "Most splits from the root to a leaf; 0 sets no limit.", 0, (0, 64)),
    searched_int(
        int(
            "min_rows_leaf",
            "Fewest rows in a leaf. Small tables take fewer: at most a fortieth of the rows.",
            20,
            (1, 1_000_000),
        ),
        2,
        100,
        Scale::Log,
    ),
    float("min_hessian", "Least sum of hessians in a leaf.", 1e-3, (0.0, 1e6)),
    searched_float(
        float("l1", "Penalty on the size of leaf values, which sets small ones to 0.", 0.0, (0.0, 1e6)),
        1e-3,
        10.0,
        Scale::Log,
    ),
    searched_float(
        float("l2", "Penalty on the square of leaf values, which shrinks them.", 0.1, (0.0, 1e6)),
        1e-2,
        30.0,
        Scale::Log,
    ),
    float(
        "max_delta",
        "Largest step of a leaf before the learning rate, in units of the score: of the target's spread for numbers, \
         of log odds for classes, of a logarithm with the losses poisson and tweedie, where it is 2 if this is 0. \
         0 sets no limit otherwise.",
        0.0,
        (0.0, 1e6),
    ),
    float("min_gain", "Least gain for which a leaf is split.", 0.0, (0.0, 1e12)),
    searched_float(
        float("row_sample", "Share of the rows that each tree sees.", 1.0, (0.01, 1.0)),
        0.5,
        1.0,
        Scale::Linear,
    ),
    choice(
        "sampling",
        "How these rows are drawn. uniform: all alike; mvs: rows with larger gradients more often, and the others count \
         more where they are.",
        &["uniform", "mvs"],
    ),
    searched_float(
        float("column_sample", "Share of the features that each tree may use.", 1.0, (0.01, 1.0)),
        0.3,
        1.0,
        Scale::Linear,
    ),
    float("column_sample_node", "Share of the tree's features that each split may use.", 1.0, (0.01, 1.0)),
    int("max_bins", "Most bins that a number is sorted into.", 255, (2, 255)),
    float("cat_smooth", "Rows by which the order of a category's levels is shrunk.", 10.0, (0.0, 1e6)),
    float("cat_l2", "Penalty added to l2 where a split groups levels.", 10.0, (0.0, 1e6)),
    int(
        "cat_group_rows",
        "Fewest rows of a group of levels; at most a fortieth of the rows.",
        100,
        (1, 1_000_000),
    ),
    text(
        "monotone",
        "Numbers with which predictions may only rise (+1) or only fall (-1), for example: age:+1, price:-1. Names with \
         commas or colons go in double quotes. Not for more than two classes.",
    ),
    text(
        "interactions",
        "Groups of features that may act together, for example: [age, sex] [price, town]. A branch of a tree stays \
         inside one group; features that none names are one more.",
    ),
    crate::learner::features::LEVELS,
    ParamSpec {
        name: "extra_trees",
        help: "One random cut a feature in place of the best, which is quicker and smoother.",
        kind: ParamKind::Bool { default: false },
        searched: true,
    },
];

/// The parameters of one fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// What is minimised where the target is numbers.
    pub objective: Objective,
    /// Largest step of a leaf before the learning rate; 0 leaves it to the objective.
    pub max_delta: f64,
    pub learning_rate: f64,
    pub rounds: usize,
    pub patience: usize,
    pub row_sample: f64,
    /// Rows are drawn by what they add to the gradients.
    pub minimal_variance: bool,
    pub column_sample: f64,
    pub max_bins: usize,
    pub rules: Rules,
    pub limits: Limits,
}

impl Settings {
    /// Whether the rows of a round are drawn by their gradients.
    pub fn draws_by_gradients(&self) -> bool {
        self.row_sample < 1.0 && self.minimal_variance
    }

    pub fn new(params: &Params, rows: usize) -> Self {
        let small = (rows / 40).max(1);
        Self {
            objective: objective(params),
            max_delta: params.float("max_delta"),
            learning_rate: params.float("learning_rate"),
            rounds: params.count("trees").max(1),
            patience: params.count("patience"),
            minimal_variance: params.text("sampling") == "mvs",
            row_sample: params.float("row_sample"),
            column_sample: params.float("column_sample"),
            max_bins: params.count("max_bins"),
            rules: Rules {
                l1: params.float("l1"),
                l2: params.float("l2"),
                min_rows: params.count("min_rows_leaf").clamp(1, small) as i64,
                min_hessian: params.float("min_hessian"),
                min_gain: params.float("min_gain"),
                cat_smooth: params.float("cat_smooth").min(small as f64),
                cat_l2: params.float("cat_l2"),
                cat_group_rows: params.count("cat_group_rows").clamp(1, small) as i64,
                random_cuts: params.bool("extra_trees"),
            },
            limits: Limits {
                policy: policy(params),
                max_leaves: params.count("max_leaves").max(2),
                max_depth: params.count("max_depth"),
                node_features: params.float("column_sample_node"),
            },
        }
    }
}

/// Seconds of a fit that stops early after about as many rounds as a good rate takes.
pub(super) fn cost(params: &Params, load: &Load) -> f64 {
    let leaves = most_leaves(params) as f64;
    // Small trees and small steps take more rounds.
    let rounds = 75.0 / (math::log2(leaves) * params.float("learning_rate").max(0.01));
    let rounds = rounds.min(params.count("trees") as f64);
    let (row_sample, column_sample) = (params.float("row_sample"), params.float("column_sample"));
    let rows = load.rows as f64;
    let few = load.few_levels.min(load.features) as f64;
    let many = load.features as f64 - few;
    // Two features of sixteen levels share a column of codes, or eight of two (`tree::joint`).
    let columns = many + few / 3.0;
    let bins = many * rows.min(255.0) + few * 8.0;
    let sums = rows * columns * row_sample * column_sample * 0.3 * (1.0 + math::log2(leaves));
    let scans = bins * column_sample * leaves;
    1.2e-9 * rounds * load.scores() * (sums + 4.0 * scans + 25.0 * rows)
}

fn policy(params: &Params) -> Policy {
    match params.text("growth") {
        "depthwise" => Policy::DepthWise,
        "symmetric" => Policy::Symmetric,
        _ => Policy::LeafWise,
    }
}

/// Leaves of a tree that is as large as it may be.
fn most_leaves(params: &Params) -> usize {
    let (leaves, depth) = (params.count("max_leaves").max(2), params.count("max_depth"));
    if policy(params) == Policy::Symmetric {
        return 1 << symmetric::levels(leaves, depth);
    }
    let deepest =
        if depth == 0 { usize::MAX } else { 1usize.checked_shl(depth as u32).unwrap_or(usize::MAX) };
    leaves.min(deepest)
}

/// The objective of numbers.
fn objective(params: &Params) -> Objective {
    match params.text("loss") {
        "absolute" => Objective::Absolute,
        "huber" => Objective::Huber { delta: params.float("huber_delta") },
        "quantile" => Objective::Quantile { level: params.float("quantile_level") },
        "poisson" => Objective::Poisson,
        "tweedie" => Objective::Tweedie { power: params.float("tweedie_power") },
        _ => Objective::Squared,
    }
}
