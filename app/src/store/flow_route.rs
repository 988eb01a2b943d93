//! Addresses: which page is shown, and pipelines that come by link.

use super::Store;
use super::desk::{Linked, Story};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::engine::flow;
use automl_core::engine::protocol::Look;
use gloo_events::EventListener;
use leptos::prelude::*;
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::share::{self, Claim, Route};
use trellis_page::flow::templates::{SHOWN, Template};
use wasm_bindgen::JsValue;

fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

fn fragment() -> String {
    window().and_then(|w| w.location().hash().ok()).unwrap_or_default()
}

impl Store {
    /// Whether the page stands in another, without a frame of its own.
    pub fn is_embedded(self) -> bool {
        window().and_then(|w| w.location().search().ok()).is_some_and(|q| share::is_embedded(&q))
    }

    /// Shows what the address asks for, now and whenever it changes.
    pub(super) fn follow_address(self) {
        // In another page there is the builder alone.
        self.flow.is_open.set(self.is_embedded());
        self.hear_address();
        if let Some(window) = window() {
            EventListener::new(&window, "hashchange", move |_| self.hear_address()).forget();
        }
        // What was changed is no longer what the link says.
        Effect::new(move |_| {
            let is_changed = self.flow.history.with(|h| h.steps().1 > 0);
            if is_changed && matches!(share::route(&fragment()), Route::Link { .. }) && !self.is_embedded() {
                self.set_fragment(share::BUILDER, true);
            }
        });
    }

    fn hear_address(self) {
        let fragment = fragment();
        if self.flow.desk.fragment.try_update_value(|own| *own == fragment).unwrap_or(false) {
            return;
        }
        self.flow.desk.fragment.set_value(fragment.clone());
        self.flow.desk.refused.set(None);
        match share::route(&fragment) {
            Route::Start => self.flow.is_open.set(self.is_embedded()),
            Route::Builder => self.flow.is_open.set(true),
            Route::Link { pipeline, result } => self.open_link(&pipeline, result.as_deref()),
        }
    }

    /// Sets the address. `replace`: the present one is not gone back to.
    fn set_fragment(self, fragment: &str, replace: bool) {
        self.flow.desk.fragment.set_value(fragment.to_owned());
        let Some(window) = window() else { return };
        let address = match fragment {
            "" => window.location().pathname().unwrap_or_else(|_| "/".to_owned()),
            fragment => fragment.to_owned(),
        };
        // A page without history stays where it is, and shows the right thing all the same.
        let _ = window.history().and_then(|h| match replace {
            true => h.replace_state_with_url(&JsValue::NULL, "", Some(&address)),
            false => h.push_state_with_url(&JsValue::NULL, "", Some(&address)),
        });
    }

    pub fn go_to_builder(self) {
        if fragment() != share::BUILDER {
            self.set_fragment(share::BUILDER, false);
        }
        self.flow.desk.refused.set(None);
        self.flow.is_open.set(true);
    }

    pub fn go_to_start(self) {
        if self.is_embedded() {
            return;
        }
        if !matches!(share::route(&fragment()), Route::Start) {
            self.set_fragment("", false);
        }
        self.flow.is_open.set(false);
    }

    /// Keeps the pipeline that is open, to be gone back to.
    fn put_aside(self) {
        let open = self.flow.with_document(Clone::clone);
        if !open.nodes().is_empty() {
            self.flow.desk.before.set(Some(open));
            self.flow.desk.before_link.set_value(self.flow.desk.saved.link.get_untracked());
        }
    }

    /// Opens a pipeline in place of the one that is open, which can be gone back to. Nothing is run.
    pub fn open_flow(self, document: PipelineDocument) {
        self.put_aside();
        self.flow.desk.linked.set(None);
        self.flow.desk.story.set(None);
        self.flow.desk.returned.set(false);
        self.flow.load(document);
        self.go_to_builder();
    }

    pub fn open_template(self, template: &'static Template) {
        self.open_flow(template.document());
        self.flow.desk.story.set(Some(Story { id: template.id, at: 0, is_told: true }));
        let first = NodeId(SHOWN[0].to_owned());
        self.flow.selection.set(Selection::of([Item::Node(first)]));
    }

    /// Back to the pipeline that was open before.
    pub fn go_back(self) {
        if let Some(before) = self.flow.desk.before.try_update(Option::take).flatten() {
            self.flow.desk.linked.set(None);
            self.flow.desk.story.set(None);
            let link = self.flow.desk.before_link.try_update_value(Option::take).flatten();
            self.flow.load(before);
            self.flow.desk.saved.link.set(link);
        }
        self.go_to_builder();
    }

    /// A pipeline that came by link. Nothing is run or fetched; what cannot be read loses nothing.
    fn open_link(self, link: &str, result: Option<&str>) {
        self.flow.is_open.set(true);
        let document = match PipelineDocument::from_link(link) {
            Ok(document) => document,
            Err(diagnostic) => return self.flow.desk.refused.set(Some(diagnostic)),
        };
        let (claim, trouble) = match result.map(|r| Claim::from_link(r, &document)) {
            None => (None, None),
            Some(Ok(claim)) => (Some(claim), None),
            Some(Err(trouble)) => (None, Some(trouble)),
        };
        if self.flow.with_document(|open| *open != document) {
            self.put_aside();
        }
        let linked = Linked { deeds: share::deeds(&document), claim, trouble, has_run: false };
        self.flow.desk.returned.set(false);
        self.flow.desk.story.set(None);
        self.flow.load(document);
        self.flow.desk.linked.set(Some(linked));
    }

    /// The address of the open pipeline; with the result that the preview shows, where it has figures and is wanted.
    pub fn link(self, with_result: bool) -> String {
        let origin = window().and_then(|w| w.location().origin().ok()).unwrap_or_default();
        let path = window().and_then(|w| w.location().pathname().ok()).unwrap_or_default();
        let pipeline = self.flow.with_document(PipelineDocument::to_link);
        let claim = if with_result { self.claim() } else { None };
        let result = claim.map(|c| format!("&r={}", c.to_link())).unwrap_or_default();
        format!("{origin}{path}#p={pipeline}{result}")
    }

    /// What the preview shows as a result that a link can claim.
    pub fn claim(self) -> Option<Claim> {
        let subject = self.flow.subject.get()?;
        let look = self.flow.look.get()?;
        if !matches!(*look, Look::Scores { .. } | Look::Model { .. }) {
            return None;
        }
        self.flow.views.with(|views| {
            self.flow.with_document(|d| Claim::new(d, views, &subject.node, &subject.port, &look))
        })
    }

    /// The open file's search as a pipeline, with the file.
    pub fn open_as_pipeline(self) {
        let (Some(blob), Some(request)) = (self.file.get_value(), self.request.get_untracked()) else {
            return self.alert(Diagnostic::error(
                "pipeline.no_search",
                "There is no search to be shown as a pipeline.",
                "Search first: what is opened is the last search of this page, with its table.",
            ));
        };
        let (name, options) = (self.name.get_untracked(), self.options.get_untracked());
        let kinds =
            self.flow.kinds.with_untracked(|all| all.values().map(|k| (**k).clone()).collect::<Vec<_>>());
        let document = flow::from_request(&kinds, &name, &options, &request);
        let source = document.nodes().iter().find(|(_, n)| n.kind == super::flow_data::FILE);
        let source = source.map(|(id, _)| id.clone());
        self.open_flow(document);
        let search =
            self.flow.with_document(|d| d.nodes().keys().find(|id| Some(*id) != source.as_ref()).cloned());
        if let Some(id) = source {
            self.choose_file(&id, name, blob);
        }
        self.flow.selection.set(Selection::of(search.iter().cloned().map(Item::Node)));
        self.flow.desk.takes_search.set_value(search);
    }
}
