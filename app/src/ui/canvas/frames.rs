//! Frames of groups, and notes.

use super::node::TitleField;
use super::state::{CanvasCtl, Surface, dom_id};
use leptos::html::Textarea;
use leptos::prelude::*;
use trellis_page::flow::geometry::Rect;
use trellis_page::flow::selection::Item;

fn box_style(rect: Rect) -> String {
    format!("transform:translate({}px,{}px);width:{}px;height:{}px", rect.x, rect.y, rect.width, rect.height)
}

/// What a frame or a note shares with nodes: whether it is selected, the keyboard's, and being renamed.
fn standing(ctl: CanvasCtl, item: &Item) -> (Memo<bool>, Memo<bool>, Memo<bool>) {
    let (a, b, c) = (item.clone(), item.clone(), item.clone());
    (
        Memo::new(move |_| ctl.flow.selection.with(|s| s.contains(&a))),
        Memo::new(move |_| ctl.is_current(&b)),
        Memo::new(move |_| {
            ctl.renaming.with(|r| r.as_ref().is_some_and(|(s, i)| *s == Surface::Canvas && *i == c))
        }),
    )
}

#[component]
fn GroupFrame(name: String) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let item = Item::Group(name.clone());
    let (is_selected, is_current, is_renamed) = standing(ctl, &item);
    let own = name.clone();
    let frame = Memo::new(move |_| {
        let drag = ctl.drag.get();
        ctl.scene.with(|scene| {
            ctl.flow.history.with(|history| {
                let nodes = &history.document().layout().groups.get(&own)?.nodes;
                let title = scene.frames.get(&own)?.title.clone();
                let drag = drag.as_ref().filter(|d| !d.nodes.is_disjoint(nodes));
                let rect = match drag {
                    None => scene.frames.get(&own)?.rect,
                    Some(drag) => scene.frame_rect(nodes, &drag.nodes, drag.by)?,
                };
                Some((title, rect))
            })
        })
    });
    let title = Memo::new(move |_| frame.get().map_or(String::new(), |f| f.0));
    let style = move || frame.get().map_or(String::new(), |f| box_style(f.1));
    let (renamed, focused) = (item.clone(), item.clone());
    view! {
        <div
            class="frame"
            class:selected=move || is_selected.get()
            id=dom_id(&item)
            data-testid=format!("group-{name}")
            role="group"
            aria-roledescription="group of nodes"
            aria-label=move || title.get()
            tabindex=move || if is_current.get() { "0" } else { "-1" }
            prop:style=style
            on:focus=move |_| ctl.take_focus(&focused)
        >
            <div class="frame-head" data-frame=name.clone()>
                {move || if is_renamed.get() {
                    view! { <TitleField item=renamed.clone() value=title.get_untracked() /> }.into_any()
                } else {
                    view! { <span class="ellipsis">{move || title.get()}</span> }.into_any()
                }}
            </div>
        </div>
    }
}

#[component]
fn NoteField(item: Item, value: String) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let field = NodeRef::<Textarea>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            // A field on the page can be focused.
            let _ = field.focus();
        }
    });
    let on_key = move |event: web_sys::KeyboardEvent| {
        event.stop_propagation();
        if event.key() == "Escape"
            && let Some(field) = field.get_untracked()
        {
            // What was written stays: undo takes it back.
            let _ = field.blur();
        }
    };
    view! {
        <textarea
            node_ref=field
            class="note-field"
            data-testid="note-text"
            aria-label="Text of the note"
            maxlength="5000"
            prop:value=value
            on:keydown=on_key
            on:blur=move |e| ctl.renamed(&item, event_target_value(&e), &e)
        ></textarea>
    }
}

#[component]
fn NoteCard(name: String) -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let item = Item::Note(name.clone());
    let (is_selected, is_current, is_renamed) = standing(ctl, &item);
    let own = name.clone();
    let note = Memo::new(move |_| {
        ctl.flow.history.with(|h| h.document().layout().notes.get(&own).map(|n| n.text.clone()))
    });
    let own = name.clone();
    let rect = Memo::new(move |_| ctl.scene.with(|s| s.notes.get(&own).copied()));
    let text = move || note.get().unwrap_or_default();
    let (renamed, focused) = (item.clone(), item.clone());
    view! {
        <div
            class="sticky"
            class:selected=move || is_selected.get()
            id=dom_id(&item)
            data-testid=format!("note-{name}")
            data-note=name.clone()
            role="group"
            aria-roledescription="note"
            aria-label=move || if text().is_empty() { "Empty note".to_owned() } else { text() }
            tabindex=move || if is_current.get() { "0" } else { "-1" }
            prop:style=move || rect.get().map_or(String::new(), box_style)
            on:focus=move |_| ctl.take_focus(&focused)
        >
            {move || if is_renamed.get() {
                let value = note.get_untracked().unwrap_or_default();
                view! { <NoteField item=renamed.clone() value /> }.into_any()
            } else {
                view! { <div class="note-body">{move || if text().is_empty() { "Double click to write.".to_owned() } else { text() }}</div> }.into_any()
            }}
            <span class="corner" data-corner=name.clone() title="Drag to resize"></span>
        </div>
    }
}

#[component]
pub(super) fn Frames() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let groups = Memo::new(move |_| {
        ctl.flow.history.with(|h| h.document().layout().groups.keys().cloned().collect::<Vec<_>>())
    });
    let notes = Memo::new(move |_| {
        ctl.flow.history.with(|h| h.document().layout().notes.keys().cloned().collect::<Vec<_>>())
    });
    view! {
        <For each=move || groups.get() key=Clone::clone children=|name| view! { <GroupFrame name /> } />
        <For each=move || notes.get() key=Clone::clone children=|name| view! { <NoteCard name /> } />
    }
}
