//! The kinds of models that a search may try.

use crate::store::Store;
use automl_core::engine::protocol::LearnerChoice;
use leptos::prelude::*;
use trellis_page::choice::{self, Changes};

#[component]
fn Choice(learner: LearnerChoice, changes: RwSignal<Changes>, reproducible: RwSignal<bool>) -> impl IntoView {
    let LearnerChoice { id, title, help, reproducible: same, .. } = learner.clone();
    let chosen = move || choice::is_chosen(&learner, &changes.read(), reproducible.get());
    let (testid, help_id) = (format!("learner-{id}"), format!("learner-{id}-help"));
    let flip = move |event| {
        let ticked = event_target_checked(&event);
        changes.update(|c| {
            c.insert(id.clone(), ticked);
        });
    };
    let differs = (!same).then_some(" Only when chosen; the last bits may differ between machines.");
    view! {
        <li class="learner">
            <label class="check">
                <input
                    type="checkbox"
                    data-testid=testid
                    aria-describedby=help_id.clone()
                    prop:checked=chosen
                    disabled=move || !same && reproducible.get()
                    on:change=flip
                />
                {title}
            </label>
            <p class="quiet small check-help" id=help_id>{help}{differs}</p>
        </li>
    }
}

/// One line a learner that suits the task of the target.
#[component]
pub fn Learners(changes: RwSignal<Changes>, reproducible: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let all =
        Memo::new(move |_| store.target.with(|t| t.as_ref().map_or_else(Vec::new, |t| t.learners.clone())));
    let count = move || {
        let all = all.read();
        let chosen = all.iter().filter(|l| choice::is_chosen(l, &changes.read(), reproducible.get())).count();
        format!("{chosen} of {}", all.len())
    };
    let list = move || {
        all.get().into_iter().map(|learner| view! { <Choice learner changes reproducible /> }).collect_view()
    };
    view! {
        <details>
            <summary>"Kinds of models "<span class="quiet">{count}</span></summary>
            <ul class="learners">{list}</ul>
        </details>
    }
}
