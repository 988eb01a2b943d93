//! Models: versions that do not change, and aliases that point at one of them.

use super::super::access::{Action, Actor};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::datasets::{blob, room};
use super::extract::uploaded;
use super::{Body, Content, Json, KNOWN, List, Page, Path, Query, Route, checked_name, quota};
use crate::blobs::BlobError;
use crate::look::{What, look};
use crate::store::{Model, ModelVersion, NewModelVersion, PAGE, RunFile};
use axum::Extension;
use axum::body::Body as RawBody;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/projects/{project}/models";
    const ONE: &str = "/api/v1/projects/{project}/models/{model}";
    const ALIAS: &str = "/api/v1/projects/{project}/models/{model}/aliases/{alias}";
    vec![
        Route::new("GET", ALL, Action::SeeProject, "Lists the models of a project", get(list))
            .asks::<Page>()
            .gives::<List<Model>>(),
        Route::new(
            "POST",
            ALL,
            Action::ChangeProject,
            "Adds a version of the model ?name=: the file of a run (?run=&file=), or the body",
            post(add),
        )
        .asks::<Add>()
        .takes_bytes()
        .makes::<Shown>(201),
        Route::new("GET", ONE, Action::SeeProject, "Shows a model with its versions and aliases", get(show))
            .gives::<Shown>(),
        Route::new(
            "DELETE",
            ONE,
            Action::OwnProject,
            "Deletes a model with all its versions",
            delete(remove),
        ),
        Route::new("PUT", ALIAS, Action::ChangeProject, "Points an alias at a version", put(set_alias))
            .takes::<Pointed>()
            .gives::<Shown>(),
        Route::new("DELETE", ALIAS, Action::ChangeProject, "Takes an alias away", delete(remove_alias)),
        Route::new(
            "GET",
            "/api/v1/projects/{project}/models/{model}/versions/{version}/content",
            Action::SeeProject,
            "Gives a model file; the version is a number or @ALIAS",
            get(content),
        )
        .reads("If-None-Match", KNOWN)
        .gives_content(Content::Bytes)
        .or_nothing(304),
    ]
}

#[derive(Serialize, JsonSchema)]
struct ShownVersion {
    #[serde(flatten)]
    version: ModelVersion,
    about: serde_json::Value,
}

impl From<ModelVersion> for ShownVersion {
    fn from(version: ModelVersion) -> Self {
        let about = serde_json::from_str(&version.about).unwrap_or_default();
        Self { version, about }
    }
}

#[derive(Serialize, JsonSchema)]
struct Shown {
    #[serde(flatten)]
    model: Model,
    versions: Vec<ShownVersion>,
    aliases: Vec<(String, i64)>,
}

async fn list(
    shared: State,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<List<Model>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let found = shared.store.models(&project, page.before.as_deref(), limit).await?;
    Ok(Json(List::new(found, limit, |m| m.id.clone())))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    name: String,
    run: Option<String>,
    file: Option<String>,
}

async fn add(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    Query(add): Query<Add>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    let name = checked_name(&add.name, "/name")?;
    let files = shared.vault.of(&project).await?;
    // What a run gave is kept already, and takes no more room.
    let (came, hash, size) = match (&add.run, &add.file) {
        (Some(run), Some(file)) => {
            let file = file_of(&shared, &project, run, file).await?;
            let parts = files.stream(&file.blob).await?;
            let came = files.receive(parts, shared.limits.model).await?;
            if came.hash() != file.blob {
                return Err(BlobError::Damaged(file.blob).into());
            }
            (came, file.blob, file.bytes)
        }
        (None, None) => {
            let limit = room(&shared, &project, shared.limits.model).await?;
            let own = quota::room(&shared, actor.id(), limit).await?;
            let parts = uploaded(&headers, body, own.bytes()).map_err(|e| own.told(e))?;
            let came = files.receive(parts, own.bytes()).await.map_err(|e| own.told(e))?;
            let (hash, size) = (came.hash().to_owned(), came.bytes() as i64);
            (came, hash, size)
        }
        _ => {
            return Err(Problem::bad_request(
                "Send both ?run= and ?file=, or neither and the file as the body.",
            ));
        }
    };
    let about = look(What::Model, &came, ("", ""), shared.limits.look_mb).await?;
    if add.run.is_none() {
        files.keep(came).await?;
    }
    files.note(&hash, size as u64).await?;
    let new = NewModelVersion {
        project: &project,
        name: &name,
        blob: &hash,
        bytes: size,
        run: add.run.as_deref(),
        about: &about,
        author: actor.id(),
    };
    let (model, version) = shared.store.add_model_version(&new).await?;
    shared.store.audit(actor.id(), "model.add", &format!("{}/{}", model.id, version.number)).await?;
    Ok((StatusCode::CREATED, Json(shown(&shared, model).await?)))
}

/// A file that a run of that project gave.
async fn file_of(shared: &Shared, project: &str, run: &str, file: &str) -> Result<RunFile, Problem> {
    let found = shared.store.run(run).await?;
    if found.project != project {
        return Err(Problem::not_found("There is no such run."));
    }
    let mut files = shared.store.run_files(run).await?.into_iter();
    files.find(|f| f.name == file).ok_or_else(|| Problem::not_found("This run gave no such file."))
}

async fn shown(shared: &Shared, model: Model) -> Result<Shown, Problem> {
    let versions = shared.store.model_versions(&model.id, None, PAGE).await?;
    let aliases = shared.store.aliases(&model.id).await?;
    Ok(Shown { versions: versions.into_iter().map(ShownVersion::from).collect(), aliases, model })
}

/// A model of that project.
async fn found(shared: &Shared, project: &str, model: &str) -> Result<Model, Problem> {
    let found = shared.store.model(model).await?;
    if found.project == project { Ok(found) } else { Err(Problem::not_found("There is no such model.")) }
}

/// A version by its number or `@ALIAS`.
///
/// # Errors
/// Another text, or one that names nothing.
pub async fn version_named(shared: &Shared, model: &str, name: &str) -> Result<ModelVersion, Problem> {
    Ok(match name.strip_prefix('@') {
        Some(alias) => shared.store.aliased(model, alias).await?,
        None => {
            let number = name.parse();
            let number =
                number.map_err(|_| Problem::not_found("A version is a number, or @ and an alias."))?;
            shared.store.model_version(model, number).await?
        }
    })
}

async fn show(shared: State, Path((project, model)): Path<(String, String)>) -> Result<Json<Shown>, Problem> {
    let model = found(&shared, &project, &model).await?;
    Ok(Json(shown(&shared, model).await?))
}

async fn remove(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, model)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    found(&shared, &project, &model).await?;
    shared.store.delete_model(&model).await?;
    shared.store.audit(actor.id(), "model.delete", &model).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pointed {
    version: i64,
}

/// Whether a text can be an alias.
pub fn is_alias(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=40).contains(&text.len()) && text.chars().all(is_word)
}

async fn set_alias(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, model, alias)): Path<(String, String, String)>,
    Body(body): Body<Pointed>,
) -> Result<Json<Shown>, Problem> {
    let model = found(&shared, &project, &model).await?;
    if !is_alias(&alias) {
        return Err(Problem::unusable(
            "An alias has 1 to 40 letters, digits, - and _, for example champion.",
        ));
    }
    shared.store.set_alias(&model.id, &alias, Some(body.version)).await?;
    let what = format!("{}/@{alias}={}", model.id, body.version);
    shared.store.audit(actor.id(), "model.alias", &what).await?;
    Ok(Json(shown(&shared, model).await?))
}

async fn remove_alias(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, model, alias)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let model = found(&shared, &project, &model).await?;
    shared.store.set_alias(&model.id, &alias, None).await?;
    shared.store.audit(actor.id(), "model.alias", &format!("{}/@{alias}=", model.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn content(
    shared: State,
    Path((project, model, version)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let model = found(&shared, &project, &model).await?;
    let version = version_named(&shared, &model.id, &version).await?;
    let files = shared.vault.of(&project).await?;
    blob(&files, &version.blob, &format!("{}-{}.trellis-model", model.name, version.number), &headers).await
}
