//! What a gesture does, frame by frame and at its end.

use super::dragging::Dragging;
use super::keys::end_of;
use super::pointer::{Gesture, MOUSE_SLACK, Pointers, Pressed, TOUCH_SLACK, Target, target_of};
use super::state::{LooseEnd, Surface, Wiring};
use automl_core::document::{Edit, NodeId, Place, PortRef, Sticky, Wire};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::flow::connect::{lifted, targets, wire_of, without};
use trellis_page::flow::geometry::{Rect, between, on_grid};
use trellis_page::flow::scene::{NODE_WIDTH, Side};
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::viewport::Viewport;
use web_sys::PointerEvent;

/// Pixels from which a loose end is drawn to a port that fits.
const PORT_REACH: f64 = 28.0;
/// Least width and height of a note.
const LEAST_NOTE: f64 = 64.0;

impl Pointers {
    /// One frame of what is under way.
    pub(super) fn step(self) {
        // Taken out meanwhile, so that what is called may look at the hands.
        let taken = self.hands.try_update_value(|h| Some((h.pressed.take()?, h.down.clone()))).flatten();
        let Some((mut pressed, down)) = taken else { return };
        let at = down.values().next().copied().unwrap_or(pressed.start);
        self.step_of(&mut pressed, at, &down);
        self.hands.update_value(|h| h.pressed = Some(pressed));
    }

    fn step_of(self, pressed: &mut Pressed, at: Place, down: &BTreeMap<i32, Place>) {
        let ctl = self.ctl;
        let slack = if pressed.is_touch { TOUCH_SLACK } else { MOUSE_SLACK };
        let is_near = near(pressed.start, at, slack);
        if let Gesture::Press(target) = &pressed.gesture {
            if is_near {
                return;
            }
            self.hands.update_value(|h| h.long_press = None);
            pressed.gesture = self.begin(target.clone(), pressed.shift);
        }
        let moved = between(pressed.start, at);
        match &mut pressed.gesture {
            Gesture::Press(_) => {}
            Gesture::Pan { from } => {
                if !is_near {
                    self.hands.update_value(|h| h.long_press = None);
                }
                self.is_panned.set_value(true);
                self.is_panning.set(true);
                ctl.viewport.set(from.panned(moved.x, moved.y));
            }
            Gesture::Select { base } => {
                let rect = Rect::spanned(ctl.to_world(pressed.start), ctl.to_world(at));
                ctl.marquee.set(Some(rect));
                self.select_within(base, rect);
            }
            Gesture::Drag(dragging) => {
                let zoom = ctl.viewport.get_untracked().zoom;
                dragging.step(ctl, Place { x: moved.x / zoom, y: moved.y / zoom }, !pressed.alt);
            }
            Gesture::Wire(wiring) => {
                let world = ctl.to_world(at);
                let over = self.over(wiring, world);
                ctl.loose.set(Some(LooseEnd { at: world, over }));
            }
            Gesture::Resize { name, from, to } => {
                let zoom = ctl.viewport.get_untracked().zoom;
                let corner =
                    on_grid(Place { x: from.width + moved.x / zoom, y: from.height + moved.y / zoom });
                *to = Rect { width: corner.x.max(LEAST_NOTE), height: corner.y.max(LEAST_NOTE), ..*from };
                super::dragging::size_note(name, *to);
            }
            Gesture::Pinch { from, fingers: [(a, pa), (b, pb)] } => {
                if let (Some(&na), Some(&nb)) = (down.get(a), down.get(b)) {
                    ctl.viewport.set(pinched(*from, (*pa, *pb), (na, nb)));
                }
            }
        }
    }

    /// What a press becomes once it moves.
    fn begin(self, target: Target, shift: bool) -> Gesture {
        let ctl = self.ctl;
        match target {
            Target::Empty | Target::Item(Item::Wire(_)) => {
                let base = if shift { ctl.flow.selection.get_untracked() } else { Selection::default() };
                Gesture::Select { base }
            }
            Target::Item(item) => Gesture::Drag(Dragging::of(ctl, &item)),
            Target::End(wire, side) => {
                self.wire_from(end_of(&wire, side.other()).clone(), side.other(), Some(wire))
            }
            Target::Port(port, side) => {
                match ctl.with(|document, scene, _| lifted(document, scene, side, &port)) {
                    Some(wire) => self.wire_from(wire.from.clone(), Side::Output, Some(wire)),
                    None => self.wire_from(port, side, None),
                }
            }
            Target::Corner(name) => {
                let from = ctl.rect_of(&Item::Note(name.clone())).unwrap_or_default();
                Gesture::Resize { name, from, to: from }
            }
        }
    }

    /// A wire that is drawn from a port, or whose other end was lifted.
    fn wire_from(self, from: PortRef, side: Side, lifted: Option<Wire>) -> Gesture {
        let fits = self.ctl.with(|document, scene, _| match &lifted {
            // Where it was it may go back to.
            Some(wire) => targets(&without(document, wire), scene, &from, side),
            None => targets(document, scene, &from, side),
        });
        let wiring = Arc::new(Wiring { from, side, fits: fits.into_iter().collect(), lifted });
        self.ctl.wiring.set(Some(wiring.clone()));
        Gesture::Wire(wiring)
    }

    fn select_within(self, base: &Selection, rect: Rect) {
        let mut selection = base.clone();
        self.ctl.with(|_, scene, _| {
            for (id, _) in scene.nodes.iter().filter(|(_, s)| s.rect().touches(rect)) {
                selection.add(Item::Node(id.clone()));
            }
            for (name, _) in scene.notes.iter().filter(|(_, r)| r.touches(rect)) {
                selection.add(Item::Note(name.clone()));
            }
        });
        if self.ctl.flow.selection.with_untracked(|s| s.items() != selection.items()) {
            self.ctl.flow.selection.set(selection);
        }
    }

    /// The port that a loose end is drawn to: the nearest that fits, or the only one of the node under it.
    fn over(self, wiring: &Wiring, world: Place) -> Option<PortRef> {
        let reach = PORT_REACH / self.ctl.viewport.get_untracked().zoom;
        self.ctl.with(|_, scene, _| {
            let near = scene.ports_near(wiring.side.other(), world, reach);
            near.into_iter().find(|p| wiring.fits.contains(p)).or_else(|| {
                let node = scene.node_at(world)?;
                let own = wiring.lifted.as_ref().map(|wire| end_of(wire, wiring.side.other()));
                let own = own.filter(|port| port.node == *node);
                own.or_else(|| wiring.fits.iter().find(|p| p.node == *node)).cloned()
            })
        })
    }

    pub fn up(self, event: &PointerEvent) {
        self.step();
        let at = self.at(event);
        let taken = self.hands.try_update_value(|h| {
            h.down.remove(&event.pointer_id());
            h.long_press = None;
            (h.pressed.take(), std::mem::take(&mut h.is_held))
        });
        let Some((Some(pressed), is_held)) = taken else { return };
        let is_near = near(pressed.start, at, if pressed.is_touch { TOUCH_SLACK } else { MOUSE_SLACK });
        self.is_panning.set(false);
        let ctl = self.ctl;
        match pressed.gesture {
            Gesture::Press(target) => self.click(target, pressed.shift),
            Gesture::Pan { .. } if is_near && pressed.is_touch => self.click(self.touched(at), pressed.shift),
            Gesture::Pan { .. } | Gesture::Pinch { .. } => {}
            Gesture::Select { .. } => {
                ctl.marquee.set(None);
                if is_held && is_near {
                    let client = ctl.to_client(ctl.to_world(at));
                    ctl.open_menu(Surface::Canvas, &Target::Empty, client);
                } else {
                    let count = ctl.flow.selection.with_untracked(|s| s.items().len());
                    ctl.say(format!("{count} selected."));
                }
            }
            Gesture::Drag(dragging) => dragging.end(ctl),
            Gesture::Wire(wiring) => self.drop_wire(&wiring, ctl.to_world(at)),
            Gesture::Resize { name, from, to } => {
                let note = ctl.with(|d, _, _| d.layout().notes.get(&name).cloned());
                if let Some(note) = note.filter(|_| from != to) {
                    let note = Sticky { width: to.width, height: to.height, ..note };
                    ctl.flow.edit("Resize a note", Edit::Note { name, note: Some(note) });
                }
            }
        }
    }

    /// What a finger has tapped that panned nothing: a wire, or nothing.
    fn touched(self, at: Place) -> Target {
        let client = self.ctl.to_client(self.ctl.to_world(at));
        let element =
            super::state::page().and_then(|d| d.element_from_point(client.x as f32, client.y as f32));
        element.map_or(Target::Empty, |e| target_of(self.ctl, &e))
    }

    fn click(self, target: Target, shift: bool) {
        let ctl = self.ctl;
        match target {
            Target::Empty => {
                if !shift {
                    ctl.select([]);
                }
            }
            Target::End(wire, _) | Target::Item(Item::Wire(wire)) => {
                let item = Item::Wire(wire);
                self.press_item(&item, shift);
                ctl.focus_on(item);
            }
            // Of several one is meant, now that they were not dragged.
            Target::Item(item) if !shift => ctl.select([item]),
            Target::Item(_) | Target::Corner(_) => {}
            Target::Port(port, side) => {
                ctl.select([Item::Node(port.node.clone())]);
                let place = ctl.with(|_, scene, _| scene.port_place(side, &port)).unwrap_or_default();
                ctl.offer_ports(Surface::Canvas, ctl.to_client(place), &port.node, Some((side, &port.port)));
            }
        }
    }

    fn drop_wire(self, wiring: &Wiring, world: Place) {
        let ctl = self.ctl;
        ctl.wiring.set(None);
        ctl.loose.set(None);
        match self.over(wiring, world) {
            Some(to) => self.draw_wire(wiring, &to),
            None => {
                // A port that does not fit is as good as its node: half of it lies outside.
                let reach = PORT_REACH / 2.0 / ctl.viewport.get_untracked().zoom;
                let node = ctl.with(|_, scene, _| {
                    let near = scene.ports_near(wiring.side.other(), world, reach).into_iter().next();
                    near.map(|port| port.node).or_else(|| scene.node_at(world).cloned())
                });
                match node {
                    // Why it does not fit is worth a word.
                    Some(id) if id != wiring.from.node => self.say_misfit(wiring, &id),
                    Some(_) => {}
                    None if wiring.lifted.is_some() => wiring.lifted.iter().for_each(|w| ctl.disconnect(w)),
                    None => {
                        let x = if wiring.side == Side::Output { world.x } else { world.x - NODE_WIDTH };
                        let place = Place { x, y: world.y - 40.0 };
                        let from = Some((wiring.from.clone(), wiring.side));
                        ctl.offer_kinds(ctl.to_client(world), Some(place), from);
                    }
                }
            }
        }
    }

    /// Ends the wire at a port, or says why it cannot end there.
    fn draw_wire(self, wiring: &Wiring, to: &PortRef) {
        let wire = wire_of(&wiring.from, to, wiring.side);
        match &wiring.lifted {
            Some(old) => self.ctl.reconnect(old, &wire),
            None => self.ctl.connect(&wire),
        }
    }

    fn say_misfit(self, wiring: &Wiring, id: &NodeId) {
        let first = self.ctl.with(|_, scene, _| {
            let port = scene.nodes.get(id)?.ports(wiring.side.other()).first()?;
            Some(PortRef { node: id.clone(), port: port.name.clone() })
        });
        match first {
            Some(to) => self.draw_wire(wiring, &to),
            None => self.ctl.say("That node has no port on this side."),
        }
    }
}

pub(super) fn near(a: Place, b: Place, slack: f64) -> bool {
    (a.x - b.x).abs() <= slack && (a.y - b.y).abs() <= slack
}

/// The view after two fingers have gone from `was` to `now`.
fn pinched(from: Viewport, was: (Place, Place), now: (Place, Place)) -> Viewport {
    let middle = |(a, b): (Place, Place)| Place { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 };
    let apart = |(a, b): (Place, Place)| {
        let d = between(a, b);
        (d.x * d.x + d.y * d.y).sqrt().max(1.0)
    };
    let moved = between(middle(was), middle(now));
    from.panned(moved.x, moved.y).zoomed(apart(now) / apart(was), middle(now))
}
