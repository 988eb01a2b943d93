//! How a run begins: its tables are brought to the session, or where they are too large only some of their rows.

use super::beyond::{Beyond, too_large};
use super::{Drive, JobError, Stop};
use crate::beyond;
use crate::blobs::BlobError;
use crate::jobs::work::Work;
use crate::store::{Dataset, StoreError};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::PipelineDocument;
use automl_core::engine::protocol::{Command, FlowCommand, Pins, StudyRequest};
use automl_core::table::{Format, ReadOptions};
use std::collections::BTreeMap;

/// Data that will not come back.
pub(super) fn no_data(message: impl Into<String>) -> Stop {
    Stop::Failed(vec![Diagnostic::error("run.no_data", message, "Upload it again, and begin the run anew.")])
}

/// The bytes of a data set that are lost.
pub(super) fn lost(name: &str) -> Stop {
    no_data(format!("The bytes of the data set \"{name}\" are lost or damaged."))
}

/// How a data set is read.
pub(super) fn options_of(dataset: &Dataset) -> Result<ReadOptions, Stop> {
    Ok(serde_json::from_str(&dataset.options).map_err(|_| StoreError::Damaged("data set"))?)
}

/// How many bytes count against a run's memory: as they came for texts, and for other formats, which are packed, as they are
/// held.
fn held(dataset: &Dataset) -> u64 {
    let bytes = dataset.bytes as u64;
    match Format::from_name(&dataset.name) {
        Format::Csv | Format::JsonLines => bytes,
        Format::Parquet | Format::ArrowIpc => {
            let about: serde_json::Value = serde_json::from_str(&dataset.about).unwrap_or_default();
            about["held"].as_u64().unwrap_or(bytes)
        }
    }
}

impl Drive {
    /// Brings the session what it is to work on, and begins it.
    pub(super) async fn start(&mut self, work: Work) -> Result<(), Stop> {
        match work {
            Work::Study { dataset, request } => self.start_study(&dataset, request).await,
            Work::Pipeline { document, data, nodes } => {
                self.start_pipeline(&document.to_string(), data, nodes).await
            }
        }
    }

    async fn start_study(&mut self, dataset: &str, request: Box<StudyRequest>) -> Result<(), Stop> {
        let dataset = self.dataset(dataset).await?;
        let (bytes, limit) = (held(&dataset), self.limit_of(&request).await?);
        let in_parts = Format::from_name(&dataset.name).is_read_in_parts();
        if let Some(limit) = limit.filter(|limit| in_parts && beyond::is_too_large(bytes, *limit)) {
            self.beyond = Some(Box::new(Beyond::new(dataset, request, limit)?));
            return Ok(());
        }
        if let Some(limit) =
            self.means.memory.filter(|limit| !in_parts && beyond::is_too_large(bytes, *limit))
        {
            let what = format!("\"{}\" has", dataset.name);
            return Err(Stop::Failed(vec![too_large(&what, bytes, limit)]));
        }
        let (name, options, bytes) = self.table(&dataset).await?;
        let outputs = self.session.handle(Command::Open { name, options }, Some(&bytes), self.now());
        // The session has it as columns now.
        drop(bytes);
        self.carry(outputs).await?;
        let outputs = self.session.handle(Command::Start { request: *request }, None, self.now());
        Ok(self.carry(outputs).await?)
    }

    async fn start_pipeline(
        &mut self,
        document: &str,
        data: BTreeMap<String, String>,
        nodes: Vec<String>,
    ) -> Result<(), Stop> {
        let document = PipelineDocument::from_json(document.as_bytes()).map_err(|d| Stop::Failed(vec![d]))?;
        let text = document.pretty();
        let nodes_that_give = document.nodes().iter().filter(|(_, node)| !node.bypassed);
        let exports = nodes_that_give
            .filter_map(|(id, node)| Some((id.0.clone(), node.kind.strip_prefix("export.")?.to_owned())));
        self.exports = exports.collect();
        let mut sources = Vec::new();
        for (source, dataset) in data {
            sources.push((source, self.dataset(&dataset).await?));
        }
        let bytes: u64 = sources.iter().map(|(_, dataset)| held(dataset)).sum();
        if let Some(limit) = self.means.memory.filter(|limit| beyond::is_too_large(bytes, *limit)) {
            return Err(Stop::Failed(vec![too_large("The tables of this pipeline have", bytes, limit)]));
        }
        self.ask(FlowCommand::Plan { document: text.clone(), pinned: Pins::new() }, None).await?;
        for (source, dataset) in sources {
            let (name, options, bytes) = self.table(&dataset).await?;
            self.ask(FlowCommand::Supply { source, name, options }, Some(&bytes)).await?;
        }
        let run = FlowCommand::Run { document: text, nodes, pinned: Pins::new(), afresh: Vec::new() };
        Ok(self.ask(run, None).await?)
    }

    /// A data set of the run's project.
    async fn dataset(&self, dataset: &str) -> Result<Dataset, Stop> {
        match self.jobs.store.dataset(&self.run.project, dataset).await {
            Err(StoreError::Absent(_)) => Err(no_data("A data set of this run was deleted before it began.")),
            found => Ok(found?),
        }
    }

    /// A data set as a session takes it: its name, how it is read, its bytes.
    async fn table(&self, dataset: &Dataset) -> Result<(String, ReadOptions, bytes::Bytes), Stop> {
        let options = options_of(dataset)?;
        match self.place.get(&dataset.blob).await {
            Err(BlobError::Absent(_) | BlobError::Damaged(_)) => Err(lost(&dataset.name)),
            bytes => Ok((dataset.name.clone(), options, bytes?)),
        }
    }

    pub(super) async fn ask(&mut self, ask: FlowCommand, body: Option<&[u8]>) -> Result<(), JobError> {
        let outputs = self.session.handle(Command::Flow { ask }, body, self.now());
        self.carry(outputs).await
    }
}
