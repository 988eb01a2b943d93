//! The native recipe: numbers with missing values, and categories as codes, as trees take them.

use super::codes::Codes;
use super::datetime::Datetime;
use super::input::Family;
use super::levels::LevelCounts;
use super::number::{Flag, Number};
use super::recipe::Made;
use super::target_encode::CodesAndMeans;
use super::{FeatureValues, FittedNode, Input, Node, TargetEncode, TargetView, TextFeatures};
use serde::{Deserialize, Serialize};

/// Below this many levels a category keeps its codes, however few rows a level has.
const FEW_LEVELS: u64 = 30;

/// Options of the native recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NativeOptions {
    /// Levels seen fewer times share one code.
    pub min_level_count: u32,
    /// Categories of more levels are target-encoded.
    pub max_levels: u32,
    /// Categories of more than 30 levels with fewer rows a level are target-encoded too.
    pub min_rows_per_level: f64,
    pub target_encode: TargetEncode,
    pub text: TextFeatures,
    /// Whether categories that are target-encoded keep their codes beside.
    #[serde(default)]
    pub codes_beside_means: bool,
}

impl Default for NativeOptions {
    fn default() -> Self {
        Self {
            min_level_count: 2,
            max_levels: 200,
            min_rows_per_level: 8.0,
            target_encode: TargetEncode::default(),
            text: TextFeatures::default(),
            codes_beside_means: false,
        }
    }
}

/// A node's result as the recipe wants it.
fn made<F>(fitted: Option<(F, Vec<FeatureValues>)>, node: impl FnOnce(F) -> FittedNode) -> Option<Made> {
    fitted.map(|(fitted, training)| Made { node: node(fitted), training, rescale: None })
}

impl NativeOptions {
    pub(crate) fn make(
        &self,
        family: Family,
        input: &Input<'_>,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<Made> {
        match family {
            Family::Number => made(Number.fit_transform(input, target, seed), FittedNode::Number),
            Family::Flag => made(Flag.fit_transform(input, target, seed), FittedNode::Flag),
            Family::Time => {
                made(Datetime { cyclic: false }.fit_transform(input, target, seed), FittedNode::DateParts)
            }
            Family::Text if self.text.scores => {
                made(self.text.fit_scored(input, target, seed), FittedNode::ScoredText)
            }
            Family::Text => made(self.text.fit_transform(input, target, seed), FittedNode::Text),
            Family::Category => {
                let counts = LevelCounts::of(&input.categories());
                if self.has_many_levels(&counts) {
                    let fitted = self.target_encode.fit_levels(input, &counts, target, seed);
                    let codes = Codes { min_count: u64::from(self.min_level_count) };
                    match codes.fit_counts(&counts).filter(|_| self.codes_beside_means) {
                        Some(codes) => {
                            let joined = fitted.map(|fitted| CodesAndMeans::join(codes, fitted, input));
                            made(joined, FittedNode::CodesAndMeans)
                        }
                        None => made(fitted, FittedNode::TargetMeans),
                    }
                } else {
                    let node = Codes { min_count: u64::from(self.min_level_count) };
                    made(node.fit_transform(input, target, seed), FittedNode::Codes)
                }
            }
        }
    }

    fn has_many_levels(&self, counts: &LevelCounts) -> bool {
        let levels = counts.frequent(u64::from(self.min_level_count)) as u64;
        let all = counts.levels.len() as u64;
        let thin = all > FEW_LEVELS && (counts.present() as f64) < self.min_rows_per_level * all as f64;
        levels > u64::from(self.max_levels) || thin
    }
}
