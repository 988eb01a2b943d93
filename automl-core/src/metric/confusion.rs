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

/// Counts of rows, actual × predicted class, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    pub counts: Vec<u64>,
    pub classes: usize,
}

/// The confusion matrix of the most likely classes. Codes beyond the classes are not counted.
pub fn confusion_matrix(codes: &[u32], probabilities: &[f64], classes: usize) -> Confusion {
    let mut counts = vec![0; classes * classes];
    for (&code, row) in codes.iter().zip(probabilities.chunks_exact(classes.max(1))) {
        if (code as usize) < classes {
            counts[code as usize * classes + most_likely(row) as usize] += 1;
        }
    }
    Confusion { counts, classes }
}

impl Confusion {
    /// Rows of class `actual` that were predicted as `predicted`; 0 out of range.
    pub fn count(&self, actual: usize, predicted: usize) -> u64 {
        if actual < self.classes && predicted < self.classes {
            self.counts[actual * self.classes + predicted]
        } else {
            0
        }
    }

    /// Rows that were predicted rightly.
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|c| self.count(c, c)).sum()
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Rows of class `class`.
    pub fn actual(&self, class: usize) -> u64 {
        (0..self.classes).map(|p| self.count(class, p)).sum()
    }

    /// Rows predicted as `class`.
    pub fn predicted(&self, class: usize) -> u64 {
        (0..self.classes).map(|a| self.count(a, class)).sum()
    }
}
