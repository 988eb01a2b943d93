//! A chip that opens a small panel. The browser's own popover closes it by Escape and by a click elsewhere, and gives
//! the focus back.

use leptos::prelude::*;

/// `id` must be unlike any other on the page.
#[component]
pub fn ChipMenu(
    id: &'static str,
    #[prop(optional)] testid: &'static str,
    /// What the value is of.
    #[prop(optional)]
    name: &'static str,
    #[prop(into)] value: Signal<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <button type="button" class="chip" popovertarget=id data-testid=(!testid.is_empty()).then_some(testid)>
            {(!name.is_empty()).then(|| view! { <span class="quiet">{name}" "</span> })}
            <span class="ellipsis">{move || value.get()}</span>
        </button>
        <div id=id class="panel-small" popover="auto" role="group" aria-label=if name.is_empty() { "Explanation" } else { name }>
            {children()}
        </div>
    }
}
