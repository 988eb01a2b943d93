//! How far a model's probabilities and intervals can be trusted, in words.

use super::protocol::{Coverage, ProbabilityErrors, Verdict};
use super::verdict::number;
use crate::numeric::percent;

impl Verdict {
    /// What the locked rows say of probabilities and of intervals, a sentence each.
    pub fn trust(&self) -> Vec<String> {
        self.calibration_line().into_iter().chain(self.coverage_line()).collect()
    }

    fn calibration_line(&self) -> Option<String> {
        let c = self.calibration.as_ref()?;
        let points = |e: ProbabilityErrors| format!("{:.1}", 100.0 * e.expected_calibration_error);
        let before = if c.before == c.after {
            String::new()
        } else {
            format!("; before {} {} points and {:.4}", c.method, points(c.before), c.before.brier)
        };
        let (off, brier) = (points(c.after), c.after.brier);
        Some(format!(
            "Probabilities are {off} percentage points off on average (expected calibration error; Brier score {brier:.4}{before})."
        ))
    }

    /// How intervals or sets of classes did on the locked rows.
    pub fn coverage_line(&self) -> Option<String> {
        let Coverage { level, held, size, scaled, .. } = self.coverage?;
        let (what, truth, size) = if self.classes.is_empty() {
            ("Intervals", "value", format!("half of them no wider than {}", number(size)))
        } else {
            ("Sets of classes", "class", format!("with {size:.2} classes on average"))
        };
        let (level, held) = (percent(level), percent(held));
        let told =
            format!("{what} made to hold the true {truth} in {level} of rows held it in {held}, {size}.");
        let widths =
            if scaled { " They are wider where predictions of that size are further off." } else { "" };
        Some(told + widths)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::tests::{csv, request, run, table};
    use crate::model::Task;

    #[test]
    fn every_model_says_how_far_to_trust_it() {
        for (task, lines) in [(Task::Binary, 2), (Task::Multiclass, 2), (Task::Regression, 1)] {
            let (rows, next) = table(&csv(task));
            let request = request(3);
            let prepared =
                crate::engine::prepare(&rows, next, &request).expect("a table that can be learned from");
            let outcome = run(&std::sync::Arc::new(prepared), &request, 1).expect("a model");
            let told = outcome.verdict.trust();
            assert_eq!(told.len(), lines, "{told:?}");
            assert!(told.iter().all(|line| line.ends_with('.')), "{told:?}");
            let report = outcome.artifact.report_html();
            assert!(told.iter().all(|line| report.contains(line)), "{told:?}");
        }
    }
}
