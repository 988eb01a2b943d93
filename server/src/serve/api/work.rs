//! The ledger for workers on other machines: claim a trial, keep it, bring what came of it.

use super::super::access::Action;
use super::super::problem::Problem;
use super::super::state::State;
use super::extract::uploaded;
use super::{Body, Content, Json, Path, Query, Route};
use crate::jobs::remote::SEALED;
use crate::jobs::worker::{Claimed, Ledger, Worker};
use crate::jobs::{IDLE, JobError};
use crate::store::{Claim, now};
use axum::body::Body as RawBody;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// How long a worker that asks is kept waiting for a trial.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Bytes of a result at most.
const LARGEST: u64 = 1 << 30;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "POST",
            "/api/v1/trials/announce",
            Action::Work,
            "Says that a worker is there",
            post(announce),
        )
        .takes::<Worker>(),
        Route::new(
            "POST",
            "/api/v1/trials/claim",
            Action::Work,
            "Claims the next trial; waits up to ten seconds for one, then answers 204",
            post(claim),
        )
        .takes::<Worker>()
        .gives::<Claimed>()
        .or_nothing(204),
        Route::new("POST", "/api/v1/trials/renew", Action::Work, "Keeps a claim", post(renew))
            .takes::<Claim>(),
        Route::new(
            "POST",
            "/api/v1/trials/complete",
            Action::Work,
            "Brings what came of a trial: the claim as ?run=&study=&job=&fence=, the result as the body",
            post(complete),
        )
        .asks::<Claim>()
        .takes_bytes(),
        Route::new(
            "POST",
            "/api/v1/trials/fail",
            Action::Work,
            "Says that a trial's process broke down",
            post(fail),
        )
        .takes::<Failed>(),
        Route::new(
            "POST",
            "/api/v1/trials/release",
            Action::Work,
            "Gives a claim back, uncharged",
            post(release),
        )
        .takes::<Claim>(),
        Route::new(
            "GET",
            "/api/v1/trials/studies/{run}/{study}",
            Action::Work,
            "Gives the data of a study that has trials in line",
            get(study),
        )
        .gives_content(Content::Bytes),
    ]
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Store(e) => e.into(),
            JobError::Blob(e) => e.into(),
            JobError::Server(what) | JobError::Refused(what) => Self::unavailable(what),
        }
    }
}

async fn announce(shared: State, Body(worker): Body<Worker>) -> Result<StatusCode, Problem> {
    let slots = i64::from(worker.slots.min(256));
    let name: String = worker.name.chars().filter(|c| !c.is_control()).take(100).collect();
    check_id(&worker)?;
    shared.store.see_worker(&worker.id, &name, slots, now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ids of workers elsewhere differ from those of this server's own.
fn check_id(worker: &Worker) -> Result<(), Problem> {
    if crate::store::is_id(&worker.id) {
        return Ok(());
    }
    Err(Problem::unusable("A worker's id has 26 characters, lower-case letters and digits.").at("/id"))
}

async fn claim(shared: State, Body(worker): Body<Worker>) -> Result<Response, Problem> {
    check_id(&worker)?;
    let mut jobs = shared.jobs.clone();
    let until = Instant::now() + LONGEST_WAIT;
    while !jobs.is_draining() {
        if let Some(trial) = jobs.claim(&worker.id).await? {
            let payload = base64::engine::general_purpose::STANDARD.encode(&trial.payload);
            return Ok(Json(Claimed { claim: trial.claim(), payload, trace: trial.trace }).into_response());
        }
        if Instant::now() >= until {
            break;
        }
        jobs.wait(IDLE).await;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn renew(shared: State, Body(claim): Body<Claim>) -> Result<StatusCode, Problem> {
    shared.jobs.renew(&claim).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn complete(
    shared: State,
    Query(claim): Query<Claim>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<StatusCode, Problem> {
    // What nobody wants is not taken.
    shared.jobs.renew(&claim).await?;
    let files = shared.vault.of_run(&claim.run).await?;
    let put = files.put_stream(uploaded(&headers, body, LARGEST)?, LARGEST).await?;
    files.note(&put.hash, put.bytes).await?;
    shared.store.complete_trial(&claim, &put.hash, now()).await?;
    shared.jobs.tell();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
struct Failed {
    #[serde(flatten)]
    claim: Claim,
    error: String,
}

async fn fail(shared: State, Body(failed): Body<Failed>) -> Result<StatusCode, Problem> {
    let error: String = failed.error.chars().take(500).collect();
    shared.jobs.fail(&failed.claim, &error).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn release(shared: State, Body(claim): Body<Claim>) -> Result<StatusCode, Problem> {
    shared.jobs.release(&claim).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A worker sees the data of what it may compute and of nothing else.
async fn study(shared: State, Path((run, study)): Path<(String, String)>) -> Result<Response, Problem> {
    if !shared.store.has_open_trials(&run, &study).await? {
        return Err(Problem::not_found("There is no such study."));
    }
    let files = shared.vault.of_run(&run).await?;
    let stream = files.begun(&study).await?;
    let mut response =
        ([("content-type", "application/octet-stream")], RawBody::from_stream(stream)).into_response();
    if files.is_sealed() {
        response.headers_mut().insert(SEALED, HeaderValue::from_static("yes"));
    }
    Ok(response)
}
