//! Words above the canvas: a link that was opened, a pipeline that was brought back, a template's story.

use crate::store::Store;
use crate::store::desk::Linked;
use automl_core::document::NodeId;
use leptos::prelude::*;
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::share::{Claim, ENGINE};
use trellis_page::flow::templates::template;
use trellis_page::{flow::share, format};

/// A claim beside what came out here, figure by figure.
fn compared(store: Store, claim: &Claim) -> Option<AnyView> {
    use trellis_page::flow::words::name_of;
    let flow = store.flow;
    let is_subject =
        flow.subject.with(|s| s.as_ref().is_some_and(|s| s.node.0 == claim.node && s.port == claim.port));
    let look = flow.look.get().filter(|_| is_subject)?;
    let rows = claim.compared(&look);
    if rows.iter().all(|r| r.found.is_none()) {
        return None;
    }
    let all_equal = rows.iter().all(|r| r.is_equal);
    let sources = flow.views.with(|views| flow.with_document(|d| share::sources(d, views)));
    let why = match (all_equal, claim.is_same_data(&sources)) {
        (true, _) => "Equal: every figure came out as the link says, to the last bit.".to_owned(),
        (false, Some(false)) => {
            let name = |id: &&str| {
                flow.with_document(|d| flow.kinds.with(|k| name_of(d, k, &NodeId((*id).to_owned()))))
            };
            let names =
                claim.other_data(&sources).iter().map(|id| format!("\"{}\"", name(id))).collect::<Vec<_>>();
            format!("Not equal: the data of {} here are not those of the link.", names.join(", "))
        }
        (false, _) if claim.engine != ENGINE => {
            format!("Not equal: the link was made by version {}, and this is {ENGINE}.", claim.engine)
        }
        (false, _) => {
            "Not equal, though pipeline and version are the same: a search that was limited by time may \
                       have got farther or less far."
                .to_owned()
        }
    };
    let row = |r: &share::Compared| {
        let word = if r.is_equal { "equal" } else { "not equal" };
        view! {
            <tr><th scope="row">{r.name.clone()}</th><td class="num">{r.claimed.to_string()}</td><td class="num">{r.found.map_or("–".to_owned(), |f| f.to_string())}</td><td>{word}</td></tr>
        }
    };
    let rows = rows.iter().map(row).collect_view();
    Some(view! {
        <p data-testid="replay-result" data-equal=all_equal.to_string()><strong>{why}</strong></p>
        <div class="table-scroll" tabindex="0" role="group" aria-label="Figures"><table><thead><tr><th scope="col">"Figure"</th><th class="num" scope="col">"Link"</th><th class="num" scope="col">"Here"</th><th scope="col"></th></tr></thead><tbody>{rows}</tbody></table></div>
    }
    .into_any())
}

#[component]
fn LinkBar(linked: Linked) -> impl IntoView {
    let store: Store = expect_context();
    let desk = store.flow.desk;
    let deeds = match linked.deeds.len() {
        0 => "It would do nothing: it is empty.".to_owned(),
        _ if linked.has_run => String::new(),
        _ => format!("Running it would {}.", linked.deeds.join(", ")),
    };
    let came = match linked.has_run {
        false => "This pipeline came by a link. Nothing has been run or fetched. ",
        true => "This pipeline came by a link. ",
    };
    let claim = linked.claim.clone();
    let figures = linked.claim.as_ref().map(|c| {
        let first = c.figures.first().map(|f| format!("{} {}", f.0, format::number(f.1))).unwrap_or_default();
        format!("The link claims a result ({first}). With the same data it must come out the same.")
    });
    let trouble = linked.trouble.as_ref().map(|d| format!("{} {}", d.message, d.remedy));
    let word = if linked.claim.is_some() { "Run and compare" } else { "Run it" };
    let has_before = move || desk.before.with(Option::is_some);
    view! {
        <section class="studio-bar" data-testid="link-bar" aria-label="Opened by a link">
            <p><strong>{came}</strong>{deeds}</p>
            <p>{figures}</p>
            <p class="field-warning">{trouble}</p>
            {move || claim.as_ref().and_then(|c| compared(store, c))}
            <div class="actions">
                <button type="button" class="tiny primary" data-testid="run-link" on:click=move |_| store.start_flow(Vec::new(), false)>{word}</button>
                <Show when=has_before><button type="button" class="tiny" data-testid="go-back" on:click=move |_| store.go_back()>"Back to my pipeline"</button></Show>
                <button type="button" class="tiny plain" on:click=move |_| desk.linked.set(None)>"Close"</button>
            </div>
        </section>
    }
}

#[component]
fn StoryBar(id: &'static str, at: usize) -> impl IntoView {
    let store: Store = expect_context();
    let desk = store.flow.desk;
    let Some(template) = template(id) else { return ().into_any() };
    let show = move |at: usize| {
        desk.story.set(Some((id, at)));
        let nodes = template.story[at].1.iter().map(|n| Item::Node(NodeId((*n).to_owned())));
        store.flow.selection.set(Selection::of(nodes));
    };
    let last = template.story.len() - 1;
    view! {
        <section class="studio-bar" data-testid="story" aria-label="The story of this template">
            <p><strong>{format!("{} of {}. ", at + 1, last + 1)}</strong>{template.story[at].0}" "<span class="quiet">{template.data}</span></p>
            <div class="actions">
                <button type="button" class="tiny" disabled=at == 0 on:click=move |_| show(at - 1)>"Before"</button>
                <button type="button" class="tiny" disabled=at == last on:click=move |_| show(at + 1)>"Next"</button>
                <button type="button" class="tiny" on:click=move |_| show(at)>"Show the nodes"</button>
                <button type="button" class="tiny plain" on:click=move |_| desk.story.set(None)>"Close"</button>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn ReturnedBar() -> impl IntoView {
    let store: Store = expect_context();
    let returned = store.flow.desk.returned;
    view! {
        <section class="studio-bar slim" data-testid="returned" aria-label="Brought back">
            <p>"This is the pipeline of your last visit, with its tables, as kept in this browser."</p>
            <div class="actions">
                <button type="button" class="tiny" data-testid="discard" on:click=move |_| store.discard_flow()>"Discard it"</button>
                <button type="button" class="tiny plain" on:click=move |_| returned.set(false)>"Close"</button>
            </div>
        </section>
    }
}

/// What a link that cannot be opened says; what was open stays.
#[component]
pub fn Refused() -> impl IntoView {
    let store: Store = expect_context();
    let desk = store.flow.desk;
    let has_open = move || store.flow.history.with(|h| !h.document().nodes().is_empty());
    let said = move || desk.refused.get();
    view! {
        <section class="refused panel" role="alert" data-testid="link-refused">
            <h1>"This link cannot be opened"</h1>
            <p>{move || said().map(|d| d.message)}</p>
            <p>{move || said().map(|d| d.remedy)}</p>
            <p class="quiet">"Nothing was run, and nothing that was open is lost."</p>
            <div class="actions">
                <button type="button" class="primary" data-testid="leave-refused" on:click=move |_| store.go_to_builder()>
                    {move || if has_open() { "Back to my pipeline" } else { "Build a pipeline" }}
                </button>
                <button type="button" on:click=move |_| { desk.refused.set(None); store.go_to_start(); }>"Start page"</button>
            </div>
        </section>
    }
}

#[component]
pub fn Bars() -> impl IntoView {
    let desk = expect_context::<Store>().flow.desk;
    move || {
        if let Some(linked) = desk.linked.get() {
            view! { <LinkBar linked /> }.into_any()
        } else if let Some((id, at)) = desk.story.get() {
            view! { <StoryBar id at /> }.into_any()
        } else if desk.returned.get() {
            view! { <ReturnedBar /> }.into_any()
        } else {
            ().into_any()
        }
    }
}
