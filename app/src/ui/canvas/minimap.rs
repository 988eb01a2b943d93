//! The whole pipeline in small, with what is seen of it; dragging moves the view.

use super::state::CanvasCtl;
use automl_core::document::Place;
use leptos::html::Div;
use leptos::prelude::*;
use trellis_page::flow::geometry::Rect;
use trellis_page::flow::selection::Item;
use trellis_page::flow::viewport::ZOOM_STEP;
use web_sys::PointerEvent;

const WIDTH: f64 = 176.0;
const HEIGHT: f64 = 112.0;
/// Pixels between what lies above the canvas and its edges, as in the style sheet.
const MARGIN: f64 = 12.0;
/// Width and height of the buttons for what is seen, and the width of a canvas from which on there is a map.
const BAR: (f64, f64) = (178.0, 40.0);
const MAPPED_WIDTH: f64 = 480.0;

/// Where the map is on a canvas of this size.
fn own_place(width: f64, height: f64) -> Option<Rect> {
    fits(width).then_some(Rect {
        x: width - MARGIN - WIDTH,
        y: height - MARGIN - HEIGHT,
        width: WIDTH,
        height: HEIGHT,
    })
}

/// Whether a canvas of this width has room for a map.
pub(super) fn fits(width: f64) -> bool {
    width >= MAPPED_WIDTH
}

/// What lies above a canvas of this size.
pub(super) fn covers(width: f64, height: f64) -> Vec<Rect> {
    let bar = Rect { x: MARGIN, y: height - MARGIN - BAR.1, width: BAR.0, height: BAR.1 };
    own_place(width, height).into_iter().chain([bar]).collect()
}

/// The part of the world that the map shows, as wide and high as the map is.
fn mapped(bounds: Option<Rect>) -> Rect {
    let rect = bounds.unwrap_or_default().grown(80.0);
    let scale = (rect.width / WIDTH).max(rect.height / HEIGHT);
    let (width, height) = (WIDTH * scale, HEIGHT * scale);
    let centre = rect.centre();
    Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height }
}

/// Whether a node that is looked at lies beneath the map, which then gives way to it.
fn is_away(ctl: CanvasCtl) -> Memo<bool> {
    Memo::new(move |_| {
        let (width, height) = ctl.size.get();
        let Some(own) = own_place(width, height) else { return false };
        let (view, own) = (ctl.viewport.get(), own.grown(MARGIN / 4.0));
        ctl.scene.track();
        let is_beneath =
            |item: &Item| ctl.rect_of(item).is_some_and(|rect| view.rect_to_screen(rect).touches(own));
        let is_node = |item: &&Item| matches!(item, Item::Node(_));
        ctl.flow.selection.with(|s| s.items().iter().filter(is_node).any(is_beneath))
            || ctl.focus.with(|f| f.as_ref().filter(is_node).is_some_and(is_beneath))
    })
}

#[component]
pub(super) fn Minimap() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let map = NodeRef::<Div>::new();
    let world = Memo::new(move |_| mapped(ctl.scene.with(|s| s.bounds())));
    let is_down = StoredValue::new(false);
    let seek = move |event: &PointerEvent| {
        let Some(map) = map.get_untracked() else { return };
        let (at, world) = (map.get_bounding_client_rect(), world.get_untracked());
        let scale = world.width / WIDTH;
        let x = world.x + (f64::from(event.client_x()) - at.left()) * scale;
        let y = world.y + (f64::from(event.client_y()) - at.top()) * scale;
        let (width, height) = ctl.size.get_untracked();
        ctl.viewport.update(|v| *v = v.centred(Place { x, y }, width, height));
    };
    let down = move |event: PointerEvent| {
        is_down.set_value(true);
        if let Some(map) = map.get_untracked() {
            // A pointer that is gone cannot be captured.
            let _ = map.set_pointer_capture(event.pointer_id());
        }
        seek(&event);
    };
    let moved = move |event: PointerEvent| {
        if is_down.get_value() {
            seek(&event);
        }
    };
    let rects = move || {
        ctl.scene.with(|scene| {
            let rect =
                |r: Rect, class| view! { <rect class=class x=r.x y=r.y width=r.width height=r.height /> };
            let frames: Vec<_> = scene.frames.values().map(|f| rect(f.rect, "map-frame")).collect();
            let nodes: Vec<_> = scene.nodes.values().map(|s| rect(s.rect(), "map-node")).collect();
            (frames, nodes)
        })
    };
    let seen = move || {
        let (width, height) = ctl.size.get();
        ctl.viewport.get().seen(width, height)
    };
    let is_away = is_away(ctl);
    let view_box = move || {
        let r = world.get();
        format!("{} {} {} {}", r.x, r.y, r.width, r.height)
    };
    view! {
        <div
            class="minimap"
            class:away=move || is_away.get()
            data-above=""
            data-testid="minimap"
            aria-hidden="true"
            node_ref=map
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| is_down.set_value(false)
            on:pointercancel=move |_| is_down.set_value(false)
        >
            <svg viewBox=view_box preserveAspectRatio="none">
                {rects}
                <rect
                    class="map-seen"
                    x=move || seen().x
                    y=move || seen().y
                    width=move || seen().width
                    height=move || seen().height
                />
            </svg>
        </div>
    }
}

/// Buttons for what is seen.
#[component]
pub(super) fn ZoomBar() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let percent = Memo::new(move |_| format!("{:.0} %", ctl.viewport.get().zoom * 100.0));
    view! {
        <div class="zoom-bar" data-above="" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom out" title="Zoom out (−)" on:click=move |_| ctl.zoom_by(1.0 / ZOOM_STEP)>"−"</button>
            <button type="button" class="zoom-value" data-testid="zoom" aria-label=move || format!("Zoom {}, back to 100 %", percent.get()) title="Back to 100 % (0)" on:click=move |_| ctl.zoom_to_whole()>
                {move || percent.get()}
            </button>
            <button type="button" aria-label="Zoom in" title="Zoom in (+)" on:click=move |_| ctl.zoom_by(ZOOM_STEP)>"+"</button>
            <button type="button" aria-label="Show everything" title="Show everything (.)" data-testid="zoom-fit" on:click=move |_| ctl.zoom_to_fit()>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" /></svg>
            </button>
        </div>
    }
}
