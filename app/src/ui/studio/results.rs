//! Scores, models and questions that came out of a node.

use crate::ui::alerts::Note;
use crate::ui::gloss::{Ask, Gloss};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{Board, BoardRow, ModelScores, TargetInfo, TrialState, Verdict};
use automl_core::metric::told;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::words::scored_on;
use trellis_page::format;

/// Rows of a board that are shown.
const SHOWN: usize = 20;

fn notes(all: Vec<Diagnostic>) -> AnyView {
    let notes = all.into_iter().take(8).map(|diagnostic| view! { <Note diagnostic /> }).collect_view();
    view! { <ul class="notes">{notes}</ul> }.into_any()
}

/// Counts of actual × predicted, row-major.
fn confusion(classes: &[String], counts: &[u64]) -> Option<AnyView> {
    let n = classes.len();
    if n == 0 || n > 12 || counts.len() != n * n {
        return None;
    }
    let head = classes.iter().map(|c| view! { <th class="num" scope="col">{c.clone()}</th> }).collect_view();
    let row = |(i, class): (usize, &String)| {
        let cells =
            counts[i * n..(i + 1) * n].iter().map(|c| view! { <td class="num">{format::count(*c)}</td> });
        let cells = cells.collect_view();
        view! { <tr><th scope="row">{class.clone()}</th>{cells}</tr> }
    };
    let rows = classes.iter().enumerate().map(row).collect_view();
    Some(
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label="Confusion">
                <table><caption>"Rows by what they are (down) and what was predicted (across)"</caption>
                    <thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>
            </div>
        }
        .into_any(),
    )
}

#[component]
pub fn ScoresView(scores: Vec<ModelScores>) -> impl IntoView {
    let one = |model: ModelScores| {
        let metric = |m: &automl_core::engine::Scored| {
            let better = if m.greater_is_better { "higher is better" } else { "lower is better" };
            let (id, title) = (m.id.clone(), m.title.clone());
            view! {
                <tr><th scope="row"><Gloss term=id>{title.clone()}</Gloss></th><td class="num" data-testid="score" data-metric=m.id.clone()>{told(&m.id, m.score, format::number)}</td><td class="quiet small">{better}</td></tr>
            }
        };
        let metrics = model.metrics.iter().map(metric).collect_view();
        let interval = model.interval.map(|(low, high)| {
            format!("95 % interval of the first: {} to {}", format::number(low), format::number(high))
        });
        view! {
            <div class="scores">
                <h3>{model.model.clone()}</h3>
                <p class="quiet small">{scored_on(&model.on, model.rows)}</p>
                <table><thead><tr><th scope="col">"Measure"</th><th scope="col" class="num">"Score"</th><th scope="col"></th></tr></thead><tbody>{metrics}</tbody></table>
                <p class="quiet small">{interval}</p>
                {confusion(&model.classes, &model.confusion)}
            </div>
        }
    };
    view! { <div class="columns" data-testid="scores">{scores.into_iter().map(one).collect_view()}</div> }
}

/// The trials of a search, the best first.
#[component]
pub fn BoardView(board: Arc<Board>) -> impl IntoView {
    let row = |r: &BoardRow| {
        let was_given_up = r.state == TrialState::Pruned;
        let standing = r.standing();
        let standing = match was_given_up {
            true => view! { <Gloss term="given_up">{standing.clone()}</Gloss> }.into_any(),
            false => view! { {standing} }.into_any(),
        };
        view! {
            <tr class:muted=was_given_up><th scope="row">{r.title.clone()}</th><td class="num">{format::score(r.score, r.sd)}</td><td class="num">{format::seconds(r.fit_secs)}</td><td class="small quiet">{standing}</td></tr>
        }
    };
    let rows = board.rows.iter().take(SHOWN).map(row).collect_view();
    let more = board.rows.len().saturating_sub(SHOWN);
    let more = (more > 0).then(
        || view! { <p class="quiet small">{format!("The best {SHOWN} are shown, {more} are not.")}</p> },
    );
    let (metric, title) = (board.metric.clone(), board.metric_title.clone());
    view! {
        <p class="quiet small" data-testid="tally">{board.tally()}</p>
        <div class="table-scroll" tabindex="0" role="group" aria-label="Models">
            <table data-testid="flow-board"><thead><tr>
                <th scope="col">"Model"</th>
                <th scope="col" class="num"><Gloss term=metric>{title.clone()}</Gloss>" "<Ask term="score_sd" what="the score on the board" /></th>
                <th scope="col" class="num"><Gloss term="fit">"Fit"</Gloss></th>
                <th scope="col">"How it went"</th>
            </tr></thead><tbody>{rows}</tbody></table>
        </div>
        {more}
    }
}

/// What is said of importance, and of all else.
fn by_place(all: &[Diagnostic]) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    all.iter().cloned().partition(|d| d.code.starts_with("importance."))
}

#[component]
pub fn ModelView(board: Board, verdict: Verdict) -> impl IntoView {
    let confused = confusion(&verdict.classes, &verdict.confusion);
    let reasons = verdict.importance.iter().take(5).map(|i| {
        view! { <li>{i.column.clone()}" "<span class="quiet small">{format!("{} ± {}", format::figure(i.mean), format::figure(i.sd))}</span></li> }
    });
    let reasons = reasons.collect_view();
    let (of_importance, others) = by_place(&verdict.diagnostics);
    let words =
        of_importance.into_iter().map(|d| view! { <p class="quiet small">{d.message}" "{d.remedy}</p> });
    view! {
        <p class="flow-verdict" data-testid="flow-verdict">{verdict.sentence.clone()}</p>
        <p class="quiet">{verdict.explanation.clone()}</p>
        {notes(others)}
        <div class="columns">
            <div data-testid="reasons"><h3>"What it relies on "<Ask term="permutation_importance" what="the importance of a column" /></h3><ol class="plain-list">{reasons}</ol>{words.collect_view()}</div>
            <div>{confused}</div>
        </div>
        <BoardView board=Arc::new(board) />
    }
}

#[component]
pub fn TargetView(info: TargetInfo) -> impl IntoView {
    let answer = format::answer(info.task, &info.classes);
    view! {
        <p>"Predict "<strong>{info.column.clone()}</strong>{format!(" ({answer})")}</p>
        <p class="quiet">{info.reason.clone()}</p>
        {notes(info.diagnostics.clone())}
    }
}
