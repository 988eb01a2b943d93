//! What to beware of before a column is predicted.

use super::numeric::quantile;
use crate::diagnostic::Diagnostic;
use crate::numeric::sort_few_by_key;
use crate::table::{Column, ColumnType, MISSING_CODE, Table, Values};
use std::collections::BTreeMap;

/// A class with fewer rows cannot be in every fold.
const FEWEST_A_CLASS: u64 = 5;
/// A class with less than this share of the rows is warned of.
const RARE_SHARE: f64 = 0.05;
/// A numeric target with at most this many whole values is looked at as classes.
const MOST_NUMERIC_CLASSES: usize = 10;
/// Share of what guessing leaves open that a single column must explain to be suspected.
const LEAK: f64 = 0.98;
/// Fewer rows say nothing about a leak.
const LEAST_ROWS: usize = 30;
/// Intervals that a numeric column is cut into.
const BINS: usize = 64;

/// Looks at a column as a target: missing values, a single class, rare classes, imbalance, and columns that
/// predict it all alone. An index out of range has no findings.
pub fn target_checks(table: &Table, target_column_index: usize) -> Vec<Diagnostic> {
    let Some(target) = table.columns.get(target_column_index) else { return Vec::new() };
    let mut out = Vec::new();
    let missing = target.missing_count() as u64;
    let present = target.len() as u64 - missing;
    if present == 0 {
        out.push(Diagnostic::error(
            "target.all_missing",
            format!("The target \"{}\" has no values.", target.name),
            "Choose another target, or fill it in.",
        ));
    } else {
        if missing > 0 {
            out.push(Diagnostic::warning(
                "target.missing",
                format!("The target \"{}\" is missing in {missing} rows, which are left out.", target.name),
                "Nothing needs to be done, unless they should have had values.",
            ));
        }
        let classes = classes(target);
        match &classes {
            Some((codes, names)) => out.extend(class_checks(target, codes, names)),
            None if is_constant(target) => out.push(one_class(target, &target_text(target))),
            None => {}
        }
        if out.iter().all(|d| !d.is_error()) {
            out.extend(leaks(table, target_column_index, classes.as_ref()));
        }
    }
    out.into_iter().map(|d| if d.column.is_none() { d.at_column(&target.name) } else { d }).collect()
}

fn target_text(target: &Column) -> String {
    (0..target.len()).find_map(|row| target.text(row)).map_or(String::new(), std::borrow::Cow::into_owned)
}

fn is_constant(target: &Column) -> bool {
    let mut numbers = (0..target.len()).filter_map(|row| target.number(row));
    let first = numbers.next();
    numbers.all(|x| Some(x) == first)
}

/// Class of every row ([`MISSING_CODE`] for none) and the classes' names; `None` for a target to be regressed.
fn classes(target: &Column) -> Option<(Vec<u32>, Vec<String>)> {
    if let Values::Dict { codes, levels } = &target.values {
        return Some((codes.clone(), levels.clone()));
    }
    if matches!(target.values, Values::Time(_)) {
        return None;
    }
    let numeric = matches!(target.values, Values::F32(_) | Values::F64(_));
    let mut by_text: BTreeMap<String, u32> = BTreeMap::new();
    let mut names = Vec::new();
    let mut codes = Vec::with_capacity(target.len());
    for row in 0..target.len() {
        if numeric && target.number(row).is_some_and(|x| x.trunc() != x) {
            return None;
        }
        codes.push(match target.text(row) {
            None => MISSING_CODE,
            Some(text) => *by_text.entry(text.into_owned()).or_insert_with_key(|text| {
                names.push(text.clone());
                names.len() as u32 - 1
            }),
        });
        if numeric && names.len() > MOST_NUMERIC_CLASSES {
            return None;
        }
    }
    Some((codes, names))
}

fn one_class(target: &Column, class: &str) -> Diagnostic {
    Diagnostic::error(
        "target.one_class",
        format!(
            "The target \"{}\" has only one value, \"{class}\": there is nothing to tell apart.",
            target.name
        ),
        "Choose another target, or add rows of another kind.",
    )
}

fn counts_of(codes: &[u32], classes: usize) -> Vec<u64> {
    let mut counts = vec![0u64; classes];
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts
}

fn class_checks(target: &Column, codes: &[u32], names: &[String]) -> Vec<Diagnostic> {
    let counts = counts_of(codes, names.len());
    let mut met: Vec<(&String, u64)> = names.iter().zip(counts).filter(|(_, n)| *n > 0).collect();
    sort_few_by_key(&mut met, |(_, n)| *n);
    let total: u64 = met.iter().map(|(_, n)| n).sum();
    let Some(&(rarest, least)) = met.first() else { return Vec::new() };
    if met.len() == 1 {
        return vec![one_class(target, rarest)];
    }
    let mut out = Vec::new();
    let few: Vec<_> = met.iter().take_while(|(_, n)| *n < FEWEST_A_CLASS).collect();
    if !few.is_empty() {
        let shown: Vec<String> = few.iter().take(3).map(|(name, n)| format!("\"{name}\" ({n})")).collect();
        let more = if few.len() > 3 { format!(" and {} more", few.len() - 3) } else { String::new() };
        out.push(Diagnostic::warning(
            "target.rare_class",
            format!("Some classes have fewer than {FEWEST_A_CLASS} rows: {}{more}.", shown.join(", ")),
            "Gather more of them, or join them to another class; their scores are guesswork.",
        ));
    }
    if (least as f64) < RARE_SHARE * total as f64 && least >= FEWEST_A_CLASS {
        let share = 100.0 * least as f64 / total as f64;
        out.push(Diagnostic::warning(
            "target.imbalance",
            format!("Only {share:.1} % of the rows are \"{rarest}\"."),
            "Judge models by ROC AUC or balanced accuracy rather than by accuracy.",
        ));
    }
    out
}

/// Columns that predict the target alone. A column is cut into groups (its categories, or intervals of equal
/// frequency); what the even rows of a group say is tried on the odd ones, so that identifiers cannot pass.
fn leaks(table: &Table, target_at: usize, classes: Option<&(Vec<u32>, Vec<String>)>) -> Vec<Diagnostic> {
    let target = &table.columns[target_at];
    let mut out = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        if at == target_at || matches!(column.ty, ColumnType::Id | ColumnType::Constant | ColumnType::Text) {
            continue;
        }
        let Some(groups) = groups(column) else { continue };
        let explained = match classes {
            Some((codes, names)) => explained_classes(&groups, codes, names.len()),
            None => explained_numbers(&groups, target).max(correlation(column, target)),
        };
        if explained >= LEAK {
            out.push(
                Diagnostic::warning(
                    "target.leak",
                    format!(
                        "Column \"{}\" predicts the target \"{}\" almost perfectly on its own.",
                        column.name, target.name
                    ),
                    "Leave it out if it is known only after the outcome, or is the outcome in other words.",
                )
                .at_column(&column.name),
            );
        }
    }
    out
}

/// A group for every row; missing is a group of its own.
fn groups(column: &Column) -> Option<Vec<u32>> {
    match &column.values {
        Values::Dict { codes, levels } => {
            Some(codes.iter().map(|&c| if c == MISSING_CODE { levels.len() as u32 } else { c }).collect())
        }
        Values::Text(_) => None,
        _ => {
            let mut sorted: Vec<f64> = (0..column.len()).filter_map(|row| column.number(row)).collect();
            if sorted.is_empty() {
                return None;
            }
            sorted.sort_unstable_by(f64::total_cmp);
            let mut edges: Vec<f64> = (1..BINS).map(|i| quantile(&sorted, i as f64 / BINS as f64)).collect();
            edges.dedup();
            let of = |x: f64| edges.partition_point(|&edge| edge < x) as u32;
            Some((0..column.len()).map(|row| column.number(row).map_or(BINS as u32, of)).collect())
        }
    }
}

/// Share of the errors of guessing the most frequent class that the groups avoid, on the odd rows.
fn explained_classes(groups: &[u32], codes: &[u32], classes: usize) -> f64 {
    let mut by_group: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for (&group, &code) in groups.iter().zip(codes).step_by(2).filter(|(_, c)| **c != MISSING_CODE) {
        *by_group.entry((group, code)).or_insert(0) += 1;
    }
    let mut best: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
    for ((group, code), n) in by_group {
        let entry = best.entry(group).or_insert((n, code));
        if n > entry.0 {
            *entry = (n, code);
        }
    }
    let odd = || groups.iter().zip(codes).skip(1).step_by(2).filter(|(_, c)| **c != MISSING_CODE);
    let total = odd().count();
    let guess =
        counts_of(codes, classes).into_iter().enumerate().max_by_key(|(_, n)| *n).map_or(0, |(c, _)| c);
    let guessed = odd().filter(|(_, c)| **c as usize == guess).count();
    if total < LEAST_ROWS / 2 || guessed == total {
        return 0.0;
    }
    let right = odd().filter(|(g, c)| best.get(g).is_some_and(|(_, code)| code == *c)).count();
    (right as f64 - guessed as f64) / (total - guessed) as f64
}

/// R² of the groups' means on the odd rows.
fn explained_numbers(groups: &[u32], target: &Column) -> f64 {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    let mut all = (0.0, 0.0);
    for (row, &group) in groups.iter().enumerate().step_by(2) {
        if let Some(y) = target.number(row) {
            let entry = sums.entry(group).or_insert((0.0, 0.0));
            *entry = (entry.0 + y, entry.1 + 1.0);
            all = (all.0 + y, all.1 + 1.0);
        }
    }
    let centre = all.0 / f64::max(all.1, 1.0);
    let (mut left, mut spread, mut count) = (0.0, 0.0, 0);
    for (row, group) in groups.iter().enumerate().skip(1).step_by(2) {
        if let Some(y) = target.number(row) {
            let guess = sums.get(group).map_or(centre, |(sum, n)| sum / n);
            left += (y - guess) * (y - guess);
            spread += (y - centre) * (y - centre);
            count += 1;
        }
    }
    if count < LEAST_ROWS / 2 || spread <= 0.0 { 0.0 } else { 1.0 - left / spread }
}

/// Pearson's r², which sees linear copies that groups are too coarse for.
fn correlation(column: &Column, target: &Column) -> f64 {
    let pairs = || (0..column.len()).filter_map(|row| Some((column.number(row)?, target.number(row)?)));
    let count = pairs().count();
    if count < LEAST_ROWS {
        return 0.0;
    }
    let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mean_x, mean_y) = (sum_x / count as f64, sum_y / count as f64);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        xx += (x - mean_x) * (x - mean_x);
        yy += (y - mean_y) * (y - mean_y);
        xy += (x - mean_x) * (y - mean_y);
    }
    if xx > 0.0 && yy > 0.0 { xy * xy / (xx * yy) } else { 0.0 }
}
