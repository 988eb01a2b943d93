//! Tables for sources: files, samples, addresses; and running once they are there.

use super::Store;
use super::desk::{Run, Supplied};
use crate::client::network::NetworkError;
use crate::client::workers::Beside;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, Node, NodeId, Place};
use automl_core::engine::protocol::{FlowCommand, NodeState, NodeView, PlanView, Wants, WantsFrom};
use automl_core::table::ReadOptions;
use leptos::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use trellis_page::files;
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::share;
use web_sys::{AbortController, Blob};

/// The kind that reads a file.
pub const FILE: &str = "source.file";

impl Store {
    /// Gives the engine a source's table.
    pub(super) fn supply(self, source: &str, supplied: Supplied) {
        let desk = self.flow.desk;
        desk.is_read(source.to_owned(), 0, supplied.blob.size() as u64);
        let ask = FlowCommand::Supply {
            source: source.to_owned(),
            name: supplied.name.clone(),
            options: supplied.options.clone(),
        };
        self.flow.ask(ask, Beside::Blob(supplied.blob.clone()));
        desk.supplied.update_value(|all| drop(all.insert(source.to_owned(), supplied)));
        self.keep_data();
    }

    /// A table that cannot be read is neither kept nor given again.
    pub(super) fn give_up(self, source: &str) {
        let desk = self.flow.desk;
        desk.was_read(source);
        desk.next.set_value(None);
        desk.supplied.update_value(|all| drop(all.remove(source)));
        self.keep_data();
    }

    /// The sample of the selected node is fetched once, so that its rows and columns are there to be seen. A pipeline that
    /// came by a link waits for a person's word.
    pub(super) fn fetch_what_is_selected(self) {
        let flow = self.flow;
        Effect::new(move |_| {
            let node = flow.selection.with(|s| s.subject().cloned());
            let wants = node.and_then(|id| flow.views.with(|v| v.get(&id).and_then(|v| v.wants.clone())));
            let waits = flow.desk.linked.with(|l| l.as_ref().is_some_and(|l| !l.has_run));
            let Some(wants) = wants.filter(|w| w.from == WantsFrom::Sample && !waits && !self.is_embedded())
            else {
                return;
            };
            if flow.desk.tried.try_update_value(|all| all.insert(wants.source.clone())) == Some(true) {
                self.fetch_sample(wants);
            }
        });
    }

    /// Gives all tables again: the engine has lost what it held.
    pub(super) fn supply_again(self) {
        let all = self.flow.desk.supplied.get_value();
        all.into_iter().for_each(|(source, supplied)| self.supply(&source, supplied));
    }

    /// A file for a node that reads one: its name goes into the pipeline, its bytes to the engine.
    pub fn choose_file(self, node: &NodeId, name: String, blob: Blob) {
        if let Some(diagnostic) = files::unreadable_here(&name) {
            return self.alert(diagnostic);
        }
        let supplied = Supplied { name: name.clone(), options: self.reading_of(node), blob };
        let is_named = self.flow.with_document(|d| {
            d.nodes().get(node).is_some_and(|n| n.params.get("name").and_then(Value::as_str) == Some(&name))
        });
        self.flow.desk.files.update_value(|all| drop(all.insert(node.clone(), supplied)));
        if is_named {
            // Looked over anew, so that its wishes are known.
            self.flow.look_over();
        } else {
            let edit = Edit::SetParam { id: node.clone(), name: "name".to_owned(), value: Some(name.into()) };
            self.flow.edit("Choose a file", edit);
        }
    }

    /// How a node's file is to be read.
    pub(super) fn reading_of(self, node: &NodeId) -> ReadOptions {
        let read =
            self.flow.with_document(|d| d.nodes().get(node).and_then(|n| n.params.get("read").cloned()));
        read.and_then(|r| serde_json::from_value(r).ok()).unwrap_or_default()
    }

    /// A node that reads a file, with the file.
    pub fn add_file(self, name: String, blob: Blob, place: Option<Place>) {
        if let Some(diagnostic) = files::unreadable_here(&name) {
            return self.alert(diagnostic);
        }
        let (id, place) = self.flow.with_document(|d| {
            let lowest = d.layout().places.values().map(|p| p.y).fold(f64::NEG_INFINITY, f64::max);
            let y = if lowest.is_finite() { lowest + 140.0 } else { 80.0 };
            (d.free_id(FILE), place.unwrap_or(Place { x: 40.0, y }))
        });
        let mut node = Node::new(FILE, 1);
        node.params.insert("name".to_owned(), name.clone().into());
        let label = format!("Add {name}");
        if self.flow.edit(&label, Edit::AddNode { id: id.clone(), node, place: Some(place) }) {
            self.flow.selection.set(Selection::of([Item::Node(id.clone())]));
            self.choose_file(&id, name, blob);
        }
    }

    /// Hears what sources wish for, gives what is there, and runs what has waited for it.
    pub(super) fn hear_wishes(self, plan: &PlanView) {
        let desk = self.flow.desk;
        let wishes =
            plan.nodes.iter().filter_map(|(id, view)| Some((NodeId(id.clone()), view.wants.clone()?)));
        let wishes: Vec<(NodeId, Wants)> = wishes.collect();
        desk.sources.update(|all| {
            all.retain(|id, _| plan.nodes.contains_key(&id.0));
            all.extend(wishes.iter().cloned());
        });
        for (node, supplied) in desk.files.get_value() {
            let source = desk.sources.with_untracked(|all| {
                all.get(&node).filter(|w| w.name == supplied.name).map(|w| w.source.clone())
            });
            if let Some(source) = source {
                desk.files.update_value(|all| drop(all.remove(&node)));
                self.supply(&source, supplied);
            }
        }
        // What is no longer wished for has been read.
        desk.reading.update(|all| all.retain(|source, _| wishes.iter().any(|(_, w)| w.source == *source)));
        self.take_search(plan);
        let is_waiting = desk.next.with_value(Option::is_some);
        let lacks = wishes.iter().any(|(_, w)| w.from == WantsFrom::Sample || desk.has(&w.source));
        if is_waiting
            && !lacks
            && let Some(run) = desk.next.try_update_value(Option::take).flatten()
        {
            self.go_on(run);
        }
    }

    /// Asks for the first page's result once the node that is to have it could be run.
    fn take_search(self, plan: &PlanView) {
        let waits = self.flow.desk.takes_search;
        let is_ready = |id: &NodeId| plan.nodes.get(&id.0).is_some_and(|view| !view.key.is_empty());
        let ready = waits.with_value(|node| node.clone().filter(is_ready));
        if let Some(node) = ready {
            waits.set_value(None);
            self.flow.ask(FlowCommand::TakeSearch { node: node.0 }, Beside::Nothing);
        }
    }

    /// Runs these nodes and what they need, or everything; samples are fetched first.
    pub fn start_flow(self, nodes: Vec<NodeId>, afresh: bool) {
        let flow = self.flow;
        if let Some(linked) = flow.desk.linked.get_untracked() {
            flow.desk.linked.set(Some(super::desk::Linked { has_run: true, ..linked }));
        }
        flow.trouble.set(self.missing_table().into_iter().collect());
        self.when_fetched(Run { nodes, afresh, is_there: false });
    }

    /// Goes on with a run once the samples that the pipeline needs are here.
    pub(super) fn when_fetched(self, run: Run) {
        let flow = self.flow;
        let wishes: Vec<Wants> = flow.views.with_untracked(|all| {
            all.values().filter_map(|v| v.wants.clone()).filter(|w| w.from == WantsFrom::Sample).collect()
        });
        if wishes.is_empty() {
            return self.go_on(run);
        }
        flow.desk.next.set_value(Some(run));
        wishes.into_iter().for_each(|w| self.fetch_sample(w));
    }

    /// A table that a person has to choose or to allow first: its node is selected, so that this can be done.
    pub(super) fn missing_table(self) -> Option<Diagnostic> {
        let missing = self.flow.views.with_untracked(|all| {
            let wants = |(id, view): (&NodeId, &Arc<NodeView>)| Some((id.clone(), view.wants.clone()?));
            all.iter().filter_map(wants).find(|(_, wants)| wants.from != WantsFrom::Sample)
        });
        let (id, wants) = missing?;
        self.flow.selection.set(Selection::of([Item::Node(id)]));
        if wants.from == WantsFrom::Url {
            // An address that is not asked from here is told of at its node.
            let host = share::host(&wants.name)?;
            return Some(Diagnostic::warning(
                "flow.address_not_fetched",
                format!("The table has not been fetched from {host} yet, and what needs it was not run."),
                "Fetch it in the settings of its node, which is selected, and run again.",
            ));
        }
        Some(Diagnostic::warning(
            "flow.file_missing",
            format!("\"{}\" is not here yet, and what needs it was not run.", wants.name),
            "Choose the file in the settings of its node, which is selected, and run again.",
        ))
    }

    /// Ends the run, or the wait for it.
    pub fn stop_flow(self) {
        self.flow.desk.next.set_value(None);
        self.stop_on_server();
        self.flow.stop();
    }

    /// Fetches a bundled sample, unless it is on its way.
    pub fn fetch_sample(self, wants: Wants) {
        let reading = self.flow.desk.reading;
        if reading.with_untracked(|all| all.contains_key(&wants.source)) {
            return;
        }
        self.flow.desk.is_read(wants.source.clone(), 0, 0);
        wasm_bindgen_futures::spawn_local(async move {
            let stem = wants.name.trim_end_matches(".csv");
            let is_plain = stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            let sample = match is_plain {
                true => self.network.bundled(&format!("/samples/{stem}.csv")).await,
                false => Err(NetworkError::Refused(404)),
            };
            let name = format!("{stem}.csv");
            let remedy = "Run again once there is a connection, or drop a file of your own: that needs none.";
            self.hear_fetched(&wants, name, sample, remedy);
        });
    }

    /// Asks an address for a table. Only ever called by a click that names the host.
    pub fn fetch_address(self, wants: Wants) {
        if share::host(&wants.name).is_none() {
            return self.alert(Diagnostic::error(
                "url.not_encrypted",
                format!("\"{}\" is no address that is asked from here.", wants.name),
                "Addresses begin with https://. Or download the table and drop it here.",
            ));
        }
        // Every browser that runs this page can stop what it fetches.
        let Ok(control) = AbortController::new() else { return };
        self.flow.desk.is_read(wants.source.clone(), 0, 0);
        self.flow.desk.fetching.update_value(|all| drop(all.insert(wants.source.clone(), control.clone())));
        wasm_bindgen_futures::spawn_local(async move {
            let table = self.network.address(&wants.name, &control.signal()).await;
            if control.signal().aborted() {
                return;
            }
            self.flow.desk.fetching.update_value(|all| drop(all.remove(&wants.source)));
            let name = wants.name.rsplit('/').next().unwrap_or_default();
            let name =
                name.split(['?', '#']).next().filter(|n| !n.is_empty()).unwrap_or("table.csv").to_owned();
            let remedy = match table {
                Err(NetworkError::Refused(_)) => "Look at the address in the settings of its node.",
                Err(NetworkError::BrokenOff) => "Fetch it again.",
                _ => {
                    "Many servers do not let other pages read their files. Download the table and drop it here."
                }
            };
            self.hear_fetched(&wants, name, table, remedy);
        });
    }

    /// Stops what is being fetched from an address for a source.
    pub fn stop_fetching(self, source: &str) {
        let control = self.flow.desk.fetching.try_update_value(|all| all.remove(source)).flatten();
        if let Some(control) = control {
            control.abort();
            self.flow.desk.was_read(source);
        }
    }

    fn hear_fetched(self, wants: &Wants, name: String, blob: Result<Blob, NetworkError>, remedy: &str) {
        let desk = self.flow.desk;
        desk.was_read(&wants.source);
        let said = match blob {
            Ok(blob) => {
                let options = self.options_of(&wants.source);
                return self.supply(&wants.source, Supplied { name, options, blob });
            }
            Err(NetworkError::Unreachable) if wants.from == WantsFrom::Sample => {
                "this page's server cannot be reached just now".to_owned()
            }
            Err(NetworkError::Unreachable) => {
                "it cannot be reached, or does not let this page read".to_owned()
            }
            Err(NetworkError::BrokenOff) => "the connection broke off".to_owned(),
            Err(NetworkError::Refused(status)) => format!("its server answered {status}"),
            Err(NetworkError::Browser(said)) => said,
        };
        desk.next.set_value(None);
        let message = format!("\"{}\" did not come: {said}.", wants.name);
        self.alert(Diagnostic::error("source.unreachable", message, remedy));
    }

    /// How the table of a source is to be read, by the node that wants it.
    fn options_of(self, source: &str) -> ReadOptions {
        let node = self
            .flow
            .desk
            .sources
            .with_untracked(|all| all.iter().find(|(_, w)| w.source == source).map(|(id, _)| id.clone()));
        node.map(|node| self.reading_of(&node)).unwrap_or_default()
    }

    /// Whether anything is being run or fetched for a run.
    pub fn is_flow_busy(self) -> bool {
        self.flow.is_running.get()
            || self.flow.desk.remote.stage.with(Option::is_some)
            || self.flow.desk.reading.with(|all| !all.is_empty())
                && self.flow.desk.next.with_value(Option::is_some)
    }

    /// Nodes that wait, run or are done, in words for the bar.
    pub fn flow_progress(self) -> String {
        self.flow.views.with(|views| {
            let count = |state: NodeState| views.values().filter(|v| v.state == state).count();
            let left = count(NodeState::Waiting) + count(NodeState::Running);
            let running = views.iter().find(|(_, v)| v.state == NodeState::Running);
            let what = running.map(|(_, v)| v.text.clone()).filter(|t| !t.is_empty());
            match (left, what) {
                (0, _) => String::new(),
                (n, Some(what)) => format!("{what} · {n} to go"),
                (n, None) => format!("{n} to go"),
            }
        })
    }
}
