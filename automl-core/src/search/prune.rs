//! Giving up early on trials whose first fold is far behind.

/// A finished or started trial as the rule sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contender {
    /// Loss on the first fold; lower is better, 0 is perfect for bounded metrics.
    pub first_loss: f64,
    /// One of the start-up portfolio.
    pub portfolio: bool,
}

/// How far behind the best a trial of the portfolio may be: unlike models help an ensemble.
const PORTFOLIO_SLACK: f64 = 1.3;
/// The same for a variant of a model that has been tried.
const VARIANT_SLACK: f64 = 1.04;

/// Whether `trial` is not worth its other folds, given the first folds of earlier trials.
pub fn should_prune(trial: Contender, earlier: &[f64]) -> bool {
    let Some(best) = earlier.iter().copied().min_by(f64::total_cmp) else { return false };
    let slack = if trial.portfolio { PORTFOLIO_SLACK } else { VARIANT_SLACK };
    // A loss of about 0 cannot be told from another by a ratio.
    trial.first_loss > best * slack + 1e-4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_far_behind_is_given_up() {
        let trial = |first_loss, portfolio| Contender { first_loss, portfolio };
        assert!(!should_prune(trial(9.0, false), &[]));
        assert!(should_prune(trial(0.12, false), &[0.2, 0.1]));
        assert!(!should_prune(trial(0.12, true), &[0.2, 0.1]));
        assert!(should_prune(trial(0.14, true), &[0.2, 0.1]));
        assert!(!should_prune(trial(0.00005, false), &[0.0]));
    }
}
