//! What can be done with what is drawn, for toolbars, menus and keys. Everything that changes the document can be undone.

use super::state::{CanvasCtl, Surface};
use automl_core::document::{Edit, Group, NodeId, Place, Sticky, Wire};
use leptos::ev::FocusEvent;
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use trellis_page::flow::blocks::{Tile, tidied};
use trellis_page::flow::clipboard::free_name;
use trellis_page::flow::connect;
use trellis_page::flow::geometry::{Rect, on_grid};
use trellis_page::flow::selection::Item;
use trellis_page::flow::viewport::Viewport;
use trellis_page::flow::words;

const NOTE_SIZE: (f64, f64) = (208.0, 96.0);

impl CanvasCtl {
    /// Shows everything.
    pub fn zoom_to_fit(self) {
        let (width, height) = self.size.get_untracked();
        let bounds = self.with(|_, scene, _| scene.bounds());
        if width > 0.0 {
            self.viewport.set(bounds.map_or_else(Viewport::default, |b| Viewport::fitting(b, width, height)));
        }
    }

    /// Zooms at the middle.
    pub fn zoom_by(self, factor: f64) {
        let (width, height) = self.size.get_untracked();
        self.viewport.update(|v| *v = v.zoomed(factor, Place { x: width / 2.0, y: height / 2.0 }));
    }

    /// Zooms to 100 %.
    pub fn zoom_to_whole(self) {
        self.zoom_by(1.0 / self.viewport.get_untracked().zoom);
    }

    /// Puts everything, or the selected nodes where there are several, in layers from left to right; groups stay together.
    pub fn tidy(self) {
        let selected = self.selected_nodes();
        let edits: Vec<Edit> = self.with(|document, scene, _| {
            let is_meant = |id: &NodeId| selected.len() < 2 || selected.contains(id);
            let tiles: BTreeMap<NodeId, Tile> = scene
                .nodes
                .iter()
                .filter(|(id, _)| is_meant(id))
                .map(|(id, shape)| (id.clone(), shape.tile()))
                .collect();
            let corner =
                Rect::around_all(tiles.values().map(|t| t.rect)).map_or(Place::default(), Rect::place);
            let groups = document.layout().groups.values().map(|g| &g.nodes);
            let places = tidied(&tiles, groups, document.wires(), corner);
            let moved = places.into_iter().filter(|(id, p)| document.layout().places.get(id) != Some(p));
            moved.map(|(id, place)| Edit::Move { id, place: Some(place) }).collect()
        });
        if edits.is_empty() {
            return self.say("Everything is in its place.");
        }
        if self.edit("Tidy up", edits) {
            self.zoom_to_fit();
            self.say("Tidied up.");
        }
    }

    /// Removes what is selected; of a group only its frame.
    pub fn delete_selection(self) {
        let selection = self.flow.selection.get_untracked();
        let nodes = selection.nodes();
        let next = self.next_after(&nodes);
        let (mut edits, mut others, mut wires) = (Vec::new(), 0, Vec::new());
        for item in selection.items() {
            match item {
                Item::Group(name) => {
                    edits.push(Edit::Group { name: name.clone(), group: None });
                    others += 1;
                }
                Item::Note(name) => {
                    edits.push(Edit::Note { name: name.clone(), note: None });
                    others += 1;
                }
                Item::Wire(wire) if !nodes.contains(&wire.from.node) && !nodes.contains(&wire.to.node) => {
                    edits.push(Edit::Disconnect { wire: wire.clone() });
                    wires.push(wire.clone());
                }
                Item::Wire(_) | Item::Node(_) => {}
            }
        }
        edits.extend(nodes.iter().map(|id| Edit::RemoveNode { id: id.clone() }));
        let label = match (nodes.len(), wires.as_slice(), others) {
            (0, [wire], 0) => format!("Disconnect {}", self.wire_name(wire)),
            (0, [], 1) => "Delete a note or a frame".to_owned(),
            (0, wires, others) => format!("Delete {} wires and notes", wires.len() + others),
            _ => format!("Delete {}", self.told(&nodes)),
        };
        if self.edit(&label, edits) {
            self.say(format!("{label}: done. Undo brings it back."));
            match next {
                Some(id) => self.focus_on(Item::Node(id)),
                None => self.focus.set(None),
            }
        }
    }

    /// The node before these in reading order, else the one after them.
    fn next_after(self, gone: &BTreeSet<NodeId>) -> Option<NodeId> {
        self.with(|_, scene, _| {
            let first = scene.order.iter().position(|id| gone.contains(id))?;
            let before = scene.order[..first].last();
            before.or_else(|| scene.order.iter().find(|id| !gone.contains(*id))).cloned()
        })
    }

    pub fn select_all(self) {
        let items: Vec<Item> = self.with(|document, _, _| {
            let notes = document.layout().notes.keys().map(|n| Item::Note(n.clone()));
            document.nodes().keys().map(|id| Item::Node(id.clone())).chain(notes).collect()
        });
        self.say(format!("{} selected.", items.len()));
        self.select(items);
    }

    /// Draws a frame around the selected nodes.
    pub fn group_selection(self) {
        let nodes = self.selected_nodes();
        if nodes.is_empty() {
            return self.say("Select the nodes to put into a group first.");
        }
        let (name, edits) = self.with(|document, _, _| {
            let groups = &document.layout().groups;
            let name = free_name("group", |name| groups.contains_key(name));
            let mut edits = Vec::new();
            // A node is in one group at most.
            for (other, group) in groups.iter().filter(|(_, g)| !g.nodes.is_disjoint(&nodes)) {
                let rest: BTreeSet<NodeId> = group.nodes.difference(&nodes).cloned().collect();
                let group = (!rest.is_empty()).then(|| Group { title: group.title.clone(), nodes: rest });
                edits.push(Edit::Group { name: other.clone(), group });
            }
            let group = Group { title: "Group".to_owned(), nodes: nodes.clone() };
            edits.push(Edit::Group { name: name.clone(), group: Some(group) });
            (name, edits)
        });
        if self.edit(&format!("Group {}", self.told(&nodes)), edits) {
            self.select([Item::Group(name.clone())]);
            if let Some(rect) = self.rect_of(&Item::Group(name.clone())) {
                self.bring_into_sight(rect);
            }
            self.rename(Surface::Canvas, Item::Group(name));
        }
    }

    pub fn add_note(self) {
        let centre = self.to_world(self.wanted());
        let (width, height) = NOTE_SIZE;
        let place = on_grid(Place { x: centre.x - width / 2.0, y: centre.y - height / 2.0 });
        let name = self.with(|d, _, _| free_name("note", |name| d.layout().notes.contains_key(name)));
        let note = Sticky { text: String::new(), place, width, height };
        if self.flow.edit("Add a note", Edit::Note { name: name.clone(), note: Some(note) }) {
            self.select([Item::Note(name.clone())]);
            self.rename(Surface::Canvas, Item::Note(name));
        }
    }

    /// Lets what comes in through the selected nodes, or no longer.
    pub fn toggle_bypass(self) {
        let nodes = self.selected_nodes();
        let all = self.with(|document, _, _| {
            nodes.iter().all(|id| document.nodes().get(id).is_some_and(|node| node.bypassed))
        });
        let edits = nodes.iter().map(|id| Edit::Bypass { id: id.clone(), bypassed: !all }).collect();
        let told = self.told(&nodes);
        let label = if all { format!("Use {told} again") } else { format!("Bypass {told}") };
        if self.edit(&label, edits) {
            self.say(format!("{label}: done."));
        }
    }

    /// Begins to type another title, or the text of a note.
    pub(super) fn rename(self, surface: Surface, item: Item) {
        if !matches!(item, Item::Wire(_)) {
            self.renaming.set(Some((surface, item)));
        }
    }

    /// Takes what was typed in a field that the keyboard has left. Where it went elsewhere by itself, there it stays.
    pub(super) fn renamed(self, item: &Item, text: String, left: &FocusEvent) {
        let Some((surface, _)) = self.renaming.get_untracked() else { return };
        self.renaming.set(None);
        if left.related_target().is_none() {
            self.refocus(surface);
        }
        let edit = self.with(|document, _, _| match item {
            Item::Node(id) => {
                let is_new = document.nodes().get(id).is_some_and(|n| n.title != text);
                is_new.then(|| Edit::RenameNode { id: id.clone(), title: text.clone() })
            }
            Item::Group(name) => {
                let group = document.layout().groups.get(name).filter(|g| g.title != text)?;
                let group = Group { title: text.clone(), nodes: group.nodes.clone() };
                Some(Edit::Group { name: name.clone(), group: Some(group) })
            }
            Item::Note(name) => {
                let note = document.layout().notes.get(name).filter(|n| n.text != text)?;
                let note = Sticky { text: text.clone(), ..note.clone() };
                Some(Edit::Note { name: name.clone(), note: Some(note) })
            }
            Item::Wire(_) => None,
        });
        if let Some(edit) = edit {
            let label = if matches!(item, Item::Note(_)) { "Write a note" } else { "Rename" };
            self.flow.edit(label, edit);
        }
    }

    pub(super) fn wire_name(self, wire: &Wire) -> String {
        self.with(|document, scene, kinds| words::wire_name(document, scene, kinds, wire))
    }

    /// Draws a wire, or says why it cannot be drawn.
    pub(super) fn connect(self, wire: &Wire) {
        match self.with(|document, scene, _| connect::connect(document, scene, wire)) {
            Ok(edits) => {
                let label = format!("Connect {}", self.wire_name(wire));
                if self.edit(&label, edits) {
                    self.say(format!("{label}: done."));
                }
            }
            Err(misfit) => self.say(misfit.message()),
        }
    }

    /// Leads a wire elsewhere, or says why it cannot lead there.
    pub(super) fn reconnect(self, old: &Wire, new: &Wire) {
        match self.with(|document, scene, _| connect::reconnect(document, scene, old, new)) {
            Ok(edits) if edits.is_empty() => self.say("It stays connected as it was."),
            Ok(edits) => {
                let label = format!("Reconnect {}", self.wire_name(new));
                if self.edit(&label, edits) {
                    self.say(format!("{label}: done."));
                }
            }
            Err(misfit) => self.say(misfit.message()),
        }
    }

    pub(super) fn disconnect(self, wire: &Wire) {
        let label = format!("Disconnect {}", self.wire_name(wire));
        if self.edit(&label, vec![Edit::Disconnect { wire: wire.clone() }]) {
            self.say(format!("{label}: done. Undo brings it back."));
        }
    }
}
