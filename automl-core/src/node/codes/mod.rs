//! Categories as codes, as trees take them: a code a level, one more shared by the rare ones, and
//! [`NO_CATEGORY`] where the value is missing or training never saw it.

use super::levels::{self, LevelCounts, look_up};
use super::{FeatureValues, Fitted, Input, NO_CATEGORY, Node, TargetView};
use serde::{Deserialize, Serialize};

/// Configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Codes {
    /// Levels seen fewer times share one code.
    pub min_count: u64,
}

/// Levels and their codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelCodes {
    /// Every level of the training rows, ascending by text.
    levels: Vec<String>,
    /// One a level, in `0..cardinality`.
    codes: Vec<u32>,
    cardinality: u32,
}

impl Codes {
    pub(crate) fn fit_counts(&self, counts: &LevelCounts) -> Option<LevelCodes> {
        let frequent = counts.frequent(self.min_count) as u32;
        let mut next = 0..frequent;
        let codes: Vec<u32> = counts
            .levels
            .iter()
            // `next` has as many codes as there are frequent levels; the rare ones share the one after.
            .map(
                |(_, count)| {
                    if *count >= self.min_count { next.next().unwrap_or(frequent) } else { frequent }
                },
            )
            .collect();
        let cardinality = frequent + u32::from(codes.contains(&frequent));
        let varies = cardinality + u32::from(counts.missing > 0) > 1;
        let levels = counts.levels.iter().map(|(level, _)| level.clone()).collect();
        (varies && cardinality > 0).then_some(LevelCodes { levels, codes, cardinality })
    }
}

impl Node for Codes {
    type Fitted = LevelCodes;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<LevelCodes> {
        self.fit_counts(&LevelCounts::of(&input.categories()))
    }
}

impl Fitted for LevelCodes {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let code = |i: u32| self.codes.get(i as usize).copied().unwrap_or(NO_CATEGORY);
        let codes = look_up(&input.categories(), &self.levels).into_iter().map(code).collect();
        vec![FeatureValues::Categorical { codes, cardinality: self.cardinality }]
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        vec![input.to_owned()]
    }

    fn validate(&self) -> Result<(), String> {
        levels::validate(&self.levels)?;
        let inside = self.codes.iter().all(|&c| c < self.cardinality);
        // Learners size tables by the cardinality, so no more codes than levels.
        if inside && self.codes.len() == self.levels.len() && self.cardinality as usize <= self.levels.len() {
            Ok(())
        } else {
            Err("category codes that fitting cannot give".to_owned())
        }
    }
}
