//! The canvas by keyboard.

use super::menu::Action;
use super::pointer::{Pointers, Target};
use super::state::{CanvasCtl, Surface, dom_id, page};
use automl_core::document::{Edit, NodeId, Place, PortRef, Wire};
use leptos::prelude::*;
use trellis_page::flow::geometry::{GRID, moved};
use trellis_page::flow::scene::{Direction, Side};
use trellis_page::flow::selection::Item;
use trellis_page::flow::viewport::ZOOM_STEP;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// Steps of the grid that shift makes of one.
const FAR: f64 = 5.0;

/// How the canvas is used, for screen readers.
pub(super) const HELP: &str = "Arrow keys go from node to node, Page Up and Page Down through nodes and wires in reading order, W to the wires of a node. \
Control and an arrow move what is selected. Enter opens the form of a node, C connects it, B bypasses it, F2 renames it, Delete removes it. \
Slash adds a node. Full stop shows everything, plus and minus zoom. Shift and F10 open a menu with everything else. \
The outline shows the same pipeline as a tree.";

/// Whether an element takes typed text.
fn takes_text(element: &Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}

pub(super) fn key_up(ctl: CanvasCtl, pointers: Pointers, event: &KeyboardEvent) {
    if event.key() != " " || !pointers.space.get_untracked() {
        return;
    }
    pointers.space.set(false);
    // Where nothing was panned, the space bar takes the node in or out of what is selected.
    if !pointers.is_panned.get_value()
        && let Some(item) = ctl.focus.get_untracked()
    {
        ctl.flow.selection.update(|s| s.toggle(item));
    }
}

pub(super) fn key_down(ctl: CanvasCtl, pointers: Pointers, event: &KeyboardEvent) {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
    if takes_text(&element) || element.closest("[data-above]").ok().flatten().is_some() {
        return;
    }
    let is_taken = if event.ctrl_key() || event.meta_key() {
        with_ctrl(ctl, event)
    } else if event.alt_key() {
        Direction::from_key(&event.key()).is_some_and(|direction| nudge(ctl, direction, event.shift_key()))
    } else {
        let on_button = element.tag_name() == "BUTTON" && matches!(event.key().as_str(), "Enter" | " ");
        !on_button && plain(ctl, pointers, event)
    };
    if is_taken {
        ctl.by_pointer.set_value(event.key() == "/" && ctl.by_pointer.get_value());
        event.prevent_default();
        event.stop_propagation();
    }
}

fn with_ctrl(ctl: CanvasCtl, event: &KeyboardEvent) -> bool {
    if let Some(direction) = Direction::from_key(&event.key()) {
        return nudge(ctl, direction, event.shift_key());
    }
    let action = match (event.key().to_lowercase().as_str(), event.shift_key()) {
        ("a", _) => Action::SelectAll,
        ("d", _) => Action::Duplicate,
        ("g", _) => Action::Group,
        ("z", false) => Action::Undo,
        ("z", true) | ("y", _) => Action::Redo,
        ("enter", _) => Action::RunTo,
        // Copying and pasting is heard by the events of the clipboard.
        _ => return false,
    };
    ctl.act(Surface::Canvas, &action);
    true
}

fn plain(ctl: CanvasCtl, pointers: Pointers, event: &KeyboardEvent) -> bool {
    let key = event.key();
    let direction = Direction::from_key(&key);
    if let Some(direction) = direction {
        go(ctl, direction, event.shift_key());
        return true;
    }
    let action = match key.as_str() {
        "Delete" | "Backspace" => Action::Delete,
        "F2" => Action::Rename,
        "Enter" => Action::Inspect,
        "b" | "B" => Action::Bypass,
        "c" | "C" => Action::Connect,
        "p" | "P" => Action::Pin,
        "/" => Action::Add,
        "." => Action::Fit,
        "F10" if event.shift_key() => return open_menu(ctl),
        "ContextMenu" => return open_menu(ctl),
        // By keyboard alone, Tab leaves the canvas as everywhere.
        "Tab" if !event.shift_key() && ctl.by_pointer.get_value() => Action::Add,
        _ => return view_key(ctl, pointers, event),
    };
    ctl.act(Surface::Canvas, &action);
    true
}

/// Keys that change what is seen or where the keyboard is, and nothing else.
fn view_key(ctl: CanvasCtl, pointers: Pointers, event: &KeyboardEvent) -> bool {
    match event.key().as_str() {
        "Escape" => {
            if ctl.opened.get_untracked().is_some() {
                ctl.close();
            } else if !pointers.cancel() {
                ctl.select([]);
            }
        }
        "+" | "=" => ctl.zoom_by(ZOOM_STEP),
        "-" | "_" => ctl.zoom_by(1.0 / ZOOM_STEP),
        "0" => ctl.zoom_to_whole(),
        " " => {
            if !event.repeat() {
                pointers.is_panned.set_value(false);
                pointers.space.set(true);
            }
        }
        "Home" => to_end(ctl, true),
        "End" => to_end(ctl, false),
        "PageDown" => in_turn(ctl, true),
        "PageUp" => in_turn(ctl, false),
        "w" | "W" => to_wire(ctl),
        _ => return false,
    }
    true
}

/// Moves what is selected by a step; steps in a row are one change.
fn nudge(ctl: CanvasCtl, direction: Direction, far: bool) -> bool {
    let mut nodes = ctl.selected_nodes();
    if let (true, Some(Item::Node(id))) = (nodes.is_empty(), ctl.focus.get_untracked()) {
        nodes.insert(id);
    }
    if nodes.is_empty() {
        return true;
    }
    let by = direction.step(if far { FAR * GRID } else { GRID });
    let edits = ctl.with(|_, scene, _| {
        let placed = nodes.iter().filter_map(|id| Some((id.clone(), scene.nodes.get(id)?.place)));
        placed.map(|(id, place)| Edit::Move { id, place: Some(moved(place, by)) }).collect()
    });
    let key = nodes.iter().fold("move".to_owned(), |key, id| format!("{key} {id}"));
    let label = format!("Move {}", ctl.told(&nodes));
    if ctl.flow.edit_grouped(&label, &key, Edit::All { edits })
        && let Some(rect) = nodes.first().and_then(|id| ctl.rect_of(&Item::Node(id.clone())))
    {
        ctl.bring_into_sight(rect);
    }
    true
}

fn go_to(ctl: CanvasCtl, item: Item, adds: bool) {
    if adds {
        ctl.flow.selection.update(|s| s.add(item.clone()));
    } else {
        ctl.select([item.clone()]);
    }
    ctl.focus_on(item);
}

/// To the neighbour in a direction; of a wire, to its ends and to the wires beside it.
fn go(ctl: CanvasCtl, direction: Direction, adds: bool) {
    let next = match ctl.focus.get_untracked() {
        Some(Item::Node(id)) => {
            ctl.with(|_, scene, _| scene.neighbour(&id, direction).cloned()).map(Item::Node)
        }
        Some(Item::Wire(wire)) => Some(match direction {
            Direction::Left => Item::Node(wire.from.node),
            Direction::Right => Item::Node(wire.to.node),
            Direction::Up => Item::Wire(beside(ctl, &wire, false)),
            Direction::Down => Item::Wire(beside(ctl, &wire, true)),
        }),
        Some(Item::Note(_) | Item::Group(_)) | None => {
            ctl.with(|_, scene, _| scene.order.first().cloned()).map(Item::Node)
        }
    };
    if let Some(next) = next {
        go_to(ctl, next, adds);
    }
}

/// The next or the last wire among those of the same node, round.
fn beside(ctl: CanvasCtl, wire: &Wire, onward: bool) -> Wire {
    let wires = wires_in_turn(ctl);
    let at = wires.iter().position(|w| w == wire).unwrap_or(0);
    let count = wires.len().max(1);
    let next = if onward { at + 1 } else { at + count - 1 } % count;
    wires.get(next).unwrap_or(wire).clone()
}

/// Wires in the order of the nodes that they come from.
fn wires_in_turn(ctl: CanvasCtl) -> Vec<Wire> {
    ctl.with(|document, scene, _| {
        let from = |id: &NodeId| {
            let id = id.clone();
            document.wires().iter().filter(move |w| w.from.node == id).cloned()
        };
        scene.order.iter().flat_map(from).collect()
    })
}

/// The next thing in reading order: a node, then the wires that leave it.
fn in_turn(ctl: CanvasCtl, onward: bool) {
    let all: Vec<Item> = ctl.with(|document, scene, _| {
        let of = |id: &NodeId| {
            let wires = document.wires().iter().filter(|w| w.from.node == *id).cloned().map(Item::Wire);
            std::iter::once(Item::Node(id.clone())).chain(wires).collect::<Vec<_>>()
        };
        scene.order.iter().flat_map(of).collect()
    });
    let at = ctl.focus.get_untracked().and_then(|item| all.iter().position(|i| *i == item));
    let next = match (at, onward) {
        (None, _) => 0,
        (Some(at), true) => (at + 1).min(all.len().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(item) = all.get(next) {
        go_to(ctl, item.clone(), false);
    }
}

fn to_end(ctl: CanvasCtl, first: bool) {
    let id = ctl.with(|_, scene, _| if first { scene.order.first() } else { scene.order.last() }.cloned());
    if let Some(id) = id {
        go_to(ctl, Item::Node(id), false);
    }
}

/// To the first wire that leaves the node, or else comes to it.
fn to_wire(ctl: CanvasCtl) {
    let Some(Item::Node(id)) = ctl.focus.get_untracked() else { return };
    let wire = ctl.with(|document, _, _| {
        let out = document.wires().iter().find(|w| w.from.node == id);
        out.or_else(|| document.wires().iter().find(|w| w.to.node == id)).cloned()
    });
    match wire {
        Some(wire) => go_to(ctl, Item::Wire(wire), false),
        None => ctl.say("Nothing is connected to it."),
    }
}

fn open_menu(ctl: CanvasCtl) -> bool {
    let item = ctl.focus.get_untracked();
    let element = item.as_ref().and_then(|item| page()?.get_element_by_id(&dom_id(item)));
    let at = match (&element, ctl.size.get_untracked()) {
        (Some(element), _) => {
            let rect = element.get_bounding_client_rect();
            Place { x: rect.left() + 24.0, y: rect.top() + rect.height().min(48.0) }
        }
        (None, (width, height)) => ctl.to_client(ctl.to_world(Place { x: width / 2.0, y: height / 2.0 })),
    };
    let target = item.map_or(Target::Empty, Target::Item);
    ctl.open_menu(Surface::Canvas, &target, at);
    true
}

/// The side that a wire's end is on, for the outline.
pub(super) fn end_of(wire: &Wire, side: Side) -> &PortRef {
    match side {
        Side::Input => &wire.to,
        Side::Output => &wire.from,
    }
}
