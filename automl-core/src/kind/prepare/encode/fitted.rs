//! What was learnt of categories, and how it is applied.

use super::{MOST_CLASSES, MOST_LEVELS};
use crate::kind::prepare::columns::{Changed, LARGEST, input, number_column, single_column};
use crate::node::{FeatureValues, Fitted, MISSING, TargetMeans, look_up};
use crate::table::{Column, Table};
use serde::{Deserialize, Serialize};

/// How the levels of one column become numbers. Levels ascend by text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Code {
    /// 1 in the level's column, 0 in the others. Levels without a column count as `other`.
    OneHot { levels: Vec<String>, names: Vec<String>, other: Option<String>, missing: Option<String> },
    /// One value a level, in a column of the same name.
    Number { levels: Vec<String>, values: Vec<f64>, missing: Option<f64>, unseen: Option<f64> },
    /// `names`: of the means.
    Means { means: TargetMeans, names: Vec<String> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Encoded {
    pub(super) name: String,
    pub(super) code: Code,
}

/// The encoding of each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedEncode(pub(super) Vec<Encoded>);

impl FittedEncode {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let mut changed = Changed::of(table);
        for Encoded { name, code } in &self.0 {
            changed.replace(name, code.columns(table, name));
        }
        changed.table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        match self.0.iter().find(|e| !e.code.is_sound()) {
            None => Ok(()),
            Some(odd) => Err(format!("an encoding of column \"{}\" that fitting cannot give", odd.name)),
        }
    }
}

impl Code {
    fn columns(&self, table: &Table, name: &str) -> Vec<Column> {
        match self {
            Self::OneHot { levels, names, other, missing } => {
                let index = look_up(&input(table, name, None).categories(), levels);
                let column = |name: &String, is_one: &dyn Fn(u32) -> bool| {
                    let cells = index.iter().map(|&i| f32::from(u8::from(is_one(i)))).collect();
                    single_column(name, cells)
                };
                let of_level = names.iter().zip(0u32..).map(|(name, at)| column(name, &|i| i == at));
                let unseen = |i: u32| i != MISSING && i as usize >= levels.len();
                let of_other = other.iter().map(|name| column(name, &unseen));
                let of_missing = missing.iter().map(|name| column(name, &|i| i == MISSING));
                of_level.chain(of_other).chain(of_missing).collect()
            }
            Self::Number { levels, values, missing, unseen } => {
                let value = |i: u32| match i {
                    MISSING => *missing,
                    i => values.get(i as usize).copied().or(*unseen),
                };
                let index = look_up(&input(table, name, None).categories(), levels);
                let cells = index.into_iter().map(|i| value(i).unwrap_or(f64::NAN)).collect();
                vec![number_column(name, cells)]
            }
            Self::Means { means, names } => {
                let seen = input(table, name, None);
                // Data that no fitting gave are not looked into.
                let columns = if means.validate().is_ok() { means.transform(&seen) } else { Vec::new() };
                let cells = |values: Option<&FeatureValues>| match values {
                    Some(FeatureValues::Numeric(values)) => values.to_vec(),
                    _ => vec![f32::NAN; table.rows],
                };
                names.iter().enumerate().map(|(i, n)| single_column(n, cells(columns.get(i)))).collect()
            }
        }
    }

    fn is_sound(&self) -> bool {
        let ascend = |levels: &[String]| levels.windows(2).all(|w| w[0] < w[1]);
        match self {
            Self::OneHot { levels, names, .. } => {
                ascend(levels) && levels.len() == names.len() && levels.len() <= MOST_LEVELS
            }
            Self::Number { levels, values, missing, unseen } => {
                let all = values.iter().chain(missing).chain(unseen);
                ascend(levels) && levels.len() == values.len() && all.into_iter().all(|x| x.abs() <= LARGEST)
            }
            Self::Means { means, names } => {
                means.validate().is_ok()
                    && names.len() == means.outputs()
                    && names.len() <= MOST_CLASSES as usize
            }
        }
    }
}
