//! Words above the canvas: a link that was opened, a pipeline that was brought back, a template's story.

use super::server::{NewerBar, ShelvedBar};
use crate::store::Store;
use crate::store::desk::{Linked, Sheet, Story};
use crate::store::flow::Subject;
use automl_core::document::NodeId;
use automl_core::engine::protocol::{Look, NodeState};
use leptos::prelude::*;
use trellis_page::flow::ended::{passed_over, shown_first};
use trellis_page::flow::selection::{Item, Selection};
use trellis_page::flow::share::{Claim, ENGINE};
use trellis_page::flow::templates::{SHOWN, Template, next, template};
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
    let came = match linked.has_run {
        false => "This pipeline came by a link. Nothing has been run or fetched. ",
        true => "This pipeline came by a link. ",
    };
    let deeds = match linked.deeds.len() {
        _ if linked.has_run => String::new(),
        _ => share::running_would(&linked.deeds),
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

/// Shows a step of a story: its node is selected, and what came out of it is in the preview.
fn show_step(store: Store, story: Story) {
    let (flow, desk) = (store.flow, store.flow.desk);
    let id = NodeId(SHOWN[story.at].to_owned());
    let kind = flow.with_document(|d| d.nodes().get(&id).map(|n| n.kind.clone()));
    let port = kind.and_then(|k| flow.kind(&k)).and_then(|k| shown_first(&k).map(|p| p.name.clone()));
    if let Some(port) = port {
        flow.selection.set(Selection::of([Item::Node(id.clone())]));
        flow.show(Some(Subject { node: id, port }));
        desk.is_folded.set(false);
        desk.sheet.set(Some(Sheet::Preview));
    }
}

/// The main number of the judgement, as long as the judgement is what it was.
fn judged(store: Store, template: &'static Template) -> Memo<Option<(String, String)>> {
    let flow = store.flow;
    Memo::new(move |before: Option<&Option<(String, String)>>| {
        let id = NodeId(SHOWN[2].to_owned());
        let digest = flow
            .views
            .with(|v| v.get(&id).filter(|v| v.state == NodeState::Done).map(|v| v.digest.clone()))?;
        let is_shown = flow.subject.with(|s| s.as_ref().is_some_and(|s| s.node == id));
        let told = flow.look.with(|look| match look.as_deref() {
            Some(Look::Scores { scores }) if is_shown => template.verdict(scores),
            _ => None,
        });
        let before = before.and_then(Clone::clone).filter(|b| b.0 == digest);
        told.map(|told| (digest, told)).or(before)
    })
}

/// `id`: the template's. The bar stays while its steps change, and so does the keyboard's place.
#[component]
fn StoryBar(id: &'static str) -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let Some(template) = template(id) else { return ().into_any() };
    let last = template.story.len() - 1;
    let at = Memo::new(move |_| flow.desk.story.get().map_or(0, |s| s.at.min(last)));
    // What is asked for before the kinds of nodes are known is shown as soon as they are.
    let wanted = RwSignal::new(None::<Story>);
    Effect::new(move |_| {
        let is_known = flow.kinds.with(|kinds| !kinds.is_empty());
        if let Some(story) = wanted.get().filter(|_| is_known) {
            wanted.set(None);
            untrack(|| show_step(store, story));
        }
    });
    let go = move |at: usize| {
        let story = Story { id, at: at.min(last), is_told: true };
        flow.desk.story.set(Some(story));
        wanted.set(Some(story));
    };
    let shown = move || NodeId(SHOWN[at.get()].to_owned());
    let state = Memo::new(move |_| flow.views.with(|v| v.get(&shown()).map(|v| v.state)));
    let can_run = move || !store.is_flow_busy() && !matches!(state.get(), None | Some(NodeState::Done));
    let run = move |_| {
        go(at.get_untracked());
        store.start_flow(vec![untrack(shown)], false);
    };
    let verdict = judged(store, template);
    let told = move || verdict.get().filter(|_| at.get() == last).map(|v| v.1);
    let leave = move |_| flow.desk.story.update(|s| s.iter_mut().for_each(|s| s.is_told = false));
    let number = move || format!("{} of {}. ", at.get() + 1, last + 1);
    let data = move || (at.get() == 0).then_some(template.data);
    // What cannot be done keeps its place, so that the keyboard does.
    let is_first = move || (at.get() == 0).then_some("true");
    let is_last = move || (at.get() == last).then_some("true");
    view! {
        <section class="studio-bar story" data-testid="story" aria-label="The story of this template">
            <div class="story-words">
                <p><strong>{number}</strong>{move || template.story[at.get()].0}" "<span class="quiet">{data}</span></p>
                <p role="status"><strong data-testid="story-verdict">{told}</strong>" "<span data-testid="story-next">{move || next(at.get(), state.get())}</span></p>
            </div>
            <div class="actions">
                <Show when=can_run><button type="button" class="tiny primary" data-testid="story-run" on:click=run>"Run this step"</button></Show>
                <button type="button" class="tiny" aria-disabled=is_first on:click=move |_| go(at.get_untracked().saturating_sub(1))>"Previous step"</button>
                <button type="button" class="tiny" aria-disabled=is_last data-testid="story-next-step" on:click=move |_| go(at.get_untracked() + 1)>"Next step"</button>
                <button type="button" class="tiny" data-testid="story-show" on:click=move |_| go(at.get_untracked())>"Show it"</button>
                <button type="button" class="tiny plain" data-testid="story-leave" on:click=leave>"Leave the story"</button>
            </div>
        </section>
    }
    .into_any()
}

/// Results that were not computed here.
#[component]
fn BroughtBar(count: usize) -> impl IntoView {
    let store: Store = expect_context();
    let (were, them) = if count == 1 { ("result was", "it") } else { ("results were", "them") };
    view! {
        <section class="studio-bar slim" data-testid="brought" aria-label="Results that were not computed here">
            <p>{format!("{count} {were} not computed here: they came with the project or from the server, or rest on what did.")}</p>
            <div class="actions">
                <button type="button" class="tiny" data-testid="run-brought" on:click=move |_| store.run_brought()>{format!("Compute {them} again here")}</button>
                <button type="button" class="tiny plain" on:click=move |_| store.flow.desk.brought_read.set(true)>"Close"</button>
            </div>
        </section>
    }
}

/// What became of the first page's search.
#[component]
fn TakenBar(words: String) -> impl IntoView {
    let taken = expect_context::<Store>().flow.desk.taken;
    view! {
        <section class="studio-bar slim" data-testid="search-taken" aria-label="Your search as a pipeline">
            <p role="status">{words}</p>
            <div class="actions"><button type="button" class="tiny plain" on:click=move |_| taken.set(None)>"Close"</button></div>
        </section>
    }
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

/// Nodes that are told of by name.
const TOLD: usize = 3;

/// What a run of everything passed over, and why. It goes as soon as it is mended.
#[component]
fn PassedOverBar() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let all = Memo::new(move |_| {
        let has_ended = flow.desk.ran_all.get() && flow.desk.ended.with(Option::is_some);
        let found = || {
            let views = flow.views.get();
            flow.kinds.with(|kinds| flow.history.with(|h| passed_over(h.document(), kinds, &views)))
        };
        if has_ended { found() } else { Vec::new() }
    });
    let one = move |at: usize| {
        let left = all.with(|all| all.get(at).cloned())?;
        let (node, name) = (left.node.clone(), left.name.clone());
        let show = move |_| {
            flow.selection.set(Selection::of([Item::Node(node.clone())]));
            flow.desk.sheet.set(Some(Sheet::Inspector));
        };
        Some(view! {
            <li><strong>{left.name}" was not run. "</strong>{left.why}" "<button type="button" class="plain tiny" aria-label=format!("Show it: {name}") on:click=show>"Show it"</button></li>
        })
    };
    let more = move || match all.with(Vec::len).saturating_sub(TOLD) {
        0 => None,
        more => Some(view! { <li class="quiet">{format!("And {more} more.")}</li> }),
    };
    view! {
        <Show when=move || all.with(|all| !all.is_empty())>
            <section class="studio-bar slim" data-testid="passed-over" aria-label="Nodes that were not run">
                <div role="status"><ul class="plain-list">{move || (0..TOLD).filter_map(one).collect_view()}{more}</ul></div>
                <div class="actions"><button type="button" class="tiny plain" on:click=move |_| flow.desk.ran_all.set(false)>"Close"</button></div>
            </section>
        </Show>
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
    let flow = expect_context::<Store>().flow;
    let desk = flow.desk;
    let brought = Memo::new(move |_| flow.views.with(|v| v.values().filter(|v| v.brought).count()));
    let story = Memo::new(move |_| desk.story.get().filter(|s| s.is_told).map(|s| s.id));
    let first = move || {
        if let Some(linked) = desk.linked.get() {
            view! { <LinkBar linked /> }.into_any()
        } else if let Some(id) = story.get() {
            view! { <StoryBar id /> }.into_any()
        } else if let Some(words) = desk.taken.get() {
            view! { <TakenBar words /> }.into_any()
        } else if brought.get() > 0 && !desk.brought_read.get() {
            view! { <BroughtBar count=brought.get() /> }.into_any()
        } else if desk.returned.get() {
            view! { <ReturnedBar /> }.into_any()
        } else {
            ().into_any()
        }
    };
    view! { <NewerBar /><ShelvedBar />{first}<PassedOverBar /> }
}
