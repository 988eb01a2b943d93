//! What mouse, pen and fingers do on the canvas. Moves are taken once a frame; while something is dragged only what
//! moves is drawn anew, and the document changes once, at the end.

use super::dragging::Dragging;
use super::gesture::near;
use super::state::{CanvasCtl, Surface, Wiring, wire_key};
use automl_core::document::{NodeId, Place, PortRef, Wire};
use automl_core::platform::Stopwatch;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::flow::geometry::Rect;
use trellis_page::flow::scene::Side;
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::viewport::Viewport;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};

/// Pixels that a pointer may tremble.
pub(super) const MOUSE_SLACK: f64 = 4.0;
pub(super) const TOUCH_SLACK: f64 = 10.0;
const LONG_PRESS_MS: u32 = 500;
/// Pixels from a port within which a wire is taken by its end; the port itself takes up the first of them.
const END_REACH: f64 = 30.0;
const TOUCH_END_REACH: f64 = 44.0;

/// What lies under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Empty,
    Item(Item),
    Port(PortRef, Side),
    /// The end of a wire on this side.
    End(Wire, Side),
    /// The corner by which a note is resized.
    Corner(String),
}

/// Reads what an element stands for.
pub(super) fn target_of(ctl: CanvasCtl, element: &Element) -> Target {
    let closest = |name: &str| {
        let found = element.closest(&format!("[{name}]")).ok().flatten()?;
        found.get_attribute(name).map(|value| (found, value))
    };
    if let Some((port, name)) = closest("data-port") {
        let side = if port.get_attribute("data-side").as_deref() == Some("input") {
            Side::Input
        } else {
            Side::Output
        };
        let node = port.get_attribute("data-of").unwrap_or_default();
        return Target::Port(PortRef::new(node, name), side);
    }
    if let Some((_, name)) = closest("data-corner") {
        return Target::Corner(name);
    }
    if let Some((_, id)) = closest("data-node") {
        return Target::Item(Item::Node(NodeId(id)));
    }
    if let Some((_, key)) = closest("data-wire") {
        let wire = ctl.with(|document, _, _| document.wires().iter().find(|w| wire_key(w) == key).cloned());
        return wire.map_or(Target::Empty, |wire| Target::Item(Item::Wire(wire)));
    }
    if let Some((_, name)) = closest("data-note") {
        return Target::Item(Item::Note(name));
    }
    closest("data-frame").map_or(Target::Empty, |(_, name)| Target::Item(Item::Group(name)))
}

/// What a press may become, and what it has become.
pub(super) enum Gesture {
    /// Pressed, and not moved yet.
    Press(Target),
    Pan {
        from: Viewport,
    },
    Select {
        base: Selection,
    },
    Drag(Dragging),
    Wire(Arc<Wiring>),
    Resize {
        name: String,
        from: Rect,
        to: Rect,
    },
    Pinch {
        from: Viewport,
        fingers: [(i32, Place); 2],
    },
}

pub(super) struct Pressed {
    pub gesture: Gesture,
    pub start: Place,
    pub is_touch: bool,
    pub shift: bool,
    pub alt: bool,
}

/// What mouse and fingers are at.
#[derive(Default)]
pub(super) struct Hands {
    pub pressed: Option<Pressed>,
    /// Where each pointer is that is down.
    pub down: BTreeMap<i32, Place>,
    pub is_frame_asked: bool,
    pub long_press: Option<Timeout>,
    /// A long press on nothing has come: the next move selects.
    pub is_held: bool,
    /// The last press was a finger's.
    pub is_touch: bool,
    /// Something of another part of the page is dragged over the canvas: where it came in and where it is.
    pub hover: Option<(Place, Place)>,
    /// Since the last frame of panning at an edge.
    pub edge: Option<Stopwatch>,
}

/// A handle of the state of mouse and fingers.
#[derive(Clone, Copy)]
pub(super) struct Pointers {
    pub ctl: CanvasCtl,
    pub hands: StoredValue<Hands, LocalStorage>,
    /// The space bar is down: a drag pans.
    pub space: RwSignal<bool>,
    /// Something was panned while the space bar was down.
    pub is_panned: StoredValue<bool>,
    pub is_panning: RwSignal<bool>,
}

impl Pointers {
    pub fn new(ctl: CanvasCtl) -> Self {
        Self {
            ctl,
            hands: StoredValue::new_local(Hands::default()),
            space: RwSignal::new(false),
            is_panned: StoredValue::new(false),
            is_panning: RwSignal::new(false),
        }
    }

    pub fn is_touched(self) -> bool {
        self.hands.with_value(|h| h.is_touch)
    }

    pub(super) fn at(self, event: &MouseEvent) -> Place {
        self.ctl.to_screen(f64::from(event.client_x()), f64::from(event.client_y()))
    }

    pub fn down(self, event: &PointerEvent) {
        let Some(element) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
        // Fields, buttons and what is open above the canvas see to themselves.
        if element.closest("input, textarea, button, [data-above]").ok().flatten().is_some() {
            return;
        }
        let ctl = self.ctl;
        ctl.by_pointer.set_value(true);
        ctl.opened.set(None);
        let (at, is_touch) = (self.at(event), event.pointer_type() == "touch");
        ctl.pointer.set_value(Some(at));
        self.hands.update_value(|h| h.is_touch = is_touch);
        // The menu's button is heard elsewhere.
        if event.button() > 1 {
            return;
        }
        self.hands.update_value(|h| h.down.extend([(event.pointer_id(), at)]));
        if is_touch && self.hands.with_value(|h| h.down.len() == 2) {
            return self.pinch();
        }
        let target = self.by_end(target_of(ctl, &element), at, is_touch);
        let is_empty = matches!(target, Target::Empty | Target::Item(Item::Wire(_)));
        let pans = event.button() == 1 || self.space.get_untracked() || (is_touch && is_empty);
        if event.button() == 1 {
            // Else the browser scrolls by itself.
            event.prevent_default();
        }
        let gesture = if pans {
            Gesture::Pan { from: ctl.viewport.get_untracked() }
        } else {
            if let (Target::Item(item), false) = (&target, is_empty) {
                self.press_item(item, event.shift_key());
            }
            Gesture::Press(target.clone())
        };
        let pressed =
            Pressed { gesture, start: at, is_touch, shift: event.shift_key(), alt: event.alt_key() };
        self.hands.update_value(|h| {
            h.pressed = Some(pressed);
            h.is_held = false;
            h.long_press = is_touch.then(|| Timeout::new(LONG_PRESS_MS, move || self.long(target, at)));
        });
    }

    /// A wire that is pressed near one of its ends is taken by that end.
    fn by_end(self, target: Target, at: Place, is_touch: bool) -> Target {
        let Target::Item(Item::Wire(wire)) = target else { return target };
        let reach = if is_touch { TOUCH_END_REACH } else { END_REACH };
        let reach = reach / self.ctl.viewport.get_untracked().zoom.max(0.5);
        let world = self.ctl.to_world(at);
        match self.ctl.with(|_, scene, _| scene.curve(&wire)?.end_near(world, reach)) {
            Some(true) => Target::End(wire, Side::Input),
            Some(false) => Target::End(wire, Side::Output),
            None => Target::Item(Item::Wire(wire)),
        }
    }

    /// An item that is pressed is selected, unless it is already: it may be dragged with the others.
    pub(super) fn press_item(self, item: &Item, shift: bool) {
        self.ctl.focus.set(Some(item.clone()));
        if shift {
            self.ctl.flow.selection.update(|s| s.toggle(item.clone()));
        } else if self.ctl.flow.selection.with_untracked(|s| !s.contains(item)) {
            self.ctl.select([item.clone()]);
        }
    }

    /// A finger has lain still for a while.
    fn long(self, target: Target, at: Place) {
        let is_still = self.hands.with_value(|h| {
            let slack =
                h.pressed.as_ref().map_or(0.0, |p| if p.is_touch { TOUCH_SLACK } else { MOUSE_SLACK });
            h.down.len() == 1 && h.down.values().all(|p| near(*p, at, slack))
        });
        if !is_still {
            return;
        }
        if matches!(target, Target::Empty) {
            // Lifted it opens the menu, moved it selects.
            self.hands.update_value(|h| h.is_held = true);
            let base = Selection::default();
            self.hands.update_value(|h| {
                if let Some(pressed) = &mut h.pressed {
                    pressed.gesture = Gesture::Select { base };
                }
            });
            self.ctl.marquee.set(Some(Rect::new(self.ctl.to_world(at), 0.0, 0.0)));
        } else {
            self.cancel();
            self.ctl.open_menu(Surface::Canvas, &target, self.ctl.to_client(self.ctl.to_world(at)));
        }
    }

    fn pinch(self) {
        let fingers: Vec<(i32, Place)> =
            self.hands.with_value(|h| h.down.iter().map(|(id, p)| (*id, *p)).collect());
        let [a, b] = fingers[..] else { return };
        self.undo_transient();
        let from = self.ctl.viewport.get_untracked();
        let gesture = Gesture::Pinch { from, fingers: [a, b] };
        let pressed = Pressed { gesture, start: a.1, is_touch: true, shift: false, alt: false };
        self.hands.update_value(|h| {
            h.long_press = None;
            h.pressed = Some(pressed);
        });
    }

    pub fn moved(self, event: &PointerEvent, root: &Element) {
        let at = self.at(event);
        self.ctl.pointer.set_value(Some(at));
        let id = event.pointer_id();
        let asks = self.hands.try_update_value(|h| {
            let is_down = h.down.get_mut(&id).map(|p| *p = at).is_some();
            if let Some(pressed) = &mut h.pressed {
                pressed.alt = event.alt_key();
            }
            let asks = is_down && h.pressed.is_some() && !h.is_frame_asked;
            h.is_frame_asked |= asks;
            asks
        });
        if asks == Some(true) {
            if !root.has_pointer_capture(id) {
                // Moves outside of the canvas count too; a pointer that is gone cannot be captured.
                let _ = root.set_pointer_capture(id);
            }
            self.ctl.in_a_frame(move || {
                self.hands.update_value(|h| h.is_frame_asked = false);
                self.step();
                self.pan_at_edge();
            });
        }
    }

    /// Gives up what is under way; nothing has changed then. Gives whether something was.
    pub fn cancel(self) -> bool {
        let was = self.undo_transient();
        self.hands.update_value(|h| {
            h.down.clear();
            h.long_press = None;
            h.is_held = false;
        });
        self.is_panning.set(false);
        was
    }

    fn undo_transient(self) -> bool {
        let pressed = self.hands.try_update_value(|h| h.pressed.take()).flatten();
        let ctl = self.ctl;
        ctl.wiring.set(None);
        ctl.loose.set(None);
        ctl.marquee.set(None);
        match pressed.map(|p| p.gesture) {
            Some(Gesture::Drag(dragging)) => dragging.cancel(ctl),
            Some(Gesture::Resize { name, from, .. }) => super::dragging::size_note(&name, from),
            Some(Gesture::Pan { from }) => ctl.viewport.set(from),
            Some(Gesture::Select { .. } | Gesture::Wire(_)) => {}
            Some(Gesture::Press(_) | Gesture::Pinch { .. }) | None => return false,
        }
        true
    }
}
