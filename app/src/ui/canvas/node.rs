//! A node as it is drawn: what it is, how it stands, its ports.

use super::state::{CanvasCtl, Surface, dom_id};
use automl_core::document::{NodeId, PortRef};
use automl_core::engine::protocol::{NodeState, NodeView};
use automl_core::kind::PortType;
use leptos::html::Input;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::connect::{type_id, type_name};
use trellis_page::flow::scene::{Shape, Side};
use trellis_page::flow::selection::Item;
use trellis_page::flow::words;

/// What a node's card says of the document.
#[derive(Debug, Clone, PartialEq)]
struct Card {
    title: String,
    /// Its kind, where the title is another, and its main parameters.
    below: String,
    kind: String,
    group: &'static str,
    is_bypassed: bool,
}

fn card_of(ctl: CanvasCtl, id: &NodeId) -> Option<Card> {
    ctl.flow.history.with(|history| {
        ctl.flow.kinds.with(|kinds| {
            let node = history.document().nodes().get(id)?;
            let (title, spec) = (words::name(node, kinds), kinds.get(&node.kind));
            let own = spec.filter(|s| s.title != title).map(|s| s.title.clone());
            let summary = spec.map(|s| words::summary(node, s)).filter(|s| !s.is_empty());
            let below: Vec<String> = own.into_iter().chain(summary).collect();
            Some(Card {
                title,
                below: below.join(" · "),
                kind: node.kind.clone(),
                // Before kinds have been told, none is unknown.
                group: spec.map_or(if kinds.is_empty() { "" } else { "Unknown kind" }, |s| s.group.title()),
                is_bypassed: node.bypassed,
            })
        })
    })
}

/// The outline of a state's sign in a square of 12.
fn state_path(state: NodeState) -> &'static str {
    match state {
        NodeState::NotSet => "M6 1.5v5.5M6 9.5v1",
        NodeState::Ready => "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
        NodeState::Waiting => "M6 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4Z",
        NodeState::Running => "M3.5 2 10 6 3.5 10Z",
        NodeState::Done => "M1.5 6.5 4.5 9.5 10.5 2.5",
        NodeState::Stale => "M10 6a4 4 0 1 1-1.2-2.8M10 1v2.5H7.5",
        NodeState::Failed => "M2.5 2.5l7 7M9.5 2.5l-7 7",
        NodeState::Bypassed => "M1 6h9M7 3l3 3-3 3",
        NodeState::Unknown => "M3.5 4a2.5 2.5 0 1 1 3.3 2.3c-.6.2-.8.6-.8 1.2M6 9.8v.4",
    }
}

/// The outline of a port's sign in a square of 12: a shape for each type, so that colour is not all.
fn port_path(ty: Option<PortType>) -> &'static str {
    match ty {
        Some(PortType::Table) => "M2 2h8v8H2Z",
        Some(PortType::Target) => "M6 .8 11.2 6 6 11.2 .8 6Z",
        Some(PortType::Model) => "M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6Z",
        Some(PortType::Scores) => "M2 1v10l9-5Z",
        Some(PortType::Report) => "M3.5 1.2h5L11.2 6 8.5 10.8h-5L.8 6Z",
        None => "M6 3a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z",
    }
}

#[component]
fn PortDot(id: NodeId, shape: Memo<Option<Arc<Shape>>>, side: Side, index: usize) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let port = shape.get_untracked().and_then(|s| s.ports(side).get(index).cloned());
    port.map(|port| {
        let own = PortRef { node: id.clone(), port: port.name.clone() };
        let is_lit = {
            let own = own.clone();
            Memo::new(move |_| {
                ctl.wiring.with(|w| {
                    w.as_ref().is_some_and(|w| {
                        (w.side != side && w.fits.contains(&own)) || (w.side == side && w.from == own)
                    })
                })
            })
        };
        let is_wired = Memo::new(move |_| {
            ctl.flow.history.with(|h| {
                let wires = &mut h.document().wires().iter();
                wires.any(|w| if side == Side::Input { w.to == own } else { w.from == own })
            })
        });
        let side_id = if side == Side::Input { "input" } else { "output" };
        let tip = match port.ty {
            Some(ty) if port.title.eq_ignore_ascii_case(type_id(Some(ty))) => port.title.clone(),
            Some(ty) => format!("{}: {}", port.title, type_name(ty)),
            None => port.title.clone(),
        };
        let tip = if port.optional { format!("{tip} (may stay empty)") } else { tip };
        let top = move || shape.with(|s| s.as_ref().map_or(0.0, |s| s.port_top(side, index)));
        let named = shape.with_untracked(|s| s.as_ref().is_some_and(|s| s.ports(side).len() > 1));
        view! {
            <span
                class="port"
                class:lit=move || is_lit.get()
                class:wired=move || is_wired.get()
                data-testid=format!("port-{id}-{}", port.name)
                data-of=id.0.clone()
                data-port=port.name.clone()
                data-side=side_id
                data-type=type_id(port.ty)
                title=tip
                style:top=move || format!("{}px", top())
            >
                <svg viewBox="0 0 12 12" aria-hidden="true"><path d=port_path(port.ty) /></svg>
                {named.then(|| view! { <span class="port-name">{port.title.clone()}</span> })}
            </span>
        }
    })
}

/// A field in place of a title. Enter and leaving it take what was typed, Escape does not.
#[component]
pub(super) fn TitleField(item: Item, value: String) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let field = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // A field on the page can be focused and its text selected.
            let _ = field.focus();
            field.select();
        }
    });
    let on_key = move |event: web_sys::KeyboardEvent| {
        event.stop_propagation();
        match event.key().as_str() {
            "Enter" => {
                if let Some(field) = field.get_untracked() {
                    let _ = field.blur();
                }
            }
            "Escape" => {
                let surface = ctl.renaming.get_untracked().map_or(Surface::Canvas, |(surface, _)| surface);
                ctl.renaming.set(None);
                ctl.refocus(surface);
            }
            _ => {}
        }
    };
    view! {
        <input
            node_ref=field
            class="rename"
            data-testid="rename"
            aria-label="Title"
            maxlength="200"
            autocomplete="off"
            spellcheck="false"
            prop:value=value
            on:keydown=on_key
            on:blur=move |e| ctl.renamed(&item, event_target_value(&e).trim().to_owned(), &e)
        />
    }
}

/// How a node stands, in a sign, a word and a few more.
#[component]
fn Status(view: Memo<Option<Arc<NodeView>>>) -> impl IntoView {
    let state = Memo::new(move |_| view.with(|v| v.as_ref().map(|v| words::standing(v))));
    let text = move || view.with(|v| v.as_ref().map_or(String::new(), |v| v.text.clone()));
    let word = move || match (state.get(), view.with(|v| v.as_ref().and_then(|v| v.share))) {
        (Some(NodeState::Running), Some(share)) => format!("{:.0} %", share * 100.0),
        // What it waits for says so.
        (Some(NodeState::Waiting), _) if view.with(|v| v.as_ref().is_some_and(|v| !v.text.is_empty())) => {
            String::new()
        }
        (Some(state), _) => words::state_word(state).to_owned(),
        (None, _) => String::new(),
    };
    let counts = Memo::new(move |_| view.with(|v| v.as_ref().map_or((0, 0), |v| words::counts(v))));
    let first = move || {
        view.with(|v| v.as_ref().and_then(|v| v.findings.first().map(|f| f.diagnostic.message.clone())))
    };
    let share =
        move || view.with(|v| v.as_ref().filter(|v| v.state == NodeState::Running).and_then(|v| v.share));
    view! {
        <div class="node-status">
            {move || state.get().map(|s| view! { <svg class="light" viewBox="0 0 12 12" aria-hidden="true"><path d=state_path(s) /></svg> })}
            <span class="node-word">{word}</span>
            <span class="node-text ellipsis" title=text>{text}</span>
            {move || words::counted(counts.get().0, "error").map(|t| view! { <span class="finding bad" title=first>{format!("✕ {t}")}</span> })}
            {move || (counts.get().0 == 0).then(|| words::counted(counts.get().1, "warning")).flatten().map(|t| view! { <span class="finding warn" title=first>{format!("! {t}")}</span> })}
        </div>
        {move || share().map(|share| view! { <div class="node-bar" style:width=format!("{:.1}%", share * 100.0)></div> })}
    }
}

/// The button that runs what the node needs, and the mark of a node that keeps its result.
#[component]
fn Marks(id: NodeId) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let own = id.clone();
    let is_pinned = Memo::new(move |_| ctl.flow.pinned.with(|p| p.contains(&own)));
    let run = move |_| ctl.store.start_flow(vec![id.clone()], false);
    view! {
        {move || is_pinned.get().then(|| view! { <svg class="pin" viewBox="0 0 12 12" role="img" aria-label="Keeps its result"><path d="M4 1h4v4l2 2H2l2-2ZM6 7v4" /></svg> })}
        <button type="button" class="node-run" tabindex="-1" title="Run to here" aria-label="Run to here" on:click=run>
            <svg viewBox="0 0 12 12" aria-hidden="true"><path d="M3 1.5 10.5 6 3 10.5Z" /></svg>
        </button>
    }
}

#[component]
pub(super) fn NodeCard(id: NodeId) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let item = Item::Node(id.clone());
    let memo_of = |id: &NodeId| id.clone();
    let (for_shape, for_card, for_view, for_label) = (memo_of(&id), memo_of(&id), memo_of(&id), memo_of(&id));
    let shape = Memo::new(move |_| ctl.scene.with(|s| s.nodes.get(&for_shape).cloned()));
    let card = Memo::new(move |_| card_of(ctl, &for_card));
    let view = Memo::new(move |_| ctl.view_of(&for_view));
    let label = Memo::new(move |_| {
        let (scene, view) = (ctl.scene.get(), view.get());
        ctl.flow.kinds.with(|kinds| {
            ctl.flow
                .history
                .with(|h| words::node_label(h.document(), &scene, kinds, &for_label, view.as_deref()))
        })
    });
    let (a, b, c) = (item.clone(), item.clone(), item.clone());
    let is_selected = Memo::new(move |_| ctl.flow.selection.with(|s| s.contains(&a)));
    let is_current = Memo::new(move |_| ctl.is_current(&b));
    let is_renamed = Memo::new(move |_| {
        ctl.renaming.with(|r| r.as_ref().is_some_and(|(s, i)| *s == Surface::Canvas && *i == c))
    });
    let ports = Memo::new(move |_| shape.with(|s| s.as_ref().map(|s| (s.inputs.clone(), s.outputs.clone()))));
    let place = move || {
        shape.with(|s| {
            s.as_ref().map_or(String::new(), |s| format!("translate({}px,{}px)", s.place.x, s.place.y))
        })
    };
    let height = move || shape.with(|s| s.as_ref().map_or(String::new(), |s| format!("{}px", s.height)));
    let text = move |of: fn(Card) -> String| move || card.get().map_or(String::new(), of);
    let state = move || view.with(|v| v.as_ref().map(|v| words::state_id(words::standing(v))));
    let (named, renamed, dotted, marked, focused) =
        (id.clone(), item.clone(), id.clone(), id.clone(), item.clone());
    view! {
        <div
            class="node"
            id=dom_id(&item)
            role="group"
            aria-roledescription="node"
            class:selected=move || is_selected.get()
            class:bypassed=move || card.with(|c| c.as_ref().is_some_and(|c| c.is_bypassed))
            tabindex=move || if is_current.get() { "0" } else { "-1" }
            data-testid=format!("node-{named}")
            data-node=named.0.clone()
            data-kind=text(|c| c.kind)
            data-group=text(|c| c.group.to_owned())
            data-state=state
            aria-label=move || label.get()
            style:transform=place
            style:height=height
            on:focus=move |_| ctl.take_focus(&focused)
        >
            <div class="node-card">
                <div class="node-head">
                    {move || if is_renamed.get() {
                        let node = ctl.flow.with_document(|d| d.nodes().get(&id).map(|n| n.title.clone())).unwrap_or_default();
                        let value = if node.is_empty() { card.get_untracked().map_or(String::new(), |c| c.title) } else { node };
                        view! { <TitleField item=renamed.clone() value /> }.into_any()
                    } else {
                        view! { <span class="node-title ellipsis" title=text(|c| c.title)>{text(|c| c.title)}</span> }.into_any()
                    }}
                    <Marks id=marked />
                </div>
                <div class="node-below ellipsis" title=text(|c| c.below.clone())>
                    {move || card.get().map_or(String::new(), |c| if c.below.is_empty() { c.group.to_owned() } else { c.below })}
                </div>
                <Status view />
            </div>
            {move || ports.get().map(|(inputs, outputs)| {
                let dots = |side, count: usize| (0..count).map(|index| view! { <PortDot id=dotted.clone() shape side index /> }).collect_view();
                (dots(Side::Input, inputs.len()), dots(Side::Output, outputs.len()))
            })}
        </div>
    }
}
