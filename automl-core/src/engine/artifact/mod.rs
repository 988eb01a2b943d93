//! The model artifact: one file with the whole of a trained model.

mod columns;
mod csv;
mod decide;
mod file;
mod inputs;
mod predict;
mod promise;
mod score;

pub(super) use columns::{PredictionColumns, numbers, texts};
#[cfg(test)]
pub(super) use file::unpacked;
pub use predict::CardForRest;
pub(super) use predict::block_for_card;
pub use promise::PredictOptions;
pub(super) use promise::USUAL_LEVEL;
pub(super) use score::Answered;
pub use score::Scored;

use super::chain::FittedChain;
use super::pipeline::Pipeline;
use super::protocol::{Board, InputField, StudyRequest, Verdict};
use crate::calibrate::{Conformal, Decision};
use crate::model::Task;
use crate::table::ReadOptions;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rows predicted at a time, so that features never need much memory.
pub(super) const BLOCK: usize = 16_384;

/// What a model file says about itself, in JSON at its beginning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the engine that wrote it.
    pub engine: String,
    pub target: String,
    pub task: Task,
    /// Names of the classes in the order of the outputs; empty for regression.
    pub classes: Vec<String>,
    pub metric: String,
    pub seed: u64,
    /// [`crate::table::fingerprint`] of the table that it was trained on.
    pub fingerprint: String,
    /// Rows with a target in that table.
    pub rows: u64,
    pub request: StudyRequest,
    /// How a table for prediction is to be read: the types of the columns.
    pub read: ReadOptions,
    /// The input contract: columns, types, ranges, levels.
    pub inputs: Vec<InputField>,
    /// Whether the chosen models were trained again on all rows.
    pub refitted: bool,
    /// Every trial, without clock readings.
    pub board: Board,
    pub verdict: Verdict,
    /// What is done to the blend's probabilities, and from which one on a row is called the second class; nothing in
    /// files of version 2.
    #[serde(default)]
    pub decision: Decision,
    /// What intervals and sets are made of; `None` in files of version 2.
    #[serde(default)]
    pub conformal: Option<Conformal>,
}

impl Header {
    /// How many numbers a prediction has.
    pub(in crate::engine) fn outputs(&self) -> usize {
        if self.task.is_classification() { self.classes.len() } else { 1 }
    }
}

/// One model of the blend: the pipelines of its folds, whose predictions are averaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EncodedMember {
    pub weight: f64,
    /// [`Pipeline::encode`] of each fold.
    pub folds: Vec<Vec<u8>>,
}

/// The models of one fold have the same chain: it is held once, so that it is done once to a block of rows.
fn share_chains(members: &mut [Member]) {
    let mut known: Vec<(Vec<u8>, Arc<FittedChain>)> = Vec::new();
    for chain in members.iter_mut().flat_map(|m| &mut m.folds).filter_map(|f| f.chain.as_mut()) {
        // Bytes and not values: what is no number does not even equal itself.
        let bytes = postcard::to_allocvec(chain.as_ref()).unwrap_or_default();
        match known.iter().find(|k| k.0 == bytes) {
            Some((_, first)) => *chain = first.clone(),
            None => known.push((bytes, chain.clone())),
        }
    }
}

struct Member {
    weight: f64,
    folds: Vec<Pipeline>,
}

/// A trained model: immutable, the same bytes on every machine for the same study.
pub struct ModelArtifact {
    header: Header,
    encoded: Vec<EncodedMember>,
    members: Vec<Member>,
}

impl std::fmt::Debug for ModelArtifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelArtifact").field("header", &self.header).finish_non_exhaustive()
    }
}

impl ModelArtifact {
    /// # Errors
    /// What is wrong with a member.
    pub(super) fn new(header: Header, encoded: Vec<EncodedMember>) -> Result<Self, String> {
        let outputs = header.outputs();
        if outputs == 0 || encoded.is_empty() {
            return Err("it holds no model".to_owned());
        }
        let chained = !header.request.steps.is_empty();
        let mut members = encoded
            .iter()
            .map(|m| {
                if !(m.weight.is_finite() && m.weight > 0.0 && m.weight <= 1.0) || m.folds.is_empty() {
                    return Err("a member has no share".to_owned());
                }
                let folds: Result<Vec<Pipeline>, String> =
                    m.folds.iter().map(|bytes| Pipeline::decode(bytes, outputs, chained)).collect();
                Ok(Member { weight: m.weight, folds: folds? })
            })
            .collect::<Result<Vec<Member>, String>>()?;
        share_chains(&mut members);
        if !header.decision.is_sound(outputs) {
            return Err("its probabilities are corrected in a way that cannot be".to_owned());
        }
        if let Some(conformal) = &header.conformal {
            let fits = |m: &Member| conformal.folds() == 1 || conformal.folds() == m.folds.len();
            if !conformal.is_sound() || !members.iter().all(fits) {
                return Err("its intervals do not fit its models".to_owned());
            }
        }
        Ok(Self { header, encoded, members })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How a table for prediction is to be read.
    pub fn read_options(&self) -> ReadOptions {
        self.header.read.clone()
    }

    /// The board without clock readings.
    pub fn board(&self) -> Board {
        self.header.board.clone()
    }

    pub fn verdict(&self) -> &Verdict {
        &self.header.verdict
    }

    /// Says something else about the same model.
    pub(super) fn set_verdict(&mut self, verdict: Verdict) {
        self.header.verdict = verdict;
    }

    /// The models of the blend: for each its share, and the pipelines of its folds.
    pub(super) fn models(&self) -> impl ExactSizeIterator<Item = (f64, &[Pipeline])> {
        self.members.iter().map(|m| (m.weight, m.folds.as_slice()))
    }

    /// The same blend under another header, with other pipelines where some are given.
    ///
    /// # Errors
    /// What is wrong with one.
    pub(super) fn replaced(self, header: Header, pipelines: Vec<Option<Pipeline>>) -> Result<Self, String> {
        let mut encoded = self.encoded;
        for (member, pipeline) in encoded.iter_mut().zip(pipelines) {
            if let Some(pipeline) = pipeline {
                member.folds = vec![pipeline.encode()];
            }
        }
        Self::new(header, encoded)
    }

    /// Bytes of the models that it is made of.
    pub(super) fn member_bytes(&self) -> usize {
        self.encoded.iter().flat_map(|m| &m.folds).map(Vec::len).sum()
    }

    /// Name that tells this model from others: BLAKE3 of the file, in hexadecimal digits.
    pub fn id(&self) -> String {
        blake3::hash(&self.to_bytes()).to_hex().to_string()
    }
}
