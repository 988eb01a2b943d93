//! An expression over columns, with what may stand at the cursor.

use super::field::{Findings, Slot};
use super::functions::Functions;
use crate::client::workers::Beside;
use crate::store::flow::Completions;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{FlowCommand, Suggestion};
use automl_core::kind::expr::Listed;
use leptos::html::Textarea;
use leptos::prelude::*;
use trellis_page::flow::forms;
use web_sys::KeyboardEvent;

/// Suggestions that are shown.
const SHOWN: usize = 8;

/// The text and what is suggested for it.
#[derive(Clone, Copy)]
struct Editor {
    slot: StoredValue<Slot>,
    area: NodeRef<Textarea>,
    is_open: RwSignal<bool>,
    /// Which suggestion is chosen.
    at: RwSignal<usize>,
    /// What the engine said of this text.
    heard: Memo<Option<Completions>>,
    shown: Memo<Vec<Suggestion>>,
}

impl Editor {
    fn new(slot: Slot) -> Self {
        let (flow, node, path) = (slot.store.flow, slot.node.clone(), slot.path.clone());
        let (is_open, at) = (RwSignal::new(false), RwSignal::new(0));
        let heard = Memo::new(move |_| {
            flow.completions.with(|c| c.as_ref().filter(|c| c.node == node && c.param == path).cloned())
        });
        let shown = Memo::new(move |_| {
            let all = heard.get().map(|c| c.suggestions).unwrap_or_default();
            if is_open.get() { all.into_iter().take(SHOWN).collect() } else { Vec::new() }
        });
        Self { slot: StoredValue::new(slot), area: NodeRef::new(), is_open, at, heard, shown }
    }

    fn write(self, text: String) {
        self.slot.with_value(|slot| slot.write(text.into()));
    }

    /// Asks what may stand at the cursor.
    fn complete(self) {
        let Some(area) = self.area.get_untracked() else { return };
        let text = area.value();
        let units = area.selection_start().ok().flatten().unwrap_or(0) as usize;
        let cursor = forms::bytes_before(&text, units) as u32;
        self.slot.with_value(|slot| {
            let (node, param) = (slot.node.0.clone(), slot.path.clone());
            slot.store.flow.ask(FlowCommand::Complete { node, param, text, cursor }, Beside::Nothing);
        });
        self.at.set(0);
        self.is_open.set(true);
    }

    fn take(self, suggestion: &Suggestion) {
        let Some(area) = self.area.get_untracked() else { return };
        let (text, end) = forms::replaced(&area.value(), suggestion.replaces, &suggestion.insert);
        area.set_value(&text);
        // A cursor within the text can always be set.
        let _ = area.set_selection_range(end, end);
        let _ = area.focus();
        self.write(text);
        self.complete();
        self.is_open.set(false);
    }

    /// Puts a function at the cursor, and offers what may stand in it.
    fn put(self, one: &Listed) {
        let Some(area) = self.area.get_untracked() else { return };
        let place = |at: Result<Option<u32>, _>| at.ok().flatten().map(|at| at as usize);
        let from = place(area.selection_start()).unwrap_or(usize::MAX);
        let to = place(area.selection_end()).unwrap_or(from);
        let (text, end) = forms::put_in(&area.value(), (from, to), &one.insert);
        area.set_value(&text);
        // A cursor within the text can always be set.
        let _ = area.set_selection_range(end, end);
        let _ = area.focus();
        self.write(text);
        self.complete();
    }

    /// Takes what was probably meant in place of what is written.
    fn mend(self, text: String) {
        let Some(area) = self.area.get_untracked() else { return };
        area.set_value(&text);
        // The text stays in sight, with the cursor behind it.
        let _ = area.focus();
        self.write(text);
        self.complete();
        self.is_open.set(false);
    }

    fn keys(self, event: &KeyboardEvent) {
        let count = self.shown.with_untracked(Vec::len);
        match event.key().as_str() {
            " " if event.ctrl_key() => self.complete(),
            "ArrowDown" if count > 0 => self.at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => self.at.update(|at| *at = (*at + count - 1) % count),
            "Enter" | "Tab" if count > 0 => {
                let at = self.at.get_untracked();
                if let Some(chosen) = self.shown.with_untracked(|s| s.get(at).cloned()) {
                    self.take(&chosen);
                }
            }
            "Escape" if count > 0 => self.is_open.set(false),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }
}

/// What is wrong with the text, and what was probably meant: of the plan, and of the text at the last key.
fn said(slot: Slot, editor: Editor) -> (Memo<Vec<Diagnostic>>, Memo<Option<String>>) {
    let told = slot.findings();
    let found = Memo::new(move |_| {
        let mut all: Vec<Diagnostic> = told.get();
        let heard = editor.heard.get().and_then(|c| c.finding).map(|f| f.diagnostic);
        all.extend(heard.filter(|h| told.with(|told| told.iter().all(|t| t.message != h.message))));
        all
    });
    let instead = Memo::new(move |_| {
        let heard = editor.heard.get().and_then(|c| c.finding).and_then(|f| f.instead);
        let planned = || {
            let views = slot.store.flow.views;
            views.with(|v| v.get(&slot.node).and_then(|v| forms::instead_at(&v.findings, &slot.path)))
        };
        heard.or_else(planned)
    });
    (found, instead)
}

/// What was probably meant, to be taken by one click.
fn offered(meant: String, editor: Editor) -> impl IntoView {
    let shown = meant.clone();
    view! {
        <div class="instead">
            <code data-testid="instead">{shown}</code>
            <button type="button" class="tiny" data-testid="use-instead" on:click=move |_| editor.mend(meant.clone())>"Use this"</button>
        </div>
    }
}

#[component]
pub fn ExpressionField(param: Slot) -> impl IntoView {
    let (text, id, planned) = (param.text(), param.id(), param.clone());
    let title = param.field.title.clone();
    let editor = Editor::new(param);
    let is_listing = RwSignal::new(false);
    let (found, instead) = said(planned, editor);
    let list_id = format!("{id}-list");
    let option_id = {
        let list_id = list_id.clone();
        move |i: usize| format!("{list_id}-{i}")
    };
    let active = {
        let option_id = option_id.clone();
        move || (!editor.shown.with(Vec::is_empty)).then(|| option_id(editor.at.get()))
    };
    let options = move || {
        let one = |(i, s): (usize, Suggestion)| {
            let chosen = s.clone();
            view! {
                <li id=option_id(i) role="option" class="option" title=s.help aria-selected=move || (editor.at.get() == i).to_string()
                    on:mousedown=move |e| { e.prevent_default(); editor.take(&chosen); }>
                    <span class="ellipsis"><code>{s.insert}</code></span>
                    <span class="quiet small">{s.kind}" "{s.detail}</span>
                </li>
            }
        };
        editor.shown.get().into_iter().enumerate().map(one).collect_view()
    };
    let input = move |event| {
        editor.write(event_target_value(&event));
        editor.complete();
    };
    let functions_id = format!("{id}-functions");
    let listing = {
        let list_id = functions_id.clone();
        let close = Callback::new(move |()| {
            is_listing.set(false);
            if let Some(area) = editor.area.get_untracked() {
                // What is on the page can have the keyboard.
                let _ = area.focus();
            }
        });
        let take = Callback::new(move |one: Listed| {
            is_listing.set(false);
            editor.put(&one);
        });
        move || is_listing.get().then(|| view! { <Functions id=list_id.clone() take close /> })
    };
    let wrong = move || (!found.with(Vec::is_empty)).to_string();
    view! {
        <div class="expression">
            <textarea id=id node_ref=editor.area rows="3" spellcheck="false" autocomplete="off" autocapitalize="off" role="combobox"
                aria-autocomplete="list" aria-controls=list_id.clone() aria-expanded=move || (!editor.shown.with(Vec::is_empty)).to_string()
                aria-activedescendant=active aria-invalid=wrong data-testid="expression" prop:value=move || text.get() on:input=input
                on:keydown=move |e| editor.keys(&e) on:blur=move |_| editor.is_open.set(false)></textarea>
            <ul id=list_id class="options" role="listbox" aria-label="What may stand here" data-testid="completions">{options}</ul>
        </div>
        <div role="alert" data-testid="expression-error" class="found"><Findings found /></div>
        {move || instead.get().map(|meant| offered(meant, editor))}
        <div class="actions">
            <button type="button" class="plain tiny" data-testid="list-functions" aria-label=format!("Functions for {title}") aria-expanded=move || is_listing.get().to_string()
                on:click=move |_| is_listing.update(|l| *l = !*l)>"Functions"</button>
        </div>
        {listing}
    }
}
