//! The page's own server in the builder: what would be sent to it, what it keeps, and whose version is the next.

use crate::client::server::{SIGNED_OUT, Server, encoded};
use crate::store::Store;
use crate::store::flow_saved::{Dialog, Link, items};
use crate::ui::server::host;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::PipelineDocument;
use js_sys::{Date, JSON};
use leptos::html;
use leptos::prelude::*;
use serde_json::Value;
use trellis_page::flow::differ::Differences;
use trellis_page::format;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// A time, as people write it.
fn date(ms: f64) -> String {
    // What it is parsed from is JSON.
    let how = JSON::parse(r#"{"dateStyle":"medium","timeStyle":"short"}"#).unwrap_or(JsValue::UNDEFINED);
    Date::new(&ms.into()).to_locale_string("en-GB", &how).into()
}

/// Items of the file menu; only where the page comes from a server that keeps and runs.
#[component]
pub fn ServerItems(chosen: Callback<()>) -> impl IntoView {
    let store: Store = expect_context();
    let saved = store.flow.desk.saved;
    let item = move |testid: &'static str, word: &'static str, deed: fn(Store)| {
        let act = move |_| {
            chosen.run(());
            deed(store);
        };
        view! { <button type="button" class="menu-item" data-testid=testid on:click=act>{word}</button> }
    };
    let has_link = move || saved.link.with(|l| l.as_ref().is_some_and(|l| l.can_write));
    view! {
        <Show when=move || saved.me.with(Option::is_some)>
            <p class="menu-head quiet small">{format!("On {}", host())}</p>
            {item("run-on-server", "Run on server…", |s| s.offer_on_server())}
            <Show when=has_link>{item("save-again", "Save on server", |s| s.save_on_server())}</Show>
            {item("save-on-server", "Save on server…", |s| s.flow.desk.saved.dialog.set(Some(Dialog::Save)))}
            {item("open-from-server", "Open from server…", |s| s.flow.desk.saved.dialog.set(Some(Dialog::Open)))}
        </Show>
    }
}

/// How the open pipeline stands on the server, in a few words.
fn standing(store: Store, link: &Link, is_same: bool) -> (&'static str, String) {
    let saved = store.flow.desk.saved;
    match () {
        () if saved.newer.with(Option::is_some) => ("newer", "Newer version".to_owned()),
        () if saved.waits() && saved.is_away.get() => {
            ("waits", "Will be saved when the server is back".to_owned())
        }
        () if saved.refused.with(|d| d.as_ref().is_some_and(|d| d.code == SIGNED_OUT)) => {
            ("signed-out", if saved.waits() { "Signed out · not saved yet" } else { "Signed out" }.to_owned())
        }
        () if saved.refused.with(Option::is_some) => ("refused", "Not on the server".to_owned()),
        () if saved.waits() => ("waits", "Saving…".to_owned()),
        () if !link.can_write && !is_same => ("reads", "Changed here · read only".to_owned()),
        () if !link.can_write => ("reads", format!("Version {} · read only", link.number)),
        () if is_same => ("saved", format!("Saved · version {}", link.number)),
        () => ("changed", format!("Changed since version {}", link.number)),
    }
}

/// Whether what is open is on the server, with the way there.
#[component]
pub fn ServerState() -> impl IntoView {
    let store: Store = expect_context();
    let saved = store.flow.desk.saved;
    let is_same = Memo::new(move |_| {
        saved.link.with(|l| {
            l.as_ref()
                .is_some_and(|l| store.flow.history.with(|h| h.document().canonical() == l.base.as_bytes()))
        })
    });
    let shown = Memo::new(move |_| saved.link.get().map(|link| standing(store, &link, is_same.get())));
    let place = move || saved.link.with(|l| l.as_ref().map(|l| format!("\"{}\" on {}", l.name, host())));
    let why = move || saved.refused.get().map_or_else(place, |d| Some(format!("{} {}", d.message, d.remedy)));
    let word = move || match shown.get()?.0 {
        "newer" => Some("Look"),
        "changed" | "refused" => Some("Save"),
        _ => None,
    };
    move || {
        shown.get()?;
        Some(view! {
            <span class="server-state" data-testid="server-state" data-state=move || shown.get().map(|s| s.0) title=why>
                <span role="status">{move || shown.get().map(|s| s.1)}</span>
                {move || (shown.get()?.0 == "signed-out").then(|| view! { <a class="button tiny" href="/sign-in">"Sign in"</a> })}
                {move || word().map(|word| view! {
                    <button type="button" class="tiny" data-testid="server-save" aria-label=format!("{word}: {}", place().unwrap_or_default()) on:click=move |_| store.save_on_server()>{word}</button>
                })}
            </span>
        })
    }
}

/// Somebody else saved a newer version.
#[component]
pub fn NewerBar() -> impl IntoView {
    let store: Store = expect_context();
    let saved = store.flow.desk.saved;
    move || {
        let newer = saved.newer.get()?;
        let words =
            format!("{} saved a newer version ({}) on {}.", newer.who, newer.number, date(newer.when));
        Some(view! {
            <section class="studio-bar slim" data-testid="newer" aria-label="A newer version">
                <p role="status">{words}</p>
                <div class="actions">
                    <button type="button" class="tiny primary" data-testid="newer-look" on:click=move |_| saved.dialog.set(Some(Dialog::Newer))>"See what differs"</button>
                    <button type="button" class="tiny" data-testid="newer-take" on:click=move |_| store.take_newer()>"Take it"</button>
                </div>
            </section>
        })
    }
}

/// Tables of the open pipeline that the server has.
#[component]
pub fn ShelvedBar() -> impl IntoView {
    let store: Store = expect_context();
    let shelved = store.flow.desk.saved.shelved;
    move || {
        let all = shelved.get();
        let names: Vec<&str> = all.iter().map(|s| s.name.as_str()).collect();
        let bytes = format::bytes(all.iter().map(|s| s.bytes).sum());
        let words = format!("The project has its tables: {} ({bytes}).", names.join(", "));
        (!all.is_empty()).then(|| view! {
            <section class="studio-bar slim" data-testid="shelved" aria-label="Tables on the server">
                <p role="status">{words}</p>
                <div class="actions">
                    <button type="button" class="tiny primary" data-testid="fetch-shelved" on:click=move |_| store.fetch_shelved()>"Fetch them"</button>
                    <button type="button" class="tiny plain" on:click=move |_| shelved.set(Vec::new())>"Close"</button>
                </div>
            </section>
        })
    }
}

/// What went wrong with what a dialog asked, and that something is under way.
#[derive(Clone, Copy)]
struct Asked {
    said: RwSignal<Option<Diagnostic>>,
    is_busy: RwSignal<bool>,
}

impl Asked {
    fn new() -> Self {
        Self { said: RwSignal::new(None), is_busy: RwSignal::new(false) }
    }

    fn ask<F: Future<Output = Result<(), Diagnostic>> + 'static>(self, what: F) {
        self.is_busy.set(true);
        self.said.set(None);
        spawn_local(async move {
            let done = what.await;
            // The dialog may be gone by now.
            let _ = self.is_busy.try_set(false);
            let _ = self.said.try_set(done.err());
        });
    }

    fn view(self) -> impl IntoView {
        let said = move || self.said.get().map(|d| format!("{} {}", d.message, d.remedy));
        view! { <p class="field-error" role="alert" data-testid="server-said">{said}</p> }
    }
}

fn close(store: Store) -> impl IntoView {
    let dialog = store.flow.desk.saved.dialog;
    view! { <button type="button" data-testid="server-close" on:click=move |_| dialog.set(None)>"Cancel"</button> }
}

/// What a run there would send.
fn run(store: Store) -> AnyView {
    let tables = store.tables();
    let row = |(name, bytes): (String, u64)| view! { <li><span>{name}</span>" "<span class="quiet num">{format::bytes(bytes)}</span></li> };
    let pipeline = ("The pipeline".to_owned(), store.flow.document_text().len() as u64);
    let all = tables.into_iter().map(|t| (t.supplied.name.clone(), t.supplied.blob.size() as u64));
    let all = std::iter::once(pipeline).chain(all).map(row).collect_view();
    let link = store.flow.desk.saved.link.get_untracked().filter(|l| l.can_write);
    let project = link.map_or_else(|| store.project_name(), |l| l.name);
    let pins = store.flow.pinned.with_untracked(|pinned| !pinned.is_empty()).then(|| {
        view! { <p class="quiet" data-testid="pins-stay">"Results that pinned nodes keep are this tab's: the server computes these nodes anew."</p> }
    });
    view! {
        <p>"This sends to "<strong>{host()}</strong>", which keeps it in the project "<strong>{project}</strong>":"</p>
        <ul class="plain-list server-list" data-testid="to-send">{all}</ul>
        <p class="quiet">"A table that it has already is not sent again. What comes out is brought here and stays there. The run goes on there if this page is closed."</p>
        {pins}
        <div class="actions">
            <button type="button" class="primary" autofocus data-testid="send-to-server" on:click=move |_| store.run_on_server()>"Send and run"</button>
            {close(store)}
        </div>
    }
    .into_any()
}

fn save(store: Store) -> AnyView {
    let asked = Asked::new();
    let link = store.flow.desk.saved.link.get_untracked();
    let name = RwSignal::new(match &link {
        Some(link) => format!("{} (copy)", link.name),
        None => store.project_name(),
    });
    let word = if link.is_some() { "This saves a copy of the pipeline" } else { "This saves the pipeline" };
    let size = format::bytes(store.flow.document_text().len() as u64);
    let tables = store.tables();
    let with_tables = RwSignal::new(false);
    let names: Vec<&str> = tables.iter().map(|t| t.supplied.name.as_str()).collect();
    let bytes = tables.iter().map(|t| t.supplied.blob.size() as u64).sum();
    let offer = (!tables.is_empty()).then(|| {
        let words = format!("With its tables, for others to run it: {} ({})", names.join(", "), format::bytes(bytes));
        view! {
            <label class="check"><input type="checkbox" data-testid="with-tables" on:change=move |e| with_tables.set(event_target_checked(&e)) /><span>{words}</span></label>
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        asked.ask(
            async move { store.save_anew(name.get_untracked().trim(), with_tables.get_untracked()).await },
        );
    };
    view! {
        <form class="server-form" on:submit=submit>
            <p>{word}{format!(" ({size}) on ")}<strong>{host()}</strong>". Models and results stay here."</p>
            <label class="field"><span>"Name of the project"</span>
                <input type="text" autofocus required maxlength="200" autocomplete="off" data-testid="project-name" prop:value=move || name.get() on:input=move |e| name.set(event_target_value(&e)) />
            </label>
            {offer}
            {asked.view()}
            <div class="actions">
                <button class="primary" data-testid="save-project-here" disabled=move || asked.is_busy.get()>"Save"</button>
                {close(store)}
            </div>
        </form>
    }
    .into_any()
}

/// The versions of a project, once they are asked for.
fn versions(store: Store, asked: Asked, id: String, name: String) -> impl IntoView {
    let list = RwSignal::new(Vec::<(i64, String)>::new());
    let (of, opened) = (id.clone(), name.clone());
    let look = move |_| {
        let of = encoded(&of);
        asked.ask(async move {
            let server = Server(store.network);
            let all = server.json("GET", &format!("/api/v1/projects/{of}/versions"), None).await?;
            let members = server.json("GET", &format!("/api/v1/projects/{of}/members"), None).await?;
            let row = |v: &Value| {
                let who = store.name_of_author(&v["author"], &members);
                let number = v["number"].as_i64().unwrap_or_default();
                (
                    number,
                    format!("Version {number} · {} · {who}", date(v["created"].as_f64().unwrap_or_default())),
                )
            };
            let _ = list.try_set(items(&all).iter().map(row).collect());
            Ok(())
        });
    };
    let row = move |(number, words): (i64, String)| {
        let (id, name, label) = (id.clone(), opened.clone(), format!("Open version {number} of {opened}"));
        let open = move |_| {
            let (id, name) = (id.clone(), name.clone());
            asked.ask(async move { store.open_saved(&id, &name, Some(number)).await });
        };
        view! { <li><span>{words}</span><button type="button" class="tiny" aria-label=label on:click=open>"Open"</button></li> }
    };
    view! {
        <details on:toggle=look><summary aria-label=format!("Versions of {name}")>"Versions"</summary>
            <ol class="plain-list server-list" data-testid="versions">{move || list.get().into_iter().map(row.clone()).collect_view()}</ol>
        </details>
    }
}

fn open(store: Store) -> AnyView {
    let asked = Asked::new();
    let list = RwSignal::new(None::<Vec<Value>>);
    asked.ask(async move {
        let all = Server(store.network).json("GET", "/api/v1/projects", None).await?;
        let mut all: Vec<Value> = items(&all).iter().filter(|p| p["head"] != 0).cloned().collect();
        all.sort_by_key(|p| -p["changed"].as_i64().unwrap_or_default());
        let _ = list.try_set(Some(all));
        Ok(())
    });
    let row = move |project: Value| {
        let word = |name: &str| project[name].as_str().unwrap_or_default().to_owned();
        let (id, name) = (word("id"), word("name"));
        let about = format!(
            "Version {} · {}",
            project["head"],
            date(project["changed"].as_f64().unwrap_or_default())
        );
        let open = {
            let (id, name) = (id.clone(), name.clone());
            move |_| {
                let (id, name) = (id.clone(), name.clone());
                asked.ask(async move { store.open_saved(&id, &name, None).await });
            }
        };
        view! {
            <li data-testid="server-project"><div><strong>{name.clone()}</strong><span class="quiet small">{about}</span>{versions(store, asked, id, name.clone())}</div>
                <button type="button" class="tiny" aria-label=format!("Open {name}") on:click=open>"Open"</button></li>
        }
    };
    let rows = move || match list.get() {
        None => None,
        Some(all) if all.is_empty() => Some(
            view! { <p>"Nothing is saved here yet. Save a pipeline first: File, Save on server."</p> }
                .into_any(),
        ),
        Some(all) => Some(
            view! { <ul class="plain-list server-list">{all.into_iter().map(row).collect_view()}</ul> }
                .into_any(),
        ),
    };
    view! {
        <p class="quiet">"Opening runs nothing. What is open now can be gone back to."</p>
        {asked.view()}
        {rows}
        <div class="actions">{close(store)}</div>
    }
    .into_any()
}

/// Two versions, and what each did since they were one.
fn conflict(store: Store) -> AnyView {
    let (flow, saved) = (store.flow, store.flow.desk.saved);
    let asked = Asked::new();
    let (Some(link), Some(newer)) = (saved.link.get_untracked(), saved.newer.get()) else {
        return ().into_any();
    };
    let kinds = flow.kinds.get_untracked();
    let base = PipelineDocument::from_json(link.base.as_bytes()).unwrap_or_default();
    let mine = flow.with_document(|mine| Differences::between(&base, mine, &kinds));
    let theirs = Differences::between(&base, &newer.document, &kinds).words();
    let is_mine_changed = mine != Differences::default();
    let (who, number) = (newer.who.clone(), newer.number);
    let whose = if who == "You" { "You, elsewhere".to_owned() } else { who };
    let name = format!("{} (copy)", link.name);
    let copy = move |_| {
        let name = name.clone();
        asked.ask(async move { store.save_anew(&name, false).await });
    };
    let take = if is_mine_changed { "Take that one; mine can be brought back by Undo" } else { "Take it" };
    let since = format!("since version {}", link.number);
    view! {
        <p>{format!("{whose} saved version {number} on {}.", date(newer.when))}</p>
        <dl class="differences" data-testid="differences">
            <dt>{format!("In version {number}, {since}")}</dt><dd data-testid="theirs">{theirs}</dd>
            <dt>{format!("In yours, {since}")}</dt><dd data-testid="mine">{mine.words()}</dd>
        </dl>
        {asked.view()}
        <div class="actions column">
            <button type="button" class="primary" autofocus data-testid="take-theirs" on:click=move |_| store.take_newer()>{take}</button>
            <Show when=move || is_mine_changed && link.can_write>
                <button type="button" data-testid="keep-mine" on:click=move |_| store.keep_mine()>{format!("Save mine as version {}, on top", number + 1)}</button>
                <button type="button" data-testid="save-copy" on:click=copy.clone()>"Save mine as a copy"</button>
            </Show>
            <button type="button" class="plain" data-testid="server-close" on:click=move |_| saved.dialog.set(None)>"Decide later"</button>
        </div>
    }
    .into_any()
}

#[component]
pub fn ServerDialog() -> impl IntoView {
    let store: Store = expect_context();
    let saved = store.flow.desk.saved;
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = node.get().filter(|_| saved.dialog.with(Option::is_some)) {
            // One that is open already stays so.
            let _ = dialog.show_modal();
        }
    });
    let asked = Memo::new(move |_| saved.dialog.get());
    let signed_out = || {
        view! {
            <p><strong>{host()}</strong>" wants to know who you are. What is open here stays: this browser keeps it."</p>
            <div class="actions"><a class="button primary" data-testid="sign-in" href="/sign-in">"Sign in"</a>{close(expect_context())}</div>
        }
        .into_any()
    };
    move || {
        let dialog = asked.get()?;
        let (title, body) = match dialog {
            Dialog::Run => ("Run on server", run as fn(Store) -> AnyView),
            Dialog::Save => ("Save on server", save as fn(Store) -> AnyView),
            Dialog::Open => ("Open from server", open as fn(Store) -> AnyView),
            Dialog::Newer => ("Two versions", conflict as fn(Store) -> AnyView),
        };
        let body = if saved.is_known() || dialog == Dialog::Newer { body(store) } else { signed_out() };
        Some(view! {
            <dialog node_ref=node class="server-dialog panel" aria-labelledby="server-title" data-testid="server-dialog" on:close=move |_| saved.dialog.set(None)>
                <h2 id="server-title">{title}</h2>
                {body}
            </dialog>
        })
    }
}
