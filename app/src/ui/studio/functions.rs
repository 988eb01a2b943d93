//! All that an expression may call, to be searched, read and taken.

use crate::store::Store;
use automl_core::kind::expr::Listed;
use leptos::html::{Input, Ul};
use leptos::prelude::*;
use trellis_page::flow::find::found;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// `take`: puts one into the expression. `id`: the list's, unlike any other on the page.
#[component]
pub fn Functions(id: String, take: Callback<Listed>, close: Callback<()>) -> impl IntoView {
    let store: Store = expect_context();
    let all = store.flow.functions;
    let (query, at) = (RwSignal::new(String::new()), RwSignal::new(0usize));
    let (input, list) = (NodeRef::<Input>::new(), NodeRef::<Ul>::new());
    let shown = Memo::new(move |_| {
        all.with(|all| {
            let words: Vec<String> =
                all.iter().map(|f| format!("{} {} {}", f.usage, f.group, f.help)).collect();
            let texts = all.iter().zip(&words).map(|(f, w)| (f.name.as_str(), w.as_str()));
            found(&query.get(), texts).into_iter().filter_map(|i| all.get(i).cloned()).collect::<Vec<_>>()
        })
    });
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // A field that has just been put on the page can have the keyboard.
            let _ = input.focus();
        }
    });
    let go = move |to: usize| {
        at.set(to);
        let line =
            list.get_untracked().and_then(|l| l.query_selector_all("[role=option]").ok()?.item(to as u32));
        if let Some(line) = line.and_then(|l| l.dyn_into::<HtmlElement>().ok()) {
            line.scroll_into_view_with_scroll_into_view_options(&nearest_block());
        }
    };
    let keys = move |event: KeyboardEvent| {
        let (now, count) = (at.get_untracked(), shown.with_untracked(Vec::len));
        match event.key().as_str() {
            "ArrowDown" if count > 0 => go((now + 1) % count),
            "ArrowUp" if count > 0 => go((now + count - 1) % count),
            "Enter" => {
                if let Some(one) = shown.with_untracked(|s| s.get(now).cloned()) {
                    take.run(one);
                }
            }
            "Escape" => close.run(()),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let option_id = {
        let id = id.clone();
        move |i: usize| format!("{id}-{i}")
    };
    let active = {
        let option_id = option_id.clone();
        move || shown.with(|s| !s.is_empty()).then(|| option_id(at.get()))
    };
    let lines = move || {
        let is_whole = query.with(|q| q.trim().is_empty());
        let mut group = String::new();
        let one = |(i, f): (usize, Listed)| {
            let head = (is_whole && f.group != group).then(|| {
                group.clone_from(&f.group);
                view! { <li role="presentation" class="function-group quiet small">{f.group.clone()}</li> }
            });
            let chosen = Signal::derive(move || (at.get() == i).to_string());
            view! { {head}{line(option_id(i), f, chosen, take)} }
        };
        shown.get().into_iter().enumerate().map(one).collect_view()
    };
    view! {
        <div class="functions" data-testid="functions">
            <div class="param-head">
                <input type="search" node_ref=input role="combobox" aria-label="Search functions and signs" placeholder="Search: date, round, part …" autocomplete="off"
                    aria-controls=id.clone() aria-expanded="true" aria-autocomplete="list" aria-activedescendant=active
                    on:input=move |e| { query.set(event_target_value(&e)); at.set(0); } on:keydown=keys />
                <button type="button" class="plain tiny" aria-label="Close the functions" on:click=move |_| close.run(())>"Close"</button>
            </div>
            <ul id=id role="listbox" aria-label="Functions and signs" node_ref=list>{lines}</ul>
            <Show when=move || shown.with(Vec::is_empty)><p class="quiet small" role="status">"Nothing found: try another word."</p></Show>
        </div>
    }
}

/// A function as it is called, what it does, and an example with its result.
fn line(id: String, f: Listed, chosen: Signal<String>, take: Callback<Listed>) -> impl IntoView {
    let taken = f.clone();
    view! {
        <li id=id role="option" class="function" aria-selected=move || chosen.get() on:click=move |_| take.run(taken.clone())>
            <code>{f.usage}</code>
            <span class="small">{f.help}</span>
            <span class="small quiet"><code>{f.example}</code>" → "<code>{f.shows}</code></span>
        </li>
    }
}

fn nearest_block() -> web_sys::ScrollIntoViewOptions {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    options
}
