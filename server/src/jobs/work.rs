//! What a run is asked to do.

use automl_core::engine::protocol::StudyRequest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be done. Tables are data sets of the run's project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// Search for the best model of a column of a table.
    Study {
        dataset: String,
        #[schemars(with = "serde_json::Value")]
        request: Box<StudyRequest>,
    },
    /// Run a pipeline.
    Pipeline {
        /// The document, as a pipeline file holds it.
        document: serde_json::Value,
        /// Data set by what a source of the pipeline wants.
        #[serde(default)]
        data: BTreeMap<String, String>,
        /// Nodes that are to be run; none: all.
        #[serde(default)]
        nodes: Vec<String>,
    },
}

/// How a run ended, for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ended {
    pub state: crate::store::RunState,
    /// Why it failed, or what is to be known of how it was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub diagnostics: Vec<automl_core::diagnostic::Diagnostic>,
    /// Names of the files that it gave.
    #[serde(default)]
    pub files: Vec<String>,
}
