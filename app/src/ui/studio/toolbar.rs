//! The bar above the canvas.

use super::server::{ServerItems, ServerState};
use super::share::ShareDialog;
use super::tour::open_tour;
use crate::store::Store;
use crate::store::desk::{Sheet, Story};
use crate::store::flow::Subject;
use crate::store::flow_server::Stage;
use crate::ui::canvas::CanvasCtl;
use crate::ui::server::host;
use automl_core::document::Edit;
use leptos::prelude::*;
use trellis_page::flow::ended::{Ended, to_look_at};
use trellis_page::flow::selection::{Item, Selection};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

#[component]
fn HistoryList() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let steps = move || {
        let (labels, done) = flow.history.with(|h| {
            let (labels, done) = h.steps();
            (labels.into_iter().map(str::to_owned).collect::<Vec<_>>(), done)
        });
        let row = move |at: usize, label: String| {
            let current = (at == done).then_some("step");
            view! {
                <li><button type="button" class="menu-item" class:undone=move || { at > done } aria-current=current
                    on:click=move |_| flow.go_to(at)>{label}</button></li>
            }
        };
        let is_shortened = flow.history.with(|h| h.is_shortened());
        let word = if is_shortened { "Earlier changes are no longer kept" } else { "As it was opened" };
        let first = row(0, word.to_owned());
        let rest = labels.into_iter().enumerate().map(|(i, label)| row(i + 1, label)).collect_view();
        view! { {first}{rest} }
    };
    view! {
        <button type="button" class="tool" popovertarget="history-panel" title="All changes">"History"</button>
        <div id="history-panel" class="panel-small" popover="auto" role="group" aria-label="All changes" data-testid="history">
            <ol class="menu">{steps}</ol>
        </div>
    }
}

/// The element with this id is shown no longer.
fn hide(id: &str) {
    let element = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(id));
    if let Some(element) = element.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        // What is hidden already stays hidden.
        let _ = element.hide_popover();
    }
}

/// `more`: what opens it on a phone is open.
#[component]
fn FileMenu(more: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let chosen = move || {
        hide("file-panel");
        more.set(false);
    };
    let choose = move |event| {
        if let Some(file) = crate::ui::start::chosen_file(&event) {
            store.take_file(file, None);
        }
        chosen();
    };
    let save_pipeline = move |_| {
        store.save_pipeline();
        chosen();
    };
    let save_project = move |_| {
        store.save_project();
        chosen();
    };
    let open_new = move |_| {
        store.open_flow(Default::default());
        chosen();
    };
    let go_back = move |_| {
        store.go_back();
        chosen();
    };
    // Only now is it asked whether this page's server keeps and runs anything.
    let ask = move |_| {
        wasm_bindgen_futures::spawn_local(async move {
            // Without an answer, what needs one is not offered.
            let _ = store.ask_who().await;
        });
    };
    view! {
        <button type="button" class="tool" popovertarget="file-panel" aria-label="File: open or save" on:click=ask>"File"</button>
        <div id="file-panel" class="panel-small" popover="auto" role="group" aria-label="Open or save">
            <label class="button menu-item">
                "Open a pipeline, project, model or table"
                <input class="visually-hidden" type="file" data-testid="open-file" on:change=choose />
            </label>
            <button type="button" class="menu-item" data-testid="save-pipeline" on:click=save_pipeline>"Save the pipeline"</button>
            <button type="button" class="menu-item" data-testid="save-project" on:click=save_project>"Save with data and models"</button>
            <button type="button" class="menu-item" data-testid="new-pipeline" on:click=open_new>"New pipeline"</button>
            <Show when=move || store.flow.desk.before.with(Option::is_some)>
                <button type="button" class="menu-item" on:click=go_back>"Back to the pipeline before"</button>
            </Show>
            <ServerItems chosen=Callback::new(move |()| chosen()) />
        </div>
    }
}

#[component]
fn Title() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let title = Memo::new(move |_| flow.history.with(|h| h.document().title().to_owned()));
    let rename = move |event| {
        flow.edit_grouped("Rename the pipeline", "title", Edit::Title { title: event_target_value(&event) });
    };
    view! {
        <input class="pipeline-title" type="text" aria-label="Title of the pipeline" placeholder="Untitled pipeline" maxlength="200"
            autocomplete="off" data-testid="pipeline-title" prop:value=move || title.get() on:input=rename />
    }
}

#[component]
fn Running() -> impl IntoView {
    let store: Store = expect_context();
    let busy = move || store.is_flow_busy();
    let words = move || match store.flow.desk.remote.stage.get() {
        Some(Stage::Sending) => format!("Sending to {} …", host()),
        Some(Stage::Running(_)) => format!("On {}: {}", host(), store.flow_progress()),
        None => store.flow_progress(),
    };
    let is_empty = Memo::new(move |_| store.flow.history.with(|h| h.document().nodes().is_empty()));
    let why = move || is_empty.get().then_some("There is nothing to run yet: add a node first.");
    view! {
        <Show when=busy fallback=move || view! {
            <button type="button" class="tool primary" data-testid="run-all" disabled=move || is_empty.get() title=why on:click=move |_| store.start_flow(Vec::new(), false)>"Run all"</button>
        }>
            <button type="button" class="tool" data-testid="stop-run" on:click=move |_| store.stop_flow()>"Stop"</button>
            <span class="quiet small ellipsis run-words" role="status">{words}</span>
        </Show>
    }
}

/// Shows what a run was about: what failed, or else the result.
pub fn see_result(store: Store) {
    let flow = store.flow;
    let place = flow.kinds.with_untracked(|kinds| {
        flow.views.with_untracked(|views| flow.with_document(|d| to_look_at(d, kinds, views)))
    });
    let Some((node, port)) = place else { return };
    let failed = flow.desk.ended.with_untracked(|e| e.is_some_and(Ended::has_failed));
    flow.selection.set(Selection::of([Item::Node(node.clone())]));
    flow.show(Some(Subject { node, port }));
    flow.desk.is_folded.set(false);
    // Why a node failed is said in its settings.
    flow.desk.sheet.set(Some(if failed { Sheet::Inspector } else { Sheet::Preview }));
}

/// How the last run ended, with a way to what came of it.
#[component]
pub fn RunNews() -> impl IntoView {
    let store: Store = expect_context();
    move || {
        let ended = store.flow.desk.ended.get().filter(|_| !store.is_flow_busy())?;
        let failed = ended.has_failed();
        let word = if failed { "See what is wrong" } else { "See the result" };
        Some(view! {
            <span class="run-news" class:failed=failed data-testid="run-news">
                <span class="run-sign" aria-hidden="true">{if failed { "!" } else { "✓" }}</span>
                <span>{ended.words()}</span>
                <button type="button" class="tool" data-testid="see-result" on:click=move |_| see_result(store)>{word}</button>
            </span>
        })
    }
}

/// `outline`: the tree is shown in place of the canvas. `templates`: they are shown.
#[component]
pub fn Toolbar(outline: RwSignal<bool>, templates: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let ctl: CanvasCtl = expect_context();
    let flow = store.flow;
    let more = RwSignal::new(false);
    let can_undo = Memo::new(move |_| flow.history.with(|h| h.steps().1 > 0));
    let can_redo = Memo::new(move |_| {
        flow.history.with(|h| {
            let (all, done) = h.steps();
            done < all.len()
        })
    });
    let left = Memo::new(move |_| flow.desk.story.get().filter(|s| !s.is_told));
    let resume = move |_| {
        if let Some(story) = left.get_untracked() {
            flow.desk.linked.set(None);
            flow.desk.story.set(Some(Story { is_told: true, ..story }));
        }
    };
    view! {
        <div class="toolbar main-bar" role="toolbar" aria-label="Pipeline">
            <button type="button" class="tool" data-testid="to-start" aria-label="Start page" on:click=move |_| store.go_to_start()>"Start"</button>
            <Title />
            <Running />
            <RunNews />
            <ServerState />
            <span class="tool-group">
                <button type="button" class="tool" data-testid="undo" disabled=move || !can_undo.get() on:click=move |_| flow.undo()>"Undo"</button>
                <button type="button" class="tool" data-testid="redo" disabled=move || !can_redo.get() on:click=move |_| flow.redo()>"Redo"</button>
            </span>
            <Show when=move || left.get().is_some()>
                <button type="button" class="tool" data-testid="story-resume" on:click=resume>"Resume the story"</button>
            </Show>
            <button type="button" class="tool more-toggle" aria-expanded=move || more.get().to_string() aria-controls="more-tools"
                data-testid="more-tools" on:click=move |_| more.update(|m| *m = !*m)>"More"</button>
            <div class="more-tools" id="more-tools" class:open=move || more.get()>
                <HistoryList />
                <button type="button" class="tool" on:click=move |_| { more.set(false); ctl.tidy(); }>"Tidy up"</button>
                <button type="button" class="tool" data-testid="outline-toggle" aria-pressed=move || outline.get().to_string()
                    on:click=move |_| { more.set(false); outline.update(|o| *o = !*o); }>"Outline"</button>
                <span class="spacer"></span>
                <button type="button" class="tool" data-testid="templates" on:click=move |_| { more.set(false); templates.set(true); }>"Templates"</button>
                <FileMenu more />
                <ShareDialog />
                <button type="button" class="tool" data-testid="help" aria-label="Help: a tour of the builder" on:click=move |_| { more.set(false); open_tour(); }>"Help"</button>
            </div>
        </div>
    }
}
