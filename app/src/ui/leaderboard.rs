//! The board: every model, best first, live.

use super::gloss::Gloss;
use crate::store::Store;
use automl_core::engine::protocol::{Board, BoardRow, TrialState};
use automl_core::learner::ParamValue;
use leptos::prelude::*;
use trellis_page::format;

/// Rows shown before "show all".
const SHOWN: usize = 12;

/// A mark beside a model's name.
fn badges(board: &Board, row: &BoardRow) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let best = board.rows.iter().find(|r| r.state == TrialState::Done);
    if row.learner == "baseline" {
        out.push(("badge", "baseline".to_owned()));
    }
    if best.is_some_and(|b| b.trial == row.trial) && row.learner != "baseline" {
        out.push(("badge good", "best".to_owned()));
    } else if row.tied_with_best == Some(true) {
        out.push(("badge", "level with the best".to_owned()));
    }
    if row.weight > 0.0 && row.trial.is_some() {
        out.push(("badge good", format!("{:.0} % of the model", 100.0 * row.weight)));
    }
    match row.state {
        TrialState::Running => out.push(("badge live", format!("running {}/{}", row.folds_done, row.folds))),
        TrialState::Pruned => out.push(("badge", row.standing())),
        TrialState::Failed => out.push(("badge bad", "failed".to_owned())),
        TrialState::Cut => out.push(("badge", "out of time".to_owned())),
        TrialState::Done => {}
    }
    if !row.reproducible {
        out.push(("badge", "reproducible on like machines only".to_owned()));
    }
    out
}

fn parameter(value: &ParamValue) -> String {
    match value {
        ParamValue::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
        ParamValue::Int(i) => i.to_string(),
        ParamValue::Float(x) => format::number(*x),
        ParamValue::Text(t) => t.clone(),
    }
}

#[component]
fn Details(row: BoardRow) -> impl IntoView {
    let parameters = row
        .params
        .0
        .iter()
        .map(
            |(name, value)| view! { <div><dt>{name.replace('_', " ")}</dt><dd>{parameter(value)}</dd></div> },
        )
        .collect_view();
    let trial = row
        .trial
        .map_or("blend of the chosen models".to_owned(), |t| format!("trial {t}, seed {}", row.seed));
    view! {
        <tr class="details-row">
            <td colspan="6">
                <p class="quiet">{trial}{(!row.note.is_empty()).then(|| format!(" · {}", row.told()))}</p>
                <dl class="parameters">{parameters}</dl>
            </td>
        </tr>
    }
}

#[component]
fn Row(place: usize, board: std::sync::Arc<Board>, open: RwSignal<Option<Option<u32>>>) -> impl IntoView {
    let row = board.rows[place].clone();
    let badges = badges(&board, &row)
        .into_iter()
        .map(|(class, text)| view! { <span class=class>{text}</span> })
        .collect_view();
    let timed = row.fit_secs > 0.0;
    let trial = row.trial;
    let is_open = Memo::new(move |_| open.get() == Some(trial));
    let flip = move |_| open.update(|o| *o = if *o == Some(trial) { None } else { Some(trial) });
    let detail = row.clone();
    view! {
        <tr data-testid="leaderboard-row" class:muted=row.state != TrialState::Done && row.state != TrialState::Running>
            <td class="num">{place + 1}</td>
            <td>
                <button class="link" aria-expanded=move || is_open.get().to_string() on:click=flip>{row.title.clone()}</button>
                {badges}
            </td>
            <td class="num" data-testid="leaderboard-score">{format::score(row.score, row.sd)}</td>
            <td class="num">{match row.holdout {
                Some(score) => format::number(score),
                None => "locked".to_owned(),
            }}</td>
            <td class="num">{if timed { format::seconds(row.fit_secs) } else { "–".to_owned() }}</td>
            <td class="num">{if timed { format!("{:.1} µs", row.predict_us_per_row) } else { "–".to_owned() }}</td>
        </tr>
        <Show when=move || is_open.get()><Details row=detail.clone() /></Show>
    }
}

#[component]
pub fn Leaderboard() -> impl IntoView {
    let store: Store = expect_context();
    let open: RwSignal<Option<Option<u32>>> = RwSignal::new(None);
    let all = RwSignal::new(false);
    let rows = move || {
        let board = store.board.get()?;
        let most = if all.get() { board.rows.len() } else { SHOWN.min(board.rows.len()) };
        Some((0..most).map(|place| view! { <Row place board=board.clone() open /> }).collect_view())
    };
    let hidden = Memo::new(move |_| {
        store.board.with(|b| b.as_ref().map_or(0, |b| b.rows.len().saturating_sub(SHOWN)))
    });
    // What "level" means, where some model is.
    let ties = move || {
        let board = store.board.get()?;
        let any = board.rows.iter().any(|r| r.tied_with_best == Some(true));
        let meaning = board.tie_test.clone().filter(|_| any)?;
        Some(
            view! { <p class="quiet small" data-testid="tie-test">{format!("Level with the best: {meaning}.")}</p> },
        )
    };
    let remarks = move || {
        let board = store.board.get()?;
        let lines = board.remarks().into_iter();
        Some(
            lines
                .map(|line| view! { <p class="quiet small" data-testid="board-remark">{line}</p> })
                .collect_view(),
        )
    };
    view! {
        <div class="table-scroll">
            <table class="leaderboard" data-testid="leaderboard" aria-label="Leaderboard" aria-busy=move || store.searching().to_string()>
                <thead>
                    <tr>
                        <th class="num">"#"</th>
                        <th>"Model"</th>
                        <th class="num"><Gloss term="score_sd">"Score ± sd"</Gloss></th>
                        <th class="num"><Gloss term="locked_rows">"Locked rows"</Gloss></th>
                        <th class="num"><Gloss term="fit">"Fit"</Gloss></th>
                        <th class="num" title="To predict one row">"A row"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="quiet small" data-testid="tally">{move || store.board.get().map(|b| b.tally())}</p>
        {ties}
        {remarks}
        <Show when=move || { hidden.get() > 0 }>
            <button class="plain" on:click=move |_| all.update(|a| *a = !*a)>
                {move || if all.get() { "Show the first only".to_owned() } else { format!("Show {} more", hidden.get()) }}
            </button>
        </Show>
    }
}
