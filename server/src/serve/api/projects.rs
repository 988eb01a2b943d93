//! Projects and the versions of their pipelines.

use super::super::access::{Action, Actor};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::{Body, Json, KNOWN, List, Page, Path, Query, Route, Whole, checked_name};
use crate::store::{PAGE, Project, StoreError, Version};
use automl_core::document::PipelineDocument;
use axum::Extension;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("GET", "/api/v1/projects", Action::SeeSelf, "Lists your projects", get(list))
            .asks::<Page>()
            .gives::<List<Project>>(),
        Route::new("POST", "/api/v1/projects", Action::CreateProject, "Makes a project", post(create))
            .takes::<Name>()
            .makes::<Project>(201),
        Route::new("GET", "/api/v1/projects/{project}", Action::SeeProject, "Shows a project", get(show))
            .gives::<Project>(),
        Route::new(
            "PATCH",
            "/api/v1/projects/{project}",
            Action::ChangeProject,
            "Renames a project",
            patch(rename),
        )
        .takes::<Name>()
        .gives::<Project>(),
        Route::new(
            "DELETE",
            "/api/v1/projects/{project}",
            Action::OwnProject,
            "Deletes a project with all that it holds",
            delete(remove),
        ),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/pipeline",
            Action::SeeProject,
            "Gives the newest pipeline, with its hash as ETag",
            get(pipeline),
        )
        .reads("If-None-Match", KNOWN)
        .gives::<Value>()
        .or_nothing(304),
        Route::new(
            "PUT",
            "/api/v1/projects/{project}/pipeline",
            Action::ChangeProject,
            "Saves a pipeline as a new version; If-Match says which one it was made from",
            put(save),
        )
        .reads("If-Match", "The ETag of the pipeline that was changed")
        .reads("If-None-Match", "* for the first pipeline of a project")
        .reads("Trellis-Note", "What was changed, up to 500 characters")
        .takes::<Value>()
        .gives::<Value>(),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/versions",
            Action::SeeProject,
            "Lists the versions of the pipeline",
            get(versions),
        )
        .asks::<Page>()
        .gives::<List<Version>>(),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/versions/{number}",
            Action::SeeProject,
            "Gives a version of the pipeline",
            get(version),
        )
        .reads("If-None-Match", KNOWN)
        .gives::<Value>()
        .or_nothing(304),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

async fn list(
    shared: State,
    Extension(actor): Extension<Actor>,
    Query(page): Query<Page>,
) -> Result<Json<List<Project>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let found = shared.store.projects(actor.id(), page.before.as_deref(), limit).await?;
    Ok(Json(List::new(found, limit, |p| p.id.clone())))
}

async fn create(
    shared: State,
    Extension(actor): Extension<Actor>,
    Body(body): Body<Name>,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let name = checked_name(&body.name, "/name")?;
    let (new, _) = shared.vault.fresh()?;
    let project = shared.store.add_project(&new, &name, actor.id()).await?;
    shared.store.audit(actor.id(), "project.create", &project.id).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

async fn show(shared: State, Path(project): Path<String>) -> Result<Json<Project>, Problem> {
    Ok(Json(shared.store.project(&project).await?))
}

async fn rename(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    Body(body): Body<Name>,
) -> Result<Json<Project>, Problem> {
    shared.store.rename_project(&project, &checked_name(&body.name, "/name")?).await?;
    shared.store.audit(actor.id(), "project.rename", &project).await?;
    Ok(Json(shared.store.project(&project).await?))
}

async fn remove(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
) -> Result<StatusCode, Problem> {
    shared.store.delete_project(&project).await?;
    shared.store.audit(actor.id(), "project.delete", &project).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The strong ETag of a version. Its number is in it, since two versions that differ in their layout alone have the same
/// content hash.
fn tag(version: &Version) -> String {
    format!("\"{}-{}\"", version.number, version.hash)
}

/// A version's document, as a file of a pipeline is.
fn document(version: &Version, status: StatusCode) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, tag(version)),
    ];
    (status, headers, version.document.clone()).into_response()
}

async fn pipeline(
    shared: State,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let head = shared.store.project(&project).await?.head;
    if head == 0 {
        return Err(Problem::not_found("Nothing was saved in this project yet."));
    }
    Ok(unless_known(&shared.store.version(&project, head).await?, &headers))
}

/// A version's document, for whoever does not have it.
fn unless_known(version: &Version, headers: &HeaderMap) -> Response {
    let tag = tag(version);
    if tags(headers, header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&tag)) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    document(version, StatusCode::OK)
}

/// The ETags of a header.
fn tags(headers: &HeaderMap, name: header::HeaderName) -> Option<Vec<String>> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.split(',').map(|t| t.trim().to_owned()).collect())
}

/// The number of the version that a change was made from; 0: it is the first.
///
/// # Errors
/// A request that does not say, or that names no version of this project.
async fn seen(shared: &Shared, project: &str, headers: &HeaderMap) -> Result<i64, Problem> {
    match (tags(headers, header::IF_MATCH), tags(headers, header::IF_NONE_MATCH)) {
        (Some(tags), _) => {
            let head = shared.store.project(project).await?.head;
            let version = shared.store.version(project, head).await.map_err(|_| stale())?;
            if tags.contains(&tag(&version)) { Ok(head) } else { Err(stale()) }
        }
        (None, Some(tags)) if tags == ["*"] => Ok(0),
        _ => Err(Problem::precondition_missing(
            "Send If-Match with the ETag of the pipeline that you changed, or If-None-Match: * for the first one.",
        )),
    }
}

fn stale() -> Problem {
    Problem::stale(
        "Somebody else saved this project meanwhile. Get the newest pipeline, and bring in your changes.",
    )
}

async fn save(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let seen = seen(&shared, &project, &headers).await?;
    let read = PipelineDocument::from_json(&body)?;
    let note = headers.get("trellis-note").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let fresh = Version {
        number: 0,
        hash: read.hash().to_string(),
        document: read.pretty(),
        note: note.chars().take(500).collect(),
        author: actor.id().to_owned(),
        created: 0,
    };
    match shared.store.save_version(&project, seen, &fresh).await {
        Err(StoreError::Conflict(_)) => Err(stale()),
        saved => Ok(document(&saved?, StatusCode::OK)),
    }
}

async fn versions(
    shared: State,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<List<Version>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let before = page.before.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| Problem::bad_request("\"before\" is the number of a version.").at("/before"))?;
    let found = shared.store.versions(&project, before, limit).await?;
    Ok(Json(List::new(found, limit, |v| v.number.to_string())))
}

async fn version(
    shared: State,
    Path((project, number)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(unless_known(&shared.store.version(&project, number).await?, &headers))
}
