//! A target as steps see it while they are fitted.

use super::columns::{input, refusal};
use crate::kind::{Finding, Given};
use crate::node::{LevelCounts, TargetView, look_up};
use crate::table::{Table, Values};

/// What is to be predicted, for the rows in which it is known.
pub(super) struct Target {
    pub(super) name: String,
    /// Places in the rows that were given.
    pub(super) places: Vec<usize>,
    /// The rows at those places.
    pub(super) rows: Vec<u32>,
    pub(super) values: TargetValues,
}

pub(super) enum TargetValues {
    Numbers(Vec<f64>),
    /// `codes`: into `levels`, which ascend by text and are all there.
    Classes {
        codes: Vec<u32>,
        levels: Vec<String>,
    },
}

impl TargetValues {
    pub(super) fn view(&self) -> TargetView<'_> {
        match self {
            Self::Numbers(values) => TargetView::Values(values),
            Self::Classes { codes, levels } => TargetView::Classes { codes, classes: levels.len() },
        }
    }
}

/// The column that the parameter `target` names.
///
/// # Errors
/// Where it is not set, or the table has no such column.
pub(super) fn read(given: &Given<'_>, table: &Table, rows: &[u32]) -> Result<Target, Vec<Finding>> {
    let name = given.text("target");
    if name.is_empty() {
        let message = "\"Target\" is not set.".to_owned();
        return Err(refusal("target", "param.missing", message, "Choose what is to be predicted."));
    }
    let Some(column) = table.column(&name) else {
        let message = format!("There is no column \"{name}\" in the table that comes in.");
        return Err(refusal("target", "param.no_column", message, "Choose another column."));
    };
    let seen = input(table, &name, Some(rows));
    if matches!(column.values, Values::F32(_) | Values::F64(_)) {
        let all = seen.numbers();
        let places: Vec<usize> = (0..all.len()).filter(|&i| !all[i].is_nan()).collect();
        let values = TargetValues::Numbers(places.iter().map(|&i| all[i]).collect());
        return Ok(Target { name, rows: places.iter().map(|&i| rows[i]).collect(), places, values });
    }
    let categories = seen.categories();
    let levels: Vec<String> =
        LevelCounts::of(&categories).levels.into_iter().map(|(level, _)| level).collect();
    let all = look_up(&categories, &levels);
    let places: Vec<usize> = (0..all.len()).filter(|&i| (all[i] as usize) < levels.len()).collect();
    let codes = places.iter().map(|&i| all[i]).collect();
    let values = TargetValues::Classes { codes, levels };
    Ok(Target { name, rows: places.iter().map(|&i| rows[i]).collect(), places, values })
}
