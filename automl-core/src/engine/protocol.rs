//! What a page (or any other front) and the engine say to each other.
//!
//! A front sends [`Command`]s and shows [`Event`]s; both are plain data and travel as JSON. Bytes (a file, a model)
//! travel beside a message, never in it. [`VERSION`] changes with any change that an older side would misread.

mod flow;
mod population;
mod remarks;
mod request;
mod trust;

pub use flow::{
    FlowCommand, FlowEvent, Look, MetricWords, ModelScores, NodeState, NodeView, OutputView, Pins, PlanView,
    RunEnd, Suggestion, Wants, WantsFrom, WireFinding,
};
pub(in crate::engine) use population::CHOSEN;
pub use population::Population;
pub use remarks::LeftOut;
pub(in crate::engine) use remarks::{TOO_SLOW, UNWEIGHTED};
pub use request::{ChainStep, StudyRequest, column_names};
pub use trust::{CalibrationCheck, Coverage, ProbabilityErrors, RowInterval};

use super::artifact::PredictOptions;
use crate::diagnostic::Diagnostic;
use crate::learner::Params;
use crate::model::Task;
pub use crate::search::Direction;
use crate::table::{ColumnType, Profile, ReadOptions, ReadReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of this protocol.
pub const VERSION: u32 = 1;

/// What a front asks of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Read a table; its bytes come beside the message. Replaces what was open.
    Open {
        name: String,
        options: ReadOptions,
    },
    /// Give up the file that is being read or predicted. What was open stays open.
    Cancel,
    /// Give a column another type. Answered by [`Event::Opened`].
    Retype {
        column: String,
        to: ColumnType,
    },
    /// Say what predicting `column` means. Answered by [`Event::Target`].
    Inspect {
        column: String,
        task: Option<Task>,
    },
    /// Show rows `start..start + count`. Answered by [`Event::Rows`].
    Rows {
        start: u64,
        count: u32,
    },
    /// Start a search on the open table.
    Start {
        request: StudyRequest,
    },
    Pause,
    Resume,
    /// End the search now and keep the best so far.
    Stop,
    /// Predict one row: column name → text as in a file; an absent or empty value is missing.
    PredictRow {
        values: BTreeMap<String, String>,
    },
    /// Predict another table, whose bytes come beside the message. Answered by [`Event::Predicting`] while it is read,
    /// one [`Event::PredictionsPart`] a block of rows, and [`Event::Predictions`].
    PredictTable {
        name: String,
        #[serde(default)]
        options: PredictOptions,
    },
    /// Give the model file. Answered by [`Event::Model`] with the bytes beside it.
    SaveModel,
    /// Give the report. Answered by [`Event::Report`].
    SaveReport,
    /// Take back a model file, whose bytes come beside the message. Answered by [`Event::Restored`].
    Restore,
    /// Something about pipelines. Answered by [`Event::Flow`].
    Flow {
        ask: FlowCommand,
    },
}

/// What the engine tells a front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A file is being read; `bytes` of `of` so far.
    Reading {
        bytes: u64,
        of: u64,
    },
    /// A table was read, or a column got another type.
    Opened {
        table: Box<TableInfo>,
    },
    Rows {
        start: u64,
        rows: Vec<Vec<Option<String>>>,
    },
    Target {
        info: Box<TargetInfo>,
    },
    /// The search began.
    Started {
        plan: Box<PlanInfo>,
    },
    /// The board or the progress changed; always the whole state, so that a lost message loses nothing.
    Board {
        board: Box<Board>,
    },
    /// The search ended: the final board and the verdict.
    Finished {
        board: Box<Board>,
        verdict: Box<Verdict>,
    },
    RowPrediction {
        prediction: RowPrediction,
    },
    /// A table to predict is being read; `bytes` of `of` so far. Parts of an earlier table are void.
    Predicting {
        bytes: u64,
        of: u64,
    },
    /// The next rows of the predictions, CSV bytes beside the message; `rows` of `of` so far.
    PredictionsPart {
        rows: u64,
        of: u64,
    },
    /// All parts were told.
    Predictions {
        rows: u64,
        name: String,
        diagnostics: Vec<Diagnostic>,
    },
    /// Model bytes beside the message.
    Model {
        name: String,
    },
    /// HTML bytes beside the message.
    Report {
        name: String,
    },
    /// A model file was taken back.
    Restored {
        board: Box<Board>,
        verdict: Box<Verdict>,
    },
    /// Something about pipelines.
    Flow {
        tell: Box<FlowEvent>,
    },
    /// A command could not be done. Nothing else was changed.
    Failed {
        diagnostics: Vec<Diagnostic>,
    },
}

/// An open table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableInfo {
    pub name: String,
    pub rows: u64,
    pub report: ReadReport,
    pub profile: Profile,
    /// The column that is most likely to be asked about; `None` where no column can be.
    pub target: Option<TargetInfo>,
}

/// What predicting a column would mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetInfo {
    pub column: String,
    pub task: Task,
    /// Why the column and the task were chosen, in plain words.
    pub reason: String,
    /// Tasks that the column allows.
    pub tasks: Vec<Task>,
    /// Names of the classes in the order of the model's outputs, with their rows; empty for regression.
    pub classes: Vec<(String, u64)>,
    /// Id of the usual metric.
    pub metric: String,
    /// Ids and titles of the metrics that suit.
    pub metrics: Vec<(String, String)>,
    /// Missing targets, one class only, suspected leaks, …
    pub diagnostics: Vec<Diagnostic>,
    /// Columns that are used as features, unless ignored.
    pub features: Vec<String>,
    /// The learners that suit the task. Guessing is always tried and is not among them.
    #[serde(default)]
    pub learners: Vec<LearnerChoice>,
}

/// A learner that a search may be told to use or to leave out, as it declares itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnerChoice {
    pub id: String,
    pub title: String,
    pub help: String,
    /// Same bits on every machine. Others are used only when they are named in the request.
    pub reproducible: bool,
}

/// How a search is laid out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanInfo {
    pub task: Task,
    pub metric: String,
    pub metric_title: String,
    pub greater_is_better: bool,
    /// How models are compared, for example `5-fold cross-validation on 4,250 rows; 750 rows locked away`.
    pub validation: String,
    pub workers: u32,
}

/// What a study is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Searching,
    Paused,
    /// The best models are combined and the locked rows are opened.
    Checking,
    /// The chosen models are trained again on all rows.
    Refitting,
    Done,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Time,
    Trials,
    Stopped,
    /// Everything worth trying was tried.
    Exhausted,
}

/// The leaderboard and how far the search is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub phase: Phase,
    pub metric: String,
    pub metric_title: String,
    pub greater_is_better: bool,
    /// Best first; trials without a score last.
    pub rows: Vec<BoardRow>,
    pub best_score: Option<f64>,
    /// (seconds since the start, best score so far), one point a change.
    pub curve: Vec<(f64, f64)>,
    pub elapsed_secs: f64,
    pub budget_secs: Option<f64>,
    pub trials_done: u32,
    pub max_trials: Option<u32>,
    pub running: u32,
    /// Share of the whole that is done, in [0, 1].
    pub progress: f64,
    pub end_reason: Option<EndReason>,
    /// What [`BoardRow::tied_with_best`] means, in words that follow a mark; `None` before the search has ended.
    #[serde(default)]
    pub tie_test: Option<String>,
    /// Learners that suit the task and were not searched, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// `None` where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
}

/// How a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    Running,
    Done,
    /// Ended early: its first fold was far behind the best.
    Pruned,
    Failed,
    /// The budget ended first.
    Cut,
}

/// One trial, or the ensemble, on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    /// Trial number from 0; `None` for the ensemble.
    pub trial: Option<u32>,
    pub learner: String,
    pub title: String,
    pub params: Params,
    pub state: TrialState,
    /// Mean over the folds done.
    pub score: Option<f64>,
    /// Standard deviation over folds; `None` with fewer than two.
    pub sd: Option<f64>,
    pub folds_done: u32,
    pub folds: u32,
    /// Score on the locked rows; only for what was chosen, and only once they were opened.
    pub holdout: Option<f64>,
    /// Seconds of fitting, all folds together. Not part of what is reproducible.
    pub fit_secs: f64,
    /// Microseconds to predict a row with all that the model would have of this trial: a pipeline a fold, preprocessing
    /// included.
    pub predict_us_per_row: f64,
    /// `cpu` or `gpu`. In a model file, whose arithmetic the numbers are: what a card computes to the last bit as the
    /// processor does is `cpu` there, since the file is the same.
    pub backend: String,
    /// Why, in words for people; empty where there was no choice, and in a model file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend_reason: String,
    pub seed: u64,
    /// Share in the final model; 0 where it has none.
    pub weight: f64,
    /// Same bits on every machine.
    pub reproducible: bool,
    /// What went wrong, or what the fit has to tell.
    pub note: String,
    /// Two-sided p value of a paired test against the first row of the board on the same rows, once the search has
    /// ended: how often chance alone makes so large a difference. `None` for the first row, and where nothing can be said.
    #[serde(default)]
    pub p_vs_best: Option<f64>,
    /// Whether that difference may well be chance.
    #[serde(default)]
    pub tied_with_best: Option<bool>,
}

/// What came out, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// `Guessing gets 73.4 % right; this model gets 86.1 % ± 1.0 %.`
    pub sentence: String,
    /// What that rests on and how sure it is, in one or two sentences.
    pub explanation: String,
    pub target: String,
    pub task: Task,
    pub metric: String,
    pub metric_title: String,
    /// On the locked rows: the search's metric.
    pub holdout: HoldoutScore,
    /// All other metrics on the locked rows: (id, title, score, baseline's score).
    pub metrics: Vec<(String, String, Option<f64>, Option<f64>)>,
    /// Names of the classes; empty for regression.
    pub classes: Vec<String>,
    /// Counts on the locked rows, actual × predicted, row-major; empty for regression.
    pub confusion: Vec<u64>,
    /// (actual, predicted) of up to 1,000 locked rows; empty for classification.
    pub scatter: Vec<(f64, f64)>,
    /// By importance, greatest first.
    pub importance: Vec<Importance>,
    /// What the final model consists of: (title, share).
    pub members: Vec<(String, f64)>,
    /// The columns that a prediction needs, for a form.
    pub inputs: Vec<InputField>,
    /// What to beware of.
    pub diagnostics: Vec<Diagnostic>,
    /// How intervals or sets did on the locked rows; `None` where there are too few rows for any.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// How far the probabilities can be trusted, on the locked rows; `None` for regression.
    #[serde(default)]
    pub calibration: Option<CalibrationCheck>,
    /// Two classes: the probability of the second above which a row is called so, where that is not 0.5.
    #[serde(default)]
    pub threshold: Option<f64>,
}

/// A score on the locked rows with its 95 % interval (percentile bootstrap).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HoldoutScore {
    pub rows: u64,
    pub score: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub baseline: Option<f64>,
}

/// How much worse the score gets when a column's values are shuffled among the locked rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    pub column: String,
    /// Mean loss of score over the shuffles; may be slightly negative for a column without use.
    pub mean: f64,
    pub sd: f64,
}

/// One field of the form that predicts a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputField {
    pub column: String,
    pub ty: ColumnType,
    /// A typical value: the median, or the most frequent level.
    pub typical: String,
    /// Range in training, for numbers.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Levels in training, most frequent first, at most 200; for categories and booleans.
    pub levels: Vec<String>,
}

/// A prediction of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowPrediction {
    /// The class, or the number.
    pub answer: String,
    /// (class, probability) in the model's order; empty for regression.
    pub probabilities: Vec<(String, f64)>,
    /// The number; `None` for classification.
    pub value: Option<f64>,
    /// What holds the true value with a given probability; `None` where the model cannot say.
    #[serde(default)]
    pub interval: Option<RowInterval>,
    pub diagnostics: Vec<Diagnostic>,
}
