//! What came out of a node's outputs, below the canvas.

use super::chart::ReportView;
use super::results::{ModelView, ScoresView, TargetView};
use super::table::TableView;
use crate::store::Store;
use crate::store::flow::Subject;
use automl_core::document::NodeId;
use automl_core::engine::protocol::{Look, Wants, WantsFrom};
use automl_core::kind::PortType;
use leptos::prelude::*;
use trellis_page::flow::ended::shown_first;
use trellis_page::flow::share;

/// What a node is called.
fn title_of(store: Store, id: &NodeId) -> String {
    let flow = store.flow;
    let node = flow.history.with(|h| h.document().nodes().get(id).map(|n| (n.title.clone(), n.kind.clone())));
    match node {
        Some((title, _)) if !title.is_empty() => title,
        Some((_, kind)) => flow.kind(&kind).map_or(kind, |k| k.title.clone()),
        None => id.0.clone(),
    }
}

/// The ports of the shown node, each a tab.
#[component]
fn Ports() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let tabs = move || {
        let subject = flow.subject.get()?;
        let kind = flow.history.with(|h| h.document().nodes().get(&subject.node).map(|n| n.kind.clone()))?;
        let kind = flow.kind(&kind)?;
        let tab = |port: &automl_core::kind::PortSpec| {
            let (is_shown, name) = (port.name == subject.port, port.name.clone());
            let shown = Subject { node: subject.node.clone(), port: name };
            view! {
                <button type="button" class="tool" aria-pressed=is_shown.to_string() data-port=port.name.clone()
                    on:click=move |_| flow.show(Some(shown.clone()))>{port.title.clone()}</button>
            }
        };
        Some(kind.outputs.iter().map(tab).collect_view())
    };
    view! { <span class="tool-group" role="group" aria-label="Outputs">{tabs}</span> }
}

#[component]
fn Actions() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let ty = move || {
        let subject = flow.subject.get()?;
        let kind = flow.history.with(|h| h.document().nodes().get(&subject.node).map(|n| n.kind.clone()))?;
        let kind = flow.kind(&kind)?;
        let has = flow.look.with(|l| l.as_ref().is_some_and(|l| !matches!(**l, Look::Nothing)));
        if has { Some((kind.output(&subject.port)?.ty, subject)) } else { None }
    };
    move || {
        let (ty, subject) = ty()?;
        let word = match ty {
            PortType::Table => "Save as CSV",
            PortType::Model => "Save the model",
            _ => return None,
        };
        let (adopted, saved) = (subject.clone(), subject);
        // The first page, where a model is used, is not shown within another page.
        let adopt = (ty == PortType::Model && !store.is_embedded()).then(|| {
            view! {
                <button type="button" class="tool" data-testid="use-model" on:click=move |_| store.adopt(&adopted.node, &adopted.port)>"Use this model"</button>
            }
        });
        Some(view! {
            {adopt}
            <button type="button" class="tool" data-testid="save-output" on:click=move |_| store.save_output(&saved.node, &saved.port)>{word}</button>
        })
    }
}

/// The selected node's first output becomes the subject; what is shown of another node goes.
fn follow_selection(store: Store) {
    let flow = store.flow;
    Effect::new(move |_| {
        let Some(id) = flow.selection.with(|s| s.subject().cloned()) else { return };
        let kind = flow.history.with_untracked(|h| h.document().nodes().get(&id).map(|n| n.kind.clone()));
        let port = kind
            // Kinds may be told after a node was selected.
            .and_then(|k| flow.kind(&k))
            .and_then(|k| shown_first(&k).map(|p| p.name.clone()));
        let is_shown = flow.subject.with_untracked(|s| s.as_ref().is_some_and(|s| s.node == id));
        if let (Some(port), false) = (port, is_shown) {
            flow.show(Some(Subject { node: id, port }));
        }
    });
}

/// Why there is nothing to see, and what can be done about it.
fn nothing_yet(store: Store) -> AnyView {
    let flow = store.flow;
    let Some(subject) = flow.subject.get() else {
        return "Select a node to see what comes out of it.".into_any();
    };
    let view = flow.views.with(|views| views.get(&subject.node).cloned());
    let wrong = view.iter().flat_map(|v| &v.findings).map(|f| &f.diagnostic).find(|d| d.is_error());
    if let Some(d) = wrong {
        return format!("Nothing comes out: {} {}", d.message, d.remedy).into_any();
    }
    match view.and_then(|v| v.wants.clone()) {
        Some(wants) if flow.desk.reading.with(|all| all.contains_key(&wants.source)) => {
            format!("\"{}\" is being fetched and read.", wants.name).into_any()
        }
        Some(wants) if wants.from == WantsFrom::Url => fetching(store, wants),
        Some(wants) if wants.from == WantsFrom::Sample => {
            format!("The sample \"{}\" is not here yet. Open it in the settings of its node.", wants.name)
                .into_any()
        }
        Some(wants) => {
            format!("\"{}\" is not here yet. Choose the file in the settings of its node.", wants.name)
                .into_any()
        }
        None if store.flow.desk.remote.stage.with(Option::is_some) => {
            "What comes out on the server is brought here when the run there ends.".into_any()
        }
        None => "Nothing has come out yet. Run the pipeline, or run to this node.".into_any(),
    }
}

/// An address that waits for a click.
fn fetching(store: Store, wants: Wants) -> AnyView {
    match share::host(&wants.name).map(str::to_owned) {
        Some(host) => view! {
            <span>"The table has not been fetched yet. "</span>
            <button type="button" class="tiny" data-testid="fetch-here" on:click=move |_| store.fetch_address(wants.clone())>{format!("Fetch it from {host}")}</button>
        }
        .into_any(),
        None => "The table has not been fetched: its address does not begin with https://.".into_any(),
    }
}

#[component]
pub fn Preview() -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    follow_selection(store);
    let title = move || flow.subject.get().map(|s| title_of(store, &s.node));
    let what = Memo::new(move |_| flow.look.get());
    let board = move || {
        let subject = flow.subject.get()?;
        flow.boards.with(|b| b.get(&subject.node).cloned())
    };
    let body = move || match what.get().as_deref() {
        None | Some(Look::Nothing) => {
            if let Some(board) = board() {
                return view! { <super::results::BoardView board /> }.into_any();
            }
            view! { <p class="quiet preview-empty">{move || nothing_yet(store)}</p> }.into_any()
        }
        Some(Look::Table { schema, of, profile, .. }) => {
            view! { <TableView schema=schema.clone() rows=*of profile=profile.as_deref().cloned() /> }
                .into_any()
        }
        Some(Look::Report { report }) => view! { <ReportView report=(**report).clone() /> }.into_any(),
        Some(Look::Scores { scores }) => view! { <ScoresView scores=scores.clone() /> }.into_any(),
        Some(Look::Model { board, verdict }) => {
            view! { <ModelView board=(**board).clone() verdict=(**verdict).clone() /> }.into_any()
        }
        Some(Look::Target { info }) => view! { <TargetView info=(**info).clone() /> }.into_any(),
    };
    view! {
        <div class="preview-head">
            <h2 class="ellipsis">{title}</h2>
            <Ports />
            <span class="spacer"></span>
            <Actions />
        </div>
        <div class="preview-body">{body}</div>
    }
}
