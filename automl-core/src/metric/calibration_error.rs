//! Expected calibration error (Naeini, Cooper and Hauskrecht, 2015; Guo et al., 2017): how far probabilities are from
//! how often they come true.

use super::confusion::most_likely;

/// Bins of equal width in 0..=1.
const BINS: usize = 15;

/// Mean over the rows, by bins of the probability, of |mean probability − share that came true|, in 0..=1: of the second
/// class with two classes, of the likeliest with more. With few rows it is above 0 even for perfect probabilities.
/// `None` without rows.
pub fn expected_calibration_error(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    if codes.is_empty() || classes == 0 {
        return None;
    }
    let mut sure = [0.0; BINS];
    let mut came = [0u64; BINS];
    for (&code, row) in codes.iter().zip(probabilities.chunks_exact(classes)) {
        let class = if classes == 2 { 1 } else { most_likely(row) };
        let p = row[class as usize];
        let bin = ((p * BINS as f64) as usize).min(BINS - 1);
        sure[bin] += p;
        came[bin] += u64::from(code == class);
    }
    let off: f64 = sure.iter().zip(came).map(|(s, c)| (s - c as f64).abs()).sum();
    Some(off / codes.len() as f64)
}
