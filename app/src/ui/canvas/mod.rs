//! The canvas on which pipelines are drawn, and the outline, which shows the same as a tree.
//!
//! Nodes are elements and wires one drawing; both lie on one layer that a single transform pans and zooms. Where
//! everything is follows from the document alone (`trellis_page::flow::scene`): nothing is measured.

mod actions;
mod adding;
mod clip;
mod dragging;
mod edge;
mod frames;
mod gesture;
mod keys;
mod menu;
mod minimap;
mod news;
mod node;
mod outline;
mod pointer;
mod popup;
mod state;
mod wires;

pub use adding::KIND_MIME;
pub use outline::Outline;
pub use state::CanvasCtl;

use automl_core::document::Place;
use frames::Frames;
use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use leptos::html::Div;
use leptos::prelude::*;
use minimap::{Minimap, ZoomBar};
use news::NewsLine;
use node::NodeCard;
use pointer::{Pointers, target_of};
use popup::Popups;
use state::Surface;
use trellis_page::flow::selection::Item;
use trellis_page::flow::viewport::{Turn, turn};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{ClipboardEvent, DragEvent, Element, KeyboardEvent, MouseEvent, WheelEvent};
use wires::{Above, Wires};

/// Milliseconds after the last change of the view in which it still counts as moving.
const MOVING_MS: u32 = 150;
/// Below these, small print is left out, and then everything but the state.
const FAR_ZOOM: f64 = 0.45;
const FARTHER_ZOOM: f64 = 0.2;

/// Follows the size of the canvas, and frames the pipeline as soon as there is one.
fn follow_size(ctl: CanvasCtl, root: NodeRef<Div>) {
    Effect::new(move |_| {
        let Some(root) = root.get() else { return };
        let element: Element = root.into();
        let seen = element.clone();
        let on_size = Closure::<dyn FnMut()>::new(move || {
            let rect = seen.get_bounding_client_rect();
            ctl.origin.set_value(Place { x: rect.left(), y: rect.top() });
            ctl.size.set((rect.width(), rect.height()));
            ctl.show_opening();
        });
        // Every browser that runs this page has the observer.
        let Ok(observer) = web_sys::ResizeObserver::new(on_size.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        let kept = StoredValue::new_local((observer, on_size));
        on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
    });
}

fn on_wheel(ctl: CanvasCtl, event: &WheelEvent) {
    let element = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    if element.is_some_and(|e| e.closest(".canvas-popup, textarea").ok().flatten().is_some()) {
        return;
    }
    event.prevent_default();
    let at = ctl.to_screen(f64::from(event.client_x()), f64::from(event.client_y()));
    let (dx, dy) = (event.delta_x(), event.delta_y());
    let is_ctrl = event.ctrl_key() || event.meta_key();
    ctl.viewport.update(|v| {
        *v = match turn(dx, dy, event.delta_mode(), is_ctrl, event.shift_key()) {
            Turn::Pan(x, y) => v.panned(x, y),
            Turn::Zoom(factor) => v.zoomed(factor, at),
        };
    });
}

/// Another pipeline is framed when it is opened.
fn frame_anew(ctl: CanvasCtl) {
    let is_new = Memo::new(move |_| ctl.flow.history.with(|h| h.revision() == 0));
    Effect::new(move |_| {
        // The document of an unchanged history is followed too: one may be opened after the other.
        let opened = is_new.get().then(|| ctl.scene.get());
        if opened.is_some() {
            ctl.is_framed.set_value(false);
            ctl.show_opening();
        }
    });
}

/// Hears an event of the canvas's element, as one that the browser then need not heed itself.
fn hear<E: JsCast + 'static>(
    root: &Element,
    name: &'static str,
    mut each: impl FnMut(&E) + 'static,
) -> EventListener {
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(root, name, options, move |event| {
        if let Some(event) = event.dyn_ref::<E>() {
            each(event);
        }
    })
}

/// What is typed while the keyboard is on its way to the canvas belongs to the canvas.
fn hear_page(ctl: CanvasCtl, pointers: Pointers) -> Vec<EventListener> {
    let Some(body) = state::page().and_then(|d| d.body()) else { return Vec::new() };
    let is_ours = move |event: &web_sys::Event| {
        let element = event.target().and_then(|t| t.dyn_into::<Element>().ok());
        ctl.is_awaited.get_value() && element.is_some_and(|e| e.tag_name() == "BODY")
    };
    vec![
        hear(&body, "keydown", move |e: &KeyboardEvent| {
            if is_ours(e) {
                keys::key_down(ctl, pointers, e)
            }
        }),
        hear(&body, "keyup", move |e: &KeyboardEvent| {
            if is_ours(e) {
                keys::key_up(ctl, pointers, e)
            }
        }),
        hear(&body, "copy", move |e: &ClipboardEvent| {
            if is_ours(e) {
                on_copy(ctl, e, false)
            }
        }),
        hear(&body, "cut", move |e: &ClipboardEvent| {
            if is_ours(e) {
                on_copy(ctl, e, true)
            }
        }),
        hear(&body, "paste", move |e: &ClipboardEvent| {
            if is_ours(e) {
                on_paste(ctl, e)
            }
        }),
    ]
}

/// Hears everything beside the pointer and the keyboard.
fn hear_all(ctl: CanvasCtl, pointers: Pointers, root: NodeRef<Div>) {
    Effect::new(move |_| {
        let Some(root) = root.get() else { return };
        let root: Element = root.into();
        let mut listeners = vec![
            hear(&root, "wheel", move |e| on_wheel(ctl, e)),
            hear(&root, "copy", move |e| on_copy(ctl, e, false)),
            hear(&root, "cut", move |e| on_copy(ctl, e, true)),
            hear(&root, "paste", move |e| on_paste(ctl, e)),
            hear(&root, "dblclick", move |e| on_double_click(ctl, e)),
            hear(&root, "contextmenu", move |e| on_context_menu(ctl, pointers, e)),
            hear(&root, "dragover", move |e| on_drag_over(pointers, e)),
            hear(&root, "dragleave", move |e| on_drag_leave(pointers, e)),
            hear(&root, "drop", move |e| on_drop(ctl, pointers, e)),
        ];
        listeners.extend(hear_page(ctl, pointers));
        let kept = StoredValue::new_local(listeners);
        on_cleanup(move || kept.update_value(Vec::clear));
    });
}

/// Whether the view is panned: then it is drawn from what is drawn already. Not so while it is zoomed, since a drawing
/// that was made large would be kept large when all of it is seen.
fn moving(ctl: CanvasCtl) -> RwSignal<bool> {
    let (is_moving, timer) = (RwSignal::new(false), StoredValue::new_local(None::<Timeout>));
    Effect::new(move |before: Option<f64>| {
        let zoom = ctl.viewport.get().zoom;
        is_moving.set(before == Some(zoom));
        timer.set_value(Some(Timeout::new(MOVING_MS, move || is_moving.set(false))));
        zoom
    });
    is_moving
}

/// Whether an event comes from a field, whose own clipboard and clicks these are.
fn is_elsewhere(event: &web_sys::Event) -> bool {
    let element = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    element.is_some_and(|e| e.closest("input, textarea, button, [data-above]").ok().flatten().is_some())
}

fn on_copy(ctl: CanvasCtl, event: &ClipboardEvent, cuts: bool) {
    let Some(data) = event.clipboard_data().filter(|_| !is_elsewhere(event)) else { return };
    if let Some(text) = ctl.selected_text() {
        // A browser that refuses keeps its old clipboard; it can still be pasted in this tab.
        let _ = data.set_data("text/plain", &text);
        event.prevent_default();
        if cuts {
            ctl.cut_selection();
        }
    }
}

fn on_paste(ctl: CanvasCtl, event: &ClipboardEvent) {
    let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok());
    if is_elsewhere(event) {
        return;
    }
    event.prevent_default();
    if !text.is_some_and(|text| ctl.paste_text(&text)) {
        ctl.say("The clipboard holds no part of a pipeline.");
    }
}

fn on_double_click(ctl: CanvasCtl, event: &MouseEvent) {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
    if is_elsewhere(event) {
        return;
    }
    match target_of(ctl, &element) {
        pointer::Target::Empty => ctl.quick_add(),
        pointer::Target::Item(Item::Node(id)) => {
            // On the title it renames, elsewhere it opens the form.
            if element.closest(".node-title").ok().flatten().is_some() {
                ctl.rename(Surface::Canvas, Item::Node(id));
            } else {
                ctl.inspect.set(true);
            }
        }
        pointer::Target::Item(item) => ctl.rename(Surface::Canvas, item),
        pointer::Target::Port(..) | pointer::Target::End(..) | pointer::Target::Corner(_) => {}
    }
}

fn on_context_menu(ctl: CanvasCtl, pointers: Pointers, event: &MouseEvent) {
    if is_elsewhere(event) {
        return;
    }
    event.prevent_default();
    // A finger's long press is told by this event too, and has been heard already.
    if pointers.is_touched() {
        return;
    }
    let element = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let target = element.map_or(pointer::Target::Empty, |e| target_of(ctl, &e));
    let at = Place { x: f64::from(event.client_x()), y: f64::from(event.client_y()) };
    ctl.open_menu(Surface::Canvas, &target, at);
}

fn on_drop(ctl: CanvasCtl, pointers: Pointers, event: &DragEvent) {
    pointers.hover(None);
    let kind = event.data_transfer().and_then(|data| data.get_data(KIND_MIME).ok());
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else { return };
    event.prevent_default();
    event.stop_propagation();
    let screen = ctl.to_screen(f64::from(event.client_x()), f64::from(event.client_y()));
    let world = ctl.to_world(screen);
    let half = trellis_page::flow::scene::NODE_WIDTH / 2.0;
    ctl.add_kind(&kind, Some(Place { x: world.x - half, y: world.y - 40.0 }));
}

fn on_drag_over(pointers: Pointers, event: &DragEvent) {
    let types = event.data_transfer().map(|data| data.types());
    if types.is_some_and(|types| types.includes(&KIND_MIME.into(), 0)) {
        event.prevent_default();
        pointers.hover(Some(pointers.at(event)));
    }
}

fn on_drag_leave(pointers: Pointers, event: &DragEvent) {
    let to = event.related_target().and_then(|t| t.dyn_into::<Element>().ok());
    // From one element of the canvas to another it stays over the canvas.
    if to.is_none_or(|e| e.closest(".canvas").ok().flatten().is_none()) {
        pointers.hover(None);
    }
}

/// Elements that change their place among the others lose the keyboard: it is given back to them.
fn keep_keyboard(ctl: CanvasCtl, order: Memo<Vec<automl_core::document::NodeId>>) {
    Effect::new(move |before: Option<()>| {
        order.track();
        if before.is_some() && ctl.focus.get_untracked().is_some() {
            ctl.in_a_frame(move || {
                let active = state::page().and_then(|d| d.active_element());
                if active.is_some_and(|e| e.tag_name() == "BODY") {
                    ctl.refocus(Surface::Canvas);
                }
            });
        }
    });
}

/// The layer that pans and zooms.
#[component]
fn Layer(is_moving: RwSignal<bool>) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let ids = Memo::new(move |_| ctl.scene.with(|s| s.order.clone()));
    keep_keyboard(ctl, ids);
    let transform = move || {
        let v = ctl.viewport.get();
        format!("translate({:.2}px,{:.2}px) scale({:.4})", v.x, v.y, v.zoom)
    };
    view! {
        <div class="canvas-layer" class:moving=move || is_moving.get() style:transform=transform>
            <Frames />
            <Wires />
            <For each=move || ids.get() key=|id| id.clone() children=|id| view! { <NodeCard id /> } />
            <Above />
        </div>
    }
}

/// The canvas; fills its parent. Needs a [`CanvasCtl`] in context.
#[component]
pub fn Canvas() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let root = NodeRef::<Div>::new();
    let pointers = Pointers::new(ctl);
    follow_size(ctl, root);
    hear_all(ctl, pointers, root);
    frame_anew(ctl);
    let is_moving = moving(ctl);
    let is_empty = Memo::new(move |_| ctl.scene.with(|s| s.nodes.is_empty() && s.notes.is_empty()));
    // What is seen whole needs no map.
    let is_mapped = Memo::new(move |_| {
        let (width, height) = ctl.size.get();
        let seen = ctl.viewport.get().seen(width, height);
        minimap::fits(width) && ctl.scene.with(|s| s.bounds()).is_some_and(|b| !seen.holds(b))
    });
    let is_far = Memo::new(move |_| ctl.viewport.get().zoom < FAR_ZOOM);
    let is_farther = Memo::new(move |_| ctl.viewport.get().zoom < FARTHER_ZOOM);
    let label = move || {
        let (nodes, wires) =
            (ctl.scene.with(|s| s.nodes.len()), ctl.flow.history.with(|h| h.document().wires().len()));
        format!("Canvas: {nodes} nodes, {wires} wires")
    };
    let moved = move |event: web_sys::PointerEvent| {
        if let Some(root) = root.get_untracked() {
            pointers.moved(&event, &root);
        }
    };
    view! {
        <div
            class="canvas"
            id="canvas"
            data-testid="canvas"
            role="application"
            aria-roledescription="canvas"
            aria-label=label
            aria-describedby="canvas-help"
            tabindex=move || if is_empty.get() { "0" } else { "-1" }
            class:wiring=move || ctl.wiring.with(Option::is_some)
            class:far=move || is_far.get()
            class:farther=move || is_farther.get()
            class:hand=move || pointers.space.get()
            class:grabbing=move || pointers.is_panning.get()
            node_ref=root
            on:pointerdown=move |e| pointers.down(&e)
            on:pointermove=moved
            on:pointerup=move |e| pointers.up(&e)
            on:pointercancel=move |_| { pointers.cancel(); }
            on:pointerleave=move |_| ctl.pointer.set_value(None)
            on:keydown=move |e| keys::key_down(ctl, pointers, &e)
            on:keyup=move |e| keys::key_up(ctl, pointers, &e)
        >
            <p class="visually-hidden" id="canvas-help">{keys::HELP}</p>
            <Layer is_moving />
            <NewsLine />
            <ZoomBar />
            <Show when=move || is_mapped.get()><Minimap /></Show>
            <Popups surface=Surface::Canvas />
        </div>
    }
}
