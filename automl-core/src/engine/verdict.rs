//! The verdict: what came out, in words and in numbers, from the locked rows alone.

use super::prepare::Prepared;
use super::protocol::{
    CalibrationCheck, Coverage, EndReason, HoldoutScore, Importance, ProbabilityErrors, Verdict,
};
use crate::calibrate::{Calibration, Decision};
use crate::diagnostic::Diagnostic;
use crate::metric::{
    self, Actual, MetricSpec, Seen, confusion_matrix,
    interval::{Bootstrap, bootstrap},
};
use crate::model::Target;
use crate::numeric::{count, dot, percent, sum};
use crate::table::Column;

/// Points of the predicted-versus-actual plot.
const SCATTER: usize = 1_000;
/// Rows × resamples of an interval.
const BOOTSTRAP_WORK: usize = 1_500_000;

/// What the verdict rests on.
pub(super) struct Evidence<'a> {
    pub prepared: &'a Prepared,
    /// (title, share).
    pub members: Vec<(String, f64)>,
    pub decision: &'a Decision,
    /// Predictions of the locked rows, rows × outputs: what the model tells, the same without any map of probabilities,
    /// and the baseline's.
    pub locked: &'a [f64],
    pub plain: &'a [f64],
    pub baseline: &'a [f64],
    pub importance: Vec<Importance>,
    /// Trials with a score.
    pub trials: usize,
    pub ended: Option<EndReason>,
    pub coverage: Option<Coverage>,
}

/// A score with its interval, and the baseline's score.
fn judged(metric: &MetricSpec, answers: Seen<'_>, evidence: &Evidence<'_>) -> HoldoutScore {
    let rows = answers.actual.len();
    let replicates = (BOOTSTRAP_WORK / rows.max(1)).clamp(100, 500);
    let options = Bootstrap { replicates, coverage: 0.95, seed: evidence.prepared.seed };
    let seen = evidence.decision.seen_by(metric, evidence.locked, answers.actual.outputs());
    let score = metric.score(answers, &seen);
    let interval = match score {
        // Resampling rows that are all right would claim certainty.
        Some(share) if metric.id == "accuracy" => Some(wilson(share, effective_rows(answers))),
        _ => bootstrap(metric, answers, &seen, options),
    };
    HoldoutScore {
        rows: rows as u64,
        score,
        low: interval.map(|i| i.0),
        high: interval.map(|i| i.1),
        baseline: metric.score(answers, evidence.baseline),
    }
}

/// How many rows that count alike say as much: (Σ w)² / Σ w² (Kish, "Survey Sampling", 1965).
fn effective_rows(answers: Seen<'_>) -> f64 {
    answers
        .weights
        .map_or(answers.actual.len() as f64, |w| sum(w) * sum(w) / dot(w, w).max(f64::MIN_POSITIVE))
}

/// 95 % interval of a share seen in `n` trials (Wilson, 1927).
fn wilson(share: f64, n: f64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

pub(super) fn verdict(evidence: &Evidence<'_>) -> Verdict {
    let prepared = evidence.prepared;
    let answers = prepared.answers(&prepared.split.locked());
    let (target, seen) = (&answers.target, answers.seen());
    let metric = prepared.metric();
    let holdout = judged(metric, seen, evidence);
    let (sentence, told) = sentence(seen, metric, &holdout, evidence);
    let others = metric::all()
        .iter()
        .filter(|m| m.suits(seen.actual.question()))
        .map(|m| {
            let score = evidence.decision.score(m, seen, evidence.locked);
            (m.id.to_owned(), m.title.to_owned(), score, m.score(seen, evidence.baseline))
        })
        .collect();
    let mut diagnostics = prepared.diagnostics.clone();
    diagnostics.extend(doubts(metric, &told, evidence));
    // Of the columns that matter, the first first.
    let weighed = evidence.importance.iter().filter(|i| i.mean > 0.0).map(|i| i.column.as_str());
    let columns: Vec<&Column> = weighed.filter_map(|name| prepared.table.column(name)).collect();
    diagnostics.extend(crate::explain::alike::notes(&columns));
    Verdict {
        sentence,
        explanation: explanation(metric, &holdout, evidence),
        target: prepared.target_column.clone(),
        task: prepared.task(),
        metric: metric.id.to_owned(),
        metric_title: metric.title.to_owned(),
        holdout,
        metrics: others,
        classes: prepared.classes.clone(),
        confusion: confusion(target, evidence),
        scatter: scatter(target, evidence.locked),
        importance: evidence.importance.clone(),
        members: evidence.members.clone(),
        inputs: prepared.inputs.clone(),
        diagnostics,
        coverage: evidence.coverage,
        calibration: calibration(target, evidence),
        threshold: evidence.decision.threshold,
    }
}

/// What became of the probabilities. Where rows do not count alike nothing is said: probabilities then are those of a
/// table in which rows are repeated by their weights.
fn calibration(target: &Target, evidence: &Evidence<'_>) -> Option<CalibrationCheck> {
    let Target::Classes { codes, classes } = target else { return None };
    if evidence.prepared.weights.is_some() {
        return None;
    }
    let errors = |p: &[f64]| {
        Some(ProbabilityErrors {
            expected_calibration_error: metric::expected_calibration_error(codes, p, *classes)?,
            brier: metric::brier(codes, p, *classes)?,
            log_loss: metric::log_loss(codes, p, *classes)?,
        })
    };
    let method = evidence.decision.calibration.title().to_owned();
    Some(CalibrationCheck { method, before: errors(evidence.plain)?, after: errors(evidence.locked)? })
}

fn confusion(target: &Target, evidence: &Evidence<'_>) -> Vec<u64> {
    let Target::Classes { codes, classes } = target else { return Vec::new() };
    let Some(accuracy) = metric::find("accuracy") else { return Vec::new() };
    let labels = evidence.decision.seen_by(accuracy, evidence.locked, *classes);
    let matrix = confusion_matrix(codes, &labels, *classes);
    (0..*classes)
        .flat_map(|a| (0..*classes).map(move |p| (a, p)))
        .map(|(a, p)| matrix.count(a, p) as u64)
        .collect()
}

fn scatter(target: &Target, predicted: &[f64]) -> Vec<(f64, f64)> {
    let Target::Values(values) = target else { return Vec::new() };
    let step = values.len().div_ceil(SCATTER).max(1);
    values.iter().copied().zip(predicted.iter().copied()).step_by(step).collect()
}

/// The sentence, and the score that it tells.
fn sentence(
    target: Seen<'_>,
    metric: &MetricSpec,
    holdout: &HoldoutScore,
    evidence: &Evidence<'_>,
) -> (String, HoldoutScore) {
    match target.actual {
        // Labels that suit another metric may well be right less often.
        Actual::Classes { .. } if evidence.decision.threshold.is_some() && metric.id != "accuracy" => {
            (plain(metric, holdout), *holdout)
        }
        Actual::Classes { .. } => {
            let accuracy = metric::find("accuracy").map(|m| judged(m, target, evidence));
            // Where most rows are of one class, being right often says little; order does.
            let telling = accuracy.filter(|a| metric.id != "roc_auc" || is_clear_gain(a));
            match telling {
                Some(a) => (format!("{} {}", guessing("gets", &a, "of rows right"), gain(&a)), a),
                None if metric.id == "roc_auc" => {
                    let text = format!("{} {}", guessing("ranks", holdout, "of pairs right"), ranks(holdout));
                    (text, *holdout)
                }
                None => (plain(metric, holdout), *holdout),
            }
        }
        Actual::Values(_) => match metric::find("mae").map(|m| judged(m, target, evidence)) {
            Some(HoldoutScore { score: Some(s), baseline: Some(b), low, high, rows }) => {
                let text = format!(
                    "Guessing is off by {} on average; this model is off by {}.",
                    number(b),
                    plus_minus(s, low, high, number)
                );
                (text, HoldoutScore { score: Some(s), baseline: Some(b), low, high, rows })
            }
            _ => (plain(metric, holdout), *holdout),
        },
    }
}

/// Whether a greater-is-better score is above the baseline by more than its uncertainty.
fn is_clear_gain(score: &HoldoutScore) -> bool {
    matches!((score.low, score.baseline), (Some(low), Some(baseline)) if low > baseline)
}

fn guessing(verb: &str, score: &HoldoutScore, what: &str) -> String {
    format!("Guessing {verb} {} {what};", score.baseline.map_or("nothing".to_owned(), percent))
}

fn gain(score: &HoldoutScore) -> String {
    let value = score.score.map_or("nothing".to_owned(), |s| plus_minus(s, score.low, score.high, percent));
    format!("this model gets {value}.")
}

fn ranks(score: &HoldoutScore) -> String {
    let value = score.score.map_or("none".to_owned(), |s| plus_minus(s, score.low, score.high, percent));
    format!("this model ranks {value}.")
}

fn plain(metric: &MetricSpec, score: &HoldoutScore) -> String {
    let shown = |v: Option<f64>| v.map_or("undefined".to_owned(), number);
    format!("{}: guessing has {}, this model {}.", metric.title, shown(score.baseline), shown(score.score))
}

/// `86.1 % ± 1.0 %`, with half the width of the interval.
fn plus_minus(value: f64, low: Option<f64>, high: Option<f64>, show: fn(f64) -> String) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{} ± {}", show(value), show((high - low) / 2.0)),
        _ => show(value),
    }
}

/// Three significant digits or so, with thousands set apart.
pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if size >= 1_000.0 {
        let out = count(size.min(1e18).round() as u64);
        return if x < 0.0 { format!("−{out}") } else { out };
    }
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else if size >= 0.1 {
        3
    } else {
        4
    };
    format!("{x:.digits$}")
}

fn explanation(metric: &MetricSpec, holdout: &HoldoutScore, evidence: &Evidence<'_>) -> String {
    let interval = match (holdout.low, holdout.high) {
        (Some(low), Some(high)) => format!(" (95 % interval {} to {})", number(low), number(high)),
        _ => String::new(),
    };
    let score = holdout.score.map_or("undefined".to_owned(), number);
    let members = match evidence.members.len() {
        0 | 1 => evidence.members.first().map_or(String::new(), |m| m.0.clone()),
        n => format!("a blend of {n} models"),
    };
    let models =
        if evidence.trials == 1 { "1 model".to_owned() } else { format!("{} models", evidence.trials) };
    let ended = match evidence.ended {
        Some(EndReason::Time) => " when the time was up",
        Some(EndReason::Stopped) => " when the search was stopped",
        _ => "",
    };
    format!(
        "Measured on {} rows that no model saw while it was trained or chosen{}. {} is {score}{interval}. Chosen: {members}, out of {models} compared{ended}.{}",
        count(holdout.rows),
        evidence
            .prepared
            .weights_column
            .as_ref()
            .map_or(String::new(), |c| format!("; each counts as much as its \"{c}\"")),
        metric.title,
        decided(metric, evidence),
    )
}

/// What is done to probabilities and labels, where something is.
fn decided(metric: &MetricSpec, evidence: &Evidence<'_>) -> String {
    let mut out = match &evidence.decision.calibration {
        Calibration::None => String::new(),
        map => format!(" Probabilities are corrected by {}.", map.title()),
    };
    if let (Some(threshold), Some(second)) = (evidence.decision.threshold, evidence.prepared.classes.get(1)) {
        out.push_str(&format!(
            " A row is called \"{second}\" where its probability is above {}, where {} is highest; the models are compared at 50 %.",
            percent(threshold),
            metric.title,
        ));
    }
    out
}

/// What a reader should beware of.
fn doubts(metric: &MetricSpec, told: &HoldoutScore, evidence: &Evidence<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let better = match (told.score, told.baseline, told.low, told.high) {
        (Some(_), Some(b), Some(low), Some(high)) => low > b || high < b,
        _ => true,
    };
    if !better {
        out.push(Diagnostic::warning(
            "verdict.no_better",
            "The model cannot be told apart from guessing on the rows that were locked away.",
            "Add columns that bear on the question, or more rows; do not rely on this model.",
        ));
    }
    let total: f64 = evidence.importance.iter().map(|i| i.mean.max(0.0)).sum();
    if let [first, ..] = evidence.importance.as_slice()
        && evidence.importance.len() > 2
        && first.mean > 0.9 * total
        && total > 0.0
    {
        out.push(
            Diagnostic::warning(
                "verdict.one_column",
                format!("Nearly all of the model's {} rests on \"{}\".", metric.title, first.column),
                "Make sure that this column is known before the answer is; if not, ignore it and search again.",
            )
            .at_column(&first.column),
        );
    }
    if told.rows < 100 {
        out.push(Diagnostic::warning(
            "verdict.few_rows",
            format!("Only {} rows were locked away, so the scores are rough.", told.rows),
            "More rows would make them surer.",
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_shares_are_wilsons() {
        // Where all are right, the lower end is n / (n + z²).
        let close = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 1e-6 && (b - d).abs() < 1e-6;
        assert!(close(wilson(1.0, 48.0), (48.0 / (48.0 + 3.841_458_8), 1.0)), "{:?}", wilson(1.0, 48.0));
        assert!(close(wilson(0.6, 50.0), (0.461_814_4, 0.723_916_1)), "{:?}", wilson(0.6, 50.0));
    }

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> =
            [0.012_345, 0.861_2, 6.013, 14.96, 345.6, 62_000.4, -1234.0].into_iter().map(number).collect();
        assert_eq!(shown, ["0.0123", "0.861", "6.01", "15.0", "346", "62,000", "−1,234"]);
    }
}
