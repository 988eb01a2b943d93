//! The page.

mod client;
mod pages;
mod store;
mod ui;

use leptos::prelude::*;

fn main() {
    console_error_panic_hook::set_once();
    let store = store::Store::new();
    leptos::mount::mount_to_body(move || {
        provide_context(store);
        view! { <pages::Page /> }
    });
    store.start();
}
