//! Curves of predictions against answers.

use super::axis;
use crate::kind::{Bar, Chart, Mark};

/// Points of a curve.
const MOST_POINTS: usize = 200;
/// Classes with a curve each.
const MOST_CLASSES: usize = 10;
/// Rows of a chart of single rows.
const MOST_ROWS: usize = 1_000;
const RESIDUAL_BARS: usize = 20;

/// Rows of a class and others at or above each distinct probability, from the highest down: (true, false) positives.
fn steps(codes: &[u32], predicted: &[f64], classes: usize, class: usize) -> Vec<(f64, f64)> {
    let mut rows: Vec<(f64, bool)> = codes
        .iter()
        .zip(predicted.chunks_exact(classes.max(1)))
        .map(|(&code, p)| (p[class], code as usize == class))
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut misses) = (0.0, 0.0);
    let mut out = Vec::new();
    for (i, (p, is_hit)) in rows.iter().enumerate() {
        if *is_hit {
            hits += 1.0;
        } else {
            misses += 1.0;
        }
        // Rows of one probability are told apart by nothing.
        if rows.get(i + 1).is_none_or(|next| next.0 != *p) {
            out.push((hits, misses));
        }
    }
    out
}

/// At most [`MOST_POINTS`] of the points, the first and the last among them.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let n = points.len();
    if n <= MOST_POINTS {
        return points;
    }
    (0..MOST_POINTS).map(|i| points[i * (n - 1) / (MOST_POINTS - 1)]).collect()
}

/// The second of two classes, or each of several.
fn shown(classes: usize) -> std::ops::Range<usize> {
    if classes == 2 { 1..2 } else { 0..classes.min(MOST_CLASSES) }
}

fn line(name: &str, points: Vec<(f64, f64)>) -> Mark {
    Mark::Line { name: name.to_owned(), points: thinned(points), band: Vec::new() }
}

/// Receiver operating characteristic, one class against the others.
pub(super) fn roc(codes: &[u32], predicted: &[f64], classes: usize, names: &[String]) -> Chart {
    let mut marks = Vec::new();
    for class in shown(classes) {
        let steps = steps(codes, predicted, classes, class);
        let Some(&(hits, misses)) = steps.last().filter(|s| s.0 > 0.0 && s.1 > 0.0) else { continue };
        let start = std::iter::once((0.0, 0.0));
        let points = start.chain(steps.iter().map(|s| (s.1 / misses, s.0 / hits))).collect();
        marks.push(line(names.get(class).map_or("", String::as_str), points));
    }
    marks.push(line("Guessing", vec![(0.0, 0.0), (1.0, 1.0)]));
    Chart {
        title: "ROC curve".to_owned(),
        x: axis("Share of the others that is called so"),
        y: axis("Share of the class that is found"),
        marks,
        note: String::new(),
    }
}

/// Precision over recall, one class against the others.
pub(super) fn precision_recall(codes: &[u32], predicted: &[f64], classes: usize, names: &[String]) -> Chart {
    let mut marks = Vec::new();
    for class in shown(classes) {
        let steps = steps(codes, predicted, classes, class);
        let Some(&(hits, _)) = steps.last().filter(|s| s.0 > 0.0) else { continue };
        let points = steps.iter().map(|s| (s.0 / hits, s.0 / (s.0 + s.1))).collect();
        marks.push(line(names.get(class).map_or("", String::as_str), points));
    }
    Chart {
        title: "Precision and recall".to_owned(),
        x: axis("Recall: share of the class that is found"),
        y: axis("Precision: share of what is called so that is so"),
        marks,
        note: String::new(),
    }
}

/// Predicted against actual numbers, and how far off predictions are.
pub(super) fn residuals(actual: &[f64], predicted: &[f64]) -> Vec<Chart> {
    let step = actual.len().div_ceil(MOST_ROWS).max(1);
    let note = if step > 1 { format!("One row in {step} is shown.") } else { String::new() };
    let rows = || actual.iter().copied().zip(predicted.iter().copied());
    let points: Vec<(f64, f64)> = rows().step_by(step).collect();
    let low = rows().map(|(a, p)| a.min(p)).fold(f64::INFINITY, f64::min);
    let high = rows().map(|(a, p)| a.max(p)).fold(f64::NEG_INFINITY, f64::max);
    let predictions = Chart {
        title: "Predicted and actual".to_owned(),
        x: axis("Actual"),
        y: axis("Predicted"),
        marks: vec![
            Mark::Points { name: "Rows".to_owned(), points },
            line("As it should be", vec![(low, low), (high, high)]),
        ],
        note,
    };
    let errors: Vec<f64> = rows().map(|(a, p)| p - a).collect();
    vec![predictions, histogram(&errors)]
}

fn histogram(errors: &[f64]) -> Chart {
    let most = errors.iter().map(|e| e.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let width = 2.0 * most / RESIDUAL_BARS as f64;
    let mut counts = [0u64; RESIDUAL_BARS];
    for error in errors {
        let at = ((error + most) / width) as usize;
        counts[at.min(RESIDUAL_BARS - 1)] += 1;
    }
    let bar = |(i, n): (usize, &u64)| Bar {
        from: i as f64 * width - most,
        to: (i + 1) as f64 * width - most,
        value: *n as f64,
    };
    Chart {
        title: "How far off predictions are".to_owned(),
        x: axis("Predicted − actual"),
        y: axis("Rows"),
        marks: vec![Mark::Bars { name: "Rows".to_owned(), bars: counts.iter().enumerate().map(bar).collect() }],
        note: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_of_four_rows() {
        // Probabilities of class 1: 0.9 (so), 0.6 (not), 0.6 (so), 0.1 (not).
        let predicted = [0.1, 0.9, 0.4, 0.6, 0.4, 0.6, 0.9, 0.1];
        let codes = [1, 0, 1, 0];
        assert_eq!(steps(&codes, &predicted, 2, 1), [(1.0, 0.0), (2.0, 1.0), (2.0, 2.0)]);
        let names = ["no".to_owned(), "yes".to_owned()];
        let Mark::Line { points, name, .. } = &roc(&codes, &predicted, 2, &names).marks[0] else {
            panic!("a line")
        };
        assert_eq!(name, "yes");
        assert_eq!(points[..], [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        let Mark::Line { points, .. } = &precision_recall(&codes, &predicted, 2, &names).marks[0] else {
            panic!("a line")
        };
        assert_eq!(points[..], [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
    }

    #[test]
    fn a_histogram_counts_every_row() {
        let charts = residuals(&[1.0, 2.0, 3.0], &[1.0, 2.0, 7.0]);
        let Mark::Bars { bars, .. } = &charts[1].marks[0] else { panic!("bars") };
        assert_eq!(bars.iter().map(|b| b.value).sum::<f64>(), 3.0);
        assert_eq!(bars[RESIDUAL_BARS - 1].value, 1.0);
    }
}
