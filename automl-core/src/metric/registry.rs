//! Every metric there is, one entry each.

use super::{Formula, MetricSpec, Question};
use Formula::{Classes, Values};
use Question::{Binary, Multiclass, Regression};

const CLASSES: &[Question] = &[Binary, Multiclass];
const VALUES: &[Question] = &[Regression];

/// A metric of class labels that is better when greater, at most 1.
const fn labels(
    id: &'static str,
    synonyms: &'static [&'static str],
    title: &'static str,
    help: &'static str,
    formula: fn(&[u32], &[f64], usize) -> Option<f64>,
) -> MetricSpec {
    MetricSpec {
        id,
        synonyms,
        title,
        help,
        greater_is_better: true,
        questions: CLASSES,
        needs_probabilities: false,
        best: 1.0,
        formula: Classes(formula),
    }
}

/// The same for a metric that needs probabilities.
const fn probabilities(spec: MetricSpec, greater_is_better: bool) -> MetricSpec {
    MetricSpec {
        greater_is_better,
        needs_probabilities: true,
        best: if greater_is_better { 1.0 } else { 0.0 },
        ..spec
    }
}

/// An error of predicted numbers, 0 at best.
const fn error(
    id: &'static str,
    synonyms: &'static [&'static str],
    title: &'static str,
    help: &'static str,
    formula: fn(&[f64], &[f64]) -> Option<f64>,
) -> MetricSpec {
    MetricSpec {
        id,
        synonyms,
        title,
        help,
        greater_is_better: false,
        questions: VALUES,
        needs_probabilities: false,
        best: 0.0,
        formula: Values(formula),
    }
}

static METRICS: &[MetricSpec] = &[
    probabilities(
        labels(
            "roc_auc",
            &["auc", "auroc", "roc_auc_ovr", "roc"],
            "ROC AUC",
            "How often a row of the class gets a higher probability than one of another; 0.5 is guessing.",
            super::roc_auc,
        ),
        true,
    ),
    probabilities(
        labels(
            "log_loss",
            &["logloss", "cross_entropy", "neg_log_loss", "binary_logloss", "multi_logloss"],
            "Log loss",
            "How surprised the probabilities are by what happened; confident mistakes cost most.",
            super::log_loss,
        ),
        false,
    ),
    labels(
        "accuracy",
        &["acc"],
        "Accuracy",
        "The share of rows whose most likely class is right.",
        super::accuracy,
    ),
    labels(
        "balanced_accuracy",
        &["bacc", "balanced_acc"],
        "Balanced accuracy",
        "The share of right rows in each class, averaged over the classes: rare classes count as much.",
        super::balanced_accuracy,
    ),
    labels(
        "f1",
        &["f1_macro", "f1_score"],
        "F1",
        "Balance of precision and recall, of the second class, or averaged over more than two classes.",
        super::f1,
    ),
    labels(
        "precision",
        &["precision_macro", "ppv"],
        "Precision",
        "Of the rows called so, how many are: of the second class, or averaged over more than two.",
        super::precision,
    ),
    labels(
        "recall",
        &["recall_macro", "sensitivity", "tpr"],
        "Recall",
        "Of the rows that are so, how many are found: of the second class, or averaged over more than two.",
        super::recall,
    ),
    labels(
        "mcc",
        &["matthews", "matthews_corrcoef", "phi"],
        "Matthews correlation",
        "Correlation of predicted and true classes; 0 is guessing, fair with rare classes.",
        super::mcc,
    ),
    probabilities(
        labels(
            "pr_auc",
            &["average_precision", "auprc", "ap", "aucpr"],
            "Average precision",
            "Precision averaged over all recalls: how clean the top of the ranking is when the class is rare.",
            super::pr_auc,
        ),
        true,
    ),
    probabilities(
        labels(
            "brier",
            &["brier_score", "brier_score_loss", "brier_loss"],
            "Brier score",
            "Mean squared distance of the probabilities from what happened.",
            super::brier,
        ),
        false,
    ),
    error(
        "rmse",
        &["root_mean_squared_error", "rmsd"],
        "RMSE",
        "Typical error in the target's units; large errors count more.",
        super::rmse,
    ),
    error(
        "mae",
        &["mean_absolute_error", "l1"],
        "MAE",
        "Mean absolute error, in the target's units.",
        super::mae,
    ),
    MetricSpec {
        greater_is_better: true,
        best: 1.0,
        ..error(
            "r2",
            &["r_squared", "r2_score"],
            "R²",
            "The share of the target's variance that is explained; 0 is guessing the mean.",
            super::r2,
        )
    },
    error(
        "mse",
        &["mean_squared_error", "l2"],
        "MSE",
        "Mean squared error, in the target's units squared.",
        super::mse,
    ),
    error(
        "median_absolute_error",
        &["medae", "median_ae", "mdae"],
        "Median absolute error",
        "Half of the rows have a smaller error than this; outliers do not matter.",
        super::median_absolute_error,
    ),
    error(
        "mape",
        &["mean_absolute_percentage_error"],
        "MAPE",
        "Mean error as a share of the true value; meaningless where true values are near 0.",
        super::mape,
    ),
    error(
        "rmsle",
        &["root_mean_squared_log_error"],
        "RMSLE",
        "RMSE of ln(1 + value): ratios matter, not differences; undefined for values of −1 and below.",
        super::rmsle,
    ),
];

/// All metrics, in the order in which they are listed to people.
pub fn all() -> &'static [MetricSpec] {
    METRICS
}

/// The metric with the id or synonym `name`; case, spaces and hyphens do not matter.
pub fn find(name: &str) -> Option<&'static MetricSpec> {
    let name: String = name
        .trim()
        .chars()
        .map(|c| if c == '-' || c == ' ' { '_' } else { c.to_ascii_lowercase() })
        .collect();
    METRICS.iter().find(|m| m.id == name || m.synonyms.contains(&name.as_str()))
}

/// The usual metric of a question: ROC AUC, log loss, RMSE.
pub fn default_for(question: Question) -> &'static MetricSpec {
    let index = match question {
        Binary => 0,
        Multiclass => 1,
        Regression => 10,
    };
    // Positions in the list above; a test holds them to the ids.
    &METRICS[index]
}
