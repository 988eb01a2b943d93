//! The pipeline builder: toolbar, palette, canvas, inspector, preview.

use crate::store::Store;
use crate::store::desk::Sheet;
use crate::ui::alerts::Alerts;
use crate::ui::canvas::{Canvas, CanvasCtl, Outline};
use crate::ui::header::Header;
use crate::ui::studio::bars::{Bars, Refused};
use crate::ui::studio::inspector::Inspector;
use crate::ui::studio::palette::Palette;
use crate::ui::studio::preview::Preview;
use crate::ui::studio::server::ServerDialog;
use crate::ui::studio::start::{Begin, Templates};
use crate::ui::studio::toolbar::{RunNews, Toolbar, see_result};
use crate::ui::studio::tour::{TourCard, provide_tour};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

/// Ends of the preview's height, in pixels.
const LEAST: f64 = 120.0;
const MOST: f64 = 800.0;

/// The bar between canvas and preview: dragged, or moved by the arrow keys.
#[component]
fn Splitter(height: RwSignal<f64>) -> impl IntoView {
    let from = StoredValue::new(None::<(f64, f64)>);
    let begin = move |event: PointerEvent| {
        from.set_value(Some((f64::from(event.client_y()), height.get_untracked())));
        let target: Option<web_sys::Element> = event_target_opt(&event);
        if let Some(target) = target {
            // Without the pointer the drag ends at the edge of the bar.
            let _ = target.set_pointer_capture(event.pointer_id());
        }
    };
    let drag = move |event: PointerEvent| {
        if let Some((y, before)) = from.get_value() {
            height.set((before + y - f64::from(event.client_y())).clamp(LEAST, MOST));
        }
    };
    let keys = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowUp" => 24.0,
            "ArrowDown" => -24.0,
            _ => return,
        };
        event.prevent_default();
        height.update(|h| *h = (*h + step).clamp(LEAST, MOST));
    };
    view! {
        <div class="splitter" role="separator" tabindex="0" aria-orientation="horizontal" aria-label="Height of the preview"
            aria-valuemin=LEAST.to_string() aria-valuemax=MOST.to_string() aria-valuenow=move || format!("{:.0}", height.get())
            on:pointerdown=begin on:pointermove=drag on:pointerup=move |_| from.set_value(None) on:keydown=keys></div>
    }
}

fn event_target_opt(event: &PointerEvent) -> Option<web_sys::Element> {
    use wasm_bindgen::JsCast;
    event.target().and_then(|t| t.dyn_into().ok())
}

/// Changes are taken back and made again by the usual keys, wherever no text is written.
fn keys(store: Store, event: &KeyboardEvent) {
    use wasm_bindgen::JsCast;
    let target = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    let is_text = target.is_some_and(|t| matches!(t.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
    if is_text || event.default_prevented() || !(event.ctrl_key() || event.meta_key()) {
        return;
    }
    match (event.key().to_lowercase().as_str(), event.shift_key()) {
        ("z", false) => store.flow.undo(),
        ("z", true) | ("y", _) => store.flow.redo(),
        _ => return,
    }
    event.prevent_default();
}

#[component]
fn Body(outline: RwSignal<bool>, templates: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let ctl: CanvasCtl = expect_context();
    let flow = store.flow;
    let height = RwSignal::new(280.0);
    let (is_folded, sheet) = (flow.desk.is_folded, flow.desk.sheet);
    let is_empty = Memo::new(move |_| flow.history.with(|h| h.document().nodes().is_empty()));
    // Enter on a node asks for its form.
    Effect::new(move |_| {
        if ctl.inspect.get() {
            sheet.set(Some(Sheet::Inspector));
            ctl.inspect.set(false);
        }
    });
    let is = move |which: Sheet| sheet.get() == Some(which);
    let tab = move |which: Sheet, word: &'static str, name: &'static str| {
        view! {
            <button type="button" class="tool" aria-pressed=move || is(which).to_string() aria-label=name
                on:click=move |_| sheet.update(|s| *s = if *s == Some(which) { None } else { Some(which) })>{word}</button>
        }
    };
    let preview_height =
        move || if is_folded.get() { "40px".to_owned() } else { format!("{}px", height.get()) };
    view! {
        <div class="studio-body">
            <aside class="side palette" class:open=move || is(Sheet::Palette) aria-label="Kinds of nodes" data-testid="palette"><Palette /></aside>
            <div class="middle">
                <div class="canvas-holder">
                    <Show when=move || outline.get() fallback=|| view! { <Canvas /> }><Outline /></Show>
                    <Show when=move || is_empty.get() && !outline.get()><Begin templates /></Show>
                </div>
                <section class="bottom" class:open=move || is(Sheet::Preview) class:folded=move || is_folded.get() style:height=preview_height
                    aria-label="Preview" data-testid="preview">
                    <Splitter height />
                    <button type="button" class="plain tiny fold" aria-expanded=move || (!is_folded.get()).to_string()
                        on:click=move |_| is_folded.update(|f| *f = !*f)>{move || if is_folded.get() { "Show the preview" } else { "Fold the preview" }}</button>
                    <Show when=move || !is_folded.get()><Preview /></Show>
                </section>
            </div>
            <aside class="side inspector" class:open=move || is(Sheet::Inspector) aria-label="Settings of the selected node" data-testid="inspector"><Inspector /></aside>
        </div>
        <nav class="sheet-tabs" aria-label="Sheets">{tab(Sheet::Palette, "Add", "Add nodes")}{tab(Sheet::Inspector, "Settings", "Settings of the node")}{tab(Sheet::Preview, "Preview", "Preview of the result")}</nav>
    }
}

/// The builder in another page: canvas and preview, and a way to the whole.
#[component]
fn Embedded() -> impl IntoView {
    let store: Store = expect_context();
    let link = move || {
        store.flow.history.track();
        store.link(false)
    };
    // Who looks on sees what came out without knowing where to click.
    Effect::new(move |_| {
        if store.flow.desk.ended.with(Option::is_some) && store.flow.subject.with_untracked(Option::is_none) {
            see_result(store);
        }
    });
    view! {
        <div class="studio embedded" data-testid="embedded">
            <div class="toolbar">
                <strong class="ellipsis">{move || store.flow.history.with(|h| h.document().title().to_owned())}</strong>
                <span class="spacer"></span>
                <RunNews />
                <button type="button" class="tool" on:click=move |_| store.start_flow(Vec::new(), false)>"Run"</button>
                <a class="button tool" target="_blank" rel="noopener" data-testid="open-in-trellis" href=link>"Open in Trellis"</a>
            </div>
            <Alerts />
            <div class="studio-body">
                <div class="middle">
                    <div class="canvas-holder"><Canvas /></div>
                    <section class="bottom" style:height="40%" aria-label="Preview" data-testid="preview"><Preview /></section>
                </div>
            </div>
        </div>
    }
}

/// Milliseconds after which a canvas that is drawn anew knows its size.
const DRAWN_MS: u32 = 60;

/// A document that is opened is seen whole, or as it was seen last; what is seen is told to whoever keeps it.
fn follow_view(store: Store, ctl: CanvasCtl) {
    let desk = store.flow.desk;
    if let Some(view) = desk.view.get_untracked() {
        desk.next_view.set_value(Some(view));
    }
    Effect::new(move |_| {
        desk.opened.track();
        let show = move || match desk.next_view.try_update_value(Option::take).flatten() {
            Some(view) => ctl.viewport.set(view),
            None => ctl.zoom_to_fit(),
        };
        // The builder may have been left by then.
        Timeout::new(DRAWN_MS, move || {
            if !ctl.viewport.is_disposed() {
                show()
            }
        })
        .forget();
    });
    Effect::new(move |_| {
        let view = ctl.viewport.get();
        desk.view.set(Some(view));
    });
}

#[component]
pub fn Studio() -> impl IntoView {
    let store: Store = expect_context();
    follow_view(store, CanvasCtl::provide(store.flow));
    let is_embedded = store.is_embedded();
    // Over a drawing it would hide what was opened.
    provide_tour(!is_embedded && store.flow.with_document(|d| d.nodes().is_empty()));
    let (outline, templates) = (RwSignal::new(false), RwSignal::new(false));
    let is_refused = Memo::new(move |_| store.flow.desk.refused.with(Option::is_some));
    if is_embedded {
        return view! {
            <Show when=move || is_refused.get() fallback=|| view! { <Embedded /> }><main class="refused-page"><Refused /></main></Show>
        }
        .into_any();
    }
    view! {
        <a class="skip" href="#studio">"Skip to the pipeline"</a>
        <div class="studio" id="studio" tabindex="-1" on:keydown=move |e| keys(store, &e)>
            <Header />
            <Show when=move || is_refused.get() fallback=move || view! {
                <main class="studio-main">
                    <h1 class="visually-hidden">"Pipeline builder"</h1>
                    <Toolbar outline templates />
                    <Bars />
                    <Alerts />
                    <Body outline templates />
                    <Show when=move || templates.get()><Templates open=templates /></Show>
                    <ServerDialog />
                    <TourCard />
                </main>
            }>
                <main class="refused-page"><Refused /></main>
            </Show>
        </div>
    }
    .into_any()
}
