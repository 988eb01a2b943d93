//! The search: controls, progress, curve, leaderboard.

use super::curve::Curve;
use super::gloss::Ask;
use super::leaderboard::Leaderboard;
use crate::store::Store;
use automl_core::engine::protocol::{Board, Command, EndReason, Phase};
use leptos::prelude::*;
use trellis_page::format;

fn phase_words(board: &Board) -> &'static str {
    match (board.phase, board.end_reason) {
        (Phase::Searching, _) => "Searching",
        (Phase::Paused, _) => "Paused",
        (Phase::Checking, _) => "Opening the locked rows",
        (Phase::Refitting, _) => "Training the chosen models on all rows",
        (Phase::Done, Some(EndReason::Time)) => "Done: the time was up",
        (Phase::Done, Some(EndReason::Trials)) => "Done: all models were tried",
        (Phase::Done, Some(EndReason::Stopped)) => "Done: stopped by you",
        (Phase::Done, _) => "Done",
    }
}

#[component]
fn Stat(label: &'static str, #[prop(optional)] testid: &'static str, value: Signal<String>) -> impl IntoView {
    view! {
        <div class="stat">
            <span class="quiet small">{label}</span>
            <span class="stat-value" data-testid=(!testid.is_empty()).then_some(testid)>{move || value.get()}</span>
        </div>
    }
}

#[component]
fn Controls() -> impl IntoView {
    let store: Store = expect_context();
    let paused = move || store.board.with(|b| b.as_ref().is_some_and(|b| b.phase == Phase::Paused));
    let flip = move |_| store.steer(&if paused() { Command::Resume } else { Command::Pause });
    let idle = move || !store.searching();
    view! {
        <button data-testid="pause-search" disabled=idle aria-pressed=move || paused().to_string() on:click=flip>
            {move || if paused() { "Resume" } else { "Pause" }}
        </button>
        <button data-testid="stop-search" disabled=idle on:click=move |_| store.steer(&Command::Stop)>"Finish now"</button>
    }
}

#[component]
pub fn Search() -> impl IntoView {
    let store: Store = expect_context();
    let of = move |f: fn(&Board) -> String| {
        Signal::derive(move || store.board.with(|b| b.as_ref().map(|b| f(b)).unwrap_or_default()))
    };
    let progress = move || store.board.with(|b| b.as_ref().map_or(0.0, |b| 100.0 * b.progress));
    let left = of(|b| match b.budget_secs {
        _ if b.phase == Phase::Done => "–".to_owned(),
        Some(budget) => format::seconds(budget - b.elapsed_secs),
        None => "no limit".to_owned(),
    });
    let done = of(|b| match b.max_trials {
        Some(most) => format!("{} of {}", format::count(b.trials_done.into()), format::count(most.into())),
        None => format::count(b.trials_done.into()),
    });
    view! {
        <section class="panel" aria-labelledby="search-title">
            <div class="panel-head">
                <h2 id="search-title">{of(|b| phase_words(b).to_owned())}</h2>
                <span class="quiet">
                    {move || store.validation.get()}" "
                    <Show when=move || !store.validation.with(String::is_empty)><Ask term="cross_validation" what="cross-validation" /></Show>
                </span>
                <span class="spacer"></span>
                <Controls />
            </div>
            <div
                class="bar"
                role="progressbar"
                data-testid="search-progress"
                aria-label="Progress of the search"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || format!("{:.0}", progress())
            >
                <div class="bar-fill" style:width=move || format!("{:.1}%", progress())></div>
            </div>
            <div class="stats">
                <Stat label="Best score so far" testid="best-score" value=of(|b| b.best_score.map_or("–".to_owned(), format::number)) />
                <Stat label="Score" value=of(|b| {
                    format!("{}, {} is better", b.metric_title, if b.greater_is_better { "higher" } else { "lower" })
                }) />
                <Stat label="Models tried" value=done />
                <Stat label="Time spent" value=of(|b| if b.elapsed_secs > 0.0 { format::seconds(b.elapsed_secs) } else { "–".to_owned() }) />
                <Stat label="Time left" value=left />
            </div>
            <Curve />
            <Leaderboard />
        </section>
    }
}
