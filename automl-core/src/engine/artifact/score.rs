//! Scores of a table whose target is known.

use super::{CardForRest, ModelArtifact};
use crate::diagnostic::Diagnostic;
use crate::engine::answers::weights_of;
use crate::engine::prepare::actual;
use crate::engine::target::{find_column, question};
use crate::metric::{self, Seen};
use crate::model::Target;
use crate::table::{Column, Table};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One metric of a model on a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    pub id: String,
    pub title: String,
    pub greater_is_better: bool,
    /// `None` where the metric is undefined on these rows.
    pub score: Option<f64>,
}

/// The rows of a table whose answers are known.
pub(in crate::engine) struct Answered {
    pub rows: Vec<u32>,
    pub target: Target,
    pub weights: Option<Vec<f64>>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Answered {
    /// The table with these rows only; `None` where they are all.
    pub fn known(&self, table: &Table) -> Option<Table> {
        (self.rows.len() < table.rows).then(|| table.take(&self.rows))
    }

    pub fn seen(&self) -> Seen<'_> {
        Seen { actual: actual(&self.target), weights: self.weights.as_deref() }
    }
}

/// How good predictions are.
pub(in crate::engine) struct Judged {
    pub scores: Vec<Scored>,
    /// Counts of actual × predicted, row-major; empty for regression.
    pub confusion: Vec<u64>,
}

/// Weights of rows, or why there are none.
type Weights = (Option<Vec<f64>>, Option<Diagnostic>);

impl ModelArtifact {
    /// Every metric that suits, over the rows with a known target, weighted as the search's were where the table has the
    /// column of weights. `threshold`: in place of the model's own.
    ///
    /// # Errors
    /// Where the table lacks the target, or the columns that the model reads; a threshold that cannot be.
    pub fn score(
        &self,
        table: &Table,
        threshold: Option<f64>,
    ) -> Result<(Vec<Scored>, Vec<Diagnostic>), Diagnostic> {
        self.score_on(table, threshold, &mut |_| None)
    }

    /// The same, where a card may be asked for once it is known how long the processor takes. Natively only.
    ///
    /// # Errors
    /// As [`ModelArtifact::score`].
    pub fn score_on(
        &self,
        table: &Table,
        threshold: Option<f64>,
        rest: CardForRest<'_>,
    ) -> Result<(Vec<Scored>, Vec<Diagnostic>), Diagnostic> {
        self.decision_at(threshold)?;
        let mut answered = self.answered(table)?;
        let known = answered.known(table);
        let (prediction, diagnostics) = self.predict_on(known.as_ref().unwrap_or(table), rest)?;
        answered.diagnostics.splice(0..0, diagnostics);
        let judged = self.judge(&answered, &prediction.values, threshold)?;
        Ok((judged.scores, answered.diagnostics))
    }

    /// The rows of a table whose answers are known.
    ///
    /// # Errors
    /// Where the table lacks the target, or no row has an answer that the model knows.
    pub(in crate::engine) fn answered(&self, table: &Table) -> Result<Answered, Diagnostic> {
        let whole = self.with_answers(table)?;
        let column = find_column(&whole, &self.header.target)?;
        let (rows, target) = self.known_target(column);
        if rows.is_empty() {
            return Err(Diagnostic::error(
                "score.no_target",
                format!("No row has a value of \"{}\" that the model knows.", column.name),
                "Check that the column holds the target that the model was trained on.",
            )
            .at_column(&column.name));
        }
        let left_out = table.rows - rows.len();
        let (weights, unweighted) = self.weights_in(&whole, &rows)?;
        let mut diagnostics: Vec<Diagnostic> = unweighted.into_iter().collect();
        if left_out > 0 {
            diagnostics.push(
                Diagnostic::warning(
                    "score.rows_left_out",
                    format!("{left_out} rows are left out: their target is missing or a class that training never saw."),
                    "The scores are over the other rows.",
                )
                .at_column(&column.name),
            );
        }
        Ok(Answered { rows, target, weights, diagnostics })
    }

    /// Holds predictions (rows × outputs) of the answered rows against the answers.
    ///
    /// # Errors
    /// A threshold that cannot be.
    pub(in crate::engine) fn judge(
        &self,
        answered: &Answered,
        predicted: &[f64],
        threshold: Option<f64>,
    ) -> Result<Judged, Diagnostic> {
        let decision = self.decision_at(threshold)?;
        let seen = answered.seen();
        let scores = metric::all()
            .iter()
            .filter(|m| m.suits(question(self.header.task)))
            .map(|m| Scored {
                id: m.id.to_owned(),
                title: m.title.to_owned(),
                greater_is_better: m.greater_is_better,
                score: decision.score(m, seen, predicted),
            })
            .collect();
        let classes = self.header.classes.len();
        let mut confusion = vec![0; classes * classes];
        if let Target::Classes { codes, .. } = &answered.target {
            for (&code, row) in codes.iter().zip(predicted.chunks_exact(classes.max(1))) {
                confusion[code as usize * classes + decision.label(row) as usize] += 1;
            }
        }
        Ok(Judged { scores, confusion })
    }

    /// The table in which the target stands: after the steps, where there are any.
    ///
    /// # Errors
    /// Where a step cannot be done to the rows.
    fn with_answers<'a>(&self, table: &'a Table) -> Result<Cow<'a, Table>, Diagnostic> {
        // No step that learns changes the target or the weights, so that any fold's steps will do.
        let chain = self.members.first().and_then(|m| m.folds.first()).and_then(|f| f.chain.as_ref());
        chain.map_or(Ok(Cow::Borrowed(table)), |chain| Ok(Cow::Owned(chain.answers(table)?)))
    }

    /// The weights of the rows `rows` where the model was made with weights and the table has them; what to beware of where
    /// it has not.
    ///
    /// # Errors
    /// A row without a weight.
    fn weights_in(&self, table: &Table, rows: &[u32]) -> Result<Weights, Diagnostic> {
        let Some(name) = &self.header.request.weights else { return Ok((None, None)) };
        if let Some(column) = table.column(name) {
            return Ok((Some(weights_of(column, rows)?), None));
        }
        let warning = Diagnostic::warning(
            "score.no_weights",
            format!("The table has no column \"{name}\", which weighs rows: all count alike."),
            "Scores are not those that the search compared models by; add the column for that.",
        );
        Ok((None, Some(warning.at_column(name))))
    }

    /// The rows whose target is known, and their target.
    fn known_target(&self, column: &Column) -> (Vec<u32>, Target) {
        let rows = 0..column.len() as u32;
        if !self.header.task.is_classification() {
            let (rows, values) =
                rows.filter_map(|r| Some((r, column.number(r as usize).filter(|x| x.is_finite())?))).unzip();
            return (rows, Target::Values(values));
        }
        let classes = &self.header.classes;
        let numbers: Vec<Option<f64>> = classes.iter().map(|c| c.trim().parse().ok()).collect();
        // Another program may write 1 as 1.0.
        let code_of = |row: u32| {
            let text = column.text(row as usize)?;
            let exact = classes.iter().position(|c| *c == text);
            exact.or_else(|| {
                let number: f64 = text.trim().parse().ok()?;
                numbers.iter().position(|n| *n == Some(number))
            })
        };
        let (rows, codes) = rows.filter_map(|r| Some((r, code_of(r)? as u32))).unzip();
        (rows, Target::Classes { codes, classes: classes.len() })
    }
}
