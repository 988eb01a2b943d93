//! Wires, and what is drawn above everything while something is under way.

use super::state::{CanvasCtl, dom_id, wire_key};
use automl_core::document::Wire;
use leptos::prelude::*;
use trellis_page::flow::connect::type_id;
use trellis_page::flow::geometry::Curve;
use trellis_page::flow::scene::Side;
use trellis_page::flow::selection::Item;
use trellis_page::flow::words;

#[component]
fn WireLine(wire: Wire) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let item = Item::Wire(wire.clone());
    let (a, b, c, focused) = (wire.clone(), wire.clone(), wire.clone(), item.clone());
    let path = Memo::new(move |_| ctl.scene.with(|s| s.curve(&a)).map_or(String::new(), Curve::path));
    let ty = Memo::new(move |_| type_id(ctl.scene.with(|s| s.wire_type(&b))));
    let fault = {
        let wire = wire.clone();
        Memo::new(move |_| {
            ctl.flow.plan.with(|plan| {
                plan.findings.iter().find(|f| f.wire == wire).map(|f| f.diagnostic.message.clone())
            })
        })
    };
    let label = Memo::new(move |_| {
        let scene = ctl.scene.get();
        let name = ctl
            .flow
            .kinds
            .with(|kinds| ctl.flow.history.with(|h| words::wire_name(h.document(), &scene, kinds, &c)));
        let ty = if ty.get() == "unknown" { "" } else { ty.get() };
        format!("{name}. {ty} {}", fault.get().unwrap_or_default()).trim_end().to_owned()
    });
    let (selected, current, onto) = (item.clone(), item.clone(), wire.clone());
    let is_selected = Memo::new(move |_| ctl.flow.selection.with(|s| s.contains(&selected)));
    let is_current = Memo::new(move |_| ctl.is_current(&current));
    let is_onto =
        Memo::new(move |_| ctl.drag.with(|d| d.as_ref().is_some_and(|d| d.onto.as_ref() == Some(&onto))));
    let lifted = wire.clone();
    let is_lifted = Memo::new(move |_| {
        ctl.wiring.with(|w| w.as_ref().is_some_and(|w| w.lifted.as_ref() == Some(&lifted)))
    });
    let flows = {
        let to = wire.to.node.clone();
        Memo::new(move |_| {
            use automl_core::engine::protocol::NodeState;
            ctl.flow.views.with(|v| v.get(&to).is_some_and(|v| v.state == NodeState::Running))
        })
    };
    view! {
        <g
            class="wire"
            id=dom_id(&item)
            class:selected=move || is_selected.get()
            class:onto=move || is_onto.get()
            class:flows=move || flows.get()
            class:lifted=move || is_lifted.get()
            class:faulty=move || fault.get().is_some()
            data-testid="wire"
            data-wire=wire_key(&wire)
            data-type=move || ty.get()
            role="group"
            aria-roledescription="wire"
            aria-label=move || label.get()
            tabindex=move || if is_current.get() { "0" } else { "-1" }
            on:focus=move |_| ctl.take_focus(&focused)
        >
            <title>{move || fault.get().unwrap_or_default()}</title>
            <path class="wire-reach" d=move || path.get() />
            <path class="wire-line" d=move || path.get() />
        </g>
    }
}

#[component]
pub(super) fn Wires() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let wires = Memo::new(move |_| {
        ctl.flow.history.with(|h| h.document().wires().iter().cloned().collect::<Vec<Wire>>())
    });
    view! {
        <svg class="canvas-wires" width="1" height="1">
            <For each=move || wires.get() key=wire_key children=|wire| view! { <WireLine wire /> } />
        </svg>
    }
}

/// The wire that is being drawn, guide lines and the rectangle that selects.
#[component]
pub(super) fn Above() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let loose = move || {
        let wiring = ctl.wiring.get()?;
        let end = ctl.loose.get()?;
        ctl.scene.with_untracked(|scene| {
            let start = scene.port_place(wiring.side, &wiring.from)?;
            let over = end.over.as_ref().and_then(|port| scene.port_place(wiring.side.other(), port));
            let at = over.unwrap_or(end.at);
            let (from, to) = if wiring.side == Side::Output { (start, at) } else { (at, start) };
            let ty = type_id(scene.port(wiring.side, &wiring.from).and_then(|p| p.ty));
            let ring = over.map(|p| view! { <circle class="ring" cx=p.x cy=p.y r="11" /> });
            Some(view! { <g class="wire making" data-type=ty><path class="wire-line" d=Curve { from, to }.path() />{ring}</g> })
        })
    };
    let guides = move || {
        let guides = ctl.drag.with(|d| d.as_ref().map_or(Vec::new(), |d| d.guides.clone()));
        let line = |g: trellis_page::flow::snap::Guide| view! { <line class="guide" x1=g.from.x y1=g.from.y x2=g.to.x y2=g.to.y /> };
        guides.into_iter().map(line).collect_view()
    };
    let marquee = move || {
        ctl.marquee
            .get()
            .map(|r| view! { <rect class="marquee" x=r.x y=r.y width=r.width height=r.height /> })
    };
    view! { <svg class="canvas-above" width="1" height="1" aria-hidden="true">{guides}{loose}{marquee}</svg> }
}
