//! An expression over columns, with what may stand at the cursor.

use super::field::Slot;
use crate::client::workers::Beside;
use crate::store::flow::Completions;
use automl_core::engine::protocol::{FlowCommand, Suggestion};
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

#[component]
pub fn ExpressionField(param: Slot) -> impl IntoView {
    let (text, id, planned) = (param.text(), param.id(), param.clone());
    let editor = Editor::new(param);
    // What the plan has found already stands below the field.
    let is_told = move |message: &str| {
        planned.store.flow.views.with(|views| {
            let found = views.get(&planned.node).map(|v| v.findings.as_slice()).unwrap_or_default();
            found.iter().any(|f| f.diagnostic.message == message)
        })
    };
    let wrong = move || {
        let finding = editor.heard.get().and_then(|c| c.finding).filter(|f| !is_told(&f.diagnostic.message));
        finding.map(|f| format!("{} {}", f.diagnostic.message, f.diagnostic.remedy))
    };
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
    view! {
        <div class="expression">
            <textarea id=id node_ref=editor.area rows="3" spellcheck="false" autocomplete="off" autocapitalize="off" role="combobox"
                aria-autocomplete="list" aria-controls=list_id.clone() aria-expanded=move || (!editor.shown.with(Vec::is_empty)).to_string()
                aria-activedescendant=active data-testid="expression" prop:value=move || text.get() on:input=input
                on:keydown=move |e| editor.keys(&e) on:blur=move |_| editor.is_open.set(false)></textarea>
            <ul id=list_id class="options" role="listbox" aria-label="What may stand here" data-testid="completions">{options}</ul>
        </div>
        <p class="field-error small" role="alert" data-testid="expression-error">{wrong}</p>
    }
}
