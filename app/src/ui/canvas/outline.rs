//! The pipeline as a tree: nodes in the order in which they can run, each with what comes in and goes out. Everything
//! that the canvas offers is offered here too.

use super::menu::Action;
use super::node::TitleField;
use super::pointer::Target;
use super::popup::Popups;
use super::state::{CanvasCtl, Surface, page, wire_key};
use automl_core::document::{NodeId, Place, Wire};
use leptos::prelude::*;
use std::collections::BTreeSet;
use trellis_page::flow::scene::Side;
use trellis_page::flow::selection::Item;
use trellis_page::flow::words;
use web_sys::KeyboardEvent;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq)]
enum Row {
    Node(NodeId),
    /// A port with one of its wires, or with none.
    Port {
        node: NodeId,
        side: Side,
        port: String,
        wire: Option<Wire>,
    },
}

impl Row {
    fn key(&self) -> String {
        match self {
            Self::Node(id) => id.0.clone(),
            Self::Port { node, side, port, wire } => {
                format!("{node} {side:?} {port} {}", wire.as_ref().map_or(String::new(), wire_key))
            }
        }
    }

    fn node(&self) -> &NodeId {
        match self {
            Self::Node(id) | Self::Port { node: id, .. } => id,
        }
    }

    fn item(&self) -> Item {
        match self {
            Self::Port { wire: Some(wire), .. } => Item::Wire(wire.clone()),
            Self::Node(id) | Self::Port { node: id, .. } => Item::Node(id.clone()),
        }
    }
}

fn row_id(key: &str) -> String {
    format!("outline-row-{key}")
}

/// Where in the window the line of a node is.
pub(super) fn place_of(id: &NodeId) -> Place {
    let row = page().and_then(|d| d.get_element_by_id(&row_id(&id.0)));
    row.map_or(Place::default(), |row| {
        let rect = row.get_bounding_client_rect();
        Place { x: rect.left() + 24.0, y: rect.bottom() }
    })
}

fn rows(ctl: CanvasCtl, folded: &BTreeSet<NodeId>) -> Vec<Row> {
    let scene = ctl.scene.get();
    ctl.flow.history.with(|history| {
        let document = history.document();
        let mut rows = Vec::new();
        for id in &scene.order {
            rows.push(Row::Node(id.clone()));
            let Some(shape) = scene.nodes.get(id).filter(|_| !folded.contains(id)) else { continue };
            for side in [Side::Input, Side::Output] {
                for port in shape.ports(side) {
                    let at = |w: &&Wire| {
                        let end = if side == Side::Input { &w.to } else { &w.from };
                        end.node == *id && end.port == port.name
                    };
                    let row = |wire| Row::Port { node: id.clone(), side, port: port.name.clone(), wire };
                    let before = rows.len();
                    rows.extend(document.wires().iter().filter(at).map(|w| row(Some(w.clone()))));
                    if rows.len() == before {
                        rows.push(row(None));
                    }
                }
            }
        }
        rows
    })
}

/// What a line says, and a few quieter words.
fn row_words(ctl: CanvasCtl, row: &Row) -> (String, String) {
    let scene = ctl.scene.get();
    ctl.flow.history.with(|history| {
        ctl.flow.kinds.with(|kinds| {
            let document = history.document();
            match row {
                Row::Node(id) => {
                    let name = words::name_of(document, kinds, id);
                    let node = document.nodes().get(id);
                    let kind = node.and_then(|n| kinds.get(&n.kind)).map(|s| s.title.clone());
                    let view = ctl.view_of(id);
                    let state = view.as_ref().map(|v| words::state_word(words::standing(v)).to_owned());
                    let text = view.as_ref().map(|v| v.text.clone()).filter(|t| !t.is_empty());
                    let (errors, warnings) = view.as_ref().map_or((0, 0), |v| words::counts(v));
                    let bypassed = node.is_some_and(|n| n.bypassed).then(|| "bypassed".to_owned());
                    let parts = [kind.filter(|k| *k != name), state, text, bypassed];
                    let counts = [words::counted(errors, "error"), words::counted(warnings, "warning")];
                    let parts: Vec<String> = parts.into_iter().chain(counts).flatten().collect();
                    (name, parts.join(", "))
                }
                Row::Port { node, side, port, wire } => {
                    let shape = scene.nodes.get(node);
                    let title =
                        shape.and_then(|s| s.port(*side, port)).map_or(port.clone(), |p| p.title.clone());
                    let words = match (side, wire) {
                        (Side::Input, Some(w)) => {
                            format!(
                                "from {}",
                                words::port_name(document, &scene, kinds, Side::Output, &w.from)
                            )
                        }
                        (Side::Output, Some(w)) => {
                            format!("to {}", words::port_name(document, &scene, kinds, Side::Input, &w.to))
                        }
                        (Side::Input, None) => "nothing connected".to_owned(),
                        (Side::Output, None) => "goes nowhere".to_owned(),
                    };
                    (format!("{} {title}", if *side == Side::Input { "Input" } else { "Output" }), words)
                }
            }
        })
    })
}

/// The tree's own state.
#[derive(Clone, Copy)]
struct Tree {
    ctl: CanvasCtl,
    rows: Memo<Vec<Row>>,
    folded: RwSignal<BTreeSet<NodeId>>,
    /// The key of the line that the keyboard is at.
    current: RwSignal<String>,
}

impl Tree {
    fn go(self, row: &Row) {
        let key = row.key();
        self.ctl.select([row.item()]);
        self.ctl.focus.set(Some(row.item()));
        self.current.set(key.clone());
        super::state::focus_element(&row_id(&key));
    }

    fn go_to(self, at: usize) {
        if let Some(row) = self.rows.with_untracked(|r| r.get(at).cloned()) {
            self.go(&row);
        }
    }

    /// Makes a row what actions are for.
    fn choose(self, row: &Row) {
        self.ctl.select([row.item()]);
        self.ctl.focus.set(Some(row.item()));
        self.current.set(row.key());
    }

    fn act(self, row: &Row, action: Action) {
        self.choose(row);
        self.ctl.act(Surface::Outline, &action);
        if action == Action::Delete {
            // The line may be gone: the one that takes its place has the keyboard.
            self.ctl.refocus(Surface::Outline);
        }
    }

    fn connect(self, row: &Row) {
        let place = place_of(row.node());
        let only = match row {
            Row::Node(_) => None,
            Row::Port { side, port, .. } => Some((*side, port.as_str())),
        };
        self.choose(row);
        self.ctl.offer_ports(Surface::Outline, place, row.node(), only);
    }

    fn fold(self, id: &NodeId, folds: bool) {
        self.folded.update(|f| {
            let _ = if folds { f.insert(id.clone()) } else { f.remove(id) };
        });
    }

    fn key(self, event: &KeyboardEvent) {
        let rows = self.rows.get_untracked();
        let current = self.current.get_untracked();
        let at = rows.iter().position(|r| r.key() == current).unwrap_or(0);
        let Some(row) = rows.get(at).cloned() else { return };
        let is_node = matches!(row, Row::Node(_));
        let key = event.key();
        if event.ctrl_key() || event.meta_key() {
            match key.to_lowercase().as_str() {
                "enter" => self.act(&row, Action::RunTo),
                "z" if event.shift_key() => self.ctl.flow.redo(),
                "z" => self.ctl.flow.undo(),
                "y" => self.ctl.flow.redo(),
                _ => return,
            }
        } else {
            match key.as_str() {
                "ArrowDown" => self.go_to((at + 1).min(rows.len() - 1)),
                "ArrowUp" => self.go_to(at.saturating_sub(1)),
                "Home" => self.go_to(0),
                "End" => self.go_to(rows.len() - 1),
                "ArrowLeft" if is_node => self.fold(row.node(), true),
                "ArrowLeft" => self.go(&Row::Node(row.node().clone())),
                "ArrowRight" if is_node => self.fold(row.node(), false),
                "ArrowRight" => self.follow(&row),
                "Enter" if is_node => self.act(&row, Action::Inspect),
                "Enter" | "c" | "C" => self.connect(&row),
                "F2" if is_node => self.act(&row, Action::Rename),
                "b" | "B" if is_node => self.act(&row, Action::Bypass),
                "p" | "P" if is_node => self.act(&row, Action::Pin),
                "Delete" | "Backspace" if is_node || matches!(row, Row::Port { wire: Some(_), .. }) => {
                    self.act(&row, Action::Delete);
                }
                "F10" if event.shift_key() => self.menu(&row),
                "ContextMenu" => self.menu(&row),
                _ => return,
            }
        }
        event.prevent_default();
        event.stop_propagation();
    }

    /// To the node at the other end of a wire.
    fn follow(self, row: &Row) {
        if let Row::Port { side, wire: Some(wire), .. } = row {
            self.go(&Row::Node(super::keys::end_of(wire, side.other()).node.clone()));
        }
    }

    fn menu(self, row: &Row) {
        self.choose(row);
        self.ctl.open_menu(Surface::Outline, &Target::Item(row.item()), place_of(row.node()));
    }
}

#[component]
fn RowActions(tree: Tree, row: Row) -> impl IntoView {
    let button = move |label: &'static str, act: Callback<()>| {
        view! { <button type="button" class="link" tabindex="-1" on:click=move |_| act.run(())>{label}</button> }
    };
    let of = |row: &Row, action: Action| {
        let row = row.clone();
        Callback::new(move |()| tree.act(&row, action))
    };
    let connect = {
        let row = row.clone();
        Callback::new(move |()| tree.connect(&row))
    };
    let buttons = match &row {
        Row::Node(_) => vec![
            ("Settings", of(&row, Action::Inspect)),
            ("Run", of(&row, Action::RunTo)),
            ("Connect", connect),
            ("Rename", of(&row, Action::Rename)),
            ("Bypass", of(&row, Action::Bypass)),
            ("Delete", of(&row, Action::Delete)),
        ],
        Row::Port { wire: Some(_), .. } => {
            vec![("Connect", connect), ("Disconnect", of(&row, Action::Delete))]
        }
        Row::Port { .. } => vec![("Connect", connect)],
    };
    view! { <span class="outline-actions">{buttons.into_iter().map(|(label, act)| button(label, act)).collect_view()}</span> }
}

#[component]
fn RowLine(tree: Tree, row: Row) -> impl IntoView {
    let ctl = tree.ctl;
    let (key, item, is_node) = (row.key(), row.item(), matches!(row, Row::Node(_)));
    let node = row.node().clone();
    let (for_words, for_focus, for_actions) = (row.clone(), row.clone(), row.clone());
    let said = Memo::new(move |_| row_words(ctl, &for_words));
    let own = key.clone();
    let is_current = Memo::new(move |_| {
        let current = tree.current.get();
        current == own
            || (tree
                .rows
                .with(|r| r.first().is_some_and(|f| f.key() == own) && r.iter().all(|r| r.key() != current)))
    });
    let (a, b, c) = (item.clone(), item.clone(), node.clone());
    let is_selected = Memo::new(move |_| ctl.flow.selection.with(|s| s.contains(&a)));
    let is_renamed = Memo::new(move |_| {
        is_node && ctl.renaming.with(|r| r.as_ref().is_some_and(|(s, i)| *s == Surface::Outline && *i == b))
    });
    let is_open = move || is_node.then(|| (!tree.folded.with(|f| f.contains(&c))).to_string());
    let name_of = node.clone();
    view! {
        <div
            class="outline-row"
            class:is-node=is_node
            id=row_id(&key)
            role="treeitem"
            data-testid=if is_node { format!("outline-{node}") } else { "outline-port".to_owned() }
            attr:aria-level=if is_node { "1" } else { "2" }
            aria-expanded=is_open
            aria-selected=move || is_selected.get().to_string()
            aria-label=move || { let (name, more) = said.get(); format!("{name}, {more}") }
            tabindex=move || if is_current.get() { "0" } else { "-1" }
            on:focus=move |_| tree.choose(&for_focus)
        >
            {move || if is_renamed.get() {
                let value = ctl.name_of(&name_of);
                view! { <TitleField item=Item::Node(name_of.clone()) value /> }.into_any()
            } else {
                view! { <span class="outline-name ellipsis">{move || said.get().0}</span> }.into_any()
            }}
            <span class="quiet small ellipsis">{move || said.get().1}</span>
            <RowActions tree row=for_actions />
        </div>
    }
}

/// The pipeline as a tree. Needs a [`CanvasCtl`] in context.
#[component]
pub fn Outline() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let folded = RwSignal::new(BTreeSet::new());
    let rows = Memo::new(move |_| folded.with(|f| rows(ctl, f)));
    let tree = Tree { ctl, rows, folded, current: RwSignal::new(String::new()) };
    let on_key = move |event: KeyboardEvent| {
        let in_field = event_target::<web_sys::Element>(&event).tag_name() == "INPUT";
        if !in_field {
            tree.key(&event);
        }
    };
    view! {
        <div class="outline" data-testid="outline">
            <p class="visually-hidden" id="outline-help">
                "Arrow keys go through the tree. Enter opens the form of a node, or connects a port. C connects, Delete removes or disconnects, F2 renames, B bypasses, Control and Enter run to here."
            </p>
            <div role="tree" aria-label="Outline of the pipeline" aria-describedby="outline-help" on:keydown=on_key>
                <For each=move || rows.get() key=Row::key children=move |row| view! { <RowLine tree row /> } />
            </div>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="quiet">"The pipeline is empty. Add a node from the palette."</p>
            </Show>
            <Popups surface=Surface::Outline />
        </div>
    }
}
