//! The pipeline builder's state, as signals, and what changes it. Views read signals and call the methods here.

use super::Engine;
use super::desk::Desk;
use crate::client::workers::Beside;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, NodeId, PipelineDocument};
use automl_core::engine::protocol::{
    Board, Command, FlowCommand, FlowEvent, Look, MetricWords, NodeState, NodeView, Pins, PlanView,
    Suggestion,
};
use automl_core::kind::expr::Listed;
use automl_core::kind::{Finding, KindSpec};
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trellis_page::flow::ended::Ended;
use trellis_page::flow::history::History;
use trellis_page::flow::selection::Selection;
use trellis_page::latest::Latest;

/// Rows of a preview that are fetched at a time.
pub const LOOK_ROWS: u32 = 100;
/// Pages of rows that are kept.
const KEPT_PAGES: usize = 40;

/// A port whose result is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub node: NodeId,
    pub port: String,
}

/// What may stand at the place of the cursor in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Completions {
    pub node: NodeId,
    pub param: String,
    pub suggestions: Vec<Suggestion>,
    pub finding: Option<Finding>,
}

/// The state of the pipeline builder.
#[derive(Clone, Copy)]
pub struct Flow {
    engine: Engine,
    /// The builder is shown in place of the first page.
    pub is_open: RwSignal<bool>,
    pub history: RwSignal<History>,
    /// Kinds by id; empty until the engine has told them.
    pub kinds: RwSignal<Arc<BTreeMap<String, Arc<KindSpec>>>>,
    /// Their ids in the palette's order.
    pub kind_order: RwSignal<Arc<Vec<String>>>,
    pub plan: RwSignal<Arc<PlanView>>,
    /// How each node stands.
    pub views: RwSignal<BTreeMap<NodeId, Arc<NodeView>>>,
    /// The boards of searches that run or ran.
    pub boards: RwSignal<BTreeMap<NodeId, Arc<Board>>>,
    pub selection: RwSignal<Selection>,
    pub is_running: RwSignal<bool>,
    /// Nodes that keep the results that they have.
    pub pinned: RwSignal<BTreeSet<NodeId>>,
    /// The keys of the results that pinned nodes keep.
    pub(super) kept_keys: StoredValue<BTreeMap<NodeId, String>>,
    /// What the preview shows.
    pub subject: RwSignal<Option<Subject>>,
    pub look: RwSignal<Option<Arc<Look>>>,
    pub completions: RwSignal<Option<Completions>>,
    /// What expressions may call.
    pub functions: RwSignal<Arc<Vec<Listed>>>,
    /// What scores mean, by id.
    pub metrics: RwSignal<Arc<BTreeMap<String, MetricWords>>>,
    /// What happened last, for screen readers.
    pub news: RwSignal<String>,
    /// What could not be done.
    pub trouble: RwSignal<Vec<Diagnostic>>,
    planning: StoredValue<Latest<String>>,
    /// What surrounds the canvas.
    pub desk: Desk,
}

impl Flow {
    pub(super) fn new(engine: Engine, news: RwSignal<String>, trouble: RwSignal<Vec<Diagnostic>>) -> Self {
        Self {
            engine,
            is_open: RwSignal::new(false),
            history: RwSignal::default(),
            kinds: RwSignal::default(),
            kind_order: RwSignal::default(),
            plan: RwSignal::default(),
            views: RwSignal::default(),
            boards: RwSignal::default(),
            selection: RwSignal::default(),
            is_running: RwSignal::new(false),
            pinned: RwSignal::default(),
            kept_keys: StoredValue::default(),
            subject: RwSignal::default(),
            look: RwSignal::default(),
            completions: RwSignal::default(),
            functions: RwSignal::default(),
            metrics: RwSignal::default(),
            news,
            trouble,
            planning: StoredValue::new(Latest::default()),
            desk: Desk::new(),
        }
    }

    pub fn ask(self, ask: FlowCommand, beside: Beside) {
        self.engine.ask(&Command::Flow { ask }, beside);
    }

    /// Reads something of the document, without following its changes.
    pub fn with_document<T>(self, read: impl FnOnce(&PipelineDocument) -> T) -> T {
        self.history.with_untracked(|history| read(history.document()))
    }

    pub fn kind(self, id: &str) -> Option<Arc<KindSpec>> {
        self.kinds.with(|kinds| kinds.get(id).cloned())
    }

    /// Takes a document in place of the one that is open. Nothing is run.
    pub fn load(self, document: PipelineDocument) {
        self.load_with(History::new(document));
    }

    /// Takes a document with its past.
    pub(super) fn load_with(self, history: History) {
        self.history.set(history);
        self.desk.ended.set(None);
        self.desk.remote.leave();
        self.desk.saved.part();
        self.desk.taken.set(None);
        self.desk.takes_search.set_value(None);
        // What came with another document is good for that alone.
        if self.desk.brought.with_untracked(|b| !b.is_empty()) {
            self.desk.brought.set(Vec::new());
            self.ask(FlowCommand::Bring { results: Vec::new() }, Beside::Nothing);
        }
        self.desk.view.set(None);
        self.desk.opened.update(|n| *n += 1);
        self.selection.set(Selection::default());
        self.views.set(BTreeMap::new());
        self.boards.set(BTreeMap::new());
        self.pinned.set(BTreeSet::new());
        self.kept_keys.set_value(BTreeMap::new());
        self.show(None);
        self.look_over();
    }

    /// Makes a change that can be taken back. `label`: in a few words, for the list of changes.
    pub fn edit(self, label: &str, edit: Edit) -> bool {
        self.change(label, None, edit)
    }

    /// As [`Self::edit`]; changes in a row with the same `key` are one step.
    pub fn edit_grouped(self, label: &str, key: &str, edit: Edit) -> bool {
        self.change(label, Some(key), edit)
    }

    fn change(self, label: &str, key: Option<&str>, edit: Edit) -> bool {
        let before = self.with_document(PipelineDocument::hash);
        let made = self.history.try_update(|history| history.apply(label, key, edit));
        match made {
            Some(Ok(())) => {
                self.changed(before);
                return true;
            }
            Some(Err(diagnostic)) => self.trouble.set(vec![diagnostic]),
            None => {}
        }
        false
    }

    /// `before`: the hash before the change; where nodes only moved nothing need be looked over.
    fn changed(self, before: automl_core::document::DocumentHash) {
        self.selection.update(|selection| self.with_document(|document| selection.retain_of(document)));
        let shown = self.subject.with_untracked(|s| s.as_ref().map(|s| s.node.clone()));
        if shown.is_some_and(|node| self.with_document(|d| !d.nodes().contains_key(&node))) {
            self.show(None);
        }
        if self.with_document(PipelineDocument::hash) != before {
            self.look_over();
        }
    }

    pub fn undo(self) {
        self.travel(|history| history.undo().map(|label| format!("Undone: {label}.")));
    }

    pub fn redo(self) {
        self.travel(|history| history.redo().map(|label| format!("Done again: {label}.")));
    }

    /// Goes to the state after `done` steps.
    pub fn go_to(self, done: usize) {
        self.travel(|history| {
            history.go_to(done);
            None
        });
    }

    fn travel(self, how: impl FnOnce(&mut History) -> Option<String>) {
        let before = self.with_document(PipelineDocument::hash);
        if let Some(Some(news)) = self.history.try_update(how) {
            self.news.set(news);
        }
        self.changed(before);
    }

    /// The document as text, as the engine takes it.
    pub fn document_text(self) -> String {
        self.with_document(|document| String::from_utf8(document.canonical()).unwrap_or_default())
    }

    /// Has the engine look the document over; while it does, only the latest state waits.
    pub fn look_over(self) {
        let document = self.document_text();
        if let Some(document) = self.planning.try_update_value(|p| p.ask(document)).flatten() {
            self.ask_plan(document);
        }
    }

    fn ask_plan(self, document: String) {
        self.ask(FlowCommand::Plan { document, pinned: self.pins() }, Beside::Nothing);
    }

    /// What is pinned, with the keys of the results that are kept, as far as they are known.
    fn pins(self) -> Pins {
        let key = |id: &NodeId| self.kept_keys.with_value(|keys| keys.get(id).cloned());
        self.pinned
            .with_untracked(|p| p.iter().map(|id| (id.0.clone(), key(id).unwrap_or_default())).collect())
    }

    /// Notes which results pinned nodes keep, so that a later visit can name them.
    pub(super) fn note_kept(self) {
        self.kept_keys.update_value(|keys| {
            let pinned = self.pinned.get_untracked();
            keys.retain(|id, _| pinned.contains(id));
            let views = self.views.get_untracked();
            for (id, view) in pinned.iter().filter_map(|id| Some((id, views.get(id)?))) {
                if view.state == NodeState::Done {
                    keys.entry(id.clone()).or_insert_with(|| view.key.clone());
                }
            }
        });
    }

    /// Runs what is stale of these nodes and of all that they need; no nodes: everything.
    pub fn run(self, nodes: impl IntoIterator<Item = NodeId>, afresh: bool) {
        let nodes: Vec<String> = nodes.into_iter().map(|id| id.0).collect();
        let pinned = self.pins();
        let afresh = if afresh { nodes.clone() } else { Vec::new() };
        self.is_running.set(true);
        self.desk.ran_all.set(nodes.is_empty());
        self.desk.ended.set(None);
        let document = self.document_text();
        self.ask(FlowCommand::Run { document, nodes, pinned, afresh }, Beside::Nothing);
    }

    pub fn stop(self) {
        self.ask(FlowCommand::Stop, Beside::Nothing);
    }

    /// Shows what came out of a port, from its first row on.
    pub fn show(self, subject: Option<Subject>) {
        self.look.set(None);
        self.desk.rows.set(BTreeMap::new());
        self.subject.set(subject);
        self.look_at(0);
    }

    /// Fetches the rows of the subject from `start` on.
    pub fn look_at(self, start: u64) {
        if let Some(Subject { node, port }) = self.subject.get_untracked() {
            let ask = FlowCommand::Look { node: node.0, port, start, count: LOOK_ROWS };
            self.ask(ask, Beside::Nothing);
        }
    }

    /// The engine has lost all that it held: results are gone, and the document is looked over anew.
    pub(super) fn hear_broken(self) {
        self.is_running.set(false);
        self.boards.set(BTreeMap::new());
        self.planning.set_value(Latest::default());
        self.desk.reading.set(BTreeMap::new());
        self.show(None);
        self.desk.ended.set(None);
        self.ask(FlowCommand::Catalogue, Beside::Nothing);
        self.look_over();
    }

    pub(super) fn hear(self, event: FlowEvent) {
        match event {
            FlowEvent::Catalogue { kinds, functions, metrics } => {
                self.functions.set(Arc::new(functions));
                self.metrics.set(Arc::new(metrics.into_iter().map(|m| (m.id.clone(), m)).collect()));
                self.kind_order.set(Arc::new(kinds.iter().map(|k| k.id.clone()).collect()));
                let kinds = kinds.into_iter().map(|k| (k.id.clone(), Arc::new(k)));
                self.kinds.set(Arc::new(kinds.collect()));
            }
            FlowEvent::Planned { plan } => self.hear_plan(*plan),
            FlowEvent::Node { node, view } => self.hear_node(NodeId(node), *view),
            FlowEvent::Board { node, board } => {
                self.boards.update(|boards| drop(boards.insert(NodeId(node), Arc::from(board))));
            }
            FlowEvent::Ended { end, ran, kept, failed, .. } => {
                let ended = Ended { end, ran, kept, failed };
                self.is_running.set(false);
                self.news.set(format!("{}.", ended.words()));
                self.desk.ended.set(Some(ended));
            }
            FlowEvent::Looked { node, port, look } => {
                if self.subject.get_untracked() == Some(Subject { node: NodeId(node), port }) {
                    self.hear_look(*look);
                }
            }
            FlowEvent::Completions { node, param, completions, finding } => {
                self.completions.set(Some(Completions {
                    node: NodeId(node),
                    param,
                    suggestions: completions,
                    finding,
                }));
            }
            FlowEvent::Failed { diagnostics } | FlowEvent::Refused { diagnostics, .. } => {
                self.trouble.set(diagnostics);
            }
            FlowEvent::Reading { source, bytes, of } if bytes < of => self.desk.is_read(source, bytes, of),
            FlowEvent::Reading { source, .. } => self.desk.was_read(&source),
            FlowEvent::SearchTaken { why_not, .. } => self.hear_taken(why_not),
            FlowEvent::Saved { .. }
            | FlowEvent::Question { .. }
            | FlowEvent::Kept { .. }
            | FlowEvent::Brought { .. } => {}
        }
    }

    fn hear_plan(self, plan: PlanView) {
        let views = plan.nodes.iter().map(|(id, view)| (NodeId(id.clone()), Arc::new(view.clone())));
        let shown = self.subject.with_untracked(|s| s.as_ref().map(|s| s.node.clone()));
        let is_source = shown.as_ref().is_some_and(|id| self.is_source(id));
        let standing = || {
            let shown = shown.as_ref()?;
            let view = self.views.with_untracked(|all| all.get(shown).cloned())?;
            // Sources are looked at without a run.
            Some((view.digest.clone(), is_source.then(|| view.key.clone())))
        };
        let before = standing();
        let mut views = views.collect();
        self.desk.remote.lay_over(&mut views);
        self.views.set(views);
        self.note_kept();
        self.plan.set(Arc::new(plan));
        // A result may have come without a run: from an earlier visit, or with a project.
        if standing() != before {
            self.desk.rows.set(BTreeMap::new());
            self.look_at(0);
        }
        if let Some(document) = self.planning.try_update_value(Latest::answered).flatten() {
            self.ask_plan(document);
        }
    }

    fn is_source(self, id: &NodeId) -> bool {
        let kind = self.with_document(|d| d.nodes().get(id).map(|n| n.kind.clone()));
        let kind = kind.and_then(|kind| self.kinds.with_untracked(|all| all.get(&kind).cloned()));
        kind.is_some_and(|kind| kind.inputs.is_empty())
    }

    fn hear_taken(self, why_not: Option<Diagnostic>) {
        self.desk.taken.set(Some(match why_not {
            None => "This pipeline asks for what your search asked for, and has its result: nothing needs to be run."
                .to_owned(),
            Some(why) => format!("This pipeline does what your search did. {} {}", why.message, why.remedy),
        }));
    }

    /// Rows go to their page; what is told with the first rows, or instead of rows, is shown.
    fn hear_look(self, look: Look) {
        if let Look::Table { start, rows, .. } = &look {
            let (page, rows) = (*start / u64::from(LOOK_ROWS), Arc::new(rows.clone()));
            self.desk.rows.update(|pages| {
                if pages.len() > KEPT_PAGES {
                    pages.retain(|p, _| p.abs_diff(page) < KEPT_PAGES as u64 / 2);
                }
                pages.insert(page, rows);
            });
            if *start > 0 {
                return;
            }
        }
        self.look.set(Some(Arc::new(look)));
    }

    /// Fetches a page of rows of the subject, unless it is there or asked for.
    pub fn fetch_page(self, page: u64) {
        if self.desk.rows.with_untracked(|rows| rows.contains_key(&page)) {
            return;
        }
        self.desk.rows.update_untracked(|rows| drop(rows.insert(page, Arc::new(Vec::new()))));
        self.look_at(page * u64::from(LOOK_ROWS));
    }

    /// What is shown in the preview is fetched again once its node has a new result.
    fn hear_node(self, node: NodeId, view: NodeView) {
        let digest = view.digest.clone();
        let old = self.views.try_update(|views| views.insert(node.clone(), Arc::new(view))).flatten();
        let is_subject = self.subject.with_untracked(|s| s.as_ref().is_some_and(|s| s.node == node));
        if is_subject && old.is_none_or(|old| old.digest != digest) {
            self.desk.rows.set(BTreeMap::new());
            self.look_at(0);
        }
    }
}
