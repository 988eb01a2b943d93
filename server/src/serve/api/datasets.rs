//! Data sets: tables that are uploaded as they are, and read by the code that reads them in a tab.

use super::super::access::{Action, Actor};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::extract::uploaded;
use super::{Content, Json, KNOWN, List, Page, Path, Query, Route, checked_name, object_from_json, quota};
use crate::blobs::Files;
use crate::look::{LookError, What, look};
use crate::store::{Dataset, NewDataset, PAGE};
use automl_core::table::ReadOptions;
use axum::Extension;
use axum::body::Body as RawBody;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, head, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/projects/{project}/datasets";
    const ONE: &str = "/api/v1/projects/{project}/datasets/{dataset}";
    vec![
        Route::new("GET", ALL, Action::SeeProject, "Lists the data sets of a project", get(list))
            .asks::<Page>()
            .gives::<List<Shown>>(),
        Route::new(
            "POST",
            ALL,
            Action::ChangeProject,
            "Uploads a table: its bytes are the body, ?name= its file name, ?options= how it is read",
            post(upload),
        )
        .asks::<Upload>()
        .takes_bytes()
        .makes::<Shown>(201)
        .or_gives::<Shown>(200),
        Route::new(
            "HEAD",
            "/api/v1/projects/{project}/datasets/by-hash/{hash}",
            Action::SeeProject,
            "Says whether a table with these bytes is there already (BLAKE3, hexadecimal); with ?name= and ?options=, \
             one that is read so",
            head(by_hash),
        )
        .asks::<Reading>()
        .gives_content(Content::Nothing),
        Route::new("GET", ONE, Action::SeeProject, "Shows a data set", get(show)).gives::<Shown>(),
        Route::new("DELETE", ONE, Action::ChangeProject, "Deletes a data set", delete(remove)),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/datasets/{dataset}/content",
            Action::SeeProject,
            "Gives the bytes of a data set, as they were uploaded",
            get(content),
        )
        .reads("If-None-Match", KNOWN)
        .gives_content(Content::Bytes)
        .or_nothing(304),
    ]
}

/// A data set as it is shown.
#[derive(Serialize, JsonSchema)]
struct Shown {
    #[serde(flatten)]
    dataset: Dataset,
    about: serde_json::Value,
}

impl From<Dataset> for Shown {
    fn from(dataset: Dataset) -> Self {
        let about = serde_json::from_str(&dataset.about).unwrap_or_default();
        Self { dataset, about }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Upload {
    name: String,
    /// [`ReadOptions`] as JSON.
    options: Option<String>,
}

async fn list(
    shared: State,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<List<Shown>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let found = shared.store.datasets(&project, page.before.as_deref(), limit).await?;
    let found: Vec<Shown> = found.into_iter().map(Shown::from).collect();
    Ok(Json(List::new(found, limit, |d| d.dataset.id.clone())))
}

/// Options of reading as they are kept.
fn read_options(text: &str) -> Result<String, Problem> {
    let options: ReadOptions = object_from_json(text.as_bytes())?;
    Ok(serde_json::to_string(&options).unwrap_or_default())
}

/// Takes a table. It is kept only if it can be read.
async fn upload(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    Query(upload): Query<Upload>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    let name = checked_name(&upload.name, "/name")?;
    let options = read_options(upload.options.as_deref().unwrap_or("{}"))?;
    let limit = room(&shared, &project, shared.limits.upload).await?;
    let own = quota::room(&shared, actor.id(), limit).await?;
    let parts = uploaded(&headers, body, own.bytes()).map_err(|e| own.told(e))?;
    let files = shared.vault.of(&project).await?;
    let came = files.receive(parts, own.bytes()).await.map_err(|e| own.told(e))?;
    if let Some(same) =
        shared.store.dataset_read_as(&project, came.hash(), Some(&name), Some(&options)).await?
    {
        return Ok((StatusCode::OK, Json(same.into())));
    }
    let about = look(What::Table, &came, (&name, &options), shared.limits.look_mb).await?;
    // More may have been sent meanwhile.
    if came.bytes() > quota::room(&shared, actor.id(), limit).await?.bytes() {
        return Err(own.full());
    }
    if came.bytes() > room(&shared, &project, shared.limits.upload).await? {
        return Err(no_room());
    }
    let put = files.keep(came).await?;
    files.note(&put.hash, put.bytes).await?;
    let new = NewDataset {
        project: &project,
        name: &name,
        blob: &put.hash,
        bytes: put.bytes as i64,
        options: &options,
        about: &about,
        author: actor.id(),
    };
    let made = shared.store.add_dataset(&new).await?;
    shared.store.audit(actor.id(), "dataset.upload", &made.id).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

fn no_room() -> Problem {
    Problem::full("This project holds as much as it may. Delete data sets or models first.")
}

/// How many bytes a project may take in at once: `most`, or what is left of all that it may hold.
///
/// # Errors
/// Nothing is left.
pub async fn room(shared: &Shared, project: &str, most: u64) -> Result<u64, Problem> {
    let held = shared.store.project_bytes(project).await? as u64;
    match shared.limits.project.saturating_sub(held).min(most) {
        0 => Err(no_room()),
        room => Ok(room),
    }
}

impl From<LookError> for Problem {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Refused(diagnostics) => diagnostics.into(),
            LookError::Broke(megabytes) => Self::unusable(format!(
                "To read this file takes more than the {megabytes} MB of memory that this server has for it. Send fewer \
                 rows or columns."
            )),
            LookError::Fault => Self::unusable(
                "To read this file breaks the reader, which is a fault of this server's. Report it with the file, or save the \
                 table in another format.",
            ),
            LookError::TooLong => {
                Self::unusable("To read this file takes too long. Send fewer rows or columns.")
            }
            LookError::Start(error) => {
                tracing::error!(%error, "no process can be started");
                Self::unavailable("The server could not look into the file. Try again.")
            }
        }
    }
}

/// How a table that is looked for is to be read; what is absent may be anything.
#[derive(Deserialize, JsonSchema)]
struct Reading {
    name: Option<String>,
    /// [`ReadOptions`] as JSON.
    options: Option<String>,
}

async fn by_hash(
    shared: State,
    Path((project, hash)): Path<(String, String)>,
    Query(reading): Query<Reading>,
) -> Result<Response, Problem> {
    let options = reading.options.as_deref().map(read_options).transpose()?;
    let (name, options) = (reading.name.as_deref(), options.as_deref());
    // What is no hash names nothing.
    let hash = blake3::Hash::from_hex(&hash);
    let hash = hash.map_err(|_| Problem::not_found("There is no data set with these bytes."))?;
    let hash = shared.vault.of(&project).await?.name_of(&hash);
    match shared.store.dataset_read_as(&project, &hash, name, options).await? {
        Some(dataset) => Ok([("trellis-dataset", dataset.id)].into_response()),
        None => Err(Problem::not_found("There is no data set with these bytes.")),
    }
}

async fn show(
    shared: State,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(shared.store.dataset(&project, &dataset).await?.into()))
}

async fn remove(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, dataset)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    shared.store.delete_dataset(&project, &dataset).await?;
    shared.store.audit(actor.id(), "dataset.delete", &dataset).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn content(
    shared: State,
    Path((project, dataset)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = shared.store.dataset(&project, &dataset).await?;
    blob(&shared.vault.of(&project).await?, &found.blob, &found.name, &headers).await
}

/// A blob as a download, whatever its name says: nothing that was uploaded is shown as a page.
pub async fn blob(files: &Files, hash: &str, name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag = format!("\"{hash}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let stream = files.begun(hash).await?;
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{safe}\"")),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    Ok((headers, RawBody::from_stream(stream)).into_response())
}
