//! Panning while something is dragged to the edge of the canvas.

use super::pointer::{Gesture, Pointers};
use automl_core::document::Place;
use automl_core::platform::Stopwatch;
use leptos::prelude::*;
use trellis_page::flow::geometry::moved;
use trellis_page::flow::viewport::edge_speed;

/// A page that was busy for longer than this pans no farther.
const MOST_SECS: f64 = 0.05;

impl Pointers {
    /// In pixels of the screen a second; `None` where nothing is dragged, or not at an edge.
    fn speed(self) -> Option<Place> {
        let dragged = self.hands.with_value(|h| {
            let pressed = h.pressed.as_ref().and_then(|pressed| {
                let is_dragged =
                    matches!(pressed.gesture, Gesture::Drag(_) | Gesture::Wire(_) | Gesture::Select { .. });
                h.down.values().next().filter(|_| is_dragged).map(|at| (pressed.start, *at))
            });
            h.hover.or(pressed)
        });
        let (start, at) = dragged?;
        let (width, height) = self.ctl.size.get_untracked();
        Some(edge_speed(start, at, width, height)).filter(|speed| *speed != Place::default())
    }

    /// Begins to pan where what is dragged is at an edge. It ends by itself with the frame in which it is there no more.
    pub(super) fn pan_at_edge(self) {
        let is_panning = self.hands.with_value(|h| h.edge.is_some());
        if !is_panning && self.speed().is_some() {
            self.hands.update_value(|h| h.edge = Some(Stopwatch::start()));
            self.ctl.in_a_frame(move || self.edge_frame());
        }
    }

    fn edge_frame(self) {
        let Some(speed) = self.speed() else {
            return self.hands.update_value(|h| h.edge = None);
        };
        let watch = self.hands.try_update_value(|h| h.edge.replace(Stopwatch::start())).flatten();
        let secs = watch.map_or(0.0, |w| w.elapsed_secs()).min(MOST_SECS);
        let by = Place { x: speed.x * secs, y: speed.y * secs };
        self.ctl.viewport.update(|v| *v = v.panned(by.x, by.y));
        self.hands.update_value(|h| {
            // What was pressed is where it was on the canvas.
            if let Some(pressed) = &mut h.pressed {
                pressed.start = moved(pressed.start, by);
            }
            if let Some((start, _)) = &mut h.hover {
                *start = moved(*start, by);
            }
        });
        self.step();
        self.ctl.in_a_frame(move || self.edge_frame());
    }

    /// Something of another part of the page is dragged over the canvas, or no longer.
    pub(super) fn hover(self, at: Option<Place>) {
        self.hands.update_value(|h| {
            h.hover = at.map(|at| (h.hover.map_or(at, |(start, _)| start), at));
        });
        self.pan_at_edge();
    }
}
