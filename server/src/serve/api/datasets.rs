//! Data sets: tables that are uploaded as they are, and read by the code that reads them in a tab.

use super::super::access::{Action, Actor};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::{Content, Json, List, Page, Route, checked_name, from_json};
use crate::store::{Dataset, NewDataset, PAGE};
use automl_core::diagnostic::Diagnostic;
use automl_core::table::{ColumnType, CsvReader, Format, ReadOptions, ReadReport, Table, read};
use axum::Extension;
use axum::body::Body as RawBody;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, head, post};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
        .makes::<Shown>(201),
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
        .gives_content(Content::Bytes),
    ]
}

/// What is known of a table once it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub rows: u64,
    pub columns: Vec<(String, ColumnType)>,
    /// Content of the table, whatever the file.
    pub fingerprint: String,
    pub diagnostics: Vec<Diagnostic>,
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

/// How a table is read, as it is kept.
fn as_text(options: &ReadOptions) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

/// Takes a table. It is kept only if it can be read.
async fn upload(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    Query(upload): Query<Upload>,
    body: RawBody,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    let name = checked_name(&upload.name, "/name")?;
    let options: ReadOptions = match &upload.options {
        Some(text) => from_json(text.as_bytes())?,
        None => ReadOptions::default(),
    };
    let room = shared.limits.project.saturating_sub(shared.store.project_bytes(&project).await? as u64);
    let limit = shared.limits.upload.min(room);
    if limit == 0 {
        return Err(Problem::full("This project holds as much as it may. Delete data sets or models first."));
    }
    let put = shared.blobs.put_stream(body.into_data_stream(), limit).await?;
    let read_as = as_text(&options);
    if let Some(same) = shared.store.dataset_read_as(&project, &put.hash, &name, &read_as).await? {
        return Ok((StatusCode::OK, Json(same.into())));
    }
    let about = look(&shared, &put.hash, &name, &options).await?;
    shared.store.note_blob(&put.hash, put.bytes as i64).await?;
    let new = NewDataset {
        project: &project,
        name: &name,
        blob: &put.hash,
        bytes: put.bytes as i64,
        options: &read_as,
        about: &serde_json::to_string(&about).unwrap_or_default(),
        author: actor.id(),
    };
    let made = shared.store.add_dataset(&new).await?;
    shared.store.audit(actor.id(), "dataset.upload", &made.id).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Reads a table in parts and says what is in it.
async fn look(shared: &Arc<Shared>, blob: &str, name: &str, options: &ReadOptions) -> Result<About, Problem> {
    let format = Format::from_name(name);
    let (sender, mut parts) = tokio::sync::mpsc::channel::<bytes::Bytes>(4);
    let options = options.clone();
    let reading = tokio::task::spawn_blocking(move || {
        if format != Format::Csv {
            let mut whole = Vec::new();
            while let Some(part) = parts.blocking_recv() {
                whole.extend_from_slice(&part);
            }
            return read(&whole, format, &options);
        }
        let mut reader = CsvReader::new(options);
        while let Some(part) = parts.blocking_recv() {
            reader.push(&part);
        }
        reader.finish()
    });
    let mut stream = shared.blobs.stream(blob).await?;
    while let Some(part) = stream.next().await {
        let part = part.map_err(crate::blobs::BlobError::from)?;
        if sender.send(part).await.is_err() {
            break;
        }
    }
    drop(sender);
    let (table, report) = reading.await.map_err(|error| {
        tracing::error!(%error, "reading a table broke down");
        Problem::unusable("This table cannot be read.")
    })?;
    about(&table, report)
}

fn about(table: &Table, report: ReadReport) -> Result<About, Problem> {
    if table.columns.is_empty() || table.rows == 0 {
        return Err(if report.diagnostics.is_empty() {
            Problem::unusable("This file holds no rows. Send a table with a header and at least one row.")
        } else {
            report.diagnostics.into()
        });
    }
    Ok(About {
        rows: table.rows as u64,
        columns: table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect(),
        fingerprint: automl_core::table::fingerprint(table),
        diagnostics: report.diagnostics,
    })
}

/// How a table that is looked for is to be read.
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
    let found = match (&reading.name, &reading.options) {
        (None, None) => shared.store.dataset_of_blob(&project, &hash).await?,
        (name, options) => {
            let options =
                options.as_deref().map_or(Ok(ReadOptions::default()), |o| from_json(o.as_bytes()))?;
            let name = name.as_deref().unwrap_or_default();
            shared.store.dataset_read_as(&project, &hash, name, &as_text(&options)).await?
        }
    };
    match found {
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
    blob(&shared, &found.blob, &found.name, &headers).await
}

/// A blob as a download, whatever its name says: nothing that was uploaded is shown as a page.
pub async fn blob(
    shared: &Arc<Shared>,
    hash: &str,
    name: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let tag = format!("\"{hash}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let stream = shared.blobs.stream(hash).await?;
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
