//! Runs: begin one, follow it, end it, take what it gave.

use super::super::access::{Action, Actor, allowed, who};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::datasets::blob;
use super::{Body, Content, Json, KNOWN, List, Page, Path, Query, Route, Whole, object_from_json};
use crate::blobs::Files;
use crate::jobs::Jobs;
use crate::jobs::conductor::event as hidden_as;
use crate::jobs::work::{Ended, Work};
use crate::store::{NewRun, PAGE, Run, RunFile, RunState, StoredEvent, Wish, now};
use crate::trace;
use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use futures_util::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is found out anew whether who follows a run may do so.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a stream of events waits where nobody tells of any.
const LOOK: Duration = Duration::from_millis(300);

pub fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/projects/{project}/runs";
    const ONE: &str = "/api/v1/projects/{project}/runs/{run}";
    vec![
        Route::new("GET", ALL, Action::SeeProject, "Lists the runs of a project", get(list))
            .asks::<Page>()
            .gives::<List<Shown>>(),
        Route::new("POST", ALL, Action::ChangeProject, "Begins a run", post(begin))
            .takes::<Begin>()
            .reads("Idempotency-Key", "Sent again with the same key, it is one run")
            .makes::<Shown>(202),
        Route::new("GET", ONE, Action::SeeProject, "Shows a run", get(show)).gives::<Shown>(),
        Route::new(
            "PATCH",
            ONE,
            Action::ChangeProject,
            "Says what is wished of a run: go_on, pause, stop, cancel; or another priority",
            patch(change),
        )
        .takes::<Change>()
        .gives::<Shown>(),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/runs/{run}/events",
            Action::SeeProject,
            "Streams what a run tells, as server-sent events; Last-Event-ID goes on from there",
            get(events),
        )
        .reads("Last-Event-ID", "The event after which it goes on")
        .gives_content(Content::Events),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/runs/{run}/files",
            Action::SeeProject,
            "Lists the files that a run gave",
            get(files),
        )
        .gives::<List<RunFile>>(),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/runs/{run}/files/{*name}",
            Action::SeeProject,
            "Gives a file of a run",
            get(file),
        )
        .reads("If-None-Match", KNOWN)
        .gives_content(Content::Bytes)
        .or_nothing(304),
    ]
}

/// A run as it is shown.
#[derive(Serialize, JsonSchema)]
struct Shown {
    #[serde(flatten)]
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Ended>,
    /// Trials by state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trials: Vec<(String, i64)>,
}

impl From<Run> for Shown {
    fn from(run: Run) -> Self {
        let outcome = serde_json::from_str(&run.outcome).ok();
        Self { run, outcome, trials: Vec::new() }
    }
}

/// A run of that project.
async fn found(shared: &Shared, project: &str, run: &str) -> Result<Run, Problem> {
    let found = shared.store.run(run).await?;
    if found.project == project { Ok(found) } else { Err(Problem::not_found("There is no such run.")) }
}

async fn list(
    shared: State,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<List<Shown>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let runs = shared.store.runs(&project, page.before.as_deref(), limit).await?;
    let runs: Vec<Shown> = runs.into_iter().map(Shown::from).collect();
    Ok(Json(List::new(runs, limit, |r| r.run.id.clone())))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Begin {
    task: Work,
    /// From −100 to 100; higher ones begin first.
    #[serde(default)]
    priority: i64,
}

async fn begin(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    if shared.jobs.is_draining() {
        return Err(Problem::unavailable("This server is ending."));
    }
    let begin: Begin = object_from_json(&body)?;
    check(&shared, &project, &begin).await?;
    let key = headers.get("idempotency-key").map(|v| v.to_str().unwrap_or_default().to_owned());
    let made = async {
        super::quota::may_run(&shared, actor.id()).await?;
        if shared.store.open_runs(&project).await? >= shared.limits.runs {
            return Err(Problem::too_many(
                "As many runs as may wait in a project do. Wait for one, or cancel one.",
            ));
        }
        let work = serde_json::to_string(&begin.task).unwrap_or_default();
        let new = NewRun { project: &project, work: &work, priority: begin.priority, author: actor.id() };
        let mut run = Run::from(new);
        run.trace = trace::current().map_or_else(String::new, |context| context.to_string());
        let text = serde_json::to_string(&Shown::from(run.clone())).unwrap_or_default();
        let answer = key.as_deref().map(|key| (actor.id(), key, text.as_str()));
        shared.store.add_run(&run, answer).await?;
        shared.jobs.tell();
        shared.store.audit(actor.id(), "run.begin", &run.id).await?;
        Ok(text)
    };
    let text = super::once::once(&shared, actor.id(), key.as_deref(), (&project, &body), made).await?;
    Ok((StatusCode::ACCEPTED, [("content-type", "application/json")], text).into_response())
}

/// What a run needs lies in its project.
async fn check(shared: &Shared, project: &str, begin: &Begin) -> Result<(), Problem> {
    if !(-100..=100).contains(&begin.priority) {
        return Err(Problem::unusable("A priority lies between -100 and 100.").at("/priority"));
    }
    match &begin.task {
        Work::Study { dataset, request } => {
            shared.store.dataset(project, dataset).await.map_err(|e| Problem::from(e).at("/task/dataset"))?;
            if request.budget_secs.is_none() && request.max_trials.is_none() {
                return Err(Problem::unusable(
                    "Say how long the search may take, or how many trials it may make.",
                )
                .at("/task/request"));
            }
            if request.populations {
                return Err(no_populations().at("/task/request/populations"));
            }
        }
        Work::Pipeline { document, data, .. } => {
            let text = document.to_string();
            let document = automl_core::document::PipelineDocument::from_json(text.as_bytes())
                .map_err(|d| Problem::from(d).at("/task/document"))?;
            let asks =
                |node: &automl_core::document::Node| node.params.get("populations") == Some(&true.into());
            if let Some((id, _)) = document.nodes().iter().find(|(_, node)| asks(node) && !node.bypassed) {
                return Err(
                    no_populations().at(format!("/task/document/pipeline/nodes/{}/params/populations", id.0))
                );
            }
            for (source, dataset) in data {
                let found = shared.store.dataset(project, dataset).await;
                found.map_err(|e| Problem::from(e).at(format!("/task/data/{source}")))?;
            }
        }
    }
    Ok(())
}

/// A trial goes to whichever worker is free first, and only some of them have a graphics card.
fn no_populations() -> Problem {
    Problem::unusable(
        "The server trains no population of networks. Leave `populations` out, or run `trellis fit --populations` on a machine \
         with a graphics card.",
    )
}

async fn show(shared: State, Path((project, run)): Path<(String, String)>) -> Result<Json<Shown>, Problem> {
    let run = found(&shared, &project, &run).await?;
    let trials = shared.store.trial_counts(&run.id).await?;
    Ok(Json(Shown { trials, ..run.into() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    wish: Option<Wish>,
    priority: Option<i64>,
}

async fn change(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, run)): Path<(String, String)>,
    Body(change): Body<Change>,
) -> Result<Json<Shown>, Problem> {
    let run = found(&shared, &project, &run).await?;
    if let Some(priority) = change.priority {
        if !(-100..=100).contains(&priority) {
            return Err(Problem::unusable("A priority lies between -100 and 100.").at("/priority"));
        }
        shared.store.set_priority(&run.id, priority).await?;
    }
    if let Some(wish) = change.wish {
        shared.store.wish(&run.id, wish, now()).await?;
        shared.store.audit(actor.id(), &format!("run.{}", wish.name()), &run.id).await?;
        shared.jobs.tell();
    }
    let run = shared.store.run(&run.id).await?;
    // Nobody drives one that never began; whoever wished its end tells of it.
    if change.wish.is_some() && run.started.is_none() && run.ended.is_some() {
        trace::OfRun::from(&run).ended(RunState::Cancelled);
    }
    Ok(Json(run.into()))
}

async fn events(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, run)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let run = found(&shared, &project, &run).await?;
    let after = headers.get("last-event-id").and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(0);
    let guard = shared.streams.enter(actor.id())?;
    let jobs = shared.jobs.clone();
    let told = Told {
        files: shared.vault.of(&project).await?,
        shared: shared.0,
        jobs,
        run: run.id,
        after,
        waiting: VecDeque::new(),
        over: false,
        project,
        headers,
        checked: Instant::now(),
        _guard: guard,
    };
    let stream = futures_util::stream::unfold(told, |mut told| async move {
        let event = told.next().await?;
        Some((Ok(event), told))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// What a run tells, from somewhere on.
struct Told {
    shared: Arc<Shared>,
    jobs: Jobs,
    run: String,
    files: Files,
    after: i64,
    waiting: VecDeque<StoredEvent>,
    over: bool,
    project: String,
    /// Of the request, to find out who asks.
    headers: HeaderMap,
    /// When that was last found out.
    checked: Instant,
    _guard: super::super::state::Stream,
}

impl Told {
    /// Whether who asks may still see the run: a session ends, a token is revoked, a member leaves.
    async fn may(&mut self) -> bool {
        if self.checked.elapsed() < AGAIN {
            return true;
        }
        self.checked = Instant::now();
        let Ok(actor) = who(&self.shared, &self.headers).await else { return false };
        let role = self.shared.store.role(&self.project, actor.id()).await;
        role.is_ok_and(|role| allowed(&actor, Action::SeeProject, role).is_ok())
    }

    /// The next event; `None` after the last.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.after = event.seq;
                self.over = event.kind == "ended";
                // How a run ended tells of no table, and is told by others too.
                let data = if self.over {
                    Ok(event.data)
                } else {
                    self.files.show(&hidden_as(&self.run, &event.kind), event.data)
                };
                let data = data.inspect_err(|error| tracing::error!(%error, "an event is damaged")).ok()?;
                let kind = event.kind.split(' ').next().unwrap_or_default().to_owned();
                return Some(Event::default().id(event.seq.to_string()).event(kind).data(data));
            }
            if self.over || self.shared.jobs.is_draining() || !self.may().await {
                return None;
            }
            match self.shared.store.events_after(&self.run, self.after, 100).await {
                Ok(events) if !events.is_empty() => self.waiting = events.into(),
                Ok(_) => {
                    // One that asks after the last event of a run that has ended is told nothing more.
                    let run = self.shared.store.run(&self.run).await.ok()?;
                    if run.ended.is_some() {
                        let left = self.shared.store.events_after(&self.run, self.after, 1).await.ok()?;
                        if left.is_empty() {
                            return None;
                        }
                        continue;
                    }
                    self.jobs.wait(LOOK).await;
                }
                Err(_) => return None,
            }
        }
    }
}

async fn files(
    shared: State,
    Path((project, run)): Path<(String, String)>,
) -> Result<Json<List<RunFile>>, Problem> {
    let run = found(&shared, &project, &run).await?;
    Ok(Json(List { items: shared.store.run_files(&run.id).await?, next: None }))
}

async fn file(
    shared: State,
    Path((project, run, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = found(&shared, &project, &run).await?;
    let files = shared.store.run_files(&run.id).await?;
    let file = files.iter().find(|f| f.name == name);
    let file = file.ok_or_else(|| Problem::not_found("This run gave no such file."))?;
    blob(&shared.vault.of(&project).await?, &file.blob, &file.name, &headers).await
}
