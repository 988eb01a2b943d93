//! What one column says about the target. Rows in which either is missing are left out.

use crate::kind::prepare::columns::{input, numbers, present};
use crate::kind::prepare::target::{Target, TargetValues};
use crate::node::{LevelCounts, look_up, quantiles_of_sorted};
use crate::numeric::math::ln;
use crate::numeric::{dot, mean, sum};
use crate::table::{Table, Values};

/// Numbers are cut into so many bins of equally many rows before their mutual information is counted.
const BINS: usize = 10;

/// Pearson's correlation of the pairs that are there; 0 where either does not vary.
pub(in crate::kind::prepare) fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) =
        a.iter().zip(b).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(x, y)| (*x, *y)).unzip();
    let centred = |v: &[f64]| {
        let centre = mean(v);
        v.iter().map(|x| x - centre).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(&a), centred(&b));
    let scale = (dot(&a, &a)).sqrt() * (dot(&b, &b)).sqrt();
    if scale > 0.0 { dot(&a, &b) / scale } else { 0.0 }
}

/// Numbers less their mean, of length 1: correlations are those of the numbers.
pub(super) struct Unit {
    values: Vec<f64>,
    has_missing: bool,
}

impl Unit {
    pub(super) fn of(numbers: &[f64]) -> Self {
        let present = present(numbers);
        let centre = mean(&present);
        let length = present.iter().map(|x| (x - centre) * (x - centre)).collect::<Vec<_>>();
        let length = sum(&length).sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        let values = numbers.iter().map(|x| (x - centre) * scale).collect();
        Self { values, has_missing: present.len() < numbers.len() }
    }

    pub(super) fn correlation(&self, other: &Self) -> f64 {
        if self.has_missing || other.has_missing {
            pearson(&self.values, &other.values)
        } else {
            dot(&self.values, &other.values)
        }
    }
}

/// Why a method does not fit, and what to do.
pub(super) type Unfit = (String, &'static str);

/// |r| with a target of numbers, or of two classes.
pub(super) fn with_target(x: &[f64], target: &TargetValues) -> Result<f64, Unfit> {
    match target {
        TargetValues::Numbers(y) => Ok(pearson(x, y).abs()),
        TargetValues::Classes { codes, levels } if levels.len() <= 2 => {
            let y: Vec<f64> = codes.iter().map(|&c| f64::from(c)).collect();
            Ok(pearson(x, &y).abs())
        }
        TargetValues::Classes { levels, .. } => Err((
            format!("The target has {} classes, with which nothing can be correlated.", levels.len()),
            "Choose ANOVA's F or mutual information.",
        )),
    }
}

/// F of a one-way analysis of variance between the classes (scikit-learn's `f_classif`); of the regression line for a
/// target of numbers (`f_regression`). 0 where nothing varies.
pub(super) fn anova(x: &[f64], target: &TargetValues) -> f64 {
    let f = match target {
        TargetValues::Numbers(y) => {
            let n = x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).count() as f64;
            let r = pearson(x, y);
            r * r / (1.0 - r * r) * (n - 2.0)
        }
        TargetValues::Classes { codes, levels } => {
            let mut groups: Vec<Vec<f64>> = vec![Vec::new(); levels.len()];
            for (&x, &code) in x.iter().zip(codes) {
                if let Some(group) = groups.get_mut(code as usize).filter(|_| !x.is_nan()) {
                    group.push(x);
                }
            }
            groups.retain(|g| !g.is_empty());
            let all = groups.concat();
            let (n, k) = (all.len() as f64, groups.len() as f64);
            let centre = mean(&all);
            let (mut between, mut within) = (0.0, 0.0);
            for group in &groups {
                let of_group = mean(group);
                between += group.len() as f64 * (of_group - centre) * (of_group - centre);
                within += mean(&group.iter().map(|x| (x - of_group) * (x - of_group)).collect::<Vec<_>>())
                    * group.len() as f64;
            }
            (between / (k - 1.0)) / (within / (n - k))
        }
    };
    match f {
        f if f.is_nan() || f < 0.0 => 0.0,
        f => f,
    }
}

/// Levels of a column for the target's rows, and how many there are; `None` where missing.
fn levels_of(table: &Table, name: &str, rows: &[u32]) -> (Vec<Option<usize>>, usize) {
    if table.column(name).is_some_and(|c| matches!(c.values, Values::F32(_) | Values::F64(_))) {
        return bins(&numbers(table, name, Some(rows)));
    }
    let categories = input(table, name, Some(rows)).categories();
    let levels: Vec<String> = LevelCounts::of(&categories).levels.into_iter().map(|(l, _)| l).collect();
    let index = |i: u32| Some(i as usize).filter(|&i| i < levels.len());
    (look_up(&categories, &levels).into_iter().map(index).collect(), levels.len())
}

/// Numbers by bins of equally many rows.
fn bins(values: &[f64]) -> (Vec<Option<usize>>, usize) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges = quantiles_of_sorted(&sorted, BINS + 1);
    edges.dedup();
    edges.pop();
    let edges = edges.get(1..).unwrap_or_default();
    let bin = |x: &f64| (!x.is_nan()).then(|| edges.partition_point(|e| e <= x));
    (values.iter().map(bin).collect(), edges.len() + 1)
}

/// How many rows have both: levels of x × levels of y.
fn table_of(x: &[Option<usize>], y: &[Option<usize>], sizes: (usize, usize)) -> Vec<f64> {
    let mut counts = vec![0.0; sizes.0 * sizes.1];
    for (x, y) in x.iter().zip(y) {
        if let (Some(x), Some(y)) = (x, y)
            && let Some(count) = counts.get_mut(x * sizes.1 + y)
        {
            *count += 1.0;
        }
    }
    counts
}

/// Sums by level of x, by level of y, and of all.
fn margins(counts: &[f64], sizes: (usize, usize)) -> (Vec<f64>, Vec<f64>, f64) {
    let of_x: Vec<f64> = counts.chunks(sizes.1.max(1)).map(|row| row.iter().sum()).collect();
    let mut of_y = vec![0.0; sizes.1];
    for row in counts.chunks(sizes.1.max(1)) {
        of_y.iter_mut().zip(row).for_each(|(t, c)| *t += c);
    }
    let all = of_y.iter().sum();
    (of_x, of_y, all)
}

fn target_levels(target: &TargetValues) -> (Vec<Option<usize>>, usize) {
    match target {
        TargetValues::Numbers(y) => bins(y),
        TargetValues::Classes { codes, levels } => {
            (codes.iter().map(|&c| Some(c as usize)).collect(), levels.len())
        }
    }
}

/// Mutual information in nats of the levels, or of the bins of numbers.
pub(super) fn mutual_information(table: &Table, name: &str, target: &Target) -> f64 {
    let (x, width) = levels_of(table, name, &target.rows);
    let (y, height) = target_levels(&target.values);
    let sizes = (width, height);
    let counts = table_of(&x, &y, sizes);
    let (of_x, of_y, all) = margins(&counts, sizes);
    let mut total = 0.0;
    for (row, in_x) in counts.chunks(height.max(1)).zip(&of_x) {
        for (&count, in_y) in row.iter().zip(&of_y) {
            if count > 0.0 {
                total += count / all * (ln(count * all) - ln(in_x * in_y));
            }
        }
    }
    total.max(0.0)
}

/// χ² of independence. Of categories: of the table of counts. Of numbers, which count how often something is there: of
/// their sums by class (scikit-learn's `chi2`).
pub(super) fn chi_squared(table: &Table, name: &str, target: &Target) -> Result<f64, Unfit> {
    let (y, height) = target_levels(&target.values);
    let is_number =
        table.column(name).is_some_and(|c| !matches!(c.values, Values::Dict { .. } | Values::Text(_)));
    if !is_number {
        let (x, width) = levels_of(table, name, &target.rows);
        return Ok(chi_squared_of(&table_of(&x, &y, (width, height)), (width, height)));
    }
    let x = numbers(table, name, Some(&target.rows));
    let (mut sums, mut rows) = (vec![0.0; height], vec![0.0; height]);
    for (&x, y) in x.iter().zip(&y) {
        if x < 0.0 {
            let message = format!("Column \"{name}\" holds {x}, where chi² takes numbers of 0 and more.");
            return Err((message, "Choose another method, or scale the column from 0 to 1 before."));
        }
        if let Some(y) = y.filter(|_| !x.is_nan()) {
            sums[y] += x;
            rows[y] += 1.0;
        }
    }
    let (total, all): (f64, f64) = (sums.iter().sum(), rows.iter().sum());
    let terms = sums.iter().zip(&rows).map(|(observed, rows)| (*observed, total * rows / all));
    Ok(chi_sum(terms))
}

fn chi_squared_of(counts: &[f64], sizes: (usize, usize)) -> f64 {
    let (of_x, of_y, all) = margins(counts, sizes);
    let cells = counts.iter().enumerate();
    chi_sum(cells.map(|(at, &count)| (count, of_x[at / sizes.1] * of_y[at % sizes.1] / all)))
}

/// Σ (observed − expected)² / expected.
fn chi_sum(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    terms.filter(|(_, e)| *e > 0.0).map(|(o, e)| (o - e) * (o - e) / e).sum()
}
