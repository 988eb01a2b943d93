//! What the canvas shows beyond the document, as signals: the view, and what is under way.

use crate::store::Store;
use crate::store::flow::Flow;
use automl_core::document::{Edit, NodeId, PipelineDocument, Place, PortRef, Wire};
use automl_core::engine::protocol::NodeView;
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use trellis_page::flow::geometry::{Rect, between};
use trellis_page::flow::scene::{Kinds, Scene, Side};
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::snap::Guide;
use trellis_page::flow::viewport::{READABLE_ZOOM, Viewport};
use trellis_page::flow::words;
use wasm_bindgen::JsCast;

/// Where something was asked for, and so where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    Canvas,
    Outline,
}

/// A wire that is being drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wiring {
    pub from: PortRef,
    pub side: Side,
    /// Ports that it may be connected to.
    pub fits: BTreeSet<PortRef>,
    /// The wire of which this is the loose end.
    pub lifted: Option<Wire>,
}

/// Where the loose end of a wire is, on the canvas.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LooseEnd {
    pub at: Place,
    pub over: Option<PortRef>,
}

/// Nodes and notes that are being dragged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drag {
    pub nodes: Arc<BTreeSet<NodeId>>,
    pub by: Place,
    pub guides: Vec<Guide>,
    /// The wire into which the node would be inserted.
    pub onto: Option<Wire>,
}

/// What a line of a list that can be searched does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    Kind(String),
    /// The port that is asked for is connected to this one.
    Wire {
        from: PortRef,
        side: Side,
        to: PortRef,
    },
}

/// A line of a list that can be searched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub title: String,
    pub detail: String,
    /// Other words that it is found by.
    pub words: String,
    pub choice: Choice,
}

/// What is open above the canvas.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Popup {
    Menu,
    Pick {
        title: String,
        entries: Vec<Entry>,
        /// Where a node is put, and what it is connected to.
        place: Option<Place>,
        from: Option<(PortRef, Side)>,
    },
}

/// A popup, where it was asked for, and where in the window it opens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opened {
    pub popup: Popup,
    pub surface: Surface,
    pub at: Place,
}

/// A handle of the canvas; copies are the same handle.
#[derive(Clone, Copy)]
pub struct CanvasCtl {
    pub(super) store: Store,
    pub flow: Flow,
    /// The inspector is asked for (Enter on a node, double click); whoever shows it sets it back.
    pub inspect: RwSignal<bool>,
    pub viewport: RwSignal<Viewport>,
    /// Width and height of the canvas in pixels.
    pub(super) size: RwSignal<(f64, f64)>,
    /// The canvas's upper left corner in the window.
    pub(super) origin: StoredValue<Place>,
    pub(super) scene: Memo<Arc<Scene>>,
    /// What the keyboard is at.
    pub(super) focus: RwSignal<Option<Item>>,
    /// The keyboard is on its way to the canvas: until it is there, the page hears it for the canvas.
    pub(super) is_awaited: StoredValue<bool>,
    /// How often the keyboard was sent for: only the last counts.
    turn: StoredValue<u64>,
    pub(super) renaming: RwSignal<Option<(Surface, Item)>>,
    pub(super) opened: RwSignal<Option<Arc<Opened>>>,
    pub(super) wiring: RwSignal<Option<Arc<Wiring>>>,
    pub(super) loose: RwSignal<Option<LooseEnd>>,
    pub(super) marquee: RwSignal<Option<Rect>>,
    pub(super) drag: RwSignal<Option<Drag>>,
    /// Where the pointer was last, in pixels of the canvas; `None` while it is elsewhere.
    pub(super) pointer: StoredValue<Option<Place>>,
    /// The canvas was used by a pointer last, and not by the keyboard.
    pub(super) by_pointer: StoredValue<bool>,
    /// The document is shown whole once the canvas has a size.
    pub(super) is_framed: StoredValue<bool>,
    /// The node that was selected last, also after nothing is selected any more.
    pub(super) seen_last: StoredValue<Option<NodeId>>,
    /// Nodes that were there when a run was asked for: what they lack is an error from then on.
    pub(super) asked: RwSignal<BTreeSet<NodeId>>,
    /// What was copied here last, and how often it was pasted where it is.
    pub(super) clip: StoredValue<(String, u32)>,
}

impl CanvasCtl {
    /// Makes the handle and puts it into context: called once by the shell, before [`super::Canvas`] is drawn.
    pub fn provide(flow: Flow) -> Self {
        let scene = Memo::new(move |_| {
            Arc::new(flow.history.with(|h| flow.kinds.with(|kinds| Scene::of(h.document(), kinds))))
        });
        let ctl = Self {
            store: expect_context(),
            flow,
            inspect: RwSignal::new(false),
            viewport: RwSignal::default(),
            size: RwSignal::default(),
            origin: StoredValue::new(Place::default()),
            scene,
            focus: RwSignal::default(),
            is_awaited: StoredValue::new(false),
            turn: StoredValue::new(0),
            renaming: RwSignal::default(),
            opened: RwSignal::default(),
            wiring: RwSignal::default(),
            loose: RwSignal::default(),
            marquee: RwSignal::default(),
            drag: RwSignal::default(),
            pointer: StoredValue::new(None),
            by_pointer: StoredValue::new(false),
            is_framed: StoredValue::new(false),
            seen_last: StoredValue::new(None),
            asked: RwSignal::default(),
            clip: StoredValue::new((String::new(), 0)),
        };
        Effect::new(move |_| {
            flow.desk.opened.track();
            ctl.asked.set(BTreeSet::new());
        });
        Effect::new(move |_| {
            if flow.is_running.get() {
                ctl.asked.set(flow.with_document(|d| d.nodes().keys().cloned().collect()));
            }
        });
        Effect::new(move |_| {
            let shown = flow.subject.with(|s| s.as_ref().map(|s| s.node.clone()));
            if let Some(id) = flow.selection.with(|s| s.subject().cloned()).or(shown) {
                ctl.seen_last.set_value(Some(id));
            }
        });
        provide_context(ctl);
        ctl
    }

    /// Reads document, scene and kinds, without following their changes.
    pub(super) fn with<T>(self, read: impl FnOnce(&PipelineDocument, &Scene, &Kinds) -> T) -> T {
        let scene = self.scene.get_untracked();
        let kinds = self.flow.kinds.get_untracked();
        self.flow.with_document(|document| read(document, &scene, &kinds))
    }

    pub(super) fn kinds(self) -> Arc<Kinds> {
        self.flow.kinds.get_untracked()
    }

    pub(super) fn name_of(self, id: &NodeId) -> String {
        self.with(|document, _, kinds| words::name_of(document, kinds, id))
    }

    /// `2 nodes`, or the name of the one.
    pub(super) fn told(self, ids: &BTreeSet<NodeId>) -> String {
        match (ids.len(), ids.first()) {
            (1, Some(id)) => self.name_of(id),
            (n, _) => format!("{n} nodes"),
        }
    }

    pub(super) fn edit(self, label: &str, edits: Vec<Edit>) -> bool {
        !edits.is_empty() && self.flow.edit(label, Edit::All { edits })
    }

    /// How a node stands, as it is shown; follows changes.
    pub(super) fn view_of(self, id: &NodeId) -> Option<Arc<NodeView>> {
        let view = self.flow.views.with(|v| v.get(id).cloned())?;
        let is_asked = self.asked.with(|asked| asked.contains(id));
        Some(words::unfinished(&view).filter(|_| !is_asked).map_or(view, Arc::new))
    }

    pub(super) fn say(self, news: impl Into<String>) {
        self.flow.news.set(news.into());
    }

    pub(super) fn select(self, items: impl IntoIterator<Item = Item>) {
        let selection = Selection::of(items);
        if self.flow.selection.with_untracked(|s| *s != selection) {
            self.flow.selection.set(selection);
        }
    }

    pub(super) fn selected_nodes(self) -> BTreeSet<NodeId> {
        self.flow.selection.with_untracked(Selection::nodes)
    }

    /// A point of the window as a point of the canvas, in pixels.
    pub(super) fn to_screen(self, client_x: f64, client_y: f64) -> Place {
        between(self.origin.get_value(), Place { x: client_x, y: client_y })
    }

    pub(super) fn to_world(self, screen: Place) -> Place {
        self.viewport.get_untracked().to_world(screen)
    }

    /// A point of the world as a point of the window.
    pub(super) fn to_client(self, world: Place) -> Place {
        let (screen, origin) = (self.viewport.get_untracked().to_screen(world), self.origin.get_value());
        Place { x: screen.x + origin.x, y: screen.y + origin.y }
    }

    /// Where something new is wanted: at the pointer, or else in the middle; in pixels of the canvas.
    pub(super) fn wanted(self) -> Place {
        let (width, height) = self.size.get_untracked();
        let middle = Place { x: width / 2.0, y: height / 2.0 };
        self.pointer.get_value().filter(|_| self.by_pointer.get_value()).unwrap_or(middle)
    }

    /// Moves the view so that something is seen, and nothing lies over it.
    pub(super) fn bring_into_sight(self, rect: Rect) {
        let (width, height) = self.size.get_untracked();
        let before = self.viewport.get_untracked();
        let after = before.showing(rect, width, height, &super::minimap::covers(width, height));
        if width > 0.0 && after != before {
            self.viewport.set(after);
        }
    }

    /// Shows a pipeline as it opens, once there are a pipeline and a canvas.
    pub(super) fn show_opening(self) {
        let (width, height) = self.size.get_untracked();
        let bounds = self.with(|_, scene, _| scene.bounds());
        if let (false, Some(bounds), true) = (self.is_framed.get_value(), bounds, width > 0.0) {
            self.is_framed.set_value(true);
            self.viewport.set(Viewport::opening(bounds, width, height, READABLE_ZOOM));
        }
    }

    /// Where an item is drawn.
    pub(super) fn rect_of(self, item: &Item) -> Option<Rect> {
        self.with(|_, scene, _| match item {
            Item::Node(id) => scene.nodes.get(id).map(|s| s.rect()),
            Item::Wire(wire) => scene.curve(wire).map(|c| Rect::spanned(c.from, c.to)),
            Item::Note(name) => scene.notes.get(name).copied(),
            Item::Group(name) => scene.frames.get(name).map(|f| f.rect),
        })
    }

    /// Gives the keyboard to an item, once it is drawn.
    pub(super) fn focus_on(self, item: Item) {
        if let Some(rect) = self.rect_of(&item) {
            self.bring_into_sight(rect);
        }
        let id = dom_id(&item);
        self.focus.set(Some(item));
        self.await_focus(move || focus_element(&id));
    }

    /// Gives the keyboard to an element with the next frame, unless it went elsewhere by then or is to go elsewhere.
    fn await_focus(self, give: impl FnOnce() + 'static) {
        let active = || page().and_then(|d| d.active_element());
        let before = active();
        let turn = self.turn.get_value() + 1;
        self.turn.set_value(turn);
        self.is_awaited.set_value(true);
        self.in_a_frame(move || {
            if self.turn.get_value() != turn {
                return;
            }
            self.is_awaited.set_value(false);
            let now = active();
            if now == before || now.is_none_or(|e| e.tag_name() == "BODY") {
                give();
            }
        });
    }

    /// Does something with the next frame, unless the canvas is gone by then.
    pub(super) fn in_a_frame(self, act: impl FnOnce() + 'static) {
        request_animation_frame(move || {
            if !self.focus.is_disposed() {
                act();
            }
        });
    }

    /// Gives the keyboard back to where it was before a popup or a field took it.
    pub(super) fn refocus(self, surface: Surface) {
        if surface == Surface::Outline {
            self.await_focus(|| focus_first("[data-testid=outline] [tabindex=\"0\"]"));
            return self.is_awaited.set_value(false);
        }
        let item = self.focus.get_untracked();
        let id = item.map_or_else(|| "canvas".to_owned(), |item| dom_id(&item));
        self.await_focus(move || focus_element(&id));
    }

    /// The keyboard has come to an item.
    pub(super) fn take_focus(self, item: &Item) {
        if self.focus.with_untracked(|f| f.as_ref() != Some(item)) {
            self.focus.set(Some(item.clone()));
        }
    }

    /// Whether Tab leads to this item: it is where the keyboard was last, or else the first.
    pub(super) fn is_current(self, item: &Item) -> bool {
        let is_there = |focus: &Item| match focus {
            Item::Node(id) => self.scene.with(|s| s.nodes.contains_key(id)),
            Item::Note(name) => self.scene.with(|s| s.notes.contains_key(name)),
            Item::Group(name) => self.scene.with(|s| s.frames.contains_key(name)),
            Item::Wire(wire) => self.flow.history.with(|h| h.document().wires().contains(wire)),
        };
        match self.focus.get().filter(is_there) {
            Some(focus) => focus == *item,
            None => matches!(item, Item::Node(id) if self.scene.with(|s| s.order.first() == Some(id))),
        }
    }

    pub(super) fn open(self, surface: Surface, at: Place, popup: Popup) {
        self.opened.set(Some(Arc::new(Opened { popup, surface, at })));
    }

    pub(super) fn close(self) {
        if let Some(opened) = self.opened.get_untracked() {
            self.opened.set(None);
            self.refocus(opened.surface);
        }
    }
}

/// The id of an item's element.
pub(super) fn dom_id(item: &Item) -> String {
    match item {
        Item::Node(id) => format!("canvas-node-{id}"),
        Item::Wire(wire) => format!("canvas-wire-{}", wire_key(wire)),
        Item::Note(name) => format!("canvas-note-{name}"),
        Item::Group(name) => format!("canvas-group-{name}"),
    }
}

/// A wire as text, unlike that of any other.
pub(super) fn wire_key(wire: &Wire) -> String {
    format!("{}:{}>{}:{}", wire.from.node, wire.from.port, wire.to.node, wire.to.port)
}

pub(super) fn page() -> Option<web_sys::Document> {
    web_sys::window().and_then(|w| w.document())
}

fn focus(element: Option<web_sys::Element>) {
    let options = web_sys::FocusOptions::new();
    options.set_prevent_scroll(true);
    // Elements of SVG take the focus too, by a method of the same name.
    if let Some(element) = element {
        let element: web_sys::HtmlElement = element.unchecked_into();
        let _ = element.focus_with_options(&options);
    }
}

pub(super) fn focus_element(id: &str) {
    focus(page().and_then(|d| d.get_element_by_id(id)));
}

pub(super) fn focus_first(selector: &str) {
    focus(page().and_then(|d| d.query_selector(selector).ok().flatten()));
}
