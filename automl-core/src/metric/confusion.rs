//! Which class was taken for which.

/// The class with the highest of `probabilities`; the first of several. 0 for an empty row.
pub fn most_likely(probabilities: &[f64]) -> u32 {
    let mut best = 0;
    for (class, p) in probabilities.iter().enumerate() {
        if *p > probabilities[best] {
            best = class;
        }
    }
    u32::try_from(best).unwrap_or(u32::MAX)
}

/// Rows, actual × predicted class, row-major: their number, which is exact, or the sum of their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    pub counts: Vec<f64>,
    pub classes: usize,
}

/// The confusion matrix of the most likely classes. Codes beyond the classes are not counted.
pub fn confusion_matrix(codes: &[u32], probabilities: &[f64], classes: usize) -> Confusion {
    weighted_confusion(codes, probabilities, classes, None)
}

/// The same of rows that count as much as their weights.
pub(super) fn weighted_confusion(
    codes: &[u32],
    probabilities: &[f64],
    classes: usize,
    weights: Option<&[f64]>,
) -> Confusion {
    let mut counts = vec![0.0; classes * classes];
    let rows = codes.iter().zip(probabilities.chunks_exact(classes.max(1)));
    for (i, (&code, row)) in rows.enumerate() {
        if (code as usize) < classes {
            counts[code as usize * classes + most_likely(row) as usize] += weights.map_or(1.0, |w| w[i]);
        }
    }
    Confusion { counts, classes }
}

impl Confusion {
    /// Rows of class `actual` that were predicted as `predicted`; 0 out of range.
    pub fn count(&self, actual: usize, predicted: usize) -> f64 {
        if actual < self.classes && predicted < self.classes {
            self.counts[actual * self.classes + predicted]
        } else {
            0.0
        }
    }

    /// Rows that were predicted rightly.
    pub fn right(&self) -> f64 {
        (0..self.classes).map(|c| self.count(c, c)).sum()
    }

    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Rows of class `class`.
    pub fn actual(&self, class: usize) -> f64 {
        (0..self.classes).map(|p| self.count(class, p)).sum()
    }

    /// Rows predicted as `class`.
    pub fn predicted(&self, class: usize) -> f64 {
        (0..self.classes).map(|a| self.count(a, class)).sum()
    }
}
