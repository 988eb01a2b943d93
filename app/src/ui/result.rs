//! The verdict, what it rests on, and what can be taken away.

use super::alerts::Note;
use super::gloss::{Ask, Gloss};
use super::predict::PredictForm;
use super::reading::PredictingBar;
use super::start::chosen_file;
use crate::store::Store;
use automl_core::engine::protocol::{Command, Verdict};
use automl_core::metric::told;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::format;

/// Classes of a confusion matrix that can be read.
const MOST_CLASSES: usize = 20;
/// Columns in the importance chart.
const MOST_BARS: usize = 12;

fn confusion(verdict: &Verdict) -> Option<impl IntoView + use<>> {
    let n = verdict.classes.len();
    if n == 0 || n > MOST_CLASSES || verdict.confusion.len() != n * n {
        return None;
    }
    let head =
        verdict.classes.iter().map(|c| view! { <th class="num" scope="col">{c.clone()}</th> }).collect_view();
    let rows = verdict
        .classes
        .iter()
        .zip(verdict.confusion.chunks(n))
        .enumerate()
        .map(|(i, (class, counts))| {
            let all = counts.iter().sum::<u64>().max(1) as f64;
            let cells = counts
                .iter()
                .enumerate()
                .map(|(j, count)| {
                    let share = *count as f64 / all;
                    view! {
                        <td class="num heat" class:right=i == j style:--share=format!("{:.0}%", 70.0 * share)>
                            {format::count(*count)}
                            <span class="quiet small">{format!(" {:.0} %", 100.0 * share)}</span>
                        </td>
                    }
                })
                .collect_view();
            view! { <tr><th scope="row">{class.clone()}</th>{cells}</tr> }
        })
        .collect_view();
    Some(view! {
        <figure>
            <figcaption>"Actual class by row, predicted class by column"</figcaption>
            <div class="table-scroll">
                <table class="confusion"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>
            </div>
        </figure>
    })
}

fn scatter(verdict: &Verdict) -> Option<impl IntoView + use<>> {
    const SIDE: f64 = 300.0;
    let values = || verdict.scatter.iter().flat_map(|(a, p)| [*a, *p]).filter(|v| v.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if verdict.scatter.is_empty() || low >= high {
        return None;
    }
    let at = |v: f64| SIDE * (v - low) / (high - low);
    let points = verdict
        .scatter
        .iter()
        .map(|(a, p)| view! { <circle cx=format!("{:.1}", at(*a)) cy=format!("{:.1}", SIDE - at(*p)) r="2.5" /> })
        .collect_view();
    Some(view! {
        <figure>
            <figcaption>"Predicted against actual; on the line, a prediction is right"</figcaption>
            <svg class="chart scatter" viewBox="-70 -10 390 350" role="img" aria-label="Predicted against actual values">
                <line class="axis" x1="0" y1=SIDE x2=SIDE y2=SIDE />
                <line class="axis" x1="0" y1="0" x2="0" y2=SIDE />
                <line class="ideal" x1="0" y1=SIDE x2=SIDE y2="0" />
                {points}
                <text x="0" y=SIDE + 18.0>{format::number(low)}</text>
                <text x=SIDE y=SIDE + 18.0 text-anchor="end">{format::number(high)}</text>
                <text x=SIDE / 2.0 y=SIDE + 34.0 text-anchor="middle" class="axis-title">"actual"</text>
                <text x="-8" y="8" text-anchor="end">{format::number(high)}</text>
                <text x="-8" y=SIDE text-anchor="end">{format::number(low)}</text>
                <text class="axis-title" text-anchor="middle" transform="translate(-56 150) rotate(-90)">"predicted"</text>
            </svg>
        </figure>
    })
}

fn importance(verdict: &Verdict) -> impl IntoView + use<> {
    let most = verdict.importance.first().map_or(0.0, |i| i.mean);
    if most <= 0.0 {
        return view! { <p class="quiet">"No single column makes a difference on the locked rows."</p> }
            .into_any();
    }
    let bars = verdict
        .importance
        .iter()
        .take(MOST_BARS)
        .map(|i| {
            let width = format!("{:.1}%", 100.0 * (i.mean / most).max(0.0));
            view! {
                <li>
                    <span class="ellipsis" title=i.column.clone()>{i.column.clone()}</span>
                    <span class="bar thin"><span class="bar-fill" style:width=width></span></span>
                    <span class="num small">{format::score(Some(i.mean), Some(i.sd))}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="importance">{bars}</ol> }.into_any()
}

fn metrics(verdict: &Verdict) -> impl IntoView + use<> {
    let rows = verdict
        .metrics
        .iter()
        .map(|(id, title, score, baseline)| {
            let (term, name) = (id.clone(), title.clone());
            view! {
                <tr class:chosen=*id == verdict.metric>
                    <th scope="row"><Gloss term>{name.clone()}</Gloss></th>
                    <td class="num">{told(id, *score, format::number)}</td>
                    <td class="num quiet">{told(id, *baseline, format::number)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="metrics">
            <thead><tr><th>"Score"</th><th class="num">"This model"</th><th class="num">"Guessing"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// How far probabilities and intervals can be trusted, and from which probability on a row is called the second class.
fn trust(verdict: &Verdict) -> impl IntoView + use<> {
    let threshold = verdict.threshold.zip(verdict.classes.get(1)).map(|(at, second)| {
        format!("A row is called \"{second}\" where its probability is above {}.", format::number(at))
    });
    let lines: Vec<String> = verdict.trust().into_iter().chain(threshold).collect();
    let heading = (!lines.is_empty()).then(|| view! { <h3>"How far to trust it"</h3> });
    let lines = lines.into_iter().map(|line| view! { <p class="small">{line}</p> }).collect_view();
    view! { <div data-testid="trust">{heading}{lines}</div> }
}

fn members(verdict: &Verdict) -> String {
    let mut out: Vec<(String, f64, u32)> = Vec::new();
    for (title, share) in &verdict.members {
        match out.iter_mut().find(|(t, _, _)| t == title) {
            Some(known) => *known = (known.0.clone(), known.1 + share, known.2 + 1),
            None => out.push((title.clone(), *share, 1)),
        }
    }
    let parts: Vec<String> = out
        .into_iter()
        .map(|(title, share, n)| {
            let times = if n > 1 { format!("{n} × ") } else { String::new() };
            format!("{times}{title} {:.0} %", 100.0 * share)
        })
        .collect();
    format!("The model: {}.", parts.join(", "))
}

fn surroundings(verdict: &Verdict) -> &'static str {
    if verdict.classes.is_empty() { "intervals" } else { "sets of classes" }
}

#[component]
fn Downloads(
    /// What surrounds a prediction where the model can say: intervals, or sets of classes.
    surroundings: Option<&'static str>,
) -> impl IntoView {
    let store: Store = expect_context();
    let with_intervals = RwSignal::new(false);
    let predict = move |event: web_sys::Event| {
        if let Some(file) = chosen_file(&event) {
            store.predict_table(file.name(), file.into(), with_intervals.get_untracked());
        }
    };
    view! {
        <div class="actions">
            <button class="primary" data-testid="download-model" on:click=move |_| store.tell(&Command::SaveModel)>"Download the model"</button>
            <button data-testid="download-report" on:click=move |_| store.tell(&Command::SaveReport)>"Download the report"</button>
            <Show when=move || store.request.with(Option::is_some) && store.has_file()>
                <button data-testid="open-as-pipeline" on:click=move |_| store.open_as_pipeline()>"Open as pipeline"</button>
            </Show>
            <label class="button">
                "Predict another table"
                <input
                    class="visually-hidden"
                    type="file"
                    data-testid="download-predictions"
                    accept=".csv,.tsv,.txt,.tab,.json,.jsonl,.ndjson,text/csv"
                    on:change=predict
                />
            </label>
            {surroundings.map(|what| view! {
                <label class="check">
                    <input type="checkbox" data-testid="with-intervals" bind:checked=with_intervals />
                    {format!("with 90 % {what}")}
                </label>
            })}
        </div>
        <Show when=move || store.predicting_table.with(Option::is_some)><PredictingBar /></Show>
    }
}

fn body(verdict: &Arc<Verdict>) -> impl IntoView + use<> {
    // What is said of importance stands below it.
    let is_of_importance = |d: &&automl_core::diagnostic::Diagnostic| d.code.starts_with("importance.");
    let others = verdict.diagnostics.iter().filter(|d| !is_of_importance(d)).cloned();
    let alike = verdict.diagnostics.iter().filter(is_of_importance);
    let alike = alike
        .map(|d| view! { <p class="quiet small">{d.message.clone()}" "{d.remedy.clone()}</p> })
        .collect_view();
    let notes = others.map(|diagnostic| view! { <Note diagnostic /> }).collect_view();
    view! {
        <p class="verdict" data-testid="verdict">{verdict.sentence.clone()}</p>
        <p>
            {verdict.explanation.clone()}" "{members(verdict)}" "
            {(verdict.members.len() > 1).then(|| view! { <Ask term="ensemble" what="a blend of models" /> })}
        </p>
        <ul class="notes">{notes}</ul>
        <Downloads surroundings=verdict.coverage.map(|_| surroundings(verdict)) />
        <div class="columns">
            <div>
                <h3>"On the locked rows "<Ask term="locked_rows" what="a locked row" /></h3>
                {metrics(verdict)}
                {confusion(verdict)}
                {scatter(verdict)}
                {trust(verdict)}
            </div>
            <div>
                <h3>"What the model looks at "<Ask term="permutation_importance" what="the importance of a column" /></h3>
                <p class="quiet small">"How much worse the score gets when a column is shuffled"</p>
                {importance(verdict)}
                {alike}
                <h3>"Predict one row"</h3>
                <PredictForm verdict=verdict.clone() />
            </div>
        </div>
    }
}

#[component]
pub fn ResultSection() -> impl IntoView {
    let store: Store = expect_context();
    view! {
        <section class="panel result" aria-labelledby="result-title">
            <h2 id="result-title">"The verdict"</h2>
            {move || store.verdict.get().map(|verdict| body(&verdict))}
        </section>
    }
}
