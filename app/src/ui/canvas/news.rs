//! What happened last, for eyes; screen readers are told by the page.

use super::state::CanvasCtl;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// Milliseconds for which it is shown.
const SHOWN_MS: u32 = 6_000;

#[component]
pub(super) fn NewsLine() -> impl IntoView {
    let ctl: CanvasCtl = expect_context();
    let (is_fresh, timer) = (RwSignal::new(false), StoredValue::new_local(None::<Timeout>));
    Effect::new(move |before: Option<()>| {
        let is_empty = ctl.flow.news.with(String::is_empty);
        if before.is_some() {
            is_fresh.set(!is_empty);
            timer.set_value(Some(Timeout::new(SHOWN_MS, move || is_fresh.set(false))));
        }
    });
    view! {
        <Show when=move || is_fresh.get()>
            <p class="news-line" data-testid="news-line" aria-hidden="true">{move || ctl.flow.news.get()}</p>
        </Show>
    }
}
