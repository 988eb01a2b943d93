//! Metrics of class labels: the most likely class of each row counts, the first of several.
//!
//! With two classes, precision, recall and F1 are those of the second; with more, the mean over the classes that
//! occur among the actual or the predicted. A quotient whose denominator is 0 is 0, as in scikit-learn.

use super::confusion::{Confusion, confusion_matrix};
use crate::numeric::mean;

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn matrix(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<Confusion> {
    let matrix = confusion_matrix(codes, probabilities, classes);
    (matrix.total() > 0.0).then_some(matrix)
}

/// The share of rows whose most likely class is right.
pub fn accuracy(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| accuracy_of(&m))
}

/// Mean recall of the classes that occur.
pub fn balanced_accuracy(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| balanced_accuracy_of(&m))
}

/// 2 · precision · recall / (precision + recall).
pub fn f1(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| f1_of(&m))
}

/// Of the rows called so, the share that are.
pub fn precision(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| precision_of(&m))
}

/// Of the rows that are so, the share that were called so.
pub fn recall(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| recall_of(&m))
}

/// Matthews correlation coefficient, for any number of classes (Gorodkin, 2004); 0 where a class takes all.
pub fn mcc(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    matrix(codes, probabilities, classes).map(|m| mcc_of(&m))
}

/// The metric of labels with the id `id` from counts; `None` for another metric, or without rows.
pub fn of_confusion(id: &str, m: &Confusion) -> Option<f64> {
    if m.total() == 0.0 {
        return None;
    }
    match id {
        "accuracy" => Some(accuracy_of(m)),
        "balanced_accuracy" => Some(balanced_accuracy_of(m)),
        "f1" => Some(f1_of(m)),
        "precision" => Some(precision_of(m)),
        "recall" => Some(recall_of(m)),
        "mcc" => Some(mcc_of(m)),
        _ => None,
    }
}

fn accuracy_of(m: &Confusion) -> f64 {
    ratio(m.right(), m.total())
}

fn balanced_accuracy_of(m: &Confusion) -> f64 {
    let recalls: Vec<f64> =
        (0..m.classes).filter(|&c| m.actual(c) > 0.0).map(|c| ratio(m.count(c, c), m.actual(c))).collect();
    mean(&recalls)
}

fn class_mean(m: &Confusion, of: impl Fn(&Confusion, usize) -> f64) -> f64 {
    if m.classes == 2 {
        return of(m, 1);
    }
    let each: Vec<f64> =
        (0..m.classes).filter(|&c| m.actual(c) + m.predicted(c) > 0.0).map(|c| of(m, c)).collect();
    mean(&each)
}

fn f1_of(m: &Confusion) -> f64 {
    class_mean(m, |m, c| ratio(2.0 * m.count(c, c), m.actual(c) + m.predicted(c)))
}

fn precision_of(m: &Confusion) -> f64 {
    class_mean(m, |m, c| ratio(m.count(c, c), m.predicted(c)))
}

fn recall_of(m: &Confusion) -> f64 {
    class_mean(m, |m, c| ratio(m.count(c, c), m.actual(c)))
}

fn mcc_of(m: &Confusion) -> f64 {
    let n = m.total();
    let (mut both, mut actual, mut predicted) = (0.0, 0.0, 0.0);
    for c in 0..m.classes {
        let (a, p) = (m.actual(c), m.predicted(c));
        both += a * p;
        actual += a * a;
        predicted += p * p;
    }
    let spread = (n * n - predicted) * (n * n - actual);
    if spread == 0.0 { 0.0 } else { (m.right() * n - both) / spread.sqrt() }
}
