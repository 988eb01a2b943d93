//! Pipelines and projects as files, and files that are dropped.

use super::Store;
use super::desk::{Packing, Supplied};
use crate::client::workers::Beside;
use crate::client::{archive, save};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{NodeId, PipelineDocument, Place};
use automl_core::engine::protocol::{Command, FlowCommand, NodeState, NodeView};
use automl_core::kind::PortType;
use js_sys::{Array, ArrayBuffer};
use leptos::prelude::*;
use trellis_page::flow::project::{self, Data, Sort};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File};

/// Most bytes of a table that is kept as a result.
const MOST_KEPT_TABLE: u64 = 8 << 20;

impl Store {
    fn title(self) -> String {
        self.flow.with_document(|d| d.title().to_owned())
    }

    /// Gives the pipeline as a file.
    pub fn save_pipeline(self) {
        let text = self.flow.with_document(PipelineDocument::pretty);
        let name = project::file_name(&self.title(), "trellis.json");
        self.hand_over(&name, "application/json", &Array::of1(&text.into()));
    }

    /// Gives the pipeline with its tables, models and results as one file. They are asked for one after the other.
    pub fn save_project(self) {
        let kinds = self.flow.kinds.get_untracked();
        let waiting = self.flow.views.with_untracked(|views| {
            self.flow.with_document(|document| {
                let mut out = Vec::new();
                for (id, node) in document.nodes() {
                    let (Some(kind), Some(view)) = (kinds.get(&node.kind), views.get(id)) else { continue };
                    let made = view.outputs.iter().find(|o| {
                        o.has_result && kind.output(&o.port).is_some_and(|p| p.ty == PortType::Model)
                    });
                    out.extend(made.map(|o| (id.clone(), o.port.clone())));
                }
                out
            })
        });
        // Tables are made again in a moment where they are large; what was trained is not.
        let is_worth = |view: &NodeView| {
            let is_table = view.outputs.first().is_some_and(|o| o.rows.is_some());
            let most = if is_table { MOST_KEPT_TABLE } else { project::MOST_RESULT };
            view.state == NodeState::Done && view.bytes.is_some_and(|b| b <= most)
        };
        let unasked = self.flow.views.with_untracked(|views| {
            let worth = views.iter().filter(|(_, view)| is_worth(view));
            worth.map(|(id, _)| id.clone()).collect()
        });
        self.flow.desk.packing.set_value(Some(Packing { waiting, unasked, ..Packing::default() }));
        self.pack_next();
    }

    /// Asks for the next model of a project, or makes the file once all are there.
    fn pack_next(self) {
        let Some(packing) = self.flow.desk.packing.get_value() else { return };
        if let Some((node, port)) = packing.waiting.first() {
            return self
                .flow
                .ask(FlowCommand::Save { node: node.0.clone(), port: port.clone() }, Beside::Nothing);
        }
        if let Some(node) = packing.unasked.first() {
            return self.flow.ask(FlowCommand::Keep { node: node.0.clone() }, Beside::Nothing);
        }
        self.flow.desk.packing.set_value(None);
        let pipeline = self.flow.with_document(PipelineDocument::pretty);
        let name = project::file_name(&self.title(), "trellis");
        let supplied = self.flow.desk.supplied.get_value();
        spawn_local(async move {
            let all = supplied.into_iter().enumerate();
            let data: Vec<(Data, Blob)> = all
                .map(|(number, (source, s))| {
                    let path = project::data_path(number, &s.name);
                    (Data { path, source, name: s.name, options: s.options }, s.blob)
                })
                .collect();
            match archive::pack(&pipeline, &data, &packing.models, &packing.results).await {
                Ok(parts) => self.hand_over(&name, "application/zip", &parts),
                Err(diagnostic) => self.alert(diagnostic),
            }
        });
    }

    /// A file that the engine gave: for a project, or for the person.
    pub(super) fn hear_saved(self, name: &str, body: Option<ArrayBuffer>) {
        let packed = self.flow.desk.packing.try_update_value(|packing| {
            let packing = packing.as_mut()?;
            if packing.waiting.is_empty() { None } else { Some(packing.waiting.remove(0)) }
        });
        let Some(body) = body else { return };
        match packed.flatten() {
            Some((node, _)) => {
                let blob = save::blob("application/octet-stream", &Array::of1(&body)).ok();
                self.flow.desk.packing.update_value(|packing| {
                    if let (Some(packing), Some(blob)) = (packing, blob) {
                        packing.models.push((node, blob));
                    }
                });
                self.pack_next();
            }
            None => {
                let mime = if name.ends_with(".csv") { "text/csv" } else { "application/octet-stream" };
                self.hand_over(name, mime, &Array::of1(&body));
            }
        }
    }

    /// A result for a project.
    pub(super) fn hear_kept(self, key: &str, body: Option<ArrayBuffer>) {
        let blob = body.and_then(|b| save::blob("application/octet-stream", &Array::of1(&b)).ok());
        let is_packing = self.flow.desk.packing.try_update_value(|packing| {
            let Some(packing) = packing.as_mut().filter(|p| !p.unasked.is_empty()) else { return false };
            packing.unasked.remove(0);
            let room: f64 = packing.results.iter().map(|r| r.1.size()).sum();
            let fits = |b: &Blob| room + b.size() <= project::MOST_RESULTS as f64;
            // Two nodes of the same content have one result.
            let is_new = !packing.results.iter().any(|r| r.0 == key);
            packing.results.extend(blob.filter(fits).filter(|_| is_new).map(|b| (key.to_owned(), b)));
            true
        });
        if is_packing.unwrap_or(false) {
            self.pack_next();
        }
    }

    /// Gives the engine the results that came with the open project.
    pub(super) fn bring(self, results: Vec<(String, Blob)>) {
        let told = results.iter().map(|(key, blob)| (key.clone(), blob.size() as u64)).collect();
        let parts: Array = results.iter().map(|r| r.1.clone()).collect();
        let Ok(all) = Blob::new_with_blob_sequence(&parts) else { return };
        self.flow.desk.brought.set(results);
        self.flow.desk.brought_read.set(false);
        self.flow.ask(FlowCommand::Bring { results: told }, Beside::Blob(all));
    }

    /// As [`Self::bring`], for an engine that has lost what it held.
    pub(super) fn bring_again(self) {
        let results = self.flow.desk.brought.get_untracked();
        if !results.is_empty() {
            self.bring(results);
        }
    }

    pub(super) fn hear_brought(self, refused: usize) {
        let of = self.flow.desk.brought.with_untracked(Vec::len);
        if let Some(lost) = project::results_lost(refused, of) {
            self.alert(lost);
        }
    }

    /// Runs what was brought again, here.
    pub fn run_brought(self) {
        let brought = self.flow.views.with_untracked(|views| {
            views.iter().filter(|(_, v)| v.brought).map(|(id, _)| id.clone()).collect::<Vec<_>>()
        });
        self.start_flow(brought, true);
    }

    /// Asks for what came out of a port as a file.
    pub fn save_output(self, node: &NodeId, port: &str) {
        let ask = FlowCommand::Save { node: node.0.clone(), port: port.to_owned() };
        self.flow.ask(ask, Beside::Nothing);
    }

    /// Makes the model of a port the page's own, for single predictions.
    pub fn adopt(self, node: &NodeId, port: &str) {
        self.adopting.set_value(true);
        let ask = FlowCommand::Adopt { node: node.0.clone(), port: port.to_owned() };
        self.flow.ask(ask, Beside::Nothing);
    }

    /// A file that was dropped on the builder or chosen for it: a table, a pipeline, a project or a model.
    pub fn take_file(self, file: File, place: Option<Place>) {
        self.alerts.set(Vec::new());
        spawn_local(async move {
            let name = file.name();
            let front = match archive::bytes(&file, 0, project::SNIFFED as u64).await {
                Ok(front) => front,
                Err(diagnostic) => return self.alert(diagnostic),
            };
            let taken = match project::sort(&name, &front) {
                Sort::Table => {
                    self.go_to_builder();
                    self.add_file(name, file.into(), place);
                    Ok(())
                }
                Sort::Model => self.take_model(&file).await,
                Sort::Pipeline => self.take_pipeline(&file).await,
                Sort::Project => self.take_project(&file).await,
            };
            if let Err(diagnostic) = taken {
                self.alert(diagnostic);
            }
        });
    }

    async fn take_model(self, file: &Blob) -> Result<(), Diagnostic> {
        let bytes = archive::buffer(file).await?;
        self.adopting.set_value(true);
        self.ask(&Command::Restore, Beside::Buffer(bytes));
        Ok(())
    }

    async fn take_pipeline(self, file: &Blob) -> Result<(), Diagnostic> {
        // More than a pipeline may have is refused by its reader.
        let bytes = archive::bytes(file, 0, (file.size() as u64).min(2 << 20)).await?;
        self.open_flow(PipelineDocument::from_json(&bytes)?);
        Ok(())
    }

    async fn take_project(self, file: &Blob) -> Result<(), Diagnostic> {
        let project = archive::unpack(file).await?;
        let document = PipelineDocument::from_json(&project.pipeline)?;
        self.open_flow(document);
        for (data, blob) in project.data {
            self.supply(&data.source, Supplied { name: data.name, options: data.options, blob });
        }
        let (models, results) = (project.models, project.results);
        if let Some(lost) = project::results_lost(project.lost, results.len() + project.lost) {
            self.alert(lost);
        }
        self.news.set(match (models, results.len()) {
            (0, 0) => "The project is open.".to_owned(),
            (models, 0) => format!(
                "The project is open. It is of an earlier version: its {models} models can be dropped here once unpacked."
            ),
            (_, n) => format!("The project is open, with {n} results. Nothing was run."),
        });
        if !results.is_empty() {
            self.bring(results);
        }
        Ok(())
    }
}
