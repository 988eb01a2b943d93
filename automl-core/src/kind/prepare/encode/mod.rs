//! Categories as numbers: a column for each level, the place or the share of a level, or the mean of the target.
//!
//! The rows that target means are learnt from are encoded out of fold (five seeded folds), so that a row's own target
//! does not show in it.

mod fitted;
mod spec;

pub use fitted::FittedEncode;

use super::columns::{Names, chosen, input, real, whole};
use super::target::{self, Target, TargetValues};
use crate::kind::{Finding, FittedStep, Given, KindSpec, Step};
use crate::node::{FeatureValues, LevelCounts, Smoothing, TargetEncode};
use crate::numeric::{sort_few_by, sort_few_by_key};
use crate::table::{ColumnType, Table, Values};
use fitted::{Code, Encoded};

const TYPES: [ColumnType; 2] = [ColumnType::Categorical, ColumnType::Boolean];
/// More columns than this for one category are no sensible request.
const MOST_LEVELS: usize = 1000;
/// Of a target of more classes, the most frequent ones get a column.
const MOST_CLASSES: u32 = 10;

/// `prepare.encode`.
pub struct Encode;

/// A column of encodings out of fold: its name, and one value for each of the target's places.
type OutOfFold = (String, FeatureValues);

impl Step for Encode {
    fn spec(&self) -> KindSpec {
        spec::spec()
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        if given.text("method") == "target" {
            return learn_means(given, table, rows, seed).map(|(fitted, ..)| FittedStep::Encode(fitted));
        }
        let names = chosen(given, table, &TYPES, "")?;
        let mut free = Names::beside(table, &names);
        let encoded = names.into_iter().map(|name| {
            let counts = LevelCounts::of(&input(table, &name, Some(rows)).categories());
            let code = match given.text("method").as_str() {
                "ordinal" => ordinal(given, counts),
                "frequency" => frequency(counts, rows.len()),
                _ => one_hot(given, counts, &name, &mut free),
            };
            Encoded { name, code }
        });
        Ok(FittedStep::Encode(FittedEncode(encoded.collect())))
    }

    fn fit_transform(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<(FittedStep, Table), Vec<Finding>> {
        if given.text("method") != "target" {
            let fitted = self.fit(given, table, rows, seed)?;
            let changed = fitted.apply(&table.take(rows));
            return Ok((fitted, changed));
        }
        let (fitted, target, training) = learn_means(given, table, rows, seed)?;
        let mut changed = fitted.apply(&table.take(rows));
        for (name, values) in training {
            let column = changed.columns.iter_mut().find(|c| c.name == name);
            if let (Some(column), FeatureValues::Numeric(values)) = (column, values)
                && let Values::F32(all) = &mut column.values
            {
                // Rows without a target told nothing: what was learnt from all others is theirs.
                target.places.iter().zip(values.iter()).for_each(|(&place, &x)| all[place] = x);
            }
        }
        Ok((FittedStep::Encode(fitted), changed))
    }
}

/// A column for each of the most frequent levels, by text.
fn one_hot(given: &Given<'_>, mut counts: LevelCounts, name: &str, free: &mut Names) -> Code {
    let most = whole(given, "levels", (1, MOST_LEVELS));
    let has_other = counts.levels.len() > most;
    sort_few_by(&mut counts.levels, |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.levels.truncate(most);
    let mut levels: Vec<String> = counts.levels.into_iter().map(|(level, _)| level).collect();
    levels.sort_unstable();
    let names = levels.iter().map(|level| free.free(format!("{name}: {level}"))).collect();
    let other = has_other.then(|| free.free(format!("{name}: other")));
    let missing = (counts.missing > 0).then(|| free.free(format!("{name} is missing")));
    Code::OneHot { levels, names, other, missing }
}

/// 0 for the first level, 1 for the next; missing for what was never seen.
fn ordinal(given: &Given<'_>, counts: LevelCounts) -> Code {
    let mut order: Vec<usize> = (0..counts.levels.len()).collect();
    if given.text("order") == "frequency" {
        sort_few_by_key(&mut order, |&i| std::cmp::Reverse(counts.levels[i].1));
    }
    let mut values = vec![0.0; order.len()];
    order.iter().enumerate().for_each(|(place, &i)| values[i] = place as f64);
    let levels = counts.levels.into_iter().map(|(level, _)| level).collect();
    Code::Number { levels, values, missing: None, unseen: None }
}

/// The share of the rows that have the level.
fn frequency(counts: LevelCounts, rows: usize) -> Code {
    let share = |n: u64| n as f64 / rows.max(1) as f64;
    let missing = Some(share(counts.missing));
    let values = counts.levels.iter().map(|(_, n)| share(*n)).collect();
    let levels = counts.levels.into_iter().map(|(level, _)| level).collect();
    Code::Number { levels, values, missing, unseen: Some(0.0) }
}

fn learn_means(
    given: &Given<'_>,
    table: &Table,
    rows: &[u32],
    seed: u64,
) -> Result<(FittedEncode, Target, Vec<OutOfFold>), Vec<Finding>> {
    let target = target::read(given, table, rows)?;
    let names = chosen(given, table, &TYPES, &target.name)?;
    let smoothing = match given.text("smooth").as_str() {
        "auto" => Smoothing::Auto,
        _ => Smoothing::Rows(real(given, "rows", (0.0, 1e6))),
    };
    let node = TargetEncode { smoothing, max_classes: MOST_CLASSES, min_count: 1, ..TargetEncode::default() };
    let view = target.values.view();
    let outputs = view.outputs(MOST_CLASSES as usize);
    let mut free = Names::beside(table, &names);
    let (mut encoded, mut training) = (Vec::new(), Vec::new());
    for name in names {
        let seen = input(table, &name, Some(&target.rows));
        let counts = LevelCounts::of(&seen.categories());
        let (means, out_of_fold) = node.fit_any_levels(&seen, &counts, view, seed);
        let names: Vec<String> = outputs
            .iter()
            .map(|&class| match &target.values {
                TargetValues::Classes { levels, .. } if outputs.len() > 1 => {
                    let level = levels.get(class as usize).map_or("", String::as_str);
                    free.free(format!("{name}: share of {level}"))
                }
                _ => name.clone(),
            })
            .collect();
        training.extend(names.iter().cloned().zip(out_of_fold));
        encoded.push(Encoded { name, code: Code::Means { means, names } });
    }
    Ok((FittedEncode(encoded), target, training))
}
