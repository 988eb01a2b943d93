//! Projects of this page's server: a new one for the open pipeline, and what is opened from one.

use super::Store;
use super::flow_data::FILE;
use super::flow_saved::{Link, canonical, items, number_of, tag_of};
use crate::client::server::{Server, encoded, text};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Node, NodeId, PipelineDocument};
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;

/// A table in the project on the server that a node of the open pipeline reads, and that is not here.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelved {
    node: NodeId,
    dataset: String,
    pub name: String,
    pub bytes: u64,
}

impl Store {
    /// Saves the open pipeline in a new project, with its tables where that is wished.
    ///
    /// # Errors
    /// What the server refuses; a project of that name is told of.
    pub async fn save_anew(self, name: &str, with_tables: bool) -> Result<(), Diagnostic> {
        let server = Server(self.network);
        if server.project_named(name).await?.is_some_and(|p| p["head"].as_i64() != Some(0)) {
            return Err(Diagnostic::error(
                "server.name_taken",
                format!("There is a project \"{name}\" already."),
                "Choose another name, or open it from the server and save there.",
            ));
        }
        let project = server.project(name).await?;
        for table in self.tables().into_iter().filter(|_| with_tables) {
            let s = table.supplied;
            server.dataset(&project, &s.name, &s.blob, &s.options).await?;
        }
        let link = Link { project, name: name.to_owned(), can_write: true, ..Link::default() };
        self.saved().part();
        self.flow.desk.linked.set(None);
        self.saved().link.set(Some(link));
        self.save_on_server();
        Ok(())
    }

    /// Opens a version of a project; the newest one where none is named.
    ///
    /// # Errors
    /// What the server refuses.
    pub async fn open_saved(self, project: &str, name: &str, number: Option<i64>) -> Result<(), Diagnostic> {
        let server = Server(self.network);
        let base = format!("/api/v1/projects/{}", encoded(project));
        let path = number.map_or_else(|| format!("{base}/pipeline"), |n| format!("{base}/versions/{n}"));
        let response = server.ask("GET", &path, None, &[]).await?;
        let document = PipelineDocument::from_json(text(&response).await.as_bytes())?;
        let members = server.json("GET", &format!("{base}/members"), None).await?;
        let mine = self.saved().me.with_untracked(|me| me.as_ref().map(|me| me["account"]["id"].clone()));
        let role = items(&members).iter().find(|m| Some(&m["account"]) == mine.as_ref());
        let tag = tag_of(&response);
        let link = Link {
            project: project.to_owned(),
            name: name.to_owned(),
            number: number_of(&tag),
            tag,
            base: canonical(&document),
            can_write: role.is_some_and(|m| m["role"] != "viewer"),
        };
        self.open_flow(document);
        self.saved().link.set(Some(link));
        self.news.set(format!("\"{name}\" is open."));
        let tables = server.json("GET", &format!("{base}/datasets"), None).await?;
        self.saved().shelved.set(self.lacking(items(&tables)));
        if number.is_some() {
            self.look_for_newer().await;
        }
        Ok(())
    }

    /// The tables among these that the open pipeline's files lack.
    fn lacking(self, tables: &[Value]) -> Vec<Shelved> {
        let here = self.tables();
        let of = |(id, node): (&NodeId, &Node)| {
            let is_lacking = node.kind == FILE && !here.iter().any(|t| t.node == *id);
            let name = node.params.get("name").filter(|_| is_lacking)?;
            let table = tables.iter().find(|t| t["name"] == *name)?;
            let (dataset, name) = (table["id"].as_str()?.to_owned(), name.as_str()?.to_owned());
            Some(Shelved { node: id.clone(), dataset, name, bytes: table["bytes"].as_u64()? })
        };
        self.flow.with_document(|d| d.nodes().iter().filter_map(of).collect())
    }

    /// Fetches the tables of the open pipeline that the server has.
    pub fn fetch_shelved(self) {
        let saved = self.saved();
        let Some(link) = saved.link.get_untracked() else { return };
        let all = saved.shelved.try_update(std::mem::take).unwrap_or_default();
        spawn_local(async move {
            for table in all {
                let path = format!("/api/v1/projects/{}/datasets/{}/content", link.project, table.dataset);
                match Server(self.network).blob(&path).await {
                    Ok(blob) if saved.is_open(&link.project) => {
                        self.choose_file(&table.node, table.name, blob)
                    }
                    Ok(_) => return,
                    Err(told) => return self.alert(told),
                }
            }
        });
    }
}
