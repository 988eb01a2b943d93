//! What can be done on the canvas, for toolbars, menus and keys.

use crate::store::flow::Flow;
use automl_core::document::Place;
use leptos::prelude::*;

/// Type of what is dragged from a palette onto the canvas: the id of a kind (`dataTransfer.setData(KIND_MIME, id)`).
pub const KIND_MIME: &str = "application/x-trellis-kind";

/// A handle of the canvas; copies are the same handle.
#[derive(Clone, Copy)]
pub struct CanvasCtl {
    pub flow: Flow,
    /// The inspector is asked for (Enter on a node, double click); whoever shows it sets it back.
    pub inspect: RwSignal<bool>,
}

impl CanvasCtl {
    /// Makes the handle and puts it into context: called once by the shell, before [`super::Canvas`] is drawn.
    pub fn provide(flow: Flow) -> Self {
        let ctl = Self { flow, inspect: RwSignal::new(false) };
        provide_context(ctl);
        ctl
    }

    /// Adds a node of a kind. `at`: its upper left corner; `None`: beside the one selected node, connected to it where
    /// a port fits, or else in the middle of what is seen.
    pub fn add_kind(self, _kind_id: &str, _at: Option<Place>) {}
    /// Shows everything.
    pub fn zoom_to_fit(self) {}
    /// Zooms at the middle.
    pub fn zoom_by(self, _factor: f64) {}
    /// Puts everything in layers from left to right.
    pub fn tidy(self) {}
    pub fn delete_selection(self) {}
    pub fn copy(self) {}
    pub fn cut(self) {}
    pub fn paste(self) {}
    pub fn duplicate(self) {}
    pub fn select_all(self) {}
    /// Draws a frame around the selected nodes.
    pub fn group_selection(self) {}
    pub fn add_note(self) {}
    /// Lets what comes in through the selected nodes, or no longer.
    pub fn toggle_bypass(self) {}
    /// Offers the ports that fit the selected node's.
    pub fn connect_dialog(self) {}
    /// Offers all kinds, by search.
    pub fn quick_add(self) {}
}
