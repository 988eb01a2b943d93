//! Recipes: which node serves which column, and all of them together.

use super::input::Family;
use super::rescale::Rescale;
use super::{
    DenseOptions, FeatureColumn, FeatureValues, Fitted, FittedNode, Frame, Input, NativeOptions, TargetView,
};
use crate::table::{Column, Table, Values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of [`FittedRecipe`] that this code writes and reads.
const VERSION: u32 = 1;
/// Features of a date, about.
const TIME_FEATURES: usize = 8;

/// Most levels of a feature that counts as one of few.
const FEW_LEVELS: usize = 16;
/// Rows of a number, spread over all of them, that tell whether it has few levels.
const GLANCE: usize = 200;

/// How a table becomes features, before fitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Recipe {
    /// Numbers with missing values, and categories as codes: what trees take.
    Native(NativeOptions),
    /// Finite numbers of about unit variance: what linear models, neighbours and networks take.
    Dense(DenseOptions),
}

/// What one column of the table became.
pub(crate) struct Made {
    pub node: FittedNode,
    /// Features of the training rows, after `rescale`.
    pub training: Vec<FeatureValues>,
    pub rescale: Option<Rescale>,
}

impl Recipe {
    /// Fits on the rows `rows` of `table` and nothing else.
    ///
    /// `columns` are the indices of the columns to take features from (identifiers and constants among them
    /// are passed over), `target` is aligned with `rows`. Returns the fitted recipe and the features of the
    /// training rows, in the order of `rows`. These differ from what [`FittedRecipe::transform`] gives for the
    /// same rows where categories are encoded by their target: there a training row's own target is left out.
    pub fn fit(
        &self,
        table: &Table,
        columns: &[usize],
        rows: &[u32],
        target: TargetView<'_>,
        seed: u64,
    ) -> (FittedRecipe, Frame) {
        let mut fitted = FittedRecipe { version: VERSION, columns: Vec::new() };
        let mut frame = Frame { columns: Vec::new(), rows: rows.len() };
        let recipe = &self.for_columns(columns.iter().filter_map(|&j| table.columns.get(j)));
        for column in columns.iter().filter_map(|&j| table.columns.get(j)) {
            let Some(family) = Family::of(column) else { continue };
            let input = Input::new(Some(column), Some(rows), table.rows);
            let made = match recipe {
                Self::Native(options) => options.make(family, &input, target, seed),
                Self::Dense(options) => options.make(family, &input, target, seed),
            };
            let Some(Made { node, training, rescale }) = made else { continue };
            let made = FittedColumn { input: column.name.clone(), node, rescale };
            frame.columns.extend(
                made.output_names()
                    .into_iter()
                    .zip(training)
                    .map(|(name, values)| FeatureColumn { name, values }),
            );
            fitted.columns.push(made);
        }
        (fitted, frame)
    }

    /// The same, with no more than these columns allow.
    fn for_columns<'a>(&self, columns: impl Iterator<Item = &'a Column>) -> Recipe {
        let mut recipe = self.clone();
        if let Self::Dense(options) = &mut recipe {
            let numbers = columns.filter(|c| Family::of(c) == Some(Family::Number)).count();
            options.splines = options.splines.for_columns(numbers);
        }
        recipe
    }

    /// About how many features columns become: levels and words are counted on all rows, rare ones too.
    pub fn features_of<'a>(&self, columns: impl Iterator<Item = &'a Column>) -> usize {
        let of = |column: &Column| match (self, Family::of(column)) {
            (_, None) => 0,
            (Self::Dense(options), Some(Family::Category)) => match &column.values {
                Values::Dict { levels, .. } if levels.len() <= options.max_one_hot as usize => levels.len(),
                _ => 1,
            },
            (Self::Dense(DenseOptions { text, .. }), Some(Family::Text))
            | (Self::Native(NativeOptions { text, .. }), Some(Family::Text)) => text.words as usize,
            (_, Some(Family::Time)) => TIME_FEATURES,
            (_, Some(Family::Number | Family::Flag | Family::Category)) => 1,
        };
        let columns: Vec<&Column> = columns.collect();
        let numbers = columns.iter().filter(|c| Family::of(c) == Some(Family::Number)).count();
        let splines = match self {
            Self::Dense(options) => options.splines.splines_of_columns(numbers),
            Self::Native(_) => 0,
        };
        splines + columns.into_iter().map(of).sum::<usize>()
    }

    /// About how many of the features of these columns have few levels, sixteen or fewer.
    pub fn few_levels_of<'a>(&self, columns: impl Iterator<Item = &'a Column>) -> usize {
        let of = |column: &Column| match (self, Family::of(column), &column.values) {
            (_, Some(Family::Flag), _) => 1,
            (Self::Native(_), Some(Family::Category), Values::Dict { levels, .. }) => {
                usize::from(levels.len() <= FEW_LEVELS)
            }
            (Self::Dense(options), Some(Family::Category), Values::Dict { levels, .. })
                if levels.len() <= options.max_one_hot as usize =>
            {
                levels.len()
            }
            (_, Some(Family::Number), Values::F32(values)) => usize::from(has_few_levels(values)),
            (_, Some(Family::Number), Values::F64(values)) => usize::from(has_few_levels(values)),
            _ => 0,
        };
        columns.map(of).sum()
    }
}

/// Whether some of the values, spread over all of them, are of few kinds.
fn has_few_levels<T: PartialOrd>(values: &[T]) -> bool {
    let mut seen: Vec<&T> = Vec::with_capacity(FEW_LEVELS);
    for value in values.iter().step_by(values.len().div_ceil(GLANCE).max(1)) {
        // What is missing does not even compare with itself.
        if value.partial_cmp(value).is_some() && !seen.contains(&value) {
            if seen.len() == FEW_LEVELS {
                return false;
            }
            seen.push(value);
        }
    }
    true
}

/// A fitted node and the column that it reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedColumn {
    input: String,
    node: FittedNode,
    rescale: Option<Rescale>,
}

impl FittedColumn {
    fn output_names(&self) -> Vec<String> {
        let names = self.node.output_names(&self.input);
        match &self.rescale {
            Some(rescale) => rescale.select(&names),
            None => names,
        }
    }

    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let raw = self.node.transform(input);
        match &self.rescale {
            Some(rescale) => rescale.apply(&raw),
            None => raw,
        }
    }
}

/// A recipe that has learnt from training rows: plain data, part of a model artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedRecipe {
    version: u32,
    columns: Vec<FittedColumn>,
}

impl FittedRecipe {
    /// The features of the rows `rows` of `table`, or of all its rows.
    ///
    /// Columns are found by name. Where one is absent or holds another kind of values, it is missing in every
    /// row; levels that training never saw are treated as each node says.
    pub fn transform(&self, table: &Table, rows: Option<&[u32]>) -> Frame {
        let mut frame = Frame { columns: Vec::new(), rows: rows.map_or(table.rows, <[u32]>::len) };
        // Of columns of one name the first counts, as in `Table::column`; the last one put in a map stays.
        let by_name: BTreeMap<&str, &Column> =
            table.columns.iter().rev().map(|c| (c.name.as_str(), c)).collect();
        for column in &self.columns {
            let column_of_table = by_name.get(column.input.as_str()).copied();
            let input = Input::new(column_of_table, rows, table.rows);
            let values = column.transform(&input);
            frame.columns.extend(
                column
                    .output_names()
                    .into_iter()
                    .zip(values)
                    .map(|(name, values)| FeatureColumn { name, values }),
            );
        }
        frame
    }

    /// The columns of the table that the features come from, in the order of the features.
    pub fn input_columns(&self) -> Vec<&str> {
        self.columns.iter().map(|c| c.input.as_str()).collect()
    }

    /// Whether features hold what is known of the target: those of the training rows themselves then give away more
    /// than those of others.
    pub fn knows_targets(&self) -> bool {
        let knows = |node: &FittedNode| {
            matches!(
                node,
                FittedNode::TargetMeans(_) | FittedNode::CodesAndMeans(_) | FittedNode::ScoredText(_)
            )
        };
        self.columns.iter().any(|c| knows(&c.node))
    }

    /// Names of the features, in order.
    pub fn output_names(&self) -> Vec<String> {
        self.columns.iter().flat_map(FittedColumn::output_names).collect()
    }

    /// For each feature, the index in [`FittedRecipe::input_columns`] of the column that it comes from.
    pub fn output_sources(&self) -> Vec<usize> {
        self.columns
            .iter()
            .enumerate()
            .flat_map(|(i, c)| std::iter::repeat_n(i, c.output_names().len()))
            .collect()
    }

    /// Checks data that may come from anywhere. A recipe that passes never panics in
    /// [`FittedRecipe::transform`].
    ///
    /// # Errors
    /// What is wrong, and in which column.
    pub fn validate(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!(
                "preprocessing of version {}, but this reads version {VERSION}",
                self.version
            ));
        }
        for column in &self.columns {
            let checked = column.node.validate().and_then(|()| match (&column.rescale, &column.node) {
                (None, _) => Ok(()),
                (Some(_), FittedNode::Codes(_) | FittedNode::CodesAndMeans(_)) => {
                    Err("categories cannot be scaled".to_owned())
                }
                (Some(rescale), node) => rescale.validate(node.output_names("").len()),
            });
            checked.map_err(|what| format!("preprocessing of column `{}`: {what}", column.input))?;
        }
        Ok(())
    }
}
