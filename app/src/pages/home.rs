//! The first page: start, data, search, result, one below the other.

use crate::store::Store;
use crate::ui::{
    alerts::Alerts, data::Data, header::Header, reading::ReadingBar, result::ResultSection, search::Search,
    start::Start,
};
use leptos::prelude::*;

/// `over`: a file is being dragged over the page.
#[component]
pub fn Home(over: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let open = Memo::new(move |_| store.table.with(Option::is_some));
    let searched = Memo::new(move |_| store.board.with(Option::is_some));
    let judged = Memo::new(move |_| store.verdict.with(Option::is_some));
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <Header />
        <main id="main" class:dropping=move || over.get()>
            <Alerts />
            <Show when=move || open.get() && store.reading.with(Option::is_some)><ReadingBar /></Show>
            <Show when=move || !open.get()><Start /></Show>
            <Show when=move || judged.get()><ResultSection /></Show>
            <Show when=move || searched.get()><Search /></Show>
            <Show when=move || open.get()><Data /></Show>
        </main>
        <footer class="footer">
            "Everything is computed in this tab. Nothing leaves this device unless you send it: no account, no tracking."
        </footer>
    }
}
