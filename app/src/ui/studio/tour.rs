//! A tour of five stops for the first visit, which help shows again.

use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

const SEEN: &str = "trellis-tour";

/// Stops: where, by the element's test id, and what is said.
const STOPS: [(&str, &str, &str); 5] = [
    (
        "palette",
        "Kinds of nodes",
        "Each does one thing. Drag one to the canvas, or click it. Search by what you want to do.",
    ),
    (
        "canvas",
        "The canvas",
        "Drag from an output to an input to connect them. The wheel, or two fingers, zoom.",
    ),
    (
        "inspector",
        "The inspector",
        "The selected node's settings, with what is wrong beside each, and help with an example.",
    ),
    ("preview", "The preview", "What came out of the selected node: rows, charts, scores, models."),
    (
        "run-all",
        "Run",
        "Runs what has changed and no more. Share makes a link that holds the whole pipeline and no data.",
    ),
];

/// Which stop is shown.
#[derive(Clone, Copy)]
struct Tour(RwSignal<Option<usize>>);

/// Shows the tour, from its first stop.
pub fn open_tour() {
    if let Some(tour) = use_context::<Tour>() {
        tour.0.set(Some(0));
    }
}

/// Puts the tour into context. Whoever has never seen it sees it.
pub fn provide_tour(show: bool) {
    let is_seen = LocalStorage::get::<bool>(SEEN).unwrap_or(false);
    let at = RwSignal::new((show && !is_seen).then_some(0));
    // Without storage it comes again with the next visit.
    Effect::new(move |was_shown: Option<bool>| {
        let is_shown = at.get().is_some();
        if was_shown == Some(true) && !is_shown {
            let _ = LocalStorage::set(SEEN, true);
        }
        is_shown
    });
    provide_context(Tour(at));
}

#[component]
pub fn TourCard() -> impl IntoView {
    let Tour(at) = expect_context();
    let card = move || {
        let stop = at.get()?;
        let (place, title, text) = STOPS.get(stop)?;
        let last = STOPS.len() - 1;
        let next = move |_| at.set((stop < last).then_some(stop + 1));
        Some(view! {
            <section class="tour" role="dialog" aria-label="Tour" data-stop=*place data-testid="tour"
                on:keydown=move |e| if e.key() == "Escape" { at.set(None) }>
                <p class="quiet small">{format!("{} of {}", stop + 1, last + 1)}</p>
                <h2>{*title}</h2>
                <p>{*text}</p>
                <div class="actions">
                    <button type="button" class="tiny primary" data-testid="tour-next" on:click=next>{if stop < last { "Next" } else { "Done" }}</button>
                    {(stop < last).then(|| view! {
                        <button type="button" class="tiny plain" data-testid="tour-skip" on:click=move |_| at.set(None)>"Skip the tour"</button>
                    })}
                </div>
            </section>
        })
    };
    view! { {card} }
}
