//! Everything that can be done, as actions: menus, keys and the outline share them.

use super::pointer::Target;
use super::state::{CanvasCtl, Popup, Surface};
use automl_core::document::{NodeId, Place};
use leptos::prelude::*;
use trellis_page::flow::selection::Item;

/// Something that can be done with what is selected, or with the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Inspect,
    RunTo,
    RunAfresh,
    Pin,
    Bypass,
    Connect,
    Rename,
    Cut,
    Copy,
    Paste,
    Duplicate,
    Group,
    Delete,
    Add,
    AddNote,
    SelectAll,
    Tidy,
    Fit,
    Undo,
    Redo,
}

/// A line of the menu: what it does, its words and its key. `None`: a line between.
pub(super) type Line = Option<(Action, &'static str, &'static str)>;

const OF_NODE: &[Line] = &[
    Some((Action::Inspect, "Settings", "Enter")),
    Some((Action::RunTo, "Run to here", "Ctrl Enter")),
    Some((Action::RunAfresh, "Run this again", "")),
    Some((Action::Pin, "Keep the result (pin)", "P")),
    Some((Action::Bypass, "Bypass", "B")),
    None,
    Some((Action::Connect, "Connect to…", "C")),
    Some((Action::Rename, "Rename", "F2")),
    Some((Action::Group, "Group", "Ctrl G")),
    None,
    Some((Action::Cut, "Cut", "Ctrl X")),
    Some((Action::Copy, "Copy", "Ctrl C")),
    Some((Action::Duplicate, "Duplicate", "Ctrl D")),
    Some((Action::Delete, "Delete", "Del")),
];
const OF_WIRE: &[Line] = &[Some((Action::Delete, "Disconnect", "Del"))];
const OF_NOTE: &[Line] = &[
    Some((Action::Rename, "Edit the text", "F2")),
    Some((Action::Copy, "Copy", "Ctrl C")),
    Some((Action::Duplicate, "Duplicate", "Ctrl D")),
    Some((Action::Delete, "Delete", "Del")),
];
const OF_GROUP: &[Line] = &[
    Some((Action::Rename, "Rename", "F2")),
    Some((Action::Copy, "Copy", "Ctrl C")),
    Some((Action::Duplicate, "Duplicate", "Ctrl D")),
    Some((Action::Delete, "Remove the frame", "Del")),
];
const OF_CANVAS: &[Line] = &[
    Some((Action::Add, "Add a node…", "/")),
    Some((Action::AddNote, "Add a note", "")),
    Some((Action::Paste, "Paste", "Ctrl V")),
    None,
    Some((Action::SelectAll, "Select all", "Ctrl A")),
    Some((Action::Tidy, "Tidy up", "")),
    Some((Action::Fit, "Show everything", ".")),
    None,
    Some((Action::Undo, "Undo", "Ctrl Z")),
    Some((Action::Redo, "Redo", "Ctrl Y")),
];

/// The lines of the menu for what is selected.
pub(super) fn lines(ctl: CanvasCtl) -> &'static [Line] {
    ctl.flow.selection.with_untracked(|selection| {
        let has_node = selection.items().iter().any(|item| matches!(item, Item::Node(_)));
        match selection.items().first() {
            _ if has_node => OF_NODE,
            Some(Item::Wire(_)) => OF_WIRE,
            Some(Item::Note(_)) => OF_NOTE,
            Some(Item::Group(_)) => OF_GROUP,
            Some(Item::Node(_)) | None => OF_CANVAS,
        }
    })
}

impl CanvasCtl {
    /// Opens the menu of a target, in the window at `at`. The target is selected, unless it is already.
    pub(super) fn open_menu(self, surface: Surface, target: &Target, at: Place) {
        let item = match target {
            Target::Item(item) => Some(item.clone()),
            Target::End(wire, _) => Some(Item::Wire(wire.clone())),
            Target::Port(port, _) => Some(Item::Node(port.node.clone())),
            Target::Corner(name) => Some(Item::Note(name.clone())),
            Target::Empty => None,
        };
        match item {
            Some(item) => {
                if self.flow.selection.with_untracked(|s| !s.contains(&item)) {
                    self.select([item.clone()]);
                }
                self.focus.set(Some(item));
            }
            None => self.select([]),
        }
        self.open(surface, at, Popup::Menu);
    }

    /// The node that an action is for.
    fn subject(self) -> Option<NodeId> {
        self.flow.selection.with_untracked(|s| s.subject().cloned())
    }

    /// The item that is renamed.
    fn item(self) -> Option<Item> {
        let focus = self.focus.get_untracked();
        self.flow
            .selection
            .with_untracked(|s| focus.filter(|item| s.contains(item)).or_else(|| s.items().first().cloned()))
    }

    pub(super) fn act(self, surface: Surface, action: &Action) {
        match action {
            Action::Inspect => match self.subject() {
                Some(_) => self.inspect.set(true),
                None => self.say("Select a node first."),
            },
            Action::RunTo => self.store.start_flow(self.selected_nodes().into_iter().collect(), false),
            Action::RunAfresh => self.store.start_flow(self.selected_nodes().into_iter().collect(), true),
            Action::Pin => self.toggle_pin(),
            Action::Bypass => self.toggle_bypass(),
            Action::Connect if surface == Surface::Canvas => self.connect_dialog(),
            Action::Connect => {
                if let Some(id) = self.subject() {
                    let at = super::outline::place_of(&id);
                    self.offer_ports(surface, at, &id, None);
                }
            }
            Action::Rename => {
                if let Some(item) = self.item() {
                    self.rename(surface, item);
                }
            }
            Action::Cut => self.cut(),
            Action::Copy => self.copy(),
            Action::Paste => self.paste(),
            Action::Duplicate => self.duplicate(),
            Action::Group => self.group_selection(),
            Action::Delete => self.delete_selection(),
            Action::Add => self.quick_add(),
            Action::AddNote => self.add_note(),
            Action::SelectAll => self.select_all(),
            Action::Tidy => self.tidy(),
            Action::Fit => self.zoom_to_fit(),
            Action::Undo => self.flow.undo(),
            Action::Redo => self.flow.redo(),
        }
    }

    /// Nodes that are pinned keep the results that they have.
    pub fn toggle_pin(self) {
        let nodes = self.selected_nodes();
        let all = self.flow.pinned.with_untracked(|pinned| nodes.is_subset(pinned));
        self.flow.pinned.update(|pinned| {
            if all {
                pinned.retain(|id| !nodes.contains(id));
            } else {
                pinned.extend(nodes.iter().cloned());
            }
        });
        let what = if all { "is computed anew when it changes" } else { "keeps its result" };
        self.say(format!("{} {what}.", self.told(&nodes)));
    }
}
