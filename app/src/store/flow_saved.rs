//! The open pipeline in a project of this page's server: saving it, and seeing what others saved.
//!
//! What is saved goes into a queue that outlasts the page, and from there to the server as soon as it can be reached. Every
//! save says which version it was made from. Where somebody else saved meanwhile a person decides.

use super::Store;
use super::flow_shelf::Shelved;
use crate::client::server::{AWAY, Refusal, Server, body, encoded, text};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::PipelineDocument;
use gloo_events::EventListener;
use gloo_storage::{LocalStorage as LocalStore, Storage};
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;
use web_sys::Response;

/// Where what waits to be sent is written down.
const QUEUE: &str = "trellis-saves";
/// Milliseconds between two looks at the queue, and looks at the queue for one at the server.
const LOOK_MS: u32 = 5_000;
const LOOKS: u32 = 4;

/// A version of a pipeline on the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Link {
    pub project: String,
    /// The project's name.
    pub name: String,
    pub number: i64,
    /// Its ETag; empty where the project has none yet.
    pub tag: String,
    /// The document, in canonical form. In the queue: the one that is to be saved on top of that version.
    pub base: String,
    pub can_write: bool,
}

/// A version that somebody else saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Newer {
    pub number: i64,
    tag: String,
    pub document: PipelineDocument,
    /// Somebody's name, or `You`.
    pub who: String,
    /// Milliseconds since 1970.
    pub when: f64,
}

/// What is asked about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialog {
    Run,
    Save,
    Open,
    /// Two versions: whose is to be the next?
    Newer,
}

type Queue = BTreeMap<String, Link>;

#[derive(Clone, Copy)]
pub struct Saved {
    pub link: RwSignal<Option<Link>>,
    pub newer: RwSignal<Option<Arc<Newer>>>,
    pub dialog: RwSignal<Option<Dialog>>,
    /// What the server says of who asks; `None`: there is no such server, or it was not asked.
    pub me: RwSignal<Option<Value>>,
    /// What is to be saved, by project.
    pub queue: RwSignal<Queue>,
    /// The server could not be reached.
    pub is_away: RwSignal<bool>,
    /// It no longer lets this be seen or changed.
    pub refused: RwSignal<Option<Diagnostic>>,
    /// Tables that could be fetched.
    pub shelved: RwSignal<Vec<Shelved>>,
    is_sending: RwSignal<bool>,
}

pub(super) fn number_of(tag: &str) -> i64 {
    tag.trim_start_matches('"').split('-').next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

pub(super) fn tag_of(response: &Response) -> String {
    response.headers().get("etag").ok().flatten().unwrap_or_default()
}

pub(super) fn canonical(document: &PipelineDocument) -> String {
    String::from_utf8(document.canonical()).unwrap_or_default()
}

pub fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[], Vec::as_slice)
}

impl Saved {
    pub(super) fn new() -> Self {
        Self {
            link: RwSignal::default(),
            newer: RwSignal::default(),
            dialog: RwSignal::default(),
            me: RwSignal::default(),
            queue: RwSignal::new(LocalStore::get(QUEUE).unwrap_or_default()),
            is_away: RwSignal::default(),
            refused: RwSignal::default(),
            shelved: RwSignal::default(),
            is_sending: RwSignal::default(),
        }
    }

    /// Another document is open.
    pub(super) fn part(self) {
        self.link.set(None);
        self.newer.set(None);
        self.refused.set(None);
        self.shelved.set(Vec::new());
        self.dialog.set(None);
    }

    fn change_queue(self, change: impl FnOnce(&mut Queue)) {
        self.queue.update(change);
        // Without storage what waits is lost with the page; the page itself keeps the document.
        let _ = self.queue.with_untracked(|queue| LocalStore::set(QUEUE, queue));
    }

    /// What of the open project waits to be sent.
    pub fn waits(self) -> bool {
        let project = self.link.with(|l| l.as_ref().map(|l| l.project.clone()));
        project.is_some_and(|p| self.queue.with(|queue| queue.contains_key(&p)))
    }

    pub(super) fn is_open(self, project: &str) -> bool {
        self.link.with_untracked(|l| l.as_ref().is_some_and(|l| l.project == project))
    }

    /// Whether the server knows who asks.
    pub fn is_known(self) -> bool {
        self.me.with(|me| me.as_ref().is_some_and(|me| !me["account"].is_null()))
    }
}

impl Store {
    pub(super) fn saved(self) -> Saved {
        self.flow.desk.saved
    }

    /// Looks now and then, and whenever the person comes back, at what waits and at what others saved. Nothing is asked
    /// where nothing was saved.
    pub(super) fn watch_server(self) {
        let looks = StoredValue::new(0_u32);
        Interval::new(LOOK_MS, move || {
            let n = looks.try_update_value(|n| std::mem::replace(n, n.wrapping_add(1))).unwrap_or_default();
            self.look_at_server(n.is_multiple_of(LOOKS));
        })
        .forget();
        let Some(window) = web_sys::window() else { return };
        for kind in ["focus", "online"] {
            EventListener::new(&window, kind, move |_| self.look_at_server(true)).forget();
        }
    }

    fn look_at_server(self, is_due: bool) {
        let saved = self.saved();
        let is_hidden = web_sys::window().and_then(|w| w.document()).is_none_or(|d| d.hidden());
        let has_queue = saved.queue.with_untracked(|q| !q.is_empty());
        let has_link = saved.link.with_untracked(Option::is_some) && self.flow.is_open.get_untracked();
        if !is_hidden && (has_queue || (has_link && is_due)) {
            spawn_local(async move {
                self.send_saves().await;
                if has_link {
                    self.look_for_newer().await;
                }
            });
        }
    }

    /// Asks the server, if this page comes from one, who asks. Gives what it said where it did not tell.
    pub async fn ask_who(self) -> Option<Refusal> {
        let told = Server(self.network).json("GET", "/api/v1/me", None).await;
        // One that cannot be reached just now is the same as before; another kind of place answers with something else.
        if !matches!(&told, Err(refusal) if refusal.status == 0) {
            self.saved().me.set(told.as_ref().ok().filter(|me| me["version"].is_string()).cloned());
        }
        told.err()
    }

    /// Saves the open pipeline as the next version of its project, or asks where.
    pub fn save_on_server(self) {
        let saved = self.saved();
        let link = saved.link.get_untracked().filter(|l| l.can_write);
        let Some(link) = link else { return saved.dialog.set(Some(Dialog::Save)) };
        if saved.newer.with_untracked(Option::is_some) {
            return saved.dialog.set(Some(Dialog::Newer));
        }
        let base = self.flow.document_text();
        saved.refused.set(None);
        saved.change_queue(|queue| drop(queue.insert(link.project.clone(), Link { base, ..link })));
        spawn_local(self.send_saves());
    }

    async fn put(self, link: &Link) -> Result<Link, Refusal> {
        let document = body(&link.base).map_err(|told| Refusal { status: 0, told })?;
        let seen = if link.tag.is_empty() { ("If-None-Match", "*") } else { ("If-Match", link.tag.as_str()) };
        let headers = [seen, ("Content-Type", "application/json")];
        let path = format!("/api/v1/projects/{}/pipeline", encoded(&link.project));
        let tag = tag_of(&Server(self.network).ask("PUT", &path, Some(&document), &headers).await?);
        Ok(Link { number: number_of(&tag), tag, ..link.clone() })
    }

    /// Sends what waits.
    pub(super) async fn send_saves(self) {
        let saved = self.saved();
        if saved.is_sending.get_untracked() {
            return;
        }
        saved.is_sending.set(true);
        while let Some((_, link)) =
            saved.queue.with_untracked(|q| q.first_key_value().map(|(p, l)| (p.clone(), l.clone())))
        {
            let outcome = match self.put(&link).await {
                Err(refusal) if refusal.status == 412 => self.meet(&link).await,
                put => put.map(Some),
            };
            match outcome {
                Ok(put) => {
                    saved.is_away.set(false);
                    self.has_sent(&link, put);
                }
                // What the server cannot take now waits.
                Err(Refusal { status: 0 | 401 | 429 | 500.., told }) => {
                    saved.is_away.set(told.code == AWAY);
                    if told.code != AWAY {
                        saved.refused.set(Some(told));
                    }
                    break;
                }
                Err(refusal) => {
                    self.has_sent(&link, None);
                    let remedy = "Nothing is lost: it is open here. Save a copy on the server, or as a file.";
                    let told = Diagnostic { remedy: remedy.to_owned(), ..refusal.told };
                    saved.refused.set(Some(told.clone()));
                    self.alert(told);
                }
            }
        }
        saved.is_sending.set(false);
    }

    /// `put`: the version that it became; `None`: it waits no longer, and a person was told.
    fn has_sent(self, sent: &Link, put: Option<Link>) {
        let saved = self.saved();
        saved.change_queue(|queue| {
            let is_same = queue.get(&sent.project).is_none_or(|l| l.base == sent.base);
            match (queue.get_mut(&sent.project), &put) {
                // Changed and saved again meanwhile: on top of what was just saved.
                (Some(next), Some(put)) if !is_same => next.tag.clone_from(&put.tag),
                _ => drop(queue.remove(&sent.project)),
            }
        });
        if let Some(put) = put.filter(|put| saved.is_open(&put.project)) {
            self.news.set(format!("Saved on the server as version {}.", put.number));
            saved.refused.set(None);
            saved.newer.set(None);
            saved.link.set(Some(put));
        }
    }

    /// Somebody else saved before `mine` could be.
    async fn meet(self, mine: &Link) -> Result<Option<Link>, Refusal> {
        let newer = self.newer(mine, "").await?;
        let Some(newer) = newer else { return Ok(None) };
        if canonical(&newer.document) == mine.base {
            // It was this very save, whose answer was lost, or the same change.
            return Ok(Some(Link { tag: newer.tag.clone(), number: newer.number, ..mine.clone() }));
        }
        if self.saved().is_open(&mine.project) {
            self.saved().newer.set(Some(Arc::new(newer)));
            self.saved().dialog.set(Some(Dialog::Newer));
            return Ok(None);
        }
        // Another pipeline is open: neither version is lost.
        let server = Server(self.network);
        let name = format!("{} (my change)", mine.name);
        let project = server.new_project(&name).await.map_err(|told| Refusal { status: 0, told })?;
        self.put(&Link { project, tag: String::new(), ..mine.clone() }).await?;
        self.alert(Diagnostic::warning(
            "server.saved_beside",
            format!("{} saved a newer version of \"{}\" before your change was sent.", newer.who, mine.name),
            format!("Your change was saved as a project of its own, \"{name}\"."),
        ));
        Ok(None)
    }

    /// The newest version of a project, unless it is the one with this tag.
    async fn newer(self, of: &Link, known: &str) -> Result<Option<Newer>, Refusal> {
        let server = Server(self.network);
        let base = format!("/api/v1/projects/{}", encoded(&of.project));
        let response =
            server.ask("GET", &format!("{base}/pipeline"), None, &[("If-None-Match", known)]).await?;
        if response.status() == 304 {
            return Ok(None);
        }
        let (tag, document) = (tag_of(&response), text(&response).await);
        let document = PipelineDocument::from_json(document.as_bytes());
        let document = document.map_err(|told| Refusal { status: 422, told })?;
        let versions = server.json("GET", &format!("{base}/versions?limit=1"), None).await?;
        let members = server.json("GET", &format!("{base}/members"), None).await?;
        if self.saved().me.with_untracked(Option::is_none) {
            self.ask_who().await;
        }
        let last = items(&versions).first().cloned().unwrap_or_default();
        let who = self.name_of_author(&last["author"], &members);
        let when = last["created"].as_f64().unwrap_or_default();
        Ok(Some(Newer { number: number_of(&tag), tag, document, who, when }))
    }

    /// The name of whoever saved a version.
    pub fn name_of_author(self, author: &Value, members: &Value) -> String {
        let is_me =
            self.saved().me.with_untracked(|me| me.as_ref().is_some_and(|me| me["account"]["id"] == *author));
        let member = items(members).iter().find(|m| m["account"] == *author);
        match member.and_then(|m| m["name"].as_str()) {
            _ if is_me => "You".to_owned(),
            Some(name) => name.to_owned(),
            None => "Somebody".to_owned(),
        }
    }

    pub(super) async fn look_for_newer(self) {
        let saved = self.saved();
        let Some(link) = saved.link.get_untracked().filter(|l| !l.tag.is_empty()) else { return };
        let known = saved.newer.with_untracked(|n| n.as_ref().map_or(link.tag.clone(), |n| n.tag.clone()));
        let found = self.newer(&link, &known).await;
        // Another document may be open by now, or this one may have been saved.
        if saved.link.with_untracked(|l| l.as_ref() != Some(&link)) {
            return;
        }
        saved.is_away.set(matches!(&found, Err(r) if r.status == 0));
        match found {
            Ok(Some(newer)) if canonical(&newer.document) == self.flow.document_text() => {
                let (number, tag) = (newer.number, newer.tag);
                saved.newer.set(None);
                saved.link.set(Some(Link { number, tag, base: self.flow.document_text(), ..link }));
            }
            Ok(Some(newer)) if newer.tag != link.tag => {
                self.news.set(format!("{} saved a newer version.", newer.who));
                saved.newer.set(Some(Arc::new(newer)));
            }
            Ok(_) => saved.refused.set(None),
            Err(refusal) if refusal.status != 0 => saved.refused.set(Some(refusal.told)),
            Err(_) => {}
        }
    }

    /// Mine becomes the next version, on top of the other.
    pub fn keep_mine(self) {
        let saved = self.saved();
        if let Some(newer) = saved.newer.get_untracked() {
            let tag = newer.tag.clone();
            saved.link.update(|link| link.iter_mut().for_each(|l| l.tag.clone_from(&tag)));
            saved.newer.set(None);
        }
        saved.dialog.set(None);
        self.save_on_server();
    }

    /// The other version in place of mine: a step that can be taken back.
    pub fn take_newer(self) {
        let saved = self.saved();
        let (Some(newer), Some(link)) = (saved.newer.get_untracked(), saved.link.get_untracked()) else {
            return;
        };
        let whose = if newer.who == "You" { "your" } else { &format!("{}'s", newer.who) };
        let edit = self.flow.with_document(|mine| mine.edit_to(&newer.document));
        if !self.flow.edit(&format!("Take {whose} version {}", newer.number), edit) {
            // What cannot be one step is opened; mine can be gone back to.
            self.open_flow(newer.document.clone());
        }
        saved.change_queue(|queue| drop(queue.remove(&link.project)));
        let (tag, base) = (newer.tag.clone(), canonical(&newer.document));
        saved.link.set(Some(Link { number: newer.number, tag, base, ..link }));
        saved.newer.set(None);
        saved.dialog.set(None);
    }
}
