//! What a search on the server would send, and where; and that it is under way.

use crate::client::server::SIGNED_OUT;
use crate::store::Store;
use crate::store::server::OnServer;
use automl_core::engine::protocol::StudyRequest;
use leptos::prelude::*;
use trellis_page::format;
use wasm_bindgen::JsCast;

/// The name under which this page's server is known.
pub fn host() -> String {
    web_sys::window().and_then(|w| w.location().host().ok()).unwrap_or_default()
}

/// Says what a search on the server would send, if the page comes from a place that runs any.
pub async fn offer_search(store: Store, request: StudyRequest) -> Result<(), String> {
    let refusal = store.ask_who().await;
    if store.flow.desk.saved.me.with_untracked(Option::is_none) {
        let told = refusal.map(|refusal| refusal.told).filter(|told| told.code == SIGNED_OUT);
        return Err(match told {
            Some(told) => format!("{} {}", told.message, told.remedy),
            None => format!(
                "{} runs no searches, or cannot be reached just now. This tab can: find the best model here.",
                host()
            ),
        });
    }
    store.server.stage.set(Some(OnServer::Offered(Box::new(request))));
    Ok(())
}

/// The id of the button that asks, which has the keyboard again when what it offers is declined.
const BUTTON: &str = "run-on-server";

fn focus(element: Option<web_sys::HtmlElement>) {
    if let Some(element) = element {
        // An element on the page can be focused.
        let _ = element.focus();
    }
}

fn decline(store: Store) {
    store.server.stage.set(None);
    // With the next frame it can be pressed again.
    request_animation_frame(|| {
        let button = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(BUTTON));
        focus(button.and_then(|b| b.dyn_into().ok()));
    });
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
            <button id=BUTTON data-testid="run-on-server" disabled=disabled on:click=move |_| offer.run(())>"Run on server…"</button>
        </Show>
    }
}

#[component]
pub fn ServerOffer() -> impl IntoView {
    let store: Store = expect_context();
    let stage = store.server.stage;
    let group = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| focus(group.get().map(Into::into)));
    let view = move || match stage.get()? {
        OnServer::Offered(request) => {
            let size = format::bytes(store.bytes_to_send());
            let send = move |_| store.search_on_server((*request).clone());
            Some(
                view! {
                    <div class="notice" role="group" tabindex="-1" aria-labelledby="offer-title" data-testid="server-offer" node_ref=group
                        on:keydown=move |e| if e.key() == "Escape" { decline(store) }>
                        <p id="offer-title">
                            "This sends "<strong>{store.name.get_untracked()}</strong>{format!(" ({size}) and what is asked to ")}
                            <strong>{host()}</strong>
                            ", which keeps them in a project of that name. What it has already is not sent again. The finished model opens here."
                        </p>
                        <button class="primary" data-testid="send-to-server" on:click=send>"Send and run"</button>
                        " "
                        <button on:click=move |_| decline(store)>"Cancel"</button>
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
