//! The target as nodes see it.

use crate::numeric::sort_few_by_key;
/// Target values of the training rows, in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TargetView<'a> {
    /// Codes in `0..classes`.
    Classes {
        codes: &'a [u32],
        classes: usize,
    },
    Values(&'a [f64]),
}

impl TargetView<'_> {
    /// The classes that have an output of their own, ascending: the second of two; of more, at most `max`, the
    /// most frequent ones. A regression target has the one output 0.
    pub(crate) fn outputs(&self, max: usize) -> Vec<u32> {
        let Self::Classes { codes, classes } = *self else { return vec![0] };
        if classes <= 2 {
            return vec![classes.saturating_sub(1) as u32];
        }
        let mut counts = vec![0u64; classes];
        for &code in codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        let mut order: Vec<u32> = (0..classes as u32).collect();
        sort_few_by_key(&mut order, |&c| (std::cmp::Reverse(counts[c as usize]), c));
        order.truncate(max.max(1));
        order.sort_unstable();
        order
    }

    /// One number a training row: the value, or whether the row is of class `output`. Exactly `rows` long; a
    /// value that is not finite, or that the target lacks, counts as 0.
    pub(crate) fn numbers(&self, output: u32, rows: usize) -> Vec<f64> {
        let mut numbers: Vec<f64> = match *self {
            Self::Classes { codes, .. } => codes.iter().map(|&c| f64::from(u8::from(c == output))).collect(),
            Self::Values(v) => {
                v.iter().map(|&y| if y.is_finite() { y.clamp(-1e100, 1e100) } else { 0.0 }).collect()
            }
        };
        numbers.resize(rows, 0.0);
        numbers
    }

    /// What an output is called beside the name of the column it encodes.
    pub(crate) fn output_name(&self, output: u32) -> String {
        match self {
            Self::Classes { classes, .. } if *classes > 2 => format!("mean of class {output}"),
            _ => "mean of target".to_owned(),
        }
    }
}
