//! An expression over columns, with what may stand at the cursor.

use super::field::Slot;
use crate::client::workers::Beside;
use automl_core::engine::protocol::{FlowCommand, Suggestion};
use leptos::html::Textarea;
use leptos::prelude::*;
use trellis_page::flow::forms;
use web_sys::KeyboardEvent;

/// Suggestions that are shown.
const SHOWN: usize = 8;

#[component]
pub fn ExpressionField(param: Slot) -> impl IntoView {
    let slot = param;
    let (text, id) = (slot.text(), slot.id());
    let (flow, area) = (slot.store.flow, NodeRef::<Textarea>::new());
    let (is_open, at) = (RwSignal::new(false), RwSignal::new(0_usize));
    let key = (slot.node.clone(), slot.path.clone());
    let mine = {
        let key = key.clone();
        Memo::new(move |_| {
            flow.completions.with(|c| c.as_ref().filter(|c| c.node == key.0 && c.param == key.1).cloned())
        })
    };
    let shown = Memo::new(move |_| {
        let all = mine.get().map(|c| c.suggestions).unwrap_or_default();
        if is_open.get() { all.into_iter().take(SHOWN).collect::<Vec<Suggestion>>() } else { Vec::new() }
    });
    // What the engine says of the text as it is typed, with its place in it.
    let wrong = move || {
        mine.get()
            .and_then(|c| c.finding)
            .map(|f| format!("{} {}", f.diagnostic.message, f.diagnostic.remedy))
    };
    let complete = move || {
        let Some(area) = area.get_untracked() else { return };
        let text = area.value();
        let units = area.selection_start().ok().flatten().unwrap_or(0) as usize;
        let cursor = forms::bytes_before(&text, units) as u32;
        let ask = FlowCommand::Complete { node: key.0.0.clone(), param: key.1.clone(), text, cursor };
        flow.ask(ask, Beside::Nothing);
        at.set(0);
        is_open.set(true);
    };
    let write = {
        let slot = slot.clone();
        move |text: String| slot.write(text.into())
    };
    let take = {
        let (write, complete) = (write.clone(), complete.clone());
        move |suggestion: &Suggestion| {
            let Some(area) = area.get_untracked() else { return };
            let (text, end) = forms::replaced(&area.value(), suggestion.replaces, &suggestion.insert);
            area.set_value(&text);
            // A cursor within the text can always be set.
            let _ = area.set_selection_range(end, end);
            let _ = area.focus();
            write(text);
            complete();
            is_open.set(false);
        }
    };
    let keys = {
        let (take, complete) = (take.clone(), complete.clone());
        move |event: KeyboardEvent| {
            let count = shown.with_untracked(Vec::len);
            match event.key().as_str() {
                " " if event.ctrl_key() => complete(),
                "ArrowDown" if count > 0 => at.update(|at| *at = (*at + 1) % count),
                "ArrowUp" if count > 0 => at.update(|at| *at = (*at + count - 1) % count),
                "Enter" | "Tab" if count > 0 => {
                    if let Some(chosen) = shown.with_untracked(|s| s.get(at.get_untracked()).cloned()) {
                        take(&chosen);
                    }
                }
                "Escape" if count > 0 => is_open.set(false),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let list_id = format!("{id}-list");
    let option_id = {
        let list_id = list_id.clone();
        move |i: usize| format!("{list_id}-{i}")
    };
    let active = {
        let option_id = option_id.clone();
        move || (!shown.with(Vec::is_empty)).then(|| option_id(at.get()))
    };
    let options = move || {
        let one = |(i, s): (usize, Suggestion)| {
            let (take, chosen) = (take.clone(), s.clone());
            view! {
                <li id=option_id(i) role="option" class="option" title=s.help aria-selected=move || (at.get() == i).to_string()
                    on:mousedown=move |e| { e.prevent_default(); take(&chosen); }>
                    <span class="ellipsis"><code>{s.insert}</code></span>
                    <span class="quiet small">{s.kind}" "{s.detail}</span>
                </li>
            }
        };
        shown.get().into_iter().enumerate().map(one).collect_view()
    };
    let input = {
        let complete = complete.clone();
        move |event| {
            write(event_target_value(&event));
            complete();
        }
    };
    view! {
        <div class="expression">
            <textarea id=id node_ref=area rows="3" spellcheck="false" autocomplete="off" autocapitalize="off" role="combobox"
                aria-autocomplete="list" aria-controls=list_id.clone() aria-expanded=move || (!shown.with(Vec::is_empty)).to_string()
                aria-activedescendant=active data-testid="expression" prop:value=move || text.get() on:input=input on:keydown=keys
                on:blur=move |_| is_open.set(false)></textarea>
            <ul id=list_id class="options" role="listbox" aria-label="What may stand here" data-testid="completions">{options}</ul>
        </div>
        <p class="field-error small" role="alert" data-testid="expression-error">{wrong}</p>
    }
}
