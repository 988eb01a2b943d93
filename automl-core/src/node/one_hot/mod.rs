//! One-hot encoding: a column of 0 and 1 a level.
//!
//! Levels seen too rarely share a column, missing values have their own where training had some, and a level
//! that training never saw is 0 in all of them. Two groups need only one column, which is 1 for the second and
//! the second's share where the value is neither.

use super::levels::{self, LevelCounts, MISSING, look_up};
use super::{FeatureValues, Fitted, Input, Node, TargetView};
use serde::{Deserialize, Serialize};

/// Group of a value that belongs to none.
const NO_GROUP: u32 = u32::MAX;

/// Configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OneHot {
    /// Levels seen fewer times share one column.
    pub min_count: u64,
}

/// What the columns stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedOneHot {
    /// Every level of the training rows, ascending by text.
    levels: Vec<String>,
    /// One a level: its group.
    group_of_level: Vec<u32>,
    /// Group of missing values, or none (`u32::MAX`) where training had none.
    missing_group: u32,
    /// Names of the groups, after `=`.
    names: Vec<String>,
    /// Share of the last group; used where there are two.
    last_share: f32,
}

impl OneHot {
    pub(crate) fn fit_counts(&self, counts: &LevelCounts) -> Option<FittedOneHot> {
        let (mut names, mut sizes, mut group_of_level) = (Vec::new(), Vec::new(), Vec::new());
        let rare: u64 = counts.levels.iter().map(|(_, n)| *n).filter(|n| *n < self.min_count).sum();
        let frequent = counts.frequent(self.min_count) as u32;
        for (level, count) in &counts.levels {
            if *count < self.min_count {
                group_of_level.push(frequent);
                continue;
            }
            group_of_level.push(names.len() as u32);
            names.push(level.clone());
            sizes.push(*count);
        }
        if rare > 0 {
            names.push("(rare)".to_owned());
            sizes.push(rare);
        }
        let missing_group = if counts.missing > 0 { names.len() as u32 } else { NO_GROUP };
        if counts.missing > 0 {
            names.push("(missing)".to_owned());
            sizes.push(counts.missing);
        }
        let total: u64 = sizes.iter().sum();
        let last_share = (*sizes.last()? as f64 / total as f64) as f32;
        let levels = counts.levels.iter().map(|(level, _)| level.clone()).collect();
        (names.len() > 1).then_some(FittedOneHot { levels, group_of_level, missing_group, names, last_share })
    }
}

impl Node for OneHot {
    type Fitted = FittedOneHot;

    fn fit(&self, input: &Input<'_>, _: TargetView<'_>, _: u64) -> Option<FittedOneHot> {
        self.fit_counts(&LevelCounts::of(&input.categories()))
    }
}

impl Fitted for FittedOneHot {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let group = |i: u32| match i {
            MISSING => self.missing_group,
            i => self.group_of_level.get(i as usize).copied().unwrap_or(NO_GROUP),
        };
        let groups: Vec<u32> = look_up(&input.categories(), &self.levels).into_iter().map(group).collect();
        if self.names.len() == 2 {
            let value = |&g: &u32| if g == NO_GROUP { self.last_share } else { g as f32 };
            return vec![FeatureValues::Numeric(groups.iter().map(value).collect())];
        }
        let column = |own: u32| {
            FeatureValues::Numeric(groups.iter().map(|&g| f32::from(u8::from(g == own))).collect())
        };
        (0..self.names.len() as u32).map(column).collect()
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        let skipped = usize::from(self.names.len() == 2);
        self.names.iter().skip(skipped).map(|name| format!("{input}={name}")).collect()
    }

    fn validate(&self) -> Result<(), String> {
        levels::validate(&self.levels)?;
        let groups = self.names.len() as u32;
        let inside = self.group_of_level.iter().all(|&g| g < groups)
            && (self.missing_group == NO_GROUP || self.missing_group < groups);
        let sized =
            self.group_of_level.len() == self.levels.len() && groups as usize <= self.levels.len() + 2;
        if inside && sized && groups > 1 && self.last_share.is_finite() {
            Ok(())
        } else {
            Err("one-hot groups that fitting cannot give".to_owned())
        }
    }
}
