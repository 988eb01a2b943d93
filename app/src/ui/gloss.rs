//! A word of the field with its explanation: on hover, on focus, and by touch.

use crate::store::Store;
use leptos::html::Button;
use leptos::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};
use trellis_page::flow::glossary::meaning;
use web_sys::{KeyboardEvent, PointerEvent};

/// Width of an explanation, and what it leaves free at the window's edges, in pixels.
const WIDTH: f64 = 280.0;
const EDGE: f64 = 8.0;

/// Unlike any other on the page.
fn next_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("gloss-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Where an explanation of the element opens: below it, or above where there is more room.
fn place(button: &web_sys::HtmlButtonElement) -> (f64, Option<f64>, Option<f64>) {
    let rect = button.get_bounding_client_rect();
    let window = web_sys::window();
    let inner = |size: Option<Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>>| {
        size.and_then(Result::ok).and_then(|v| v.as_f64()).unwrap_or(800.0)
    };
    let width = inner(window.as_ref().map(web_sys::Window::inner_width));
    let height = inner(window.as_ref().map(web_sys::Window::inner_height));
    let left = rect.left().min(width - WIDTH - EDGE).max(EDGE);
    match rect.bottom() + 140.0 > height {
        true => (left, None, Some(height - rect.top() + 4.0)),
        false => (left, Some(rect.bottom() + 4.0), None),
    }
}

/// `term`: an id of the glossary or of a metric. Without a meaning the children stand alone.
#[component]
pub fn Gloss(#[prop(into)] term: String, children: ChildrenFn) -> impl IntoView {
    let store: Store = expect_context();
    let metrics = store.flow.metrics;
    let text = Memo::new(move |_| metrics.with(|metrics| meaning(&term, metrics)));
    let has_text = move || text.with(Option::is_some);
    let children = StoredValue::new(children);
    view! {
        <Show when=has_text fallback=move || children.with_value(|c| c())>
            <Word text=Signal::derive(move || text.get().unwrap_or_default()) children=children.get_value() />
        </Show>
    }
}

/// A small question mark that explains what stands before it. `what`: the name of that.
#[component]
pub fn Ask(term: &'static str, what: &'static str) -> impl IntoView {
    view! {
        <Gloss term>
            <span aria-hidden="true">"?"</span>
            <span class="visually-hidden">{format!("What is {what}?")}</span>
        </Gloss>
    }
}

#[component]
fn Word(text: Signal<String>, children: ChildrenFn) -> impl IntoView {
    let button = NodeRef::<Button>::new();
    let id = next_id();
    let (is_near, is_held) = (RwSignal::new(false), RwSignal::new(false));
    let is_open = Memo::new(move |_| is_near.get() || is_held.get());
    let described = {
        let id = id.clone();
        move || is_open.get().then(|| id.clone())
    };
    let near = move |event: PointerEvent| {
        if event.pointer_type() == "mouse" {
            is_near.set(true);
        }
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Escape" && is_open.get_untracked() {
            event.stop_propagation();
            is_near.set(false);
            is_held.set(false);
        }
    };
    let tip = move || {
        let at = button.get().filter(|_| is_open.get()).map(|b| place(&b))?;
        let px = |x: Option<f64>| x.map_or("auto".to_owned(), |x| format!("{x}px"));
        Some(view! {
            <span role="tooltip" id=id.clone() class="gloss-tip" data-testid="gloss" style:left=px(Some(at.0)) style:top=px(at.1) style:bottom=px(at.2)>
                {text.get()}
            </span>
        })
    };
    view! {
        <span class="gloss" on:pointerenter=near on:pointerleave=move |_| is_near.set(false) on:keydown=keys>
            <button type="button" class="gloss-word" node_ref=button aria-describedby=described aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_held.update(|h| *h = !*h) on:focusout=move |_| is_held.set(false)>{children()}</button>
            {tip}
        </span>
    }
}
