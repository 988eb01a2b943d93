//! What surrounds the canvas: tables that were supplied, links that were opened, the rows of the preview.

use super::RowsPage;
use super::flow_saved::{Link, Saved};
use super::flow_server::FlowRun;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::engine::protocol::Wants;
use automl_core::table::ReadOptions;
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use trellis_page::flow::ended::Ended;
use trellis_page::flow::share::Claim;
use trellis_page::flow::viewport::Viewport;
use web_sys::{AbortController, Blob};

/// A table that the engine was given.
#[derive(Debug, Clone)]
pub struct Supplied {
    pub name: String,
    pub options: ReadOptions,
    pub blob: Blob,
}

/// A link that was opened and waits for a person's word.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked {
    /// What running it would do.
    pub deeds: Vec<String>,
    /// A result to be held against what comes out here.
    pub claim: Option<Claim>,
    /// Why a result of the link cannot be read.
    pub trouble: Option<Diagnostic>,
    pub has_run: bool,
}

/// What is run once its samples have come.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Run {
    pub nodes: Vec<NodeId>,
    pub afresh: bool,
    /// On the server, all of it.
    pub is_there: bool,
}

/// A template's story that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Story {
    /// The template's id.
    pub id: &'static str,
    pub at: usize,
    /// It was not left.
    pub is_told: bool,
}

/// Which sheet is open where there is no room for all side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    Palette,
    Inspector,
    Preview,
}

/// The bytes of a result, by its key.
pub(super) type Brought = Vec<(String, Blob)>;

/// What is being put into a project file.
#[derive(Debug, Clone, Default)]
pub(super) struct Packing {
    /// Models that were given, and those that are still asked for.
    pub models: Vec<(NodeId, Blob)>,
    pub waiting: Vec<(NodeId, String)>,
    /// As models: results, and nodes whose results are still asked for.
    pub results: Brought,
    pub unasked: Vec<NodeId>,
}

/// See the module.
#[derive(Clone, Copy)]
pub struct Desk {
    /// By the engine's name of the source.
    pub(super) supplied: StoredValue<BTreeMap<String, Supplied>, LocalStorage>,
    /// What each source asked for last.
    pub sources: RwSignal<BTreeMap<NodeId, Wants>>,
    /// Files for nodes whose wishes are not known yet.
    pub(super) files: StoredValue<BTreeMap<NodeId, Supplied>, LocalStorage>,
    /// What stops the fetching of a table from an address, by source.
    pub(super) fetching: StoredValue<BTreeMap<String, AbortController>, LocalStorage>,
    pub(super) next: StoredValue<Option<Run>>,
    pub(super) packing: StoredValue<Option<Packing>, LocalStorage>,
    /// Sources that are being fetched or read: bytes, of so many.
    pub reading: RwSignal<BTreeMap<String, (u64, u64)>>,
    /// Rows of the table that the preview shows, a page each.
    pub rows: RwSignal<BTreeMap<u64, RowsPage>>,
    /// The pipeline that was open before a link was.
    pub before: RwSignal<Option<PipelineDocument>>,
    /// Where that is saved.
    pub(super) before_link: StoredValue<Option<Link>>,
    /// The run on the server.
    pub remote: FlowRun,
    /// What of it the server keeps.
    pub saved: Saved,
    pub linked: RwSignal<Option<Linked>>,
    /// Why a link cannot be opened.
    pub refused: RwSignal<Option<Diagnostic>>,
    /// The last visit's pipeline was brought back.
    pub returned: RwSignal<bool>,
    /// The template whose story is told, and at which step.
    pub story: RwSignal<Option<Story>>,
    /// Results that came with the open project.
    pub(super) brought: RwSignal<Brought, LocalStorage>,
    /// Words about them were read.
    pub brought_read: RwSignal<bool>,
    /// The node that is to have the first page's result, until that has been asked for.
    pub(super) takes_search: StoredValue<Option<NodeId>>,
    /// Whether it has it, in words.
    pub taken: RwSignal<Option<String>>,
    /// How the last run ended.
    pub ended: RwSignal<Option<Ended>>,
    /// It was to run everything.
    pub ran_all: RwSignal<bool>,
    /// Samples that were fetched by themselves, or were to be.
    pub(super) tried: StoredValue<BTreeSet<String>>,
    pub sheet: RwSignal<Option<Sheet>>,
    /// The preview is folded away.
    pub is_folded: RwSignal<bool>,
    /// Counts documents that were opened, each of which is shown whole, or as it was seen last.
    pub opened: RwSignal<u32>,
    /// What is seen of the canvas; `None` until it is drawn.
    pub view: RwSignal<Option<Viewport>>,
    /// What is to be seen of the document that is opened next.
    pub next_view: StoredValue<Option<Viewport>>,
    /// The last fragment that the page itself set.
    pub(super) fragment: StoredValue<String>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            supplied: StoredValue::new_local(BTreeMap::new()),
            sources: RwSignal::default(),
            files: StoredValue::new_local(BTreeMap::new()),
            fetching: StoredValue::new_local(BTreeMap::new()),
            next: StoredValue::new(None),
            packing: StoredValue::new_local(None),
            reading: RwSignal::default(),
            rows: RwSignal::default(),
            before: RwSignal::default(),
            before_link: StoredValue::default(),
            remote: FlowRun::new(),
            saved: Saved::new(),
            linked: RwSignal::default(),
            refused: RwSignal::default(),
            returned: RwSignal::default(),
            story: RwSignal::default(),
            brought: RwSignal::new_local(Vec::new()),
            brought_read: RwSignal::default(),
            takes_search: StoredValue::new(None),
            taken: RwSignal::default(),
            ended: RwSignal::default(),
            ran_all: RwSignal::default(),
            tried: StoredValue::default(),
            sheet: RwSignal::default(),
            is_folded: RwSignal::default(),
            opened: RwSignal::default(),
            view: RwSignal::default(),
            next_view: StoredValue::new(None),
            fragment: StoredValue::default(),
        }
    }

    /// A source's table is being fetched or read: so many bytes, of so many.
    pub(super) fn is_read(self, source: String, bytes: u64, of: u64) {
        self.reading.update(|all| {
            all.insert(source, (bytes, of));
        });
    }

    /// It has been, or will not be.
    pub(super) fn was_read(self, source: &str) {
        self.reading.update(|all| {
            all.remove(source);
        });
    }

    /// Whether the engine has been given this source's table.
    pub fn has(self, source: &str) -> bool {
        self.supplied.with_value(|all| all.contains_key(source))
    }
}
