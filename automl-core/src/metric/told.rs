//! Scores in words, where a number would say nothing.

/// A mean error of so many times the true value comes of true values at 0 alone.
const MOST_SHARE: f64 = 1e6;

/// Why a score of the metric `id` says nothing, in a few words; `None`: it does.
pub fn says_nothing(id: &str, score: Option<f64>) -> Option<&'static str> {
    match (id, score) {
        ("mape", Some(share)) if share.abs() >= MOST_SHARE => Some("true values are 0, or next to it"),
        (_, Some(_)) => None,
        ("rmsle", None) => Some("a value is −1 or below"),
        ("r2", None) => Some("there are fewer than two rows"),
        ("roc_auc" | "pr_auc", None) => Some("all rows are of one class"),
        (_, None) => Some("not defined on these rows"),
    }
}

/// The score as `shown` writes it, or why there is none.
pub fn told(id: &str, score: Option<f64>, shown: impl Fn(f64) -> String) -> String {
    match (says_nothing(id, score), score) {
        (None, Some(score)) => shown(score),
        (why, _) => format!("none: {}", why.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{find, mape, rmsle};

    #[test]
    fn numbers_that_say_nothing_give_way_to_why() {
        let check = |id: &str, score: Option<f64>, expected: &str| {
            assert_eq!(told(id, score, |x| format!("{x:.2}")), expected, "{id} {score:?}");
        };
        check("mape", mape(&[2.0, 4.0], &[1.0, 5.0]), "0.38");
        check("mape", mape(&[0.0, 4.0], &[1.0, 5.0]), "none: true values are 0, or next to it");
        check("mae", Some(5e9), "5000000000.00");
        check("rmsle", rmsle(&[-3.0, 4.0], &[1.0, 5.0]), "none: a value is −1 or below");
        check("r2", None, "none: there are fewer than two rows");
        check("roc_auc", None, "none: all rows are of one class");
        check("log_loss", None, "none: not defined on these rows");
        assert!(["mape", "rmsle", "r2", "roc_auc", "pr_auc"].iter().all(|id| find(id).is_some()));
    }
}
