//! The dense recipe: finite numbers of about unit variance, as linear models, neighbours and networks take
//! them.

use super::datetime::Datetime;
use super::input::Family;
use super::levels::LevelCounts;
use super::one_hot::OneHot;
use super::recipe::Made;
use super::rescale::Rescale;
use super::scale::Scale;
use super::spline::Spline;
use super::{
    FeatureValues, Fitted, FittedNode, Input, Node, Skew, SplineOptions, TargetEncode, TargetView,
    TextFeatures,
};
use serde::{Deserialize, Serialize};

/// Options of the dense recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DenseOptions {
    /// Numbers are kept within the quantiles q and 1 − q and a margin beyond; 0 keeps them as they are.
    pub clip_quantile: f64,
    /// The margin, in distances between the two quantiles.
    pub clip_margin: f64,
    pub skew: Skew,
    /// Categories of more levels (not counting those too rare for a column) are target-encoded.
    pub max_one_hot: u32,
    /// Levels seen fewer times share one column.
    pub min_level_count: u32,
    pub target_encode: TargetEncode,
    pub text: TextFeatures,
    #[serde(default)]
    pub splines: SplineOptions,
}

impl Default for DenseOptions {
    fn default() -> Self {
        Self {
            clip_quantile: 0.005,
            clip_margin: 1.0,
            skew: Skew::LogBeyond(2.0),
            max_one_hot: 30,
            min_level_count: 3,
            target_encode: TargetEncode::default(),
            text: TextFeatures::default(),
            splines: SplineOptions::default(),
        }
    }
}

/// With a last step that scales the node's outputs.
fn rescaled<F: Fitted>(
    fitted: Option<(F, Vec<FeatureValues>)>,
    node: impl FnOnce(F) -> FittedNode,
) -> Option<Made> {
    let (fitted, raw) = fitted?;
    let rescale = Rescale::fit(&raw)?;
    Some(Made { node: node(fitted), training: rescale.apply(&raw), rescale: Some(rescale) })
}

impl DenseOptions {
    pub(crate) fn make(
        &self,
        family: Family,
        input: &Input<'_>,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<Made> {
        match family {
            Family::Number => {
                let scale = Scale {
                    clip_quantile: self.clip_quantile,
                    clip_margin: self.clip_margin,
                    skew: self.skew,
                };
                if self.splines.knots > 2 {
                    let node = Spline { scale, options: self.splines };
                    let (fitted, training) = node.fit_transform(input, target, seed)?;
                    return Some(Made { node: FittedNode::Spline(fitted), training, rescale: None });
                }
                let (fitted, training) = scale.fit_transform(input, target, seed)?;
                Some(Made { node: FittedNode::Scale(fitted), training, rescale: None })
            }
            Family::Time => {
                rescaled(Datetime { cyclic: true }.fit_transform(input, target, seed), FittedNode::DateParts)
            }
            Family::Text if self.text.scores => {
                rescaled(self.text.fit_scored(input, target, seed), FittedNode::ScoredText)
            }
            Family::Text => rescaled(self.text.fit_transform(input, target, seed), FittedNode::Text),
            Family::Flag | Family::Category => {
                let counts = LevelCounts::of(&input.categories());
                let min_count = u64::from(self.min_level_count);
                if counts.frequent(min_count) > self.max_one_hot as usize {
                    let fitted = self.target_encode.fit_levels(input, &counts, target, seed);
                    return rescaled(fitted, FittedNode::TargetMeans);
                }
                // Few rows: every level would be rare, and nothing be told apart.
                let tiny =
                    counts.frequent(min_count) == 0 && counts.levels.len() <= self.max_one_hot as usize;
                let min_count = if tiny { 1 } else { min_count };
                let fitted = OneHot { min_count }.fit_counts(&counts)?;
                let training = fitted.transform(input);
                Some(Made { node: FittedNode::OneHot(fitted), training, rescale: None })
            }
        }
    }
}
