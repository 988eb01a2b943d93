//! Intervals and sets of a model: what is promised, and how a row gets them.

use super::ModelArtifact;
use crate::calibrate::{Conformal, LevelError, Rank};
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::RowInterval;
use serde::{Deserialize, Serialize};

/// Level of the interval that goes with the prediction of a single row.
pub(in crate::engine) const USUAL_LEVEL: f64 = 0.9;

/// What predictions of a table bring along.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PredictOptions {
    /// Share of rows, in (0, 1), whose true value an interval or a set of classes is to hold; `None`: no intervals.
    #[serde(default)]
    pub interval: Option<f64>,
    /// Classification: a column with the class that each row is called.
    #[serde(default)]
    pub labels: bool,
    /// Two classes: the probability of the second above which a row is called so, in place of the model's own; brings
    /// the column of labels along.
    #[serde(default)]
    pub threshold: Option<f64>,
}

/// Intervals that were asked for, with the place of the score that decides.
#[derive(Clone, Copy)]
pub(super) struct Promise<'a> {
    conformal: &'a Conformal,
    rank: Rank,
}

/// A row's interval (low, high), or which classes are in its set.
pub(super) enum Held {
    Between(f64, f64),
    Classes(Vec<bool>),
}

impl Promise<'_> {
    /// `by_fold`: the row's predictions by the models of each fold, folds × outputs; `mean`: what is told.
    pub fn of_row(&self, by_fold: &[f64], mean: &[f64]) -> Held {
        if mean.len() > 1 {
            return Held::Classes(self.conformal.set(by_fold, mean, self.rank));
        }
        let (low, high) = self.conformal.interval(by_fold, self.rank);
        Held::Between(low, high)
    }
}

impl ModelArtifact {
    /// How many predictions of folds an interval needs of a row; 1 is their mean.
    pub(super) fn promise_folds(&self) -> usize {
        self.header.conformal.as_ref().map_or(1, Conformal::folds)
    }

    /// The share of rows that theory promises intervals of `level` to hold at the least, for rows drawn as those of
    /// training were and models that were not chosen on them; `None` where it promises nothing, as where only some of the
    /// members were trained again on all rows, and where intervals are wider for some predictions than for others.
    pub fn guarantee(&self, level: f64) -> Option<f64> {
        let conformal = self.header.conformal.as_ref()?;
        let together = self.members.iter().all(|m| m.folds.len() == conformal.folds());
        if together { conformal.guarantee(level) } else { None }
    }

    /// Intervals of `level`.
    ///
    /// # Errors
    /// A level that is none or too high for the rows of training, or a model file of before there were intervals.
    pub(super) fn promise(&self, level: f64) -> Result<Promise<'_>, Diagnostic> {
        let Some(conformal) = &self.header.conformal else {
            return Err(Diagnostic::error(
                "interval.unknown",
                "The model file does not hold what intervals are made of.",
                "Train the model again with this version of Trellis.",
            ));
        };
        let rank = conformal.rank(level).map_err(|e| match e {
            LevelError::NoLevel => Diagnostic::error(
                "interval.level",
                format!("{level} is no level of an interval."),
                "Give the share of rows that is to be right, for example 0.9 for nine rows in ten.",
            ),
            LevelError::TooHigh { most } => Diagnostic::error(
                "interval.too_few_rows",
                format!(
                    "The {} rows of training are too few for intervals of level {level}.",
                    conformal.rows()
                ),
                format!("Give a level of {most} at most, or train on more rows."),
            ),
        })?;
        Ok(Promise { conformal, rank })
    }

    /// Whether predictions can bring along what `options` asks for.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn check_options(&self, options: &PredictOptions) -> Result<(), Diagnostic> {
        self.decision_at(options.threshold)?;
        options.interval.map_or(Ok(()), |level| self.promise(level).map(drop))
    }

    /// The interval of one row at the usual level; `None` where the rows of training do not allow it.
    pub(super) fn row_interval(&self, by_fold: &[f64], mean: &[f64]) -> Option<RowInterval> {
        let promise = self.promise(USUAL_LEVEL).ok()?;
        let blank = RowInterval { level: USUAL_LEVEL, low: None, high: None, classes: Vec::new() };
        Some(match promise.of_row(by_fold, mean) {
            Held::Between(low, high) => RowInterval { low: Some(low), high: Some(high), ..blank },
            Held::Classes(held) => RowInterval { classes: self.names(&held, mean), ..blank },
        })
    }

    /// Names of the classes in a set, the likeliest first.
    pub(super) fn names(&self, held: &[bool], mean: &[f64]) -> Vec<String> {
        let mut inside: Vec<usize> = (0..held.len()).filter(|&c| held[c]).collect();
        inside.sort_by(|&a, &b| mean[b].total_cmp(&mean[a]).then(a.cmp(&b)));
        inside.into_iter().filter_map(|c| self.header.classes.get(c).cloned()).collect()
    }
}
