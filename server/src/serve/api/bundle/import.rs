//! Taking a project's file in. Everything is looked into and checked before anything is kept; then all of it is there,
//! or nothing is.

use super::super::super::access::Actor;
use super::super::super::problem::Problem;
use super::super::super::state::{Shared, State};
use super::super::extract::uploaded;
use super::super::quota;
use super::super::{Json, Query};
use super::plan::{MOST_PIPELINE, Plan, plan};
use crate::archive::{Archive, Bounds, Entry};
use crate::blobs::{BlobError, Files, Received};
use crate::look::{What, look};
use crate::store::{Bundle, BundleDataset, BundleModel, BundleVersion, Project};
use automl_core::document::PipelineDocument;
use axum::Extension;
use axum::body::Body as RawBody;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

/// Files of a project at most.
const MOST_FILES: u64 = 10_000;
/// Projects that are taken in at once: each takes room on the disk twice while it is looked into.
static TURNS: Semaphore = Semaphore::const_new(2);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    name: Option<String>,
}

pub(super) async fn import(
    shared: State,
    Extension(actor): Extension<Actor>,
    Query(import): Query<Import>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let Ok(_turn) = TURNS.try_acquire() else {
        return Err(Problem::too_many("Other projects are being taken in. Try again in a while."));
    };
    let room = quota::room(&shared, actor.id(), shared.limits.project).await?;
    let parts = uploaded(&headers, body, room.bytes()).map_err(|e| room.told(e))?;
    let (new, files) = shared.vault.fresh()?;
    let came = files.receive(parts, room.bytes()).await.map_err(|e| room.told(e))?;
    let bounds = Bounds { entries: MOST_FILES, bytes: room.bytes(), deflated: true };
    let (origin, name) = (came.origin(), import.name);
    let planned = tokio::task::spawn_blocking(move || {
        let archive = Archive::of(origin, bounds)?;
        let plan = plan(&archive, name.as_deref())?;
        Ok::<_, Problem>((archive, plan))
    });
    let (archive, plan) = planned.await.map_err(|_| Problem::unusable("This file cannot be read."))??;
    let mut kept = Vec::new();
    let bundle = take(&shared, &files, &archive, plan, &mut kept).await?;
    drop(came);
    for received in kept {
        files.keep(received).await?;
    }
    let project = shared.store.import_project(&new, &bundle, actor.id()).await?;
    shared.store.audit(actor.id(), "project.import", &project.id).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

/// Looks into everything; `kept`: the blobs that it needs.
async fn take(
    shared: &Shared,
    files: &Files,
    archive: &Archive,
    plan: Plan,
    kept: &mut Vec<Received>,
) -> Result<Bundle, Problem> {
    let mut bundle = Bundle { name: plan.name, ..Bundle::default() };
    for (entry, hash, note, created) in plan.versions {
        bundle.versions.push(version(archive, &entry, hash.as_deref(), note, created)?);
    }
    for table in plan.datasets {
        let received = file(files, archive, &table.entry, table.hash.as_deref()).await?;
        let about =
            looked(shared, What::Table, &received, (&table.name, &table.options), &table.entry).await?;
        bundle.datasets.push(BundleDataset {
            name: table.name,
            blob: received.hash().to_owned(),
            bytes: received.bytes() as i64,
            options: table.options,
            about,
            created: table.created,
        });
        kept.push(received);
    }
    for model in plan.models {
        let mut versions = Vec::new();
        for (entry, hash, created) in model.versions {
            let received = file(files, archive, &entry, hash.as_deref()).await?;
            let about = looked(shared, What::Model, &received, ("", ""), &entry).await?;
            let (blob, bytes) = (received.hash().to_owned(), received.bytes() as i64);
            versions.push((blob, bytes, about, created));
            kept.push(received);
        }
        bundle.models.push(BundleModel { name: model.name, versions, aliases: model.aliases });
    }
    Ok(bundle)
}

/// A file that is not what the manifest says.
fn forged(entry: &Entry) -> Problem {
    Problem::unusable(format!(
        "\"{}\" in the project's file is not what its manifest says. Export the project again, and send that file.",
        entry.name
    ))
}

fn version(
    archive: &Archive,
    entry: &Entry,
    hash: Option<&str>,
    note: String,
    created: i64,
) -> Result<BundleVersion, Problem> {
    let bytes = archive.bytes(entry, MOST_PIPELINE)?;
    if hash.is_some_and(|hash| blake3::hash(&bytes).to_hex().as_str() != hash) {
        return Err(forged(entry));
    }
    let read = PipelineDocument::from_json(&bytes)?;
    Ok(BundleVersion { hash: read.hash().to_string(), document: read.pretty(), note, created })
}

/// A file out of the archive.
async fn file(
    files: &Files,
    archive: &Archive,
    entry: &Entry,
    hash: Option<&str>,
) -> Result<Received, Problem> {
    let received = files.receive(archive.stream(entry), entry.size).await;
    let received = received.map_err(|e| match e {
        BlobError::BrokenOff(what) => crate::archive::Fault::Bad(what).into(),
        other => Problem::from(other),
    })?;
    let named = |hash| blake3::Hash::from_hex(hash).is_ok_and(|hash| received.hash() == files.name_of(&hash));
    if !hash.is_none_or(named) {
        return Err(forged(entry));
    }
    Ok(received)
}

/// What a file is, with its name where it is not what it should be.
async fn looked(
    shared: &Shared,
    what: What,
    received: &Received,
    read_as: (&str, &str),
    entry: &Entry,
) -> Result<String, Problem> {
    look(what, received, read_as, shared.limits.look_mb).await.map_err(|e| {
        let mut problem = Problem::from(e);
        problem.detail = format!("\"{}\" in the project's file: {}", entry.name, problem.detail);
        problem
    })
}
