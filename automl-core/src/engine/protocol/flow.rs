//! What a front and the engine say to each other about pipelines.
//!
//! A document travels as its JSON text. The engine holds tables that were supplied, and the results of nodes by the
//! content of all that they depend on; a front holds nothing but the document.

use super::{Board, TargetInfo, Verdict};
use crate::diagnostic::Diagnostic;
use crate::document::Wire;
use crate::engine::Scored;
use crate::kind::expr::Listed;
use crate::kind::{Finding, KindSpec, Report, Schema};
use crate::table::{Profile, ReadOptions};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nodes that keep a result, with its key ([`NodeView::key`]); where that is empty or not there, the last that they had.
pub type Pins = BTreeMap<String, String>;

/// What a front asks about pipelines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum FlowCommand {
    /// All kinds of nodes. Answered by [`FlowEvent::Catalogue`].
    Catalogue,
    /// Look a document over. Nothing is run; `pinned` keep the results that they have. Answered by
    /// [`FlowEvent::Planned`].
    Plan { document: String, pinned: Pins },
    /// The data that a source wants ([`Wants::source`]); its bytes lie beside the message. Told by
    /// [`FlowEvent::Reading`] and a new [`FlowEvent::Planned`], or [`FlowEvent::Refused`].
    Supply { source: String, name: String, options: ReadOptions },
    /// Run what is stale of these nodes and of all that they need; no nodes: everything. `pinned` keep the results
    /// that they have, `afresh` are run even if they have some.
    Run { document: String, nodes: Vec<String>, pinned: Pins, afresh: Vec<String> },
    /// End the run. What is done stays done.
    Stop,
    /// Show what came out of a port. Answered by [`FlowEvent::Looked`].
    Look { node: String, port: String, start: u64, count: u32 },
    /// Give what came out of a port as a file. Answered by [`FlowEvent::Saved`] with the bytes beside it.
    Save { node: String, port: String },
    /// Make the model of a port the session's, for single predictions. Answered by [`super::Event::Restored`].
    Adopt { node: String, port: String },
    /// What may stand at a place of an expression. Answered by [`FlowEvent::Completions`].
    Complete { node: String, param: String, text: String, cursor: u32 },
    /// Give the present result of a node as bytes, for [`FlowCommand::Bring`]. Answered by [`FlowEvent::Kept`], with
    /// the bytes beside it where there is a result.
    Keep { node: String },
    /// Take results that came with the document, in place of all that came so before: keys, and how many of the bytes
    /// beside the message are each one's. Answered by [`FlowEvent::Brought`] and a new [`FlowEvent::Planned`].
    Bring { results: Vec<(String, u64)> },
    /// Take the first page's search as this node's result, if it is the same search of the same table. Answered by
    /// [`FlowEvent::SearchTaken`] and a new [`FlowEvent::Planned`].
    TakeSearch { node: String },
    /// Say what predicting `column` of the table at an input would mean. Answered by [`FlowEvent::Question`].
    Question { node: String, port: String, column: String },
}

/// What the engine tells about pipelines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "events travel boxed")]
pub enum FlowEvent {
    Catalogue {
        kinds: Vec<KindSpec>,
        /// What expressions may call.
        #[serde(default)]
        functions: Vec<Listed>,
        /// What scores mean.
        #[serde(default)]
        metrics: Vec<MetricWords>,
    },
    Planned {
        plan: Box<PlanView>,
    },
    Reading {
        source: String,
        bytes: u64,
        of: u64,
    },
    /// A node's state changed.
    Node {
        node: String,
        view: Box<NodeView>,
    },
    /// A search inside a node has a new board.
    Board {
        node: String,
        board: Box<Board>,
    },
    /// The run is over.
    Ended {
        end: RunEnd,
        ran: u32,
        kept: u32,
        failed: u32,
        secs: f64,
    },
    Looked {
        node: String,
        port: String,
        look: Box<Look>,
    },
    Saved {
        name: String,
    },
    /// Empty where there is no result.
    Kept {
        node: String,
        key: String,
    },
    /// How many results were taken, and why others were not.
    Brought {
        taken: u32,
        refused: Vec<Diagnostic>,
    },
    /// `why_not`: nothing where the search was taken.
    SearchTaken {
        node: String,
        why_not: Option<Diagnostic>,
    },
    Completions {
        node: String,
        param: String,
        completions: Vec<Suggestion>,
        finding: Option<Finding>,
    },
    Question {
        node: String,
        info: Box<TargetInfo>,
    },
    /// A supplied table cannot be read: there is no use in supplying it again.
    Refused {
        source: String,
        diagnostics: Vec<Diagnostic>,
    },
    Failed {
        diagnostics: Vec<Diagnostic>,
    },
}

/// What a metric says, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricWords {
    pub id: String,
    pub title: String,
    /// A sentence.
    pub help: String,
    pub greater_is_better: bool,
}

impl MetricWords {
    /// Of all metrics that there are.
    pub fn all() -> Vec<Self> {
        let words = |m: &crate::metric::MetricSpec| Self {
            id: m.id.to_owned(),
            title: m.title.to_owned(),
            help: m.help.to_owned(),
            greater_is_better: m.greater_is_better,
        };
        crate::metric::all().iter().map(words).collect()
    }
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Everything that was asked for and could be run was.
    Done,
    Stopped,
    /// Nothing could be run: see the plan's findings.
    Refused,
}

/// A document as the engine sees it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PlanView {
    /// Hash of the document without its layout.
    pub hash: String,
    pub nodes: BTreeMap<String, NodeView>,
    /// Findings about wires, in the order of the wires. What keeps a node from being run stands at that node too.
    pub findings: Vec<WireFinding>,
    /// Nodes whose work is done again inside every fold, since they learn and lie upstream of training.
    pub in_folds: Vec<String>,
}

/// What is wrong with a wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WireFinding {
    pub wire: Wire,
    pub diagnostic: Diagnostic,
}

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Something is missing or wrong.
    #[default]
    NotSet,
    /// Could be run.
    Ready,
    /// Waits in the current run.
    Waiting,
    Running,
    Done,
    /// Has a result, of an earlier state of what it depends on.
    Stale,
    /// Was run and gave nothing: its findings say why.
    Failed,
    /// Lets what comes in through.
    Bypassed,
    /// Its kind is not known here: it is kept and not run.
    Unknown,
}

/// A node as the engine sees it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeView {
    pub state: NodeState,
    /// Share that is done while it runs, in [0, 1]; `None` where it cannot be known.
    pub share: Option<f64>,
    /// What it is doing, or what came out, in a few words: `1,204 rows × 9 columns`, `AUC 0.861`.
    pub text: String,
    pub findings: Vec<Finding>,
    pub outputs: Vec<OutputView>,
    /// Data from outside that it needs and has not got.
    pub wants: Option<Wants>,
    /// Content hash of everything that its result depends on; empty where that is not known yet.
    pub key: String,
    /// Content hash of what came out of its first port; empty where nothing did.
    pub digest: String,
    /// Seconds that it took.
    pub secs: Option<f64>,
    /// Bytes that its results take, and the most that were taken while it ran, as far as can be told.
    pub bytes: Option<u64>,
    pub peak_bytes: Option<u64>,
    /// What came out was not computed here: it came with a project, or was made of what did.
    #[serde(default)]
    pub brought: bool,
}

/// An output of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutputView {
    pub port: String,
    /// Columns of the table that comes out, where they are known: before it is run too.
    pub schema: Option<Schema>,
    pub rows: Option<u64>,
    /// There is something to look at.
    pub has_result: bool,
}

/// Data from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    /// What names it to [`FlowCommand::Supply`].
    pub source: String,
    pub from: WantsFrom,
    /// File name, sample's name or address.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WantsFrom {
    File,
    Sample,
    Url,
}

/// What came out of a port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    Table {
        schema: Schema,
        /// Rows in all.
        of: u64,
        start: u64,
        rows: Vec<Vec<Option<String>>>,
        /// With the first rows only.
        profile: Option<Box<Profile>>,
    },
    Report {
        report: Box<Report>,
    },
    Scores {
        scores: Vec<ModelScores>,
    },
    Model {
        board: Box<Board>,
        verdict: Box<Verdict>,
    },
    Target {
        info: Box<TargetInfo>,
    },
    /// Nothing came out yet.
    Nothing,
}

/// How good a model is on some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelScores {
    /// What the model is called.
    pub model: String,
    /// Which rows, for people: `cross-validation on 4,250 rows`, `1,000 rows of "test"`.
    pub on: String,
    pub rows: u64,
    pub metrics: Vec<Scored>,
    /// Classes, and counts of actual × predicted, row-major; empty for numbers.
    pub classes: Vec<String>,
    pub confusion: Vec<u64>,
    /// The search's metric with its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
}

/// What may stand at a place of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    pub insert: String,
    /// Bytes of the text that it replaces.
    pub replaces: (u32, u32),
    /// `column`, `function`, `operator` or `value`.
    pub kind: String,
    /// Type, or arguments.
    pub detail: String,
    pub help: String,
}
