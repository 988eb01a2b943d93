//! What a person asks a study for.

use crate::model::Task;
use crate::search::{Direction, Setting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is searched for, and for how long. What is not asked for is not written, so that a file says what was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StudyRequest {
    /// Name of the target column.
    pub target: String,
    /// `None`: guessed from the target's values.
    #[serde(default)]
    pub task: Option<Task>,
    /// Metric id; `None`: the usual one of the task.
    #[serde(default)]
    pub metric: Option<String>,
    /// Columns that must not be features.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Seconds for everything, from start to the final model. `None`: no limit.
    #[serde(default)]
    pub budget_secs: Option<f64>,
    /// Most trials, the baseline included. `None`: as many as the time allows.
    #[serde(default)]
    pub max_trials: Option<u32>,
    #[serde(default)]
    pub seed: u64,
    /// Leave out learners whose last bits depend on the machine.
    #[serde(default)]
    pub reproducible: bool,
    /// Learner ids to search; empty: all that suit.
    #[serde(default)]
    pub learners: Vec<String>,
    /// Column that says how much each row counts, in training and in scores; it is no feature. `None`: all rows alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Numeric columns with which predictions (the probability of the second class) may only rise, or only fall.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub monotone: BTreeMap<String, Direction>,
    /// Groups of columns that may act together; columns that none names are one more group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interactions: Vec<Vec<String>>,
    /// Most microseconds that the model may take to predict a row, as measured where it is searched. `None`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_predict_us_per_row: Option<f64>,
    /// Most megabytes that the study may take, or in a tab each of its workers. What does not fit is not begun: learners
    /// are left out, and else rows are sampled. `None`: what the machine has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_memory_mb: Option<u64>,
    /// What is done to the table before it is learned from, in this order: fitted inside each fold, and part of the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ChainStep>,
    /// Let a population of networks, trained side by side on a graphics card, choose settings that the search tries beside its
    /// own. Another card, or none, may give another model.
    #[serde(default, skip_serializing_if = "is_off")]
    pub populations: bool,
    /// Fit these and the baseline, and search nothing; empty: search.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

/// For a setting that is not written where it was not asked for.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference")]
fn is_off(flag: &bool) -> bool {
    !flag
}

/// A step that changes rows one by one, as a pipeline draws it ([`crate::kind::Rows::Apart`] or `Fitted`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainStep {
    /// The node's id, for messages.
    pub node: String,
    /// [`crate::kind::KindSpec::id`].
    pub kind: String,
    pub version: u32,
    #[serde(default)]
    pub params: Map<String, Value>,
}

/// Names of columns with commas between, in double quotes where they hold a comma; `None` where one is empty.
pub fn column_names(text: &str) -> Option<Vec<String>> {
    let mut quoted = false;
    let parts = text.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    let bare = |part: &str| {
        let part = part.trim();
        let inside = part.strip_prefix('"').and_then(|p| p.strip_suffix('"'));
        inside.map_or_else(|| part.to_owned(), |p| p.replace("\"\"", "\""))
    };
    let names: Vec<String> = parts.map(bare).collect();
    names.iter().all(|n| !n.is_empty()).then_some(names)
}
