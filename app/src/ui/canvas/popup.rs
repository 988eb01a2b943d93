//! What opens above the canvas: menus, and lists that can be searched.

use super::menu::lines;
use super::state::{CanvasCtl, Entry, Opened, Popup, Surface};
use automl_core::document::Place;
use leptos::html::{Div, Input};
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::find::found;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// Lines of a list that are drawn.
const MOST_SHOWN: usize = 60;
/// Room that a popup needs, so that it opens where there is as much.
const ROOM: (f64, f64) = (320.0, 400.0);

/// Where in the window a popup opens that is asked for at `at`.
fn style_at(at: Place) -> String {
    let inner = |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|v| v.as_f64());
    let window = web_sys::window();
    let size = |of: fn(&web_sys::Window) -> Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        window.as_ref().and_then(|w| inner(of(w))).unwrap_or(1e4)
    };
    let (width, height) = (size(web_sys::Window::inner_width), size(web_sys::Window::inner_height));
    let x = at.x.min(width - ROOM.0 - 8.0).max(8.0);
    let y = at.y.min(height - ROOM.1 - 8.0).max(8.0);
    format!("left:{x}px;top:{y}px")
}

#[component]
fn Menu(at: Place, surface: Surface) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let menu = NodeRef::<Div>::new();
    let go = move |to: &dyn Fn(usize, usize) -> usize| {
        let Some(buttons) = menu.get_untracked().and_then(|m| m.query_selector_all("button").ok()) else {
            return;
        };
        let active = super::state::page().and_then(|d| d.active_element());
        let is_active = |i: &u32| buttons.item(*i).map(|b| b.unchecked_into()) == active;
        let now = (0..buttons.length()).find(is_active).map_or(usize::MAX, |i| i as usize);
        let next = to(now, buttons.length() as usize);
        if let Some(button) = buttons.item(next as u32) {
            // A button in an open menu can be focused.
            let _ = button.unchecked_into::<HtmlElement>().focus();
        }
    };
    Effect::new(move |_| {
        if menu.get().is_some() {
            go(&|_, _| 0);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => go(&|now, count| now.wrapping_add(1) % count.max(1)),
            "ArrowUp" => go(&|now, count| now.checked_sub(1).unwrap_or(count - 1).min(count - 1)),
            "Home" => go(&|_, _| 0),
            "End" => go(&|_, count| count - 1),
            "Escape" | "Tab" => ctl.close(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let line = move |line: &super::menu::Line| match *line {
        None => view! { <hr /> }.into_any(),
        Some((action, words, key)) => {
            let act = move |_| {
                ctl.opened.set(None);
                ctl.act(surface, &action);
                // What the action opened has the keyboard already.
                if ctl.opened.get_untracked().is_none() && ctl.renaming.get_untracked().is_none() {
                    ctl.refocus(surface);
                }
            };
            view! {
                <button type="button" role="menuitem" tabindex="-1" on:click=act>
                    <span>{words}</span>
                    <kbd>{key}</kbd>
                </button>
            }
            .into_any()
        }
    };
    view! {
        <div class="canvas-popup menu" data-above="" data-testid="canvas-menu" role="menu" aria-label="Actions" node_ref=menu prop:style=style_at(at) on:keydown=on_key>
            {lines(ctl).iter().map(line).collect_view()}
        </div>
    }
}

#[component]
fn Line(index: usize, entry: Entry, chosen: RwSignal<usize>, choose: Callback<usize>) -> impl IntoView {
    view! {
        <li
            role="option"
            id=format!("pick-{index}")
            class="pick"
            data-testid="pick"
            aria-selected=move || (chosen.get() == index).to_string()
            on:pointermove=move |_| chosen.set(index)
            on:click=move |_| choose.run(index)
        >
            <span class="ellipsis">{entry.title}</span>
            <span class="quiet small ellipsis">{entry.detail}</span>
        </li>
    }
}

/// A list, narrowed by what is typed; arrow keys choose, Enter takes.
#[component]
fn Picker(opened: Arc<Opened>) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let Popup::Pick { title, entries, place, from } = opened.popup.clone() else { return ().into_any() };
    let (query, chosen) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let entries = StoredValue::new(entries);
    let shown = Memo::new(move |_| {
        let words = |e: &Entry| (e.title.clone(), format!("{} {}", e.words, e.detail));
        let texts: Vec<(String, String)> = entries.with_value(|all| all.iter().map(words).collect());
        let mut all = query.with(|q| found(q, texts.iter().map(|(a, b)| (a.as_str(), b.as_str()))));
        all.truncate(MOST_SHOWN);
        all
    });
    let choose = Callback::new(move |at: usize| {
        let index = shown.with_untracked(|s| s.get(at).copied());
        if let Some(entry) = index.and_then(|i| entries.with_value(|e| e.get(i).cloned())) {
            ctl.choose(&entry.choice, place, from.clone());
        }
    });
    let step = move |onward: bool| {
        let count = shown.with_untracked(Vec::len).max(1);
        chosen.update(|at| *at = (*at + if onward { 1 } else { count - 1 }) % count);
        let id = format!("pick-{}", chosen.get_untracked());
        if let Some(line) = super::state::page().and_then(|d| d.get_element_by_id(&id)) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            line.scroll_into_view_with_scroll_into_view_options(&options);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => step(true),
            "ArrowUp" => step(false),
            "Enter" => choose.run(chosen.get_untracked()),
            "Escape" | "Tab" => ctl.close(),
            _ => return event.stop_propagation(),
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let field = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // A field on the page can be focused.
            let _ = field.focus();
        }
    });
    let line = move |at: usize, index: usize| {
        entries
            .with_value(|e| e.get(index).cloned())
            .map(|entry| view! { <Line index=at entry chosen choose /> })
    };
    view! {
        <div class="canvas-popup picker" data-above="" data-testid="picker" role="dialog" aria-label=title.clone() prop:style=style_at(opened.at) on:keydown=on_key>
            <label class="visually-hidden" for="pick-query">{title.clone()}</label>
            <input
                id="pick-query"
                node_ref=field
                data-testid="pick-query"
                type="search"
                role="combobox"
                aria-expanded="true"
                aria-controls="pick-list"
                aria-activedescendant=move || format!("pick-{}", chosen.get())
                autocomplete="off"
                spellcheck="false"
                placeholder=title.clone()
                on:input=move |e| {
                    query.set(event_target_value(&e));
                    chosen.set(0);
                }
            />
            <ul id="pick-list" role="listbox" aria-label="Choices">
                {move || shown.get().into_iter().enumerate().map(|(at, index)| line(at, index)).collect_view()}
            </ul>
            <p class="quiet small" role="status">{move || if shown.with(Vec::is_empty) { "Nothing is called so." } else { "" }}</p>
        </div>
    }
    .into_any()
}

/// Everything that is open on one of the surfaces.
#[component]
pub(super) fn Popups(surface: Surface) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    move || {
        let opened = ctl.opened.get().filter(|o| o.surface == surface)?;
        Some(match opened.popup {
            Popup::Menu => view! { <Menu at=opened.at surface /> }.into_any(),
            Popup::Pick { .. } => view! { <Picker opened /> }.into_any(),
        })
    }
}
