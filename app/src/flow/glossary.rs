//! Words of the field, explained once. What metrics say stands in their own registry and comes with the catalogue.

use automl_core::engine::protocol::MetricWords;
use std::collections::BTreeMap;

/// Id and explanation, by id.
const TERMS: [(&str, &str); 25] = [
    (
        "baseline",
        "Guessing: always the most frequent class, or the mean. A model that is worth something does clearly better.",
    ),
    (
        "bypass",
        "The node does nothing for now: what comes in goes on untouched. Press again to have it work.",
    ),
    ("calibration", "Probabilities are calibrated where, of the rows that get 70 %, about 70 % are so."),
    ("confusion", "How often each class was taken for each other one. The rows on the diagonal are right."),
    (
        "cross_validation",
        "The rows are cut into parts, the folds. Each part is predicted once by a model that learned from the others, so that every score is of rows that its model has not seen.",
    ),
    (
        "ensemble",
        "Several models whose predictions are averaged with weights. It is often better than its best member, since members make different mistakes.",
    ),
    ("fit", "The seconds that learning took, all folds together."),
    (
        "fold",
        "One of the parts that the rows are cut into. A model learns from all parts but one and is judged on that one.",
    ),
    (
        "given_up",
        "After its first fold this model was so far behind that trying the other folds would have been a waste of time.",
    ),
    (
        "interval",
        "With many other samples of rows like these, the score would lie between these ends 95 times out of 100.",
    ),
    (
        "leakage",
        "A column that is known only once the answer is known. Scores look fine with it, and new rows do not have it.",
    ),
    ("learner", "A way to learn a model from rows, such as gradient boosting or a forest of trees."),
    (
        "level",
        "The difference to the best may well be chance: on other rows the order could be the other way round.",
    ),
    (
        "locked_rows",
        "Rows that were locked away before the search and opened once at its end. No model was trained or chosen by them, so their score is the honest one.",
    ),
    ("model_share", "How much this model counts in the final one."),
    (
        "out_of_fold",
        "Predictions of each row by the model that did not learn from it, put together over all folds.",
    ),
    (
        "partial_dependence",
        "What the model predicts on average if one column is set to a value in every row and all else stays as it is (a partial dependence plot, PDP).",
    ),
    (
        "permutation_importance",
        "How much worse the score gets when the values of one column are shuffled among the rows. Columns that tell the same share it, so each looks less important than both are.",
    ),
    (
        "pin",
        "The node keeps the result that it has, whatever changes before it. Press again to have it follow.",
    ),
    ("refit", "Once the search has ended, the chosen models are trained again on all rows."),
    (
        "score_sd",
        "The mean of the scores over the folds, and how much they differ from fold to fold (standard deviation).",
    ),
    ("stale", "The result is of an earlier state: something before the node has changed since."),
    ("target", "The column that is to be predicted."),
    ("threshold", "The probability above which a row is called the second class."),
    ("trial", "One learner with one setting of its parameters, tried in cross-validation."),
];

/// What a term, or a metric by its id, means.
pub fn meaning(term: &str, metrics: &BTreeMap<String, MetricWords>) -> Option<String> {
    if let Some(metric) = metrics.get(term) {
        let better = if metric.greater_is_better { "Higher is better." } else { "Lower is better." };
        return Some(format!("{} {better}", metric.help));
    }
    TERMS.iter().find(|(id, _)| *id == term).map(|(_, text)| (*text).to_owned())
}

/// The term that says most about a kind of node.
pub fn of_kind(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "model.importance" => "permutation_importance",
        "model.dependence" => "partial_dependence",
        "automl.search" => "cross_validation",
        "model.ensemble" => "ensemble",
        "target.question" => "target",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_in_order_and_end() {
        assert!(TERMS.is_sorted_by(|a, b| a.0 < b.0));
        for (id, text) in TERMS {
            assert!(text.ends_with(['.', ')']) && text.len() < 240, "{id}");
        }
    }

    #[test]
    fn metrics_come_with_the_catalogue() {
        let metrics: BTreeMap<String, MetricWords> =
            MetricWords::all().into_iter().map(|m| (m.id.clone(), m)).collect();
        let of = |term: &str| meaning(term, &metrics);
        assert!(of("roc_auc").is_some_and(|t| t.ends_with("Higher is better.")));
        assert!(of("brier").is_some_and(|t| t.ends_with("Lower is better.")));
        assert!(of("fold").is_some_and(|t| t.starts_with("One of the parts")));
        assert_eq!((of("roc"), meaning("roc_auc", &BTreeMap::new())), (None, None));
        for kind in
            ["model.importance", "model.dependence", "model.ensemble", "automl.search", "target.question"]
        {
            assert!(of_kind(kind).and_then(of).is_some(), "{kind}");
        }
        assert_eq!(of_kind("table.filter"), None);
    }
}
