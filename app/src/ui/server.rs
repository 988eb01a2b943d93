//! What a search on the server would send, and where; and that it is under way.

use crate::store::Store;
use crate::store::server::OnServer;
use leptos::prelude::*;
use trellis_page::format;

/// The name under which this page's server is known.
pub fn host() -> String {
    web_sys::window().and_then(|w| w.location().host().ok()).unwrap_or_default()
}

/// Asks for what a search on the server would send. A page within another page offers none.
#[component]
pub fn ServerButton(offer: Callback<()>) -> impl IntoView {
    let store: Store = expect_context();
    let disabled = move || {
        let busy = store.searching() || store.starting.get() || store.server.stage.with(Option::is_some);
        busy || store.target.with(Option::is_none)
    };
    view! {
        <Show when=move || !store.is_embedded()>
            <button data-testid="run-on-server" disabled=disabled on:click=move |_| offer.run(())>"Run on server…"</button>
        </Show>
    }
}

#[component]
pub fn ServerOffer() -> impl IntoView {
    let store: Store = expect_context();
    let stage = store.server.stage;
    let view = move || match stage.get()? {
        OnServer::Offered(request) => {
            let size = format::bytes(store.bytes_to_send());
            let send = move |_| store.search_on_server((*request).clone());
            Some(
                view! {
                    <div class="notice" role="group" aria-labelledby="offer-title" data-testid="server-offer">
                        <p id="offer-title">
                            "This sends "<strong>{store.name.get_untracked()}</strong>{format!(" ({size}) and what is asked to ")}
                            <strong>{host()}</strong>
                            ", which keeps them in a project of that name. What it has already is not sent again. The finished model opens here."
                        </p>
                        <button class="primary" data-testid="send-to-server" on:click=send>"Send and run"</button>
                        " "
                        <button on:click=move |_| stage.set(None)>"Cancel"</button>
                    </div>
                }
                .into_any(),
            )
        }
        OnServer::Sending => Some(
            view! { <p class="notice" role="status">{format!("Sending to {} …", host())}</p> }.into_any(),
        ),
        OnServer::Running(_) => Some(
            view! {
                <p class="notice" role="status" data-testid="on-server">
                    {format!("{} runs this search. It goes on there if this page is closed.", host())}
                </p>
            }
            .into_any(),
        ),
    };
    view! { {view} }
}
