//! Predictions by the Open Inference Protocol, version 2: every model of every project, under its id.
//!
//! An input is a tensor a column, of shape `[rows]` or `[rows, 1]`: `BYTES` holds texts as in a file, numbers and booleans
//! are taken as such, and null is a missing value. Outputs are `prediction`, and for classes `probabilities` of shape
//! `[rows, classes]`, whose order is in its parameters.

use super::super::access::{Action, Actor, By, allowed};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::extract::whole;
use super::models::version_named;
use super::{Json, Path, Route, object_from_json};
use crate::store::{ModelVersion, StoreError};
use automl_core::engine::ModelArtifact;
use axum::Extension;
use axum::body::Body as RawBody;
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Models that stay in memory.
const KEPT: usize = 16;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("GET", "/v2", Action::Public, "Describes this server", get(server)).gives::<Value>(),
        Route::new(
            "GET",
            "/v2/health/live",
            Action::Public,
            "Whether this server runs",
            get(async || Json(json!({"live": true}))),
        )
        .gives::<Value>(),
        Route::new(
            "GET",
            "/v2/health/ready",
            Action::Public,
            "Whether this server takes requests",
            get(ready),
        )
        .gives::<Value>(),
        Route::new("GET", "/v2/models/{model}", Action::SeeSelf, "Describes a model", get(newest))
            .gives::<Value>(),
        Route::new(
            "GET",
            "/v2/models/{model}/ready",
            Action::SeeSelf,
            "Whether a model can predict",
            get(model_ready),
        )
        .gives::<Value>(),
        Route::new(
            "POST",
            "/v2/models/{model}/infer",
            Action::SeeSelf,
            "Predicts with the newest version",
            post(infer_newest),
        )
        .takes::<Request>()
        .gives::<Answer>(),
        Route::new(
            "GET",
            "/v2/models/{model}/versions/{version}",
            Action::SeeSelf,
            "Describes a version: a number or @ALIAS",
            get(one),
        )
        .gives::<Value>(),
        Route::new(
            "POST",
            "/v2/models/{model}/versions/{version}/infer",
            Action::SeeSelf,
            "Predicts with a version: a number or @ALIAS",
            post(infer_one),
        )
        .takes::<Request>()
        .gives::<Answer>(),
    ]
}

/// Models in memory by the hash of their file, the one used last at the end.
#[derive(Default)]
pub struct Loaded(Mutex<VecDeque<(String, Arc<ModelArtifact>)>>);

impl Loaded {
    /// The model of a version.
    ///
    /// # Errors
    /// A file that is gone or damaged.
    pub async fn get(&self, shared: &Shared, version: &ModelVersion) -> Result<Arc<ModelArtifact>, Problem> {
        let blob = &version.blob;
        if let Some(known) = self.known(blob) {
            return Ok(known);
        }
        let bytes = shared.vault.of_model(&version.model).await?.get(blob).await?;
        let read = tokio::task::spawn_blocking(move || ModelArtifact::from_bytes(&bytes)).await;
        let artifact = Arc::new(read.map_err(|_| Problem::unusable("This model cannot be read."))??);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back((blob.to_owned(), artifact.clone()));
        Ok(artifact)
    }

    fn known(&self, blob: &str) -> Option<Arc<ModelArtifact>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(hash, _)| hash == blob)?;
        let found = all.remove(at)?;
        all.push_back(found.clone());
        Some(found.1)
    }
}

async fn server() -> Json<Value> {
    Json(json!({ "name": "trellis", "version": env!("CARGO_PKG_VERSION"), "extensions": [] }))
}

async fn ready(shared: State) -> Result<Json<Value>, Problem> {
    let ready = !shared.jobs.is_draining() && shared.store.ping().await.is_ok();
    Ok(Json(json!({ "ready": ready })))
}

/// An account and how it came in, a model, and a version of it.
pub type Sought = (String, By, String, Option<String>);

/// A version of a model that the actor may predict with, which is mostly the one of the request before.
async fn found(
    shared: &Shared,
    actor: &Actor,
    model: &str,
    version: Option<&str>,
) -> Result<ModelVersion, Problem> {
    let Some(by) = actor.by() else { return look_up(shared, actor, model, version).await };
    let sought = (actor.id().to_owned(), by, model.to_owned(), version.map(str::to_owned));
    shared.found.get(&shared.store, sought, look_up(shared, actor, model, version)).await
}

/// Whoever may not predict with a model is told the same, whether it is there or not.
async fn look_up(
    shared: &Shared,
    actor: &Actor,
    model: &str,
    version: Option<&str>,
) -> Result<ModelVersion, Problem> {
    let unknown = || Problem::not_found("There is no such model, or you may not predict with it.");
    let model = match shared.store.model(model).await {
        Err(StoreError::Absent(_)) => return Err(unknown()),
        model => model?,
    };
    let role = shared.store.role(&model.project, actor.id()).await?;
    allowed(actor, Action::Predict, role).map_err(|_| unknown())?;
    match version {
        Some(version) => version_named(shared, &model.id, version).await,
        None => shared.store.model_versions(&model.id, None, 1).await?.into_iter().next().ok_or_else(unknown),
    }
}

async fn newest(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(model): Path<String>,
) -> Result<Json<Value>, Problem> {
    describe(&shared, found(&shared, &actor, &model, None).await?).await
}

async fn one(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((model, version)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    describe(&shared, found(&shared, &actor, &model, Some(&version)).await?).await
}

async fn model_ready(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(model): Path<String>,
) -> Result<Json<Value>, Problem> {
    let version = found(&shared, &actor, &model, None).await?;
    let ready = shared.loaded.get(&shared, &version).await.is_ok();
    Ok(Json(json!({ "name": version.model, "ready": ready })))
}

async fn describe(shared: &Shared, version: ModelVersion) -> Result<Json<Value>, Problem> {
    let artifact = shared.loaded.get(shared, &version).await?;
    let header = artifact.header();
    let tensor = |name: &str, datatype: &str, shape: Value| json!({ "name": name, "datatype": datatype, "shape": shape });
    let inputs: Vec<Value> = header.inputs.iter().map(|f| tensor(&f.column, "BYTES", json!([-1]))).collect();
    let outputs = if header.classes.is_empty() {
        vec![tensor("prediction", "FP64", json!([-1]))]
    } else {
        let probabilities = tensor("probabilities", "FP64", json!([-1, header.classes.len()]));
        vec![tensor("prediction", "BYTES", json!([-1])), probabilities]
    };
    Ok(Json(json!({
        "name": version.model,
        "versions": [version.number.to_string()],
        "platform": "trellis",
        "inputs": inputs,
        "outputs": outputs,
        "parameters": { "target": header.target, "classes": header.classes },
    })))
}

#[derive(Deserialize, JsonSchema)]
struct Request {
    id: Option<String>,
    inputs: Vec<Tensor>,
}

#[derive(Deserialize, JsonSchema)]
struct Tensor {
    name: String,
    shape: Vec<u64>,
    datatype: String,
    data: Vec<Value>,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    model_name: String,
    model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<Value>,
    /// What is unusual about the rows.
    parameters: Value,
}

async fn infer_newest(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(model): Path<String>,
    body: RawBody,
) -> Result<Json<Answer>, Problem> {
    let version = found(&shared, &actor, &model, None).await?;
    infer(&shared, version, body).await
}

async fn infer_one(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((model, version)): Path<(String, String)>,
    body: RawBody,
) -> Result<Json<Answer>, Problem> {
    let version = found(&shared, &actor, &model, Some(&version)).await?;
    infer(&shared, version, body).await
}

/// Predicts with a version.
///
/// # Errors
/// A body that is too large or no request, tensors of different lengths, rows that the model cannot read.
async fn infer(shared: &Shared, version: ModelVersion, body: RawBody) -> Result<Json<Answer>, Problem> {
    let most = shared.limits.inference;
    let large = || Problem::too_large(format!("A request may have {} MB at most.", most >> 20));
    let bytes = whole(body, most, large).await?;
    let request: Request = object_from_json(&bytes)?;
    let artifact = shared.loaded.get(shared, &version).await?;
    let (rows, columns) = columns(&request)?;
    let id = request.id;
    // One row is quicker than handing it over; many would hold others up.
    let (outputs, parameters) = if rows <= 16 {
        predict(&artifact, rows, &columns)?
    } else {
        let predicting = tokio::task::spawn_blocking(move || predict(&artifact, rows, &columns)).await;
        predicting.map_err(|_| Problem::internal("These rows could not be predicted."))??
    };
    Ok(Json(Answer {
        model_name: version.model,
        model_version: version.number.to_string(),
        id,
        outputs,
        parameters,
    }))
}

/// Texts by column, as a file would hold them.
type Columns = BTreeMap<String, Vec<Option<String>>>;

fn columns(request: &Request) -> Result<(usize, Columns), Problem> {
    let rows = request.inputs.first().map_or(0, |t| t.data.len());
    let mut columns = Columns::new();
    for (number, tensor) in request.inputs.iter().enumerate() {
        let at = format!("/inputs/{number}");
        let wrong =
            |what: String| Problem::unusable(format!("Input \"{}\": {what}", tensor.name)).at(at.clone());
        if !matches!(tensor.shape.as_slice(), [n] | [n, 1] if *n == tensor.data.len() as u64) {
            return Err(wrong(format!(
                "its shape is {:?} and it has {} values; the shape is [rows] or [rows, 1].",
                tensor.shape,
                tensor.data.len()
            )));
        }
        if tensor.data.len() != rows {
            return Err(wrong(format!(
                "it has {} values where the first input has {rows}.",
                tensor.data.len()
            )));
        }
        const TYPES: [&str; 13] = [
            "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32",
            "FP64", "BYTES",
        ];
        if !TYPES.contains(&tensor.datatype.as_str()) {
            return Err(wrong(format!("there is no datatype {}.", tensor.datatype)));
        }
        let texts: Result<Vec<_>, _> = tensor.data.iter().map(text).collect();
        let texts =
            texts.map_err(|()| wrong("a value is a text, a number, true, false or null.".to_owned()))?;
        if columns.insert(tensor.name.clone(), texts).is_some() {
            return Err(wrong("it is there twice.".to_owned()));
        }
    }
    Ok((rows, columns))
}

/// A value as a file would hold it.
fn text(value: &Value) -> Result<Option<String>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) | Value::Object(_) => Err(()),
    }
}

fn predict(artifact: &ModelArtifact, rows: usize, columns: &Columns) -> Result<(Vec<Value>, Value), Problem> {
    let (mut table, report) =
        artifact.read_texts(rows, |column, row| columns.get(column)?.get(row)?.as_deref());
    if table.columns.is_empty() {
        // A model that looks at nothing, or a request that gives it nothing, which is found next.
        table.rows = rows;
    }
    let (predicted, mut diagnostics) = artifact.predict(&table)?;
    if predicted.values.len() != rows * predicted.outputs {
        return Err(Problem::unusable(
            "This model does not give a prediction for every row. Train it again.",
        ));
    }
    diagnostics.extend(report.diagnostics.into_iter().filter(|d| d.code.starts_with("type.")));
    let classes = &artifact.header().classes;
    let outputs = if classes.is_empty() {
        vec![json!({ "name": "prediction", "datatype": "FP64", "shape": [rows], "data": predicted.values })]
    } else {
        let labels: Vec<&str> = (0..rows).filter_map(|r| artifact.label(predicted.row(r))).collect();
        vec![
            json!({ "name": "prediction", "datatype": "BYTES", "shape": [rows], "data": labels }),
            json!({
                "name": "probabilities", "datatype": "FP64", "shape": [rows, classes.len()],
                "data": predicted.values, "parameters": { "classes": classes },
            }),
        ]
    };
    Ok((outputs, json!({ "diagnostics": diagnostics })))
}
