//! A pipeline that the server runs. What it tells of nodes is shown as if they ran here, and its results are brought.

use super::Store;
use super::desk::Supplied;
use super::flow_saved::Dialog;
use crate::client::server::{Place, Server};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::NodeId;
use automl_core::engine::protocol::{Event, FlowEvent, NodeState, NodeView};
use gloo_storage::{LocalStorage as LocalStore, Storage};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::flow::ended::Ended;
use trellis_page::flow::project;
use trellis_page::sse::Told;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, Blob};

/// Where the run that is listened to is written down.
const KEPT: &str = "trellis-server-flow";
/// How often it is looked whether the pipeline's tables are back, and how long between.
const LOOKS: u32 = 150;
const LOOK_MS: u32 = 200;

/// How far a run on the server is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Pipeline and tables are on their way.
    Sending,
    Running(Place),
}

type Views = BTreeMap<NodeId, Arc<NodeView>>;

/// The run on the server, if there is one.
#[derive(Clone, Copy)]
pub struct FlowRun {
    pub stage: RwSignal<Option<Stage>>,
    /// How nodes stand there.
    views: StoredValue<Views>,
    ended: StoredValue<Option<Ended>>,
    following: StoredValue<Option<AbortController>, LocalStorage>,
}

/// A source's table that is here.
pub struct Table {
    pub(super) node: NodeId,
    source: String,
    pub supplied: Supplied,
}

impl FlowRun {
    pub(super) fn new() -> Self {
        Self {
            stage: RwSignal::default(),
            views: StoredValue::default(),
            ended: StoredValue::default(),
            following: StoredValue::new_local(None),
        }
    }

    /// Nodes that are the same there and here stand as they stand there, until they have a result here.
    pub(super) fn lay_over(self, here: &mut Views) {
        self.views.with_value(|there| {
            for (id, view) in there {
                lay(here, id, view);
            }
        });
    }

    /// What failed there is no longer told, once it is run here.
    fn forget(self) {
        if self.stage.with_untracked(Option::is_none) {
            self.views.set_value(BTreeMap::new());
        }
    }

    /// Stops listening; the run goes on there.
    pub(super) fn leave(self) {
        self.views.set_value(BTreeMap::new());
        if let Some(controller) = self.following.try_update_value(Option::take).flatten() {
            controller.abort();
            LocalStore::delete(KEPT);
        }
        self.stage.set(None);
    }
}

fn lay(here: &mut Views, id: &NodeId, there: &NodeView) {
    if let Some(view) = here.get_mut(id)
        && view.key == there.key
        && view.state != NodeState::Done
    {
        // What there is to look at is what is here.
        let (outputs, wants, digest) = (view.outputs.clone(), view.wants.clone(), view.digest.clone());
        *view = Arc::new(NodeView { outputs, wants, digest, ..there.clone() });
    }
}

impl Store {
    /// The tables of the open pipeline that are here.
    pub fn tables(self) -> Vec<Table> {
        let flow = self.flow;
        let supplied = flow.desk.supplied.get_value();
        let of = |(id, node): (&NodeId, &automl_core::document::Node)| {
            let (word, param) = match node.kind.as_str() {
                super::flow_data::FILE => ("file", "name"),
                "source.sample" => ("sample", "sample"),
                "source.url" => ("url", "url"),
                _ => return None,
            };
            let kind = flow.kinds.with_untracked(|kinds| kinds.get(&node.kind).cloned());
            let usual = || kind.as_ref()?.field(param).map(|f| f.default_value());
            let name = node.params.get(param).cloned().or_else(usual)?;
            let source = format!("{word}:{}", name.as_str()?);
            let options = self.reading_of(id);
            let is_its = |(known, s): &(&String, &Supplied)| {
                let rest = known.strip_prefix(source.as_str());
                rest.is_some_and(|r| r.is_empty() || r.starts_with('#')) && s.options == options
            };
            let (source, supplied) = supplied.iter().find(is_its)?;
            Some(Table { node: id.clone(), source: source.clone(), supplied: supplied.clone() })
        };
        flow.with_document(|d| d.nodes().iter().filter_map(of).collect())
    }

    /// What the project of a pipeline that is saved nowhere is called.
    pub fn project_name(self) -> String {
        let title = self.flow.with_document(|d| d.title().trim().chars().take(200).collect::<String>());
        if title.is_empty() { "Untitled pipeline".to_owned() } else { title }
    }

    /// Shows what a run on the server would send, once the samples that it needs are here.
    pub fn offer_on_server(self) {
        self.flow.trouble.set(self.missing_table().into_iter().collect());
        self.when_fetched(super::desk::Run { is_there: true, ..Default::default() });
    }

    /// Sends the pipeline and its tables to this page's server, and has it run there.
    pub fn run_on_server(self) {
        let desk = self.flow.desk;
        desk.saved.dialog.set(None);
        desk.ended.set(None);
        desk.linked.update(|l| l.iter_mut().for_each(|l| l.has_run = true));
        desk.remote.leave();
        desk.remote.stage.set(Some(Stage::Sending));
        spawn_local(async move {
            let server = Server(self.network);
            let sent = self.send_flow(server).await;
            let is_wanted = desk.remote.stage.with_untracked(Option::is_some);
            match sent {
                Ok(place) if is_wanted => self.follow_flow(server, place).await,
                // It was stopped before it began.
                Ok(place) => drop(server.wish(&place, "cancel").await),
                Err(told) => self.end_flow(Some(told)),
            }
        });
    }

    async fn send_flow(self, server: Server) -> Result<Place, Diagnostic> {
        let link = self.flow.desk.saved.link.get_untracked().filter(|l| l.can_write);
        let project = match link {
            Some(link) => link.project,
            None => server.project(&self.project_name()).await?,
        };
        let document: Value = serde_json::from_str(&self.flow.document_text()).unwrap_or_default();
        let mut data = Map::new();
        for Table { node, source, supplied } in self.tables() {
            let sent = server.dataset(&project, &supplied.name, &supplied.blob, &supplied.options).await;
            let id = sent.map_err(|told| Diagnostic { node: Some(node.0), ..told })?;
            data.insert(source, id.into());
        }
        server.begin(project, json!({ "kind": "pipeline", "document": document, "data": data })).await
    }

    /// Goes on listening to the run that the last visit began.
    pub(super) async fn follow_flow_again(self) {
        let Ok(place) = LocalStore::get::<Place>(KEPT) else { return };
        if self.flow.with_document(|d| d.nodes().is_empty()) {
            return LocalStore::delete(KEPT);
        }
        self.follow_flow(Server(self.network), place).await;
    }

    async fn follow_flow(self, server: Server, place: Place) {
        let remote = self.flow.desk.remote;
        let Ok(controller) = AbortController::new() else { return };
        // What cannot be written down is not followed by the next visit.
        let _ = LocalStore::set(KEPT, &place);
        remote.ended.set_value(None);
        remote.following.set_value(Some(controller.clone()));
        remote.stage.set(Some(Stage::Running(place.clone())));
        let signal = controller.signal();
        let mut why = None;
        let followed =
            server.follow(&place, &signal, |told| why = self.hear_remote(told).or(why.take())).await;
        if signal.aborted() {
            return;
        }
        let taken = match followed {
            Ok(()) => self.take_results(server, &place).await,
            Err(told) => Err(told),
        };
        if !signal.aborted() {
            self.end_flow(taken.err().or(why));
        }
    }

    /// Hears what a run tells; why it gave nothing, if that is told.
    fn hear_remote(self, told: &Told) -> Option<Diagnostic> {
        let flow = self.flow;
        if told.kind == "ended" {
            let end: Value = serde_json::from_str(&told.data).unwrap_or_default();
            let first = end["diagnostics"].get(0).cloned();
            return first.and_then(|d| serde_json::from_value(d).ok());
        }
        let Ok(Event::Flow { tell }) = serde_json::from_str(&told.data) else { return None };
        match *tell {
            FlowEvent::Node { node, view } => {
                let id = NodeId(node);
                flow.views.update(|here| lay(here, &id, &view));
                flow.desk.remote.views.update_value(|all| drop(all.insert(id, Arc::from(view))));
            }
            FlowEvent::Ended { end, ran, kept, failed, .. } => {
                flow.desk.remote.ended.set_value(Some(Ended { end, ran, kept, failed }));
            }
            tell @ FlowEvent::Board { .. } => flow.hear(tell),
            _ => {}
        }
        None
    }

    /// Brings what came out there and is not here.
    async fn take_results(self, server: Server, place: &Place) -> Result<(), Diagnostic> {
        let flow = self.flow;
        // Keys of results are known once the tables have been read.
        for _ in 0..LOOKS {
            let is_read = flow.desk.reading.with_untracked(BTreeMap::is_empty);
            if is_read && flow.plan.with_untracked(|plan| !plan.nodes.is_empty()) {
                break;
            }
            TimeoutFuture::new(LOOK_MS).await;
        }
        let is_wanted = |key: &str| {
            let waits = |v: &NodeView| v.key == key && v.state != NodeState::Done;
            flow.plan.with_untracked(|plan| plan.nodes.values().any(waits))
        };
        let (mut room, mut left, mut fresh) = (project::MOST_RESULTS, 0, Vec::<(String, Blob)>::new());
        for (name, bytes) in server.files(place).await? {
            let Some(key) = name.strip_prefix("result/").filter(|key| is_wanted(key)) else { continue };
            if bytes > project::MOST_RESULT.min(room) {
                left += 1;
                continue;
            }
            room -= bytes;
            fresh.push((key.to_owned(), server.file(place, &name).await?));
        }
        if !fresh.is_empty() {
            let mut all = flow.desk.brought.get_untracked();
            all.retain(|(key, _)| !fresh.iter().any(|f| f.0 == *key));
            all.extend(fresh);
            self.bring(all);
        }
        if left == 0 {
            return Ok(());
        }
        Err(Diagnostic::warning(
            "server.results_large",
            format!("{left} results stay on the server: they are too large to be brought here."),
            "Run their nodes here, or look at a part of their rows.",
        ))
    }

    /// `told`: what is to be said, at its node if it has one.
    fn end_flow(self, told: Option<Diagnostic>) {
        let (flow, remote) = (self.flow, self.flow.desk.remote);
        remote.stage.set(None);
        remote.following.set_value(None);
        LocalStore::delete(KEPT);
        let mut failed: Views = remote.views.get_value();
        failed.retain(|_, view| view.state == NodeState::Failed);
        let at =
            told.as_ref().filter(|d| d.is_error()).and_then(|d| Some((d.clone(), NodeId(d.node.clone()?))));
        if let Some((told, id)) = at
            && let Some(view) = flow.views.with_untracked(|all| all.get(&id).cloned())
            && !failed.contains_key(&id)
        {
            let findings = vec![told.into()];
            failed.insert(id, Arc::new(NodeView { state: NodeState::Failed, findings, ..(*view).clone() }));
        }
        remote.views.set_value(failed);
        if let Some(ended) = remote.ended.try_update_value(Option::take).flatten() {
            flow.news.set(format!("{}.", ended.words()));
            flow.desk.ran_all.set(true);
            flow.desk.ended.set(Some(ended));
        }
        if let Some(told) = told {
            self.alert(told);
        }
        // What does not stand there any more stands as it does here.
        flow.look_over();
    }

    /// Ends the run on the server. What is done there stays done.
    pub(super) fn stop_on_server(self) {
        let remote = self.flow.desk.remote;
        match remote.stage.get_untracked() {
            Some(Stage::Running(place)) => spawn_local(async move {
                if let Err(told) = Server(self.network).wish(&place, "stop").await {
                    self.alert(told);
                }
            }),
            Some(Stage::Sending) => remote.stage.set(None),
            None => {}
        }
    }

    /// What was waited for is here: it is run here, or offered to the server.
    pub(super) fn go_on(self, run: super::desk::Run) {
        if run.is_there {
            self.flow.desk.saved.dialog.set(Some(Dialog::Run));
        } else {
            self.flow.desk.remote.forget();
            self.flow.run(run.nodes, run.afresh);
        }
    }
}
