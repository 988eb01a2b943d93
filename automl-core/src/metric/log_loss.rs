//! Log loss (cross-entropy), in nats: the mean of −ln of the probability that was given to the class that came.

use crate::numeric::{math, mean};

/// Probabilities are kept within ε and 1 − ε, where ε is the spacing of double precision at 1, as scikit-learn
/// does.
const EPSILON: f64 = f64::EPSILON;

/// `None` without rows.
pub fn log_loss(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<f64> {
    if codes.is_empty() || classes == 0 {
        return None;
    }
    let losses: Vec<f64> = codes
        .iter()
        .zip(probabilities.chunks_exact(classes))
        .filter_map(|(&code, row)| row.get(code as usize))
        .map(|p| -math::ln(p.clamp(EPSILON, 1.0 - EPSILON)))
        .collect();
    (losses.len() == codes.len()).then(|| mean(&losses))
}
