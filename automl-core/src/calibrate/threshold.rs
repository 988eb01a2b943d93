//! From which probability on a row is called the second of two classes.

use crate::metric::{Confusion, MetricSpec, of_confusion};
use crate::numeric::mean;

/// Where the most likely class is the label.
pub const EVEN: f64 = 0.5;
/// Fewer rows, or fewer of a class, say too little.
const FEWEST_ROWS: usize = 100;
const FEWEST_A_CLASS: usize = 10;
const PARTS: usize = 5;
const GROUPS: usize = 20;
/// See [`best_threshold`].
const LEAST_GAIN: f64 = 0.1;
const LEAST_ERRORS: f64 = 2.0;
/// Metrics that a threshold may be chosen for. Precision and recall alone would be best with next to no row, or with
/// every row, called so.
const CHOSEN_FOR: [&str; 4] = ["accuracy", "balanced_accuracy", "f1", "mcc"];

/// The threshold that maximises `metric` when rows with `p` (probability of the second class, out of fold) above it are
/// labelled the second class. `weights`: how much rows count, all alike where there are none.
///
/// `None` where the labels stay those of the most likely class: the metric is not one of labels, there are few rows, or
/// the gain may be noise: labels of each fifth of the rows by the threshold of the others must score better than at 0.5 by
/// a tenth of 1 / √rows, and by two standard errors (delete-a-group jackknife, Kott, 2001).
pub fn best_threshold(metric: &MetricSpec, codes: &[u32], p: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let second = codes.iter().filter(|c| **c == 1).count();
    let few = codes.len() < FEWEST_ROWS || second.min(codes.len() - second) < FEWEST_A_CLASS;
    if few || !CHOSEN_FOR.contains(&metric.id) || p.len() != codes.len() {
        return None;
    }
    let mut ranked: Vec<Row> = Vec::with_capacity(codes.len());
    let mut counts = [0usize; 2];
    for (i, (&p, &code)) in p.iter().zip(codes).enumerate() {
        let turn = &mut counts[usize::from(code == 1)];
        // Rows of each class take turns, so that every part and every group has its share.
        let weight = weights.map_or(1.0, |w| w[i]);
        ranked.push(Row { p, code, weight, part: *turn % PARTS, group: *turn % GROUPS });
        *turn += 1;
    }
    ranked.sort_by(|a, b| a.p.total_cmp(&b.p));
    let mut thresholds = [EVEN; PARTS];
    for (part, threshold) in thresholds.iter_mut().enumerate() {
        let others = ranked.iter().filter(|r| r.part != part);
        *threshold = sweep(metric, &others.collect::<Vec<_>>())?;
    }
    let gain_without = |group: Option<usize>| {
        let kept = || ranked.iter().filter(|r| Some(r.group) != group);
        let score = |threshold: &dyn Fn(&Row) -> f64| of_confusion(metric.id, &counted(kept(), threshold));
        Some(score(&|r| thresholds[r.part])? - score(&|_| EVEN)?)
    };
    let gain = gain_without(None)?;
    let without: Vec<f64> = (0..GROUPS).map(|g| gain_without(Some(g))).collect::<Option<Vec<f64>>>()?;
    let centre = mean(&without);
    let squares: f64 = without.iter().map(|g| (g - centre) * (g - centre)).sum();
    let error = (squares * (GROUPS - 1) as f64 / GROUPS as f64).sqrt();
    if gain <= LEAST_GAIN / (codes.len() as f64).sqrt() || gain <= LEAST_ERRORS * error {
        return None;
    }
    sweep(metric, &ranked.iter().collect::<Vec<_>>())
}

struct Row {
    p: f64,
    code: u32,
    weight: f64,
    part: usize,
    group: usize,
}

fn counted<'a>(rows: impl Iterator<Item = &'a Row>, threshold: &dyn Fn(&Row) -> f64) -> Confusion {
    let mut counts = vec![0.0; 4];
    for row in rows {
        counts[2 * row.code as usize + usize::from(row.p > threshold(row))] += row.weight;
    }
    Confusion { counts, classes: 2 }
}

/// The best threshold of `ranked` (probability ascending), half-way between two neighbours; of equals the nearest to 0.5.
fn sweep(metric: &MetricSpec, ranked: &[&Row]) -> Option<f64> {
    let of_class = |code: u32| ranked.iter().filter(|r| r.code == code).map(|r| r.weight).sum::<f64>();
    // Above a threshold below all, every row is called the second class.
    let mut confusion = Confusion { counts: vec![0.0, of_class(0), 0.0, of_class(1)], classes: 2 };
    let mut best: Option<(f64, f64)> = None;
    for (i, &&Row { p, code, weight, .. }) in ranked.iter().enumerate() {
        let at = 2 * code as usize;
        confusion.counts[at] += weight;
        // Weights that are taken off one by one may leave a rounding error.
        confusion.counts[at + 1] = (confusion.counts[at + 1] - weight).max(0.0);
        let next = ranked.get(i + 1).map_or(1.0, |n| n.p);
        if next <= p {
            continue;
        }
        let (score, threshold) = (of_confusion(metric.id, &confusion)?, p + (next - p) / 2.0);
        let nearer = |than: f64| (threshold - EVEN).abs() < (than - EVEN).abs();
        if best.is_none_or(|(s, t)| score > s || score == s && nearer(t)) {
            best = Some((score, threshold));
        }
    }
    best.map(|b| b.1)
}
